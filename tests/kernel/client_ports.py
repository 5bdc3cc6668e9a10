#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: client_ports.py [NAME ...]: makes situations of local ports in use, each in a network namespace of its own, asks tcpstated
how many more connections are possible, and then really connects until connect() or bind() fails. Prints a line for each:

    NAME reported MIN MAX made N towards WHOM: of TOTAL ports

"certain" before it: nothing about the ports is hidden from tcpstated, so that the range must be narrow."""
import json
import os
import socket
import struct
import subprocess
import sys

SO_BINDTODEVICE, IP_BIND_ADDRESS_NO_PORT = 25, 24
FIRST, PORTS = 40000, 300
SERVER_PORT = 443
situations = {}
kept = []


def situation(certain=True, **sysctls):
    def add(function):
        situations[function.__name__.replace("_", "-")] = (function, certain, sysctls)
        return function
    return add


def run(command):
    subprocess.run(command, shell=True, check=True)


def sysctl(name, value):
    with open("/proc/sys/net/" + name, "w", encoding="ascii") as file:
        file.write(str(value))


def reset(sockets):
    """Closes without TIME_WAIT."""
    for s in sockets:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()


def listen(address, port=SERVER_PORT, family=socket.AF_INET, backlog=4000):
    s = socket.socket(family)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    s.listen(backlog)
    kept.append(s)
    return s


def connect(address, port=SERVER_PORT, source=None, bind_port=None, device=None, scope=0, reuse=False):
    """One connection; bind_port None: connect() chooses the port. Returns the socket, or None when there is no port left."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    c = socket.socket(family)
    c.setblocking(False)
    try:
        if reuse:
            c.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if device:
            c.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, device.encode())
        if source:
            if bind_port is None:
                c.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            c.bind((source, bind_port or 0) + ((0, scope) if family == socket.AF_INET6 else ()))
        c.connect((address, port) + ((0, scope) if family == socket.AF_INET6 else ()))
    except BlockingIOError:
        pass
    except OSError:
        c.close()
        return None
    return c


def connects(count, *args, **kwargs):
    made = [connect(*args, **kwargs) for _ in range(count)]
    assert all(made), f"{sum(map(bool, made))} of {count}"
    kept.extend(made)
    return made


def time_waits(count, address="127.0.1.1", wait=True, **kwargs):
    """Connections that this side closes first; without wait, of which some are too young to be taken again."""
    server = listen(address)
    clients = []
    for _ in range(count):
        c = connect(address, **kwargs)
        c.setblocking(True)
        clients.append((c, server.accept()[0]))
    for c, s in clients:
        c.close()
        s.close()
    if wait:
        # The kernel's delay before it takes a TIME_WAIT again; nothing announces its end.
        youngest = "ss -tanHo state time-wait | sed 's/.*timewait,//' | grep -c -E '^(min|[0-9]+ms|5[89]|1min)' || true"
        while int(subprocess.run(youngest, shell=True, capture_output=True, check=True).stdout) > 0:
            pass


def many(n, first=1):
    return [f"127.0.1.{i}" for i in range(first, first + n)]


@situation()
def one_destination():
    listen("127.0.1.1")
    connects(120, "127.0.1.1")


@situation()
def more_than_half():
    listen("127.0.1.1")
    connects(250, "127.0.1.1")


@situation()
def two_destinations():
    for address in many(2):
        listen(address)
    connects(200, "127.0.1.1")
    connects(190, "127.0.1.2")


@situation()
def none_left():
    listen("127.0.1.1")
    connects(PORTS, "127.0.1.1")


@situation()
def listeners_in_the_range():
    listen("127.0.1.1")
    for port in range(FIRST, FIRST + 80):
        listen("127.0.0.7", port)
    connects(100, "127.0.1.1")


@situation()
def chosen_ports():
    for address in many(2):
        listen(address)
    for i in range(60):
        connects(1, "127.0.1.2", source="127.0.0.1", bind_port=FIRST + 2 * i)
    connects(50, "127.0.1.1")


@situation()
def chosen_on_top_of_others():
    for address in many(2):
        listen(address)
    connects(200, "127.0.1.1")
    for i in range(40):
        connects(1, "127.0.1.2", source="127.0.0.9", bind_port=FIRST + 2 * i, reuse=True)
    connects(100, "127.0.1.2")


@situation()
def bound_to_port_0():
    for address in many(3):
        listen(address)
    for address in many(2):
        connects(75, address, source="127.0.0.1", bind_port=0)
    connects(20, "127.0.1.3")


@situation()
def bound_to_port_0_all():
    for address in many(10):
        listen(address)
    for _ in range(30):
        for address in many(10):
            connects(1, address, source="127.0.0.1", bind_port=0)


@situation()
def bound_to_port_0_most():
    for address in many(10):
        listen(address)
    for _ in range(25):
        for address in many(10):
            connects(1, address, source="127.0.0.1", bind_port=0)


@situation()
def bound_from_another_source():
    for address in many(2):
        listen(address)
    connects(100, "127.0.1.1", source="127.0.0.9", bind_port=0)
    connects(110, "127.0.1.2")


@situation()
def bound_and_not_connected():
    listen("127.0.1.1")
    for _ in range(70):
        s = socket.socket()
        s.bind(("127.0.0.1", 0))
        kept.append(s)
    connects(60, "127.0.1.1")


@situation()
def bound_without_port():
    for address in many(2):
        listen(address)
    connects(140, "127.0.1.1", source="127.0.0.9")
    connects(130, "127.0.1.2", source="127.0.0.9")


@situation(**{"ipv4/ip_local_reserved_ports": "39990-40049,40298-40310"})
def reserved_ports():
    listen("127.0.1.1")
    connects(100, "127.0.1.1")


@situation(**{"ipv4/ip_local_port_range": "40000 40298"})
def odd_number_of_ports():
    listen("127.0.1.1")
    connects(140, "127.0.1.1")


@situation(**{"ipv4/ip_local_port_range": "40001 40300"})
def range_from_an_odd_port():
    for address in many(3):
        listen(address)
    connects(75, "127.0.1.1", source="127.0.0.1", bind_port=0)
    connects(75, "127.0.1.2")
    connects(60, "127.0.1.3")


@situation()
def mapped_addresses():
    listen("127.0.1.1")
    connects(100, "127.0.1.1")
    connects(80, "::ffff:127.0.1.1")


@situation()
def ipv6():
    listen("::1", family=socket.AF_INET6)
    listen("127.0.1.1")
    connects(110, "::1")
    connects(90, "127.0.1.1")


def links():
    for d in ("v", "w"):
        run(f"ip link add {d}0 type veth peer name {d}1; echo 0 > /proc/sys/net/ipv6/conf/{d}0/dad_transmits;"
            f"ip link set {d}0 addrgenmode none; ip link set {d}0 up; ip link set {d}1 up; ip addr add 10.9.0.1/24 dev {d}0;"
            f"ip -6 addr add fe80::1/64 dev {d}0 nodad; ip neigh add 10.9.0.7 lladdr 02:00:00:00:00:09 dev {d}0;"
            f"ip neigh add fe80::7 lladdr 02:00:00:00:00:09 dev {d}0")


@situation()
def two_devices():
    links()
    connects(200, "10.9.0.7", device="v0")
    connects(210, "10.9.0.7", device="w0")


@situation()
def a_device_and_none():
    links()
    connects(60, "10.9.0.7")
    connects(100, "10.9.0.7", device="v0")


@situation()
def link_local_zones():
    links()
    for d, n in (("v0", 120), ("w0", 145)):
        connects(n, "fe80::7", scope=socket.if_nametoindex(d))


@situation()
def servers_in_the_range():
    listen("127.0.1.1")
    server = listen("127.0.1.2", FIRST + 10)
    for i in range(40):
        connects(1, "127.0.1.2", FIRST + 10, source="127.0.0.1", bind_port=20000 + i)
        kept.append(server.accept()[0])
    server.close()
    connects(100, "127.0.1.1")


@situation()
def two_sources():
    listen("127.0.1.1")
    connects(150, "127.0.1.1")
    connects(170, "127.0.1.1", source="127.0.0.9")


@situation(certain=False, **{"ipv4/tcp_tw_reuse": 0})
def time_wait_kept():
    time_waits(200)


@situation(certain=False)
def time_wait_reusable():
    time_waits(200)


@situation(certain=False)
def time_wait_young():
    time_waits(200, wait=False)


@situation(certain=False, **{"ipv4/tcp_timestamps": 0})
def time_wait_without_timestamps():
    time_waits(200)


@situation(certain=False)
def time_wait_bound():
    listen("127.0.1.2")
    time_waits(100, source="127.0.0.1", bind_port=0)
    connects(110, "127.0.1.2")


@situation(certain=False)
def time_wait_bound_all():
    for address in many(10, 2):
        time_waits(30, address, wait=False, source="127.0.0.1", bind_port=0)


@situation(certain=False)
def time_wait_and_connected():
    time_waits(150)
    connects(100, "127.0.1.1")


def probe(reported):
    """How many connections are really made as reported, until there is no port left."""
    d = reported["destination"]
    made = 0
    if d is None:
        d = {"address": "127.0.1.1", "device": None, "port": SERVER_PORT, "source": None}
    scope = socket.if_nametoindex(d["device"]) if d["device"] else 0
    link_local = (d["address"] or "").startswith("fe80:")
    while made <= reported["max"]:
        if d["port"]:
            c = connect(d["address"], d["port"], source=d["source"], device=None if link_local else d["device"],
                        scope=scope if link_local else 0)
        else:
            c = connect("127.0.1.1", source=d["source"], bind_port=0)
        if not c:
            break
        kept.append(c)
        made += 1
    return made


def play(name):
    function, certain, sysctls = situations[name]
    run("ip link set lo up")
    sysctl("ipv4/ip_local_port_range", f"{FIRST} {FIRST + PORTS - 1}")
    for key, value in sysctls.items():
        sysctl(key, value)
    function()
    document = json.loads(subprocess.run([os.environ["TCPSTATED"], "--json"], capture_output=True, check=True).stdout)
    reported = document["limits"]["client_ports"]
    made = probe(reported)
    d = reported["destination"] or {}
    print(f"{name} {'certain' if certain else 'uncertain'} reported {reported['usable_min']} {reported['usable_max']} made {made} "
          f"towards {d.get('address')} {d.get('device')} {d.get('port')} from {d.get('source')} of {reported['max']} "
          f"likely {reported['usable']}", flush=True)


def main():
    if os.environ.get("CLIENT_PORTS_IN_NETNS"):
        return play(sys.argv[1])
    status = 0
    for name in sys.argv[1:] or situations:
        command = ["unshare", "--net", sys.executable, sys.argv[0], name]
        status |= subprocess.run(command, env={**os.environ, "CLIENT_PORTS_IN_NETNS": "1"}, check=False).returncode
    return status


if __name__ == "__main__":
    sys.exit(main())
