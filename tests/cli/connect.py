#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: connect.py PORT N: opens N connections to a port of this host, says so with a line, and holds them until its
# standard input ends.
import socket
import sys

# Nothing here takes so long; without a bound a connection that nobody answers would hold up the test.
SECONDS_MAX = 60

port, count = int(sys.argv[1]), int(sys.argv[2])
connections = [socket.create_connection(("127.0.0.1", port), SECONDS_MAX) for _ in range(count)]
print("ready", flush=True)
sys.stdin.read()
