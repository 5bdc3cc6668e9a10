# SPDX-License-Identifier: GPL-2.0-or-later
"""Every diagnosis against every situation: which findings tcpstated has of sockets that tcpstated-lab makes.

usage: matrix.py LAB TCPSTATED DIAGNOSES.C    prints the table; status 1 when a cell is wrong
       matrix.py --look RUN TCPSTATED         in the namespace of a run: looks until what is expected is there, prints it

A situation is a port of its own, so that the findings of one look can be told apart; what concerns the whole namespace
is a run of its own. A cell is the number of sockets of a finding; one that must not be, or has another number, is marked.
"""

import contextlib
import json
import pathlib
import re
import socket
import subprocess
import sys
import time

# How long the kernel may take to make of the sockets what is expected: retransmissions, probes, an age of 5 s.
PATIENCE = 20
PAUSE = 0.3

# The longest that one connection, one look and one run may take, in seconds. Even under valgrind on a busy machine nothing
# takes that long: these bounds turn a hang into a failure that says what it waited for.
CONNECTION_BOUND = 60
LOOK_BOUND = 120
RUN_BOUND = 400

# Traffic: the number of looks, and of connections that come and go during each. Each end closes first in half of them; more
# than a thousand TIME_WAIT of a server would be a finding.
LOOKS = 10
CONNECTIONS_PER_LOOK = 90

# What no namespace has of its own; made-up snapshots prove it.
HOST_WIDE = {"orphans-near-limit", "tcp-mem-near-limit", "conntrack-near-limit"}


def situation(what, words, port, expected=None, side="server", says=""):
    """words: of "tcpstated-lab hold", without the port. expected: the numbers by the ids of the findings, whose sentences
    hold what it says."""
    return {"what": what, "words": words, "port": port, "side": side, "expected": expected or {}, "says": says}


def run(situations, everywhere=None, sysctls=None, traffic=False):
    """everywhere: the findings that are of no port."""
    return {"situations": situations, "everywhere": everywhere or {}, "sysctls": sysctls or {}, "traffic": traffic}


RUNS = [
    run([
        situation("CLOSE_WAIT, the end unread", "CLOSE_WAIT -n 60", 7001, {"close-wait-eof-unread": 60}),
        situation("CLOSE_WAIT, the end read", "CLOSE_WAIT -n 61 --read-eof -6", 7002, {"close-wait-not-closed": 61}),
        situation("CLOSE_WAIT, data unread", "CLOSE_WAIT -n 62 --unread 100 --dual", 7003, {"close-wait-data-unread": 62}),
        situation("CLOSE_WAIT of a client", "CLOSE_WAIT -n 63 --client", 7004, {"close-wait-eof-unread": 63}, "client"),
        situation("CLOSE_WAIT, not accepted", "CLOSE_WAIT -n 64 --unaccepted", 7005, {"close-wait-unaccepted": 64}),
        situation("FIN_WAIT_2 after shutdown()", "FIN_WAIT_2 -n 65 --held", 7006, {"fin-wait-2-held": 65}),
        situation("FIN_WAIT_2 after close(), mini", "FIN_WAIT_2 -n 110", 7007, {"fin-wait-2-orphans": 110}),
        situation("FIN_WAIT_2 after close(), full", "FIN_WAIT_2 -n 111 --orphan", 7008, {"fin-wait-2-orphans": 111}),
        situation("FIN_WAIT_1, peers gone", "FIN_WAIT_1 -n 112", 7009, {"fin-wait-1-stuck": 112},
                  says="(112 retransmitted without an answer)"),
        situation("FIN_WAIT_1, peers do not read", "FIN_WAIT_1 -n 113 --alive --unsent 250000", 7010, {"fin-wait-1-stuck": 113},
                  says="(113 behind data that the peer does not read)"),
        situation("FIN_WAIT_1, both", "FIN_WAIT_1 -n 80 and FIN_WAIT_1 -n 60 --alive --unsent 250000", 7023,
                  {"fin-wait-1-stuck": 140}, says="(80 retransmitted without an answer, 60 behind data that the peer does not read)"),
        situation("FIN_WAIT_1 after shutdown()", "FIN_WAIT_1 -n 114 --held", 7011, {"fin-wait-1-stuck": 114},
                  says="(114 retransmitted without an answer)"),
        situation("LAST_ACK, peers gone", "LAST_ACK -n 115", 7012, {"last-ack-stuck": 115}),
        situation("CLOSING, peers gone", "CLOSING -n 66", 7013, {"closing-stuck": 66}),
        situation("TIME_WAIT of a server, many", "TIME_WAIT -n 1100", 7014, {"time-wait-server": 1100}),
        situation("programs that do not read", "ESTABLISHED -n 67 --unread 40000", 7015, {"receive-queue-memory": 67}),
        situation("peers that do not read", "ESTABLISHED -n 68 --alive --unsent 250000", 7016, {"send-queue-memory": 68}),
        situation("peers that vanished", "ESTABLISHED -n 69 --unsent 1000", 7017, {"dead-peers": 69}),
        situation("healthy: ESTABLISHED, idle", "ESTABLISHED -n 300", 7018),
        situation("healthy: ESTABLISHED, queues short", "ESTABLISHED -n 300 --unread 4000 --alive --unsent 4000", 7019),
        situation("healthy: TIME_WAIT of a server, some", "TIME_WAIT -n 900", 7020),
        situation("healthy: TIME_WAIT of clients", "TIME_WAIT -n 1200 --client", 7021, side="client"),
        situation("healthy: a few of each", "CLOSE_WAIT -n 10 and FIN_WAIT_2 -n 20 and FIN_WAIT_2 -n 10 --held "
                  "and FIN_WAIT_1 -n 20 and LAST_ACK -n 20 and CLOSING -n 5", 7022),
    ]),
    run([
        situation("accept queue full", "ESTABLISHED -n 60 --unaccepted --backlog 59", 7001, {"accept-queue-full": 60}),
        situation("the same, and clients left", "CLOSE_WAIT -n 61 --unaccepted --backlog 60", 7002,
                  {"accept-queue-full": 61, "close-wait-unaccepted": 61}),
        situation("SYN_RECV flood", "SYN_RECV -n 80 --backlog 100", 7003, {"syn-recv-flood": 80}),
        situation("healthy: SYN_RECV and accept queue short", "SYN_RECV -n 40 --backlog 1000 and ESTABLISHED -n 40 --unaccepted",
                  7004),
    ]),
    run([
        situation("client ports nearly all in TIME_WAIT", "TIME_WAIT -n 85 --client", 7001, {"time-wait-client-ports": 85}, "client"),
    ], sysctls={"ipv4/ip_local_port_range": "32768 32867"}),
    run([
        situation("client ports more than half in TIME_WAIT", "TIME_WAIT -n 62 --client", 7001, {"connect-searches-longer": 62},
                  "client"),
    ], sysctls={"ipv4/ip_local_port_range": "32768 32867", "ipv4/tcp_tw_reuse": "0"}),
    run([
        situation("TIME_WAIT near tcp_max_tw_buckets", "TIME_WAIT -n 160", 7001),
    ], everywhere={"tw-buckets-full": 160}, sysctls={"ipv4/tcp_max_tw_buckets": "200"}),
    run([
        situation("healthy: nothing but a listener", "LISTEN", 7001),
    ]),
    run([
        situation("healthy: traffic passing through", "LISTEN", 7001),
    ], traffic=True),
]


def is_there(r, findings):
    """Whether all that is expected is found."""
    expected = [(None, None, name, sockets, "") for name, sockets in r["everywhere"].items()]
    for s in r["situations"]:
        expected += [(s["side"], s["port"], name, sockets, s["says"]) for name, sockets in s["expected"].items()]
    return all(is_right((sockets, says), findings.get((side, port, name))) for side, port, name, sockets, says in expected)


def is_right(expected, finding):
    """Whether a finding, (its sockets, its sentence) or None, is what is expected: likewise, but a part of the sentence."""
    if expected is None or finding is None:
        return expected is finding
    return expected[0] == finding[0] and expected[1] in finding[1]


def found(document):
    """{(side, port, id): (sockets, sentence)}; what is of the whole namespace has neither side nor port"""
    return {(f["side"], f["port"], f["id"]): (f["sockets"], f["what"]) for f in document["findings"]}


@contextlib.contextmanager
def bounded(seconds, what):
    """Ends the program with what it waited for when a socket or a subprocess with that timeout exceeds it."""
    try:
        yield
    except (socket.timeout, subprocess.TimeoutExpired):
        sys.exit(f"waited {seconds} s for {what}")


def look(tcpstated, meanwhile=lambda: None):
    """meanwhile: what to do while tcpstated runs."""
    with subprocess.Popen([tcpstated, "--json", "--ports", "0"], stdout=subprocess.PIPE) as process:
        try:
            meanwhile()
            with bounded(LOOK_BOUND, "tcpstated to print a snapshot"):
                output, _ = process.communicate(timeout=LOOK_BOUND)
        except BaseException:
            # Popen waits without a bound for a process that still runs.
            process.kill()
            raise
    if process.returncode != 0:
        sys.exit(f"tcpstated exited with status {process.returncode}")
    document = json.loads(output)
    if not document["scan"]["complete"]:
        sys.exit(f"incomplete scan: {document['scan']['error']}")
    return found(document)


def pass_through(listener, server_first):
    """A connection that comes, speaks and closes. One thread plays both ends, so neither end can stop before the other."""
    with contextlib.ExitStack() as ends:
        with bounded(CONNECTION_BOUND, "a connection to be established"):
            client = ends.enter_context(socket.create_connection(listener.getsockname(), CONNECTION_BOUND))
            server = ends.enter_context(listener.accept()[0])
        server.settimeout(CONNECTION_BOUND)
        first, second = (server, client) if server_first else (client, server)
        with bounded(CONNECTION_BOUND, "the server to receive what the client sent"):
            client.sendall(b"hello")
            server.recv(100)
        first.close()
        with bounded(CONNECTION_BOUND, f"the {'client' if server_first else 'server'} to receive the end of the connection"):
            second.recv(100)


def look_while_traffic_passes(tcpstated):
    """What several looks in a row find."""
    all_found = {}
    with socket.create_server(("127.0.0.1", 7099)) as listener:
        listener.settimeout(CONNECTION_BOUND)

        def pass_some_through():
            for i in range(CONNECTIONS_PER_LOOK):
                pass_through(listener, i % 2)

        for _ in range(LOOKS):
            all_found.update(look(tcpstated, pass_some_through))
    return all_found


def look_inside(r, tcpstated):
    """What is found, as soon as all that is expected is there, or when patience ends."""
    for name, value in r["sysctls"].items():
        pathlib.Path("/proc/sys/net", name).write_text(value, encoding="ascii")
    if r["traffic"]:
        return look_while_traffic_passes(tcpstated)
    until = time.monotonic() + PATIENCE
    while True:
        findings = look(tcpstated)
        if is_there(r, findings) or time.monotonic() > until:
            return findings
        time.sleep(PAUSE)


def play(lab, tcpstated, index):
    words = []
    for s in RUNS[index]["situations"]:
        for group in s["words"].split(" and "):
            words += ["and"] * bool(words) + group.split() + ["--port", str(s["port"])]
    command = [lab, "hold", *words, "--", sys.executable, __file__, "--look", str(index), tcpstated]
    with bounded(RUN_BOUND, f"run {index} to end, whose first situation is '{RUNS[index]['situations'][0]['what']}'"):
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=RUN_BOUND).stdout
    return {(side, port, name): (sockets, what) for side, port, name, sockets, what in json.loads(output)}


def cell(expected, finding):
    """What stands in the table, and whether it is right."""
    right = is_right(expected, finding)
    if finding is None:
        return "." if right else "-!", right
    return f"{finding[0]}{'' if right else '!'}", right


def rows_of(r, findings):
    """(what, {id: expected}, {id: found}) of each situation; what is found of no situation has a row of its own."""
    places = {(s["side"], s["port"]) for s in r["situations"]}
    everywhere = {name: f for (side, port, name), f in findings.items() if (side, port) not in places}
    of_all = {name: (sockets, "") for name, sockets in r["everywhere"].items()}
    alone = len(r["situations"]) == 1
    for s in r["situations"]:
        mine = {name: f for (side, port, name), f in findings.items() if (side, port) == (s["side"], s["port"])}
        expected = {name: (sockets, s["says"]) for name, sockets in s["expected"].items()}
        if alone:
            mine.update(everywhere)
            expected.update(of_all)
        yield s["what"], expected, mine
    if everywhere and not alone:
        yield "on no port of these", of_all, everywhere


def print_table(ids, rows):
    """Returns whether all is right."""
    right = True
    width = max(len(what) for what, _, _ in rows)
    print("Situations made of real sockets, and the number of sockets of each finding:")
    print(" " * width, *(f"{i:>5}" for i in range(1, len(ids) + 1)))
    for what, expected, findings in rows:
        cells = [cell(expected.get(name), findings.get(name)) for name in ids]
        right &= all(ok for _, ok in cells)
        print(f"{what:<{width}}", *(f"{text:>5}" for text, _ in cells))
    print()
    for i, name in enumerate(ids, 1):
        print(f"{i:>3} {name}{' (of the whole host: unit tests prove it)' if name in HOST_WIDE else ''}")
    return right


def main():
    if sys.argv[1] == "--look":
        findings = look_inside(RUNS[int(sys.argv[2])], sys.argv[3])
        print(json.dumps([[*key, *finding] for key, finding in findings.items()]))
        return 0
    lab, tcpstated, source = sys.argv[1:]
    ids = re.findall(r"\.id = \"([a-z0-9-]+)\"", pathlib.Path(source).read_text(encoding="utf-8"))
    rows = []
    for index, r in enumerate(RUNS):
        rows += rows_of(r, play(lab, tcpstated, index))
    right = print_table(ids, rows)
    unproven = set(ids) - HOST_WIDE - {name for _, expected, _ in rows for name in expected}
    unknown = {name for _, _, findings in rows for name in findings} - set(ids)
    for name in sorted(unproven):
        print(f"no situation shows {name}")
    for name in sorted(unknown):
        print(f"{name} is not in the table of diagnoses")
    right = right and not unproven and not unknown
    print("\nEach finding is where it must be, and nowhere else." if right else "\nWRONG where a cell has a mark.")
    return 0 if right else 1


sys.exit(main())
