#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""plans.py – Plan.<class>.<message> says what the call then does, and leaves no trace.

Random calls, each planned and then made: XENAPID_CALLS of them. XENAPID_SEED chooses which.
"""
import os
import random

from lib.api import Api
from lib.host import MIB, Host
from lib.server import program
from lib.tap import diag, done, has, is_, ok, skip_all
from lib.world import answer

CALLS = int(os.environ.get("XENAPID_CALLS", "400"))
SEED = int(os.environ.get("XENAPID_SEED", "2026"))
NULL = "OpaqueRef:NULL"
CLASSES = ("VM", "VIF", "VBD", "network", "host", "pool", "VM_appliance", "console", "PBD", "SR", "VDI", "subject", "task")
MEMORY = [str(n * MIB) for n in (16, 64, 128, 256, 384, 512, 700)]
COUNTS = ["0", "1", "2", "3", "4", "6"]
TEXTS = ["", "a", "b"]


class Calls:
    """Random calls of messages that have a plan."""

    def __init__(self, host, chance):
        self.host, self.chance = host, chance
        table = Api()
        self.settings = {cls.name: {f.short_name for f in cls.fields if f.qualifier in ("RW", "RO static") or
                                    f"set_{f.short_name}" in {m.short_name for m in cls.messages}} for cls in table.classes}
        self.made = [self.start, self.start, self.resume, self.memory, self.memory, self.vcpus, self.vcpus, self.setter, self.setter,
                     self.map, self.update, self.update, self.power, self.power, self.power, self.power, self.destroy, self.create,
                     self.clone, self.vif, self.network, self.appliance, self.template, self.drop, self.host_enabled, self.vbd]

    def vm(self):
        """Any, Domain-0 seldom."""
        records = self.host.session.VM.get_all_records()
        refs = [r for r, v in records.items() if not v["is_control_domain"] or self.chance.random() < 0.1]
        return self.chance.choice(refs or list(records))

    def pick(self, cls):
        return self.chance.choice(self.host.session.call(f"{cls}.get_all") or [NULL])

    def next(self):
        return self.chance.choice(self.made)()

    def start(self):
        return "VM.start", [self.vm(), self.chance.random() < 0.2, False]

    def resume(self):
        return "VM.resume", [self.vm(), self.chance.random() < 0.2, False]

    def power(self):
        names = ("pause", "unpause", "suspend", "hard_shutdown", "clean_shutdown", "shutdown", "clean_reboot", "hard_reboot")
        return "VM." + self.chance.choice(names), [self.vm()]

    def memory(self):
        count = {"set_memory_dynamic_range": 2, "set_memory_static_range": 2, "set_memory_limits": 4}
        name = self.chance.choice([*count, "set_memory", "set_memory_static_max", "set_memory_dynamic_min", "set_memory_target",
                                   "set_memory_maximum", "set_memory_target_live"])
        values = sorted((self.chance.choice(MEMORY) for _ in range(count.get(name, 1))), key=int)
        if name == "set_memory_limits":
            values = [values[0], values[3], values[1], values[2]]
        return "VM." + name, [self.vm(), *values]

    def vcpus(self):
        name = self.chance.choice(("set_VCPUs_max", "set_VCPUs_at_startup", "set_VCPUs_number", "set_VCPUs_number_live"))
        return "VM." + name, [self.vm(), self.chance.choice(COUNTS)]

    def setter(self):
        name, values = self.chance.choice((("name_label", TEXTS), ("tags", [[], ["x"]]), ("is_a_template", [True, False]),
                                           ("HVM_boot_policy", ["", "BIOS order"]), ("domain_type", ["pv", "hvm", "pvh"]),
                                           ("actions_after_crash", ["destroy", "preserve"]), ("start_delay", ["-1", "0", "5"]),
                                           ("blocked_operations", [{}, {}, {}, {"start": "no"}]), ("NVRAM", [{}, {"a": "b"}])))
        return "VM.set_" + name, [self.vm(), self.chance.choice(values)]

    def map(self):
        key = self.chance.choice(("a", "b", ""))
        if self.chance.random() < 0.5:
            return "VM.remove_from_other_config", [self.vm(), key]
        return "VM.add_to_other_config", [self.vm(), key, self.chance.choice(TEXTS)]

    def update(self):
        values = {"memory_static_max": MEMORY, "memory_dynamic_max": MEMORY, "memory_dynamic_min": MEMORY, "VCPUs_max": COUNTS,
                  "VCPUs_at_startup": COUNTS, "name_label": TEXTS, "PV_args": TEXTS, "other_config:k": [None, "v", "w"],
                  "VCPUs_params": [{}, {"weight": "300"}, {"weight": "x"}]}
        names = self.chance.sample(list(values), self.chance.randint(1, 4))
        return "VM.update", [self.vm(), {n: self.chance.choice(values[n]) for n in names},
                             {"when": self.chance.choice(("now", "next_boot", "auto"))}]

    def destroy(self):
        return "VM.destroy", [self.vm()]

    def create(self):
        return "VM.create", [{"name_label": self.chance.choice(TEXTS), "memory_static_max": self.chance.choice(MEMORY),
                              "VCPUs_max": self.chance.choice(COUNTS), "domain_type": "pvh", "affinity": self.chance.choice(("", "nobody"))}]

    def clone(self):
        return "VM.clone", [self.vm(), self.chance.choice(TEXTS)]

    def vif(self):
        number = self.chance.choice(("0", "1", "x", "300"))
        if self.chance.random() < 0.4:
            return "VIF.destroy", [self.pick("VIF")]
        if self.chance.random() < 0.3:
            return "VIF.update", [self.pick("VIF"), {"MTU": self.chance.choice(("1400", "1")), "device": number}]
        return "VIF.create", [{"device": number, "VM": self.vm(), "network": self.pick("network")}]

    def vbd(self):
        if self.chance.random() < 0.5:
            return "VBD.destroy", [self.pick("VBD")]
        return "VBD.create", [{"VM": self.vm(), "type": "CD", "mode": self.chance.choice(("RO", "RW")), "empty": True,
                               "userdevice": self.chance.choice(("autodetect", "3", "x"))}]

    def network(self):
        return "network.update", [self.pick("network"), {"MTU": self.chance.choice(("1400", "1500", "1")), "tags": ["t"]}]

    def appliance(self):
        if self.chance.random() < 0.3:
            return "VM_appliance.create", [{"name_label": self.chance.choice(TEXTS)}]
        if self.chance.random() < 0.3:
            return "VM_appliance.destroy", [self.pick("VM_appliance")]
        return "VM.set_appliance", [self.vm(), self.pick("VM_appliance")]

    def template(self):
        return "VM.set_is_default_template", [self.vm(), self.chance.random() < 0.2]

    def drop(self):
        return "VM.drop_pending", [self.vm(), self.chance.choice(([], ["VCPUs_max"]))]

    def host_enabled(self):
        return "host." + self.chance.choice(("enable", "enable", "enable", "disable")), [self.host.ref]


def look(host):
    """class → ref → record"""
    return {cls: host.session.call(f"{cls}.get_all_records") for cls in CLASSES if cls != "task"}


def changes(calls, before, after):
    """What a plan of it would have said: (modified, added, deleted)."""
    modified, added, deleted = {}, [], []
    for cls, records in before.items():
        for ref, record in records.items():
            now = after[cls].get(ref)
            if now is None:
                deleted.append((cls, ref))
            fields = {f: {"old": record[f], "new": now[f]} for f in calls.settings[cls] if now and record[f] != now[f]}
            if fields:
                modified[(cls, ref)] = fields
        added += [cls for ref in after[cls] if ref not in records]
    return modified, sorted(added), sorted(deleted)


def planned(plan):
    """The same of a plan; classes that are not looked at are left out."""
    entries = [c for c in plan["changes"] if c["class"] in CLASSES and c["class"] != "task"]
    return ({(c["class"], c["ref"]): c["fields"] for c in entries if c["operation"] == "mod"},
            sorted(c["class"] for c in entries if c["operation"] == "add"),
            sorted((c["class"], c["ref"]) for c in entries if c["operation"] == "del"))


def with_refs_of_new(found, before):
    """What names a new object is named anew in each run."""
    known = {ref for records in before.values() for ref in records} | {NULL}
    return {key: {f: "a new one" if str(both["new"]).startswith("OpaqueRef:") and both["new"] not in known else both
                  for f, both in fields.items()} for key, fields in found.items()}


def domains_of(host):
    """As they were built and told; what guests make of that goes on."""
    return [{key: d[key] for key in ("uuid", "domid", "paused", "memory_target", "memory_maximum", "vcpus_online", "weight", "cap")}
            for d in host.simulator.state()["domains"]]


def judge(host, calls, name, arguments):
    """What is wrong with the plan of that call, which is made then; and whether it succeeded."""
    before, domains = look(host), domains_of(host)
    revisions = {vm: host.session.VM.get_revision(vm) for vm in before["VM"]}
    host.simulator.reset()
    plan = host.failure("Plan." + name, *arguments)
    trace = look(host) != before or host.simulator.calls() or domains_of(host) != domains or \
        {vm: host.session.VM.get_revision(vm) for vm in before["VM"]} != revisions
    if trace:
        return "the plan left a trace", False
    outcome = host.failure(name, *arguments)
    failed = isinstance(outcome, list) and outcome and isinstance(outcome[0], str) and outcome[0].isupper()
    if failed:
        return (None if plan == outcome else (plan, outcome)), False
    if isinstance(plan, list):
        return ("planned to fail", plan, outcome), True
    for vm in host.session.VM.get_all():
        host.idle(vm)
    after = look(host)
    want, got = changes(calls, before, after), planned(plan)
    want, got = (with_refs_of_new(want[0], before), *want[1:]), (with_refs_of_new(got[0], before), *got[1:])
    return (None if want == got else [(g, w) for g, w in zip(got, want) if g != w]), True


def test_random(host):
    chance = random.Random(SEED)
    calls = Calls(host, chance)
    for state in ("Halted", "Running", "Running", "Suspended"):
        host.add(state)
    problems, succeeded, names = [], {}, {}
    for number in range(CALLS):
        while len(host.session.VM.get_all()) < 4:
            host.session.host.enable(host.ref)
            host.add(chance.choice(("Halted", "Running")))
        name, arguments = calls.next()
        problem, success = judge(host, calls, name, arguments)
        names[name] = names.get(name, 0) + 1
        succeeded[name] = succeeded.get(name, 0) + success
        if problem:
            problems.append((number, name, arguments, problem))
    for problem in problems[:6]:
        diag(problem)
    is_(len(problems), 0, f"{CALLS} calls of {len(names)} messages, {sum(succeeded.values())} with success, did what was planned")
    diag(f"never with success: {sorted(n for n in names if not succeeded[n])}")


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
    for name, arguments in (("VM.snapshot", [vm, "x"]), ("VDI.create", [{}]), ("host.dmesg", [host.ref])):
        got = answer(host.session.call, "Plan." + name, *arguments)
        ok(got and got[0] == "OPERATION_NOT_ALLOWED" and name in got[1], f"{name} has no plan, and says so")
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
    staged = host.session.VM.update(vm, {"VCPUs_max": "8"}, {"when": "auto"})
    reboot = host.session.Plan.VM.hard_reboot(vm)
    has(str(reboot["changes"]), "'VCPUs_max': {'old': '4', 'new': '8'}", "what waits is in the plan of a reboot")
    ok(staged, "which it then gets")
    host.remove(vm)


def test_rights(host):
    is_(answer(lambda: host.session.rpc.Plan.VM.destroy("OpaqueRef:none", "x")["ErrorDescription"]), None, "a plan wants a session")
    got = host.session.rpc.Plan.VM.destroy("OpaqueRef:none", "x")["ErrorDescription"]
    is_(got, ["SESSION_INVALID", "OpaqueRef:none"], "as the call does")


if not program():
    skip_all("no xenapid to test (XENAPID)")
with Host(metrics_interval="24h") as running:
    running.simulator.speed(1000)
    for test in (test_answers, test_rights, test_random):
        test(running)
done()
