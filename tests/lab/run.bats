#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The scenarios pass on real sockets and leave nothing behind.

load ../kernel/common

setup() {
  before=$(network)
}

# The state of the host that must be as before.
network() {
  ip netns
  ip -brief link
}

as_before() {
  [ "$(network)" = "$before" ]
}

@test "all scenarios pass, reported in JSON" {
  "$lab" run all --json >"$BATS_TEST_TMPDIR/json"
  "$lab" list | cut -d ' ' -f 1 >"$BATS_TEST_TMPDIR/names"
  python3 - "$BATS_TEST_TMPDIR/json" "$BATS_TEST_TMPDIR/names" <<'END'
import json, sys
scenarios = [json.loads(line) for line in open(sys.argv[1])]
assert [s["name"] for s in scenarios] == open(sys.argv[2]).read().split()
for s in scenarios:
    assert s["schema"] == "tcpstated.scenario/1", s
    assert s["ok"] is True and s["failures"] == [], s["failures"]
    assert s["not_here"] or s["events"], s["name"]
    seconds = [event["seconds"] for event in s["events"]]
    assert all(x >= 0 for x in seconds), s["name"]
    assert all(event.get("ok", True) for event in s["events"]), s["name"]
END
  eventually as_before
}

@test "all scenarios pass without privilege" {
  unprivileged "$(command -v unshare)" --user --map-root-user --net true || skip "this kernel allows only root to make namespaces"
  run unprivileged "$lab" run all
  echo "$output" | grep '^FAILED' || true
  [ "$status" -eq 0 ]
  [[ ${lines[-1]} == *" scenarios: "*" passed, 0 failed, "*" not on this kernel" ]]
  eventually as_before
}

has_orphan() {
  grep -q 'FIN_WAIT_1, orphan' "$1"
}

# usage: ended PID,...: a zombie has ended too.
ended() {
  ! ps -o stat= -p "$1" | grep -q '^[^Z]'
}

# usage: is_swept FD: no socket is left in the network namespace that the descriptor keeps open.
is_swept() {
  [ -z "$(nsenter --net="/proc/self/fd/$1" ss --no-header --tcp --all)" ]
}

@test "killed with SIGKILL in the middle, it leaves no process, no socket and no link behind" {
  # With --full the orphan lives for nearly two minutes.
  "$lab" run --full fin-wait-1-orphan-vanished >"$BATS_TEST_TMPDIR/text" 3>&- &
  local main=$! play janitor namespace
  eventually has_orphan "$BATS_TEST_TMPDIR/text"
  play=$(pgrep -P "$main")
  janitor=$(pgrep -P "$play")
  # Only root can enter it.
  if [ "$(id -u)" -eq 0 ]; then
    exec {namespace}<"/proc/$play/ns/net"
    ! is_swept "$namespace"
  fi
  kill -9 "$main"
  wait "$main" || true
  eventually ended "$play,$janitor"
  [ -z "${namespace:-}" ] || is_swept "$namespace"
  eventually as_before
}

@test "killed with SIGKILL in a cgroup of its own, it leaves no cgroup behind" {
  [ "$(id -u)" -eq 0 ] || skip "needs root to make cgroups"
  "$lab" run owners-in-cgroups >"$BATS_TEST_TMPDIR/text"
  ! grep -q '^not on this kernel' "$BATS_TEST_TMPDIR/text" || skip "no cgroup file system to write to"
  python3 - "$lab" <<'END'
import pathlib, subprocess, sys, time

BOUND = 60  # seconds; nothing here takes so long
mounts = [line.split()[4] for line in open("/proc/self/mountinfo") if " - cgroup2 " in line]

def slices():
    return {path for mount in mounts for path in pathlib.Path(mount).glob("tcpstated-lab-*.slice")}

def until(condition):
    end = time.monotonic() + BOUND
    while not condition():
        assert time.monotonic() < end, slices()
        time.sleep(0.001)

before = slices()
end = time.monotonic() + BOUND
seen = set()
while not seen:
    # It takes some 30 ms: a play that was over before it was seen is played again.
    assert time.monotonic() < end
    lab = subprocess.Popen([sys.argv[1], "run", "owners-in-cgroups"], stdout=subprocess.DEVNULL)
    while lab.poll() is None and not seen:
        seen = slices() - before
    lab.kill()
    lab.wait()
until(lambda: not slices() - before)
END
}

@test "the timeline shows calls, states, counters, memory and the lesson" {
  run "$lab" run linger-zero
  [ "$status" -eq 0 ]
  [[ ${lines[0]} == "linger-zero: "* ]]
  [[ $output == *"server  setsockopt(SO_LINGER, on, 0 s) = 0"* ]]
  [[ $output == *"server  close() = 0"* ]]
  [[ $output == *"server ESTABLISHED -> gone"* ]]
  [[ $output == *"-1 ECONNRESET"* ]]
  [[ $output == *"TCPAbortOnData +1"* ]]
  [[ $output == *"kernel memory of both hosts' sockets, estimated: 0 B before, "* ]]
  [[ $output != *$'\033'* ]]
  [[ ${lines[-1]} == "ok linger-zero"* ]]
}

# usage: is_misused WORD -- ARGUMENT ...
is_misused() {
  local word=$1
  shift 2
  run --separate-stderr "$lab" "$@"
  echo "status $status, stdout '$output', stderr '$stderr'"
  [ "$status" -eq 2 ]
  [ -z "$output" ]
  [ "$(printf '%s\n' "$stderr" | wc -l)" -eq 1 ]
  [[ $stderr == "tcpstated-lab: "*"$word"* ]]
}

@test "run --help" {
  run --separate-stderr "$lab" run --help
  [ "$status" -eq 0 ]
  [[ ${lines[0]} == "Usage: tcpstated-lab run "* ]]
  [[ $output == *" --full "* ]]
}

@test "an unknown scenario, option or command is refused before anything is played" {
  is_misused no-such-thing -- run linger-off no-such-thing
  is_misused --no-such-option -- run --no-such-option all
  is_misused "'all'" -- run
  is_misused no-such-command -- no-such-command
  is_misused "expected list, run or hold" --
  is_misused surplus -- list surplus
}

@test "a full disk is exit status 1" {
  run --separate-stderr bash -c '"$0" list >/dev/full' "$lab"
  [ "$status" -eq 1 ]
  [[ $stderr == *"cannot write to standard output"* ]]
}
