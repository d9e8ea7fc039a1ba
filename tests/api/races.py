#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""races.py – many clients at once: no bound is lost, no range is broken, no acknowledged write is forgotten.

XENAPID_RACES says how many calls the two clients make (10,000), XENAPID_SEED with which values.
"""
import http.client
import os
import random
import re
import threading
import time
from xml.sax.saxutils import escape

from lib.host import MIB, Host, until
from lib.server import program
from lib.tap import diag, done, is_, ok, skip_all

CALLS = int(os.environ.get("XENAPID_RACES", "10000"))
SEED = os.environ.get("XENAPID_SEED", str(random.SystemRandom().randrange(10**6)))
LOW, HIGH = 128 * MIB, 512 * MIB


class Client:
    """A connection that is kept, and no more XML than is needed: call() returns the error's code and parameters, or None."""

    def __init__(self, host):
        self.session = host.session.ref
        self.connection = http.client.HTTPConnection("127.0.0.1", host.server.port, timeout=60)

    def call(self, method, *arguments):
        values = "".join(f"<param><value>{escape(str(a))}</value></param>" for a in (self.session, *arguments))
        body = f"<methodCall><methodName>{method}</methodName><params>{values}</params></methodCall>"
        self.connection.request("POST", "/", body.encode(), {"Content-Type": "text/xml"})
        reply = self.connection.getresponse().read().decode()
        if "<value>Success</value>" in reply:
            return None
        error = reply[reply.index("ErrorDescription"):]
        return re.findall(r"<value>([^<]*)</value>", error)


class Bound(threading.Thread):
    """Sets one bound again and again, never twice to the same value; last: what was acknowledged last."""

    def __init__(self, host, vm, method, calls, parity):
        super().__init__(daemon=True)
        self.client, self.vm, self.method, self.calls = Client(host), vm, method, calls
        self.parity = parity
        self.random = random.Random(SEED + method)
        self.last, self.accepted, self.strange = None, 0, []

    def run(self):
        for i in range(self.calls):
            # unique: the number of the call in bytes above a multiple of 16 MiB; sometimes outside all bounds
            value = self.random.randrange(LOW // (16 * MIB) - 1, HIGH // (16 * MIB) + 1) * 16 * MIB + 2 * i + self.parity
            error = self.client.call(self.method, self.vm, value)
            if error is None:
                self.last, self.accepted = value, self.accepted + 1
            elif error[0] != "MEMORY_CONSTRAINT_VIOLATION_ORDER" or len(error) != 7:
                self.strange.append(error)


class Watcher(threading.Thread):
    """Reads the record until stop is set."""

    def __init__(self, host, vm):
        super().__init__(daemon=True)
        self.session, self.vm = host.another(), vm
        self.stop, self.broken, self.read = threading.Event(), [], 0

    def run(self):
        names = ("static_min", "dynamic_min", "dynamic_max", "static_max")
        while not self.stop.is_set():
            record = self.session.VM.get_record(self.vm)
            values = [int(record["memory_" + name]) for name in names]
            self.read += 1
            if values != sorted(values):
                self.broken.append(values)
            self.stop.wait(0.002)


def test_bounds(host, state, calls):
    vm = host.add(state)
    bounds = [Bound(host, vm, "VM.set_memory_dynamic_min", calls // 2, 0),
              Bound(host, vm, "VM.set_memory_dynamic_max", calls - calls // 2, 1)]
    watcher = Watcher(host, vm)
    began = time.monotonic()
    for thread in (*bounds, watcher):
        thread.start()
    for bound in bounds:
        bound.join()
    watcher.stop.set()
    watcher.join()
    diag(f"{calls} calls in {time.monotonic() - began:.1f} s, {[b.accepted for b in bounds]} accepted, read {watcher.read} times")
    is_([b.strange for b in bounds], [[], []], f"{state}: two clients, {calls} calls: accepted, or refused because of the order")
    is_(watcher.broken, [], f"{state}: nobody ever reads a broken range")
    ok(all(b.accepted for b in bounds) and sum(b.accepted for b in bounds) < calls, f"{state}: some are accepted, some are not")
    record = host.record(vm)
    is_([int(record["memory_dynamic_min"]), int(record["memory_dynamic_max"])], [b.last for b in bounds],
        f"{state}: each bound is what was acknowledged last")
    is_(host.differences(vm), [], f"{state}: record, disk and domain agree")
    host.crash()
    is_([int(host.row(vm)[f]) for f in ("memory_dynamic_min", "memory_dynamic_max")], [b.last for b in bounds],
        f"{state}: and on the disk after a crash")
    host.remove(vm)


def test_many(host):
    vms = [host.add("Running" if i % 2 else "Halted") for i in range(64)]
    barrier, errors = threading.Barrier(len(vms)), []

    def change(vm, number):
        client = Client(host)
        barrier.wait()
        for i in range(5):
            for method, value in (("set_memory_target", (300 + number % 50 + i) * MIB), ("set_VCPUs_number", 1 + i % 4),
                                  ("set_name_label", f"{number} {i}")):
                error = client.call("VM." + method, vm, value)
                if error:
                    errors.append(error)

    threads = [threading.Thread(target=change, args=pair, daemon=True) for pair in zip(vms, range(len(vms)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    is_(errors, [], "64 clients change 64 VMs at once: none is refused")
    wrong = []
    for number, vm in enumerate(vms):
        record = host.record(vm)
        if [record["name_label"], record["memory_target"], record["VCPUs_at_startup"]] != \
                [f"{number} 4", str((304 + number % 50) * MIB), "1"]:
            wrong.append(record)
        wrong += host.differences(vm)
    is_(wrong, [], "and each VM is what its client made of it")
    for vm in vms:
        host.remove(vm)


def test_queue(host):
    """Those that wait for one VM have their turns one after the other."""
    vm, count = host.add("Running"), 400
    host.simulator.delay("set_vcpus", 60000, 1)
    # what is refused when its turn comes lets the next one go on as well
    calls = [("set_VCPUs_number_live", "1"), ("set_memory_target", str(300 * MIB)), ("unpause",), ("clone", "copy")]
    for i in range(count):
        method, *values = calls[i % len(calls)]
        host.session.call("Async.VM." + method, vm, *values)
    until(lambda: host.record(vm)["current_operations"])
    host.simulator.clear()
    done_with = until(lambda: not any(record["status"] == "pending" for record in
                                      host.session.task.get_all_records().values()))
    ok(done_with, f"{count} operations waited for one VM, and have ended")
    errors = [record["error_info"] for record in host.session.task.get_all_records().values()
              if record["error_info"] and record["error_info"][0] != "VM_BAD_POWER_STATE"]
    is_(errors, [], "none was told that it is busy")
    is_(host.record(vm)["current_operations"], {}, "and nothing is under way")
    host.remove(vm)


def test_tasks(host):
    vm = host.add()
    for _ in range(10500):
        host.session.call("Async.VM.compute_memory_overhead", vm)
    ok(until(lambda: len(host.session.task.get_all()) < 5000), "10,500 tasks have ended: they are collected soon")
    host.remove(vm)


def test_crash(host):
    """1,000 writes from 8 clients; the daemon is killed when half of them have been acknowledged."""
    vms = [host.add() for _ in range(8)]
    acknowledged = [[] for _ in vms]
    enough = threading.Event()

    def write(vm, mine):
        client = Client(host)
        try:
            for i in range(125):
                if client.call("VM.add_to_other_config", vm, f"key{i}", f"value{i}") is None:
                    mine.append(i)
                if sum(map(len, acknowledged)) >= 500:
                    enough.set()
        except (OSError, http.client.HTTPException):
            pass  # killed meanwhile

    threads = [threading.Thread(target=write, args=pair, daemon=True) for pair in zip(vms, acknowledged)]
    for thread in threads:
        thread.start()
    enough.wait(60)
    host.kill()
    for thread in threads:
        thread.join(60)
    host.start()
    count = sum(map(len, acknowledged))
    lost, unasked = [], []
    for vm, mine in zip(vms, acknowledged):
        found = host.session.VM.get_other_config(vm)
        lost += [i for i in mine if found.get(f"key{i}") != f"value{i}"]
        keys = [int(key[3:]) for key in found if key.startswith("key")]
        unasked += [i for i in keys if i not in mine and i != (max(mine) if mine else -1) + 1]
    ok(500 <= count < 1000, f"the daemon was killed after {count} of 1,000 writes from 8 clients")
    is_(lost, [], "every acknowledged one is there")
    is_(unasked, [], "and nothing else but, of each client, the one that was not answered any more")
    is_([line for vm in vms for line in host.differences(vm)], [], "record and disk agree")


if not program():
    skip_all("no xenapid to test (XENAPID)")
diag(f"XENAPID_SEED={SEED}")
with Host(simulator_memory="1t") as running:
    test_bounds(running, "Halted", CALLS - CALLS // 5)
    test_bounds(running, "Running", CALLS // 5)
    test_many(running)
    test_queue(running)
    test_tasks(running)
    test_crash(running)
done()
