#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Text and JSON on the machine as it is.

load common

@test "--help on standard output, by the GNU conventions" {
  run --separate-stderr "$tcpstated" --help
  [ "$status" -eq 0 ]
  [ -z "$stderr" ]
  [[ ${lines[0]} == "Usage: tcpstated "* ]]
  run --separate-stderr "$tcpstated" -h
  [ "$status" -eq 0 ]
  [ "$(printf '%s\n' "$output" | awk '{ if (length($0) > 120) print }')" = "" ]
}

@test "--version names program and version" {
  run --separate-stderr "$tcpstated" --version
  [ "$status" -eq 0 ]
  [[ ${lines[0]} =~ ^tcpstated\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
  [ "$(printf '%s' "$output" | head -n 1)" = "$("$tcpstated" -V | head -n 1)" ]
}

@test "a port as an argument" {
  run --separate-stderr "$tcpstated" --json 1-1024 8080
  [ "$status" -eq 0 ]
  [ "$output" != "" ]
  [ "$(json filter.ports <<<"$output")" = "1-1024,8080" ]
}

@test "an address with a port as an argument" {
  run --separate-stderr "$tcpstated" --json 192.0.2.7:80 '[2001:DB8::1]:443-444,8080'
  [ "$status" -eq 0 ]
  [ "$(json filter.ports <<<"$output")" = "8080,192.0.2.7:80,[2001:db8::1]:443-444" ]
}

@test "the snapshot is the default" {
  run --separate-stderr "$tcpstated"
  [ "$status" -eq 0 ]
  [ -z "$stderr" ]
  run "$tcpstated" --once
  [ "$status" -eq 0 ]
}

@test "text fits 80 columns" {
  run "$tcpstated" --once
  [ "$status" -eq 0 ]
  [ "$(printf '%s\n' "$output" | awk '{ if (length($0) > 80) print }')" = "" ]
}

@test "colour only on request or on a terminal" {
  run "$tcpstated"
  [[ $output != *$'\e'* ]]
  run "$tcpstated" --color=always
  [[ $output == *$'\e['* ]]
  # A terminal, with and without NO_COLOR.
  run script -qec "$tcpstated" /dev/null
  [[ $output == *$'\e['* ]]
  NO_COLOR=1 run script -qec "$tcpstated" /dev/null
  [[ $output != *$'\e['* ]]
}

@test "JSON is valid by its schema" {
  for how in "" "--closing" "--state close_wait,time_wait" "--port 1-65535 --side server" "--port 1-65535,[2001:db8::1]:443-444,192.0.2.7:80" "--source proc" "--ports 0"; do
    # shellcheck disable=SC2086
    "$tcpstated" --json $how >"$BATS_TEST_TMPDIR/snapshot.json"
    validate "$BATS_TEST_TMPDIR/snapshot.json"
  done
}

@test "JSON is one line without a terminal" {
  [ "$("$tcpstated" --json | wc -l)" -eq 1 ]
}

@test "every state is always present" {
  "$tcpstated" --json >"$BATS_TEST_TMPDIR/snapshot.json"
  for state in ESTABLISHED SYN_SENT SYN_RECV FIN_WAIT_1 FIN_WAIT_2 TIME_WAIT CLOSE_WAIT LAST_ACK LISTEN CLOSING; do
    [[ $(json "totals.states.$state.sockets" <"$BATS_TEST_TMPDIR/snapshot.json") =~ ^[0-9]+$ ]]
  done
  # Kernels before 6.8 do not report these two.
  for state in CLOSE BOUND_INACTIVE; do
    [[ $(json "totals.states.$state.sockets" <"$BATS_TEST_TMPDIR/snapshot.json") =~ ^[0-9]+$|^null$ ]]
  done
}

@test "a state that is not selected is null, not 0" {
  run --separate-stderr "$tcpstated" --json --state close_wait
  [ "$(json totals.states.TIME_WAIT.sockets <<<"$output")" = null ]
  [[ $(json totals.states.CLOSE_WAIT.sockets <<<"$output") =~ ^[0-9]+$ ]]
}

@test "--closing counts ESTABLISHED without reading it" {
  run --separate-stderr "$tcpstated" --json --closing
  [[ $(json totals.states.ESTABLISHED.sockets <<<"$output") =~ ^[0-9]+$ ]]
  [ "$(json totals.states.ESTABLISHED.memory_bytes <<<"$output")" = null ]
  [ "$(json totals.memory_bytes <<<"$output")" = null ]
}

@test "a replay prints what was printed when it was recorded" {
  "$tcpstated" --json --record "$BATS_TEST_TMPDIR/recording" >"$BATS_TEST_TMPDIR/live.json"
  [ "$(stat -c %a "$BATS_TEST_TMPDIR/recording")" = 600 ]
  "$tcpstated" --json --replay "$BATS_TEST_TMPDIR/recording" >"$BATS_TEST_TMPDIR/replay.json"
  diff <(sed 's/"replayed":false/"replayed":true/' "$BATS_TEST_TMPDIR/live.json") "$BATS_TEST_TMPDIR/replay.json"
  run "$tcpstated" --replay "$BATS_TEST_TMPDIR/recording"
  [ "$status" -eq 0 ]
  [[ ${output//$'\n'/ } == *"replayed from a recording"* ]]
}

@test "a replay does not invent the states that were not recorded" {
  "$tcpstated" --state close_wait --record "$BATS_TEST_TMPDIR/recording" >/dev/null
  refuses 1 "recording" -- --replay "$BATS_TEST_TMPDIR/recording" --json
  "$tcpstated" --replay "$BATS_TEST_TMPDIR/recording" --state close_wait
}

@test "--check is one line with performance data for every closing state" {
  run --separate-stderr "$tcpstated" --check --warning CLOSE_WAIT=100000000 --critical 1T
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -eq 1 ]
  [[ $output == "TCPSTATED OK"*"|"*"closing_memory="*"CLOSE_WAIT="* ]]
  for state in FIN_WAIT_1 FIN_WAIT_2 TIME_WAIT CLOSE_WAIT LAST_ACK CLOSING; do
    [[ ${output#*|} == *"$state="* ]]
  done
}

@test "--check on a state that is not selected is UNKNOWN" {
  run --separate-stderr "$tcpstated" --check --state time_wait --critical CLOSE_WAIT=500
  [ "$status" -eq 3 ]
  [[ $output == "TCPSTATED UNKNOWN"* ]]
}

@test "help, man page and completion list the same options" {
  "$tcpstated" --help | grep -oE -- '--[a-z]+' | sort -u >"$BATS_TEST_TMPDIR/help"
  grep '^\.It Fl' "$TOP_SRCDIR/man/tcpstated.8" | grep -oE 'Fl -[a-z]+' | sed 's/Fl /-/' | sort -u >"$BATS_TEST_TMPDIR/man"
  grep -oE -- '--[a-z]+' "$TOP_SRCDIR/contrib/bash-completion/tcpstated" | sort -u >"$BATS_TEST_TMPDIR/completion"
  diff "$BATS_TEST_TMPDIR/help" "$BATS_TEST_TMPDIR/man"
  diff "$BATS_TEST_TMPDIR/help" "$BATS_TEST_TMPDIR/completion"
}
