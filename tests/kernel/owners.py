#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes sockets in cgroups of its own, and lets tests/helpers/owners tell whose they are.

usage: owners.py OWNERS DIRECTORY   as root, in a network namespace of its own

Into DIRECTORY go what it told (first, recorded, nobody, processes, part, removed, forgotten), the recording, and "pid", this
process's. The cgroups are gone when it ends.
"""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys

owners, directory = sys.argv[1], pathlib.Path(sys.argv[2])
NOBODY = 65534
ACCEPTOR = 65533
DOCKER_ID = "0123456789ab" + 52 * "c"
# Nothing here takes so long, also not under valgrind.
SECONDS_MAX = 120


@contextlib.contextmanager
def bounded(what):
    """Fails with what it waited for when the block exceeds the time, whatever it waits in."""

    def expire(*_):
        raise TimeoutError(f"waited {SECONDS_MAX} s for {what}")

    signal.signal(signal.SIGALRM, expire)
    signal.alarm(SECONDS_MAX)
    try:
        yield
    finally:
        signal.alarm(0)


def cgroup2_mount():
    """The mount of the whole hierarchy."""
    for line in open("/proc/self/mountinfo"):
        words = line.split()
        if words[words.index("-") + 1] == "cgroup2" and os.stat(words[4]).st_ino == 1:
            return pathlib.Path(words[4])
    sys.exit("no cgroup2 mount")


mount = cgroup2_mount()
home = next(mount / line[3:].strip().lstrip("/") for line in open("/proc/self/cgroup") if line.startswith("0::"))
base = mount / f"tcpstated-test-{os.getpid()}.slice"
service = base / "leaky\\x2dserver.service"
container = base / f"docker-{DOCKER_ID}.scope"
cgroups = [base, service, container]


def join(cgroup):
    (cgroup / "cgroup.procs").write_text(str(os.getpid()))


def listen(port):
    listener = socket.socket()
    listener.bind(("127.0.0.1", port))
    listener.listen()
    return listener


def accept_as(listener, uid):
    os.seteuid(uid)
    try:
        return listener.accept()[0]
    finally:
        os.seteuid(0)


def make_sockets():
    """The service listens; the container connects, accepts for it, and leaves an orphan on port 7778."""
    join(service)
    listener, second = listen(7777), listen(7778)
    join(container)
    clients = [socket.create_connection(("127.0.0.1", 7777)) for _ in range(3)]
    accepted = [accept_as(listener, ACCEPTOR) for _ in range(3)]
    reader = socket.create_connection(("127.0.0.1", 7778))
    orphan = second.accept()[0]
    orphan.setblocking(False)
    try:
        while True:
            orphan.send(bytes(65536))
    except BlockingIOError:
        pass
    orphan.close()
    second.close()
    join(home)
    return [listener, *clients, *accepted, reader, listen(7779)]


def tell(name, *words, before=()):
    with bounded(f"owners: {name}"), open(directory / name, "w") as out:
        subprocess.run([*before, owners, *words], stdout=out, check=True)


def tell_again(watcher, name):
    watcher.stdin.write("\n")
    watcher.stdin.flush()
    with bounded(f"the answer of owners --each-line: {name}"), open(directory / name, "w") as out:
        for line in iter(watcher.stdout.readline, "\n"):
            if not line:
                sys.exit("owners ended")
            out.write(line)


def play():
    for cgroup in cgroups:
        cgroup.mkdir()
    with bounded("connections to be established"):
        sockets = make_sockets()
    (directory / "pid").write_text(str(os.getpid()))
    (directory / "base").write_text(base.name)
    watcher = subprocess.Popen([owners, "--each-line"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    tell_again(watcher, "first")
    tell_again(watcher, "second")
    tell("recorded", "--processes", "--record", str(directory / "recording"))
    tell("processes", "--processes")
    tell("nobody", "--processes", before=["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                                          "--bounding-set=-all", "--no-new-privs"])
    # Where only a part of the hierarchy is mounted, and somewhere else, as in a container.
    place = directory / "a place"
    place.mkdir()
    tell("part", before=["unshare", "--mount", "sh", "-ec", 'mount --bind "$0" "$1"; umount -l "$2"; shift 2; exec "$@"',
                         str(base), str(place), str(mount)])
    service.rmdir()
    tell_again(watcher, "removed")
    tell("forgotten")
    watcher.stdin.close()
    with bounded("owners --each-line to end"):
        watcher.wait()
    for s in sockets:
        s.close()


subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
try:
    play()
finally:
    join(home)
    for cgroup in reversed(cgroups):
        if cgroup.exists():
            cgroup.rmdir()
