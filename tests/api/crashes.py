#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""crashes.py – the adapter fails, or the daemon is killed, at each call that begins, stops or ends a domain.

Afterwards record, disk and domain agree, no domain is half built, no image is used twice, and the VM goes on being usable.
"""
import os

from lib.host import STATES, Host, until
from lib.server import program
from lib.tap import diag, done, has, is_, ok, skip_all

# Message, arguments, power state before, and those that a crash in the middle may leave.
OPERATIONS = [
    ("start", [False], "Halted", {"Halted", "Running"}),
    ("start", [True], "Halted", {"Halted", "Paused"}),
    ("pause", [], "Running", {"Running", "Paused"}),
    ("unpause", [], "Paused", {"Running", "Paused"}),
    ("suspend", [], "Running", {"Running", "Suspended"}),
    ("resume", [False], "Suspended", {"Suspended", "Running"}),
    ("resume", [True], "Suspended", {"Suspended", "Paused"}),
    ("clean_shutdown", [], "Running", {"Running", "Halted"}),
    ("hard_shutdown", [], "Running", {"Running", "Halted"}),
    ("hard_shutdown", [], "Paused", {"Paused", "Halted"}),
    ("shutdown", [], "Running", {"Running", "Halted"}),
    ("clean_reboot", [], "Running", {"Running", "Halted"}),
    ("hard_reboot", [], "Running", {"Running", "Halted"}),
    ("hard_reboot", [], "Paused", {"Paused", "Running", "Halted"}),
]


def problems(host, vm, states):
    """What is wrong once all has settled: a guest that stopped meanwhile is being taken care of while we look."""
    until(lambda: not problems_now(host, vm, states), 5)
    return problems_now(host, vm, states)


def problems_now(host, vm, states):
    """What is wrong with a VM after something went wrong."""
    record = host.idle(vm)
    found = host.differences(vm)
    if record["power_state"] not in states:
        found.append(f"it is {record['power_state']}, not one of {sorted(states)}")
    image, used = (os.path.exists(host.image(vm) + suffix) for suffix in ("", ".resumed"))
    if (image, used) != (record["power_state"] == "Suspended", False):
        found.append(f"{record['power_state']}: image {image}, image in use {used}")
    domain = host.domain(vm)
    if domain and domain["shutdown"]:
        found.append("its domain has shut down and is left")
    uuids = {r["uuid"] for r in host.session.VM.get_all_records().values()}
    return found + [f"domain {d['domid']} belongs to nobody" for d in host.domains() if d["uuid"] not in uuids]


def check_usable(host, vm):
    """It can be stopped and started; [] or what went wrong."""
    if host.state(vm) != "Halted":
        error = host.failure("VM.hard_shutdown", vm)
        if error and host.state(vm) != "Halted":  # a guest may have stopped by itself meanwhile
            return [f"hard_shutdown: {error}"]
    host.session.VM.start(vm, False)
    return problems(host, vm, {"Running"})


def report(wrong, name):
    for line in wrong:
        diag(line)
    ok(not wrong, name)


def test_faults(host):
    """The adapter refuses the first, second … call."""
    for message, arguments, state, states in OPERATIONS:
        wrong = []
        for n in range(1, 10):
            vm = host.add(state)
            host.simulator.fail("change", n)
            error = host.failure("VM." + message, vm, *arguments)
            host.simulator.clear()
            may = states | ({"Paused"} if message == "resume" else set())  # a guest that could not be unpaused
            left = message == "suspend" and host.state(vm) == "Suspended" and host.domain(vm)
            # its memory is saved, its domain could not be destroyed: that is done by whoever needs it
            wrong += [] if left else [f"call {n}: {line}" for line in problems(host, vm, may)]
            if left:
                host.session.VM.resume(vm, False)
                wrong += [f"call {n}, resumed: {line}" for line in problems(host, vm, {"Running"})]
            if isinstance(error, list) and error[0] != "HYPERVISOR_ERROR":
                wrong.append(f"call {n}: {error}")
            wrong += [f"call {n}, usable: {line}" for line in check_usable(host, vm)]
            used = sum(host.simulator.calls().values())
            host.remove(vm)
            if not error and n > 1 or not used:
                break
        report(wrong, f"{message}{arguments} of a {state} VM: refused at its 1st to {n}th call")


def begin_delayed(host, vm, message, arguments, n):
    """The call waits at its nth changing call of the adapter. False: it has no nth one."""
    host.simulator.reset()
    host.simulator.delay("change", 600000, n)
    call = host.background("VM." + message, vm, *arguments)
    until(lambda: not call.is_alive() or sum(host.simulator.calls().values()) >= n)
    return call.is_alive()


def test_kill(host):
    for message, arguments, state, states in OPERATIONS:
        wrong, n = [], 1
        while True:
            vm = host.add(state)
            if not begin_delayed(host, vm, message, arguments, n):
                host.simulator.clear()
                host.remove(vm)
                break
            host.crash()
            wrong += [f"call {n}: {line}" for line in problems(host, vm, states)]
            wrong += [f"call {n}, usable: {line}" for line in check_usable(host, vm)]
            host.remove(vm)
            n += 1
        report(wrong, f"{message}{arguments} of a {state} VM: killed before its 1st to {n - 1}th call")


def essence(host, vm):
    domain = host.domain(vm)
    return domain and [domain[key] for key in ("domid", "paused", "shutdown")]


def test_kill_before_commit(host):
    """Each call of the adapter has been made, what it did is not stored."""
    for message, arguments, state, states in OPERATIONS:
        vm = host.add(state)
        domain = essence(host, vm)
        if not begin_delayed(host, vm, message, arguments, 1):
            continue
        with host.locked_database():
            host.simulator.clear()
            until(lambda vm=vm, domain=domain: essence(host, vm) != domain, 5)
            host.kill()
        host.start()
        wrong = problems(host, vm, states) + [f"usable: {line}" for line in check_usable(host, vm)]
        host.remove(vm)
        report(wrong, f"{message}{arguments} of a {state} VM: killed when its domain had changed and the record not")


def test_host_reboots(host):
    vms = {state: host.add(state) for state in STATES}
    busy = {message: host.add(state) for message, state in (("start", "Halted"), ("clean_reboot", "Running"))}
    host.session.VM.set_name_label(vms["Running"], "last")
    host.simulator.delay("change", 600000)
    for message, vm in busy.items():
        host.background("VM." + message, vm, *([False] if message == "start" else []))
    until(lambda: all(host.record(vm)["current_operations"] for vm in busy.values()))
    host.kill()
    os.unlink(host.server.path("domains"))
    host.start()
    for state, vm in vms.items():
        want = "Suspended" if state == "Suspended" else "Halted"
        is_(host.state(vm), want, f"the host rebooted: what was {state} is {want}")
        is_(problems(host, vm, {want}), [], "record, disk and domain agree")
    for message, vm in busy.items():
        is_(problems(host, vm, {"Halted"}), [], f"what was in {message} is Halted")
    host.session.VM.resume(vms["Suspended"], False)
    is_(problems(host, vms["Suspended"], {"Running"}), [], "what was Suspended goes on")
    for vm in (*vms.values(), *busy.values()):
        host.remove(vm)


def test_reboot_is_finished(host):
    """A reboot that was interrupted when the domain was built anew: that is not left paused for ever."""
    for message in ("clean_reboot", "hard_reboot"):
        vm = host.add("Running", VCPUs_at_startup="1")
        host.session.VM.set_VCPUs_at_startup(vm, "3")
        host.simulator.reset()
        host.simulator.delay("unpause", 600000)
        host.background("VM." + message, vm)
        until(lambda: host.simulator.calls().get("unpause"))
        host.crash()
        wrong = problems(host, vm, {"Running", "Halted"})
        if host.state(vm) == "Running" and host.session.VM.get_boot_record(vm)["VCPUs_at_startup"] != "3":
            wrong.append("get_boot_record is that of the domain before")
        report(wrong, f"{message}, killed before the new domain ran")
        host.remove(vm)


def test_foreign_domains(host):
    """What somebody else started is neither touched nor destroyed."""
    uuid, domid = host.simulator.create("foreign")
    vm = host.add()
    taken = host.session.VM.get_uuid(vm)
    host.simulator.create("same-uuid", taken, 64, 1)
    ok(host.wait_state(vm, "Running"), "a VM of whose uuid somebody else has made a domain is Running")
    is_(host.failure("VM.start", vm, False)[0], "VM_BAD_POWER_STATE", "and cannot be started once more")
    host.crash()
    is_(host.simulator.domain(uuid)["domid"], domid, "a foreign domain goes on")
    is_(host.state(vm), "Running", "a domain that is there is found again by its uuid")
    host.simulator.destroy(uuid)
    host.simulator.destroy(taken)
    ok(host.wait_state(vm, "Halted"), "and when it is gone the VM is Halted")
    host.remove(vm)


if not program():
    skip_all("no xenapid to test (XENAPID)")
with Host(metrics_interval="24h") as running:
    running.simulator.speed(100)
    for test in (test_faults, test_kill, test_kill_before_commit, test_reboot_is_finished, test_foreign_domains,
                 test_host_reboots):
        test(running)
done()
