#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares a heartbeat document with the truth, prints the table, and exits with 1 if it is off by more than 10 %.

    heartbeat_table.py DOCUMENT PORT=PERIOD_SECONDS ...

Each connection of a PORT sends every PERIOD. At one poll their idle times are spread evenly from 0 to PERIOD; over a longer
time each is idle for PERIOD, again and again.
"""

import json
import sys

SHARES = {"median_seconds": 0.5, "p90_seconds": 0.9, "p99_seconds": 0.99, "p99_9_seconds": 0.999}

# The kernel measures idle times in ticks, of 10 ms at most, and a tick wakes up the sender, too.
TICKS = 0.020


def main(path, *words):
    with open(path, encoding="utf-8") as file:
        ports = {port["port"]: port for port in json.load(file)["ports"] if port["side"] == "server"}
    failed = False
    suggestions = []
    print(f"{'PORT':6}{'PERIOD':>8}  {'':18}{'MEDIAN':>16}{'90 %':>16}{'99 %':>16}{'99.9 %':>16}  SUGGESTED")
    for word in words:
        port, period = int(word.split("=")[0]), float(word.split("=")[1])
        rows = [("idle at one poll", "idle", lambda share, period=period: share * period)]
        if ports[port]["ended_idle"]:
            rows.append(("longest idle time", "ended_idle", lambda share, period=period: period))
        suggestion = ports[port]["advice"]["timeout_seconds"]
        suggestions.append((period, suggestion))
        for title, key, truth in rows:
            cells = ""
            for name, share in SHARES.items():
                value = ports[port][key]["data"][name]
                error = 100 * (value / truth(share) - 1)
                cells += f"{value:>8.3f} {error:>+5.1f} %"
                if abs(value - truth(share)) > max(0.10 * truth(share), TICKS):
                    failed = True
                    cells = cells[:-1] + "!"
            print(f"{port:<6}{period:>6.1f} s  {title:18}{cells}  {suggestion} s")
    in_order = [suggestion for _, suggestion in sorted(suggestions)]
    if None in in_order or in_order != sorted(in_order):
        print(f"the suggestions are not in the order of the periods: {in_order}")
        failed = True
    return failed


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
