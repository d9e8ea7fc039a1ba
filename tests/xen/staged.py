# SPDX-License-Identifier: LGPL-2.1-or-later
"""staged.py – point 13: what waits for the next start of a running guest, which reboots by itself."""
from lib.tap import is_, ok
from xen.host import MIB, MOST, until

FIELDS = {"VCPUs_max": "4", "memory_static_max": str(160 * MIB), "memory_dynamic_max": str(160 * MIB)}


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
    host.remove(vm)
