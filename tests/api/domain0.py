#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""domain0.py – Domain-0: shown as it is, changed live within limits, never ended."""
from lib.host import GIB, MEMORY, MIB, Host, until
from lib.server import program
from lib.tap import diag, done, has, is_, ok, skip_all

if not program():
    skip_all("xenapid is not built")

UUID = "00000000-0000-0000-0000-000000000000"
FIELDS = MEMORY + ("VCPUs_max", "VCPUs_at_startup", "power_state", "domid", "current_operations")


def domain_0(host):
    return host.session.VM.get_by_uuid(UUID)


def shown(host):
    """What the record says of the domain, and what the domain has."""
    record, domain = host.record(domain_0(host)), host.simulator.domain(UUID)
    metrics = host.session.VM_metrics.get_record(record["metrics"])
    return ([int(record[f]) for f in ("memory_target", "memory_static_max", "VCPUs_max", "VCPUs_at_startup")]
            + [int(metrics["memory_actual"]), int(metrics["VCPUs_number"])],
            [domain[f] for f in ("memory_target", "memory_maximum", "vcpus_max", "vcpus_online")]
            + [domain["memory_actual"], domain["vcpus_online"]])


def agree(host, what):
    pair = until(lambda: (p := shown(host))[0] == p[1] and p) or shown(host)
    is_(*pair, f"{what}: the record and its metrics are as the domain is")


def snapshot(host):
    record = host.record(domain_0(host))
    return {f: record[f] for f in FIELDS}, host.simulator.domain(UUID)["memory_target"], host.simulator.domain(UUID)["vcpus_online"]


def refused(host, code, method, *arguments):
    before = snapshot(host)
    error = host.failure(method, domain_0(host), *arguments)
    if not ok(isinstance(error, list) and error[0] == code, f"{method} {arguments}: {code}"):
        diag(error)
    is_(snapshot(host), before, "and all is as before")
    return " ".join(map(str, error)) if isinstance(error, list) else ""


def test_changed(host):
    vm, session = domain_0(host), host.session
    agree(host, "at first")
    is_(session.VM.get_memory_static_min(vm), str(128 * MIB), "its minimum is what libxl leaves it at least")
    changes = session.VM.set_memory_target(vm, str(3 * GIB))
    ok("memory_target" in changes, "its memory is changed, and what changed is said")
    agree(host, "with less memory")
    session.VM.set_memory_target(vm, str(4 * GIB))
    agree(host, "with all of it again")
    session.VM.set_memory_dynamic_range(vm, str(GIB), str(2 * GIB))
    is_(session.VM.get_memory_target(vm), str(2 * GIB), "a range below its target moves that")
    agree(host, "with a range")
    session.VM.set_VCPUs_number(vm, "2")
    agree(host, "with 2 vCPUs")
    session.VM.set_VCPUs_number(vm, "4")
    agree(host, "with 4 again")


def test_refused(host):
    refused(host, "MEMORY_CONSTRAINT_VIOLATION_ORDER", "VM.set_memory_target", str(5 * GIB))
    refused(host, "MEMORY_CONSTRAINT_VIOLATION_ORDER", "VM.set_memory_target", str(127 * MIB))
    refused(host, "INVALID_VALUE", "VM.set_VCPUs_number", "5")
    refused(host, "INVALID_VALUE", "VM.set_VCPUs_number", "0")
    for method, *arguments in (("VM.hard_shutdown",), ("VM.clean_shutdown",), ("VM.shutdown",), ("VM.hard_reboot",),
                               ("VM.clean_reboot",), ("VM.pause",), ("VM.suspend",)):
        refused(host, "OPERATION_NOT_ALLOWED", method, *arguments)
    for method in ("VM.destroy", "VM.start"):
        refused(host, "VM_BAD_POWER_STATE", method, *([False, True] if method == "VM.start" else []))
    refused(host, "CANNOT_RESET_CONTROL_DOMAIN", "VM.power_state_reset")


def test_least(host):
    """Who lowers the record's minimum still does not get Domain-0 below libxl's."""
    vm = domain_0(host)
    host.session.VM.set_memory_static_min(vm, "0")
    has(refused(host, "HYPERVISOR_ERROR", "VM.set_memory_target", str(127 * MIB)), "Domain-0 keeps at least 134217728",
        "the reason")
    host.session.VM.set_memory_target(vm, str(128 * MIB))
    is_(host.session.VM.get_memory_target(vm), str(128 * MIB), "128 MiB is fine")
    host.session.VM.set_memory_target(vm, str(4 * GIB))
    host.session.VM.set_memory_static_min(vm, str(128 * MIB))


def test_followed(host):
    vm = domain_0(host)
    host.session.VM.set_memory_dynamic_range(vm, str(GIB), str(4 * GIB))
    host.simulator.change(UUID, "target", 3072)
    host.simulator.change(UUID, "vcpus", 3)
    agree(host, "changed by somebody else")
    is_(host.session.VM.get_memory_dynamic_min(vm), str(GIB), "the range is a client's, and stays")
    host.simulator.change(UUID, "target", 512)
    agree(host, "changed again")
    is_(host.session.VM.get_memory_dynamic_min(vm), str(512 * MIB), "unless it does not hold the target")
    host.session.VM.add_to_other_config(vm, "kept", "yes")
    for again in (host.crash, host.restart):
        again()
        is_(domain_0(host), vm, "after a start it is the same VM")
        agree(host, "after a start")
        is_(host.session.VM.get_other_config(vm)["kept"], "yes", "with what clients keep in it")


def test_interrupted(host):
    """Nobody was answered, and the record is as the domain is."""
    host.simulator.delay("set_memory_target", 60000)
    call = host.background("VM.set_memory_target", domain_0(host), str(2 * GIB))
    until(lambda: host.record(domain_0(host))["current_operations"])
    host.crash()
    ok(isinstance(call.wait(), Exception), "a call is interrupted by a crash")
    agree(host, "after it")
    is_(host.row(domain_0(host))["live_intent"], "{}", "no intent is left")


with Host() as simulated:
    test_changed(simulated)
    test_refused(simulated)
    test_least(simulated)
    test_followed(simulated)
    test_interrupted(simulated)
done()
