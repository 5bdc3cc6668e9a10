#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What is judged of real sockets: the fullest of several listeners, services that are not listed, and sums over many services.

load common

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  spread="python3 ${TOP_SRCDIR:-.}/tests/kernel/spread.py"
  export spread
}

# usage: spread WORD ... -- COMMAND: runs a shell command beside the sockets that spread.py makes, in a namespace of their own.
spread() {
  local words=()
  while [ "$1" != -- ]; do
    words+=("$1")
    shift
  done
  inside LISTEN --port 7999 -- "export COLUMNS=160; $spread ${words[*]} bash -euo pipefail -c '$2'"
}

@test "one of 4 listeners is full: its queue and backlog, not the sum" {
  run spread stuck -- '"$tcpstated" --check || true; "$tcpstated" --json >document; "$tcpstated" --wide'
  echo "$output"
  [[ ${lines[0]} == "TCPSTATED CRITICAL - port 8443"*": connections waiting for accept(): 129 of 128 (100.8 %), the fullest of 4 listeners | "* ]]
  [[ $output == *" 129/128"* ]]
  python3 - <<'PYTHON'
import json
d = json.load(open("document"))
(port,) = [p for p in d["ports"] if (p["side"], p["port"]) == ("server", 8443)]
assert (port["listeners"], port["accept_queue"], port["backlog"]) == (4, 129, 128), port
PYTHON
}

@test "a backlog of 0 is a value, and one that waits fills it" {
  run spread backlog -- '"$tcpstated" --check || true; "$tcpstated" --json >document; "$tcpstated" --wide'
  echo "$output"
  [[ ${lines[0]} == "TCPSTATED CRITICAL - port 9002"*": connections waiting for accept(): 1 of 0 | "* ]]
  [[ $output == *" 1/0"* ]]
  python3 - <<'PYTHON'
import json
(port,) = [p for p in json.load(open("document"))["ports"] if (p["side"], p["port"]) == ("server", 9002)]
assert (port["listeners"], port["accept_queue"], port["backlog"]) == (1, 1, 0), port
PYTHON
}

@test "from /proc a backlog is unknown, and no queue is full by that" {
  run spread backlog -- '"$tcpstated" --source proc --check; "$tcpstated" --source proc --wide'
  echo "$output"
  [ "$status" -eq 0 ]
  [[ ${lines[0]} == "TCPSTATED OK - "* ]]
  [[ $output == *" 1/?"* ]]
}

@test "what is wrong on ports that are not among the 50 with the most memory is named and listed in every mode" {
  run spread busy -- 'for options in "" --check --explain "--ports 1" "--ports 0" "--explain --ports 3"; do
    "$tcpstated" $options >said || true
    sed "s/^/$options: /" said
    grep -Eq "port 8500 .*: connections waiting for accept\(\): 6 of 5" said
    grep -Eq "port 8600 .*: 60 CLOSE_WAIT" said
    case $options in *--check*|*--explain*) ;; *) grep -q "^ *8500 " said; grep -q "^ *8600 " said ;; esac
  done
  "$tcpstated" --json --ports 2 >document'
  echo "$output"
  [ "$status" -eq 0 ]
  python3 - <<'PYTHON'
import json
d = json.load(open("document"))
assert [(f["port"], f["severity"]) for f in d["findings"]] == [(8500, "critical"), (8600, "warning")], d["findings"]
assert len(d["ports"]) == 4 and {8500, 8600} <= {p["port"] for p in d["ports"]}
PYTHON
}

@test "one program leaks a connection on each of 120 ports: one finding, in every mode" {
  run spread leak 120 -- 'until "$tcpstated" --json >document && grep -q close-wait-eof-unread document; do sleep 0.2; done
  "$tcpstated" --check || true
  "$tcpstated"
  "$tcpstated" --explain --processes'
  echo "$output"
  [ "$status" -eq 0 ]
  [[ ${lines[0]} == "TCPSTATED WARNING - "*": 120 CLOSE_WAIT over 120 ports, the program has not read the peer's close, "* ]]
  [ "$(grep -c "^WARNING: .*: 120 CLOSE_WAIT over 120 ports, " <<<"$output")" -eq 2 ]
  grep -E "^     by: pid [0-9]+ \(python3\), 120 descriptors: " <<<"$output"
  python3 - <<'PYTHON'
import json
(f,) = json.load(open("document"))["findings"]
assert (f["scope"], f["port"], f["ports"], f["sockets"]) == ("owner", None, 120, 120), f
PYTHON
}

@test "of connections that ended just now, the sum says nothing" {
  run spread leak 120 -- '"$tcpstated" --check'
  echo "$output"
  [ "$status" -eq 0 ]
  [[ ${lines[0]} == "TCPSTATED OK - Nothing found: "* ]]
}

@test "of ports that a filter hides, nothing is said to be absent" {
  run spread backlog -- '"$tcpstated" --explain 9002 9003 --state time_wait; "$tcpstated" --explain 9002 9003 --side client'
  echo "$output"
  [[ $output == *"No socket on port 9002-9003 within this filter."* ]]
  [[ $output == *"to port 9002"*": nothing found within this filter; 10 sockets"* ]]
  [[ $output == *"No socket on port 9003 within this filter."* ]]
}
