#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""drift.py – host.get_drift says what somebody else changed of a domain, and nothing else.

That nothing is reported after any live change, fault, crash or kill is checked by the tests of those: Host.differences() asks.
"""
import json

from lib import xm
from lib.host import MIB, STATES, Host, until
from lib.rpc import Failure
from lib.server import program
from lib.tap import done, has, is_, ok, skip_all

# What is changed in the simulator, to what; the field, what its record says (see Host.add()) and what the domain has then.
CHANGES = [
    ("name", "other name", "name_label", "guest", "other name"),
    ("target", 200, "memory_target", str(256 * MIB), str(200 * MIB)),
    ("maximum", 1000, "memory_static_max", str(512 * MIB), str(1000 * MIB)),
    ("vcpus", 3, "VCPUs_at_startup", "2", "3"),
    ("weight", 512, "VCPUs_params:weight", "256", "512"),
    ("cap", 50, "VCPUs_params:cap", "0", "50"),
]


def drift(host):
    return host.session.host.get_drift(host.ref)


def entry(host, vm, field, record, domain):
    return {"VM": vm, "uuid": host.session.VM.get_uuid(vm), "name_label": host.session.VM.get_name_label(vm),
            "field": field, "record": record, "domain": domain}


def change(host, vm, what, to):
    host.simulator.change(host.session.VM.get_uuid(vm), what, to)


def test_nothing(host):
    is_(drift(host), [], "Domain-0 alone: nothing")
    vms = [host.add(state) for state in STATES]
    is_(drift(host), [], "VMs in every power state: nothing")
    is_(host.session.call("Async.host.get_drift", host.ref).startswith("OpaqueRef:"), True, "it can be asynchronous")
    host.simulator.speed(0.001)
    host.session.VM.set_memory_target(vms[1], str(400 * MIB))
    ok(host.domain(vms[1])["memory_actual"] < 400 * MIB, "a balloon that is on its way")
    is_(drift(host), [], "is nothing")
    host.simulator.speed(100)
    for vm in vms:
        host.remove(vm)


def test_odd(host):
    """What is not said in the units of the domain."""
    vms = [host.add("Running", name_label=name) for name in ("", "x" * 300, "ä" * 200, "a (b)")]
    vms.append(host.add("Running", memory_dynamic_min=str(256 * MIB + 1), memory_static_max=str(512 * MIB + 1023)))
    vms.append(host.add("Running", VCPUs_params={"weight": "100", "cap": "30", "mask": "0,1"}))
    is_(drift(host), [], "odd names, sizes and parameters: nothing")
    change(host, vms[4], "target", 256)
    is_(drift(host), [], "the same in whole KiB: nothing")
    change(host, vms[5], "weight", 101)
    is_(drift(host), [entry(host, vms[5], "VCPUs_params:weight", "100", "101")], "a weight of the record")
    for vm in vms:
        host.remove(vm)


def messages(host, vm):
    records = host.session.message.get("VM", host.session.VM.get_uuid(vm), "19700101T00:00:00Z")
    return sorted((r["name"], r["body"]) for r in records.values() if r["name"].startswith("VM_DRIFT"))


def test_watched(host):
    """Without being asked, the daemon tells when something appears, and when it is gone."""
    vm = host.add("Running")
    change(host, vm, "target", 200)
    body = f"memory_target: the record says {256 * MIB}, the domain has {200 * MIB}"
    ok(until(lambda: messages(host, vm) == [("VM_DRIFT", body)]), "a message when it appears")
    host.session.VM.set_memory_target(vm, str(256 * MIB))
    ok(until(lambda: messages(host, vm) == [("VM_DRIFT", body), ("VM_DRIFT_ENDED", body)]), "and when it is gone")
    host.remove(vm)


def test_fixed(host):
    vm = host.add("Running", name_label="web")
    for what, to, field, record, domain in CHANGES[1:]:
        change(host, vm, what, to)
        is_(xm.run("drift", "--fix=record", "web", server=host.server.http), (0, "", ""), f"{what}: xm drift --fix=record")
        is_(drift(host), [], f"{what}: nothing differs")
        is_(host.differences(vm), [], f"{what}: the domain is as its record")
    before = host.record(vm)
    for what, to, field, record, domain in CHANGES[1:]:
        change(host, vm, what, to)
    is_(xm.run("drift", "--fix=domain", "web", server=host.server.http), (0, "", ""), "xm drift --fix=domain")
    after = host.record(vm)
    is_([after[f] for f in ("memory_target", "memory_static_max", "VCPUs_at_startup")], [str(200 * MIB), str(1000 * MIB), "3"],
        "the record is as the domain")
    is_((after["VCPUs_params"]["weight"], after["VCPUs_params"]["cap"], before != after), ("512", "50", True), "weight and cap too")
    is_(drift(host), [], "nothing differs")
    for words in (("drift", "web"), ("drift", "--fix=both", "web"), ("drift", "--fix=record")):
        is_(xm.run(*words, server=host.server.http)[0], 2, f"xm {' '.join(words)}: misuse")
    host.remove(vm)


def test_each(host):
    """A change behind the back while the daemon runs."""
    vm = host.add("Running")
    for what, to, field, record, domain in CHANGES:
        before = host.snapshot(vm)["domain"], host.domain(vm)["name"]
        change(host, vm, what, to)
        found = [entry(host, vm, field, record, domain)]
        is_(drift(host), found, f"{what}: reported")
        is_(host.record(vm)["power_state"], "Running", f"{what}: the record stays as it was")
        ok((host.snapshot(vm)["domain"], host.domain(vm)["name"]) != before, f"{what}: and the domain as somebody made it")
        is_(drift(host), found, f"{what}: as long as it is there")
        host.session.VM.hard_reboot(vm)
        is_(drift(host), [], f"{what}: a new domain is as the record says")
    host.remove(vm)


def test_order(host):
    """All at once, of two VMs."""
    vms = [host.add("Running", name_label=name) for name in ("b", "a")]
    for vm in vms:
        for what, to, *_ in CHANGES[1:]:
            change(host, vm, what, to)
    want = [entry(host, vm, *fields) for vm in reversed(vms) for _, _, *fields in CHANGES[1:]]
    is_(drift(host), want, "sorted by name, the fields in one order")
    for vm in vms:
        host.remove(vm)


def test_applied(host):
    """What a live change touches is as the record says afterwards, also when that has not changed."""
    vm = host.add("Running")
    for what, to, *_ in CHANGES[1:]:
        change(host, vm, what, to)
    fields = [fields for _, _, *fields in CHANGES[1:]]
    for message, arguments, gone in (("set_memory_target", ["256"], 1), ("set_memory_maximum", ["512"], 1),
                                     ("set_VCPUs_number", ["2"], 1)):
        value = arguments[0] if message == "set_VCPUs_number" else str(int(arguments[0]) * MIB)
        host.session.call(f"VM.{message}", vm, value)
        del fields[:gone]
        is_(drift(host), [entry(host, vm, *f) for f in fields], f"{message} to what the record says ends that difference")
    host.session.VM.add_to_VCPUs_params_live(vm, "weight", "100")
    host.session.VM.add_to_VCPUs_params_live(vm, "cap", "0")
    is_(drift(host), [], "weight and cap likewise")
    host.remove(vm)


def test_next_start(host):
    """What is set for the next start is no difference, whatever has been changed live before or meanwhile."""
    vm = host.add("Running", VCPUs_params={"weight": "300"})
    host.session.VM.set_VCPUs_at_startup(vm, "3")
    host.session.VM.set_name_label(vm, "renamed")
    host.session.VM.set_VCPUs_params(vm, {"cap": "10"})
    is_(drift(host), [], "set for the next start: nothing")
    host.crash()
    is_(drift(host), [], "nor after a crash of the daemon")
    host.session.VM.set_VCPUs_number(vm, "4")
    host.session.VM.set_VCPUs_at_startup(vm, "1")
    host.session.VM.add_to_VCPUs_params_live(vm, "cap", "20")
    host.session.VM.set_VCPUs_params(vm, {})
    is_([host.domain(vm)[key] for key in ("vcpus_online", "weight", "cap")], [4, 300, 20], "live changes in between")
    is_(drift(host), [], "nothing")
    host.crash()
    is_(drift(host), [], "nor after a crash of the daemon")
    change(host, vm, "vcpus", 3)
    is_(drift(host), [entry(host, vm, "VCPUs_at_startup", "4", "3")], "the record's value is the one that the domain was told")
    change(host, vm, "vcpus", 1)
    is_(drift(host), [], "what it is to be told at its next start is as the record says: nothing")
    host.session.VM.suspend(vm)
    is_(drift(host), [], "Suspended: nothing")
    host.session.VM.resume(vm, False)
    is_(drift(host), [], "resumed: nothing")
    host.session.VM.set_VCPUs_at_startup(vm, "2")
    host.session.VM.clean_reboot(vm)
    is_((drift(host), host.domain(vm)["vcpus_online"]), ([], 2), "rebooted: nothing")
    host.remove(vm)


def edit_domains(host, uuid, **members):
    """In the state file, while the daemon does not run."""
    path = host.server.path("domains")
    with open(path, encoding="utf-8") as file:
        state = json.load(file)
    next(d for d in state["domains"] if d["uuid"] == uuid).update(members)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(state, file)


def test_stopped(host):
    vm, same = host.add("Running"), host.add("Running", name_label="same")
    uuid = host.session.VM.get_uuid(vm)
    for stop in (host.kill, lambda: (host.restart(), host.kill())):
        host.session.VM.set_memory_target(vm, str(300 * MIB))
        stop()
        edit_domains(host, uuid, memory_target=200 * MIB, vcpus_online=1)
        logged = len(host.server.stderr())
        host.start()
        log = host.server.stderr()[logged:]
        for field, record, domain in (("memory_target", 300 * MIB, 200 * MIB), ("VCPUs_at_startup", 2, 1)):
            has(log, f"VM guest ({uuid}): its domain has {field} {domain}, the record says {record}; somebody else changed it",
                f"{field} was changed while the daemon did not run: a line in the log")
        is_(log.count("somebody else"), 2, "no other")
        is_([host.domain(vm)[key] for key in ("memory_target", "vcpus_online")], [200 * MIB, 1], "the domain is left alone")
        is_(drift(host), [entry(host, vm, "memory_target", str(300 * MIB), str(200 * MIB)),
                          entry(host, vm, "VCPUs_at_startup", "2", "1")], "and get_drift says both")
        host.session.VM.set_VCPUs_number(vm, "2")
    for each in (vm, same):
        host.remove(each)


def test_paused(host):
    """At start the power state follows the domain."""
    vm = host.add("Running")
    uuid = host.session.VM.get_uuid(vm)
    host.simulator.change(uuid, "paused", 1)
    host.crash()
    is_((host.state(vm), drift(host)), ("Paused", []), "paused by somebody else: after a start of the daemon the record says so")
    host.simulator.change(uuid, "paused", 0)
    ok(host.wait_state(vm, "Running"), "and while it runs it follows")
    is_(drift(host), [], "so that nothing differs")
    host.remove(vm)


def test_interrupted(host):
    """kill -9 in the middle of a live change: the domain was told, the record was not, and the other way round."""
    for message, value, op in (("set_memory_target", str(400 * MIB), "set_memory_target"),
                               ("set_memory_maximum", str(900 * MIB), "set_memory_maximum"),
                               ("set_VCPUs_number", "4", "set_vcpus")):
        vm = host.add("Running")
        host.session.VM.set_VCPUs_at_startup(vm, "1")
        before = host.domain(vm)
        with host.locked_database():
            host.simulator.reset()
            host.simulator.delay(op, 600000)
            call = host.background(f"VM.{message}", vm, value)
        until(lambda op=op, call=call: host.simulator.calls().get(op) or not call.is_alive())
        is_(drift(host), [], f"{message} is under way: nothing")
        with host.locked_database():
            host.simulator.clear()
            until(lambda vm=vm, before=before: host.domain(vm) != before)
            host.kill()
        logged = len(host.server.stderr())
        host.start()
        is_(drift(host), [], f"{message} was interrupted when the domain had been told: nothing")
        ok("somebody else" not in host.server.stderr()[logged:], "and nothing in the log")
        is_([host.domain(vm)[key] for key in ("memory_maximum", "vcpus_online")], [512 * MIB, 2], "the domain is as before")
        host.remove(vm)


def test_others(host):
    """What is not compared."""
    kept = host.add("Running", actions_after_crash="preserve")
    host.simulator.guest(host.session.VM.get_uuid(kept), "crash")
    ok(host.wait_state(kept, "Paused"), "a guest that crashed and is kept")
    is_(drift(host), [], "is nothing")
    host.remove(kept)
    uuid, _ = host.simulator.create("foreign")
    host.simulator.change(uuid, "weight", 512)
    is_(drift(host), [], "a domain that has no record: nothing")
    host.simulator.destroy(uuid)
    host.simulator.fail("list_domains", 1, "nobody is there")
    try:
        found = drift(host)
    except Failure as failure:
        found = [failure.code, *failure.params]
    is_(found, ["HYPERVISOR_ERROR", "list_domains", host.ref, "nobody is there"], "a hypervisor that does not answer")


if not program() or not xm.program():
    skip_all("no xenapid or xm to test (XENAPID, XM)")
with Host(metrics_interval="24h") as running:
    running.simulator.speed(100)
    for test in (test_nothing, test_odd, test_each, test_order, test_applied, test_next_start, test_stopped, test_paused,
                 test_interrupted, test_others, test_fixed):
        test(running)
with Host(metrics_interval="20ms") as running:
    running.simulator.speed(100)
    test_watched(running)
done()
