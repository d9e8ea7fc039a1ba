#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""create.py – VMs made, copied, found and deleted: what they have, and that a refused call leaves nothing behind."""
import datetime
import os
import re
import time
import xmlrpc.client

from lib.api import EMOJI, NOBODY, NULL_REF, Api, samples, short, wrong
from lib.server import Failure, Server, program
from lib.tap import diag, done, has, is_, ok, raises, skip_all
from lib.world import MIB, answer

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

# A value for each field that create takes, where one drawn from its type would not do together with the others.
CONSISTENT = {
    "memory_static_min": str(16 * MIB), "memory_dynamic_min": str(32 * MIB), "memory_dynamic_max": str(64 * MIB),
    "memory_static_max": str(128 * MIB), "memory_target": str(48 * MIB), "VCPUs_max": "4", "VCPUs_at_startup": "3",
    "HVM_shadow_multiplier": 1.25, "start_delay": "1", "shutdown_delay": "2", "order": "3", "domain_type": "pvh",
    "HVM_boot_policy": "", "is_a_template": False, "blocked_operations": {"export": "never"},
    "other_config": {"mac_seed": "0004fb00-0000-0003-0000-00000000d3a1", EMOJI: "", "auto_poweron": "true"},
}

# What old clients send besides: read-only and unknown members.
SURPLUS = {
    "uuid": "", "domid": "0", "metrics": "", "guest_metrics": "", "power_state": "Running", "allowed_operations": [],
    "current_operations": {}, "resident_on": "", "is_control_domain": True, "consoles": [], "VIFs": [], "VBDs": [],
    "is_a_snapshot": True, "snapshot_time": xmlrpc.client.DateTime("111T0:0:0"), "children": [], "blobs": {},
    "is_default_template": True, "pool_name": "", "no_such_field": {"a": [None]}, "VTPMs": 7, "tools_version": None,
}


class Vms:
    """A server, and how much there is in it."""

    def __init__(self, server):
        self.server = server
        self.session = server.login()
        self.vm = self.session.VM
        self.api = Api()
        self.dom0 = self.vm.get_by_name_label("Domain-0")[0]
        self.host = self.session.host.get_all()[0]

    def crash(self):
        self.server.kill()
        self.server.start()
        self.session = self.server.login()
        self.vm = self.session.VM

    def count(self):
        return {cls: len(self.session.call(f"{cls}.get_all")) for cls in ("VM", "VM_metrics", "VM_guest_metrics", "console")}

    def refused(self, code, description, method, *arguments):
        before = self.count()
        got = answer(self.session.call, method, *arguments)
        ok(got and got[0] == code, description) or diag(got)
        is_(self.count(), before, f"{description}: leaves nothing behind")
        return got or ("", "", "")

    def settable(self):
        """Fields that create takes."""
        return [f for f in self.api.cls("VM").fields if f.qualifier in ("RW", "RO static") and f.short_name != "power_state"]

    def whole(self):
        """A value that is not the default for every field that create takes."""
        record = {}
        for field in self.settable():
            refs = [self.host] if field.type.cls == "host" else []
            values = samples(field.type, refs)
            record[field.short_name] = CONSISTENT.get(field.short_name, values[0 if field.type.kind in ("bool", "ref") else -1])
        return record


def differing(record, want):
    return [(k, short(record.get(k)), short(v)) for k, v in want.items() if record.get(k) != v]


def test_partial(vms):
    number = str(300 * MIB)
    for given in ("memory_static_max", "memory_dynamic_max", "memory_dynamic_min", "memory_target"):
        record = vms.vm.get_record(vms.vm.create({given: number}))
        all_equal = {f"memory_{f}": number for f in ("static_max", "dynamic_max", "dynamic_min")}
        is_(differing(record, all_equal), [], f"one number, {given}: the others follow")
    is_(differing(record, {"memory_static_min": "0", "VCPUs_max": "1", "VCPUs_at_startup": "1", "power_state": "Halted", "domid": "-1",
                           "name_label": "", "is_a_template": False, "domain_type": "pv", "resident_on": NULL_REF, "affinity": NULL_REF,
                           "guest_metrics": NULL_REF, "consoles": [], "actions_after_reboot": "restart", "tags": []}), [], "defaults")
    ok(re.fullmatch(UUID, record["uuid"]), "a uuid is drawn")
    ok(re.fullmatch(UUID, record["other_config"]["mac_seed"]), "and a MAC seed")
    is_(vms.vm.create({"VCPUs_max": "3"}) and vms.vm.get_VCPUs_at_startup(vms.vm.create({"VCPUs_max": "3"})), "3", "VCPUs_at_startup follows")
    is_(vms.vm.get_VCPUs_max(vms.vm.create({"VCPUs_at_startup": "5"})), "5", "VCPUs_max follows")
    is_(vms.vm.get_domain_type(vms.vm.create({"HVM_boot_policy": "BIOS order"})), "hvm", "HVM_boot_policy says hvm")
    seeds = {vms.vm.get_other_config(vms.vm.create({}))["mac_seed"] for _ in range(3)}
    is_(len(seeds), 3, "each has a MAC seed of its own")
    vm = vms.vm.create({"memory_static_max": number})
    vms.vm.start(vm, False)
    is_(vms.vm.get_power_state(vm), "Running", "one number makes a VM that starts")
    vms.vm.hard_shutdown(vm)


def test_metrics(vms):
    vm = vms.vm.create({})
    record = vms.session.VM_metrics.get_record(vms.vm.get_metrics(vm))
    made = datetime.datetime.strptime(str(record["install_time"]), "%Y%m%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
    ok(abs(made.timestamp() - time.time()) < 600, "metrics say when the VM was made")
    is_(str(record["start_time"]), "19700101T00:00:00Z", "and that it never started")


def test_whole(vms):
    whole = vms.whole()
    vm = vms.vm.create(whole)
    is_(differing(vms.vm.get_record(vm), whole), [], "every field that create takes is as it was given")
    again = vms.vm.create(vms.vm.get_record(vm))
    is_(differing(vms.vm.get_record(again), whole), [], "a record that was read makes another one")
    ok(vms.vm.get_uuid(again) != vms.vm.get_uuid(vm) and vms.vm.get_metrics(again) != vms.vm.get_metrics(vm), "with uuid and metrics of its own")
    record = vms.vm.get_record(vms.vm.create({**whole, **SURPLUS}))
    is_(differing(record, {**whole, "power_state": "Halted", "domid": "-1", "is_control_domain": False, "is_a_snapshot": False,
                           "is_default_template": False}), [], "read-only and unknown members are not looked at")
    ok(re.fullmatch(UUID, record["uuid"]) and record["metrics"] in vms.session.VM_metrics.get_all(), "uuid and metrics neither")
    refs = {f.short_name: "" for f in vms.settable() if f.type.kind == "ref"}
    record = vms.vm.get_record(vms.vm.create(refs))
    is_(differing(record, dict.fromkeys(refs, NULL_REF)), [], 'libxen: "" is the null reference')
    nils = {f.short_name: None for f in vms.settable()}
    record = vms.vm.get_record(vms.vm.create(nils))
    plain = vms.vm.get_record(vms.vm.create({}))
    own = {"uuid", "metrics", "other_config"}
    is_(differing(record, {k: v for k, v in plain.items() if k not in own}), [], "nil is as if it were not there")
    libxen = {k: v for k, v in whole.items() if k not in ("affinity", "platform", "PV_legacy_args", "recommendations", "memory_target")}
    is_(answer(vms.vm.create, libxen), None, "libxen's: some are missing")
    is_(vms.vm.get_affinity(vms.vm.create({"affinity": vms.session.host.get_uuid(vms.host)})), vms.host, "a uuid becomes the reference")


def test_refused(vms):
    for field in vms.settable():
        before = vms.count()
        got = [(short(w), answer(vms.vm.create, {"name_label": "never", field.short_name: w})) for w in wrong(field.type) if w is not None]
        codes = {"FIELD_TYPE_ERROR", "INVALID_VALUE"} | ({"HANDLE_INVALID"} if field.type.kind == "ref" else set())
        is_([g for g in got if not g[1] or g[1][0] not in codes], [], f"create refuses what is no {field.type} for {field.short_name}")
        is_(vms.count(), before, "and leaves nothing behind")
    is_(vms.vm.get_by_name_label("never"), [], "there is no such VM")
    vms.refused("INVALID_VALUE", "an empty key", "VM.create", {"other_config": {"": "x"}})
    vms.refused("MEMORY_CONSTRAINT_VIOLATION_ORDER", "memory in disorder", "VM.create", {"memory_static_min": "2", "memory_static_max": "1"})
    vms.refused("INVALID_VALUE", "more vCPUs than their maximum", "VM.create", {"VCPUs_max": "1", "VCPUs_at_startup": "2"})
    vms.refused("INVALID_VALUE", "a shadow multiplier below 1", "VM.create", {"HVM_shadow_multiplier": 0.5})


CONFIG = """# a comment
name = "%s"
uuid = "%s"
memory = 410
maxmem = 800
vcpus = 2
disk = [ 'phy:/dev/null,xvda,w' ]
no_such_key = 5
"""


def test_config(vms):
    uuid = "0004fb00-0000-0003-0000-00000000d3a0"
    made = vms.vm.create_from_config(CONFIG % ("demo", uuid))
    is_(set(made), {"ref", "report"}, "create_from_config says ref and report")
    record = vms.vm.get_record(made["ref"])
    is_(differing(record, {"uuid": uuid, "name_label": "demo", "memory_static_max": str(800 * MIB), "memory_dynamic_max": str(800 * MIB),
                           "memory_dynamic_min": str(410 * MIB), "memory_target": str(410 * MIB), "VCPUs_at_startup": "2",
                           "power_state": "Halted"}), [], "the fields; the uuid is taken over")
    has(record["other_config"], "xl:disk", "what has no place is kept")
    rows = made["report"]
    is_([(r["key"], r["outcome"], r["line"]) for r in rows],
        [("name", "taken", "2"), ("uuid", "taken", "3"), ("memory", "taken", "4"), ("maxmem", "taken", "5"), ("vcpus", "taken", "6"),
         ("disk", "ignored", "7"), ("no_such_key", "unknown", "8")], "the report: a row for each key") or diag(rows)
    is_({tuple(sorted(r)) for r in rows}, {("detail", "key", "line", "outcome", "value")}, "of the same members")
    got = vms.refused("INVALID_VALUE", "a name that is taken", "VM.create_from_config", 'name = "demo"\nmemory = 1\n')
    has(got[1], uuid, "says whose it is")
    got = vms.refused("INVALID_VALUE", "a uuid that is taken", "VM.create_from_config", CONFIG % ("other", uuid))
    has(got[1], "demo", "says whose it is")
    got = vms.refused("INVALID_VALUE", "nonsense", "VM.create_from_config", 'name = "x"\nmemory = = 4\n')
    has(got[1], "line 2", "names the line")
    got = vms.refused("INVALID_VALUE", "a value that cannot be", "VM.create_from_config", 'name = "x"\n\nmemory = "lots"\n')
    has(got[1], "line 3", "names the line")
    vms.refused("INVALID_VALUE", "no name", "VM.create_from_config", "memory = 4\n")
    vms.refused("INVALID_VALUE", "nothing", "VM.create_from_config", "")
    vms.refused("INVALID_VALUE", "more memory than its maximum", "VM.create_from_config", 'name = "x"\nmemory = 8\nmaxmem = 4\n')
    vms.crash()
    is_(vms.vm.get_by_uuid(uuid), made["ref"], "it is there after a crash")


def test_copies(vms):
    vm = vms.vm.create(vms.whole())
    vms.vm.set_bios_strings(vm, {"bios-vendor": EMOJI})
    original = vms.vm.get_record(vm)
    volatile = {f.short_name for f in vms.api.cls("VM").fields if not f.is_stored}
    for message, more in (("clone", []), ("copy", [NULL_REF]), ("copy", [""])):
        copy = vms.session.call(f"VM.{message}", vm, "another", *more)
        record = vms.vm.get_record(copy)
        own = {"uuid", "metrics", "name_label", "other_config", "last_boot_CPU_flags", "last_booted_record"} | volatile
        is_(differing(record, {k: v for k, v in original.items() if k not in own}), [], f"{message}: has the same settings")
        is_((record["name_label"], record["power_state"]), ("another", "Halted"), "its name, Halted")
        ok(record["uuid"] != original["uuid"] and record["metrics"] != original["metrics"], "uuid and metrics of its own")
        seeds = original["other_config"]["mac_seed"], record["other_config"].pop("mac_seed")
        ok(seeds[0] != seeds[1] and re.fullmatch(UUID, seeds[1]), "a MAC seed of its own")
        is_(differing(record["other_config"], {EMOJI: ""}), [], "the rest of other_config is the same")
    is_(vms.vm.get_name_label(vms.vm.clone(vm, "")), "", "it is named as it was said, be it nothing")
    vms.vm.set_name_label(copy, "changed")
    is_(vms.vm.get_record(vm), original, "the original is untouched")
    vms.vm.set_is_a_template(vm, True)
    vms.vm.set_is_default_template(vm, True)
    record = vms.vm.get_record(vms.vm.clone(vm, "from a template"))
    is_((record["is_a_template"], record["is_default_template"]), (True, False), "a clone of a template is one, but no default one")
    vms.refused("HANDLE_INVALID", "copy to a storage that is not there", "VM.copy", vm, "x", NOBODY)
    running = vms.vm.create({"memory_static_max": str(MIB)})
    vms.vm.start(running, False)
    is_(vms.refused("VM_BAD_POWER_STATE", "a Running one is not cloned", "VM.clone", running, "x"),
        ("VM_BAD_POWER_STATE", running, "halted", "running"), "says why")
    vms.vm.hard_shutdown(running)
    is_(vms.vm.get_guest_metrics(vms.vm.clone(running, "x")), NULL_REF, "the guest's metrics are not copied")


def test_destroy(vms):
    before = vms.count()
    vm = vms.vm.create({"name_label": "doomed", "memory_static_max": str(MIB)})
    uuid = vms.vm.get_uuid(vm)
    vms.vm.start(vm, False)
    is_(vms.count()["console"], before["console"] + 1, "a Running one has a console")
    is_(vms.refused("VM_BAD_POWER_STATE", "a Running one is not destroyed", "VM.destroy", vm)[2:], ("halted, suspended", "running"), "says why")
    vms.vm.hard_shutdown(vm)
    vms.vm.destroy(vm)
    is_(vms.count(), before, "destroy: metrics and consoles are gone as well")
    is_(answer(vms.vm.get_uuid, vm), ("HANDLE_INVALID", "VM", vm), "the reference names nothing")
    is_(answer(vms.vm.get_by_uuid, uuid), ("UUID_INVALID", "VM", uuid), "nor does the uuid")
    is_(answer(vms.vm.destroy, vm), ("HANDLE_INVALID", "VM", vm), "nor is it destroyed twice")
    vm = vms.vm.create({"memory_static_max": str(MIB)})
    vms.vm.start(vm, False)
    vms.vm.suspend(vm)
    image = os.path.join(vms.server.folder, "suspend", vms.vm.get_uuid(vm))
    ok(os.path.exists(image), "a Suspended one has an image")
    vms.vm.destroy(vm)
    deadline = time.monotonic() + 30
    while os.path.exists(image) and time.monotonic() < deadline:
        vms.vm.get_all()
    ok(not os.path.exists(image), "which goes with it")
    template = vms.vm.create({"is_a_template": True})
    vms.vm.set_is_default_template(template, True)
    is_(vms.refused("VM_IS_TEMPLATE", "a default template is not destroyed", "VM.destroy", template)[1:], (template, "destroy"), "says why")
    vms.vm.set_is_default_template(template, False)
    is_(answer(vms.vm.destroy, template), None, "another one is")
    vms.refused("VM_BAD_POWER_STATE", "Domain-0 is not destroyed", "VM.destroy", vms.dom0)
    is_(vms.count(), before, "all is as it was")
    vms.crash()
    is_((vms.count()["VM"], vms.count()["VM_metrics"]), (before["VM"], before["VM_metrics"]), "and after a crash")


def test_find(vms):
    first, second = (vms.vm.create({"name_label": "twin", "name_description": text, "VCPUs_max": "2"}) for text in ("it's", 'a "b"'))
    third = vms.vm.create({"name_label": EMOJI, "is_a_template": True, "tags": ["x"], "memory_static_max": "4096"})
    ours = [first, second, third]
    is_(sorted(vms.vm.get_by_name_label("twin")), sorted([first, second]), "get_by_name_label finds both")
    is_(vms.vm.get_by_name_label("twi"), [], "and nothing else")
    queries = [
        ('field "name_label" = "twin"', [first, second]), ('field "name__label" = "twin"', [first, second]),
        ("field 'name_label' = 'twin' and field 'name_description' = \"it's\"", [first]),
        (r'field "name_description" = "a \"b\""', [second]), (f'field "name_label" = "{EMOJI}"', [third]),
        ('field "is_a_template" = "true" and field "tags" = "(\'x\')"', [third]), ('field "memory_static_max" = "4096"', [third]),
        (f'field "uuid" = "{vms.vm.get_uuid(second)}"', [second]), ("true", ours), ("false", []), ("not (false)", ours),
        ('not field "VCPUs_max" = "2"', [third]), ('field "name_label" = "twin" and not field "name_description" = "it\'s"', [second]),
        ('field "memory_static_max" = "4096" or (field "name_label" = "twin" and field "VCPUs_max" = "2")', ours),
        ('field "power_state" = "Running"', []), ('"a" = "a"', ours),
    ]
    for text, want in queries:
        records = vms.vm.get_all_records_where(text)
        is_(sorted(r for r in records if r in ours), sorted(want), f"where {text}")
        is_(sorted(vms.vm.get_all_where(text)), sorted(records), "get_all_where: the same")
    is_(records[first], vms.vm.get_record(first), "the records are whole")
    for text in ("", 'field "nonsense" = "1"', 'field "name_label"', 'field "name_label" = twin', "(true", "true true", 'field "live_intent" = ""'):
        is_(answer(vms.vm.get_all_where, text)[0], "INVALID_VALUE", f"refused: {text!r}")


def test_uuids(vms):
    """An old client's reference is the uuid."""
    vm = vms.vm.create({"name_label": "old", "memory_static_max": str(MIB)})
    uuid = vms.vm.get_uuid(vm)
    is_(vms.vm.get_record(uuid), vms.vm.get_record(vm), "get_record by uuid")
    vms.vm.set_name_label(uuid, "by uuid")
    vms.vm.add_to_other_config(uuid, "k", "v")
    is_((vms.vm.get_name_label(vm), vms.vm.get_other_config(vm)["k"]), ("by uuid", "v"), "setters by uuid")
    vms.vm.start(uuid, False)
    is_(vms.vm.get_power_state(uuid), "Running", "start by uuid")
    vms.vm.hard_shutdown(uuid)
    raised = raises(Failure, lambda: vms.vm.get_record(uuid.upper()), "in capitals it is none")
    is_(raised and raised.params, ["VM", uuid.upper()], "and is named as it was sent")
    is_(vms.vm.get_by_uuid(uuid), vm, "get_by_uuid gives the reference")
    vms.vm.destroy(uuid)
    is_(answer(vms.vm.get_record, uuid), ("HANDLE_INVALID", "VM", uuid), "destroy by uuid")


def main():
    if not program():
        skip_all("XENAPID names no program")
    with Server(settings={"metrics-interval": "24h"}) as server:
        vms = Vms(server)
        for test in (test_partial, test_metrics, test_whole, test_refused, test_config, test_copies, test_destroy, test_find, test_uuids):
            test(vms)
    done()


main()
