#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the seeds that no editor can: recordings (src/kernel/sockets/recording.h), sock_diag datagrams (linux/inet_diag.h)
ages (src/daemon/state_ages.c) and services (src/daemon/state_services.c).

usage: seeds.py CORPUS-DIRECTORY
"""

import pathlib
import socket
import struct
import sys

ORIGIN, FILE, REQUEST, DATAGRAM, LINE, RESULT, END = range(1, 8)
TCPDIAG_GETSOCK, NLMSG_ERROR, NLMSG_DONE = 18, 2, 3
INFO, SKMEMINFO, SHUTDOWN, CGROUP_ID = 2, 7, 8, 21

LINE_TEXT = b"   0: 0100007F:1F40 0100007F:C350 08 0:1 00:0 0 0 0 4711 1"


def message(kind, payload):
    return struct.pack("=IHHII", 16 + len(payload), kind, 2, 1, 0) + payload


def attribute(kind, payload):
    size = 4 + len(payload)
    return struct.pack("=HH", size, kind) + payload + bytes(-size % 4)


def sock(family, state, timer, local, remote, attributes=b"", inode=0):
    addresses = bytes(32)
    ident = struct.pack(">HH", local, remote) + addresses + struct.pack("=III", 0, 1, 2)
    head = struct.pack("=BBBB", family, state, timer, 0)
    return message(TCPDIAG_GETSOCK, head + ident + struct.pack("=IIIII", 0, 0, 0, 0, inode) + attributes)


def dump():
    full = (attribute(SHUTDOWN, b"\0") + attribute(SKMEMINFO, struct.pack("=9I", *range(9)))
            + attribute(CGROUP_ID, struct.pack("=Q", 1)))
    return (sock(socket.AF_INET, 10, 0, 80, 0, full, 7) + sock(socket.AF_INET6, 8, 0, 80, 50000, full, 8)
            + sock(socket.AF_INET, 6, 3, 80, 50001) + sock(socket.AF_INET, 3, 1, 80, 50002))


def established(remote, seconds, size):
    """A connection of server port 80 that was silent for so long, by a tcp_info of that size."""
    info = bytes(44) + struct.pack("=5I", 1, 0, seconds * 1000, seconds * 1000, 1500) + bytes(4) + struct.pack("=I", 20000)
    info = (info + bytes(64) + struct.pack("=5I", 9, 9, 0, 0, 9) + bytes(280))[:size]
    return sock(socket.AF_INET, 1, 2, 80, remote, attribute(SHUTDOWN, b"\0") + attribute(INFO, info))


def silences():
    return sock(socket.AF_INET, 10, 0, 80, 0) + b"".join(
        established(50000 + i, i, size) for i, size in enumerate((280, 232, 224, 104, 60, 54, 1, 0)))


def done(error=0):
    return message(NLMSG_DONE, struct.pack("=i", error))


def error(number):
    return message(NLMSG_ERROR, struct.pack("=iIHHII", number, 16, TCPDIAG_GETSOCK, 0, 1, 0))


def chunk(kind, payload=b""):
    return struct.pack("=II", kind, len(payload)) + payload


def text(**facts):
    return "".join(f"{name} {value}\n" for name, value in facts.items()).encode()


def recording(*chunks, source="sock_diag", failed=0, complete=1, states="ESTABLISHED,TIME_WAIT,CLOSE_WAIT,LISTEN"):
    origin = text(version="0.1.0", seconds=1763805000, nanoseconds=0, host="db1", boot_id="", kernel="6.18.44",
                  netns="host")
    result = text(source=source, failed=failed, complete=complete, error="", note="", wall_us=1, cpu_us=1)
    files = (chunk(FILE, struct.pack("=I", 0) + b"/proc/net/sockstat\0TCP: inuse 1 orphan 0 tw 1 alloc 2 mem 3\n")
             + chunk(FILE, struct.pack("=I", 2) + b"/proc/net/sockstat6\0"))
    return (b"tcpstated recording 1\n" + struct.pack("=I", 0x01020304) + chunk(ORIGIN, origin) + files
            + chunk(REQUEST, text(states=states, buffers=1)) + b"".join(chunks) + chunk(RESULT, result) + chunk(END))


def services(*lines, boot_id="b"):
    head = ["tcpstated-services 1", "boot_id " + boot_id, "netns host"]
    return "".join(line + "\n" for line in [*head, *lines, "end"]).encode()


def ages(*records, boot_id=b"b", saved_ms=1000, count=None):
    header = struct.pack("=8sIIQII40s256s", b"tcpages", 0x01020304, 1, saved_ms,
                         len(records) if count is None else count, 0, boot_id, b"host")
    return header + b"".join(struct.pack("=IHHI", cookie & 0xffffffff, cookie >> 32, state, age_ms)
                             for cookie, state, age_ms in records)


CLOSE_WAIT, LAST_ACK, FIN_WAIT_2 = 7, 8, 4

EVERY_STATE = ("ESTABLISHED,SYN_SENT,SYN_RECV,FIN_WAIT_1,FIN_WAIT_2,TIME_WAIT,CLOSE,CLOSE_WAIT,LAST_ACK,LISTEN,CLOSING,"
               "BOUND_INACTIVE")

SEEDS = {
    "diag_message/dump": dump() + done(),
    "diag_message/silences": silences() + done(),
    "diag_message/done_with_error": done(-4),
    "diag_message/error": error(-95),
    "diag_message/length_above_2_gib": struct.pack("=I", 0xFA000024) + message(1, bytes(20))[4:],
    "recording/dump": recording(chunk(DATAGRAM, dump()), chunk(DATAGRAM, done()), states=EVERY_STATE),
    "recording/closing_only": recording(chunk(DATAGRAM, done()), states="TIME_WAIT"),
    "recording/lines": recording(chunk(DATAGRAM, error(-1)), chunk(LINE, bytes([socket.AF_INET]) + LINE_TEXT),
                                 source="proc", states=EVERY_STATE),
    "state_services/services": services("server 7777 * 0", "server 80 192.0.2.7 3", "client 443 2001:db8::1 0"),
    "state_services/none": services(),
    "state_services/client_of_nowhere": services("client 443 * 0"),
    "state_services/other_boot": services("server 80 * 0", boot_id="c"),
    "state_services/cut": services("server 80 * 0")[:-4],
    "state_ages/ages": ages((0x1f, CLOSE_WAIT, 5000), (0xffffffffffff, LAST_ACK, 0), (2, FIN_WAIT_2, 0xffffffff)),
    "state_ages/none": ages(),
    "state_ages/of_no_closing_state": ages((1, 0, 5000)),
    "state_ages/other_boot": ages((1, CLOSE_WAIT, 5000), boot_id=b"c"),
    "state_ages/saved_in_the_future": ages((1, CLOSE_WAIT, 5000), saved_ms=1 << 63),
    "state_ages/cut": ages((1, CLOSE_WAIT, 5000), count=1 << 31),
    "recording/failed": recording(chunk(DATAGRAM, error(-1)), failed=1, complete=0, states=EVERY_STATE),
}


def main():
    for name, content in SEEDS.items():
        path = pathlib.Path(sys.argv[1], name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    main()
