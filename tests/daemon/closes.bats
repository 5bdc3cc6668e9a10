#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# How connections end, as the service reports it beside a server whose connections end in known ways.

load common

# usage: watched SECONDS: whether the service has polled for so long.
watched() {
  python3 - "$BATS_TEST_TMPDIR/snapshot" "$1" <<'END'
import json, sys
closes = json.load(open(sys.argv[1]))["closes"]
sys.exit(closes is None or closes["watched_seconds"] < float(sys.argv[2]))
END
}

busy() {
  [ "$(within awk '$1 == "Tcp:" { opens = $7 } END { print opens }' /proc/self/net/snmp)" -gt 0 ]
}

@test "closes: a known mix is reported within 10 % on the server's port, within 20 % of the namespace" {
  configure <<END
[poll]
interval = 1s
cpu_budget = 50%
[output]
journal = no
snapshot_file = $BATS_TEST_TMPDIR/snapshot
END
  lab_start LISTEN --port 7001
  # Of ten connections, five are closed by the server first, three by the client, and two are reset.
  launch_within "$helpers/churn" 90 600 0 1 sscsrscsrc >"$BATS_TEST_TMPDIR/churned"
  churn=$!
  # It is under way before the first poll, so that the rate is the same in all that is seen.
  eventually busy
  daemon_start
  eventually test -s "$BATS_TEST_TMPDIR/snapshot"
  eventually watched 15
  cp "$BATS_TEST_TMPDIR/snapshot" "$BATS_TEST_TMPDIR/judged"
  daemon_end
  validate "$BATS_TEST_TMPDIR/judged"
  kill "$churn"
  wait "$churn" || true
  python3 - "$BATS_TEST_TMPDIR/judged" <<'END'
import json, sys
snapshot = json.load(open(sys.argv[1]))
minute = 600 * 60
port = next(p for p in snapshot["ports"] if p["side"] == "server" and p["port"] == 7777)
# Both ends are in the namespace: each is opened and closed, and of a reset both know.
truth = [("port", port["closes"], "we_first", 0.5, 0.1)] + [
    ("namespace", snapshot["closes"], way, share, 0.2)
    for way, share in (("closed", 2), ("we_first", 0.8), ("peer_first", 0.8), ("reset", 0.4))]
bad = 0
for what, closes, way, share, allowed in truth:
    reported, known = closes[f"{way}_per_minute"], share * minute
    off = reported["estimate"] / known - 1
    print(f"{what} {way}: {reported['low']:.0f} <= {reported['estimate']:.0f} <= {reported['high']:.0f}, is {known:.0f}: {off:+.1%}")
    bad += abs(off) > allowed or reported["low"] > 1.1 * known or reported["high"] < 0.9 * known
assert not bad
# What a port alone does not show is not reported for it: half of the connections are a client's here.
assert all(port["closes"][f"{way}_per_minute"] is None for way in ("closed", "peer_first", "reset"))
assert all(p["closes"] is None for p in snapshot["ports"] if p["side"] == "client")
END
}
