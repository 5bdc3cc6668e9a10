#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds two sockets that are in no connection while a command runs: one that was bound to port 8081 and nothing else, and one
that was bound to port 8082, connected to port 7001, and reset by its peer.

usage: bound.py COMMAND [ARGUMENT ...]
"""
import socket
import struct
import subprocess
import sys

RESET_ON_CLOSE = struct.pack("ii", 1, 0)

bound = socket.socket()
bound.bind(("127.0.0.1", 8081))
listener = socket.socket()
listener.bind(("127.0.0.1", 7001))
listener.listen()
client = socket.socket()
client.bind(("127.0.0.1", 8082))
client.connect(("127.0.0.1", 7001))
accepted, _ = listener.accept()
accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
accepted.close()
try:
    client.recv(1)
except ConnectionResetError:
    sys.exit(subprocess.call(sys.argv[1:]))
sys.exit("the client was not reset")
