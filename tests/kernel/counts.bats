#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Counts equal the kernel's, by three independent observers.

load common


# One namespace with the mixture; what is read there is kept for the tests below.
setup_file() {
  export out=$BATS_FILE_TMPDIR
  inside "${mixture[@]}" -- '
    "$tcpstated" --json --ports 0 --record "$out/recording" >"$out/snapshot.json"
    ss -tanH >"$out/ss"
    "$helpers/idiag_dump" >"$out/idiag"
    cat /proc/net/tcp /proc/net/tcp6 >"$out/proc"
    cat /proc/net/sockstat >"$out/sockstat"
    "$tcpstated" --json --ports 0 --source proc >"$out/proc.json"
    unprivileged "$tcpstated" --json --ports 0 >"$out/unprivileged.json"
    "$tcpstated" --json --closing >"$out/closing.json"
    "$tcpstated" --json --port 7002-7003 --state fin_wait_2 --side server >"$out/filtered.json"
    "$tcpstated" --wide >"$out/text"'
}

setup() {
  snapshot=$BATS_FILE_TMPDIR/snapshot.json
  cd "$BATS_FILE_TMPDIR" || return
}

counts_of() {
  python3 -c '
import json, sys
for port in json.load(open(sys.argv[1]))["ports"]:
    for state, numbers in sorted(port["states"].items()):
        print(port["side"], port["port"], state, numbers["sockets"])' "$1" | sort
}

@test "the numbers that were made are the numbers that are reported" {
  [ "$(json totals.states.CLOSE_WAIT.sockets <"$snapshot")" -eq 350 ]
  [ "$(json totals.states.FIN_WAIT_2.sockets <"$snapshot")" -eq 350 ]
  [ "$(json totals.states.TIME_WAIT.sockets <"$snapshot")" -eq 100 ]
  [ "$(json scan.complete <"$snapshot")" = true ]
  counts_of "$snapshot" | grep -x "server 7001 CLOSE_WAIT 300"
  counts_of "$snapshot" | grep -x "server 7002 FIN_WAIT_2 200"
  counts_of "$snapshot" | grep -x "server 7003 FIN_WAIT_2 150"
  counts_of "$snapshot" | grep -x "server 7003 TIME_WAIT 100"
  counts_of "$snapshot" | grep -x "server 7004 CLOSE_WAIT 50"
}

@test "counts equal those of ss for every state, port and side" {
  python3 "$compare_counts" ss "$snapshot" <ss
}

@test "counts equal those of libnl-idiag-3" {
  python3 "$compare_counts" idiag "$snapshot" <idiag
}

@test "counts equal those of /proc/net/tcp" {
  python3 "$compare_counts" proc "$snapshot" <proc
}

@test "the three kinds of FIN_WAIT_2 are counted apart" {
  [ "$(json fin_wait_2.held <"$snapshot")" -eq 200 ]
  [ "$(json fin_wait_2.mini <"$snapshot")" -eq 150 ]
  [ "$(json fin_wait_2.orphan <"$snapshot")" -eq 0 ]
}

@test "mini sockets equal sockstat's tw" {
  [ "$(awk '$1 == "TCP:" { print $7 }' sockstat)" -eq 250 ]
  [ "$(json limits.tw_buckets.used <"$snapshot")" -eq 250 ]
}

@test "unaccepted connections are reported as such, and fill the accept queue" {
  python3 - "$snapshot" <<'EOF'
import json, sys
port = next(p for p in json.load(open(sys.argv[1]))["ports"] if p["port"] == 7004)
assert port["unaccepted"] == 50, port
assert port["accept_queue"] == 50, port
assert port["backlog"] >= 50, port
EOF
}

@test "IPv4 clients of a dual-stack listener are counted under its port" {
  grep -c '::ffff:' ss
  counts_of "$snapshot" | grep -x "server 7003 LISTEN 1"
}

@test "the oldest TIME_WAIT has the age that the kernel's timer gives" {
  oldest=$(json totals.states.TIME_WAIT.oldest_seconds <"$snapshot")
  awk -v oldest="$oldest" 'BEGIN { exit !(oldest >= 0 && oldest < 60) }'
}

@test "the oldest CLOSE_WAIT is as old as the kernel remembers, and an ESTABLISHED has no age" {
  oldest=$(json totals.states.CLOSE_WAIT.oldest_seconds <"$snapshot")
  awk -v oldest="$oldest" 'BEGIN { exit !(oldest > 0 && oldest < 60) }'
  [ "$(json totals.states.ESTABLISHED.oldest_seconds <"$snapshot")" = null ]
}

@test "/proc/net/tcp as the source gives the same counts, and says so" {
  [ "$(json scan.source <proc.json)" = proc ]
  diff <(counts_of "$snapshot" | grep -v BOUND) <(counts_of proc.json)
  [ "$(json fin_wait_2 <proc.json)" = "$(json fin_wait_2 <"$snapshot")" ]
}

@test "without privilege: the same counts" {
  diff <(counts_of "$snapshot") <(counts_of unprivileged.json)
  [ "$(json fin_wait_2 <unprivileged.json)" = "$(json fin_wait_2 <"$snapshot")" ]
}

@test "without privilege: the memory of every state within 2 %" {
  python3 - "$snapshot" unprivileged.json <<'EOF'
import json, sys
root, nobody = (json.load(open(name)) for name in sys.argv[1:3])
if root["prices"]["source"] == nobody["prices"]["source"]:
    print("# slabinfo is not readable here with privilege either")
for state, numbers in root["totals"]["states"].items():
    a, b = numbers["memory_bytes"], nobody["totals"]["states"][state]["memory_bytes"]
    assert abs(a - b) <= 0.02 * a, (state, a, b)
EOF
}

@test "--closing counts the closing states alike" {
  for state in FIN_WAIT_1 FIN_WAIT_2 TIME_WAIT CLOSE_WAIT LAST_ACK CLOSING; do
    [ "$(json "totals.states.$state" <closing.json)" = "$(json "totals.states.$state" <"$snapshot")" ] ||
      [ "$(json "totals.states.$state.sockets" <closing.json)" = "$(json "totals.states.$state.sockets" <"$snapshot")" ]
  done
  [ "$(json totals.states.ESTABLISHED.sockets <closing.json)" -eq "$(json totals.states.ESTABLISHED.sockets <"$snapshot")" ]
}

@test "filters leave what was selected" {
  [ "$(counts_of filtered.json)" = "$(printf 'server 7002 FIN_WAIT_2 200\nserver 7003 FIN_WAIT_2 150')" ]
  [ "$(json totals.sockets <filtered.json)" -eq 350 ]
}

@test "a recording replays to the same document" {
  diff <(sed 's/"replayed":false/"replayed":true/' "$snapshot") <("$tcpstated" --json --ports 0 --replay recording)
}

@test "the documents keep to the schema" {
  for file in *.json; do
    validate "$file"
  done
}

@test "the first line of the text is the verdict, and names the port" {
  head -n 1 text
  head -n 1 text | grep -E '7001'
}

@test "a bound socket and a reset one, if the kernel reports them; else null" {
  "$lab" hold BOUND_INACTIVE --port 8081 and CLOSE -- "$tcpstated" --json >"$BATS_TEST_TMPDIR/bound.json"
  if python3 -c 'import platform, sys; sys.exit(list(map(int, platform.release().split(".")[:2])) < [6, 8])'; then
    counts_of "$BATS_TEST_TMPDIR/bound.json" | grep -x "server 8081 BOUND_INACTIVE 1"
    counts_of "$BATS_TEST_TMPDIR/bound.json" | grep -x "client 7001 CLOSE 1"
  else
    [ "$(json totals.states.BOUND_INACTIVE.sockets <"$BATS_TEST_TMPDIR/bound.json")" = null ]
    [ "$(json totals.states.CLOSE.sockets <"$BATS_TEST_TMPDIR/bound.json")" = null ]
  fi
}
