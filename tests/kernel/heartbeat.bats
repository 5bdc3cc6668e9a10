#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# How long connections are silent, against connections that speak at known intervals.

load common

# Every 0.2, 2 and 5 s; on 7004, two of three every 0.2 s, and the others never; on 7005 too few to say anything.
setup_file() {
  export out=$BATS_FILE_TMPDIR
  # shellcheck disable=SC2016 # for the inner shell
  "$helpers/talkers" 300 7001:100:200 7002:60:2000 7003:50:5000:keepalive 7004:40:200 7004:20:0 7005:5:200 -- \
    bash -euo pipefail -c '
    trap "jobs -p | xargs -r kill" EXIT
    "$tcpstated" --heartbeat --json --record "$out/recording" >"$out/look.json"
    "$tcpstated" --source proc --record "$out/proc-recording" >"$out/snapshot"
    "$tcpstated" --heartbeat --json --for 11 >"$out/watched.json" &
    watching=$!
    "$tcpstated" --heartbeat 7004 >"$out/look"
    unprivileged "$tcpstated" --heartbeat --json >"$out/unprivileged.json"
    "$tcpstated" --heartbeat --for 1h >"$out/interrupted" &
    interrupted=$!
    # From the moment on where it has its own idea of SIGINT, which is number 2.
    end=$((SECONDS + 60))
    until grep -q "^SigCgt:.*[2367abef]$" "/proc/$interrupted/status"; do
      if [ $SECONDS -ge $end ]; then
        echo "waited 60 s for tcpstated to catch SIGINT"
        exit 1
      fi
    done
    kill -INT "$interrupted"
    wait "$interrupted"
    "$tcpstated" --heartbeat --for 6s 7001-7005 --side server >"$out/watched"
    wait "$watching"
    "$tcpstated" --heartbeat 7001-7002 7004 --side server --ports 2 --json >"$out/filtered.json"'
}

setup() {
  cd "$BATS_FILE_TMPDIR" || return
  schema=${TOP_SRCDIR:-.}/contrib/tcpstated.heartbeat.schema.json
}

# usage: of_port DOCUMENT PORT KEY: a value of a server's port
of_port() {
  python3 -c '
import json, sys
value = next(p for p in json.load(open(sys.argv[1]))["ports"] if p["side"] == "server" and p["port"] == int(sys.argv[2]))
for key in sys.argv[3].split("."):
    value = value[key]
print(json.dumps(value) if not isinstance(value, str) else value)' "$@"
}

@test "one look: percentiles within 10 %, suggestions in the order of the periods" {
  python3 "${TOP_SRCDIR:-.}/tests/kernel/heartbeat_table.py" look.json 7001=0.2 7002=2 7003=5
}

@test "watched: percentiles within 10 %, suggestions in the order of the periods" {
  python3 "${TOP_SRCDIR:-.}/tests/kernel/heartbeat_table.py" watched.json 7001=0.2 7002=2 7003=5
}

@test "each port gets a timeout that outlasts its peers, and no longer than need be" {
  [ "$(of_port watched.json 7001 advice.timeout_seconds)" = 5.0 ]
  [ "$(of_port watched.json 7002 advice.timeout_seconds)" = 10.0 ]
  [ "$(of_port watched.json 7003 advice.timeout_seconds)" = 15.0 ]
  [ "$(of_port watched.json 7003 advice.weak)" = false ]
  [ "$(of_port look.json 7003 advice.weak)" = true ]
}

@test "peers that never spoke look dead, and do not lengthen the timeout" {
  [ "$(of_port watched.json 7004 advice.timeout_seconds)" = 5.0 ]
  [ "$(of_port watched.json 7004 advice.dead)" -eq 20 ]
  [ "$(of_port watched.json 7004 advice.doubtful)" = false ]
  [ "$(of_port watched.json 7004 ended_idle.data.connections)" -eq 40 ]
  [ "$(of_port watched.json 7001 advice.dead)" -eq 0 ]
  [[ $(head -n 1 watched) == "WARNING: 20 of 275 connections appear dead on 1 port; watched 6.0 s, "* ]]
  tr -s " \n" " " <watched | grep "they appear dead"
}

@test "too few connections: no suggestion, and why" {
  [ "$(of_port watched.json 7005 advice.verdict)" = too_few ]
  [ "$(of_port watched.json 7005 advice.timeout_seconds)" = null ]
  [ "$(of_port watched.json 7005 advice.dead)" = null ]
}

@test "keepalive is seen where it is on" {
  [ "$(of_port look.json 7003 keepalive.on)" -eq 50 ]
  [ "$(of_port look.json 7002 keepalive.on)" -eq 0 ]
  [ "$(of_port look.json 7002 keepalive.off)" -eq 60 ]
  [ "$(of_port look.json 7002 keepalive.next_probe_seconds)" = null ]
  awk -v seconds="$(of_port look.json 7003 keepalive.next_probe_seconds)" 'BEGIN { exit !(seconds > 6600 && seconds <= 7200) }'
}

@test "the clients' side is told as well: it sends, and only acknowledgements come back" {
  python3 - look.json <<'EOF'
import json, sys
port = next(p for p in json.load(open(sys.argv[1]))["ports"] if p["side"] == "client" and p["port"] == 7001)
assert port["sockets"] == 100, port
assert port["idle"]["sent"]["longest_seconds"] < 1, port
assert port["idle"]["data"]["median_seconds"] > 1, port
assert port["idle"]["sign"]["longest_seconds"] < 1, port
assert port["never_sent"] == 100, port
assert port["advice"]["basis"] == "sign", port
assert port["advice"]["timeout_seconds"] == 5, port
EOF
}

@test "the documents are valid" {
  for document in look watched filtered unprivileged; do
    validate $document.json
  done
}

@test "the text fits on 80 columns" {
  run ! grep -E '.{81}' look watched interrupted
}

@test "ports as arguments, one side, a number of ports" {
  [ "$(json ports.0.port <filtered.json)" -eq 7004 ]
  [ "$(json ports.1.port <filtered.json)" -eq 7001 ]
  [ "$(json ports_omitted.ports <filtered.json)" -eq 1 ]
  [ "$(json ports_omitted.sockets <filtered.json)" -eq 60 ]
  [ "$(json filter.ports <filtered.json)" = 7001-7002,7004 ]
}

@test "a recording replays to the same report" {
  "$tcpstated" --heartbeat --json --replay recording >replayed.json
  sed 's/"replayed":false/"replayed":true/' look.json | diff - replayed.json
}

@test "a recording of /proc has no silences, and is refused" {
  refuses 1 "--heartbeat" -- --heartbeat --replay proc-recording
}

@test "without privilege: the same connections" {
  [ "$(of_port unprivileged.json 7003 sockets)" -eq 50 ]
  [ "$(of_port unprivileged.json 7003 keepalive.on)" -eq 50 ]
  [ "$(json without_info <unprivileged.json)" -eq 0 ]
}

@test "interrupted, it tells what it saw" {
  grep "Stopped early, before the requested 1 h." interrupted
  grep "Server port 7004" interrupted
}

@test "where sock_diag is refused: exit status 1 and the reason, never a report" {
  run --separate-stderr "$helpers/refuse" netlink=97 -- "$tcpstated" --heartbeat --json
  echo "status $status, stdout '$output', stderr '$stderr'"
  [ "$status" -eq 1 ]
  [ -z "$output" ]
  [[ $stderr == "tcpstated: "*AF_NETLINK* ]]
}

@test "a service that is bound to a device is named with it" {
  inside ESTABLISHED -n 3 --port 7001 --device -- '"$tcpstated" --heartbeat --json --record bound' >bound.json
  device=$(json ports.0.device <bound.json)
  echo "device $device"
  [[ $device =~ ^[a-z] ]]
  [ "$("$tcpstated" --heartbeat --json --replay bound | json ports.0.device)" = "$device" ]
}
