#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_limits.py – clients that are too many, too slow, or want too much."""
import os
import resource
import signal
import socket
import time

from lib.server import Server, standin
from lib.tap import done, has, is_, ok, skip, skip_all
from lib.wire import Wire, call, post

if not standin():
    skip_all("tests/server/standin is not built")


def start(**settings):
    return Server(program_path=standin(), settings={k.replace("_", "-"): v for k, v in settings.items()})


def seconds(function):
    """How long it takes, and what it returns."""
    begin = time.monotonic()
    result = function()
    return time.monotonic() - begin, result


def is_served(where, source=None):
    with Wire(where, source=source) as wire:
        try:
            return wire.ask(post(call("echo"))) is not None
        except (BrokenPipeError, ConnectionResetError):
            return False


def wait_served(where):
    """The places of those who left become free a moment later."""
    deadline = time.monotonic() + 20
    while not is_served(where) and time.monotonic() < deadline:
        time.sleep(0.005)
    return time.monotonic() < deadline


def hold(where, count, source=None):
    """Connections that are really in."""
    wires = [Wire(where, source=source) for _ in range(count)]
    for wire in wires:
        assert wire.ask(post(call("echo"))).status == 200
    return wires


def test_connections():
    with start(max_connections=6, max_connections_per_address=4) as server:
        path = server.unix[len("unix:"):]
        wires = hold(server.port, 4)
        ok(not is_served(server.port), "the fifth connection of an address is closed at once")
        wires += hold(server.port, 2, source="127.0.0.2")
        ok(not is_served(server.port, source="127.0.0.3"), "the seventh of all addresses together too")
        unix = hold(path, 6)
        ok(not is_served(path), "the seventh on the Unix socket too, where the limit is only the total")
        has(server.stderr(), "max-connections-per-address", "the log says so")
        is_(server.stderr().count("was refused"), 1, "once a minute")
        wires.pop(0).close()
        ok(wait_served(server.port), "one that leaves makes room")
        unix[0].close()
        ok(wait_served(path), "on the Unix socket too")
        for wire in wires + unix:
            wire.close()
    with start(max_connections=3) as server:
        wires = hold(server.port, 3)
        ok(not is_served(server.port), "the fourth connection in all is closed at once")
        ok(is_served(server.unix[len("unix:"):]), "root still gets in over the Unix socket")


def test_slow():
    with start(request_timeout="1s", idle_timeout="3s") as server:
        with Wire(server.port) as wire:
            took, closed = seconds(wire.is_closed)
            ok(closed and 0.9 < took < 2.9, f"who says nothing is closed ({took:.1f} s)")
        with Wire(server.port) as wire:
            took, closed = seconds(lambda: trickle(wire, b"POST / HTTP/1.1\r\nX: " + b"x" * 1000))
            ok(closed and 0.9 < took < 2.9, f"a header that trickles in is cut ({took:.1f} s)")
        request = post(call("echo", "x" * 500))
        with Wire(server.port) as wire:
            wire.send(request[:-500])
            took, closed = seconds(lambda: trickle(wire, request[-500:]))
            ok(closed and 0.9 < took < 2.9, f"a body that trickles in is cut ({took:.1f} s)")
        with Wire(server.port) as wire:
            took, reply = seconds(lambda: wire.ask(post(call("later", 2500))))
            is_(reply and reply.status, 200, "a call may take longer than its request")
            took, closed = seconds(wire.is_closed)
            ok(closed and 2.5 < took < 5, f"an idle connection is kept longer ({took:.1f} s)")
        with Wire(server.unix[len("unix:"):]) as wire:
            took, closed = seconds(wire.is_closed)
            ok(closed and 0.9 < took < 2.9, f"on the Unix socket too ({took:.1f} s)")


def trickle(wire, data):
    """A byte at a time; returns whether the server closed the connection."""
    wire.socket.settimeout(0.02)
    for byte in data:
        try:
            wire.send(bytes([byte]))
            if wire.socket.recv(1) == b"":
                return True
        except socket.timeout:
            pass
        except (BrokenPipeError, ConnectionResetError):
            return True
    return False


def test_readers():
    """Clients that do not read: what is held for them is bounded in bytes and in time."""
    with start(max_reply_bytes_in_flight="8m", request_timeout="1s") as server:
        wires = [Wire(server.port) for _ in range(3)]
        for wire in wires:
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            wire.send(post(call("big", 30_000_000)))
        deadline = time.monotonic() + 20
        reply = None
        while not (reply and reply.status == 503) and time.monotonic() < deadline:
            with Wire(server.port) as wire:
                reply = wire.ask(post(call("echo")))
        is_(reply.status, 503, "too much is in flight: 503")
        ok(int(reply.headers["retry-after"]) > 0, "come again later")
        with Wire(server.path("socket")) as wire:
            is_(wire.ask(post(call("echo"))).status, 200, "over the Unix socket it is served all the same")
        for wire in wires:
            wire.close()
        deadline = time.monotonic() + 20
        while reply.status == 503 and time.monotonic() < deadline:
            with Wire(server.port) as wire:
                reply = wire.ask(post(call("echo")))
        is_(reply.status, 200, "once they have left it is served again")


def test_lockstep():
    """As many requests at once on each thread as it asks the kernel for in one go (128 events, by libmicrohttpd): none is left."""
    with start(max_connections_per_address="1000") as server:
        wires = [Wire(server.port) for _ in range(256)]
        for wire in wires:
            wire.ask(post(call("echo")))
        server.signal(signal.SIGSTOP)
        for wire in wires:
            wire.send(post(call("echo")))
        server.signal(signal.SIGCONT)
        answered = 0
        for wire in wires:
            try:
                answered += wire.reply().status == 200
            except socket.timeout:
                break
        is_(answered, 256, "256 requests that come at once are all answered")
        for wire in wires:
            wire.close()


def cpu_seconds(server):
    fields = open(f"/proc/{server.process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_files():
    """Out of file descriptors it goes on, and does not spin."""
    with start() as server:
        limit = len(os.listdir(f"/proc/{server.process.pid}/fd")) + 10
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
        wires = [Wire(server.port) for _ in range(40)]
        before = cpu_seconds(server)
        ok(not is_served(server.port), "without file descriptors a connection is closed at once")
        ok(wires[-1].is_closed(), "as those before it were")
        time.sleep(0.5)
        ok(cpu_seconds(server) - before < 0.3, "and it does not spin")
        has(server.stderr(), "Too many open files", "the log says why")
        for wire in wires:
            wire.close()
        ok(wait_served(server.port), "then it goes on")


def test_ipv6():
    if not os.path.exists("/proc/net/if_inet6") or "lo" not in open("/proc/net/if_inet6").read():
        skip("there is no IPv6")
        return
    with Server(program_path=standin(), listen=["http://[::1]:0", "http://localhost:0"],
                settings={"max-connections-per-address": "2"}) as server:
        ok(server.addresses[0].startswith("http://[::1]:"), "IPv6 in brackets")
        wires = [Wire(server.port, host="::1") for _ in range(2)]
        is_([w.ask(post(call("origin"))).value[0] for w in wires], ["::1", "::1"], "knows who calls")
        with Wire(server.port, host="::1") as wire:
            ok(wire.is_closed(), "the limit holds there too")
        port = int(server.addresses[1].rsplit(":", 1)[1])
        is_(Wire(port).ask(post(call("echo"))).status, 200, "localhost is 127.0.0.1,")
        for wire in wires:
            wire.close()
        if socket.AF_INET6 in {info[0] for info in socket.getaddrinfo("localhost", 0)}:
            is_(Wire(port, host="::1").ask(post(call("echo"))).status, 200, "and ::1 with the same port")


test_connections()
test_slow()
test_readers()
test_lockstep()
test_files()
test_ipv6()
done()
