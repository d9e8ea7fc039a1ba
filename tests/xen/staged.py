# SPDX-License-Identifier: LGPL-2.1-or-later
"""staged.py – point 13: what waits for the next start of a running guest, which reboots by itself; and what somebody else changes of it."""
from lib.tap import has, is_, ok
from xen.host import MIB, MOST, PREFIX, until

FIELDS = {"VCPUs_max": "4", "memory_static_max": str(160 * MIB), "memory_dynamic_max": str(160 * MIB)}


def drift(host):
    """field → what the domain has"""
    return {entry["field"]: entry["domain"] for entry in host.session.host.get_drift(host.session.host.get_all()[0])}


def told(host, vm, found):
    """Messages tell of it, though not at once."""
    records = host.session.message.get("VM", host.session.VM.get_uuid(vm), "19700101T00:00:00Z").values()
    bodies = [record["body"] for record in records if record["name"] == "VM_DRIFT"]
    return all(any(body.startswith(f"{field}: ") and body.endswith(f" {value}") for body in bodies) for field, value in found.items())


def drifts(host, vm, deeds, found, side, tells=False):
    """What is done behind the daemon's back, seen and mended."""
    what = f"{deeds[0].split()[0]}, --fix={side}"
    host.dom0.run("\n".join(f"{deed} || exit 1" for deed in deeds))
    is_(drift(host), found, f"{what}: get_drift shows it")
    shown = host.xm("drift")
    is_([line.split()[1] for line in shown.splitlines()[1:]], list(found), f"{what}: so does xm drift")
    if tells:
        ok(until(lambda: told(host, vm, found)), f"{what}: and messages")
    host.xm("drift", f"--fix={side}", PREFIX + "staged")
    is_(drift(host), {}, f"{what}: nothing differs")
    host.agree(vm, what)


def drifts_both_ways(host, vm):
    domid = host.session.VM.get_domid(vm)

    def record():
        record = host.record(vm)
        return record["memory_target"], record["VCPUs_at_startup"], record["VCPUs_params"].get("weight")

    drifts(host, vm, [f"xl mem-set {domid} 116", f"xl vcpu-set {domid} 2", f"xl sched-credit2 -d {domid} -w 512"],
           {"memory_target": str(116 * MIB), "VCPUs_at_startup": "2", "VCPUs_params:weight": "512"}, "record", tells=True)
    is_(record(), (str(128 * MIB), "1", "256"), "the record says what it said")
    has(host.dom0.run(f"xl sched-credit2 -d {domid}"), " 256", "and xl shows the weight that the domain had")
    path = f"/local/domain/{domid}"
    drifts(host, vm, [f"xenstore-write {path}/memory/target {120 * 1024}", f"xenstore-write {path}/cpu/1/availability online"],
           {"memory_target": str(120 * MIB), "VCPUs_at_startup": "2"}, "domain")
    is_(record(), (str(120 * MIB), "2", "256"), "the record is as the domain")


def run(host):
    vm = host.add("pv", "staged")
    host.session.VM.start(vm, False)
    ok(host.wait_guest(vm), "the guest is up")
    result = host.session.VM.update(vm, FIELDS, {"when": "auto"})
    is_(sorted(result["next_boot"]), sorted(FIELDS), "vCPUs and static memory wait")
    host.agree(vm, "while they wait")
    is_(host.tree(vm)["memory/static-max"], str(MOST * 1024), "xenstore has what runs")
    ok(host.xm("list", "xenapid-test-staged").endswith(" *\n"), "xm list has a mark")
    is_(sorted(host.session.VM.get_pending(vm)), sorted(FIELDS), "get_pending has them")
    host.crash()
    is_(sorted(host.session.VM.get_pending(vm)), sorted(FIELDS), "after a crash of the daemon too")
    domid = host.record(vm)["domid"]
    host.ask(vm, "reboot")
    until(lambda: host.record(vm)["domid"] not in (domid, "-1"))
    host.kept.pop(vm, None)
    ok(host.wait_guest(vm), "the guest has rebooted by itself")
    record = host.record(vm)
    is_({name: record[name] for name in FIELDS}, FIELDS, "and has them now")
    is_((host.session.VM.get_pending(vm), record["requires_reboot"]), ({}, False), "nothing waits")
    host.agree(vm, "after the reboot")
    tree = host.tree(vm)
    is_((tree["memory/static-max"], "cpu/3/availability" in tree), (str(160 * 1024), True), "xenstore has them")
    drifts_both_ways(host, vm)
    host.remove(vm)
