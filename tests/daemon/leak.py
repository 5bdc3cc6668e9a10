#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: leak.py PORT ADDRESS=N ...: a server on the port of each address of this host that leaks N connections whose clients
# have closed. Says so with a line, and holds them until it is killed.
import signal
import socket
import sys

# Nothing here takes so long; without a bound a connection that nobody answers would hold up the test.
SECONDS_MAX = 60

port, held = int(sys.argv[1]), []
for word in sys.argv[2:]:
    address, count = word.split("=")
    listener = socket.create_server((address, port))
    listener.settimeout(SECONDS_MAX)
    for _ in range(int(count)):
        client = socket.create_connection((address, port), SECONDS_MAX)
        server, _ = listener.accept()
        client.close()
        # It has read the end, and keeps the socket.
        assert server.recv(1) == b""
        held.append(server)
    held.append(listener)
print("ready", flush=True)
signal.pause()
