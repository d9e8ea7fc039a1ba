#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""faults.py – the daemon on a disk that is full or read-only, without file descriptors, with a clock that jumps.

What is refused is told so, reads go on, what was acknowledged is there after a crash, and when the cause is gone it goes on
without a restart. (Each single call of the disk: tests/store/test_faults.c; of the hypervisor: tests/api/crashes.py.)
"""
import contextlib
import ctypes
import os
import resource
import struct
import threading

from lib.server import Failure, Server, StartFailed, program
from lib.tap import done, has, is_, ok, skip, skip_all

YEAR = 365 * 86400
MS_PRIVATE, MS_REC, MS_RDONLY, MS_REMOUNT = 1 << 18, 1 << 14, 1, 32
CLONE_NEWNS = 0x20000


def make_vm(session, name):
    return session.VM.create({"name_label": name, "domain_type": "pvh"})


def refusal(session, vm, text):
    """The text of the error with which a change is refused; None: it was made."""
    try:
        session.VM.set_name_description(vm, text)
    except Failure as failure:
        return str(failure)
    return None


class Disk:
    """A small file system of its own, which nobody else sees."""

    def __init__(self, server):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.path = server.path("disk")
        os.mkdir(self.path)

    def mount(self, flags=0, options=None, kind=b"tmpfs"):
        """False: it may not."""
        return self.libc.mount(b"none", self.path.encode(), kind, flags, options) == 0

    def alone(self):
        """The process and its children have mounts of their own."""
        return self.libc.unshare(CLONE_NEWNS) == 0 and self.libc.mount(
            b"none", b"/", None, MS_PRIVATE | MS_REC, None) == 0

    def fill(self):
        with open(os.path.join(self.path, "filler"), "wb", buffering=0) as file:
            with contextlib.suppress(OSError):
                while file.write(b"x" * 4096):
                    pass

    def make_room(self):
        os.unlink(os.path.join(self.path, "filler"))


def test_full(server, disk):
    server.start()
    session = server.login()
    vm = make_vm(session, "guest")
    acknowledged, why = None, None
    disk.fill()
    for number in range(100):
        text = f"{number}" * 20000
        why = refusal(session, vm, text)
        if why:
            break
        acknowledged = text
    has(str(why), "could not be stored", "a full disk: a change is refused")
    has(str(why), "full", "with the reason")
    has(server.stderr(), "full", "which the log says too")
    before = session.VM.get_name_description(vm)
    ok(before == (acknowledged or ""), "what was acknowledged is served")
    ok(refusal(session, vm, "y" * 50000), "it stays so")
    disk.make_room()
    is_(refusal(session, vm, "z" * 50000), None, "once there is room changes are made again, without a restart")
    server.kill()
    server.start()
    is_(server.login().VM.get_name_description(vm), "z" * 50000, "and survive a crash")
    server.stop()


def test_read_only(server, disk):
    if not disk.mount(MS_REMOUNT | MS_RDONLY):
        skip("the file system could not be made read-only")
        return
    try:
        server.start()
        ok(False, "it does not start on a file system that is read-only")
        server.stop()
    except StartFailed as failed:
        ok(os.path.basename(disk.path) + "/xenapid.db" in failed.stderr, "a read-only file system is named")
        has(failed.stderr.lower(), "read-only", "and said to be one")
    disk.mount(MS_REMOUNT)
    server.start()
    ok(server.login().VM.get_all(), "later it starts")
    server.stop()


def test_disk():
    with Server(start=False) as server:
        disk = Disk(server)
        if not disk.alone() or not disk.mount(options=b"size=3m"):
            skip("no file system may be mounted here")
            return
        server.options = ["--database", os.path.join(disk.path, "xenapid.db")]
        test_full(server, disk)
        test_read_only(server, disk)
        disk.libc.umount(disk.path.encode())


def test_descriptors():
    """Those who are in are served as before."""
    with Server() as server:
        session = server.login()
        vm = make_vm(session, "guest")
        limit = len(os.listdir(f"/proc/{server.process.pid}/fd"))
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (limit, 4096))
        for number in range(50):
            session.VM.set_name_label(vm, f"name {number}")
        is_(session.VM.get_name_label(vm), "name 49", "without file descriptors changes are made and read")
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (1024, 4096))
        is_(server.login().VM.get_name_label(vm), "name 49", "later others get in again")
        server.kill()
        server.start()
        is_(server.login().VM.get_name_label(vm), "name 49", "and it is on the disk")


def preload():
    path = os.path.join(os.path.dirname(os.environ["XENAPID"]), "tests/e2e/clock.so")
    return path if os.path.exists(path) else None


def jump(server, seconds):
    with open(server.path("clock"), "r+b") as file:
        file.write(struct.pack("=q", seconds))


def wait_for_event(session, token, answers):
    answers.append(session.call("event.from", ["VM"], token, 30.0)["events"])


def check_served(server, session, vm, what):
    """A session goes on, a waiting client is told, a new one gets in."""
    token = session.call("event.from", ["VM"], "", 0.0)["token"]
    answers = []
    waiting = threading.Thread(target=wait_for_event, args=(server.login(), token, answers))
    waiting.start()
    session.VM.set_name_label(vm, what)
    waiting.join(60)
    is_([event["snapshot"]["name_label"] for event in answers[0]], [what], f"{what}: a client that waits is told")
    is_(server.login().VM.get_name_label(vm), what, f"{what}: the change is there")
    made = make_vm(session, "short-lived")
    session.VM.destroy(made)


def test_clock():
    library = preload()
    if not library:
        skip("there is no tests/e2e/clock.so")
        return
    with Server(start=False) as server:
        with open(server.path("clock"), "wb") as file:
            file.write(struct.pack("=q", 0))
        os.environ.update({"LD_PRELOAD": library, "XENAPID_TEST_CLOCK": server.path("clock"),
                           "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"})
        try:
            server.start()
        finally:
            del os.environ["LD_PRELOAD"]
        session = server.login()
        vm = make_vm(session, "guest")
        tokens = []
        for years in (0, 10, -20, 5):
            jump(server, years * YEAR)
            year = int(str(session.host.get_servertime(session.host.get_all()[0]))[:4])
            ok(tokens == [] or year != tokens[-1][1], f"the daemon sees the year {year}")
            check_served(server, session, vm, f"{years:+} years")
            tokens.append((session.call("event.from", ["VM"], "", 0.0)["token"], year))
        is_(sorted(tokens), tokens, "revisions go up whatever the clock says")
        server.kill()
        server.start()
        session = server.login()
        is_(session.VM.get_name_label(vm), "+5 years", "all of it is there after a crash, with the right time")
        ok(session.call("event.from", ["VM"], "", 0.0)["token"] > tokens[-1][0], "and revisions go on above")


def main():
    if not program():
        skip_all("XENAPID names no program")
    test_descriptors()
    test_clock()
    test_disk()
    done()


main()
