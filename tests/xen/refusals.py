# SPDX-License-Identifier: LGPL-2.1-or-later
"""refusals.py – point 3: what is refused changes nothing, and a domain that can not be built leaves nothing behind."""
from lib.tap import diag, is_, ok
from xen.host import MIB, MOST, until

GIB = 1024 * MIB


def refused(host, vm, before, code, method, *arguments):
    """One call that must fail so, with everything as it was before."""
    error = host.failure(method, vm, *arguments)
    what = f"{method} {' '.join(map(str, arguments))}"
    if not ok(isinstance(error, list) and error[0] == code, f"{what}: refused as {code}"):
        diag(error)
    after = host.snapshot(vm)
    # Xen scrubs what a domain had after the domain is gone.
    if after["free"] < before["free"]:
        after = until(lambda: (s := host.snapshot(vm))["free"] >= before["free"] and s, 20) or host.snapshot(vm)
    is_(after, before, f"{what}: record, disk, xenstore, xl and free memory are as before")
    return error


def live(host, kind):
    vm = host.running(kind)
    host.agree(vm, f"{kind}: before")
    before = host.snapshot(vm)
    refused(host, vm, before, "MEMORY_CONSTRAINT_VIOLATION_ORDER", "VM.set_memory_target", str((MOST + 1) * MIB))
    refused(host, vm, before, "MEMORY_CONSTRAINT_VIOLATION_ORDER", "VM.set_memory_target", str(16 * MIB))
    refused(host, vm, before, "INVALID_VALUE", "VM.set_VCPUs_number", "3")
    refused(host, vm, before, "INVALID_VALUE", "VM.set_VCPUs_number", "0")
    # A maximum promises nothing; a target must be there.
    host.session.VM.set_memory_maximum(vm, str(64 * GIB))
    refused(host, vm, host.snapshot(vm), "HOST_NOT_ENOUGH_FREE_MEMORY", "VM.set_memory_target", str(63 * GIB))
    host.session.VM.set_memory_maximum(vm, str(MOST * MIB))
    host.agree(vm, f"{kind}: after all of it")


def builds(host, kind):
    big = str(64 * GIB)
    vm = host.add(kind, "big", memory_dynamic_min=big, memory_dynamic_max=big, memory_static_max=big)
    refused(host, vm, host.snapshot(vm), "HOST_NOT_ENOUGH_FREE_MEMORY", "VM.start", False)
    host.remove(vm)
    for kernel, name in (("/nowhere/vmlinuz", "missing"), (host.put("broken", "no kernel\n"), "broken")):
        vm = host.add(kind, name, PV_kernel=kernel)
        error = refused(host, vm, host.snapshot(vm), "HYPERVISOR_ERROR", "VM.start", False)
        ok(isinstance(error, list) and kernel in " ".join(error), f"{kind}: and the reason names {kernel}")
        diag(error)
        is_(host.record(vm)["power_state"], "Halted", f"{kind}: the VM with a {name} kernel is Halted")
        host.remove(vm)


def run(host):
    live(host, "pv")
    for kind in ("pv", "pvh"):
        builds(host, kind)
