#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How long connect() searches for a local port, by the share of the ports that are in use towards the destination. As root; in a
network namespace of its own. Connections to an address that does not answer: connect() returns at once, and the search is all
that it does."""
import errno
import os
import resource
import socket
import statistics
import subprocess
import sys
import time

SHARES = (0, 25, 49, 51, 75, 90, 99)
TRIES = 400


def connect():
    s = socket.socket()
    s.setblocking(False)
    start = time.perf_counter()
    error = s.connect_ex(("10.9.0.7", 5432))
    took = time.perf_counter() - start
    assert error == errno.EINPROGRESS, os.strerror(error)
    return s, took


def hold(count, alive, end):
    """Makes connections in a process of its own, since one has no descriptors for all, and leaves them there."""
    ready, done = os.pipe()
    if os.fork() == 0:
        os.close(end)
        kept = [connect()[0] for _ in range(count)]
        os.write(done, b"x")
        os.read(alive, 1)
        os._exit(len(kept) > count)
    os.read(ready, 1)
    os.close(ready)
    os.close(done)


def main():
    if not os.environ.get("CONNECT_SEARCH_IN_NETNS"):
        os.environ["CONNECT_SEARCH_IN_NETNS"] = "1"
        os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])
    ports = int(sys.argv[1]) if len(sys.argv) > 1 else 28232
    first = min(32768, 65536 - ports)
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    subprocess.run("ip link set lo up; ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up;"
                   "ip addr add 10.9.0.1/24 dev v0; ip neigh add 10.9.0.7 lladdr 02:00:00:00:00:09 dev v0;"
                   "echo 100 >/proc/sys/net/ipv4/tcp_syn_retries;"  # none gives up meanwhile
                   f"echo {first} {first + ports - 1} >/proc/sys/net/ipv4/ip_local_port_range", shell=True, check=True)
    kept = 0
    alive, end = os.pipe()  # its writing end closes with this process, and then the others end
    print(f"{ports:,} ports")
    for share in SHARES:
        while kept * 100 < ports * share:
            count = min(limit - 100, -(-ports * share // 100) - kept)
            hold(count, alive, end)
            kept += count
        times = []
        for _ in range(TRIES):
            s, took = connect()
            times.append(took * 1e6)
            s.close()
        worst = statistics.quantiles(times, n=100)[98]
        print(f"{share:3} % in use: median {statistics.median(times):7.0f} us, 99 of 100 within {worst:7.0f} us", flush=True)


if __name__ == "__main__":
    main()
