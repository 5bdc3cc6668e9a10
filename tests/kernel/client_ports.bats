#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# How many more connections are reported to be possible, against how many connect() and bind() really make:
# tests/kernel/client_ports.py plays each situation in a namespace of its own, and what was reported stays for the tests.

load common

setup_file() {
  [ "$(id -u)" -eq 0 ] || return 0
  TCPSTATED=$(realpath "$tcpstated") python3 "$TOP_SRCDIR/tests/kernel/client_ports.py" >"$BATS_FILE_TMPDIR/reported"
}

setup() {
  [ "$(id -u)" -eq 0 ] || skip "no namespaces can be made here"
  cd "$BATS_FILE_TMPDIR" || return
}

# usage: reported NAME: the words of its line.
reported() {
  grep -q "^$1 " reported
  grep "^$1 " reported
}

@test "in every situation as many connections are made as the range allows" {
  cat reported
  [ "$(grep -c . reported)" -ge 29 ]
  awk '!($4 <= $7 && $7 <= $5) { print "outside: " $0; bad = 1 } END { exit bad }' reported
}

@test "where nothing is hidden, the range is at most 1 % wide, and the likely number in it" {
  [ "$(grep -c ' certain ' reported)" -ge 20 ]
  awk '$2 == "certain" && !(($5 - $4) * 100 <= $15 && $4 <= $17 && $17 <= $5) { print "wide: " $0; bad = 1 } END { exit bad }' reported
}

@test "a device is named, and so is the source" {
  [[ $(reported two-devices) == *"towards 10.9.0.7 w0 443 from 10.9.0.1 "* ]]
  [[ $(reported link-local-zones) == *"towards fe80::7 w0 443 from fe80::1 "* ]]
  [[ $(reported two-sources) == *"towards 127.0.1.1 None 443 from 127.0.0.9 "* ]]
}

@test "bound to port 0, the limit is that of the source address" {
  [[ $(reported bound-to-port-0-all) == *"reported 0 0 made 0 towards None None None from 127.0.0.1 "* ]]
  [[ $(reported time-wait-bound-all) == *" towards None None None from 127.0.0.1 of 300 likely 0" ]]
}

@test "a TIME_WAIT that connect() takes again is probably left, with timestamps" {
  [[ $(reported time-wait-reusable) == *"likely 300" ]]
  [[ $(reported time-wait-without-timestamps) == *"likely 100" ]]
  [[ $(reported time-wait-kept) == *"reported 100 100 made 100 "* ]]
}

# Half of the ports are chosen by the programs, which only the second dump tells.
@test "a recording replays what the second dump reported, and the name of the device" {
  unshare --net bash -euo pipefail -c '
    ip link set lo up
    echo 40000 40299 >/proc/sys/net/ipv4/ip_local_port_range
    ip link add away0 type veth peer name away1
    ip link set away0 up
    ip addr add 10.9.0.1/24 dev away0
    ip neigh add 10.9.0.7 lladdr 02:00:00:00:00:09 dev away0
    python3 - "$1" <<END
import socket, subprocess, sys
kept = []
for i in range(180):
    c = socket.socket()
    c.setblocking(False)
    c.setsockopt(socket.SOL_SOCKET, 25, b"away0")
    if i < 40:
        c.bind(("10.9.0.1", 40000 + 2 * i))
    c.connect_ex(("10.9.0.7", 443 + (i < 40)))
    kept.append(c)
run = lambda *words: subprocess.run([sys.argv[1], *words], check=True)
run("--json", "--record", "ports.tcpstated")
END
  ' - "$(realpath "$tcpstated")" >live.json
  "$(realpath "$tcpstated")" --json --replay ports.tcpstated >replayed.json
  python3 - <<'END'
import json
live, replayed = (json.load(open(name))["limits"]["client_ports"] for name in ("live.json", "replayed.json"))
print(live, replayed)
assert live == replayed
assert live["destination"] == {"address": "10.9.0.7", "device": "away0", "port": 443, "source": "10.9.0.1"}, live
assert live["usable_min"] == live["usable_max"] == 120, live
END
}
