#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""guests.py – what guests do by themselves, and what actions_after_… make of it."""
import contextlib

from lib.host import MIB, Host, until
from lib.server import program
from lib.tap import done, has, is_, ok, skip_all

CRASH = ("destroy", "coredump_and_destroy", "restart", "coredump_and_restart", "preserve", "rename_restart")
EXIT = ("destroy", "restart")
FIELDS = {"poweroff": "actions_after_shutdown", "reboot": "actions_after_reboot", "crash": "actions_after_crash"}


def uuid(host, vm):
    return host.session.VM.get_uuid(vm)


def stopped_and_settled(host, vm, domid):
    """Waits until the server has done what there is to do with the domain of that id."""
    return until(lambda: (r := host.record(vm))["domid"] != domid and not r["current_operations"])


def check_halted(host, vm, name):
    ok(host.wait_state(vm, "Halted"), f"{name}: Halted")
    is_(differences(host, vm), [], f"{name}: record, disk and domain agree")


def differences(host, vm):
    """What differs once all has settled: the sampler looks at a domain that has stopped now and then, and holds the VM meanwhile."""
    until(lambda: host.differences(vm) == [], 5)
    return host.differences(vm)


def check_restarted(host, vm, domid, name):
    ok(stopped_and_settled(host, vm, domid) and host.state(vm) == "Running", f"{name}: Running, in another domain")
    is_(differences(host, vm), [], f"{name}: record, disk and domain agree")
    is_(host.domain(vm)["vcpus_online"], 3, f"{name}: with its next boot's settings")
    is_(host.session.VM.get_boot_record(vm)["VCPUs_at_startup"], "3", f"{name}: get_boot_record says so")


def act(host, vm, action):
    """The guest does it; returns the id of its domain."""
    domid = host.record(vm)["domid"]
    host.session.VM.set_VCPUs_at_startup(vm, "3")
    host.simulator.guest(uuid(host, vm), action)
    return domid


def old_enough(host, vm):
    """Waits until the window in which a crash is not followed by a restart is over (1 s)."""
    return until(lambda: host.simulator.state()["domains"][-1]["at_ns"] // 10**9 - host.domain(vm)["start_time"] >= 2)


def test_actions(host):
    cases = [(action, value) for action in ("poweroff", "reboot") for value in EXIT]
    cases += [("crash", value) for value in CRASH]
    vms = {case: host.add("Running", **{FIELDS[case[0]]: case[1]}) for case in cases}
    old_enough(host, list(vms.values())[-1])
    domids = {case: act(host, vm, case[0]) for case, vm in vms.items() if case[1] != "preserve"}
    for (action, value), domid in domids.items():
        vm, name = vms[action, value], f"{action}, {FIELDS[action]} {value}"
        if "restart" in value:
            check_restarted(host, vm, domid, name)
        else:
            check_halted(host, vm, name)
    for case, vm in vms.items():
        if case[1] != "preserve":
            host.remove(vm)
    return vms["crash", "preserve"]


def test_preserve(host, vm):
    domid = act(host, vm, "crash")
    ok(host.wait_state(vm, "Paused"), "crash, preserve: Paused")
    is_([host.record(vm)["domid"], host.domain(vm)["shutdown"]], [domid, True], "crash, preserve: the domain is kept as it is")
    host.crash()
    is_([host.record(vm)["domid"], host.state(vm)], [domid, "Paused"], "crash, preserve: over a crash of the daemon too")
    has(str(host.failure("VM.unpause", vm)), "VM_BAD_POWER_STATE", "crash, preserve: it cannot go on")
    host.session.VM.hard_reboot(vm)
    is_(differences(host, vm), [], "crash, preserve: hard_reboot starts it again")
    act(host, vm, "poweroff")
    check_halted(host, vm, "poweroff after that")
    host.remove(vm)


def test_crash_within_window(host):
    host.kill()
    host.server.settings["guest-restart-window"] = "1h"
    host.start()
    vm = host.add("Running", actions_after_crash="restart")
    act(host, vm, "crash")
    check_halted(host, vm, "a crash soon after the start, restart")
    has(host.server.stderr(), "too soon", "and the log says why")
    host.session.VM.start(vm, False)
    domid = act(host, vm, "reboot")
    check_restarted(host, vm, domid, "a reboot soon after the start, restart")
    host.remove(vm)


def test_cannot_restart(host):
    vm = host.add("Running", actions_after_reboot="restart")
    host.simulator.fail("start")
    act(host, vm, "reboot")
    check_halted(host, vm, "a reboot, and the domain cannot be built again")
    host.remove(vm)


def test_restart_delay(host):
    """While a restart is put off hard_shutdown need not wait."""
    host.kill()
    host.server.settings["guest-restart-delay"] = "1h"
    host.start()
    vm = host.add("Running")
    act(host, vm, "reboot")
    ok(until(lambda: host.record(vm)["current_operations"]), "a restart that is put off")
    host.session.VM.hard_shutdown(vm)
    check_halted(host, vm, "hard_shutdown ends that")
    host.session.VM.start(vm, False)
    act(host, vm, "reboot")
    until(lambda: host.record(vm)["current_operations"])
    host.server.settings["guest-restart-delay"] = "1ms"
    is_(host.restart(), 0, "the server's end does not wait for it")
    ok(host.wait_state(vm, "Running"), "the next server starts it")
    is_(until(lambda: (host.domain(vm) or {}).get("shutdown") is False and host.differences(vm) == []), True,
        "record, disk and domain agree")
    host.remove(vm)


def test_destroyed_behind(host):
    for state in ("Running", "Paused"):
        vm = host.add(state)
        host.simulator.destroy(uuid(host, vm))
        check_halted(host, vm, f"a {state} VM whose domain is destroyed behind the server's back")
        host.remove(vm)


def test_while_down(host):
    """The guest does it just before the daemon is killed: the next one has to find out."""
    cases = {(action, value): host.add("Running", **{FIELDS[action]: value})
             for action in ("poweroff", "reboot") for value in EXIT}
    cases["crash", "destroy"] = host.add("Running", actions_after_crash="destroy")
    gone = host.add("Running")
    for vm in cases.values():
        host.session.VM.set_VCPUs_at_startup(vm, "3")
    domids = {case: host.record(vm)["domid"] for case, vm in cases.items()}
    uuids = {case: uuid(host, vm) for case, vm in cases.items()}
    uuid_gone = uuid(host, gone)
    # a server that does not come to act
    for _ in range(1 + len(cases)):
        host.simulator.delay("change", 600000)
    for case in cases:
        host.simulator.guest(uuids[case], case[0])
    host.simulator.destroy(uuid_gone)
    host.crash()
    for (action, value), vm in cases.items():
        if value == "restart":
            check_restarted(host, vm, domids[action, value], f"{action}, {value}, the daemon was killed")
        else:
            check_halted(host, vm, f"{action}, {value}, the daemon was killed")
    check_halted(host, gone, "destroyed behind the server's back, the daemon was killed")
    for vm in (*cases.values(), gone):
        host.remove(vm)


def test_during_operation(host):
    """A guest that stops while something else is done with its VM."""
    for message, arguments in (("pause", []), ("set_memory_target", [str(300 * MIB)]), ("suspend", []), ("clean_shutdown", [])):
        vm = host.add("Running", actions_after_shutdown="destroy")
        host.simulator.delay("change", 600000, 1)
        call = host.background("VM." + message, vm, *arguments)
        until(lambda vm=vm: host.record(vm)["current_operations"])
        with contextlib.suppress(Exception):
            host.simulator.guest(uuid(host, vm), "poweroff")
        host.simulator.clear()
        call.wait()
        check_halted(host, vm, f"powers off during {message}")
        host.remove(vm)


if not program():
    skip_all("no xenapid to test (XENAPID)")
with Host(metrics_interval="20ms") as running:
    running.simulator.speed(1000)
    test_preserve(running, test_actions(running))
    for test in (test_cannot_restart, test_destroyed_behind, test_while_down, test_during_operation, test_restart_delay,
                 test_crash_within_window):
        test(running)
done()
