#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Wrong input gives one sentence that names the word and what was expected, and nothing on standard output.

load common

@test "unknown option" {
  refuses 2 "'--nonsense'" "--help" -- --nonsense
  refuses 2 "'-x'" "--help" -- -x
}

@test "argument that is not a port" {
  refuses 2 "unexpected argument 'nginx'; try 'tcpstated 80' or --help" -- nginx
  refuses 2 "'65536'" "65535" -- 65536
  refuses 2 "'7777'" -- --watch 2 7777
  refuses 3 "'7777'" -- --check 7777
}

@test "missing value" {
  refuses 2 "--port" "value" -- --port
}

@test "unknown state" {
  refuses 2 "'closed_wait'" "CLOSE_WAIT" -- --state close_wait,closed_wait
}

@test "port out of range, range reversed, not a number" {
  refuses 2 "'65536'" "65535" -- --port 65536
  refuses 2 "'27030-27015'" -- --port 7777,27030-27015
  refuses 2 "'http'" -- --port http
  refuses 2 "'192.0.2.7'" "192.0.2.7:80" -- --port 80,192.0.2.7
  refuses 2 "'fe80::1:80'" "[2001:db8::1]:80" -- --port fe80::1:80
  refuses 2 "a server's" -- --port 192.0.2.7:80 --side client
}

@test "thresholds" {
  refuses 3 "'CLOSE_WAITS=5'" "CLOSE_WAIT=500" -- --check --warning CLOSE_WAITS=5
  refuses 3 "'much'" "50M" -- --check --critical much
  refuses 2 "--warning" "--check" -- --warning 5M
}

@test "options that exclude each other" {
  refuses 2 "--json" "--wide" -- --json --wide
  refuses 2 "--closing" "--state" -- --closing --state listen
}

@test "recording that does not exist" {
  refuses 2 "$BATS_TEST_TMPDIR/none" "No such file" -- --replay "$BATS_TEST_TMPDIR/none"
}

@test "recording that is text, empty, or a directory" {
  echo "not a recording" >"$BATS_TEST_TMPDIR/text"
  : >"$BATS_TEST_TMPDIR/empty"
  refuses 1 "$BATS_TEST_TMPDIR/text" "recording" -- --replay "$BATS_TEST_TMPDIR/text"
  refuses 1 "$BATS_TEST_TMPDIR/empty" "recording" -- --replay "$BATS_TEST_TMPDIR/empty"
  refuses 2 "$BATS_TEST_TMPDIR" -- --replay "$BATS_TEST_TMPDIR"
}

@test "recording cut short anywhere" {
  local complete=$BATS_TEST_TMPDIR/complete size
  "$tcpstated" --record "$complete" >/dev/null
  size=$(stat -c %s "$complete")
  for keep in 1 10 22 26 40 $((size / 2)) $((size - 9)) $((size - 1)); do
    head -c "$keep" "$complete" >"$BATS_TEST_TMPDIR/cut"
    refuses 1 "$BATS_TEST_TMPDIR/cut" "recording" -- --replay "$BATS_TEST_TMPDIR/cut" --json
  done
}

@test "recording with something after its end" {
  "$tcpstated" --record "$BATS_TEST_TMPDIR/long" >/dev/null
  echo more >>"$BATS_TEST_TMPDIR/long"
  refuses 1 "$BATS_TEST_TMPDIR/long" -- --replay "$BATS_TEST_TMPDIR/long"
}

@test "slabinfo of another format, empty, or missing" {
  echo "nothing like it" >"$BATS_TEST_TMPDIR/slabinfo"
  : >"$BATS_TEST_TMPDIR/empty"
  refuses 2 "$BATS_TEST_TMPDIR/slabinfo" "slabinfo" -- --slabinfo "$BATS_TEST_TMPDIR/slabinfo"
  refuses 2 "$BATS_TEST_TMPDIR/empty" "slabinfo" -- --slabinfo "$BATS_TEST_TMPDIR/empty"
  refuses 2 "$BATS_TEST_TMPDIR/none" "No such file" -- --slabinfo "$BATS_TEST_TMPDIR/none"
}

@test "recording to a file that cannot be made" {
  refuses 2 "/nonexistent/file" -- --record /nonexistent/file
}

@test "recording to a full disk is an error although the snapshot is printed" {
  run --separate-stderr "$tcpstated" --record /dev/full
  [ "$status" -eq 1 ]
  [[ $stderr == *"/dev/full"*"not complete"* ]]
  # 1 would be WARNING.
  run --separate-stderr "$tcpstated" --check --record /dev/full
  [ "$status" -eq 3 ]
}

@test "standard output full" {
  for how in "" --json --wide --check --help --version; do
    # shellcheck disable=SC2086
    run --separate-stderr sh -c '"$0" "$@" >/dev/full' "$tcpstated" $how
    echo "$how: status $status, $stderr"
    if [ "$how" = --check ]; then [ "$status" -eq 3 ]; else [ "$status" -eq 1 ]; fi
    [[ $stderr == *"standard output"* ]]
  done
}

@test "standard output closed" {
  for how in "" --json --help; do
    # shellcheck disable=SC2086
    run --separate-stderr sh -c '"$0" "$@" >&-' "$tcpstated" $how
    [ "$status" -eq 1 ]
    [[ $stderr == *"standard output is closed"* ]]
  done
}
