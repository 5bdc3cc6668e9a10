#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Listens where NOTIFY_SOCKET points, as systemd does: prints each message, an empty line behind it."""

import socket
import sys

listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1])
while True:
    print(listener.recv(65536).decode().rstrip("\n"), end="\n\n", flush=True)
