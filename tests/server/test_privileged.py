#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_privileged.py – two processes: the one that faces the network may do nothing else, the other calls the hypervisor; each may die.

XENAPID_KILLS: how often either is killed under load (200 in the long form).
"""
import os
import random
import signal
import socket
import struct
import subprocess
import threading
import time

from lib.host import MIB
from lib.server import Failure, Server, program
from lib.tap import diag, done, has, is_, ok, raises, skip_all

KILLS = int(os.environ.get("XENAPID_KILLS", "6"))
SEED = int(os.environ.get("XENAPID_SEED", str(random.SystemRandom().randrange(10**6))))
WRITERS = 4
RECORD = {"name_label": "a", "memory_static_min": str(64 * MIB), "memory_dynamic_min": str(128 * MIB), "memory_dynamic_max": str(256 * MIB),
          "memory_static_max": str(256 * MIB), "VCPUs_max": "2", "VCPUs_at_startup": "1"}


def split(**more):
    folder_state = more.pop("state", "domains")
    server = Server(split=True, start=False, **more)
    server.hypervisor = f"simulator:{server.path(folder_state)}"
    os.chmod(server.folder, 0o711)
    server.start()
    server.keeps_privileged = True
    return server


def status_of(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def test_status():
    with split() as server:
        status = status_of(server.process)
        is_(status["Seccomp"], "2", "the process that faces the network filters its system calls")
        is_(status["NoNewPrivs"], "1", "and can not win rights")
        if os.geteuid() == 0:
            is_(status["CapEff"], "0" * 16, "it has no capability")
            ok("0" not in status["Uid"].split(), "it is not root")
        open_files = [os.readlink(f"/proc/{server.process.pid}/fd/{number}") for number in os.listdir(f"/proc/{server.process.pid}/fd")]
        is_([name for name in open_files if "privcmd" in name or "domains" in name], [], "it has nothing of the hypervisor open")
        session = server.login()
        vm = session.VM.create(RECORD)
        session.VM.start(vm, False)
        session.VM.set_memory_dynamic_range(vm, str(100 * MIB), str(200 * MIB))
        session.VM.suspend(vm)
        session.VM.resume(vm, False)
        is_(session.VM.get_power_state(vm), "Running", "a guest is started, changed, suspended and resumed")
        image = os.path.join(server.folder, "suspend")
        is_(os.listdir(image), [], "the other process's image could be removed")
        session.VM.hard_shutdown(vm)


def test_refusals():
    """What the privileged process has its own opinion of."""
    with split(settings={"kernel-folders": "/usr/lib"}) as server:
        session = server.login()
        vm = session.VM.create({**RECORD, "PV_kernel": "/usr/lib/none"})
        session.VM.start(vm, False)
        session.VM.hard_shutdown(vm)
        is_(session.VM.get_power_state(vm), "Halted", "a kernel that is allowed")


def line_to(server):
    """As the privileged process connects."""
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(20)
    line.connect(server.path("lines"))
    return line


def end_of(line):
    """What comes before it is closed, by whatever means."""
    try:
        return line.recv(1)
    except ConnectionResetError:
        return b""


def test_strangers():
    """Who pretends to be the other process, and is none."""
    with split() as server:
        for name, sent in (("garbage", b"GET / HTTP/1.1\r\n\r\n"), ("a huge length", struct.pack("=I", 0xffffffff)),
                           ("half a message", struct.pack("=I", 100) + b"x"), ("an empty message", struct.pack("=I", 0))):
            with line_to(server) as line:
                line.sendall(sent)
                line.shutdown(socket.SHUT_WR)
                is_(end_of(line), b"", f"{name}: the line is closed")
        ok(server.wait_log("is refused"), "it is in the log")
        is_(len(server.login().VM.get_all()), 1, "the others go on: Domain-0 is there")


def test_absent():
    with split() as server:
        session = server.login()
        vm = session.VM.create(RECORD)
        server.kill_privileged()
        failure = raises(Failure, lambda: session.VM.start(vm, False), "a start without the privileged process")
        is_(failure.code, "HYPERVISOR_ERROR", "its code")
        has(failure.params[2], "xenapid-privileged", "its reason names it")
        session.VM.set_name_label(vm, "b")
        is_(session.VM.get_name_label(vm), "b", "records are read and changed meanwhile")
        is_(session.VM.get_power_state(vm), "Halted", "the VM is as it was")
        server.start_privileged()
        ok(server.wait_log("events of the hypervisor were missed"), "it is back")
        session.VM.start(vm, False)
        is_(session.VM.get_power_state(vm), "Running", "and starts the VM")


class Writer(threading.Thread):
    """Changes the description of its own VM all the time, whatever is killed."""

    def __init__(self, server, vm):
        super().__init__(daemon=True)
        self.server, self.vm, self.stop, self.tried, self.acknowledged = server, vm, False, 0, 0

    def run(self):
        session = None
        while not self.stop:
            try:
                session = session or self.server.login()
                self.tried += 1
                session.VM.set_name_description(self.vm, str(self.tried))
                self.acknowledged = self.tried
                session.VM.set_memory_dynamic_min(self.vm, str(random.choice((120, 128, 136)) * MIB))
            except Failure:
                pass
            except Exception:
                session = None
                time.sleep(0.01)


def test_kills():
    diag(f"XENAPID_SEED={SEED}")
    rng = random.Random(SEED)
    times = {"xenapid": [], "xenapid-privileged": []}
    with split() as server:
        session = server.login()
        vms = [session.VM.create({**RECORD, "name_label": f"vm{number}"}) for number in range(WRITERS)]
        for vm in vms:
            session.VM.start(vm, False)
        domids = [session.VM.get_domid(vm) for vm in vms]
        server.listen = server.addresses
        writers = [Writer(server, vm) for vm in vms]
        for writer in writers:
            writer.start()
        lost = []
        for number in range(KILLS):
            time.sleep(rng.uniform(0.05, 0.3))
            name = rng.choice(list(times))
            began = time.monotonic()
            if name == "xenapid":
                before = [writer.acknowledged for writer in writers]
                server.kill()
                server.start()
                session = server.login()
                lost += [vm for vm, least in zip(vms, before) if int(session.VM.get_name_description(vm)) < least]
            else:
                server.kill_privileged()
                server.start_privileged()
                session.host.get_drift(session.host.get_all()[0])
            times[name].append(time.monotonic() - began)
        for writer in writers:
            writer.stop = True
            writer.join(60)
        is_(lost, [], f"{KILLS} kills: nothing acknowledged is lost")
        for vm, writer in zip(vms, writers):
            ok(int(session.VM.get_name_description(vm)) >= writer.acknowledged > 0, f"{writer.acknowledged} of {writer.tried} changes acknowledged")
        is_([session.VM.get_power_state(vm) for vm in vms], ["Running"] * WRITERS, "the guests run")
        is_([session.VM.get_domid(vm) for vm in vms], domids, "they are the same domains")
        for name, each in times.items():
            if each:
                diag(f"{name}: {len(each)} kills, back after {sorted(each)[len(each) // 2] * 1000:.0f} ms (median), {max(each) * 1000:.0f} ms (most)")


def main():
    if not program():
        skip_all("there is no xenapid")
    test_status()
    test_refusals()
    test_strangers()
    test_absent()
    test_kills()
    done()


main()
