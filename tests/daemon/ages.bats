#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# How old sockets are that were there before the service was.

load common

# usage: unix_time: seconds with a fraction.
unix_time() {
  date +%s.%N
}

# usage: passed SECONDS SINCE
passed() {
  python3 -c 'import sys, time; sys.exit(time.time() - float(sys.argv[2]) < float(sys.argv[1]))' "$@"
}

@test "the first poll shows how long sockets have been in their state" {
  configure <<END
[poll]
interval = 10min
[output]
journal = no
snapshot_file = $BATS_TEST_TMPDIR/snapshot
END
  before=$(unix_time)
  lab_start CLOSE_WAIT -n 50 --port 7001 and CLOSE_WAIT -n 50 --port 7002 --unaccepted \
    and FIN_WAIT_2 -n 50 --port 7003 --held and CLOSING -n 50 --port 7004 \
    and FIN_WAIT_1 -n 50 --port 7005 and LAST_ACK -n 50 --port 7006
  after=$(unix_time)
  eventually passed 4 "$after"
  daemon_start
  eventually test -s "$BATS_TEST_TMPDIR/snapshot"
  validate "$BATS_TEST_TMPDIR/snapshot"
  python3 - "$before" "$after" "$BATS_TEST_TMPDIR/snapshot" <<'END'
import datetime, json, sys
before, after = map(float, sys.argv[1:3])
snapshot = json.load(open(sys.argv[3]))
now = datetime.datetime.fromisoformat(snapshot["time"].replace("Z", "+00:00")).timestamp()
# Ages are kept in units of 256 ms, and the kernel counts in ticks of up to 10 ms.
SLACK = 0.256 + 0.02
segment = {"CLOSE_WAIT", "FIN_WAIT_2", "CLOSING"}
seen = {}
for port in snapshot["ports"]:
    for state, numbers in port["states"].items():
        if port["side"] == "server" and 7001 <= port["port"] <= 7006 and state != "LISTEN":
            seen[port["port"], state] = numbers
assert len(seen) == 6, seen
for (port, state), numbers in seen.items():
    oldest = numbers["oldest_seconds"]
    print(port, state, oldest, "of", now - after, "to", now - before)
    assert numbers["sockets"] == 50, (port, state, numbers)
    assert oldest <= now - before + SLACK, (port, state, oldest)
    # By a segment it is exact; by timeouts it is at least a quarter: they double, and the one that runs is left out.
    assert oldest >= (now - after if state in segment else (now - after) / 4) - SLACK, (port, state, oldest)
END
  daemon_end
}
