#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# "make check-soak": the service beside a busy server for $SOAK_SECONDS, thousands of connections a second, and a leak that
# comes and goes. Nothing that it holds may grow, and no event may be lost.

load common

seconds=${SOAK_SECONDS:-60}

# What the daemon holds: descriptors, threads and resident KiB.
holds() {
  echo "$(find "/proc/$daemon/fd" -mindepth 1 | wc -l)" \
    "$(awk '/^Threads:/ { threads = $2 } /^VmRSS:/ { resident = $2 } END { print threads, resident }' "/proc/$daemon/status")"
}

@test "$seconds s of churn: descriptors and memory stay flat, no event is lost" {
  configure <<END
[poll]
interval = 1s
cpu_budget = 50%
[output]
journal = no
events = $BATS_TEST_TMPDIR/events
snapshot_file = $BATS_TEST_TMPDIR/snapshot
[alert close-wait-leak]
older_than = 1s
for = 0
keep = 0
[exec page]
command = cat >>$BATS_TEST_TMPDIR/paged
END
  lab_start LISTEN --port 7001
  daemon_start
  eventually test -s "$BATS_TEST_TMPDIR/snapshot"
  launch_within "$helpers/churn" "$seconds" 3000 300 5 >"$BATS_TEST_TMPDIR/churned"
  local churn=$!
  # TIME_WAIT lasts a minute: from then on the number of sockets is what it stays.
  local end=$((SECONDS + seconds + 300))
  while kill -0 $churn 2>/dev/null; do
    if [ $SECONDS -ge $end ]; then
      echo "waited $((seconds + 300)) s for the end of churn, which takes $seconds s"
      return 1
    fi
    holds >>"$BATS_TEST_TMPDIR/held"
    sleep 1
  done
  wait $churn
  # The last leak is over. What the load itself brings near a limit takes longer to be.
  drained() {
    [ "$(events raised close-wait-leak)" -gt 0 ] &&
      [ "$(events raised close-wait-leak)" -eq "$(events cleared close-wait-leak)" ]
  }
  eventually drained
  paged() { [ "$(wc -l <"$BATS_TEST_TMPDIR/paged")" -eq "$(wc -l <"$BATS_TEST_TMPDIR/events")" ]; }
  eventually paged
  daemon_end
  cat "$BATS_TEST_TMPDIR/churned"
  python3 - "$BATS_TEST_TMPDIR" <<'END'
import json, sys
directory = sys.argv[1]
held = [tuple(map(int, line.split())) for line in open(f"{directory}/held")]
half = held[len(held) // 2:]
for name, i, allowed in (("descriptors", 0, 3), ("threads", 1, 0), ("resident KiB", 2, 1024)):
    middle = max(h[i] for h in held[len(held) // 4:len(held) // 2])
    end = max(h[i] for h in half)
    print(f"{name}: at most {middle} in the second quarter, {end} in the second half")
    assert end <= middle + allowed, name
assert max(h[2] for h in held) <= 12 * 1024, "more than 12 MiB"
events = open(f"{directory}/events").read().splitlines()
assert [json.loads(e)["sequence"] for e in events] == list(range(1, len(events) + 1))
assert open(f"{directory}/paged").read().splitlines() == events
print(f"{len(events)} events, each delivered once to both, in order")
END
}
