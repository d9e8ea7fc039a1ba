#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""hostile.py – clients that mean harm, against the real server: others are served, memory and descriptors stay bounded.

XENAPID_HOSTILE=long: as many as docs/durability.md says (make hostile); otherwise a short form of the same. How long others wait
is printed, not judged.
"""
import os
import resource
import socket
import statistics
import threading
import time

from lib.server import Failure, Server, program
from lib.simulator import Simulator
from lib.tap import diag, done, has, is_, ok, raises, skip_all
from lib.wire import Wire, call, post

if not program():
    skip_all("xenapid is not built")

LONG = os.environ.get("XENAPID_HOSTILE") == "long"
MIB = 1 << 20
PATIENCE = 120
EVERYBODY = {"max-connections": "12000", "max-connections-per-address": "12000"}


def many(few, lots):
    return lots if LONG else few


def raise_own_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def resident_mib(server):
    with open(f"/proc/{server.process.pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MIB


def until(condition):
    """Whether it came true before patience ran out; asked again and again."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def figures(what, waits):
    waits = sorted(waits)
    diag(f"{what}: {len(waits)} calls, p50 {statistics.median(waits) * 1000:.1f} ms, "
         f"p99 {waits[int(len(waits) * 0.99)] * 1000:.1f} ms, longest {waits[-1] * 1000:.1f} ms")


class Honest(threading.Thread):
    """Asks and changes one VM, so many times; how long each took is in `waits`."""

    def __init__(self, server, vm, calls):
        super().__init__()
        self.session = server.login()
        self.vm = vm
        self.calls = calls
        self.waits = []

    def run(self):
        for i in range(self.calls):
            begin = time.monotonic()
            if i % 2:
                self.session.VM.set_name_description(self.vm, str(i))
            else:
                self.session.VM.get_record(self.vm)
            self.waits.append(time.monotonic() - begin)
        self.session.close()


def add_vm(session, name="honest"):
    return session.VM.create({"name_label": name, "memory_static_max": str(64 * MIB)})


def serve_others(server, vm, what, clients=10, calls=None):
    """Ten clients beside whatever goes on: all their calls are answered, and rightly."""
    calls = calls or many(20, 200)
    others = [Honest(server, vm, calls) for _ in range(clients)]
    for other in others:
        other.start()
    for other in others:
        other.join()
    waits = [wait for other in others for wait in other.waits]
    is_(len(waits), clients * calls, f"{what}: {clients} others are served, every call")
    figures(what, waits)


def is_left(server, before, what):
    ok(until(lambda: descriptors(server) <= before), f"{what}: no descriptor is left ({descriptors(server)}, {before} before)")


def test_trickle():
    """A byte a second: cut off after request-timeout, however busily it trickles."""
    count = many(200, 1000)
    with Server(settings={**EVERYBODY, "request-timeout": many("3s", "30s")}) as server:
        session = server.login()
        vm = add_vm(session)
        before = descriptors(server)
        request = post(call("VM.get_all", session.ref))
        wires = [Wire(server.port) for _ in range(count)]
        served = threading.Thread(target=serve_others, args=(server, vm, f"a byte a second from {count} connections"))
        served.start()
        cut = 0
        deadline = time.monotonic() + PATIENCE
        at = 0
        while wires and time.monotonic() < deadline:
            rest = [wire for wire in wires if trickles(wire, request[at:at + 1] or b" ")]
            cut += len(wires) - len(rest)
            wires, at = rest, at + 1
            time.sleep(1)
        served.join()
        is_(cut, count, "all of them are cut off")
        is_left(server, before, "a byte a second")


def trickles(wire, byte):
    """Sends it; False: the server has closed the connection."""
    try:
        wire.send(byte)
        wire.socket.setblocking(False)
        return wire.socket.recv(1) != b""
    except BlockingIOError:
        wire.socket.setblocking(True)
        return True
    except (BrokenPipeError, ConnectionResetError):
        return False


def test_idle():
    """Keep-alive connections that ask nothing more cost some memory each, and nobody else anything."""
    count = many(500, 5000)
    with Server(settings=EVERYBODY) as server:
        session = server.login()
        vm = add_vm(session)
        before, memory = descriptors(server), resident_mib(server)
        request = post(call("VM.get_uuid", session.ref, vm))
        wires = []
        for _ in range(count):
            wires.append(Wire(server.port))
            assert wires[-1].ask(request).status == 200
        diag(f"{count} idle connections: {(resident_mib(server) - memory) * 1024 / count:.1f} KiB of memory each")
        ok(resident_mib(server) - memory < 64 + count * 0.064, "their memory is bounded")
        serve_others(server, vm, f"{count} idle connections")
        ok(all(wire.ask(request).status == 200 for wire in wires[::50]), "they are served when they ask again")
        for wire in wires:
            wire.close()
        is_left(server, before, "idle connections")


def test_half_closed():
    """Who closes one side only has left; what it has asked for is done, and nothing of it stays."""
    count = many(200, 2000)
    with Server(settings=EVERYBODY) as server:
        session = server.login()
        vm = add_vm(session)
        before = descriptors(server)
        wires = []
        for i in range(count):
            wire = Wire(server.port)
            wire.send(post(call("VM.add_tags", session.ref, vm, str(i))) if i % 2 else
                      post(call("event.from", session.ref, ["task"], "", 60.0)))
            wire.socket.shutdown(socket.SHUT_WR)
            wires.append(wire)
        serve_others(server, vm, f"{count} half-closed connections")
        ok(until(lambda: len(session.VM.get_tags(vm)) == count // 2), "the changes that were asked for are made")
        is_left(server, before, "half-closed connections")
        for wire in wires:
            wire.close()


def test_unread():
    """Replies that are not read: bounded in bytes and in time, and one address does not use up what there is for all."""
    count = many(40, 200)
    with Server(settings={**EVERYBODY, "max-reply-bytes-in-flight": "64m"}) as server:
        session = server.login(address=server.unix)
        for i in range(8):
            session.VM.set_name_description(add_vm(session), "x" * MIB)
        before, memory = descriptors(server), resident_mib(server)
        request = post(call("VM.get_all_records", session.ref))
        wires = []
        for _ in range(count):
            wire = Wire(server.port, source="127.0.0.2")
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            wires.append(wire.send(request))
        is_(len(session.VM.get_all()), 9, "over the Unix socket root is served")
        ok(answers(server, session), "and others over the network")
        ok(503 in [status_of(wire) for wire in wires], "whose calls were too many is told so")
        grown = resident_mib(server) - memory
        diag(f"{count} replies of 8 MiB that nobody reads: {grown:.0f} MiB of memory")
        ok(grown < 64 + 64, "memory is bounded")
        for wire in wires:
            wire.close()
        is_left(server, before, "unread replies")


def status_of(wire):
    """Of the reply that has begun to come; None: none has."""
    wire.socket.settimeout(0.05)
    try:
        reply = wire.head()
    except OSError:
        return None
    return reply and reply.status


def answers(server, session):
    with Wire(server.port) as wire:
        reply = wire.ask(post(call("VM.get_all", session.ref)))
        return bool(reply) and reply.status == 200


def test_logins():
    """Sessions that nobody signs out: the least active goes."""
    count, limit = many(500, 10000), many(100, 500)
    with Server(settings={"session-limit": str(limit)}) as server:
        begin = server.login().rpc
        sessions = [begin.session.login_with_password("root", "")["Value"] for _ in range(limit)]
        memory = resident_mib(server)
        for _ in range(count):
            sessions.append(begin.session.login_with_password("root", "")["Value"])
        grown = resident_mib(server) - memory
        diag(f"{count} logins without a logout: {grown:.1f} MiB of memory")
        good = [ref for ref in sessions if begin.VM.get_all(ref)["Status"] == "Success"]
        ok(len(good) <= limit, f"at most session-limit of them are good ({len(good)})")
        is_(good[-1:], sessions[-1:], "the newest is")
        ok(sessions[0] not in good, "the first is not")
        ok(grown < 32, "memory is bounded")


class Flood(threading.Thread):
    """One connection that is always full of calls; replies are read and dropped."""

    def __init__(self, server, request):
        super().__init__()
        self.wire = Wire(server.port, source="127.0.0.2")
        self.request = request
        self.calls = 0
        self.stop = False

    def run(self):
        try:
            while not self.stop:
                self.wire.send(self.request * 8)
                for _ in range(8):
                    self.calls += self.wire.reply() is not None
        except OSError:
            pass
        self.wire.close()


def test_flood():
    """One client on as many connections as it may have, each with calls without end."""
    with Server() as server:
        session = server.login()
        vm, other = add_vm(session), add_vm(session, "flooded")
        serve_others(server, vm, "without a flood")
        floods = {"reads of all records": call("VM.get_all_records", session.ref),
                  "changes": call("VM.set_name_description", session.ref, other, "x"),
                  "Async calls": call("Async.VM.set_name_description", session.ref, other, "x"),
                  "sign-ins": call("session.login_with_password", "root", "")}
        for what, body in floods.items():
            flood = [Flood(server, post(body)) for _ in range(many(50, 99))]
            for thread in flood:
                thread.start()
            serve_others(server, vm, f"a flood of {what}")
            for thread in flood:
                thread.stop = True
            for thread in flood:
                thread.join()
            diag(f"meanwhile the flood had {sum(thread.calls for thread in flood)} calls")


def test_left_behind():
    """Calls whose clients do not wait for them: what they hold is bounded all the same."""
    count, size = many(120, 1000), MIB
    settings = {**EVERYBODY, "max-reply-bytes-in-flight": "16m", "operation-wait": "1h"}
    with Server(settings=settings, listen=None, start=False) as server:
        server.settings["simulator-control"] = server.path("control")
        server.start()
        session = server.login()
        vm = add_vm(session)
        with Simulator(server.path("control")) as simulator:
            simulator.delay("start", 3600_000)
            starting = session.call("Async.VM.start", vm, False, False)
            until(lambda: session.VM.get_current_operations(vm))
            memory = resident_mib(server)
            statuses = [send_and_leave(server, post(call("Async.VM.snapshot", session.ref, vm, "x" * size)))
                        for _ in range(count)]
            grown = resident_mib(server) - memory
            diag(f"{count} calls of 1 MiB that wait for a VM: {grown:.0f} MiB of memory, {statuses.count(503)} refused")
            ok(statuses.count(503) > count / 2, "most are told to come again")
            ok(grown < 16 + 64, "memory is bounded")
            unix = server.login(address=server.unix)
            is_(unix.task.get_status(starting), "pending", "over the Unix socket root is served")
            for task in set(unix.task.get_all()) - {starting}:
                unix.task.cancel(task)
            ok(until(lambda: answers(server, session)), "when they are cancelled others are served again")
            simulator.clear()


def send_and_leave(server, request):
    with Wire(server.port) as wire:
        reply = wire.ask(request)
        return reply and reply.status


def test_descriptors():
    """Without descriptors: who is connected is served, what needs a file says so, and it goes on afterwards."""
    with Server(settings=EVERYBODY) as server:
        session = server.login()
        vm = add_vm(session)
        before = descriptors(server)
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (before + 20, before + 20))
        wires = [Wire(server.port) for _ in range(200)]
        ok(until(lambda: descriptors(server) >= before + 19), "all are taken")
        session.VM.set_name_description(vm, "stored")
        session.VM.start(vm, False, False)
        is_(session.VM.get_power_state(vm), "Running", "who is connected is served, with changes and operations")
        error = raises(Failure, lambda: session.pool.backup_database("a.db"), "a backup needs files")
        is_(error and error.code, "INTERNAL_ERROR", "and says that it has none")
        is_(os.listdir(server.path("backup")), [], "nothing of it is left")
        for wire in wires:
            wire.close()
        is_left(server, before, "as many as there may be")
        session.pool.backup_database("a.db")
        is_(session.VM.get_name_description(vm), "stored", "then it goes on")
        has(server.stderr(), "Too many open files", "the log says what was missing")


raise_own_limit()
TESTS = (test_trickle, test_idle, test_half_closed, test_unread, test_logins, test_flood, test_left_behind, test_descriptors)
only = os.environ.get("XENAPID_HOSTILE_ONLY")
for test in TESTS:
    if not only or only == test.__name__:
        begin = time.monotonic()
        test()
        diag(f"{test.__name__}: {time.monotonic() - begin:.1f} s")
done()
