#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# "make check-budget": what the service costs beside $BUDGET_SOCKETS TIME_WAIT sockets, for $BUDGET_SECONDS, when it may
# cost $BUDGET_PERCENT of one core.

load common

seconds=${BUDGET_SECONDS:-120}
sockets=${BUDGET_SOCKETS:-500000}
percent=${BUDGET_PERCENT:-1}

budget_start() {
  configure <<END
[poll]
cpu_budget = $percent%
[output]
journal = no
snapshots = $BATS_TEST_TMPDIR/snapshots
END
  daemon_start
  eventually test -s "$BATS_TEST_TMPDIR/snapshots"
}

# In ticks, of all its threads.
cpu_ticks() {
  awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$daemon/stat"
}

resident_kib() {
  awk '/^VmHWM:/ { print $2 }' "/proc/$daemon/status"
}

time_wait() {
  within awk '$1 == "TCP:" { print $7 }' /proc/net/sockstat
}

enough() {
  [ "$(time_wait)" -ge "$sockets" ]
}

@test "at most 1.2 times the budget, and the snapshots say that the interval was stretched" {
  local churn empty full before after
  lab_start LISTEN --port 7001
  budget_start
  empty=$(resident_kib)
  daemon_end
  rm "$BATS_TEST_TMPDIR/snapshots"

  # Each lives for a minute, and new ones keep coming: two connections in three end in TIME_WAIT here.
  within sh -c "echo $((2 * sockets)) >/proc/sys/net/ipv4/tcp_max_tw_buckets"
  launch_within "$helpers/churn" $((seconds + 300)) $((sockets * 2 / 60)) 0 1000 >/dev/null
  churn=$!
  local end=$((SECONDS + 300))
  until enough; do
    if [ $SECONDS -ge $end ]; then
      echo "waited 300 s for $sockets TIME_WAIT, there are $(time_wait)"
      return 1
    fi
    sleep 1
  done
  budget_start
  before=$(cpu_ticks)
  sleep "$seconds"
  after=$(cpu_ticks)
  full=$(resident_kib)
  daemon_end
  kill $churn
  wait $churn || true
  python3 - "$BATS_TEST_TMPDIR/snapshots" "$seconds" "$((after - before))" "$(getconf CLK_TCK)" "$empty" "$full" "$percent" \
    "$sockets" >&3 <<'END'
import json, sys
path, *numbers = sys.argv[1:]
seconds, ticks, per_second, empty, full, percent, sockets = map(float, numbers)
share = 100 * ticks / per_second / seconds
snapshots = [json.loads(line) for line in open(path)]
longest = max(s["poll"]["effective_interval_seconds"] for s in snapshots)
print(f"# {share:.2f} % of one core over {seconds:.0f} s; {len(snapshots)} polls, interval up to {longest:.1f} s;"
      f" resident at most {full:.0f} KiB, {empty:.0f} KiB without sockets")
assert all(s["totals"]["states"]["TIME_WAIT"]["sockets"] >= 0.95 * sockets for s in snapshots)
assert share <= 1.2 * percent
assert longest > 5
assert full <= 12 * 1024
# Sets of the local ports towards 64 busy destinations, however many sockets there are.
assert full - empty <= 2560
END
}
