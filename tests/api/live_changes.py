#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""live_changes.py – a change of a VM that runs is made in the domain, in the record and on the disk; or in none of them.

Whatever fails: the adapter at its n-th call, the disk at the commit, the daemon itself.
"""
import re

from lib.host import MIB, Host, as_text, until
from lib.operations import operation_of
from lib.server import program
from lib.tap import diag, done, has, is_, ok, skip_all


def mib(number):
    return str(number * MIB)


# Message, its arguments, what the record says afterwards. Before: see Host.add().
CHANGES = [
    ("set_memory_dynamic_range", [mib(200), mib(500)], {"memory_dynamic_min": mib(200), "memory_dynamic_max": mib(500)}),
    ("set_memory_dynamic_range", [mib(300), mib(300)], {"memory_dynamic_min": mib(300), "memory_dynamic_max": mib(300)}),
    ("set_memory_dynamic_min", [mib(300)], {"memory_dynamic_min": mib(300)}),
    ("set_memory_dynamic_min_live", [mib(150)], {"memory_dynamic_min": mib(150)}),
    ("set_memory_dynamic_max", [mib(300)], {"memory_dynamic_max": mib(300)}),
    ("set_memory_dynamic_max_live", [mib(512)], {"memory_dynamic_max": mib(512)}),
    ("set_memory_target_live", [mib(500)], {"memory_target": mib(500)}),
    ("set_memory_target", [mib(400)], {"memory_target": mib(400), "memory_dynamic_min": mib(400), "memory_dynamic_max": mib(400)}),
    ("set_memory_target", [mib(200)], {"memory_target": mib(200), "memory_dynamic_min": mib(200)}),
    ("set_memory_maximum", [mib(700)], {"memory_static_max": mib(700), "memory_dynamic_max": mib(700)}),
    ("set_memory_maximum", [mib(300)], {"memory_static_max": mib(300), "memory_dynamic_max": mib(300)}),
    ("set_VCPUs_number", ["4"], {"VCPUs_at_startup": "4"}),
    ("set_VCPUs_number_live", ["1"], {"VCPUs_at_startup": "1"}),
    ("add_to_VCPUs_params_live", ["weight", "512"], {"VCPUs_params": {"weight": "512"}}),
    ("add_to_VCPUs_params_live", ["cap", "50"], {"VCPUs_params": {"cap": "50"}}),
    ("add_to_VCPUs_params_live", ["mask", "0,2"], {"VCPUs_params": {"mask": "0,2"}}),
    ("set_shadow_multiplier_live", [3.0], {"HVM_shadow_multiplier": 3.0}),
]
IN_PAUSED = ("set_memory_target", "set_memory_maximum", "set_VCPUs_number")
REFUSALS = {"": "the simulator was told to fail this call", "timeout": "it took too long (as told)",
            "no-domain": None, "no-memory": None}
# The adapter's first call of a message's.
FIRST_CALLS = [("set_memory_target", [mib(300)], "set_memory_target"), ("set_VCPUs_number_live", ["4"], "set_vcpus"),
               ("add_to_VCPUs_params_live", ["weight", "512"], "set_scheduling"),
               ("set_shadow_multiplier_live", [3.0], "set_shadow_memory"),
               ("set_memory_maximum", [mib(700)], "set_memory_maximum"),
               ("set_memory_maximum", [mib(300)], "set_memory_target")]


def describe(message, arguments):
    return f"{message}({', '.join(map(str, arguments))})"


def changed(before, fields):
    """The record of a snapshot with fields changed."""
    return {f: as_text(fields.get(f, value)) for f, value in before["record"].items()}


def texts(record):
    return {f: as_text(value) for f, value in record.items()}


def test_success(host):
    for state in ("Running", "Paused"):
        for message, arguments, fields in CHANGES:
            if state == "Paused" and message not in IN_PAUSED:
                continue
            vm = host.add(state)
            before = host.snapshot(vm)
            name = f"{describe(message, arguments)}, {state}"
            is_(isinstance(host.failure("VM." + message, vm, *arguments), list), False, f"{name}: succeeds")
            is_(texts(host.snapshot(vm)["record"]), changed(before, fields), f"{name}: changes what it says and nothing else")
            is_(host.differences(vm), [], f"{name}: record, disk and domain agree")
            host.remove(vm)


def test_shadow(host):
    """What a live change gives is what a start with that factor gives."""
    live, started = host.add("Running"), host.add("Halted", HVM_shadow_multiplier=3.0)
    first = host.domain(live)
    host.session.VM.start(started, False)
    host.session.VM.set_shadow_multiplier_live(live, 3.0)
    for key in ("memory_shadow", "memory_overhead"):
        is_(host.domain(live)[key], host.domain(started)[key], f"{key}: the same as when started so")
    host.session.VM.set_shadow_multiplier_live(live, 1.0)
    is_(host.domain(live)["memory_shadow"], first["memory_shadow"], "and as before when it is set back")
    host.remove(live)
    host.remove(started)


def test_result(host):
    vm = host.add("Running")
    is_(host.session.VM.set_memory_target(vm, mib(400)),
        {"memory_target": {"old": "0", "new": mib(400)}, "memory_dynamic_min": {"old": mib(256), "new": mib(400)},
         "memory_dynamic_max": {"old": mib(384), "new": mib(400)}}, "set_memory_target says which fields it changed")
    is_(host.session.VM.set_VCPUs_number(vm, "2"), {}, "and none when none did")
    host.remove(vm)


def check_error(host, vm, operation, kind, error):
    """Whether an injected fault became the right error."""
    if kind == "no-memory":
        return len(error) == 3 and error[0] == "HOST_NOT_ENOUGH_FREE_MEMORY" and int(error[1]) == int(error[2]) + MIB
    if kind == "no-domain":
        return error == ["VM_BAD_POWER_STATE", vm, ", ".join(operation.states).lower(), "halted"]
    return error[0] == "HYPERVISOR_ERROR" and error[1].startswith("set_") and error[2:] == [vm, REFUSALS[kind]]


def refuse_until_success(host, message, arguments, kind):
    """What was wrong, and how often it was refused."""
    vm, operation, wrong = host.add("Running"), operation_of("VM." + message), []
    before = host.snapshot(vm)
    for n in range(1, 20):
        host.simulator.fail("change", n, kind)
        error = host.failure("VM." + message, vm, *arguments)
        host.simulator.clear()
        if not isinstance(error, list):
            break
        if not check_error(host, vm, operation, kind, error):
            wrong.append(f"call {n}: {error}")
        if host.snapshot(vm) != before:
            wrong.append(f"call {n}: before {before}, after {host.snapshot(vm)}")
        wrong += host.differences(vm)
    wrong += [f"finally: {line}" for line in host.differences(vm)]
    host.remove(vm)
    return wrong, n - 1


def test_refused(host):
    for message, arguments, _ in CHANGES:
        for kind in REFUSALS:
            wrong, count = refuse_until_success(host, message, arguments, kind)
            for line in wrong:
                diag(line)
            ok(not wrong and count >= 1, f"{describe(message, arguments)}: refused {count} times "
               f"({kind or 'failed'}), and each time all is as before")


def test_refused_by_rule(host):
    vm = host.add("Running")
    before = host.snapshot(vm)
    host.simulator.reset()
    total = host.simulator.state()["memory_total"]
    for message, arguments in [("set_memory_target", [mib(600)]), ("set_memory_target", ["-1"]), ("set_memory_target", [mib(64)]),
                               ("set_memory_target_live", [mib(513)]), ("set_memory_maximum", [mib(200)]),
                               ("set_memory_dynamic_min", [mib(385)]), ("set_memory_dynamic_max", [mib(255)]),
                               ("set_memory_dynamic_range", [mib(100), mib(300)]), ("set_memory_static_max", [mib(600)]),
                               ("set_VCPUs_number", ["5"]), ("set_VCPUs_number", ["0"]), ("set_VCPUs_number_live", ["-1"]),
                               ("set_VCPUs_max", ["8"]), ("set_shadow_multiplier_live", [0.5]),
                               ("add_to_VCPUs_params_live", ["nonsense", "1"]), ("add_to_VCPUs_params_live", ["weight", "heavy"]),
                               ("add_to_VCPUs_params_live", ["weight", "0"]), ("add_to_VCPUs_params_live", ["cap", "-1"]),
                               ("add_to_VCPUs_params_live", ["mask", "all"])]:
        error = host.failure("VM." + message, vm, *arguments)
        ok(isinstance(error, list) and host.snapshot(vm) == before and not host.simulator.calls(),
           f"{describe(message, arguments)}: refused before the domain is asked ({error[0]})")
    host.session.VM.set_memory_maximum(vm, str(2 * total))
    error = host.failure("VM.set_memory_target", vm, str(total))
    is_(error[0], "HOST_NOT_ENOUGH_FREE_MEMORY", "more than the host has: HOST_NOT_ENOUGH_FREE_MEMORY")
    is_(host.differences(vm), [], "and record, disk and domain agree")
    host.remove(vm)


def test_order(host):
    """Growing: Xen's limit before the balloon; shrinking: the balloon before the limit."""
    for value, want in ((mib(900), ["set_memory_maximum", "set_memory_target"]),
                        (mib(300), ["set_memory_target", "set_memory_maximum"])):
        vm = host.add("Running")
        mark = len(host.server.stderr())
        host.session.VM.set_memory_maximum(vm, value)
        called = re.findall(r"^hypervisor: simulator (set_memory_\w+)", host.server.stderr()[mark:], re.M)
        is_(called, want, f"set_memory_maximum({value}) calls {' then '.join(want)}")
        host.remove(vm)


def in_the_middle(host, vm, message, arguments, op, nth=1):
    """The call, which waits in that call of the adapter; its intent is on the disk."""
    host.simulator.delay(op, 600000, nth)
    call = host.background("VM." + message, vm, *arguments)
    assert until(lambda: host.row(vm)["live_intent"] != "{}" and
                 host.simulator.calls().get(op)), f"{message} did not come to {op}"
    return call


def test_kill(host):
    for message, arguments, op in FIRST_CALLS:
        vm = host.add("Running")
        before = host.snapshot(vm)
        host.simulator.reset()
        in_the_middle(host, vm, message, arguments, op)
        host.crash()
        is_(host.differences(vm), [], f"{message}, killed before {op}: record, disk and domain agree")
        is_(host.snapshot(vm), before, "and are as before")
        host.remove(vm)


def test_kill_after(host):
    """The domain has been changed, and the daemon dies before the record is."""
    for message, arguments, op in FIRST_CALLS:
        vm = host.add("Running")
        before = host.snapshot(vm)
        host.simulator.reset()
        in_the_middle(host, vm, message, arguments, op)
        with host.locked_database():
            host.simulator.clear()
            moved = until(lambda: changed_domain(host, vm, before))
            host.kill()
        host.start()
        ok(moved, f"{message}, killed after {op}: the domain had been changed")
        is_(host.differences(vm), [], "record, disk and domain agree again")
        is_(host.snapshot(vm), before, "and are as before")
        host.remove(vm)


def changed_domain(host, vm, before):
    domain = host.domain(vm)
    return any(domain[key] != value for key, value in before["domain"].items())


def test_disk_full(host):
    for message, arguments, op in FIRST_CALLS:
        host.restart()
        vm = host.add("Running")
        before = host.snapshot(vm)
        host.simulator.reset()
        call = in_the_middle(host, vm, message, arguments, op)
        host.fill_disk()
        host.simulator.clear()
        failure = call.wait()
        has(str(failure), "INTERNAL_ERROR", f"{message}, the disk is full at the commit: refused")
        host.fill_disk(False)
        after = host.snapshot(vm)
        is_({**after, "intent": "{}"}, before, "record, row and domain are as before")
        is_(host.record(vm)["current_operations"], {}, "the VM is free")
        ok(not isinstance(host.failure("VM." + message, vm, *arguments), list), "and the same call succeeds when there is room")
        is_(host.differences(vm), [], "record, disk and domain agree")
        host.remove(vm)


def test_drift(host):
    """What somebody else changed in the domain is not what an interrupted change is blamed for."""
    vm = host.add("Running")
    host.session.VM.set_VCPUs_at_startup(vm, "4")
    host.simulator.reset()
    in_the_middle(host, vm, "set_memory_target", [mib(300)], "set_memory_target")
    host.crash()
    is_(host.domain(vm)["vcpus_online"], 2, "an interrupted memory change leaves the vCPUs alone")
    host.remove(vm)


def test_guest_stops(host):
    """The guest stops between the intent and the domain's change."""
    vm = host.add("Running")
    host.simulator.reset()
    call = in_the_middle(host, vm, "set_memory_target", [mib(300)], "set_memory_target")
    host.simulator.guest(host.session.VM.get_uuid(vm), "poweroff")
    host.simulator.clear()
    error = call.wait()
    is_([getattr(error, "code", error), *getattr(error, "params", [])],
        ["VM_BAD_POWER_STATE", vm, "halted, running, paused", "halted"], "the guest stopped meanwhile: VM_BAD_POWER_STATE")
    ok(host.wait_state(vm, "Halted"), "the VM is Halted")
    is_(host.record(vm)["memory_dynamic_min"], mib(256), "and nothing is stored")
    is_(host.differences(vm), [], "record, disk and domain agree")
    host.remove(vm)


def test_paused_meanwhile(host):
    """A second change waits for the first; both are made."""
    vm = host.add("Running")
    host.simulator.reset()
    first = in_the_middle(host, vm, "set_memory_target", [mib(300)], "set_memory_target")
    second = host.background("VM.set_VCPUs_number", vm, "3")
    host.session.VM.set_name_label(vm, "renamed")
    host.session.VM.set_VCPUs_at_startup(vm, "1")
    host.simulator.clear()
    first.wait()
    second.wait()
    record = host.record(vm)
    is_([record["name_label"], record["memory_target"], record["VCPUs_at_startup"]], ["renamed", mib(300), "3"],
        "what was changed during a live change is not lost")
    is_(host.differences(vm), [], "record, disk and domain agree")
    host.remove(vm)


if not program():
    skip_all("no xenapid to test (XENAPID)")
with Host(environment={"XENAPID_TRACE_HYPERVISOR": "1"}, metrics_interval="24h") as running:
    for test in (test_success, test_shadow, test_result, test_refused, test_refused_by_rule, test_order, test_kill,
                 test_kill_after, test_disk_full, test_drift, test_guest_stops, test_paused_meanwhile):
        test(running)
done()
