#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""foreign.py – domains that somebody else made: they are shown and left alone, they vanish, and they can be adopted."""
import json
import uuid

from lib import xm
from lib.api import NULL_REF, Api, samples
from lib.host import MIB, Host, until
from lib.server import program
from lib.tap import done, has, is_, ok, skip_all

# Messages of a VM that change nothing, beside those that begin with get_.
READING = {"query_data_source", "maximise_memory", "compute_memory_overhead", "assert_operation_valid", "assert_can_boot_here",
           "wait_memory_target_live", "export_config"}
FIELDS = ("name_label", "power_state", "domain_type", "memory_target", "memory_dynamic_min", "memory_dynamic_max",
          "memory_static_max", "VCPUs_at_startup", "VCPUs_max")


def find(host, domain_uuid):
    """The VM of that uuid, or None."""
    return next((ref for ref, r in host.session.VM.get_all_records().items() if r["uuid"] == domain_uuid), None)


def appear(host, name, memory_mib=512, vcpus=2, **built):
    """Somebody makes a domain; returns its VM and uuid. What is known of how it was built is xl's keys."""
    found, _ = host.simulator.create(name, str(uuid.uuid4()), memory_mib, vcpus)
    for key, value in built.items():
        host.simulator.change(found, f"xl:{key}", value)
    return until(lambda: find(host, found)), found


def vanish(host, vm, domain_uuid):
    host.simulator.destroy(domain_uuid)
    return until(lambda: find(host, domain_uuid) is None)


def refused(host, vm):
    """What every message that would act on it ends with."""
    name = host.session.VM.get_name_label(vm)
    return ["OPERATION_NOT_ALLOWED", f"the domain of {name} was made by somebody else and is only shown; "
                                     "VM.adopt (xm adopt) takes it over"]


def domain(host, domain_uuid):
    """What of a domain nobody but its guest may change."""
    found = host.simulator.domain(domain_uuid)
    return {key: found[key] for key in found if key not in ("at_ns", "vcpu_time_ns", "memory_actual")}


def test_appears(host):
    vm, its = appear(host, "demo", 600, 3)
    ok(vm, "a domain of somebody else appears as a VM")
    record = host.record(vm)
    is_([record[f] for f in FIELDS], ["demo", "Running", "pv", *[str(600 * MIB)] * 4, "3", "3"], "it looks as the domain does")
    is_([record[f] for f in ("uuid", "is_managed", "domid", "allowed_operations", "is_control_domain")],
        [its, False, str(host.simulator.domain(its)["domid"]), [], False], "it is not managed, and nothing can be done with it")
    metrics = host.session.VM_metrics.get_record(record["metrics"])
    is_([metrics["memory_actual"], metrics["VCPUs_number"], metrics["current_domain_type"]], [str(600 * MIB), "3", "pv"],
        "it has metrics")
    ok(metrics["start_time"].value > "2000", "and has been started")
    ok(vm in host.session.VM.get_all() and vm in host.session.VM.get_by_name_label("demo"), "it is in the lists")
    ok(host.session.console.get_location(record["consoles"][0]).endswith(record["domid"]), "it has a console")
    socket = host.server.unix
    is_(xm.run("list", "demo", server=socket)[1].splitlines()[1].split()[:4], ["demo", record["domid"], "600", "3"], "xm lists it")
    has(xm.run("list", "--long", "demo", server=socket)[1], "(managed 0)", "xm list --long says that it is not managed")
    has(xm.run("mem-set", "demo", "300", server=socket)[2], "Error: this is not allowed: the domain of demo was made by somebody else",
        "xm says why it cannot be changed")
    return vm, its


def test_restarts(host, vm, its):
    before, record = domain(host, its), {f: host.record(vm)[f] for f in (*FIELDS, "uuid", "metrics", "consoles", "domid", "is_managed")}
    for name, again in (("a restart", host.restart), ("kill -9", host.crash)):
        again()
        is_({f: host.record(vm)[f] for f in record}, record, f"{name} of the daemon: the VM is the same")
        is_([domain(host, its), host.simulator.calls()], [before, {}], f"{name}: its domain was not touched")


def test_follows(host, vm, its):
    for what, value, field, want in (("name", "bell\a \u00e4", "name_label", "bell? \u00e4"),
                                     ("name", "renamed", "name_label", "renamed"),
                                     ("target", 400, "memory_target", str(400 * MIB)),
                                     ("vcpus", 2, "VCPUs_at_startup", "2"), ("paused", 1, "power_state", "Paused"),
                                     ("paused", 0, "power_state", "Running"), ("maximum", 800, "memory_static_max", str(800 * MIB))):
        host.simulator.change(its, what, value)
        ok(until(lambda field=field, want=want: host.record(vm)[field] == want), f"it follows its domain: {what} {value!r}")


def arguments(host, message):
    """Values that fit, behind the VM."""
    def one(type_):
        if type_.kind == "ref":
            return host.ref if type_.cls == "host" else NULL_REF
        if type_.kind == "enum" and "get_boot_record" in type_.values:
            return "get_boot_record"  # an operation that only reads
        return {} if type_.kind in ("map", "record") else samples(type_)[0]

    return [one(p.type) for p in message.parameters[1:]]


def of_vm():
    """The messages whose first parameter is a VM: (those that read, the others)."""
    first = {m: m.parameters[0].type for m in Api().cls("VM").messages if m.parameters}
    found = [m for m, type_ in first.items() if type_.kind == "ref" and type_.cls == "VM"]
    reading = [m for m in found if m.short_name in READING or m.short_name.startswith("get_")]
    return reading, [m for m in found if m not in reading and m.short_name != "adopt"]


def test_refusals(host, vm, its):
    reading, acting = of_vm()
    ok(len(reading) > 90 and len(acting) > 80, f"{len(reading)} messages read a VM, {len(acting)} act on it")
    before, record, want = domain(host, its), host.record(vm), refused(host, vm)
    for prefix in ("", "Async."):
        names = {prefix + m.name: arguments(host, m) for m in acting if not prefix or m.is_async}
        wrong = {name: got for name, given in names.items() if (got := host.failure(name, vm, *given)) != want}
        is_(wrong, {}, f"each of {len(names)} {prefix}messages that would act on it is refused")
    is_(host.session.task.get_all(), [], "without a task")
    wrong = {m.name: got for m in reading
             if isinstance(got := host.failure(m.name, vm, *arguments(host, m)), list) and got[:1] == ["OPERATION_NOT_ALLOWED"]}
    is_(wrong, {}, "none that reads is refused")
    is_(host.failure("VM.assert_operation_valid", vm, "clean_shutdown"), want, "assert_operation_valid says that operations are")
    is_(host.session.VM.get_boot_record(vm)["name_label"], record["name_label"], "it has a boot record, which is its record")
    is_({f: host.record(vm)[f] for f in FIELDS}, {f: record[f] for f in FIELDS}, "its record is as it was")
    is_([domain(host, its), host.simulator.calls()], [before, {}], "and so is its domain")


def test_stops(host):
    """What its guest does by itself is its owner's business."""
    for action in ("poweroff", "reboot", "crash"):
        vm, its = appear(host, action)
        host.simulator.guest(its, action)
        ok(host.wait_state(vm, "Paused"), f"{action}: it is shown as Paused")
        host.crash()
        is_(host.state(vm), "Paused", f"{action}: after kill -9 too")
        until(lambda: host.simulator.calls(False).get("list_domains", 0) > 3)
        is_([host.simulator.domain(its)["shutdown"], host.simulator.calls()], [True, {}], f"{action}: nobody has touched the domain")
        has(str(host.failure("VM.adopt", vm)), "has stopped", f"{action}: it cannot be adopted")
        ok(vanish(host, vm, its), f"{action}: it vanishes when its owner ends it")


def test_vanishes(host, vm, its):
    record = host.record(vm)
    ok(vanish(host, vm, its), "it vanishes with its domain")
    is_([host.failure("VM.get_record", vm)[0], host.failure("VM_metrics.get_record", record["metrics"])[0],
         host.failure("console.get_record", record["consoles"][0])[0]], ["HANDLE_INVALID"] * 3, "and so do its metrics and console")


def edit_domains(host, change):
    """Changes the list of domains while no daemon runs."""
    with open(host.server.path("domains"), encoding="utf-8") as file:
        state = json.load(file)
    change(state["domains"])
    with open(host.server.path("domains"), "w", encoding="utf-8") as file:
        json.dump(state, file)


def test_while_down(host):
    gone, its = appear(host, "gone")
    late, moved = str(uuid.uuid4()), appear(host, "moved")
    host.kill()

    def change(domains):
        mine = next(d for d in domains if d["uuid"] == its)
        other = next(d for d in domains if d["uuid"] == moved[1])
        domains.append({**mine, "uuid": late, "name": "late", "domid": 900})
        domains.remove(mine)
        other["domid"] = 901

    edit_domains(host, change)
    host.start()
    ok(find(host, its) is None, "one that was destroyed while the daemon was down is gone")
    ok(find(host, late), "one that was made meanwhile is there")
    record = host.record(moved[0])
    is_([record["domid"], host.session.console.get_location(record["consoles"][0])], ["901", "simulator console 901"],
        "one that was made anew with its uuid is the same VM")
    is_(host.session.VM.get_is_managed(moved[0]), False, "and not managed")
    is_(host.simulator.calls(), {}, "no domain was touched")
    for found in (late, moved[1]):
        host.simulator.destroy(found)
    ok(until(lambda: not unmanaged(host)), "all are gone")


def unmanaged(host):
    return [ref for ref, r in host.session.VM.get_all_records().items() if not r["is_managed"]]


def outcomes(report):
    return {row["key"]: row["outcome"] for row in report}


def test_adopt(host):
    vm, its = appear(host, "web", 600, 2, kernel="/boot/vmlinuz", cmdline='root=/dev/xvda1 "quoted" back\\slash',
                     disk="/dev/vg/web,raw,xvda,rw", on_poweroff="destroy", tsc_mode="native")
    host.simulator.change(its, "weight", 512)
    host.simulator.change(its, "maximum", 800)
    before = domain(host, its)
    result = host.session.VM.adopt(vm)
    is_(result["ref"], vm, "adopt: it is the same VM")
    is_({key: outcome for key, outcome in outcomes(result["report"]).items() if outcome not in ("taken", "translated")},
        {"disk": "ignored"}, "adopt: the report says what has no place")
    is_(set(result["report"][0]), {"key", "value", "outcome", "detail", "line"}, "adopt: the report has the shape of create_from_config's")
    record = host.record(vm)
    is_([record[f] for f in FIELDS], ["web", "Running", "pv", str(600 * MIB), str(600 * MIB), str(600 * MIB), str(800 * MIB), "2", "2"],
        "adopt: the record is as the domain")
    is_([record[f] for f in ("is_managed", "PV_kernel", "PV_args", "VCPUs_params", "platform")],
        [True, "/boot/vmlinuz", 'root=/dev/xvda1 "quoted" back\\slash', {"weight": "512", "cap": "0"}, {"tsc_mode": "native"}],
        "adopt: and has what it was built from")
    has(record["other_config"]["xl:disk"], "/dev/vg/web", "adopt: what has no place is kept")
    boot = host.session.VM.get_boot_record(vm)
    is_([boot["PV_kernel"], boot["memory_target"]], ["/boot/vmlinuz", str(600 * MIB)], "adopt: the boot record says that")
    is_([domain(host, its), host.simulator.calls()], [before, {}], "adopt: the domain was not touched")
    is_(host.differences(vm), [], "adopt: record, disk and domain agree")
    is_(host.session.host.get_drift(host.ref), [], "adopt: and nothing has drifted")
    host.crash()
    is_([host.record(vm)["is_managed"], host.record(vm)["PV_kernel"]], [True, "/boot/vmlinuz"], "adopt: over kill -9 too")
    is_(host.failure("VM.adopt", vm), ["OPERATION_NOT_ALLOWED", "web is managed already"], "adopt: only once")
    return vm


def test_after_adopt(host, vm):
    host.session.VM.set_memory_target(vm, str(700 * MIB))
    host.session.VM.set_VCPUs_number(vm, "1")
    host.session.VM.set_name_label(vm, "mine")
    ok("clean_shutdown" in host.session.VM.get_allowed_operations(vm), "adopted: everything is allowed")
    is_([host.domain(vm)[f] for f in ("memory_target", "vcpus_online")], [700 * MIB, 1], "adopted: live changes reach the domain")
    host.simulator.guest(host.session.VM.get_uuid(vm), "poweroff")
    ok(host.wait_state(vm, "Halted"), "adopted: its guest powers off, and it is Halted")
    is_(host.domain(vm), None, "adopted: its domain was ended")
    host.session.VM.start(vm, False, False)
    is_([host.domain(vm)["built_from"]["kernel"], host.domain(vm)["name"]], ["/boot/vmlinuz", "mine"],
        "adopted: it is started again from its record")
    is_(host.differences(vm), [], "adopted: record, disk and domain agree")
    host.session.VM.suspend(vm)
    host.session.VM.resume(vm, False, False)
    host.session.VM.clean_shutdown(vm)
    is_(host.state(vm), "Halted", "adopted: suspend, resume, clean_shutdown")
    host.remove(vm)


def test_adopt_unknown(host):
    vm, its = appear(host, "bare")
    status, _, told = xm.run("adopt", "bare", server=host.server.unix)
    is_(status, 0, "xm adopt")
    has(told, "  kernel is unknown: nobody has told the simulator what it was built from", "xm adopt tells what is not known")
    is_(host.record(vm)["is_managed"], True, "it is managed")
    has(xm.run("adopt", "bare", server=host.server.unix)[2], "Error: this is not allowed: bare is managed already", "xm adopt again")
    host.simulator.destroy(its)
    ok(host.wait_state(vm, "Halted"), "destroyed behind the server's back it stays, Halted")
    host.remove(vm)


def test_adopt_fails(host):
    vm, its = appear(host, "odd")
    host.simulator.fail("describe_domain", text="libxl is gone")
    is_(host.failure("VM.adopt", vm), ["HYPERVISOR_ERROR", "describe_domain", vm, "libxl is gone"], "adopt: the hypervisor fails")
    is_(host.failure("VM.start", vm, False)[0], "OPERATION_NOT_ALLOWED", "adopt: it is not managed then")
    host.simulator.change(its, "xl:vcpus", "no number")
    is_(host.failure("VM.adopt", vm)[0], "INVALID_VALUE", "adopt: what is known makes no sense")
    is_(host.record(vm)["is_managed"], False, "adopt: it is not managed then either")
    host.simulator.change(its, "paused", 1)
    host.simulator.change(its, "xl:vcpus", "1")
    host.session.call("VM.adopt", vm)
    is_(host.state(vm), "Paused", "adopt: one that is paused stays so")
    is_(host.failure("VM.adopt", next(r for r in host.session.VM.get_all() if host.record(r)["is_control_domain"])),
        ["OPERATION_NOT_ALLOWED", "Domain-0 is managed already"], "adopt: not Domain-0")
    host.remove(vm)


def test_adopt_races(host):
    """While the domain is being looked at somebody else adopts it, or ends it."""
    vm, its = appear(host, "wanted")
    host.simulator.reset()
    host.simulator.delay("describe_domain", 600000)
    calls = [host.background("VM.adopt", vm) for _ in range(2)]
    until(lambda: host.simulator.calls(False).get("describe_domain") == 2)
    host.simulator.clear()
    results = [call.wait() for call in calls]
    is_(sorted(getattr(result, "code", "adopted") for result in results), ["OPERATION_NOT_ALLOWED", "adopted"],
        "of two that adopt one does")
    host.remove(vm)
    vm, its = appear(host, "mayfly")
    host.simulator.delay("describe_domain", 600000)
    call = host.background("VM.adopt", vm)
    until(lambda: host.simulator.calls(False).get("describe_domain") == 3)
    vanish(host, vm, its)
    host.simulator.clear()
    is_(getattr(call.wait(), "code", None), "HANDLE_INVALID", "one that vanishes meanwhile is not adopted")
    is_(find(host, its), None, "and does not come back")


def test_same_uuid(host):
    vm, its = appear(host, "theirs")
    config = f'name = "mine"\nuuid = "{its}"\nmemory = 64\n'
    is_(host.failure("VM.create_from_config", config), ["INVALID_VALUE", "uuid: it is that of the VM theirs", its],
        "no VM gets the uuid of a domain that is there")
    is_(host.failure("VM.create_from_config", 'name = "theirs"\nmemory = 64\n')[0], "INVALID_VALUE", "nor its name")
    vanish(host, vm, its)
    mine = host.add()
    host.simulator.create("imposter", host.session.VM.get_uuid(mine), 64, 1)
    ok(host.wait_state(mine, "Running"), "a domain with the uuid of a managed VM is that VM's: it is Running")
    is_([host.record(mine)["is_managed"], unmanaged(host)], [True, []], "and nobody else's")
    host.restart()
    is_(host.state(mine), "Running", "after a restart too")
    host.remove(mine)


def test_own_are_not_foreign(host):
    """Starts and deletions of our own, under the eyes of the sampler."""
    before = host.server.stderr().count("somebody else")
    for _ in range(40):
        vm = host.add("Running")
        host.session.VM.hard_shutdown(vm)
        host.session.VM.destroy(vm)
    is_([host.server.stderr().count("somebody else") - before, unmanaged(host)], [0, []], "our own domains are never taken for others'")


def test_reboot_of_host(host):
    _, its = appear(host, "gone")
    host.kill()
    edit_domains(host, lambda domains: domains.__delitem__(slice(1, None)))
    host.start()
    is_([find(host, its), unmanaged(host)], [None, []], "after a reboot of the host none is left")


if not program() or not xm.program():
    skip_all("no xenapid and xm to test (XENAPID, XM)")
with Host(metrics_interval="20ms") as running:
    running.simulator.speed(1000)
    demo = test_appears(running)
    for test in (test_restarts, test_refusals, test_follows, test_vanishes):
        test(running, *demo)
    test_after_adopt(running, test_adopt(running))
    for test in (test_stops, test_while_down, test_adopt_unknown, test_adopt_fails, test_adopt_races, test_same_uuid,
                 test_own_are_not_foreign, test_reboot_of_host):
        test(running)
done()
