#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""staged.py – what a running domain cannot take, and what VM.update makes of it: live, waiting for the next start, or refused.

docs/live-and-next-boot.md, which is printed from the tables, says what is expected of each field.
"""
import os
import random
import re

from lib.api import Api
from lib.host import GIB, MIB, Host, until
from lib.server import program
from lib.settable import values_of
from lib.tap import diag, done, has, is_, ok, skip_all

SEED = 1965
WHENS = ("now", "next_boot", "auto")
# Values other than those of Host.add(), where not every value does.
OTHERS = {"memory_target": str(300 * MIB), "memory_static_max": str(768 * MIB), "memory_dynamic_max": str(400 * MIB),
          "memory_dynamic_min": str(200 * MIB), "memory_static_min": str(64 * MIB), "VCPUs_max": "8", "VCPUs_at_startup": "3",
          "VCPUs_params": {"weight": "300"}, "HVM_shadow_multiplier": 2.0, "domain_type": "pv", "HVM_boot_policy": "BIOS order",
          "PV_kernel": "/boot/other", "PV_ramdisk": "/boot/other", "PV_bootloader": "pygrub"}


def mib(number):
    return str(number * MIB)


def document():
    """field → when → live, waits, recorded, at once or refused."""
    with open(os.path.join(os.environ["TOP_SRCDIR"], "docs/live-and-next-boot.md"), encoding="utf-8") as file:
        rows = re.findall(r"^\| (\w+) \| ([a-z ]+) \| ([a-z ]+) \| ([a-z ]+) \|", file.read(), re.M)
    return {row[0]: dict(zip(WHENS, row[1:])) for row in rows if row[0] != "field"}


class Values:
    """What settable.py wants of a world."""

    def __init__(self, host):
        self.session, self.api = host.session, Api()

    def refs(self, cls):
        return self.session.call(f"{cls}.get_all")


def other_value(world, field, now):
    if field.short_name in OTHERS:
        return OTHERS[field.short_name]
    return next((v for v in values_of(world, field) if v != now), None)


def look(host, vm, field):
    return host.record(vm)[field], host.session.VM.get_pending(vm).get(field)


def judge(host, vm, field, value, when, expected):
    """What is wrong; None: nothing."""
    before = host.record(vm)
    result = host.failure("VM.update", vm, {field: value}, {"when": when})
    after, pending = look(host, vm, field)
    if expected == "refused":
        return None if isinstance(result, list) and host.record(vm) == before else ("not refused", result)
    if isinstance(result, list):
        return result
    waits, live = field in result["next_boot"], field in result["live"]
    want = {"live": (value, False, True), "waits": (before[field], True, False), "recorded": (value, True, False),
            "at once": (value, False, False)}[expected]
    if (after, waits, live) != want:
        return after, waits, live
    if bool(pending) != waits or (waits and (pending["running"], pending["next"]) != (before[field], value)):
        return "pending", pending
    return None if host.record(vm)["requires_reboot"] == waits else "requires_reboot"


def test_document(host):
    """Every field of a Running VM, with every `when`."""
    world, expected = Values(host), document()
    fields = {f.short_name: f for f in world.api.cls("VM").fields}
    is_([f for f in fields if fields[f].is_settable and f not in expected], [], "the document has every field that can be set")
    for when in WHENS:
        problems, seen = [], set()
        for name, words in expected.items():
            vm = host.add("Running")
            value = other_value(world, fields[name], host.record(vm)[name])
            if value is not None:
                complaint = judge(host, vm, name, value, when, words[when])
                problems += [(name, words[when], complaint)] if complaint else []
                seen.add(words[when])
            host.remove(vm)
        is_(problems, [], f"{when}: {len(expected)} fields, as the document says")
        diag(sorted(seen))


STAGED = {"VCPUs_max": "8", "VCPUs_at_startup": "6", "memory_static_max": str(GIB), "memory_dynamic_max": mib(900), "name_description": "more"}


def staged_vm(host, **fields):
    vm = host.add("Running", **fields)
    result = host.session.VM.update(vm, STAGED, {"when": "auto"})
    return vm, result


def is_applied(host, vm, description):
    ok(host.idle(vm), description)
    record = host.record(vm)
    is_({name: record[name] for name in STAGED}, STAGED, f"{description}: the record has it")
    is_((host.session.VM.get_pending(vm), record["requires_reboot"]), ({}, False), f"{description}: nothing waits any more")
    is_(host.differences(vm), [], f"{description}: record, disk and domain agree")
    host.remove(vm)


def domid(host, vm):
    return int(host.record(vm)["domid"])


def test_auto(host):
    vm, result = staged_vm(host)
    is_((sorted(result["next_boot"]), result["live"]),
        (["VCPUs_at_startup", "VCPUs_max", "memory_dynamic_max", "memory_static_max"], []), "what depends on what waits, waits too")
    is_(result["changed"]["VCPUs_max"], {"old": "4", "new": "8"}, "the result says from what to what")
    pending = host.session.VM.get_pending(vm)
    is_((pending["memory_static_max"]["running"], pending["memory_static_max"]["next"], pending["memory_static_max"]["by"]),
        (mib(512), str(GIB), "root"), "so does get_pending, and by whom")
    ok(re.fullmatch(r"\d{8}T[\d:]{8}Z", str(pending["memory_static_max"]["since"])), "and since when")
    ok(pending["memory_static_max"]["reason"], "and why")
    is_(host.session.VM.get_name_description(vm), "more", "what waits for nothing is set")
    is_(host.differences(vm), [], "the record is what runs")
    is_(host.session.host.get_drift(host.ref), [], "which is no drift")
    result = host.session.VM.update(vm, {"VCPUs_max": "8", "VCPUs_at_startup": "3"}, {"when": "auto"})
    is_((result["live"], host.domain(vm)["vcpus_online"]), (["VCPUs_at_startup"], 3), "what the domain can take it takes")
    is_(sorted(host.session.VM.get_pending(vm)), ["VCPUs_max", "memory_dynamic_max", "memory_static_max"], "and it waits no longer")
    host.remove(vm)


def test_next_boot(host):
    vm = host.add("Running")
    host.simulator.reset()
    host.session.VM.update(vm, {"memory_target": mib(300), "VCPUs_at_startup": "1"}, {"when": "next_boot"})
    is_((host.simulator.calls(), host.session.VM.get_memory_target(vm)), ({}, "0"), "next_boot leaves the domain alone")
    host.session.VM.hard_reboot(vm)
    is_((host.session.VM.get_memory_target(vm), host.domain(vm)["vcpus_online"]), (mib(300), 1), "a reboot applies it")
    host.remove(vm)
    vm = host.add("Halted")
    result = host.session.VM.update(vm, {"VCPUs_max": "8"}, {"when": "next_boot"})
    is_((result["next_boot"], host.session.VM.get_VCPUs_max(vm)), ([], "8"), "a Halted VM has nothing that could wait")
    is_(host.failure("network.update", host.session.network.get_all()[0], {}, {"when": "next_boot"})[:3],
        ["VALUE_NOT_SUPPORTED", "when", "next_boot"], "nor has a network")
    is_(host.failure("VM.update", vm, {}, {"when": "later"})[:2], ["INVALID_VALUE", "when: one of now, next_boot, auto"],
        "there are three words for when")
    host.remove(vm)


def test_ways(host):
    """Whatever ends the domain, what waits is applied."""
    session = host.session
    for way in ("clean_reboot", "hard_reboot"):
        vm, _ = staged_vm(host)
        session.call("VM." + way, vm)
        is_applied(host, vm, way)
    for guest in ("reboot", "crash"):
        vm, _ = staged_vm(host, actions_after_crash="restart")
        before = domid(host, vm)
        host.simulator.guest(session.VM.get_uuid(vm), guest)
        ok(until(lambda: domid(host, vm) not in (before, -1) or host.state(vm) == "Halted"), f"the guest's own {guest}")
        is_applied(host, vm, f"the guest's own {guest}")
    for way in ("clean_shutdown", "hard_shutdown"):
        vm, _ = staged_vm(host)
        session.call("VM." + way, vm)
        is_(session.VM.get_VCPUs_max(vm), "8", f"after {way} the record is what starts next")
        session.VM.start(vm, False, False)
        is_applied(host, vm, f"{way} and start")
    vm, _ = staged_vm(host)
    host.simulator.destroy(session.VM.get_uuid(vm))
    ok(host.wait_state(vm, "Halted"), "the domain is destroyed by somebody else")
    is_applied(host, vm, "destroyed by somebody else")


def test_survives(host):
    """It waits for a start, and for nothing else."""
    vm, _ = staged_vm(host)
    pending = host.session.VM.get_pending(vm)
    host.crash()
    is_(host.session.VM.get_pending(vm), pending, "a crash of the daemon changes nothing of it")
    host.session.VM.pause(vm)
    host.session.VM.unpause(vm)
    is_(host.session.VM.get_pending(vm), pending, "nor does a pause")
    host.session.VM.suspend(vm)
    is_(host.session.VM.get_pending(vm), pending, "nor does a suspend")
    result = host.session.VM.update(vm, {"HVM_shadow_multiplier": 3.0}, {"when": "auto"})
    is_(result["next_boot"], ["HVM_shadow_multiplier"], "a Suspended VM takes nothing live")
    host.session.VM.resume(vm, False, False)
    is_(sorted(host.session.VM.get_pending(vm)), sorted([*pending, "HVM_shadow_multiplier"]), "it still waits when the guest goes on")
    is_(host.differences(vm), [], "with what it was started with")
    shot = host.session.VM.snapshot(vm, "shot")
    is_((host.session.VM.get_pending(shot), host.session.VM.get_VCPUs_max(shot)), ({}, "4"), "a snapshot is of what runs")
    host.kill()
    host.server.hypervisor = "simulator:" + host.server.path("domains")
    os.unlink(host.server.path("domains"))
    host.start()
    is_((host.state(vm), host.session.VM.get_VCPUs_max(vm)), ("Halted", "8"), "when the host has lost all its domains it is applied")
    host.session.VM.destroy(shot)
    host.remove(vm)


def test_killed(host):
    """Between the end of the one domain and the beginning of the other: what waited is there, or still waits."""
    for op, state, waiting in (("destroy", "Running", 4), ("start", "Halted", 0)):
        vm, _ = staged_vm(host)
        host.simulator.reset()
        host.simulator.delay(op, 600_000)
        host.background("VM.hard_reboot", vm)
        ok(until(lambda: host.simulator.calls().get(op)), f"a reboot has come to {op}")
        host.crash()
        is_((host.state(vm), len(host.session.VM.get_pending(vm)), host.session.VM.get_VCPUs_max(vm)),
            (state, waiting, "4" if waiting else "8"), f"killed there, the VM is {state}, and {waiting} fields wait")
        is_(host.differences(vm), [], "record, disk and domain agree")
        host.simulator.speed(1000)
        host.remove(vm)


def test_plain_setters(host):
    """What they set of a VM that runs waits too, and is computed from what the domain was built with."""
    vm = host.add("Running", PV_args="quiet")
    host.session.VM.set_PV_args(vm, "verbose")
    host.session.VM.set_VCPUs_at_startup(vm, "4")
    host.session.VM.set_name_label(vm, "renamed")
    got = {name: (entry["running"], entry["next"]) for name, entry in host.session.VM.get_pending(vm).items()}
    is_(got, {"PV_args": ("quiet", "verbose"), "VCPUs_at_startup": ("2", "4"), "name_label": ("guest", "renamed")},
        "the record has it, the domain has not")
    entries = host.session.VM.get_pending(vm).values()
    is_([entry["by"] for entry in entries], ["root"] * 3, "by whom is in the history")
    setters = {e["call"]: e["time"] for e in host.session.VM.history(vm, {})}
    is_(sorted(str(entry["since"]) for entry in entries), sorted(setters["VM.set_" + name] for name in got), "and since when")
    host.session.VM.set_PV_args(vm, "quiet")
    ok("PV_args" not in host.session.VM.get_pending(vm), "set back, it waits no longer")
    host.session.VM.set_VCPUs_number_live(vm, "4")
    is_(sorted(host.session.VM.get_pending(vm)), ["name_label"], "nor what the domain is told")
    host.session.VM.set_PV_args(vm, "verbose")
    host.session.VM.drop_pending(vm, [])
    record = host.record(vm)
    is_((record["PV_args"], record["name_label"], record["requires_reboot"]), ("quiet", "guest", False), "dropped, it is what runs")
    host.session.VM.set_platform(vm, {"acpi": "false"})
    host.session.VM.suspend(vm)
    host.session.VM.resume(vm, False, False)
    is_(host.session.VM.get_pending(vm)["platform"]["next"], {"acpi": "false"}, "a guest that goes on has the hardware that it had")
    host.remove(vm)


def test_drop(host):
    vm, _ = staged_vm(host)
    is_(host.failure("VM.drop_pending", vm, ["VCPUs_max"])[0], "INVALID_VALUE", "what depends on it is in the way")
    is_(host.failure("VM.drop_pending", vm, ["tags"])[:3], ["VALUE_NOT_SUPPORTED", "fields", "tags"], "what does not wait is refused")
    is_(len(host.session.VM.get_pending(vm)), 4, "and nothing is dropped")
    host.session.VM.drop_pending(vm, ["VCPUs_max", "VCPUs_at_startup"])
    is_(sorted(host.session.VM.get_pending(vm)), ["memory_dynamic_max", "memory_static_max"], "the others stay")
    host.session.VM.drop_pending(vm, [])
    is_((host.session.VM.get_pending(vm), host.record(vm)["requires_reboot"]), ({}, False), "no fields: all")
    host.session.VM.drop_pending(vm, [])
    host.remove(vm)


def test_later_changes(host):
    """The next start stays possible; the last who sets a field means it."""
    vm = host.add("Running")
    session = host.session
    session.VM.update(vm, {"memory_static_max": mib(400)}, {"when": "next_boot"})
    got = host.failure("VM.set_memory_dynamic_range", vm, mib(256), mib(450))
    is_(got[0], "OPERATION_NOT_ALLOWED", "a live change that the next start could not have is refused")
    has(got[1], "memory_static_max 419430400 waits", "and says what waits")
    has(session.session.explain_error(got), "memory_static_max 400 MiB waits for the next start of the VM, which could not be then: "
        "memory_dynamic_max ≤ memory_static_max would not hold (static 128 MiB to 400 MiB, dynamic 256 MiB to 450 MiB)", "and why, in words")
    is_(session.VM.get_memory_dynamic_max(vm), mib(384), "with nothing changed")
    session.VM.update(vm, {"memory_static_max": mib(512), "memory_dynamic_max": mib(450)}, {"when": "auto"})
    is_((session.VM.get_pending(vm), session.VM.get_memory_dynamic_max(vm)), ({}, mib(450)), "what is staged to what runs waits no longer")
    session.VM.update(vm, {"memory_dynamic_min": mib(200), "VCPUs_at_startup": "1"}, {"when": "next_boot"})
    session.VM.set_memory_dynamic_range(vm, mib(220), mib(450))
    session.VM.set_VCPUs_at_startup(vm, "3")
    pending = session.VM.get_pending(vm)
    is_({name: entry["next"] for name, entry in pending.items()}, {"VCPUs_at_startup": "3"}, "a plain setter takes the place of what waited")
    is_(host.failure("VM.set_VCPUs_max", vm, "8")[0], "VM_BAD_POWER_STATE", "which still refuses what it always refused")
    revision = session.VM.get_revision(vm)
    session.VM.update(vm, {"VCPUs_max": "8"}, {"when": "next_boot"})
    is_(host.failure("VM.update", vm, {"VCPUs_max": "9"}, {"when": "next_boot", "expected_revision": revision})[0], "RECORD_CHANGED",
        "what waits is a part of the revision")
    before = session.VM.get_pending(vm)
    dry = session.VM.update(vm, {"VCPUs_max": "16"}, {"when": "auto", "dry_run": True})
    is_((dry["next_boot"], session.VM.get_pending(vm)), (["VCPUs_max"], before), "a dry run stages nothing")
    host.remove(vm)


def test_domain_0(host):
    dom0 = next(r for r, v in host.session.VM.get_all_records().items() if v["is_control_domain"])
    is_(host.session.VM.get_pending(dom0), {}, "nothing waits for Domain-0")
    has(str(host.failure("VM.update", dom0, {"VCPUs_max": "3"}, {"when": "next_boot"})), "not allowed on dom0", "which does not start again")


def test_random(host):
    """Whatever is set, in whatever way: the domain agrees, and a reboot makes what was announced."""
    chance, world = random.Random(SEED), Values(host)
    names = ["memory_target", "memory_static_max", "memory_dynamic_max", "memory_dynamic_min", "memory_static_min", "VCPUs_max",
             "VCPUs_at_startup", "HVM_shadow_multiplier", "PV_args", "platform", "tags", "name_description", "VCPUs_params"]
    values = {**{name: [mib(n) for n in (64, 128, 200, 256, 300, 384, 448, 512, 700)] for name in names if name.startswith("memory_")},
              "VCPUs_max": ["2", "4", "6"], "VCPUs_at_startup": ["1", "2", "3", "5"], "HVM_shadow_multiplier": [1.0, 1.5],
              "PV_args": ["a", "b"], "platform": [{}, {"acpi": "true"}], "tags": [[], ["x"]], "name_description": ["x", "y"],
              "VCPUs_params": [{}, {"weight": "300"}, {"cap": "50"}]}
    problems, taken, refused = [], 0, 0
    for _ in range(8):
        vm = host.add("Running")
        for _ in range(12):
            fields = {name: chance.choice(values[name]) for name in chance.sample(names, chance.randint(1, 4))}
            options = {"when": chance.choice(WHENS)}
            dry = host.failure("VM.update", vm, fields, {**options, "dry_run": True})
            before = host.record(vm), host.session.VM.get_pending(vm)
            wet = host.failure("VM.update", vm, fields, options)
            after = host.record(vm), host.session.VM.get_pending(vm)
            if isinstance(wet, list):
                refused += 1
                problems += [("refused, and changed", fields, options, wet)] if before != after else []
                problems += [("the dry run", dry, wet)] if dry != wet else []
                continue
            taken += 1
            problems += [("the dry run", dry, wet)] if any(dry[k] != wet[k] for k in ("changed", "live", "next_boot")) else []
            problems += [("not agreed", d, fields, options) for d in host.differences(vm)]
            next_boot = {**after[0], **{name: entry["next"] for name, entry in after[1].items()}}
            problems += [(n, fields, options) for n in fields if next_boot[n] != fields[n]]
        announced = {**host.record(vm), **{n: e["next"] for n, e in host.session.VM.get_pending(vm).items()}}
        host.session.VM.hard_reboot(vm)
        record = host.record(vm)
        problems += [("after a reboot", n, record[n], announced[n]) for n in names if record[n] != announced[n]]
        problems += [("still waits", p) for p in host.session.VM.get_pending(vm)] + host.differences(vm)
        host.remove(vm)
    is_(problems[:5], [], f"random updates of Running VMs: {taken} were taken, {refused} refused")
    ok(taken > 20 and refused > 5 and world.api, "some of both")


if not program():
    skip_all("no xenapid to test (XENAPID)")
with Host(metrics_interval="24h") as running:
    running.simulator.speed(1000)
    for test in (test_document, test_auto, test_next_boot, test_ways, test_survives, test_killed, test_plain_setters, test_drop, test_later_changes,
                 test_domain_0, test_random):
        test(running)
done()
