#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds tcpstated's JSON against another program's list of the same sockets.

usage: compare_counts.py ss|idiag|proc SNAPSHOT.json < LIST

ss: the output of "ss -tanH"; idiag: of tests/helpers/idiag_dump; proc: of "cat /proc/net/tcp /proc/net/tcp6".
The sides are worked out here anew from the rule in tcpstated(8), so that a mistake in it shows.
"""
import collections
import json
import sys

NUMBERS = {1: "ESTABLISHED", 2: "SYN_SENT", 3: "SYN_RECV", 4: "FIN_WAIT_1", 5: "FIN_WAIT_2", 6: "TIME_WAIT",
           7: "CLOSE", 8: "CLOSE_WAIT", 9: "LAST_ACK", 10: "LISTEN", 11: "CLOSING", 12: "SYN_RECV"}
SS_NAMES = {"ESTAB": "ESTABLISHED", "SYN-SENT": "SYN_SENT", "SYN-RECV": "SYN_RECV", "FIN-WAIT-1": "FIN_WAIT_1",
            "FIN-WAIT-2": "FIN_WAIT_2", "TIME-WAIT": "TIME_WAIT", "UNCONN": "CLOSE", "CLOSE-WAIT": "CLOSE_WAIT",
            "LAST-ACK": "LAST_ACK", "LISTEN": "LISTEN", "CLOSING": "CLOSING"}

# In the totals, where the kernel cannot tell; what is listed elsewhere is compared all the same.
UNKNOWN = None


def port_of(address):
    port = address.rsplit(":", 1)[1]
    return 0 if port == "*" else int(port)


def read_ss(lines):
    for line in lines:
        state, _, _, local, remote = line.split()[:5]
        yield SS_NAMES[state], port_of(local), port_of(remote)


def read_idiag(lines):
    for line in lines:
        state, local, remote = (int(word) for word in line.split()[:3])
        yield NUMBERS[state], local, remote


def read_proc(lines):
    for line in lines:
        words = line.split()
        if words[0] == "sl":
            continue
        local, remote = (int(word.rsplit(":", 1)[1], 16) for word in words[1:3])
        yield NUMBERS[int(words[3], 16)], local, remote


def count(sockets):
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        first, last = (int(word) for word in file.read().split())
    listening = {local for state, local, _ in sockets if state == "LISTEN"}
    counts = collections.Counter()
    for state, local, remote in sockets:
        server = local in listening or (
            not first <= local <= last and (remote == 0 or first <= remote <= last))
        counts["server" if server else "client", local if server else remote, state] += 1
    return counts


def main():
    readers = {"ss": read_ss, "idiag": read_idiag, "proc": read_proc}
    expected = count(list(readers[sys.argv[1]](sys.stdin)))
    with open(sys.argv[2], encoding="utf-8") as file:
        snapshot = json.load(file)
    found = collections.Counter()
    for port in snapshot["ports"]:
        for state, numbers in port["states"].items():
            # No other program tells these apart from closed sockets, and most do not list them.
            if state != "BOUND_INACTIVE":
                found[port["side"], port["port"], state] = numbers["sockets"]
    if not expected:
        sys.exit("the list is empty: nothing was compared")
    if snapshot["ports_omitted"]["ports"]:
        sys.exit("the snapshot leaves ports out: run tcpstated with --ports 0")
    wrong = [f"{key}: {sys.argv[1]} {expected[key]}, tcpstated {found[key]}"
             for key in sorted(expected.keys() | found.keys()) if expected[key] != found[key]]
    totals = collections.Counter()
    for (_, _, state), number in found.items():
        totals[state] += number
    wrong += [f"totals {state}: {numbers['sockets']}, but its ports have {totals[state]}"
              for state, numbers in snapshot["totals"]["states"].items()
              if state != "BOUND_INACTIVE" and numbers["sockets"] not in (totals[state], UNKNOWN)]
    if wrong:
        sys.exit("\n".join(wrong))


main()
