#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The service against real sockets: what it raises, clears, reports and saves.

load common

# The leak is reported as soon as it is seen: what takes time is tested with a clock of its own (tests/unit/test_alert.c).
quick="
[poll]
interval = 1s
[output]
journal = no
events = @/events
snapshot_file = @/snapshot
[alert close-wait-leak]
older_than = 2s
for = 0
keep = 0
"

quick_configuration() {
  { printf '%s\n' "${quick//@/$BATS_TEST_TMPDIR}" && cat; } | configure
}

# Whether no event waits in the state file. A crash right after a delivery could deliver the event again, until the delivery is
# saved.
# shellcheck disable=SC2317 # eventually calls it
saved() {
  [ -s "$BATS_TEST_TMPDIR/state/state" ] && ! grep -q '^event ' "$BATS_TEST_TMPDIR/state/state"
}

@test "a leak is reported with port, number and memory, and so is its end" {
  quick_configuration </dev/null
  lab_start CLOSE_WAIT -n 300 --port 7001
  daemon_start
  eventually has_events 1 raised close-wait-leak
  python3 - "$BATS_TEST_TMPDIR/events" <<'END'
import json, re, sys
e = json.loads(open(sys.argv[1]).readline())
assert e["port"] == 7001 and e["side"] == "server", e
assert e["value"] == 300 and e["sockets"] == 300 and e["raise"] == 100, e
assert e["memory_bytes"] > 300 * 2000, e
assert 2 <= e["oldest_seconds"] < 60, e
assert re.match(r"port 7001 \(.+\): 300 CLOSE_WAIT .*, not closed by the program, ", e["what"]), e
assert e["key"].endswith("/server/7001") and e["address"] is None, e
advice = e["diagnoses"][e["id"]]
assert advice["why"] and advice["do"], e
END
  validate "$BATS_TEST_TMPDIR/snapshot"
  [ "$(json alerts.0.alert <"$BATS_TEST_TMPDIR/snapshot")" = close-wait-leak ]
  [ "$(json alerts.0.state <"$BATS_TEST_TMPDIR/snapshot")" = raised ]
  lab_end
  eventually has_events 1 cleared close-wait-leak
  daemon_end
}

@test "killed with SIGKILL and started again: one raise in all, since when is unchanged, then one clear" {
  quick_configuration </dev/null
  lab_start CLOSE_WAIT -n 300 --port 7001
  daemon_start
  eventually has_events 1 raised close-wait-leak
  eventually saved
  daemon_end KILL || true
  since=$(json since <"$BATS_TEST_TMPDIR/events")
  rm -f "$BATS_TEST_TMPDIR/snapshot"
  daemon_start
  eventually test -s "$BATS_TEST_TMPDIR/snapshot"
  [ "$(json alerts.0.since <"$BATS_TEST_TMPDIR/snapshot")" = "$since" ]
  lab_end
  eventually has_events 1 cleared
  daemon_end
  has_events 1 raised
  [ "$(tail -n 1 "$BATS_TEST_TMPDIR/events" | json since)" = "$since" ]
  [ "$(tail -n 1 "$BATS_TEST_TMPDIR/events" | json sequence)" -eq 2 ]
}

@test "of two services on one port, the one that leaks is told by its address, the same after a restart" {
  quick_configuration <<'END'
[alert game]
ports = 127.0.0.2:7010,127.0.0.3:7010
states = CLOSE_WAIT
raise = 100
for = 0
keep = 0
END
  lab_start LISTEN -n 1 --port 7001
  launch_within python3 "$TOP_SRCDIR/tests/daemon/leak.py" 7010 127.0.0.2=20 127.0.0.3=200 127.0.0.4=200 \
    >"$BATS_TEST_TMPDIR/leak-ready"
  listener=$!
  eventually test -s "$BATS_TEST_TMPDIR/leak-ready"
  daemon_start
  eventually has_events 1 raised game
  eventually saved
  daemon_end KILL || true
  rm -f "$BATS_TEST_TMPDIR/snapshot"
  daemon_start
  eventually test -s "$BATS_TEST_TMPDIR/snapshot"
  validate "$BATS_TEST_TMPDIR/snapshot"
  kill "$listener"
  listener=
  eventually has_events 1 cleared game
  daemon_end
  has_events 1 raised game
  python3 - "$BATS_TEST_TMPDIR/events" <<'END'
import json, sys
events = [e for e in map(json.loads, open(sys.argv[1])) if e["alert"] == "game"]
assert [e["event"] for e in events] == ["raised", "cleared"], events
for e in events:
    assert (e["side"], e["address"], e["device"], e["port"]) == ("server", "127.0.0.3", None, 7010), e
    assert e["key"] == events[0]["key"] and e["key"].endswith("/server/127.0.0.3:7010"), e
    assert e["what"].startswith("port 127.0.0.3:7010"), e
END
}

@test "the age of a socket survives a restart" {
  quick_configuration </dev/null
  lab_start CLOSE_WAIT -n 5 --port 7001
  daemon_start
  eventually test -s "$BATS_TEST_TMPDIR/snapshot"
  older() {
    local age
    age=$(json totals.states.CLOSE_WAIT.oldest_seconds <"$BATS_TEST_TMPDIR/snapshot") || return
    python3 -c 'import sys; sys.exit(float(sys.argv[1]) < float(sys.argv[2]))' "$age" "$1"
  }
  eventually older 3
  daemon_end
  rm "$BATS_TEST_TMPDIR/snapshot"
  daemon_start
  eventually test -s "$BATS_TEST_TMPDIR/snapshot"
  older 3
  daemon_end
}

@test "what was saved on another boot, or is not valid, is ignored with a note" {
  quick_configuration </dev/null
  lab_start CLOSE_WAIT -n 5 --port 7001
  daemon_start
  eventually test -s "$BATS_TEST_TMPDIR/snapshot"
  daemon_end
  sed -i 's/^boot_id .*/boot_id 00000000-0000-0000-0000-000000000000/' "$BATS_TEST_TMPDIR/state/state"
  rm "$BATS_TEST_TMPDIR/snapshot"
  daemon_start
  eventually test -s "$BATS_TEST_TMPDIR/snapshot"
  logged "$BATS_TEST_TMPDIR/state/state: from before this machine booted"
  daemon_end
  head -c 100000 /dev/urandom >"$BATS_TEST_TMPDIR/state/state"
  rm "$BATS_TEST_TMPDIR/snapshot"
  daemon_start
  eventually test -s "$BATS_TEST_TMPDIR/snapshot"
  logged "$BATS_TEST_TMPDIR/state/state: from another version"
  daemon_end
}

@test "damaged ages cost no alert, and the other way round" {
  quick_configuration </dev/null
  lab_start CLOSE_WAIT -n 300 --port 7001
  daemon_start
  eventually has_events 1 raised
  daemon_end
  [ -s "$BATS_TEST_TMPDIR/state/ages" ]
  cp "$BATS_TEST_TMPDIR/state/ages" "$BATS_TEST_TMPDIR/ages"
  printf x | dd of="$BATS_TEST_TMPDIR/state/ages" bs=1 seek=334 conv=notrunc status=none
  rm "$BATS_TEST_TMPDIR/snapshot"
  daemon_start
  eventually test -s "$BATS_TEST_TMPDIR/snapshot"
  logged "$BATS_TEST_TMPDIR/state/ages: record 0 is not valid"
  [ "$(json alerts.0.state <"$BATS_TEST_TMPDIR/snapshot")" = raised ]
  daemon_end
  has_events 1 raised
  : >"$BATS_TEST_TMPDIR/state/state"
  cp "$BATS_TEST_TMPDIR/ages" "$BATS_TEST_TMPDIR/state/ages"
  daemon_start
  # The sockets are as old as they were, so it is raised again at once.
  eventually has_events 2 raised
  # An event does not write the ages.
  cmp "$BATS_TEST_TMPDIR/ages" "$BATS_TEST_TMPDIR/state/ages"
  daemon_end
}

@test "a second one on the same state directory says so and stops" {
  quick_configuration </dev/null
  lab_start LISTEN --port 7001
  daemon_start
  eventually test -s "$BATS_TEST_TMPDIR/snapshot"
  run --separate-stderr "$tcpstated" --daemon --config "$config" --state-directory "$BATS_TEST_TMPDIR/state"
  echo "$stderr"
  [ "$status" -eq 1 ]
  [[ $stderr == "tcpstated: another tcpstated (process "*") keeps its state in $BATS_TEST_TMPDIR/state; "* ]]
  daemon_end
}

@test "an output that hangs stops nothing, and gets everything in order once it is repaired" {
  quick_configuration <<END
[exec page]
command = $BATS_TEST_TMPDIR/page
timeout = 1s
END
  printf '#!/bin/sh\nexec sleep 60\n' >"$BATS_TEST_TMPDIR/page"
  chmod +x "$BATS_TEST_TMPDIR/page"
  lab_start CLOSE_WAIT -n 300 --port 7001
  daemon_start
  eventually logged "exec page" "did not end"
  # The polling goes on at its pace.
  before=$(json time <"$BATS_TEST_TMPDIR/snapshot")
  moved() { [ "$(json time <"$BATS_TEST_TMPDIR/snapshot")" != "$before" ]; }
  eventually moved
  lab_end
  eventually has_events 1 cleared
  printf '#!/bin/sh\ncat >>%s\n' "$BATS_TEST_TMPDIR/paged" >"$BATS_TEST_TMPDIR/page.new"
  chmod +x "$BATS_TEST_TMPDIR/page.new"
  mv "$BATS_TEST_TMPDIR/page.new" "$BATS_TEST_TMPDIR/page"
  all_paged() { [ -f "$BATS_TEST_TMPDIR/paged" ] && [ "$(wc -l <"$BATS_TEST_TMPDIR/paged")" -eq 2 ]; }
  eventually all_paged
  cmp "$BATS_TEST_TMPDIR/paged" "$BATS_TEST_TMPDIR/events"
  eventually logged "exec page" "again"
  daemon_end
}

@test "what an output did not take before the end is saved for the next start" {
  quick_configuration <<END
[exec page]
command = $BATS_TEST_TMPDIR/page
timeout = 30s
END
  printf '#!/bin/sh\nexec sleep 60\n' >"$BATS_TEST_TMPDIR/page"
  chmod +x "$BATS_TEST_TMPDIR/page"
  lab_start CLOSE_WAIT -n 300 --port 7001
  daemon_start
  eventually has_events 1 raised
  daemon_end
  printf '#!/bin/sh\ncat >>%s\n' "$BATS_TEST_TMPDIR/paged" >"$BATS_TEST_TMPDIR/page"
  daemon_start
  eventually test -s "$BATS_TEST_TMPDIR/paged"
  cmp "$BATS_TEST_TMPDIR/paged" "$BATS_TEST_TMPDIR/events"
  daemon_end
}

@test "a wrong configuration: every mistake with file, line and word, and exit status 2" {
  configure <<END
[poll]
interval = soon
[alert close-wait-leak]
raise = many
colour = red
[nonsense]
END
  run --separate-stderr "$tcpstated" --daemon --config "$config" --state-directory "$BATS_TEST_TMPDIR/state"
  echo "$stderr"
  [ "$status" -eq 2 ]
  [ -z "$output" ]
  [[ $stderr == *"$config:2: 'soon'"* ]]
  [[ $stderr == *"$config:4: 'many'"* ]]
  [[ $stderr == *"$config:5: 'colour'"* ]]
  [[ $stderr == *"$config:6: 'nonsense'"* ]]
}

@test "a reload with a mistake keeps the previous configuration, a good one is taken over" {
  quick_configuration </dev/null
  lab_start CLOSE_WAIT -n 300 --port 7001
  daemon_start
  eventually has_events 1 raised
  cp "$config" "$BATS_TEST_TMPDIR/good"
  echo "interval = never" >>"$config"
  kill -HUP "$daemon"
  eventually logged "$config:" "interval"
  eventually logged "the previous configuration stays in force"
  interval() { [ "$(json poll.interval_seconds <"$BATS_TEST_TMPDIR/snapshot")" = "$1" ]; }
  interval 1.0
  sed 's/^interval = .*/interval = 2s/; s/^older_than/enabled = no\nolder_than/' "$BATS_TEST_TMPDIR/good" >"$config"
  kill -HUP "$daemon"
  eventually interval 2.0
  # The rule was switched off: its alert is over.
  eventually has_events 1 cleared
  daemon_end
}

@test "SIGUSR1 reopens the files" {
  quick_configuration </dev/null
  lab_start CLOSE_WAIT -n 300 --port 7001
  daemon_start
  eventually has_events 1 raised
  mv "$BATS_TEST_TMPDIR/events" "$BATS_TEST_TMPDIR/events.1"
  kill -USR1 "$daemon"
  lab_end
  eventually has_events 1 cleared
  [ "$(wc -l <"$BATS_TEST_TMPDIR/events.1")" -eq 1 ]
  daemon_end
}

@test "snapshots and events as JSON lines on standard output" {
  configure <<END
[poll]
interval = 1s
[output]
journal = no
snapshots = stdout
END
  lab_start CLOSE_WAIT -n 5 --port 7001
  daemon_start
  three() { [ "$(wc -l <"$BATS_TEST_TMPDIR/output")" -ge 3 ]; }
  eventually three
  daemon_end
  validate "$BATS_TEST_TMPDIR/output"
}

# Collects what is said to systemd in the file notified, a message a paragraph, for a watchdog of 2 s.
listen_as_systemd() {
  python3 "$TOP_SRCDIR/tests/daemon/notify.py" "$BATS_TEST_TMPDIR/notify" >"$BATS_TEST_TMPDIR/notified" 3>&- &
  listener=$!
  eventually test -S "$BATS_TEST_TMPDIR/notify"
  export NOTIFY_SOCKET=$BATS_TEST_TMPDIR/notify WATCHDOG_USEC=2000000
}

# usage: notified NUMBER TEXT: whether so many lines have it.
notified() {
  [ "$(grep -c -- "$2" "$BATS_TEST_TMPDIR/notified")" -ge "$1" ]
}

@test "systemd is notified: READY after the first good poll, STATUS, WATCHDOG, RELOADING, STOPPING" {
  quick_configuration </dev/null
  lab_start CLOSE_WAIT -n 300 --port 7001
  listen_as_systemd
  daemon_start
  eventually notified 1 close-wait-leak
  eventually notified 2 WATCHDOG=1
  kill -HUP "$daemon"
  eventually notified 2 READY=1
  daemon_end
  eventually notified 1 STOPPING=1
  python3 - "$BATS_TEST_TMPDIR/notified" <<'END'
import sys
messages = [m.split("\n") for m in open(sys.argv[1]).read().split("\n\n") if m]
messages = [m for m in messages if m != ["WATCHDOG=1"]]
assert "READY=1" in messages[0], messages[0]
assert any(line.startswith("STATUS=") and "sockets" in line for line in messages[0]), messages[0]
reloading = next(i for i, m in enumerate(messages) if "RELOADING=1" in m)
assert any(line.startswith("MONOTONIC_USEC=") for line in messages[reloading])
# Not before the poll under the new configuration, whose status comes along.
after = messages[reloading + 1]
assert "READY=1" in after and any(line.startswith("STATUS=") for line in after), after
assert sum("READY=1" in m for m in messages) == 2
END
}

@test "where the sockets cannot be read: never ready, no snapshot, and the reason is said" {
  quick_configuration </dev/null
  lab_start LISTEN --port 7001
  launch_within "$helpers/refuse" netlink=97 -- "$tcpstated" --daemon --source sock_diag --config "$config" \
    --state-directory "$BATS_TEST_TMPDIR/state" 2>"$BATS_TEST_TMPDIR/log"
  daemon=$!
  eventually logged "the sockets cannot be read"
  [ ! -e "$BATS_TEST_TMPDIR/snapshot" ]
  daemon_end
}

# usage: spread_start PORTS: a program that leaks one connection on each of so many ports, until spread_end. Sets namespace.
spread_start() {
  lab_start LISTEN --port 7999
  mkfifo "$BATS_TEST_TMPDIR/spread-input"
  (become_within python3 "${TOP_SRCDIR:-.}/tests/kernel/spread.py" leak "$1" sh -c 'echo ready; cat' \
    <"$BATS_TEST_TMPDIR/spread-input" >"$BATS_TEST_TMPDIR/spread-ready") 3>&- &
  listener=$!
  exec {spread_input}>"$BATS_TEST_TMPDIR/spread-input"
  eventually test -s "$BATS_TEST_TMPDIR/spread-ready"
}

spread_end() {
  exec {spread_input}>&-
  spread_input=
  wait "$listener"
  listener=
}

@test "a fallback to /proc neither raises nor clears a leak of one port or of many" {
  quick_configuration </dev/null
  lab_start CLOSE_WAIT -n 300 --port 7001 --listener-gone and CLOSE_WAIT -n 1 --port 10000 --ports 120
  daemon_start
  eventually has_events 2 raised
  daemon_end
  for arguments in "--source=proc" "" "--source=proc"; do
    rm -f "$BATS_TEST_TMPDIR/snapshot"
    # shellcheck disable=SC2086 # none is no argument
    daemon_start $arguments
    for _ in 1 2 3; do
      eventually test -s "$BATS_TEST_TMPDIR/snapshot"
      [ "$(json alerts.0.state <"$BATS_TEST_TMPDIR/snapshot")" = raised ]
      [ "$(json alerts.1.state <"$BATS_TEST_TMPDIR/snapshot")" = raised ]
      rm -f "$BATS_TEST_TMPDIR/snapshot"
    done
    daemon_end
  done
  has_events 2 raised
  has_events 0 cleared
}

@test "a leak of one program over 120 ports is one alert, over a restart and a reload too, and so is its end" {
  quick_configuration </dev/null
  spread_start 120
  daemon_start
  eventually has_events 1 raised
  saved() { [ -s "$BATS_TEST_TMPDIR/state/state" ] && ! grep -q '^event ' "$BATS_TEST_TMPDIR/state/state"; }
  eventually saved
  daemon_end KILL || true
  rm -f "$BATS_TEST_TMPDIR/snapshot"
  daemon_start
  eventually test -s "$BATS_TEST_TMPDIR/snapshot"
  kill -HUP "$daemon"
  eventually logged "the configuration was reloaded"
  rm -f "$BATS_TEST_TMPDIR/snapshot"
  eventually test -s "$BATS_TEST_TMPDIR/snapshot"
  validate "$BATS_TEST_TMPDIR/snapshot"
  [ "$(json alerts.0.scope <"$BATS_TEST_TMPDIR/snapshot")" = owner ]
  [ "$(json alerts.0.ports <"$BATS_TEST_TMPDIR/snapshot")" = 120 ]
  has_events 1 raised
  has_events 0 cleared
  spread_end
  eventually has_events 1 cleared
  daemon_end
  has_events 1 raised
  python3 - "$BATS_TEST_TMPDIR/events" <<'END'
import json, sys
first, last = (json.loads(line) for line in open(sys.argv[1]))
assert (first["alert"], first["scope"], first["port"], first["ports"], first["sockets"]) == ("close-wait-leak", "owner", None, 120, 120), first
assert "120 CLOSE_WAIT for 2.0 s or longer over 120 ports" in first["what"], first
for key in ("alert", "scope", "side", "owner", "cgroup_id"):
    assert first[key] == last[key], key
END
}
