#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""pass_through.py – PCI devices of the host that VMs get: records, what a domain is built with, and what cannot be done then."""
from lib.host import Host
from lib.server import program
from lib.tap import done, is_, skip_all

READY = "0000:00:19.1"  # the simulator's only one that is ready for guests
VIRTUAL = ("virtual_domain", "virtual_bus", "virtual_slot", "virtual_func", "virtual_name")
UNKNOWN = ["-1"] * 4 + [""]


def ppcis(host):
    return {record["name"]: ref for ref, record in host.session.PPCI.get_all_records().items()}


def pcis(host, vm):
    """What the domain has: address and slot."""
    return [(d["id"], d["slot"]) for d in (host.domain(vm) or {"pcis": []})["pcis"]]


def virtual(host, dpci):
    return [host.session.DPCI.get_record(dpci)[field] for field in VIRTUAL]


def make(host, kind="hvm", name=READY, **fields):
    vm = host.add(domain_type=kind)
    return vm, host.session.DPCI.create({"VM": vm, "PPCI": ppcis(host)[name], **fields})


def test_life(host):
    session = host.session
    (pci,) = [ref for ref, record in session.PCI.get_all_records().items() if record["pci_id"] == READY]
    for kind, slot, place in (("hvm", "7", ["0", "0", "7", "0", "0000:00:07.0"]), ("hvm", "0", UNKNOWN), ("pv", "7", UNKNOWN)):
        vm, dpci = make(host, kind, hotplug_slot=slot)
        is_((session.VM.get_DPCIs(vm), session.VM.get_attached_PCIs(vm), virtual(host, dpci)), ([dpci], [], UNKNOWN), f"{kind}: Halted, it is a record")
        session.VM.start(vm, False, False)
        is_((pcis(host, vm), session.VM.get_attached_PCIs(vm), virtual(host, dpci)), ([(READY, int(slot))], [pci], place),
            f"{kind}: the domain is built with it")
        host.crash()
        session = host.session
        is_((pcis(host, vm), session.VM.get_attached_PCIs(vm), virtual(host, dpci)), ([(READY, int(slot))], [pci], place), "after a crash likewise")
        session.VM.hard_shutdown(vm)
        is_((session.VM.get_attached_PCIs(vm), virtual(host, dpci)), ([], UNKNOWN), "without a domain it has none")
        session.DPCI.destroy(dpci)
        session.VM.start(vm, False, False)
        is_((pcis(host, vm), session.VM.get_DPCIs(vm)), ([], []), "destroyed: the next start goes without")
        host.remove(vm)


def test_refused(host):
    session = host.session
    known = ppcis(host)
    vm, dpci = make(host, hotplug_slot="3")
    other = known["0000:00:19.0"]
    for fields, error in (({"PPCI": known[READY]}, ["DEVICE_ALREADY_EXISTS", known[READY]]), ({"PPCI": other, "hotplug_slot": "3"}, ["DEVICE_ALREADY_EXISTS", "3"]),
                          ({"PPCI": other, "hotplug_slot": "32"}, ["INVALID_VALUE", "hotplug_slot: 0 to 31", "32"]),
                          ({"PPCI": other, "hotplug_slot": "-1"}, ["INVALID_VALUE", "hotplug_slot: 0 to 31", "-1"])):
        is_((host.failure("DPCI.create", {"VM": vm, **fields}), session.DPCI.get_all()), (error, [dpci]), f"refused: {list(fields)}")
    is_(host.failure("DPCI.create", {"VM": vm})[:2], ["HANDLE_INVALID", "PPCI"], "without a device")
    is_(host.failure("DPCI.create", {"PPCI": other})[:2], ["HANDLE_INVALID", "VM"], "without a VM")
    session.VM.start(vm, False, False)
    state = ["VM_BAD_POWER_STATE", vm, "halted", "running"]
    is_([host.failure("DPCI.create", {"VM": vm, "PPCI": other}), host.failure("DPCI.destroy", dpci)], [state] * 2, "a guest keeps what it was started with")
    is_([host.failure("VM.suspend", vm), host.failure("VM.checkpoint", vm, "x")], [["VM_HAS_PCI_ATTACHED", vm]] * 2, "its memory cannot be saved")
    is_({"suspend", "checkpoint"} & set(session.VM.get_allowed_operations(vm)), set(), "which is not offered either")
    second, _ = make(host)
    failure = host.failure("VM.start", second, False, False)
    is_((failure[0], failure[3], host.state(second)), ("HYPERVISOR_ERROR", f"the PCI device {READY} is not assignable", "Halted"), "no two guests have it")
    host.remove(vm)
    is_((host.failure("VM.start", second, False, False), pcis(host, second)), ("", [(READY, 0)]), "when the first one is gone the other gets it")
    host.remove(second)
    third, _ = make(host, name="0000:00:19.0")
    is_(host.failure("VM.start", third, False, False)[0], "HYPERVISOR_ERROR", "one that the host has not made ready for guests")
    host.remove(third)
    is_(session.DPCI.get_all(), [], "they go with their VM")


def test_copies(host):
    """A device is one VM's: neither a clone nor a snapshot gets it."""
    session = host.session
    vm, dpci = make(host)
    copies = [session.VM.clone(vm, "copy"), session.VM.snapshot(vm, "shot")]
    is_(([session.VM.get_DPCIs(copy) for copy in copies], session.VM.get_DPCIs(vm)), ([[], []], [dpci]), "clone and snapshot are without")
    session.VM.revert(copies[1])
    is_(session.VM.get_DPCIs(vm), [dpci], "a revert leaves it to the VM")
    for each in (*copies, vm):
        session.VM.destroy(each)
    vm = host.add("Running")
    shot = session.VM.checkpoint(vm, "shot")
    session.VM.hard_shutdown(vm)
    session.DPCI.create({"VM": vm, "PPCI": ppcis(host)[READY]})
    is_((host.failure("VM.revert", shot), host.state(vm)), (["VM_HAS_PCI_ATTACHED", vm], "Halted"), "nor back to memory that knows nothing of it")
    for each in (shot, vm):
        session.VM.destroy(each)


if not program():
    skip_all("no xenapid to test (XENAPID)")
with Host() as running:
    for test in (test_life, test_refused, test_copies):
        test(running)
done()
