# SPDX-License-Identifier: LGPL-2.1-or-later
"""beside_xl.py – point 6: a domain made by xl is listed, untouched by a restart of the daemon, and can be adopted."""
import shlex

from lib.tap import has, is_, ok
from xen.host import MIB, PREFIX, until

FIELDS = ("power_state", "domain_type", "memory_target", "memory_static_max", "VCPUs_at_startup", "VCPUs_max", "is_managed")
NAME = PREFIX + "xl"


def make(host, options=""):
    """With xl, which stays to watch over it as it always does. Returns its VM."""
    config = host.put("xl.cfg", host.config("pv", "xl", memory=112, maxmem=160, vcpus=1, maxvcpus=2, on_reboot="destroy"))
    host.dom0.run(f"xl create {options} {config}", seconds=120)
    vm = until(lambda: host.find("xl"))
    ok(vm, "a domain that xl makes is listed")
    return vm


def seen(host, vm):
    """What must not change behind its owner's back."""
    tree = {key: text for key, text in host.tree(vm).items() if not key.startswith("data/")}
    return host.domains()[NAME][:3], tree


def test_listed(host, vm):
    ok(until(lambda: host.session.VM.get_power_state(vm) == "Running"), "it is Running")
    record = host.record(vm)
    is_([record[f] for f in FIELDS], ["Running", "pv", str(112 * MIB), str(160 * MIB), "1", "2", False], "its record is as the domain")
    domid = str(host.domains()[NAME][0])
    is_([record["domid"], "/vm/" + record["uuid"]], [domid, host.dom0.read(f"/local/domain/{domid}/vm")], "by id and uuid")
    has(host.xm("list", NAME), f" {record['domid']} ", "xm lists it")
    has(str(host.failure("VM.hard_shutdown", vm)), "made by somebody else", "it is not destroyed")
    has(str(host.failure("VM.set_memory_target", vm, str(96 * MIB))), "made by somebody else", "nor changed")


def test_restart(host, vm):
    ok(host.wait_guest(vm), "its guest is up")
    before, its = seen(host, vm), host.session.VM.get_uuid(vm)
    for name, again in (("stopped and started again", host.restart), ("killed", host.crash)):
        again()
        is_(seen(host, vm), before, f"the daemon is {name}: the domain is as it was")
        is_([host.record(vm)[f] for f in ("uuid", "is_managed")], [its, False], "and the VM the same")


def test_adopt(host, vm):
    before, told = seen(host, vm), host.xm("adopt", NAME)
    has(told, "watcher is unknown", "adopted with xm, which tells what is not known")
    is_(seen(host, vm), before, "the domain is as it was")
    record = host.record(vm)
    want = [True, host.dom0.guest_folder + "/vmlinux", host.dom0.guest_folder + "/guest.img", str(112 * MIB), str(160 * MIB)]
    is_([record[f] for f in ("is_managed", "PV_kernel", "PV_ramdisk", "memory_target", "memory_static_max")], want,
        "the record has what xl built it from")
    has(record["PV_args"], "console=hvc0", "the kernel's arguments too")
    is_([record[f] for f in ("actions_after_shutdown", "actions_after_reboot", "actions_after_crash")], ["destroy"] * 3,
        "and what xl was to do when it stops")


def test_after(host, vm):
    host.session.VM.set_memory_target(vm, str(128 * MIB))
    host.session.VM.set_VCPUs_number(vm, "2")
    host.agree(vm, "memory and vCPUs changed live")
    host.session.VM.clean_shutdown(vm)
    is_([host.session.VM.get_power_state(vm), NAME in host.domains()], ["Halted", False], "clean_shutdown: Halted, and listed on")
    host.session.VM.start(vm, False)
    # Its guest need not come up for that.
    is_([host.domains()[NAME][1], host.tree(vm).get("cpu/1/availability")], [128, "online"], "it is started again from its record")
    host.remove(vm)


def test_vanishes(host):
    is_(host.session.VM.get_power_state(make(host, "-p")), "Paused", "one that xl leaves paused is Paused")
    host.dom0.run(f"xl destroy {shlex.quote(NAME)}")
    ok(until(lambda: host.find("xl") is None), "one that is not adopted vanishes with its domain")


def run(host):
    vm = make(host)
    test_listed(host, vm)
    test_restart(host, vm)
    test_adopt(host, vm)
    test_after(host, vm)
    test_vanishes(host)
