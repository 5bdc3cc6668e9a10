#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: connect.py PORT N: opens N connections to a port of this host, says so with a line, and holds them until its
# standard input ends.
import socket
import sys

port, count = int(sys.argv[1]), int(sys.argv[2])
connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
print("ready", flush=True)
sys.stdin.read()
