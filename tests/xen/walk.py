# SPDX-License-Identifier: LGPL-2.1-or-later
"""walk.py – point 1: guests are defined, changed while they are inactive, and started with what the record says."""
from lib.tap import diag, is_, ok
from xen.host import KERNEL_MIB, MIB, MOST, PREFIX, until


def changed(host, kind):
    """A new VM, changed with xm. No domain is there for it."""
    name = PREFIX + kind
    config = host.config(kind, kind, memory=112, maxmem=136, vcpus=1)
    host.xm("new", host.put(kind, config))
    host.xm("mem-set", name, "128")
    host.crash()
    host.xm("mem-max", name, str(MOST))
    host.xm("vcpu-set", name, "2")
    # xl.cfg has no key for it: what the guest can not live without
    host.session.VM.set_memory_static_min(host.find(kind), str(64 * MIB))
    ok(name not in host.domains(), f"{kind}: it is changed, and there is no domain")
    is_([line.split()[1:3] for line in host.xm("list", name).splitlines()[1:]], [["128", "2"]], f"{kind}: xm lists what it shall have")
    return host.find(kind)


def check(host, kind, vm):
    name = PREFIX + kind
    guest = host.wait_guest(vm)
    if not ok(guest, f"{kind}: the guest is up"):
        diag(host.console(vm))
        return
    guest = until(lambda: (g := host.guest(vm)) and g.get("cpus") == "0-1" and g) or host.guest(vm)
    is_(guest["cpus"], "0-1", f"{kind}: the guest's /sys/devices/system/cpu/online has 2")
    memory = int(guest["memory_kib"]) / 1024
    ok(128 - KERNEL_MIB < memory < 128, f"{kind}: the guest's /proc/meminfo has 128 MiB less what the kernel keeps ({memory:.1f})")
    is_(host.domains()[name][1:3], (128, 2), f"{kind}: xl list: 128 MiB, 2 vCPUs")
    record = host.record(vm)
    is_([record[f] for f in ("power_state", "memory_target", "memory_static_max", "VCPUs_at_startup", "VCPUs_max")],
        ["Running", str(128 * MIB), str(MOST * MIB), "2", "2"], f"{kind}: and so has the record")
    metrics = until(lambda: (m := host.session.VM_metrics.get_record(record["metrics"]))["VCPUs_number"] == "2" and m)
    is_(metrics and (metrics["current_domain_type"], round(int(metrics["memory_actual"]) / MIB)), (kind, 128), f"{kind}: and the metrics")
    line = host.xm("list", name).splitlines()[1].split()
    is_(line[1:4], [record["domid"], "128", "2"], f"{kind}: xm list shows the same")
    host.agree(vm, kind)


def run(host):
    vms = {kind: changed(host, kind) for kind in ("pv", "pvh")}
    for kind, vm in vms.items():
        # One after the other: two that boot at once take more than twice as long.
        host.xm("start", PREFIX + kind)
        check(host, kind, vm)
