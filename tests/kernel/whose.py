#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Leaks sockets of several owners on shared ports, and lets tcpstated tell whose they are.

usage: whose.py TCPSTATED DIRECTORY   as root, in a network namespace of its own

Into DIRECTORY go what it printed (PORT.explain, PORT.check, all.json; gone.explain, gone.check), and "base", the name of the
cgroup around all others. The cgroups are gone when it ends.

port  its sockets
7001  one listener each of web.service and game.service (SO_REUSEPORT): 150 CLOSE_WAIT of whichever got them
7002  web.service listens on 127.0.0.1 and has none; game.service on 127.0.0.2, with 100
7003  mud.socket listens and accepts, mud.service holds 100
7004  a user's own nginx.service has 100
7005  left.service, which was removed, has 100 that this process holds; web.service listens
"""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys

tcpstated, directory = sys.argv[1], pathlib.Path(sys.argv[2])
SECONDS_MAX = 120
USER = 4000000 + os.getpid()
SERVICE_UID = 65533


def expire(*_):
    raise TimeoutError(f"waited {SECONDS_MAX} s")


signal.signal(signal.SIGALRM, expire)
signal.alarm(SECONDS_MAX)


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
made = []


def cgroup(path):
    """Makes a cgroup, and those around it."""
    missing = [p for p in [path, *path.parents] if not p.exists()]
    for p in reversed(missing):
        p.mkdir()
        made.append(p)
    return path


def join(path):
    (path / "cgroup.procs").write_text(str(os.getpid()))


@contextlib.contextmanager
def inside(path):
    join(path)
    try:
        yield
    finally:
        join(home)


def listen(port, address="127.0.0.1", reuseport=False):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if reuseport:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((address, port))
    listener.listen(1000)
    return listener


def leak(listeners, number):
    """Connections that the peers left; each is accepted by the listener that got it."""
    for _ in range(number):
        peer = socket.create_connection(listeners[0].getsockname())
        for listener in listeners:
            listener.setblocking(False)
        accepted = None
        while not accepted:
            for listener in listeners:
                with contextlib.suppress(BlockingIOError):
                    accepted = listener.accept()[0]
                    break
        accepted.setblocking(True)
        peer.close()
        # The FIN has come when there is its end to read.
        assert accepted.recv(1, socket.MSG_PEEK) == b""
        yield accepted


def tell(name, *options):
    with open(directory / name, "w") as out:
        subprocess.run([tcpstated, *options], stdout=out, check=False)


def hold_in(path, uid, others):
    """A child in that cgroup, with every socket that this process has but those. It ends with the pipe."""
    reading, writing = os.pipe()
    ready, done = os.pipe()
    pid = os.fork()
    if pid:
        os.close(reading)
        os.close(done)
        os.read(ready, 1)
        return pid, writing
    os.close(writing)
    for s in others:
        s.close()
    join(path)
    os.setgid(uid)
    os.setuid(uid)
    os.write(done, b"x")
    os.read(reading, 1)
    os._exit(0)


def play():
    web, game = cgroup(base / "web.service"), cgroup(base / "game.service")
    activated, mud = cgroup(base / "mud.socket"), cgroup(base / "mud.service")
    left = cgroup(base / "left.service")
    user = cgroup(mount / "user.slice" / f"user-{USER}.slice" / f"user@{USER}.service" / "nginx.service")
    kept = []
    with inside(web):
        kept += [listen(7001, reuseport=True), listen(7002)]
    with inside(game):
        kept += [listen(7001, reuseport=True), listen(7002, "127.0.0.2")]
    kept += leak([kept[0], kept[2]], 150)
    kept += leak([kept[3]], 100)
    with inside(user):
        kept.append(listen(7004))
    kept += leak([kept[-1]], 100)
    with inside(left):
        old = listen(7005)
    kept += leak([old], 100)
    old.close()
    left.rmdir()
    with inside(web):
        kept.append(listen(7005))
    with inside(activated):
        manager = listen(7003)
    held = [manager, *leak([manager], 100)]
    child, pipe = hold_in(mud, SERVICE_UID, kept)
    for s in held:
        s.close()
    for port in range(7001, 7006):
        tell(f"{port}.explain", "--explain", str(port))
        tell(f"{port}.check", "--check", "--port", str(port))
    tell("all.json", "--explain", "--json")
    activated.rmdir()
    tell("gone.explain", "--explain", "7003")
    tell("gone.check", "--check", "--port", "7003")
    os.close(pipe)
    os.waitpid(child, 0)
    for s in kept:
        s.close()


subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
(directory / "base").write_text(base.name)
(directory / "user").write_text(str(USER))
try:
    play()
finally:
    join(home)
    for path in reversed(made):
        with contextlib.suppress(OSError):
            path.rmdir()
