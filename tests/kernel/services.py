#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A random walk of services with real sockets: is every socket counted under its true service?

usage: services.py TCPSTATED [--seed N] [--steps N] [--range "FIRST LAST"] [--services N] [--sockets N] [--history [--restart N]]
                   [--least RATIO] [--trace FILE] [--worst N]

Makes a network namespace. After each step tcpstated counts, and its rows are held against what tests/helpers/services.py
made. Without --history each look is a process of its own; with it a daemon polls all the while, which is restarted every N
steps. Prints the seed, and exits with 1 if fewer sockets are right than --least. FILE takes the commands: they make the same
sockets again when services.py reads them (the automatic local ports differ).

A socket is right if it is in the row of its service: side, address, device and port. Not counted, but shown:
- services without a listener, of which fewer than 3 sockets are left: nothing tells their side;
- a client on one fixed local port towards many: it looks like a server's.
The address of a service whose listener tcpstated has never seen is not to be known: null is right there too.
"""
import argparse
import collections
import contextlib
import json
import os
import pathlib
import random
import socket
import subprocess
import sys
import tempfile
import time

HELPER = pathlib.Path(__file__).resolve().parent.parent / "helpers" / "services.py"

# Nothing here takes so long, also on a busy machine; a wait that does ends the walk.
SECONDS_MAX = 120
# Sockets end by themselves: a count is compared when the kernel's list was the same before and after it.
TRIES = 30
# Fewer sockets than this, and no listener, are a tie.
TIE = 3

RANGES = ("32768 60999", "1024 65535", "40000 40999")
PORTS_OF_SERVICES = (80, 443, 3306, 5432, 7777, 8080, 9200, 25565, 27015, 30120)
STATES = {"ESTABLISHED": 6, "CLOSE_WAIT": 4, "TIME_WAIT": 4, "FIN_WAIT_2": 2, "CLIENT_TIME_WAIT": 2}


class Helper:
    """The process that holds the sockets."""

    def __init__(self, trace):
        self.trace = trace
        self.process = subprocess.Popen([sys.executable, HELPER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, command):
        if self.trace:
            print(command, file=self.trace, flush=True)
        print(command, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"the helper ended at: {command}")
        answer = json.loads(line)
        if self.trace and "error" in answer:
            print(f"# {answer['error']}", file=self.trace, flush=True)
        return answer

    def end(self):
        self.process.stdin.close()
        self.process.wait(SECONDS_MAX)


class Service:
    """One of the walk. addresses: those that clients connect to."""

    def __init__(self, name, where, addresses, words=""):
        self.name, self.where, self.addresses, self.words = name, where, addresses, words
        self.made = self.listening = False
        self.stays = False  # while it does not listen, a wildcard of the same port would take its sockets


class Walk:
    """Chooses commands. The same seed chooses the same ones, if every connect() gives the same."""

    def __init__(self, rng, helper, services_max, sockets_max):
        self.rng, self.helper, self.sockets_max = rng, helper, sockets_max
        self.services = self.invent(services_max)
        self.remote_number = 0
        # How often a listener is closed as soon as it has its connections.
        self.gone = rng.choice((0.1, 0.4, 0.7))
        # (service, local port) of clients that have one port for all
        self.fixed = set()

    def invent(self, count):
        """A port has services on addresses of their own, up to 250 of them, or one on a wildcard, or both."""
        rng, services, used = self.rng, [], set()
        while len(services) < count:
            port = rng.choice(PORTS_OF_SERVICES) if rng.random() < 0.6 else rng.randrange(1024, 65000)
            if port in used:
                continue
            used.add(port)
            services += self.invent_port(port, rng.randint(1, min(250, count - len(services))) if rng.random() < 0.3 else 1)
        return services

    def invent_port(self, port, addresses):
        rng, name = self.rng, f"s{port}"
        local4 = [f"10.0.{rng.randrange(256)}.{rng.randrange(1, 255)}" for _ in range(3)] + ["127.0.0.1"]
        local6 = [f"fd00::{rng.randrange(1, 65536):x}" for _ in range(3)] + ["::1"]
        group = f" reuseport {rng.randint(2, 8)}" if rng.random() < 0.2 else ""
        if addresses > 1:
            return [Service(f"{name}-{i}", f"10.0.1.{i + 1}:{port}" if i % 4 else f"[fd00::1:{i + 1:x}]:{port}", None, group)
                    for i in range(addresses)]
        kind = rng.randrange(8)
        if kind == 7:
            beside = [Service(f"{name}-{i}", f"10.1.0.{i + 1}:{port}", None, " reuseport 1") for i in range(rng.randint(1, 3))]
            for service in beside:
                service.stays = True
            return beside + [Service(name, f"0.0.0.0:{port}", local4, " reuseport 2")]
        if kind == 0:
            return [Service(name, f"0.0.0.0:{port}", local4, group)]
        if kind == 1:
            return [Service(name, f"[::]:{port}", local4 + local6, group)]
        if kind == 2:
            return [Service(name, f"[::]:{port}", local6, " v6only" + group)]
        if kind == 3:
            return [Service(name, f"0.0.0.0:{port}", local4, " device lo" + group)]
        if kind == 4:
            return [Service(name, f"[{local6[0]}]:{port}", None, group)]
        return [Service(name, f"{local4[rng.randrange(4)]}:{port}", None, group)]

    def ensure_open(self, service):
        """Whether it listens; a client may have taken its port meanwhile."""
        if not service.listening:
            command = f"open {service.name}" if service.made else f"server {service.name} {service.where}{service.words}"
            service.listening = "error" not in self.helper.ask(command)
            service.made |= service.listening
        return service.listening

    def close(self, service):
        if service.listening and not service.stays:
            self.helper.ask(f"close {service.name}")
            service.listening = False

    def client_words(self, service):
        """How the clients' addresses and ports are chosen."""
        rng = self.rng
        v6 = service.addresses[0].count(":") if service.addresses else "[" in service.where
        address = (lambda: f"fd00::2:{rng.randrange(1, 65536):x}") if v6 else \
            (lambda: f"10.{rng.randrange(2, 200)}.{rng.randrange(256)}.{rng.randrange(1, 255)}")
        both = service.addresses and len({":" in a for a in service.addresses}) > 1
        own = "" if both else " from " + ",".join(address() for _ in range(rng.choice((1, 1, 4, 40))))
        style = rng.randrange(8)
        if style == 0:
            return f"{own} port {rng.randrange(1024, 20000)}"
        if style in (1, 2):
            # Peers whose range is another one than ours.
            return f"{own} port {rng.randrange(1024, 3000)}+{rng.randrange(7, 120)}"
        if style == 3:
            return own + " bind0"
        if style == 4 and not v6:
            return own + " mapped"
        if style == 5 and rng.random() < 0.2:
            port = rng.randrange(1024, 20000)
            self.fixed.add((service.name, port))
            return f"{own} port {port}+0"
        return own

    def connect(self, service, words=None):
        rng = self.rng
        if not self.ensure_open(service):
            return
        count = rng.choice((1, 2, 5, 20, 60, 200))
        state = rng.choices(list(STATES), STATES.values())[0]
        words = self.client_words(service) if words is None else words
        if service.addresses:
            words += " to " + ",".join(service.addresses if rng.random() < 0.5 else [rng.choice(service.addresses)])
        # Most peers are other machines.
        if state in ("ESTABLISHED", "CLOSE_WAIT", "FIN_WAIT_2") and rng.random() < 0.6:
            words += " only server"
        self.helper.ask(f"connect {service.name} {count} {state}{words}")
        if rng.random() < self.gone:
            self.close(service)

    def connect_out(self):
        """Clients here of a service on another machine."""
        rng = self.rng
        self.remote_number += 1
        port = rng.choice(PORTS_OF_SERVICES) if rng.random() < 0.6 else rng.randrange(1024, 65000)
        name = f"r{self.remote_number}"
        address = f"10.250.{rng.randrange(256)}.{rng.randrange(1, 255)}"
        if "error" in self.helper.ask(f"server {name} {address}:{port}"):
            return
        source = rng.choice(("", " from 10.0.0.9", f" port {rng.randrange(5000, 20000)}", " bind0 from 10.0.0.9"))
        self.helper.ask(f"connect {name} {rng.choice((3, 10, 60, 200))} {rng.choice(('ESTABLISHED', 'FIN_WAIT_2'))}{source} only client")
        self.helper.ask(f"close {name}")

    def step(self, truth):
        rng = self.rng
        for _ in range(rng.randint(1, max(6, len(self.services) // 40))):
            service = rng.choice(self.services)
            what = rng.random()
            if what < 0.5:
                self.connect(service)
            elif what < 0.6:
                # A proxy: the address of a server is that of a client too.
                other = rng.choice(self.services)
                source = (other.addresses or [other.where.rsplit(":", 1)[0].strip("[]")])[0]
                if (":" in source) == ("[" in service.where):
                    self.connect(service, f" from {source}")
            elif what < 0.65:
                self.connect_out()
            elif what < 0.8:
                self.close(service)
            elif service.made:
                self.helper.ask(f"drop {service.name} {rng.choice((1, 10, 1000000))}")
        held = sum(s["connections"] for s in truth["services"]) if truth else 0
        if held > self.sockets_max:
            for s in rng.sample(truth["services"], len(truth["services"]) // 2):
                self.helper.ask(f"drop {s['name']} 1000000")


def plain(address):
    return address.strip("[]").removeprefix("::ffff:") if "." in address else address.strip("[]")


def read_kernel():
    """[(state, (local address, port), (remote address, port), device or None)] by ss, sorted; without closed sockets"""
    sockets = []
    for line in subprocess.run(["ss", "-tanH"], check=True, stdout=subprocess.PIPE, text=True, timeout=SECONDS_MAX).stdout.splitlines():
        state, _, _, local, remote = line.split()[:5]
        if state == "UNCONN":
            continue
        address, port = local.rsplit(":", 1)
        address, _, device = address.partition("%")
        peer, peer_port = remote.rsplit(":", 1)
        state = "ESTABLISHED" if state == "ESTAB" else state.replace("-", "_")
        sockets.append((state, (plain(address), int(port)), (plain(peer.partition("%")[0]), peer_port), device or None))
    return sorted(sockets, key=repr)


KEYS = ("side", "address", "device", "port")


def key_of(row):
    """tcpstated's, of a service or a socket; what a document does not have is null. A device without a name is a number."""
    device = row.get("device")
    if device and device.isdigit():
        device = socket.if_indextoname(int(device))
    return row.get("side"), row.get("address"), device, row.get("port")


def read_rows(document):
    """{(key, state): sockets}, without sockets that have no connection, which ss lists otherwise"""
    rows = collections.Counter()
    for row in document["ports"]:
        for state, numbers in row["states"].items():
            if state not in ("CLOSE", "BOUND_INACTIVE"):
                rows[key_of(row), state] += numbers["sockets"] or 0
    return rows


class Judge:
    """Holds rows against the truth, and remembers which services tcpstated has seen listening."""

    def __init__(self):
        self.scans = self.sockets = self.right = self.right_port = self.left_out = self.rows_too_many = 0
        self.known = set()
        self.worst = collections.Counter()

    def truth_of(self, kernel, truth, fixed):
        """[(alternative keys, state, whether it counts)] of every socket that the kernel has"""
        of_pair = {(tuple(s["local"].values()), (s["remote"]["address"], str(s["remote"]["port"]))): s for s in truth["sockets"]}
        listening = {s["name"] for s in truth["services"] if s["listeners"]}
        counts = collections.Counter()
        found = []
        for state, local, remote, device in kernel:
            if state == "LISTEN":
                wildcard = local[0] in ("*", "0.0.0.0", "::")
                found.append((("server", None if wildcard else local[0], device, local[1]), None, state))
            else:
                s = of_pair.get((local, remote))
                if not s:
                    sys.exit(f"the helper does not know a socket that the kernel has: {state} {local} {remote}")
                found.append((key_of(s), s, state))
                counts[key_of(s), s["service"] in listening] += 1
        served = {s["service"] for _, s, _ in found if s and s["side"] == "server"}
        self.known = (self.known & served) | listening
        result = []
        for key, s, state in found:
            keys = [key]
            counts_here = True
            if s:
                client = s["remote" if s["side"] == "server" else "local"]
                counts_here = (s["service"], client["port"]) not in fixed and \
                    (s["service"] in listening or counts[key, False] >= TIE)
                if s["service"] not in self.known and key[1]:
                    keys.append((key[0], None, *key[2:]))
            result.append((keys, state, counts_here))
        return result

    def add(self, rows, kernel, truth, fixed):
        sockets = self.truth_of(kernel, truth, fixed)
        counted = [(keys, state) for keys, state, counts in sockets if counts]
        # Whoever has one place only goes first.
        counted.sort(key=lambda s: len(s[0]))
        self.scans += 1
        self.sockets += len(counted)
        self.left_out += len(sockets) - len(counted)
        by_port = collections.Counter()
        for (key, state), number in rows.items():
            by_port[(key[0], key[3]), state] += number
        left = collections.Counter(rows)
        for keys, state in counted:
            place = next((k for k in keys if left[k, state] > 0), None)
            if place:
                left[place, state] -= 1
                self.right += 1
            else:
                self.worst[keys[0], state] += 1
            if by_port[(keys[0][0], keys[0][3]), state] > 0:
                by_port[(keys[0][0], keys[0][3]), state] -= 1
                self.right_port += 1
        true = len({keys[0] for keys, _, _ in sockets})
        self.rows_too_many = max(self.rows_too_many, len({key for key, _ in rows}) - true - max(2, true // 100))


class Look:
    """Each count is a process of its own."""

    def __init__(self, tcpstated):
        self.command = [tcpstated, "--json", "--ports", "0"]

    def count(self):
        return json.loads(subprocess.run(self.command, check=True, stdout=subprocess.PIPE, timeout=SECONDS_MAX).stdout)

    def restart(self):
        pass

    def end(self):
        pass


class Daemon:
    """Counts every second, and remembers."""

    def __init__(self, tcpstated, directory):
        self.command = [tcpstated, "--daemon", "--config", f"{directory}/config", "--state-directory", f"{directory}/state"]
        pathlib.Path(directory, "config").write_text(
            "[poll]\ninterval = 1s\ncpu_budget = 100%\n[output]\nports = 0\nsnapshots = stdout\njournal = no\n", encoding="utf-8")
        self.process = None
        self.restart()

    def count(self):
        """The next whole poll that begins after now."""
        now = time.time()
        while True:
            line = self.process.stdout.readline()
            if not line:
                sys.exit("the daemon ended")
            document = json.loads(line)
            begun = time.mktime(time.strptime(document["time"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone + float(document["time"][19:-1])
            # The document's time has milliseconds.
            if begun - document["scan"]["wall_us"] / 1e6 > now + 0.001:
                return document

    def restart(self):
        self.end()
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)

    def end(self):
        if self.process:
            self.process.terminate()
            self.process.communicate(timeout=SECONDS_MAX)


def compare(judge, counter, helper, fixed):
    """One scan, beside two lists of the kernel's that are alike. Returns the truth."""
    for _ in range(TRIES):
        before = read_kernel()
        document = counter.count()
        if read_kernel() == before:
            truth = helper.ask("truth")
            judge.add(read_rows(document), before, truth, fixed)
            return truth
    sys.exit(f"the sockets changed during each of {TRIES} scans")


def prepare(local_range):
    """The namespace, in which all addresses that the walk uses are local."""
    for words in (["link", "set", "lo", "up"], ["route", "add", "local", "10.0.0.0/8", "dev", "lo"],
                  ["-6", "route", "add", "local", "fd00::/64", "dev", "lo"]):
        subprocess.run(["ip", *words], check=True)
    for name, value in (("ip_local_port_range", local_range), ("tcp_max_tw_buckets", "100000")):
        pathlib.Path("/proc/sys/net/ipv4", name).write_text(value, encoding="ascii")


def print_outcome(judge, worst):
    sockets = max(judge.sockets, 1)
    print(f"{judge.scans} scans, {judge.sockets} sockets, {judge.left_out} more left out; "
          f"right: {100 * judge.right / sockets:.3f} %, by side and port alone {100 * judge.right_port / sockets:.3f} %; "
          f"rows: {f'{judge.rows_too_many} too many' if judge.rows_too_many > 0 else 'within the limit'}")
    for (key, state), number in judge.worst.most_common(worst):
        print(f"  wrong {number} times: {state} of {dict(zip(KEYS, key))}")


def walk(arguments, directory):
    seed = random.randrange(1 << 32) if arguments.seed is None else arguments.seed
    rng = random.Random(seed)
    local_range = arguments.range or rng.choice(RANGES)
    services = arguments.services or rng.choice((1, 5, 40, 300))
    print(f"--seed {seed}, {services} services, local ports {local_range}, {'a daemon' if arguments.history else 'single looks'}", flush=True)
    prepare(local_range)
    with contextlib.ExitStack() as stack:
        trace = stack.enter_context(open(arguments.trace, "w", encoding="utf-8")) if arguments.trace else None
        helper = Helper(trace)
        stack.callback(helper.end)
        counter = Daemon(arguments.tcpstated, directory) if arguments.history else Look(arguments.tcpstated)
        stack.callback(counter.end)
        steps = Walk(rng, helper, services, arguments.sockets)
        judge, truth = Judge(), None
        for number in range(1, arguments.steps + 1):
            steps.step(truth)
            if not arguments.history:
                judge.known = set()
            truth = compare(judge, counter, helper, steps.fixed)
            if arguments.restart and number % arguments.restart == 0:
                counter.restart()
    print_outcome(judge, arguments.worst)
    return judge.sockets > 0 and judge.right >= arguments.least * judge.sockets and \
        (judge.rows_too_many <= 0 or arguments.least == 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tcpstated")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--range")
    parser.add_argument("--services", type=int)
    parser.add_argument("--sockets", type=int, default=6000)
    parser.add_argument("--history", action="store_true")
    parser.add_argument("--restart", type=int)
    parser.add_argument("--least", type=float)
    parser.add_argument("--trace")
    parser.add_argument("--worst", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.least is None:
        arguments.least = 0.999 if arguments.history else 0.99
    if "TCPSTATED_WALK" not in os.environ:
        os.environ["TCPSTATED_WALK"] = "1"
        os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])
    with tempfile.TemporaryDirectory() as directory:
        return 0 if walk(arguments, directory) else 1


if __name__ == "__main__":
    sys.exit(main())
