#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes services and their clients in this network namespace, and knows of every socket whose it is.

usage: services.py [COMMAND ...]    each argument is a command line, obeyed before those of standard input

One process holds both ends of every connection, so that it knows what tcpstated can only conclude. Each command is answered
by one line of JSON, {"ok": true, "made": N} or {"error": "..."}; a line that begins with # is a comment. The process ends at the end of its input.

  server NAME ADDRESS:PORT [device DEVICE] [v6only] [reuseport N] [backlog N]
      listens. 0.0.0.0 and [::] are wildcards; [::] takes IPv4 too, unless v6only. With reuseport, N listeners of one group.
  connect NAME N STATE [from ADDRESS,...] [port FIRST[+STEP]] [to ADDRESS,...] [device DEVICE] [bind0] [mapped] [only END]
      makes N connections that end in STATE, one that the service has: ESTABLISHED, UNACCEPTED, CLOSE_WAIT (the clients in
      FIN_WAIT_2), FIN_WAIT_2 (the clients in CLOSE_WAIT), TIME_WAIT (no client left), CLIENT_TIME_WAIT (no server left).
      from: the clients' addresses, in turn. port: bound ones, FIRST, FIRST + STEP and so on; +0 is one port for all.
      Without it connect() chooses, or with bind0 bind(), which takes a port for every destination.
      to: the addresses to connect to, in turn; needed for a wildcard. mapped: an IPv6 socket towards an IPv4 address.
      only server, only client: the other ends vanish without a packet, as if they were on other machines.
  close NAME    closes the listeners; connections stay
  open NAME     listens again
  drop NAME N   resets the N oldest connections
  truth         {"services": [...], "sockets": [...]}: of every socket local and remote {"address", "port"}, and of which
                service it is by tcpstated's key: "side", "address" (the listener's own; null: a wildcard, or a client),
                "device" and "port". A socket in TIME_WAIT stays listed for a while after the kernel has ended it.

It needs CAP_NET_ADMIN for "only", CAP_NET_RAW for "device".
"""
import ipaddress
import itertools
import json
import resource
import select
import socket
import struct
import sys
import time
import types

TCP_REPAIR = 19
IP_BIND_ADDRESS_NO_PORT = 24
IPV6_FREEBIND = 78
# Longer than any wait of the kernel on a busy machine; a connection that takes longer is an error.
SECONDS_MAX = 30
# How long the truth knows a connection that no process holds any more: longer than TIME_WAIT.
FORGET_SECONDS = 90
STATES = ("ESTABLISHED", "UNACCEPTED", "CLOSE_WAIT", "FIN_WAIT_2", "TIME_WAIT", "CLIENT_TIME_WAIT")


def parse_endpoint(text):
    """"127.0.0.1:80" or "[::1]:80" """
    address, port = text.rsplit(":", 1)
    return ipaddress.ip_address(address.strip("[]")), int(port)


def plain(address):
    """As tcpstated prints it: without a zone, a mapped address as IPv4."""
    parsed = ipaddress.ip_address(address.split("%")[0])
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def endpoint(name):
    return {"address": plain(name[0]), "port": name[1]}


def wait_readable(*sockets):
    """Returns the first that is; select() would take no descriptor from 1024 on."""
    poll = select.poll()
    for s in sockets:
        poll.register(s, select.POLLIN)
    ready = poll.poll(SECONDS_MAX * 1000)
    if not ready:
        raise TimeoutError(f"waited {SECONDS_MAX} s for a socket")
    return next(s for s in sockets if s.fileno() == ready[0][0])


def read_end(s):
    wait_readable(s)
    if s.recv(1):
        raise OSError("data where the end of the stream was expected")


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def vanish(s):
    """Closes it without sending a segment."""
    s.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    s.close()


def bind_device(s, device):
    if device:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())


class Connection:
    """Both ends, None where none is held, and what the kernel has of them."""

    def __init__(self, service, client, server):
        self.service, self.client, self.server = service, client, server
        self.names = endpoint(client.getsockname()), endpoint(client.getpeername())
        self.client_device = client.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).rstrip(b"\0").decode() or None

    def settle(self, state):
        """Brings it into a state, which both ends have acknowledged when this returns."""
        if state == "CLOSE_WAIT":
            self.client.shutdown(socket.SHUT_WR)
            read_end(self.server)
        elif state == "FIN_WAIT_2":
            self.server.shutdown(socket.SHUT_WR)
            read_end(self.client)
        elif state in ("TIME_WAIT", "CLIENT_TIME_WAIT"):
            first, second = (self.server, self.client) if state == "TIME_WAIT" else (self.client, self.server)
            first.close()
            read_end(second)
            second.close()
            self.client = self.server = None

    def keep_only(self, end):
        other = self.client if end == "server" else self.server
        if other:
            vanish(other)
        if end == "server":
            self.client = None
        else:
            self.server = None

    def reset(self):
        for s in filter(None, (self.client, self.server)):
            reset(s)

    def sockets(self):
        """The truth about both ends, whichever the kernel still has."""
        client, server = self.names
        service = self.service
        yield {"local": server, "remote": client, "service": service.name, **service.key()}
        yield {"local": client, "remote": server, "service": service.name, "side": "client", "address": None,
               "device": self.client_device, "port": server["port"]}


class Service:
    def __init__(self, name, address, port, options):
        self.name, self.address, self.port, self.options = name, address, port, options
        self.listeners, self.connections = [], []

    def key(self):
        wildcard = self.address.is_unspecified
        return {"side": "server", "address": None if wildcard else plain(str(self.address)), "device": self.options.device,
                "port": self.port}

    def open_one(self):
        s = socket.socket(socket.AF_INET6 if self.address.version == 6 else socket.AF_INET)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.options.reuseport:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if self.address.version == 6:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, self.options.v6only)
            s.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
        bind_device(s, self.options.device)
        s.bind((str(self.address), self.port))
        s.listen(self.options.backlog)
        self.listeners.append(s)

    def open(self):
        if self.listeners:
            raise ValueError(f"{self.name} listens")
        for _ in range(max(self.options.reuseport, 1)):
            self.open_one()
        return len(self.listeners)

    def close(self):
        count = len(self.listeners)
        for s in self.listeners:
            s.close()
        self.listeners = []
        return count

    def accept(self, client):
        """The connection of this client, whichever listener of the group has it."""
        server = wait_readable(*self.listeners).accept()[0]
        if endpoint(server.getpeername()) != endpoint(client.getsockname()):
            raise OSError(f"{self.name}: accepted another connection than the one made; UNACCEPTED ones must come last")
        return server


def make_client(options, index, to, port):
    """A client that is connected, as the options of "connect" say."""
    mapped = options.mapped and to.version == 4
    s = socket.socket(socket.AF_INET6 if to.version == 6 or mapped else socket.AF_INET)
    try:
        s.settimeout(SECONDS_MAX)
        bind_device(s, options.device)
        source = options.sources[index % len(options.sources)] if options.sources else None
        own = options.first + index * options.step if options.first else 0
        if s.family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
        if source or own:
            # Before connect() chooses a port for one destination; bind() would take it for all.
            if not own and not options.bind0:
                s.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            if own:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            source = source or ("::" if to.version == 6 else "0.0.0.0")
            s.bind((f"::ffff:{source}" if mapped else source, own))
        s.connect((f"::ffff:{to}" if mapped else str(to), port))
    except OSError:
        s.close()
        raise
    return s


def options_of(words, known):
    """Reads words by their kind and default: {"device": (str, None), "v6only": (bool, None)}. A bool takes no value."""
    values = {name: False if kind is bool else default for name, (kind, default) in known.items()}
    rest = iter(words)
    for word in rest:
        if word not in known:
            raise ValueError(f"unknown word '{word}'")
        kind = known[word][0]
        values[word] = True if kind is bool else kind(next(rest))
    return types.SimpleNamespace(**values)


SERVER_WORDS = {"device": (str, None), "v6only": (bool, None), "reuseport": (int, 0), "backlog": (int, 4096)}
CONNECT_WORDS = {"from": (str, None), "port": (str, None), "to": (str, None), "device": (str, None), "bind0": (bool, None),
                 "mapped": (bool, None), "only": (str, None)}


class Services:
    def __init__(self):
        self.services = {}
        # (when, connection) of which neither end is held any more, oldest first
        self.ended = []

    def server(self, name, where, *words):
        if name in self.services:
            raise ValueError(f"there is a service {name}")
        address, port = parse_endpoint(where)
        service = Service(name, address, port, options_of(words, SERVER_WORDS))
        made = service.open()
        self.services[name] = service
        return made

    def connect(self, name, count, state, *words):
        service = self.services[name]
        options = options_of(words, CONNECT_WORDS)
        if state not in STATES:
            raise ValueError(f"'{state}' is none of {', '.join(STATES)}")
        options.sources = getattr(options, "from").split(",") if getattr(options, "from") else []
        first, _, step = (options.port or "0").partition("+")
        options.first, options.step = int(first), int(step or 1)
        targets = [ipaddress.ip_address(a) for a in options.to.split(",")] if options.to else [service.address]
        made = 0
        for index, to in zip(range(int(count)), itertools.cycle(targets)):
            try:
                client = make_client(options, index, to, service.port)
            except OSError as error:
                return made, f"connect() number {index + 1}: {error.strerror}"
            self.add(service, client, state, options.only)
            made += 1
        return made

    def add(self, service, client, state, only):
        server = None if state == "UNACCEPTED" else service.accept(client)
        connection = Connection(service, client, server)
        connection.settle(state)
        if only:
            connection.keep_only(only)
        if connection.client or connection.server:
            service.connections.append(connection)
        else:
            self.ended.append((time.monotonic(), connection))

    def close(self, name):
        return self.services[name].close()

    def open(self, name):
        return self.services[name].open()

    def drop(self, name, count):
        service = self.services[name]
        dropped, service.connections = service.connections[:int(count)], service.connections[int(count):]
        for connection in dropped:
            connection.reset()
        return len(dropped)

    def truth(self):
        # By both names: a pair of addresses and ports may come again, and the newer connection has it then.
        sockets = {}
        now = time.monotonic()
        self.ended = [(when, c) for when, c in self.ended if now - when < FORGET_SECONDS]
        connections = [c for _, c in self.ended]
        for service in self.services.values():
            connections += service.connections
        for connection in connections:
            for s in connection.sockets():
                sockets[json.dumps((s["local"], s["remote"]))] = s
        services = [{"name": service.name, **service.key(), "listeners": len(service.listeners),
                     "connections": len(service.connections)} for service in self.services.values()]
        return {"services": services, "sockets": list(sockets.values())}

    def obey(self, line):
        """Returns the answer to a command, or None for a line without one."""
        words = line.split()
        commands = {"server": self.server, "connect": self.connect, "close": self.close, "open": self.open,
                    "drop": self.drop}
        if not words or words[0].startswith("#"):
            return None
        try:
            if words == ["truth"]:
                return self.truth()
            if words[0] not in commands:
                raise ValueError(f"'{words[0]}' is no command")
            made = commands[words[0]](*words[1:])
        except (ValueError, TypeError, KeyError, StopIteration, OSError) as error:
            return {"error": f"{line.strip()}: {error!r}"}
        if isinstance(made, tuple):
            return {"ok": False, "made": made[0], "error": made[1]}
        return {"ok": True, "made": made}


def main():
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    services = Services()
    for line in itertools.chain(sys.argv[1:], sys.stdin):
        answer = services.obey(line)
        if answer is not None:
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
