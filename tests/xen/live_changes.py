# SPDX-License-Identifier: LGPL-2.1-or-later
"""live_changes.py – point 2: memory and vCPUs of running guests, changed over TCP by Python's xmlrpc.client."""
from lib.tap import is_, ok
from xen.host import MIB, MOST


def changes(host, kind):
    vm = host.running(kind)
    host.session.VM.set_VCPUs_number(vm, "1")
    host.session.VM.set_memory_target(vm, str(128 * MIB))
    host.agree(vm, f"{kind}: before")
    domid, uptime = host.record(vm)["domid"], float(host.guest(vm)["uptime"])
    for mib in (112, MOST, 128):
        before = int(host.guest(vm)["memory_kib"])
        host.session.VM.set_memory_target(vm, str(mib * MIB))
        host.agree(vm, f"{kind}: mem-set {mib}")
        after = int(host.guest(vm)["memory_kib"])
        ok((after > before) == (mib == MOST), f"{kind}: mem-set {mib}: the guest has {after} KiB, had {before}")
    for mib in (136, MOST):
        host.session.VM.set_memory_maximum(vm, str(mib * MIB))
        is_(host.tree(vm)["memory/static-max"], str(mib * 1024), f"{kind}: mem-max {mib}: xenstore")
        host.agree(vm, f"{kind}: mem-max {mib}")
    for vcpus in ("2", "1"):
        host.session.VM.set_VCPUs_number(vm, vcpus)
        host.agree(vm, f"{kind}: vcpu-set {vcpus}")
    host.crash()
    host.agree(vm, f"{kind}: after a crash of the daemon")
    is_(host.record(vm)["domid"], domid, f"{kind}: the domain is the same")
    ok(float(host.guest(vm)["uptime"]) > uptime, f"{kind}: the guest has not started again")


def run(host):
    for kind in ("pv", "pvh"):
        changes(host, kind)
