# SPDX-License-Identifier: GPL-2.0-or-later
"""Sockets as tcpstated-lab does not make them, on loopback, while a command runs.

usage: spread.py leak PORTS COMMAND ...      a program that leaks one connection in CLOSE_WAIT on each of so many ports
       spread.py stuck COMMAND ...           4 listeners on port 8443 (SO_REUSEPORT), one of which accepts nothing any more
       spread.py backlog COMMAND ...         a listener on port 9002 with a backlog of 0 that accepts nothing
       spread.py busy COMMAND ...            55 busy ports, and with less memory a hung service on port 8500 and a leak on port 8600

Exits with the status of the command.
"""

import resource
import socket
import subprocess
import sys

FIRST_PORT = 10000


def listen(port, backlog, options=()):
    listener = socket.socket()
    for option in options:
        listener.setsockopt(socket.SOL_SOCKET, option, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(backlog)
    return listener


def connect(port):
    """Without waiting for the answer, which a full queue does not give."""
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(("127.0.0.1", port))
    return client


def pair(listener):
    client = socket.create_connection(listener.getsockname())
    return client, listener.accept()[0]


def leak(ports):
    """The clients leave, and the program keeps its end open."""
    kept = []
    for port in range(FIRST_PORT, FIRST_PORT + ports):
        listener = listen(port, 5)
        client, server = pair(listener)
        client.close()
        kept += [listener, server]
    return kept


def stuck():
    listeners = [listen(8443, 128, [socket.SO_REUSEPORT]) for _ in range(4)]
    kept = list(listeners)
    for listener in listeners:
        listener.setblocking(False)
    for _ in range(900):
        kept.append(connect(8443))
        for listener in listeners[1:]:
            try:
                kept.append(listener.accept()[0])
            except BlockingIOError:
                pass
    return kept


def backlog():
    return [listen(9002, 0)] + [connect(9002) for _ in range(10)]


def busy():
    kept = []
    for port in range(7000, 7055):
        listener = listen(port, 100)
        kept.append(listener)
        for _ in range(40):
            ends = pair(listener)
            ends[0].sendall(b"x" * 9000)
            kept += ends
    kept += [listen(8500, 5)] + [connect(8500) for _ in range(30)]
    listener = listen(8600, 100)
    kept.append(listener)
    for _ in range(60):
        client, server = pair(listener)
        client.close()
        kept.append(server)
    return kept


def main():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    make, *command = sys.argv[1:]
    if make == "leak":
        kept, command = leak(int(command[0])), command[1:]
    else:
        kept = {"stuck": stuck, "backlog": backlog, "busy": busy}[make]()
    status = subprocess.run(command, check=False).returncode
    del kept
    sys.exit(status)


main()
