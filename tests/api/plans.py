#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""plans.py – Plan.<class>.<message> says what the call then does, and leaves no trace.

Random calls, each planned and then made: XENAPID_CALLS of them. XENAPID_SEED chooses which.
"""
import collections
import os
import random
import re
import shutil

from lib.api import Api
from lib.host import MIB, Host
from lib.random_calls import Calls, no_plan
from lib.server import program
from lib.storage import Makers
from lib.tap import diag, done, has, is_, ok, skip_all
from lib.world import answer

CALLS = int(os.environ.get("XENAPID_CALLS", "400"))
SEED = int(os.environ.get("XENAPID_SEED", "2026"))
NULL = "OpaqueRef:NULL"
# Those of a task, a sample or a notice come and go by themselves.
LEFT_OUT = ("task", "message", "VM_metrics", "VM_guest_metrics", "VIF_metrics", "VBD_metrics", "PIF_metrics", "host_metrics", "console",
            "session", "user", "event", "role", "data_source", "SM", "host_cpu", "PCI")
REFRESH = 300  # calls, then it begins with an empty database
SPEED = 10 ** 6  # the balloons of guests are there at once: how long one takes no plan knows
# What clients cannot set and plans tell all the same.
STATES = ("currently_attached", "enabled")


class Watch:
    """What there is: records, files, and domains."""

    def __init__(self, host):
        self.host = host
        table = Api()
        self.settings = {cls.name: {f.short_name for f in cls.fields if f.qualifier in ("RW", "RO static") or f.short_name in STATES or
                                    f"set_{f.short_name}" in {m.short_name for m in cls.messages}}
                         for cls in table.classes if cls.is_listed and cls.name not in LEFT_OUT}

    def records(self):
        """class → ref → record"""
        return {cls: self.host.session.call(f"{cls}.get_all_records") for cls in self.settings}

    def others(self):
        """Files with their sizes, and domains as they were built and told; what guests make of that goes on."""
        folders = [self.host.server.path(name) for name in ("sr", "suspend")]
        files = {os.path.join(at, name): os.lstat(os.path.join(at, name)).st_size
                 for folder in folders for at, _, names in os.walk(folder) for name in (*names, ".")}
        domains = [{key: d[key] for key in ("uuid", "domid", "paused", "memory_target", "memory_maximum", "vcpus_online", "weight", "cap")}
                   for d in self.host.simulator.state()["domains"]]
        return files, domains, self.host.simulator.state()["interfaces"]

    def trace(self):
        """All that a plan may not touch."""
        records = self.records()
        return records, self.others(), {vm: self.host.session.VM.get_revision(vm) for vm in records["VM"]}


def changes(settings, before, after):
    """What a plan of it would have said: (modified, added, deleted)."""
    modified, added, deleted = {}, [], []
    for cls, records in before.items():
        for ref, record in records.items():
            now = after[cls].get(ref)
            if now is None:
                deleted.append((cls, ref))
            fields = {f: {"old": record[f], "new": now[f]} for f in settings[cls] if now and record[f] != now[f]}
            if fields:
                modified[(cls, ref)] = fields
        added += [cls for ref in after[cls] if ref not in records]
    return modified, sorted(added), sorted(deleted)


def planned(plan, settings):
    """The same of a plan; classes that are not looked at are left out."""
    entries = [c for c in plan["changes"] if c["class"] in settings]
    return ({(c["class"], c["ref"]): c["fields"] for c in entries if c["operation"] == "mod"},
            sorted(c["class"] for c in entries if c["operation"] == "add"),
            sorted((c["class"], c["ref"]) for c in entries if c["operation"] == "del"))


def general(both, known):
    """What names a new object, and what MACs are drawn from, is another in each run."""
    old, new = both["old"], both["new"]
    if isinstance(new, dict) and "mac_seed" in new and "mac_seed" not in old:
        return {"old": old, "new": {**new, "mac_seed": "a new one"}}
    return "a new one" if str(new).startswith("OpaqueRef:") and new not in known else both


def with_drawn(found, before):
    known = {ref for records in before.values() for ref in records} | {NULL}
    return {key: {f: general(both, known) for f, both in fields.items()} for key, fields in found.items()}


def same_failure(plan, outcome):
    """Names of what is new, and the room that is left, are others each time."""
    def parts(answer):
        return [re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "NEW", str(part)) for part in answer[:2 if answer[0] == "SR_FULL" else None]]
    return plan == outcome or (isinstance(plan, list) and parts(plan) == parts(outcome))


def judge(host, watch, name, arguments):
    """What is wrong with the plan of that call, which is made then; and why that failed, None if it did not."""
    trace = watch.trace()
    host.simulator.reset()
    plan = host.failure("Plan." + name, *arguments)
    asked = host.simulator.calls()
    after_plan = watch.trace()
    if asked or after_plan != trace:
        return ("the plan left a trace", asked, [(a, b) for a, b in zip(trace, after_plan) if a != b]), "?"
    before = trace[0]
    outcome = host.failure(name, *arguments)
    failed = isinstance(outcome, list) and outcome and isinstance(outcome[0], str) and outcome[0].isupper()
    if failed:
        return (None if same_failure(plan, outcome) else (plan, outcome)), outcome
    if isinstance(plan, list):
        return ("planned to fail", plan, outcome), None
    for vm in host.session.VM.get_all():
        host.idle(vm)
    want, got = changes(watch.settings, before, watch.records()), planned(plan, watch.settings)
    want, got = (with_drawn(want[0], before), *want[1:]), (with_drawn(got[0], before), *got[1:])
    return (None if want == got else [(g, w) for g, w in zip(got, want) if g != w]), None


def populate(host):
    """VMs in all states with a disk and an interface each; a snapshot, SRs, networks, an appliance."""
    makers = Makers(host.session, host.ref, host.server.path)
    network = host.session.network.get_all()[0]
    for state in ("Halted", "Halted", "Running", "Running", "Suspended"):
        vm = host.add()
        makers.vbd(vm)
        host.session.VIF.create({"device": "0", "VM": vm, "network": network})
        host.session.VBD.create({"VM": vm, "type": "CD", "mode": "RO", "empty": True, "userdevice": "3"})
        host.bring(vm, state)
    host.session.VM.snapshot(vm, "shot")
    host.session.VM.set_appliance(host.session.VM.get_all()[1], host.session.VM_appliance.create({"name_label": "all"}))
    host.session.network.create({"name_label": "made"})
    host.session.task.create("a task", "")
    host.session.subject.create({"subject_identifier": "z"})


def renew(host):
    host.reset()
    host.simulator.speed(SPEED)
    for folder in ("sr", "suspend"):
        for entry in os.scandir(host.server.path(folder)):
            (shutil.rmtree if entry.is_dir() else os.unlink)(entry)
    populate(host)


def keep_alive(host):
    host.session.host.enable(host.ref)
    for _ in range(5 - len(host.session.VM.get_all())):
        host.add("Running")


def print_summary(names, succeeded, reasons):
    """What was drawn how often, and how often it could be done."""
    for name in sorted(names):
        diag(f"{name} {names[name]}, {succeeded[name]} done")
    for name in sorted(n for n in names if not succeeded[n]):
        diag(f"never done: {name}, at last because of {reasons[name]}")


def test_random(host):
    populate(host)
    chance = random.Random(SEED)
    calls, watch = Calls(host, chance), Watch(host)
    problems, reasons, succeeded, names = [], {}, collections.Counter(), collections.Counter()
    for number in range(CALLS):
        if number and number % REFRESH == 0:
            renew(host)
        keep_alive(host)
        name, arguments = calls.next()
        problem, reason = judge(host, watch, name, arguments)
        names[name] += 1
        reasons[name] = reason or reasons.get(name)
        succeeded[name] += not reason
        if problem:
            problems.append((number, name, arguments, problem))
            diag(problems[-1])
    is_(len(problems), 0, f"{CALLS} calls of {len(names)} messages, {sum(succeeded.values())} with success, did what was planned")
    if CALLS >= len(calls.messages) * 2:
        is_(calls.missing(), [], "each message that has a plan was among them")
    print_summary(names, succeeded, reasons)


def test_answers(host):
    vm = host.add(name_label="web")
    plan = host.session.Plan.VM.start(vm, False, False)
    mods = [c for c in plan["changes"] if c["operation"] == "mod" and c["class"] == "VM"]
    is_([(c["ref"], c["name_label"], c["fields"]) for c in mods], [(vm, "web", {"power_state": {"old": "Halted", "new": "Running"}})],
        "a start makes it Running")
    is_((plan["domain"], int(plan["host"]["memory_needed"]) > 256 * MIB, int(plan["host"]["memory_free"]) > 0), ("begins", True, True),
        "a domain begins, and the host has room")
    host.session.VM.set_memory_limits(vm, "0", str(1 << 50), str(1 << 50), str(1 << 50))
    is_(host.failure("Plan.VM.start", vm, False, False), host.failure("VM.start", vm, False, False), "or has not")
    host.session.VM.set_memory(vm, str(256 * MIB))
    host.session.VM.start(vm, False, False)
    is_([host.session.call("Plan.VM." + name, vm)["domain"] for name in ("hard_reboot", "hard_shutdown", "pause")],
        ["begins anew", "ends", "is used"], "what becomes of the domain")
    is_(host.session.Plan.VM.set_memory_target(vm, str(200 * MIB))["domain"], "changes", "or is changed")
    is_(host.session.Plan.VM.set_name_label(vm, "web")["changes"], [], "what is there already changes nothing")
    for name in ("VM.get_record", "VM.nonsense", "session.logout", "event.from", "system.listMethods", "Async.VM.start", "Plan.VM.start", ""):
        is_(answer(host.session.call, "Plan." + name, vm), ("MESSAGE_METHOD_UNKNOWN", "Plan." + name), f"there is no Plan.{name}")
    host.session.VM.hard_shutdown(vm)
    host.simulator.delay("start", 600_000)
    start = host.background("VM.start", vm, False, False)
    while not host.session.VM.get_current_operations(vm):
        pass
    is_(host.failure("Plan.VM.destroy", vm)[0], "VM_BAD_POWER_STATE" if host.state(vm) != "Halted" else "OTHER_OPERATION_IN_PROGRESS",
        "a plan does not wait")
    host.simulator.clear()
    start.wait()
    host.session.Plan.VM.update(vm, {"name_label": "other"}, {"dry_run": False})
    is_(host.session.VM.get_name_label(vm), "web", "a plan stays one, whatever the options say")
    staged = host.session.VM.update(vm, {"VCPUs_max": "8"}, {"when": "auto"})
    reboot = host.session.Plan.VM.hard_reboot(vm)
    has(str(reboot["changes"]), "'VCPUs_max': {'old': '4', 'new': '8'}", "what waits is in the plan of a reboot")
    ok(staged, "which it then gets")
    host.remove(vm)


def warnings(host, method, *arguments):
    return host.session.call("Plan." + method, *arguments)["warnings"]


def test_warnings(host):
    makers = Makers(host.session, host.ref, host.server.path)
    vm, other = host.add(name_label="web"), host.add(name_label="db")
    disk = host.session.VBD.get_VDI(makers.vbd(vm))
    free = int(host.session.Plan.VM.start(vm, False, False)["host"]["memory_free"])
    is_(warnings(host, "VM.start", vm, False, False), [], "a start like any other has none")
    is_(warnings(host, "VDI.destroy", disk), ["the disk disk is in a drive of web"], "a disk that is in a drive")
    is_(warnings(host, "VM.destroy", vm), ["the disk disk stays, and belongs to no VM then"], "a disk that stays")
    host.session.VDI.set_sharable(disk, True)
    host.session.VBD.create({"VM": other, "VDI": disk, "userdevice": "autodetect", "mode": "RW", "type": "Disk"})
    is_(warnings(host, "VM.destroy", vm), [], "one that another VM has too")
    host.session.VM.start(other, False, False)
    is_(warnings(host, "VM.start", vm, False, False), ["the disk disk is in use by db too"], "and uses")
    is_(warnings(host, "VM.update", vm, {"memory_static_max": str(1 << 50), "memory_dynamic_max": str(1 << 50)}, {}),
        [f"memory_dynamic_max of web ({1 << 30} MiB) is more than the host has (65536 MiB): it cannot be reached"], "more than the host has")
    is_(warnings(host, "VM.update", other, {"VCPUs_max": "8"}, {"when": "auto"}),
        ["VCPUs_max of db waits for its next start: a domain is built with so many vCPUs"], "what waits")
    is_(warnings(host, "VM.set_PV_args", other, "quiet"), ["PV_args of db waits for its next start: read when a domain is built"],
        "by a plain setter too")
    is_(warnings(host, "VM.set_memory_target", other, str(300 * MIB)),
        ["no PV drivers are known of in the guest of db: without a balloon driver its memory stays as it is"], "a balloon")
    host.session.VM.hard_shutdown(other)
    host.session.VM.set_memory(other, str(free))
    _, needed, there = host.failure("Plan.VM.start", other, False, False)
    host.session.VM.set_memory(other, str(free - int(needed) + int(there) - 100 * MIB))
    left = warnings(host, "VM.start", other, False, False)
    ok(len(left) == 1 and re.fullmatch(r"the host has \d+ MiB free then", left[0]), f"a host that is nearly full: {left}")
    for ref in (vm, other):
        host.remove(ref)


def test_refused(host):
    """What the host has not is known before a domain is begun."""
    session, start = host.session, ("VM.start", False, False)
    ready, other = [next(ref for ref, r in session.PPCI.get_all_records().items() if r["name"] == name) for name in ("0000:00:19.1", "0000:00:19.0")]
    vm, has_it = host.add(), host.add(domain_type="hvm")
    network = session.VM.create_from_config("name = 'c'\nmemory = 64\nvif = ['bridge=nowhere']\n", {})["ref"]
    both = {"bridge": (network, 'the host has no bridge "nowhere"')}
    session.DPCI.create({"VM": has_it, "PPCI": ready})
    session.VM.start(has_it, False, False)
    for name, ppci in (("taken", ready), ("not ready", other)):
        guest = host.add(domain_type="hvm", name_label=name)
        session.DPCI.create({"VM": guest, "PPCI": ppci})
        both[name] = (guest, f"the PCI device {session.PPCI.get_name(ppci)} is not assignable")
    both["memory"] = (host.add(memory_static_min="0", memory_dynamic_min="1", memory_dynamic_max="1"), "a domain cannot be built with 1 bytes of memory")
    for name, (guest, reason) in both.items():
        want = ["HYPERVISOR_ERROR", "start", guest, reason]
        is_([host.failure(plan + start[0], guest, *start[1:]) for plan in ("Plan.", "")], [want, want], f"{name}: the plan of a start says why not")
    is_((host.session.Plan.VM.hard_reboot(has_it)["domain"], host.state(has_it)), ("begins anew", "Running"), "what it has itself does not stand in the way")
    vif = session.VIF.create({"device": "0", "VM": has_it, "network": session.VIF.get_network(session.VM.get_VIFs(network)[0])})
    is_([host.failure(plan + "VIF.plug", vif) for plan in ("Plan.", "")], [["HYPERVISOR_ERROR", "attach_nic", has_it, both["bridge"][1]]] * 2, "nor is it plugged")
    session.VM.set_memory_static_min(vm, "0")
    session.VM.start(vm, False, False)
    is_([host.failure(plan + "VM.set_memory_dynamic_range", vm, "1", "1") for plan in ("Plan.", "")],
        [["HYPERVISOR_ERROR", "set_memory_target", vm, "a domain keeps at least 4096 bytes of memory"]] * 2, "a balloon")
    for guest in (vm, has_it, *(guest for guest, _ in both.values())):
        host.remove(guest)


def test_revert(host):
    """What only a Halted VM may be told a revert tells a Running one."""
    vm = host.add()
    shot = host.session.VM.snapshot(vm, "shot")
    host.session.VM.set_domain_type(vm, "hvm")
    host.session.VM.start(vm, False, False)
    plan = next(c["fields"] for c in host.session.Plan.VM.revert(shot)["changes"] if c["ref"] == vm)
    is_((plan["domain_type"], plan["power_state"]), ({"old": "hvm", "new": "pvh"}, {"old": "Running", "new": "Halted"}), "what it was before")
    host.session.VM.revert(shot)
    is_((host.session.VM.get_domain_type(vm), host.state(vm)), ("pvh", "Halted"), "and is again")
    for ref in (shot, vm):
        host.remove(ref)


def test_without(host):
    """Those that have none are in docs/plans.md, each with its reason."""
    with open(os.path.join(os.environ.get("TOP_SRCDIR", "."), "docs/plans.md"), encoding="utf-8") as file:
        told = dict(re.findall(r"^\| (\w+\.\w+) \| (.*) \|$", file.read(), re.M))
    refused = {}
    for message in Api().messages:
        reason = no_plan(host.session, message)
        if reason:
            refused[message.name] = reason
    is_(refused, told, "messages without a plan")


def test_rights(host):
    is_(answer(lambda: host.session.rpc.Plan.VM.destroy("OpaqueRef:none", "x")["ErrorDescription"]), None, "a plan wants a session")
    got = host.session.rpc.Plan.VM.destroy("OpaqueRef:none", "x")["ErrorDescription"]
    is_(got, ["SESSION_INVALID", "OpaqueRef:none"], "as the call does")


if not program():
    skip_all("no xenapid to test (XENAPID)")
COMMAND = "/bin/true"
with Host(metrics_interval="24h", hostname_command=COMMAND, shutdown_command=COMMAND, reboot_command=COMMAND) as running:
    running.simulator.speed(SPEED)
    for test in (test_answers, test_warnings, test_refused, test_revert, test_without, test_rights, test_random):
        test(running)
done()
