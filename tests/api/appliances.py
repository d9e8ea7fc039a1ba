#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""appliances.py – groups of VMs: which belong to one, what is possible with it, and in which order its VMs start and stop."""
import re
import time

from lib.host import Host, until
from lib.server import program
from lib.tap import done, is_, ok, skip_all

NULL = "OpaqueRef:NULL"
STARTS, STOPS = ["start"], ["clean_shutdown", "hard_shutdown", "shutdown"]


def make(host, orders, **fields):
    """An appliance, and VMs with these orders in it."""
    session = host.session
    appliance = session.VM_appliance.create({"name_label": "group"})
    vms = [host.add(order=str(order), name_label=f"vm{i}", **fields) for i, order in enumerate(orders)]
    for vm in vms:
        session.VM.set_appliance(vm, appliance)
    return appliance, vms


def clear(host, appliance, vms):
    host.session.VM_appliance.destroy(appliance)
    for vm in vms:
        host.remove(vm)


def traced(host, op):
    """uuids of the domains for which the op was called, in order, since the log was last empty."""
    return re.findall(rf"hypervisor: simulator {op} ([0-9a-f-]{{36}}):", host.server.stderr())


def allowed(host, appliance):
    return host.session.VM_appliance.get_allowed_operations(appliance)


def test_members(host):
    session = host.session
    appliance, (vm,) = make(host, [0])
    is_(session.VM.get_appliance(vm), appliance, "set_appliance: the VM says so")
    is_(session.VM_appliance.get_VMs(appliance), [vm], "and the appliance")
    is_(allowed(host, appliance), STARTS, "it can be started")
    is_(host.failure("VM.set_is_a_template", vm, True), ["VM_IS_PART_OF_AN_APPLIANCE", vm, appliance], "no template")
    ok("make_into_template" not in host.record(vm)["allowed_operations"], "allowed_operations knows")
    is_(session.VM.get_appliance(session.VM.clone(vm, "clone")), NULL, "a clone belongs to none")
    host.crash()
    session = host.session
    is_((session.VM.get_appliance(vm), session.VM_appliance.get_VMs(appliance), allowed(host, appliance)),
        (appliance, [vm], STARTS), "after a crash it is the same")
    other = session.VM_appliance.create({"name_label": "other", "name_description": "too", "nonsense": "x"})
    is_(allowed(host, other), [], "nothing is possible with an empty one")
    for message in STARTS + STOPS:
        given = [other, False] if message == "start" else [other]
        is_(host.failure("VM_appliance." + message, *given), ["OPERATION_NOT_ALLOWED", "the appliance has no VMs"], message)
    session.VM.set_appliance(vm, other)
    is_((session.VM_appliance.get_VMs(appliance), session.VM_appliance.get_VMs(other)), ([], [vm]), "from one to the other")
    is_((allowed(host, appliance), allowed(host, other)), ([], STARTS), "and what is possible follows")
    session.VM.set_appliance(vm, NULL)
    is_((session.VM_appliance.get_VMs(other), allowed(host, other)), ([], []), "into none")
    session.VM.set_appliance(vm, other)
    session.VM_appliance.destroy(other)
    is_(session.VM.get_appliance(vm), NULL, "destroy leaves the VM")
    session.VM.set_is_a_template(vm, True)
    is_(host.failure("VM.set_appliance", vm, appliance), ["VM_IS_TEMPLATE", vm, "set_appliance"], "no template into one")
    zero = next(v for v in session.VM.get_all() if session.VM.get_is_control_domain(v))
    is_(host.failure("VM.set_appliance", zero, appliance)[0], "OPERATION_NOT_ALLOWED", "nor Domain-0")
    is_(host.failure("VM.create", {"name_label": "t", "is_a_template": True, "appliance": appliance})[0], "VM_IS_TEMPLATE",
        "nor one that is made as such")
    born = session.VM.create({"name_label": "born", "appliance": appliance})
    is_(session.VM_appliance.get_VMs(appliance), [born], "a VM can be made in one")
    session.VM.destroy(born)
    is_((session.VM_appliance.get_VMs(appliance), allowed(host, appliance)), ([], []), "and is no more in it when it is gone")
    clear(host, appliance, [vm])


def states(host, vms):
    return [host.state(vm) for vm in vms]


def test_order(host):
    session = host.session
    appliance, vms = make(host, [5, 0, 5, 2], start_delay="0")
    uuids = [session.VM.get_uuid(vm) for vm in vms]
    session.VM_appliance.start(appliance, False)
    is_(states(host, vms), ["Running"] * 4, "start: all are Running")
    names = [uuids.index(u) for u in traced(host, "start") if u in uuids]
    is_((names[:2], sorted(names[2:])), ([1, 3], [0, 2]), "the lowest order first")
    is_(allowed(host, appliance), STOPS, "now they can be stopped")
    is_(host.failure("VM_appliance.start", appliance, False)[0], "OPERATION_NOT_ALLOWED", "not started")
    is_(session.VM_appliance.get_current_operations(appliance), {}, "nothing is under way")
    for message, op in (("clean_shutdown", "shutdown"), ("hard_shutdown", "destroy"), ("shutdown", "shutdown")):
        before = len(traced(host, op))
        session.call("VM_appliance." + message, appliance)
        is_(states(host, vms), ["Halted"] * 4, f"{message}: all are Halted")
        names = list(dict.fromkeys(uuids.index(u) for u in traced(host, op)[before:] if u in uuids))
        is_((sorted(names[:2]), names[2:]), ([0, 2], [3, 1]), "the highest order first")
        session.VM_appliance.start(appliance, True)
        is_(states(host, vms), ["Paused"] * 4, "start paused")
        if message == "clean_shutdown":
            is_(allowed(host, appliance), ["hard_shutdown", "shutdown"], "no Paused guest could answer a clean one")
        for vm in vms:
            session.VM.unpause(vm)
    is_(session.task.get_all(), [], "a call that is waited for leaves no task")
    is_([d for vm in vms for d in host.differences(vm)], [], "records, disk and domains agree")
    clear(host, appliance, vms)


def test_delay(host):
    """The delay counts before the next order; the longest of several does, and nothing waits after the last."""
    session = host.session
    appliance, vms = make(host, [1, 1, 2])
    session.VM.set_start_delay(vms[1], "3600")
    session.VM.set_start_delay(vms[2], "3600")
    task = session.call("Async.VM_appliance.start", appliance, False)
    ok(until(lambda: states(host, vms)[:2] == ["Running", "Running"]), "the first two run")
    is_(session.VM_appliance.get_current_operations(appliance), {task: "start"}, "the start is under way")
    is_(allowed(host, appliance), [], "nothing else is possible")
    is_(host.failure("VM_appliance.hard_shutdown", appliance),
        ["OTHER_OPERATION_IN_PROGRESS", "VM_appliance", appliance, "start", task], "and refused")
    is_(host.failure("VM_appliance.destroy", appliance)[0], "OTHER_OPERATION_IN_PROGRESS", "destroy too")
    ok(until(lambda: session.task.get_progress(task) > 0.6), "its task says how far it is")
    session.task.cancel(task)
    ok(until(lambda: session.task.get_status(task) == "cancelled"), "the task is cancelled")
    is_(states(host, vms), ["Running", "Running", "Halted"], "what was done stays")
    is_(session.VM_appliance.get_current_operations(appliance), {}, "nothing is under way any more")
    begun = time.monotonic()
    session.VM_appliance.start(appliance, False)
    ok(time.monotonic() - begun < 1800 and states(host, vms) == ["Running"] * 3, "the rest starts, without a wait behind it")
    clear(host, appliance, vms)


def test_parts(host):
    """Each VM's part is a task of its own, and one that fails does not stop the others."""
    session = host.session
    appliance, vms = make(host, [0, 1])
    host.simulator.delay("start", 600_000)
    task = session.call("Async.VM_appliance.start", appliance, False)
    part = next(iter(until(lambda: host.record(vms[0])["current_operations"])))
    is_((session.task.get_subtasks(task), session.task.get_subtask_of(part)), ([part], task), "a task for the VM's part")
    is_(session.task.get_name_label(part), "VM.start", "it is a start")
    host.simulator.clear()
    ok(until(lambda: session.task.get_status(task) == "success"), "success")
    is_(session.task.get_subtasks(task), [], "the parts are gone")
    session.VM_appliance.hard_shutdown(appliance)
    host.simulator.fail("start", text="no")
    error = host.failure("VM_appliance.start", appliance, False)
    is_(error[:3], ["OPERATION_PARTIALLY_FAILED", "start", vms[0]], "one that cannot be started")
    ok("HYPERVISOR_ERROR" in error[3], "its reason is said")
    is_(states(host, vms), ["Halted", "Running"], "the next order starts all the same")
    host.simulator.fail("destroy", text="no")
    is_(host.failure("VM_appliance.hard_shutdown", appliance)[:3], ["OPERATION_PARTIALLY_FAILED", "hard_shutdown", vms[1]],
        "one that cannot be stopped")
    host.simulator.clear()
    session.VM.set_blocked_operations(vms[0], {"start": "no"})
    error = host.failure("VM_appliance.start", appliance, False)
    is_(error[:3], ["OPERATION_PARTIALLY_FAILED", "start", vms[0]], "one that is blocked")
    session.VM.set_blocked_operations(vms[0], {})
    clear(host, appliance, vms)


def test_crash(host):
    """Killed in the middle: each VM is what it was or what it should be, and the appliance can be started again."""
    appliance, vms = make(host, [0, 1, 2])
    uuid = host.session.VM.get_uuid(vms[1])
    host.session.VM.set_start_delay(vms[0], "3600")
    host.session.call("Async.VM_appliance.start", appliance, False)
    until(lambda: host.state(vms[0]) == "Running")
    host.crash()
    session = host.session
    is_(states(host, vms), ["Running", "Halted", "Halted"], "after kill -9: what was done, and nothing else")
    is_((session.VM_appliance.get_current_operations(appliance), allowed(host, appliance)), ({}, STARTS + STOPS),
        "nothing is under way, everything is possible")
    session.VM_appliance.start(appliance, False)
    is_((states(host, vms), host.simulator.domain(uuid) is not None), (["Running"] * 3, True), "started to the end")
    task = session.call("Async.VM_appliance.clean_shutdown", appliance)
    host.restart()
    session = host.session
    ok(set(states(host, vms)) <= {"Running", "Halted"}, f"a stop of the server waits for what is under way ({task})")
    is_([d for vm in vms for d in host.differences(vm)], [], "records, disk and domains agree")
    clear(host, appliance, vms)


if not program():
    skip_all("no xenapid to test (XENAPID)")
with Host(environment={"XENAPID_TRACE_HYPERVISOR": "1"}) as running:
    running.simulator.speed(1000)
    for test in (test_members, test_order, test_delay, test_parts, test_crash):
        test(running)
done()
