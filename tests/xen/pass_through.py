# SPDX-License-Identifier: LGPL-2.1-or-later
"""pass_through.py – point 14: a PV guest with a PCI device of the host, on a machine with an IOMMU."""
from lib.tap import is_, ok, skip

TEST_DEVICE = ("6966", "5")  # QEMU's pci-testdev
DRIVER = "/sys/bus/pci/drivers/pciback"


def attached(host, vm):
    session = host.session
    return [session.PCI.get_pci_id(pci) for pci in session.VM.get_attached_PCIs(vm)]


def has(host, vm, name):
    """The domain, as xl says."""
    return name in host.dom0.run(f"xl pci-list {host.session.VM.get_domid(vm)}")


def run(host):
    session = host.session
    found = {record["name"]: ref for ref, record in session.PPCI.get_all_records().items()
             if (record["vendor_id"], record["device_id"]) == TEST_DEVICE}
    if not found:
        skip("this host has no pci-testdev, and no other device is taken from it")
        return
    ((name, ppci),) = found.items()
    vm, other = host.add("pv", "pci"), host.add("pvh", "pci-pvh")
    for each in (vm, other):
        session.DPCI.create({"VM": each, "PPCI": ppci})
    is_((host.failure("VM.start", vm, False, False)[0], host.domains()), ("HYPERVISOR_ERROR", {}), "a device that dom0 has keeps the VM from starting")
    host.dom0.run(f"echo {name} >{DRIVER}/new_slot && echo {name} >{DRIVER}/bind")
    is_((host.failure("VM.start", other, False, False)[0], host.domains()), ("HYPERVISOR_ERROR", {}), "Xen has no PVH guests with devices, and says so")
    session.VM.start(vm, False, False)
    ok(host.wait_guest(vm), "bound to pciback, it is a guest's")
    ok(has(host, vm, name), "xl lists it")
    is_(attached(host, vm), [name], "the record says so")
    host.crash()
    is_((attached(host, vm), has(host, vm, name)), ([name], True), "after kill -9 of the daemon likewise")
    is_(host.failure("VM.suspend", vm), ["VM_HAS_PCI_ATTACHED", vm], "its memory is not saved")
    host.session.VM.hard_shutdown(vm)
    is_(attached(host, vm), [], "without a domain it has none")
    ok(name in host.dom0.run("xl pci-assignable-list"), "and the device is ready for another guest")
    host.remove_all()
