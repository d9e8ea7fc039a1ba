#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""soak.py – everything at once for XENAPID_SOAK_SECONDS: at the end memory and descriptors are flat, and nothing is lost.

make soak: ten minutes. In make check it is a few seconds, too few to judge memory by.
"""
import os
import random
import socket
import threading
import time

from lib.server import Failure, Server, program
from lib.tap import diag, done, is_, ok, skip_all
from lib.wire import Wire, call, post

if not program():
    skip_all("xenapid is not built")

SECONDS = float(os.environ.get("XENAPID_SOAK_SECONDS", "5"))
MIB = 1 << 20
JUDGED_SECONDS = 60
VMS = 200 if SECONDS >= JUDGED_SECONDS else 20
SAMPLES = 60


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def resident_mib(server):
    with open(f"/proc/{server.process.pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MIB


class Part(threading.Thread):
    """Does its turn() again and again until the soak is over; what it raises is kept."""
    over = threading.Event()

    def __init__(self, server, vms, number):
        super().__init__(name=f"{type(self).__name__} {number}")
        self.server, self.vms = server, vms
        self.random = random.Random(number)
        self.turns = 0
        self.error = None

    def run(self):
        try:
            self.begin()
            while not Part.over.is_set():
                self.turn()
                self.turns += 1
            self.end()
        except Exception as error:
            self.error = error

    def begin(self):
        self.session = self.server.login()

    def end(self):
        self.session.logout()

    def vm(self):
        return self.random.choice(self.vms)


class Reader(Part):
    def turn(self):
        self.session.VM.get_record(self.vm())
        if self.turns % 20 == 0:
            self.session.VM.get_all_records_where(f'field "name__label" = "vm{self.turns % VMS}"')
        if self.turns % 50 == 0:
            self.session.VM.get_all_records()


class Writer(Part):
    """Its own VM, with a number that only grows: the last one that was answered is there at the end."""

    def begin(self):
        super().begin()
        self.own = self.session.VM.create({"name_label": self.name, "memory_static_max": str(64 * MIB)})
        self.stored = 0

    def turn(self):
        size = str((self.turns + 1) * 4096)
        self.session.VM.set_memory_limits(self.own, "0", size, size, size)
        self.stored = self.turns + 1

    def check(self, session):
        vm = session.VM.get_record(self.own)
        is_({vm[f"memory_{name}"] for name in ("static_max", "dynamic_max", "dynamic_min")}, {str(self.stored * 4096)},
            f"{self.name}: the last of {self.stored} changes is there")


class Churner(Part):
    def turn(self):
        vm = self.session.VM.create({"name_label": "brief", "memory_static_max": str(64 * MIB), "other_config": {"a": "b" * 1000}})
        self.session.VM.snapshot(vm, "snap")
        for snapshot in self.session.VM.get_snapshots(vm):
            self.session.VM.destroy(snapshot)
        self.session.VM.destroy(vm)


class Starter(Part):
    """Starts, changes and stops a VM that others may be at, too."""

    def turn(self):
        vm = self.vm()
        for step in (("start", False, False), ("set_memory_target", str(64 * MIB)), ("suspend",), ("resume", False, False),
                     ("hard_shutdown",)):
            try:
                self.session.call(f"VM.{step[0]}", vm, *step[1:])
            except Failure as failure:
                if failure.code not in ("VM_BAD_POWER_STATE", "OTHER_OPERATION_IN_PROGRESS", "TASK_CANCELLED"):
                    raise


class Follower(Part):
    """Follows all that happens."""

    def begin(self):
        super().begin()
        self.token = ""

    def turn(self):
        self.token = self.session.call("event.from", ["*"], self.token, 1.0)["token"]


class Visitor(Part):
    """Signs in for one call, as scripts do, and forgets to sign out every other time."""

    def begin(self):
        pass

    def turn(self):
        session = self.server.login()
        session.host.get_all()
        if self.turns % 2:
            session.logout()
        else:
            session.close()

    def end(self):
        pass


class Tasker(Part):
    def turn(self):
        task = self.session.call("Async.VM.set_memory_limits", self.vm(), "0", str(32 * MIB), str(32 * MIB), str(64 * MIB))
        while self.session.task.get_status(task) == "pending":
            self.session.call("event.from", [f"task/{task}"], "", 0.1)
        self.session.task.destroy(task)


class Keeper(Part):
    """Makes copies, and deletes them."""

    def turn(self):
        os.unlink(self.session.pool.backup_database(f"soak{self.turns}.db"))
        Part.over.wait(1)


class Nuisance(Part):
    """Half requests, replies that are not read, connections that are dropped."""

    def turn(self):
        request = post(call("VM.get_all_records", self.session.ref))
        wires = [Wire(self.server.port, source="127.0.0.9") for _ in range(5)]
        for wire in wires:
            wire.send(request[:self.random.randrange(len(request) + 1)])
        Part.over.wait(0.2)
        wires[0].socket.shutdown(socket.SHUT_WR)
        for wire in wires:
            wire.close()

    def end(self):
        """Its session is hardly ever used: it may have had to go."""
        self.session.close()


PARTS = {Reader: 4, Writer: 4, Churner: 2, Starter: 4, Follower: 8, Visitor: 2, Tasker: 2, Keeper: 1, Nuisance: 2}


def sample(server, samples, seconds):
    """Descriptors and memory, now and then."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        samples.append((descriptors(server), resident_mib(server)))
        time.sleep(seconds / SAMPLES)


def soak(server, vms):
    parts = [cls(server, vms, i) for cls, count in PARTS.items() for i in range(count)]
    samples = []
    for part in parts:
        part.start()
    sample(server, samples, SECONDS)
    Part.over.set()
    for part in parts:
        part.join()
    is_([f"{part.name}: {part.error!r}" for part in parts if part.error], [], "nobody was refused what is right")
    for cls in PARTS:
        diag(f"{cls.__name__}: {sum(part.turns for part in parts if type(part) is cls)} turns")
    return parts, samples


def check_flat(samples):
    """The last quarter is not above the second one: the first is for caches, sessions and tasks to fill."""
    quarter = len(samples) // 4
    for what, values, slack in (("descriptors", [s[0] for s in samples], 1.2), ("memory (MiB)", [s[1] for s in samples], 1.15)):
        second, last = (sorted(part)[len(part) // 2] for part in (values[quarter:2 * quarter], values[-quarter:]))
        diag(f"{what}: {values[0]:.0f} at first, {second:.0f} in the second quarter, {last:.0f} in the last, {max(values):.0f} at most")
        if SECONDS >= JUDGED_SECONDS:
            ok(last <= second * slack + 8, f"{what}: flat")


def main():
    # sessions that nobody signs out fill up soon: what is flat is seen
    with Server(settings={"session-limit": "100", "max-connections-per-address": "1000", "metrics-interval": "1s",
                          "operation-wait": "2s"}) as server:
        session = server.login(address=server.unix)
        before = descriptors(server)
        vms = [session.VM.create({"name_label": f"vm{i}", "memory_static_max": str(64 * MIB)}) for i in range(VMS)]
        parts, samples = soak(server, vms)
        check_flat(samples)
        deadline = time.monotonic() + 60
        while descriptors(server) > before + 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        # the first checkpoint opens the WAL once more, for good; SQLite keeps what a backup has opened for the next one
        before += 2
        ok(descriptors(server) <= before, f"no descriptor is left: {descriptors(server)}, {before} before")
        server.kill()
        server.start()
        session = server.login()
        for part in parts:
            if isinstance(part, Writer):
                part.check(session)
        is_([line for line in server.stderr().splitlines() if " error: " in line], [], "the log has no error")


main()
done()
