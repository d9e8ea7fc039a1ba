#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""signals.py – keys and buttons for guests: which are accepted, and that they reach the guest."""
from lib.host import Host
from lib.server import program
from lib.tap import done, is_, ok, skip_all


def test_sysrq(host):
    vm = host.add("Running", actions_after_reboot="destroy", actions_after_crash="destroy")
    for key in ("", "hh", " ", "\n", "ü", "\x7f"):
        is_(host.failure("VM.send_sysrq", vm, key), ["INVALID_VALUE", "key: one letter, digit or mark of ASCII", key], f"{key!r}")
    for key in ("h", "9", "!"):
        is_(host.failure("VM.send_sysrq", vm, key), "", f"{key!r}")
    is_(host.simulator.calls()["send_sysrq"], 3, "what is accepted reaches the hypervisor")
    host.simulator.fail("send_sysrq", text="no")
    is_(host.failure("VM.send_sysrq", vm, "h")[0], "HYPERVISOR_ERROR", "which may refuse it")
    host.session.VM.send_sysrq(vm, "o")
    ok(host.wait_state(vm, "Halted"), "o: the guest is off")
    is_(host.failure("VM.send_sysrq", vm, "o")[0], "VM_BAD_POWER_STATE", "then there is nobody to listen")
    host.remove(vm)


def test_trigger(host):
    vm = host.add("Running")
    before = host.record(vm)["domid"]
    is_(host.failure("VM.send_trigger", vm, "Power"),
        ["INVALID_VALUE", "trigger: power, sleep, nmi, init, reset or s3resume", "Power"], "no trigger")
    for trigger in ("nmi", "sleep", "init", "s3resume"):
        is_(host.failure("VM.send_trigger", vm, trigger), "", trigger)
    is_(host.record(vm)["domid"], before, "the guest goes on")
    host.session.VM.send_trigger(vm, "power")
    ok(host.wait_state(vm, "Halted"), "power: the guest is off")
    host.remove(vm)


if not program():
    skip_all("no xenapid to test (XENAPID)")
with Host() as running:
    for test in (test_sysrq, test_trigger):
        test(running)
done()
