# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A running "tcpstated --daemon" in a network namespace of the lab's.
# shellcheck source=tests/kernel/common.bash
source "${TOP_SRCDIR:-.}/tests/kernel/common.bash"

# usage: lab_start WORD ...: sockets as "tcpstated-lab hold" makes them, until lab_end. Sets namespace to a descriptor that
# keeps the namespace they are in.
lab_start() {
  local pid
  mkfifo "$BATS_TEST_TMPDIR/lab-input"
  "$lab" hold "$@" <"$BATS_TEST_TMPDIR/lab-input" >"$BATS_TEST_TMPDIR/lab-ready" 3>&- &
  lab_job=$!
  exec {lab_input}>"$BATS_TEST_TMPDIR/lab-input"
  rm "$BATS_TEST_TMPDIR/lab-input"
  eventually test -s "$BATS_TEST_TMPDIR/lab-ready"
  pid=$(json pid <"$BATS_TEST_TMPDIR/lab-ready")
  exec {namespace}<"/proc/$pid/ns/net" {user_namespace}<"/proc/$pid/ns/user"
}

# The sockets go; the namespace stays as long as a process is in it.
lab_end() {
  exec {lab_input}>&-
  wait "$lab_job"
  lab_job=
}

# Becomes a command in the lab's namespace. An ordinary user comes in by the user namespace that the lab has made. The lab's
# input is closed before: it would stay open as long as the command lives.
become_within() {
  local enter=(nsenter --net="/proc/self/fd/$namespace")
  if [ "$(id -u)" -ne 0 ]; then
    enter=(nsenter --user="/proc/self/fd/$user_namespace" --preserve-credentials --net="/proc/self/fd/$namespace")
  fi
  if [ -n "$lab_job" ]; then
    exec {lab_input}>&-
  fi
  # So does that of spread_start.
  if [ -n "${spread_input:-}" ]; then
    exec {spread_input}>&-
  fi
  exec "${enter[@]}" "$@"
}

# Runs a command in the lab's namespace.
within() {
  (become_within "$@")
}

# The same in the background: its process is $!.
launch_within() {
  (become_within "$@") 3>&- &
}

# Configures the daemon: usage: configure <<END
configure() {
  cat >"$config"
}

# usage: daemon_start [ARGUMENT ...]: in the lab's namespace; sets daemon to its process. Its words go to the file log.
daemon_start() {
  launch_within "$tcpstated" --daemon --config "$config" --state-directory "$BATS_TEST_TMPDIR/state" "$@" \
    >>"$BATS_TEST_TMPDIR/output" 2>>"$BATS_TEST_TMPDIR/log"
  daemon=$!
}

# usage: daemon_end [SIGNAL]: ends it; its exit status is ours.
daemon_end() {
  local status=0
  kill "-${1:-TERM}" "$daemon"
  wait "$daemon" || status=$?
  daemon=
  return $status
}

# usage: logged WORD ...: whether one line of its log has each word.
logged() {
  local lines word
  lines=$(cat "$BATS_TEST_TMPDIR/log")
  for word in "$@"; do
    lines=$(grep -F -- "$word" <<<"$lines") || return
  done
}

# How many events of a kind the file has: events KIND [ALERT]
events() {
  python3 - "$BATS_TEST_TMPDIR/events" "$@" <<'END'
import json, os, sys
path, kind, *alert = sys.argv[1:]
lines = open(path).read().splitlines() if os.path.exists(path) else []
events = [json.loads(line) for line in lines]
print(sum(e["event"] == kind and (not alert or e["alert"] == alert[0]) for e in events))
END
}

# usage: has_events NUMBER KIND [ALERT]
has_events() {
  local number=$1
  shift
  [ "$(events "$@")" -eq "$number" ]
}

setup() {
  lab_job='' daemon='' listener='' config=$BATS_TEST_TMPDIR/tcpstated.conf
}

teardown() {
  sed 's/^/# /' "$BATS_TEST_TMPDIR/log" 2>/dev/null || true
  if [ -n "$daemon" ]; then
    kill -KILL "$daemon" || true
    wait "$daemon" || true
  fi
  # It holds the lab's input open, too.
  if [ -n "$listener" ]; then
    kill "$listener" || true
  fi
  if [ -n "$lab_job" ]; then
    lab_end || true
  fi
  # A test that failed leaves others, which do not end by themselves.
  jobs -p | xargs -r kill || true
}
