# SPDX-License-Identifier: LGPL-2.1-or-later
"""many_guests.py – point 8: four guests, eight clients that change them all the time."""
import os
import random
import threading
import time

from lib.rpc import Failure, Session
from lib.tap import diag, is_, ok
from xen.host import MIB, parse_domains

MINUTE = float(os.environ.get("XEN_RIG_MINUTE", "60"))
SEED = int(os.environ.get("XENAPID_SEED", str(random.SystemRandom().randrange(10**6))))
PAUSE = 0.4  # seconds, of each client between two changes
LEAST, LARGEST = 112, 416  # MiB of each: with less its kernel is short of memory; not all of it is there for four
# What the host and the neighbours may say to a change that is well made.
ALLOWED = {"MEMORY_CONSTRAINT_VIOLATION_ORDER", "HOST_NOT_ENOUGH_FREE_MEMORY", "OTHER_OPERATION_IN_PROGRESS"}


class Client(threading.Thread):
    """Changes fields of one VM that nobody else changes, though each bounds those that its neighbour does."""

    def __init__(self, host, vm, number, deadline):
        super().__init__(daemon=True)
        self.host, self.vm, self.number, self.deadline = host, vm, number, deadline
        self.rng = random.Random(SEED + number)
        self.acknowledged = {}  # field → what was answered last
        self.made, self.errors, self.died = 0, [], None

    def changes(self):
        mib = str(self.rng.randrange(LEAST, LARGEST, 8) * MIB)
        if self.number % 2:
            yield "memory_dynamic_max", "VM.set_memory_dynamic_max", mib
            yield "VCPUs_at_startup", "VM.set_VCPUs_number", str(self.rng.randrange(1, 3))
        else:
            yield "memory_dynamic_min", "VM.set_memory_dynamic_min", mib
            yield "name_description", "VM.set_name_description", f"change {self.made}"

    def run(self):
        try:
            with Session(self.host.uri, "root", self.host.password) as session:
                while time.monotonic() < self.deadline:
                    for change in self.changes():
                        self.change(session, *change)
                    # the guests, and the other machine of the rig, want to do something as well
                    time.sleep(PAUSE)
        except Exception as raised:  # that is a result, too
            self.died = raised

    def change(self, session, field, message, value):
        try:
            session.call(message, self.vm, value)
            self.acknowledged[field] = value
            self.made += 1
        except Failure as raised:
            self.errors.append(raised.code)


def host_is_full(host, most):
    """What the domains have together, of what the host has; most: MiB."""
    return sum(row[1] for row in parse_domains(host.dom0.run("xl list")).values()) > most


def run(host):
    diag(f"XENAPID_SEED={SEED}")
    total = int(host.session.host_metrics.get_memory_total(host.session.host_metrics.get_all()[0])) // MIB
    host.remove_all()
    vms = []
    for number in range(4):
        vm = host.add("pv", f"many-{number}", memory_static_max=str(LARGEST * MIB))
        host.session.VM.start(vm, False)
        vms.append(vm)
    ok(all(host.wait_guest(vm) for vm in vms), "four guests are up")
    deadline = time.monotonic() + MINUTE
    clients = [Client(host, vms[number // 2], number, deadline) for number in range(8)]
    for client in clients:
        client.start()
    looked, full = 0, 0
    while time.monotonic() < deadline:
        full += host_is_full(host, total)
        looked += 1
        time.sleep(2)
    for client in clients:
        client.join(120)
    is_([c.died for c in clients if c.died or c.is_alive()], [], "all eight clients came to their end")
    errors = [code for c in clients for code in c.errors]
    diag({code: errors.count(code) for code in sorted(set(errors))})
    is_(set(errors) - ALLOWED, set(), f"{sum(c.made for c in clients)} changes, {len(errors)} refusals, each of them allowed")
    ok(looked and not full, f"the domains never had more than the host's {total} MiB, looked at {looked} times")
    for number, vm in enumerate(vms):
        record = host.record(vm)
        wanted = {**clients[2 * number].acknowledged, **clients[2 * number + 1].acknowledged}
        is_({field: record[field] for field in wanted}, wanted, f"guest {number}: what was acknowledged last is there")
        host.agree(vm, f"guest {number}")
    for vm in vms:
        host.remove(vm)
