#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# --watch: what it prints without a terminal, and what it does to one. The terminal is tmux's.

load ../kernel/common

setup() {
  export out=$BATS_TEST_TMPDIR socket=tcpstated-$BATS_TEST_NUMBER-$$
  export connect_py=$TOP_SRCDIR/tests/cli/connect.py tools=$TOP_SRCDIR/tests/cli/watch.bash
}

@test "piped: a block per tick, with what changed in between" {
  inside CLOSE_WAIT -n 60 --port 7001 and LISTEN --port 8001 -- '
    source "$tools"
    exec 9< <(exec "$tcpstated" --watch=1 --side server)
    pid=$!
    read_block
    grep -E "^WARNING: port 7001 .*: 60 CLOSE_WAIT" <<<"$block"
    grep -E "^ +8001 +1 +\?" <<<"$block"
    read_block
    grep -E "^ +8001 +1 +- " <<<"$block"
    connect 8001 30
    read_until "^ +8001 +31 +\+30 "
    grep -E "^ +7001 +61 +- " <<<"$block"
    grep -E "^ +TOTAL +92 +\+30 " <<<"$block"
    exec 8>&-
    # What was never accepted stays in its queue, closed by the peer.
    read_until "^ *change .* -30 .* \+30 "
    none_of $'"'\e'"' <<<"$block"
    kill -TERM $pid
    wait $pid'
}

@test "piped: SIGINT and SIGTERM end it with status 0" {
  for signal in INT TERM; do
    inside LISTEN -- '
      source "$tools"
      exec 9< <(exec env --default-signal=INT "$tcpstated" --watch 3600)
      pid=$!
      read_block
      kill -'$signal' $pid
      wait $pid
      if read_block; then exit 9; fi
      [ -z "$block" ]'
  done
}

@test "piped: ends at once and quietly when the reader is gone" {
  run --separate-stderr bash -c '
    timeout 60 env --default-signal=PIPE "$tcpstated" --watch 3600 | head -n 1
    exit "${PIPESTATUS[0]}"'
  echo "$status, $output, $stderr"
  [ "$status" -eq 141 ]
  [ -z "$stderr" ]
  [ "${#lines[@]}" -eq 1 ]
}

@test "piped: with SIGPIPE ignored, a reader that is gone is an error" {
  run --separate-stderr bash -c '
    timeout 60 env --ignore-signal=PIPE "$tcpstated" --watch 3600 | head -n 1
    exit "${PIPESTATUS[0]}"'
  [ "$status" -eq 1 ]
  [[ $stderr == "tcpstated: cannot write to standard output: Broken pipe" ]]
}

@test "standard output full" {
  run --separate-stderr sh -c '"$0" --watch >/dev/full' "$tcpstated"
  [ "$status" -eq 1 ]
  [[ $stderr == "tcpstated: cannot write to standard output: "* ]]
}

@test "filters, --wide and --color work as with --once" {
  inside CLOSE_WAIT -n 60 --port 7001 and FIN_WAIT_2 -n 5 --held --port 7002 -- '
    source "$tools"
    exec 9< <(exec "$tcpstated" --watch --state close_wait --port 7001-7002 --ports 1 --color always)
    read_block
    grep -F "Filter: port 7001-7002; state CLOSE_WAIT" <<<"$block"
    none_of "7002 |FIN_" <<<"$block"
    grep -F $'"'\e[1;33mWARNING: \e[0mport 7001'"' <<<"$block"
    exec 9< <(exec "$tcpstated" --watch --wide --closing)
    read_block
    grep "INACTIVE.*OLDEST" <<<"$block"
    grep "ESTABLISHED sockets were not read" <<<"$block"'
}

@test "the alerts of the configuration, from pending to in force" {
  printf "[alert close-wait-leak]\nolder_than = 0\nraise = 50\nclear = 10\nfor = 1s\n" >"$BATS_TEST_TMPDIR/conf"
  inside CLOSE_WAIT -n 60 --port 7001 -- '
    source "$tools"
    exec 9< <(exec "$tcpstated" --watch 1 --config "$out/conf")
    read_block
    grep -E "^pending  close-wait-leak for .*7001" <<<"$block"
    read_until "^WARNING  close-wait-leak for .*7001"'
}

@test "a configuration that is named must be right; without one the built-in rules apply, with a note" {
  echo nonsense >"$BATS_TEST_TMPDIR/conf"
  refuses 2 "$BATS_TEST_TMPDIR/conf" -- --watch --config "$BATS_TEST_TMPDIR/conf"
}

@test "a first poll that fails: exit status 1, and nothing is printed" {
  run --separate-stderr "$helpers/refuse" netlink=97 -- "$tcpstated" --watch --source sock_diag
  echo "$status, $output, $stderr"
  [ "$status" -eq 1 ]
  [ -z "$output" ]
  [[ $stderr == "tcpstated: "*AF_NETLINK* ]]
}

@test "a later poll that fails is shown, and the next good one too" {
  inside CLOSE_WAIT -n 60 --port 7001 -- '
    unshare -m true || exit 0
    export tools
    exec unshare -m bash -euo pipefail -c '"'"'
      source "$tools"
      exec 9< <(exec "$tcpstated" --watch 1 --source proc)
      read_until "^ +TOTAL +61 +- "
      mount -t tmpfs none /proc
      read_until "^SCAN FAILED: "
      grep "^OLD: the last good poll was at " <<<"$block"
      none_of "TOTAL|Nothing found" <<<"$block"
      umount /proc
      read_until "^ +TOTAL +61 +- "
      none_of FAILED <<<"$block"'"'"
}

@test "terminal: the table stands, moves, follows the size, and q leaves the shell as it was" {
  inside CLOSE_WAIT -n 60 --port 7001 and LISTEN --port 8001 and LISTEN -n 30 --port 9001 -- '
    source "$tools"
    start_pane
    shell_runs "\"$tcpstated\" --watch 1 --side server"
    shown_is "^WARNING: port 7001 .*: 60 CLOSE_WAIT"
    shown_is "^ +8001 +1 +- "
    shown_is "^ +TOTAL +92 +- "
    grep "q quits" "$out/pane"
    none_of MARKER "$out/pane"
    [ "$(pane display-message -p "#{alternate_on} #{cursor_flag}")" = "1 0" ]
    connect 8001 30
    shown_is "^ +8001 +31 +\+30 "
    [ "$(grep -c TOTAL "$out/pane")" -eq 1 ]

    # What does not fit is cut and counted, and nothing wraps: each row begins with what a row begins with.
    pane resize-window -x 60 -y 15
    is_whole() {
      matches_now "^ +TOTAL +122 " &&
        [[ $(head -n 1 "$out/pane") == "WARNING: port 7001 ("*"): 60 CLOSE_WAIT, "* ]]
    }
    eventually is_whole
    grep "^2[0-9] more " "$out/pane"
    [ "$(awk "length(\$0) > 60" "$out/pane")" = "" ]
    sed "1,/ PORT /d" "$out/pane" >"$out/table"
    none_of -v "^$|^ *[0-9]+ |^ *2[0-9] more |^ *TOTAL |^ *change |^no room for" "$out/table"
    pane resize-window -x 80 -y 24
    shown_is "^ +9010 +1 +- "

    keys q
    eventually has_no_watcher
    terminal_is_clean after'
}

@test "terminal: a key polls at once; ^L and another size repaint" {
  inside LISTEN --port 8001 -- '
    source "$tools"
    start_pane
    shell_runs "\"$tcpstated\" --watch 3600 --side server"
    shown_is "^ +8001 +1 +\? "
    keys Space
    shown_is "^ +8001 +1 +- "
    connect 8001 30
    keys r
    shown_is "^ +8001 +31 +\+30 "
    printf garbage >"$(pane display-message -p "#{pane_tty}")"
    shown_is garbage
    keys C-l
    eventually eval "! matches_now garbage"
    shown_is "PORT SOCKETS "
    # A wider table has room for more blanks.
    pane resize-window -x 120 -y 24
    shown_is "PORT  SOCKETS "
    pane resize-window -x 80 -y 24
    shown_is "PORT SOCKETS "
    keys q
    eventually has_no_watcher
    terminal_is_clean after'
}

@test "terminal: every signal that ends it leaves the shell as it was" {
  inside LISTEN --port 8001 -- '
    source "$tools"
    start_pane
    for signal in TERM HUP INT QUIT; do
      shell_runs "\"$tcpstated\" --watch 3600; echo \"$signal: status \$?\" >\"$out/status\""
      shown_is TOTAL
      kill -$signal "$(watcher)"
      eventually has_no_watcher
      terminal_is_clean $signal
      grep "^$signal: status 0$" "$out/status"
    done
    shell_runs "\"$tcpstated\" --watch 3600"
    shown_is TOTAL
    keys C-c
    eventually has_no_watcher
    terminal_is_clean key'
}
