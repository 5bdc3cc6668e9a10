#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The service as systemd runs it. tests/system/systemd.system boots a container and runs this inside.
bats_require_minimum_version 1.5.0

configuration=/etc/tcpstated/tcpstated.conf.d
dropins=/run/systemd/system/tcpstated.service.d
namespace=/run/tcpstated-lab.netns
latest=/run/tcpstated/snapshot.json
wait_seconds_max=30

# Each test begins with a service that is stopped, has no past, and is quick to notice and to report.
setup() {
  systemctl stop tcpstated
  systemctl reset-failed tcpstated
  rm -rf /var/{lib,log}/private/tcpstated
  rm -rf "$configuration" "$dropins"
  begin=$EPOCHREALTIME
  configure 10-quick <<END
[poll]
interval = 1s
cpu_budget = 100%
[output]
snapshot_file = $latest
[alert close-wait-leak]
older_than = 1s
for = 1s
keep = 1s
END
  override quick <<END
[Service]
RestartSec=100ms
END
}

teardown() {
  [ -z "${lab_stdin:-}" ] || end_leak
  ! mountpoint -q "$namespace" || umount --lazy "$namespace"
  # Shown when the test failed.
  systemctl status --no-pager --lines=0 tcpstated || true
  journalctl --no-pager --since="@$begin" --unit=tcpstated | tail -n 50
}

# usage: configure NAME <<END: a file of configuration.
configure() {
  mkdir -p "$configuration"
  cat >"$configuration/$1.conf"
}

# usage: override NAME <<END: a drop-in of the unit.
override() {
  mkdir -p "$dropins"
  cat >"$dropins/$1.conf"
  systemctl daemon-reload
}

# usage: eventually COMMAND ...: within the time that a busy machine may need.
eventually() {
  local end=$((SECONDS + wait_seconds_max))
  until "$@"; do
    if [ $SECONDS -ge $end ]; then
      echo "waited $wait_seconds_max s for: $*"
      return 1
    fi
    sleep 0.05
  done
}

property() {
  systemctl show --value --property="$1" tcpstated
}

main_pid() {
  property MainPID
}

is_running() {
  [ "$(property ActiveState)" = active ]
}

# usage: json KEY: one value of a JSON document on standard input, as in "json alerts.0.since".
json() {
  python3 -c '
import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1].split("."):
    value = value[int(key)] if isinstance(value, list) else value[key]
print(value if isinstance(value, str) else json.dumps(value))' "$1"
}

# usage: snapshot KEY: a value of the latest snapshot.
snapshot() {
  json "$1" <"$latest"
}

snapshot_is_after() {
  [ -f "$latest" ] && [[ $(snapshot time) > $1 ]]
}

# usage: after_scans N: returns once the service has polled N times more.
after_scans() {
  local scan
  for ((scan = 0; scan < $1; scan++)); do
    eventually snapshot_is_after "$(snapshot time)"
  done
}

# usage: microseconds PROPERTY PROPERTY: from the one time stamp of the unit to the other.
microseconds() {
  local from to
  from=$(property "$1")
  to=$(property "$2")
  # systemd writes 0 for what it does not know.
  [ "$from" -gt 0 ] && [ "$to" -ge "$from" ] && echo $((to - from))
}

# Makes a leak in a network namespace of its own, and puts the service into that.
make_leak() {
  local pid
  mkfifo "$BATS_TEST_TMPDIR/lab.stdin"
  tcpstated-lab hold CLOSE_WAIT -n 300 --port 7777 <"$BATS_TEST_TMPDIR/lab.stdin" >"$BATS_TEST_TMPDIR/lab.ready" 3>&- &
  lab_pid=$!
  exec {lab_stdin}>"$BATS_TEST_TMPDIR/lab.stdin"
  eventually test -s "$BATS_TEST_TMPDIR/lab.ready"
  pid=$(json pid <"$BATS_TEST_TMPDIR/lab.ready")
  touch "$namespace"
  mount --bind "/proc/$pid/ns/net" "$namespace"
  override namespace <<END
[Service]
NetworkNamespacePath=$namespace
END
}

end_leak() {
  exec {lab_stdin}>&-
  lab_stdin=
  wait "$lab_pid"
}

# usage: event KIND: waits for such an event of close-wait-leak, and prints it as the journal has it.
event() {
  local journal pid line=
  exec {journal}< <(exec journalctl --since="@$begin" --lines=all --follow --output=json -t tcpstated \
    TCPSTATED_EVENT="$1" TCPSTATED_ALERT=close-wait-leak 3>&-)
  pid=$!
  read -r -t $wait_seconds_max line <&"$journal" || true
  kill $pid
  exec {journal}<&-
  if [ -z "$line" ]; then
    # Not to standard output, which is the event.
    echo "waited $wait_seconds_max s for a close-wait-leak event: $1" >&2
    return 1
  fi
  echo "$line"
}

# usage: events KIND: how many there were so far.
events() {
  journalctl --sync
  journalctl --since="@$begin" --output=json -t tcpstated TCPSTATED_EVENT="$1" TCPSTATED_ALERT=close-wait-leak |
    grep -c TCPSTATED_EVENT || true
}

# usage: is_logged PATTERN MATCH ...: whether the journal has such a message, with these fields.
is_logged() {
  local pattern=$1
  shift
  journalctl --sync
  journalctl --since="@$begin" --quiet --no-pager --case-sensitive --grep="$pattern" "$@" | grep -q .
}

@test "start: active within 3 seconds, after the first good scan" {
  systemctl start tcpstated
  [ "$(property ActiveState)" = active ]
  [ "$(microseconds InactiveExitTimestampMonotonic ActiveEnterTimestampMonotonic)" -lt 3000000 ]
  # Ready means that there is a snapshot.
  [ "$(snapshot scan.complete)" = true ]
  [ -n "$(property StatusText)" ]
}

# usage: filters PID: how many system call filters a process has.
filters() {
  awk '$1 == "Seccomp_filters:" { print $2 }' "/proc/$1/status"
}

@test "it has no privilege: another user, no capability, a system call filter" {
  systemctl start tcpstated
  local status
  status=$(cat "/proc/$(main_pid)/status")
  echo "$status"
  local set
  for set in CapInh CapPrm CapEff CapBnd CapAmb; do
    [[ $status == *"$set:"*([[:blank:]])0000000000000000* ]]
  done
  [[ $status != *"Uid:"*([[:blank:]])0[[:blank:]]* ]]
  [[ $status == *"NoNewPrivs:"*([[:blank:]])1* ]]
  # The container has filters as well.
  [ "$(filters "$(main_pid)")" -gt "$(filters $$)" ]
}

@test "its prices come from slabinfo, which only root can read" {
  systemctl start tcpstated
  [ "$(snapshot prices.source)" = slabinfo ]
}

@test "it starts where there is no slabinfo" {
  override no-slabinfo <<END
[Service]
LoadCredential=
LoadCredential=slabinfo:/nowhere/slabinfo
END
  systemctl start tcpstated
  [[ $(snapshot prices.source) == @(btf|table) ]]
}

@test "with container.conf: it starts without asking for slabinfo" {
  override container </tests/container.conf
  systemctl start tcpstated
  [[ $(snapshot prices.source) == @(btf|table) ]]
}

@test "systemd-analyze security: at most 0.8" {
  systemd-analyze security --no-pager --threshold=8 tcpstated
}

@test "a leak of 300 CLOSE_WAIT is in the journal with port and memory, and so is its end" {
  make_leak
  systemctl start tcpstated
  event raised >"$BATS_TEST_TMPDIR/raised"
  end_leak
  event cleared >"$BATS_TEST_TMPDIR/cleared"
  python3 - "$BATS_TEST_TMPDIR/raised" "$BATS_TEST_TMPDIR/cleared" <<'END'
import json, re, sys
raised, cleared = (json.load(open(name)) for name in sys.argv[1:])
print(raised, cleared, sep="\n")
for event in raised, cleared:
    assert event["SYSLOG_IDENTIFIER"] == "tcpstated"
    assert event["TCPSTATED_SEVERITY"] == "warning"
    assert event["TCPSTATED_PORT"] == "7777"
    assert event["TCPSTATED_SIDE"] == "server"
    assert event["TCPSTATED_STATE"] == "CLOSE_WAIT"
    assert event["TCPSTATED_SINCE"] == raised["TCPSTATED_SINCE"]
    assert float(event["TCPSTATED_THRESHOLD"]) > 0
    assert re.fullmatch("[0-9a-f]{32}", event["MESSAGE_ID"])
assert raised["MESSAGE_ID"] != cleared["MESSAGE_ID"]
assert raised["PRIORITY"] == "4"
assert float(raised["TCPSTATED_VALUE"]) == 300
assert raised["TCPSTATED_SOCKETS"] == "300"
# Each is a socket of full size with what a process holds of it: kilobytes.
assert 300 * 2000 < int(raised["TCPSTATED_MEMORY_BYTES"]) < 300 * 20000
assert "7777" in raised["MESSAGE"]
assert float(cleared["TCPSTATED_VALUE"]) < 300
END
  [ "$(events raised)" -eq 1 ]
  [ "$(events cleared)" -eq 1 ]
}

# usage: keeps_its_alert COMMAND ...: one that ends the service in some way and starts it again.
keeps_its_alert() {
  local since pid
  make_leak
  systemctl start tcpstated
  since=$(event raised | json TCPSTATED_SINCE)
  # The snapshot of the scan that raised it may be one later.
  after_scans 1
  [ "$(snapshot alerts.0.alert)" = close-wait-leak ]
  [ "$(snapshot alerts.0.state)" = raised ]
  [ "$(snapshot alerts.0.since)" = "$since" ]
  pid=$(main_pid)
  "$@"
  eventually is_running
  [ "$(main_pid)" -ne "$pid" ]
  # Long enough for a service that had forgotten it to raise it again.
  after_scans 5
  [ "$(snapshot alerts.0.alert)" = close-wait-leak ]
  [ "$(snapshot alerts.0.state)" = raised ]
  [ "$(snapshot alerts.0.since)" = "$since" ]
  end_leak
  [ "$(event cleared | json TCPSTATED_SINCE)" = "$since" ]
  [ "$(events raised)" -eq 1 ]
  [ "$(events cleared)" -eq 1 ]
}

@test "restart: an alert that is raised stays raised, and is not reported again" {
  keeps_its_alert systemctl restart tcpstated
}

restarts() {
  [ "$(property NRestarts)" -ge "$1" ]
}

kill_the_service() {
  systemctl kill --kill-whom=main --signal=KILL tcpstated
  eventually restarts 1
}

@test "kill -9: an alert that is raised stays raised, and is not reported again" {
  keeps_its_alert kill_the_service
}

# Makes a namespace in which web.service and game.service have the same port on two addresses, and tunnel.service 600 ports.
# Of them game.service leaks on its port, and tunnel.service one connection on each.
make_units() {
  local unit
  touch "$namespace"
  unshare --net sh -c 'ip link set lo up && mount --bind /proc/self/ns/net "$0"' "$namespace"
  override namespace <<END
[Service]
NetworkNamespacePath=$namespace
END
  cat >"$BATS_TEST_TMPDIR/leak.py" <<'END'
import resource, signal, socket, subprocess, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
address, first, ports, leaks = sys.argv[1], *map(int, sys.argv[2:])
held = []
for port in range(first, first + ports):
    listener = socket.create_server((address, port), backlog=leaks + 1)
    held.append(listener)
    for _ in range(leaks):
        with socket.create_connection((address, port)):
            held.append(listener.accept()[0])
subprocess.run(["systemd-notify", "--ready"], check=True)
signal.pause()
END
  set -- "web 127.0.0.1 8080 1 0" "game 127.0.0.2 8080 1 300" "tunnel 127.0.0.1 10000 600 1"
  for unit; do
    # shellcheck disable=SC2086 # words
    set -- $unit
    systemd-run --quiet --unit="$1" --service-type=notify --property=NotifyAccess=all --property="NetworkNamespacePath=$namespace" \
      python3 "$BATS_TEST_TMPDIR/leak.py" "$2" "$3" "$4" "$5"
  done
}

# usage: names_the_leaks FILE: a document whose alerts or findings are of the two leaks, and of nobody else in CLOSE_WAIT.
names_the_leaks() {
  python3 - "$1" <<'END'
import json, sys
document = json.load(open(sys.argv[1]))
found = document["alerts"] or [f for f in document["findings"] if f["id"].startswith("close-wait")]
told = sorted((f["owner"]["unit"], f["scope"], f["address"], f["port"], f["ports"], f["sockets"]) for f in found)
assert told == [("game.service", "port", "127.0.0.2", 8080, None, 300), ("tunnel.service", "owner", None, None, 600, 600)], told
END
}

@test "of units that share a port, or have 600, those that leak are named, whatever happens to the service" {
  make_units
  systemctl start tcpstated
  both_raised() { [ "$(events raised)" -eq 2 ]; }
  eventually both_raised
  journalctl --since="@$begin" --output=json -t tcpstated TCPSTATED_EVENT=raised TCPSTATED_ALERT=close-wait-leak \
    >"$BATS_TEST_TMPDIR/raised"
  python3 - "$BATS_TEST_TMPDIR/raised" <<'END'
import json, sys
messages = sorted(json.loads(line)["MESSAGE"] for line in open(sys.argv[1]))
assert messages[0].startswith("raised close-wait-leak: port 127.0.0.2:8080 (game.service): 300 CLOSE_WAIT"), messages
assert messages[1].startswith("raised close-wait-leak: tunnel.service: 600 CLOSE_WAIT"), messages
assert "over 600 ports" in messages[1], messages
END
  for trouble in "systemctl reload tcpstated" "systemctl restart tcpstated" kill_the_service; do
    $trouble
    eventually is_running
    after_scans 4
    names_the_leaks "$latest"
  done
  nsenter --net="$namespace" tcpstated --json >"$BATS_TEST_TMPDIR/json"
  names_the_leaks "$BATS_TEST_TMPDIR/json"
  COLUMNS=200 nsenter --net="$namespace" tcpstated >"$BATS_TEST_TMPDIR/text"
  run nsenter --net="$namespace" tcpstated --check
  cat "$BATS_TEST_TMPDIR/text"
  echo "$output"
  [ "$status" -eq 1 ]
  for words in "tunnel.service: 600 CLOSE_WAIT over 600 ports" "port 127.0.0.2:8080 (game.service): 300 CLOSE_WAIT"; do
    [[ $output == *"$words"* ]]
    grep -F "$words" "$BATS_TEST_TMPDIR/text"
  done
  [[ $output != *web.service* ]]
  systemctl stop game tunnel web
  both_cleared() { [ "$(events cleared)" -eq 2 ]; }
  eventually both_cleared
  [ "$(events raised)" -eq 2 ]
}

@test "an alert that ended while the service was stopped is cleared" {
  make_leak
  systemctl start tcpstated
  event raised
  systemctl stop tcpstated
  end_leak
  systemctl start tcpstated
  event cleared
  [ "$(events raised)" -eq 1 ]
}

@test "reload: a good configuration is in force afterwards" {
  systemctl start tcpstated
  local pid
  pid=$(main_pid)
  configure 20-other <<END
[output]
snapshot_file = /run/tcpstated/other.json
END
  systemctl reload tcpstated
  eventually test -f /run/tcpstated/other.json
  eventually is_running
  [ "$(main_pid)" -eq "$pid" ]
  [ "$(property NRestarts)" -eq 0 ]
}

@test "reload: a wrong configuration fails, is logged with file and line, and the previous one stays in force" {
  systemctl start tcpstated
  local pid
  pid=$(main_pid)
  configure 20-wrong <<END
[output]
snapshot_file = /run/tcpstated/other.json
snapshot_fiel = /run/tcpstated/other.json
END
  run ! systemctl reload tcpstated
  eventually is_logged "20-wrong\.conf:3\b.*snapshot_fiel" -t tcpstated --priority=err _PID="$pid"
  eventually is_running
  [ "$(main_pid)" -eq "$pid" ]
  after_scans 2
  [ ! -e /run/tcpstated/other.json ]
  # And it is not deaf after that.
  configure 20-wrong <<END
[output]
snapshot_file = /run/tcpstated/other.json
END
  systemctl reload tcpstated
  eventually test -f /run/tcpstated/other.json
  [ "$(main_pid)" -eq "$pid" ]
}

@test "start with a wrong configuration: logged with file and line, and not tried again" {
  configure 20-wrong <<END
[poll]
intervall = 1s
END
  run ! systemctl start tcpstated
  [ "$(property ActiveState)" = failed ]
  [ "$(property ExecMainStatus)" -eq 2 ]
  [ "$(property NRestarts)" -eq 0 ]
  is_logged "20-wrong\.conf:2\b.*intervall" -t tcpstated
}

@test "the watchdog leaves a service alone that polls, and restarts one that is stuck" {
  override watchdog <<END
[Service]
WatchdogSec=3
LimitCORE=0
END
  systemctl start tcpstated
  local pid
  pid=$(main_pid)
  after_scans 5
  [ "$(main_pid)" -eq "$pid" ]
  kill -STOP "$pid"
  eventually restarts 1
  eventually is_running
  [ "$(main_pid)" -ne "$pid" ]
  is_logged . UNIT=tcpstated.service UNIT_RESULT=watchdog
}

@test "stop: within a second, and with success" {
  systemctl start tcpstated
  systemctl stop tcpstated
  [ "$(property ActiveState)" = inactive ]
  [ "$(property Result)" = success ]
  [ "$(microseconds ActiveExitTimestampMonotonic InactiveEnterTimestampMonotonic)" -lt 1000000 ]
}

inode() {
  stat --format=%i "$1"
}

is_another_file() {
  [ -s "$1" ] && [ "$(inode "$1")" != "$2" ]
}

@test "logrotate's snippet: after it, what is written goes to a new file" {
  local log=/var/log/tcpstated/snapshots.jsonl old size
  configure 20-log <<END
[output]
snapshots = $log
END
  systemctl start tcpstated
  eventually test -s "$log"
  old=$(inode "$log")
  mv "$log" "$log.1"
  sed -n '/^\tpostrotate$/,/^\tendscript$/ { //d; p }' /tests/tcpstated >"$BATS_TEST_TMPDIR/postrotate"
  grep -q systemctl "$BATS_TEST_TMPDIR/postrotate"
  sh "$BATS_TEST_TMPDIR/postrotate"
  eventually is_another_file "$log" "$old"
  size=$(stat --format=%s "$log.1")
  after_scans 2
  [ "$(stat --format=%s "$log.1")" -eq "$size" ]
  [ "$(property NRestarts)" -eq 0 ]
}

@test "the example for game servers is accepted" {
  configure 20-game-servers </tests/game-servers.conf
  tcpstated --check-config
  systemctl start tcpstated
}

# usage: probe <<END: a shell script, run as a command of [exec NAME] would be, in the sandbox of the service; prints its output.
probe() {
  cat >/run/tcpstated-probe.sh
  override probe <<END
[Service]
ExecStartPre=-sh -c 'sh /run/tcpstated-probe.sh >/run/tcpstated/probed 2>&1'
END
  systemctl restart tcpstated
  cat /run/tcpstated/probed
}

# Prints what becomes of a packet to an address that exec-network.conf lets through, and to one that it does not.
send_packets() {
  probe <<'END'
for address in 127.0.0.1 192.0.2.77; do
  /usr/bin/python3 -c '
import socket, sys
socket.socket(type=socket.SOCK_DGRAM).sendto(b"", (sys.argv[1], 9))
print(sys.argv[1], "sent")' $address 2>&1 | tail -n 1
done
END
}

@test "commands have no network, until exec-network.conf opens it for some addresses" {
  ip address replace 192.0.2.77/32 dev lo
  run send_packets
  echo "$output"
  [ "$(grep -c 'Address family not supported' <<<"$output")" -eq 2 ]
  override exec-network </tests/exec-network.conf
  run send_packets
  echo "$output"
  [ "${lines[0]}" = "127.0.0.1 sent" ]
  # systemd filters packets with BPF, which not every kernel has; then it says so, once.
  [ "${lines[1]}" = "PermissionError: [Errno 1] Operation not permitted" ] ||
    journalctl --quiet --grep="does not support BPF" | grep -q .
}

look_at_processes() {
  probe <<'END'
ss -Htnp state close-wait
END
}

@test "commands see no processes, until processes.conf lets them" {
  make_leak
  run look_at_processes
  [ "${#lines[@]}" -eq 300 ]
  [[ $output != *tcpstated-lab* ]]
  override processes </tests/processes.conf
  run look_at_processes
  [ "${#lines[@]}" -eq 300 ]
  [ "$(grep -c '"tcpstated-lab"' <<<"$output")" -eq 300 ]
  # The daemon itself has no use for it.
  [ "$(snapshot prices.source)" = slabinfo ]
}

# A service that leaks: 300 connections on port 7777, in a network namespace of the lab's, until it is stopped.
make_leaky_service() {
  cat >/run/systemd/system/leaky.service <<'END'
[Service]
ExecStart=sh -c 'sleep infinity | exec tcpstated-lab hold CLOSE_WAIT -n 300 --port 7777 >/run/leaky.ready'
END
  systemctl daemon-reload
  systemctl start leaky
  eventually test -s /run/leaky.ready
  touch "$namespace"
  mount --bind "/proc/$(json pid </run/leaky.ready)/ns/net" "$namespace"
}

end_leaky_service() {
  systemctl stop leaky
  rm -f /run/systemd/system/leaky.service /run/leaky.ready /run/systemd/system/explain.service
  systemctl daemon-reload
}

# Runs "tcpstated --explain 7777" there as a service of its own, without any privilege, and prints what it says.
explain_as_service() {
  cat >/run/systemd/system/explain.service <<END
[Service]
Type=oneshot
DynamicUser=yes
CapabilityBoundingSet=
NoNewPrivileges=yes
NetworkNamespacePath=$namespace
ExecStart=tcpstated --explain 7777
StandardOutput=truncate:/run/explained
END
  systemctl daemon-reload
  systemctl start explain
  cat /run/explained
}

# usage: oldest_seconds TEXT: of "oldest 4.8 s"
oldest_seconds() {
  sed -n 's/.*since: oldest \([0-9.]*\) s.*/\1/p' <<<"$1"
}

@test "explain, without privilege: the unit, port, number, age, memory, growth and the sentence; as root the process, too" {
  local made text age
  make_leaky_service
  made=$(stat -c %.Y /run/leaky.ready)
  # Long enough for an age to mean something.
  old_enough() { [ "$(($(date +%s) - ${made%.*}))" -ge 6 ]; }
  eventually old_enough
  text=$(explain_as_service)
  text=$(tr -s '\n ' '  ' <<<"$text")
  echo "$text"
  [[ $text == *"port 7777 (leaky.service): 300 CLOSE_WAIT"*"MiB"* ]]
  [[ $text == *"whose: leaky.service"* ]]
  [[ $text == *"up to 300 new in the last minute"* ]]
  [[ $text == *" why: "*" do: "* ]]
  [[ $text != *"descriptors:"* ]]
  age=$(oldest_seconds "$text")
  python3 -c 'import sys, time; age, made = map(float, sys.argv[1:]); sys.exit(not 4 <= age <= time.time() - made + 5)' "$age" "$made"

  text=$(nsenter --net="$namespace" tcpstated --explain 7777 | tr -s '\n ' '  ')
  echo "$text"
  [[ $text == *"by: pid "*"(tcpstated-lab), 300 descriptors: "*"command: tcpstated-lab hold CLOSE_WAIT"* ]]
  end_leaky_service
}
