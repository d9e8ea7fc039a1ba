#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""drives.py – VBDs: records, who may use a VDI, what domains are built with, and copies of VMs with their disks."""
import os

from lib.host import MIB, Background, Host, until
from lib.rpc import Session
from lib.server import program
from lib.storage import Makers
from lib.tap import done, is_, ok, skip_all

NULL = "OpaqueRef:NULL"


class Drives(Host):
    def __init__(self, **settings):
        super().__init__(**settings)
        self.sr = self.makers().sr()

    def makers(self):
        return Makers(self.session, self.ref, self.server.path)

    def vdi(self, sr=None, **fields):
        return self.session.VDI.create({"name_label": "disk", "SR": sr or self.sr, "virtual_size": str(MIB), "type": "user", **fields})

    def vbd(self, vm, vdi=None, **fields):
        return self.session.VBD.create({"VM": vm, "VDI": vdi or self.vdi(), "mode": "RW", "type": "Disk", "userdevice": "autodetect", **fields})

    def cd(self, vm, vdi=NULL, **fields):
        return self.vbd(vm, vdi, mode="RO", type="CD", empty=vdi == NULL, **fields)

    def folder(self):
        return self.session.PBD.get_device_config(self.session.SR.get_PBDs(self.sr)[0])["location"]

    def path(self, vdi):
        return os.path.join(self.folder(), self.session.VDI.get_location(vdi))

    def get(self, vbd, *fields):
        record = self.session.VBD.get_record(vbd)
        return tuple(record[field] for field in fields)

    def domain_disks(self, vm):
        """What the domain has: device to (path, read_only, is_cd)."""
        uuid = self.session.VM.get_uuid(vm)
        domains = [d for d in self.simulator.state()["domains"] if d["uuid"] == uuid]
        return {d["device"]: (d["path"], d["read_only"], d["is_cd"]) for one in domains for d in one["disks"]}

    def attached(self, vm):
        """Numbers of those whose records say so; none is reserved when nothing is under way."""
        records = [self.session.VBD.get_record(v) for v in self.session.VM.get_VBDs(vm)]
        assert not any(r["reserved"] for r in records)
        return sorted(int(r["userdevice"]) for r in records if r["currently_attached"])


def test_records(host):
    session, vm = host.session, host.add()
    vdi = host.vdi()
    first = host.vbd(vm, vdi, bootable=True)
    is_(host.get(first, "userdevice", "device", "VM", "VDI", "mode", "type", "bootable", "empty", "unpluggable", "currently_attached"),
        ("0", "xvda", vm, vdi, "RW", "Disk", True, False, True, False), "a disk drive")
    is_((session.VM.get_VBDs(vm), session.VDI.get_VBDs(vdi)), ([first], [first]), "VM and VDI have it")
    is_(host.get(first, "allowed_operations"), (["attach"],), "it can be attached by a start")
    cd = host.cd(vm)
    is_(host.get(cd, "userdevice", "device", "empty", "VDI"), ("3", "xvdd", True, NULL), "an empty CD drive, where guests expect it")
    is_(host.get(cd, "allowed_operations"), (["insert", "attach"],), "into which a CD can be put")
    names = [host.get(host.vbd(vm, userdevice=name), "userdevice", "device") for name in ("5", "xvdb", "hdc", "sdz", "xvdaa", "255")]
    is_(names, [("5", "xvdf"), ("1", "xvdb"), ("2", "xvdc"), ("25", "xvdz"), ("26", "xvdaa"), ("255", "xvdiv")], "numbers and names")
    by_device = session.VBD.create({"VM": vm, "VDI": host.vdi(), "device": "xvdg", "mode": "RW", "type": "Disk"})
    is_(host.get(by_device, "userdevice"), ("6",), "device instead of userdevice")
    is_(host.get(host.vbd(vm), "userdevice"), ("4",), "autodetect takes the first that is left")
    is_(session.VM.get_allowed_VBD_devices(vm), [str(n) for n in range(7, 16)], "the numbers that are left")
    session.VBD.set_userdevice(by_device, "xvdh")
    session.VBD.set_mode(by_device, "RO")
    session.VBD.set_type(by_device, "CD")
    is_(host.get(by_device, "userdevice", "device", "mode", "type"), ("7", "xvdh", "RO", "CD"), "set_userdevice, set_mode and set_type")
    host.crash()
    is_(host.get(by_device, "userdevice", "mode", "type"), ("7", "RO", "CD"), "after a crash it is as it was")
    host.session.VBD.destroy(first)
    is_((host.session.VDI.get_VBDs(vdi), os.path.exists(host.path(vdi))), ([], True), "VBD.destroy leaves the VDI")
    vdis = len(host.session.VDI.get_all())
    host.session.VM.destroy(vm)
    is_((host.session.VBD.get_all(), len(host.session.VDI.get_all())), ([], vdis), "drives go with their VM, VDIs stay")


def test_refused(host):
    session, vm = host.session, host.add()
    vdi, read_only = host.vdi(), host.vdi(read_only=True)
    vbd = host.vbd(vm, vdi, userdevice="0")
    base = {"VM": vm, "VDI": vdi, "mode": "RW", "type": "Disk", "userdevice": "1"}
    suspend = host.vdi(type="suspend")
    for fields, error in (
            ({"userdevice": "0"}, ["DEVICE_ALREADY_EXISTS", "0"]), ({"userdevice": "xvda"}, ["DEVICE_ALREADY_EXISTS", "xvda"]),
            ({"userdevice": "256"}, ["INVALID_DEVICE", "256"]), ({"userdevice": "01"}, ["INVALID_DEVICE", "01"]),
            ({"userdevice": "-1"}, ["INVALID_DEVICE", "-1"]), ({"userdevice": "xvd"}, ["INVALID_DEVICE", "xvd"]),
            ({"userdevice": "xvda1"}, ["INVALID_DEVICE", "xvda1"]), ({"userdevice": "xvdzz"}, ["INVALID_DEVICE", "xvdzz"]),
            ({"userdevice": "eth0"}, ["INVALID_DEVICE", "eth0"]), ({"userdevice": "99999999999"}, ["INVALID_DEVICE", "99999999999"]),
            ({"VDI": NULL}, ["HANDLE_INVALID", "VDI", NULL]), ({"VM": NULL}, ["HANDLE_INVALID", "VM", NULL]),
            ({"type": "CD"}, ["VBD_CDS_MUST_BE_READONLY"]), ({"VDI": read_only}, ["VDI_READONLY", read_only]),
            ({"VDI": suspend}, ["VDI_INCOMPATIBLE_TYPE", suspend, "suspend"]),
            ({"type": "Floppy"}, ["VALUE_NOT_SUPPORTED", "type", "Floppy", "a domain has disks and CD drives"])):
        is_(host.failure("VBD.create", {**base, **fields}), error, f"refused: {fields}")
    is_(host.failure("VBD.create", {**base, "empty": True})[0], "VBD_NOT_REMOVABLE_MEDIA", "an empty disk drive")
    dom0 = next(r for r, v in session.VM.get_all_records().items() if v["is_control_domain"])
    is_(host.failure("VBD.create", {**base, "VM": dom0})[0], "OPERATION_NOT_ALLOWED", "Domain-0 has none")
    is_(host.failure("VBD.set_type", vbd, "CD"), ["VBD_CDS_MUST_BE_READONLY"], "a drive with mode RW is no CD")
    is_(host.failure("VBD.set_userdevice", host.vbd(vm), "0"), ["DEVICE_ALREADY_EXISTS", "0"], "a number that is taken")
    is_(len(session.VM.get_VBDs(vm)), 2, "nothing of it is left behind")
    host.remove(vm)


def test_life(host):
    session, vm = host.session, host.add()
    data, iso = host.vdi(), host.vdi(read_only=True)
    vbd = host.vbd(vm, data, userdevice="0")
    host.cd(vm, iso, userdevice="1")
    host.cd(vm, userdevice="2")
    want = {0: (host.path(data), False, False), 1: (host.path(iso), True, True)}
    for state, name, arguments, there in (
            ("Running", "start", (False, False), True), ("Paused", "pause", (), True), ("Running", "unpause", (), True),
            ("Suspended", "suspend", (), False), ("Running", "resume", (False, False), True),
            ("Running", "hard_reboot", (), True), ("Halted", "clean_shutdown", (), False)):
        session.call(f"VM.{name}", vm, *arguments)
        is_((host.state(vm), host.domain_disks(vm), host.attached(vm)), (state, want if there else {}, [0, 1] if there else []),
            f"after {name}: the domain has them, and the records say so")
    session.VM.start(vm, False, False)
    for message, arguments in (("destroy", ()), ("set_userdevice", ("9",)), ("set_mode", ("RO",)), ("set_type", ("Disk",))):
        ok(host.failure(f"VBD.{message}", vbd, *arguments)[0] in ("OPERATION_NOT_ALLOWED", "DEVICE_ALREADY_ATTACHED"),
           f"{message} of one that a domain has is refused")
    late = host.vbd(vm)
    is_(host.attached(vm), [0, 1], "made for a Running VM: its domain does not have it")
    session.VBD.destroy(late)
    host.crash()
    is_((host.domain_disks(vm), host.attached(vm)), (want, [0, 1]), "after a crash it is as the domain says")
    host.session.VM.hard_shutdown(vm)
    is_(host.attached(vm), [], "none of a VM that is off")
    os.unlink(host.path(data))
    is_((host.failure("VM.start", vm, False, False), host.state(vm), host.attached(vm)), (["VDI_MISSING", host.sr, data], "Halted", []),
        "an image that has gone keeps the VM from starting")
    host.remove(vm)
    vm = host.add(domain_type="hvm", HVM_boot_policy="BIOS order")
    host.cd(vm, userdevice="3")
    host.vbd(vm, userdevice="1", bootable=False)
    host.vbd(vm, userdevice="2", bootable=True)
    session = host.session
    session.VM.start(vm, False, False)
    is_(host.domain_disks(vm)[3], ("", True, True), "an HVM guest has empty CD drives, too")
    is_(list(host.domain_disks(vm)), [2, 3, 1], "bootable ones stand first")
    host.remove(vm)


def test_live(host):
    session, vm = host.session, host.add("Running")
    vdi = host.vdi()
    vbd = host.vbd(vm, vdi, userdevice="0")
    is_((host.domain_disks(vm), host.attached(vm), host.get(vbd, "allowed_operations")), ({}, [], (["plug"],)),
        "made for a Running VM: its domain does not have it, it can be plugged")
    is_(host.failure("VBD.unplug", vbd), ["DEVICE_ALREADY_DETACHED", vbd], "not unplugged")
    session.VBD.plug(vbd)
    is_((host.domain_disks(vm), host.attached(vm)), ({0: (host.path(vdi), False, False)}, [0]), "plugged")
    is_(host.get(vbd, "allowed_operations"), (["unplug", "unplug_force"],), "it can be unplugged")
    is_(host.failure("VBD.plug", vbd), ["DEVICE_ALREADY_ATTACHED", vbd], "not plugged again")
    is_(host.failure("VDI.destroy", vdi), ["VDI_IN_USE", vdi, "destroy"], "its VDI is in use")
    other = host.vbd(host.add("Running"), vdi)
    is_(host.failure("VBD.plug", other), ["VDI_IN_USE", vdi, "attach"], "another VM does not get it")
    session.VBD.set_unpluggable(vbd, False)
    for message in ("unplug", "unplug_force"):
        is_(host.failure(f"VBD.{message}", vbd), ["VBD_NOT_UNPLUGGABLE", vbd], f"{message} of one that is not to be unplugged")
    session.VBD.set_unpluggable(vbd, True)
    for op, message, one in (("detach_disk", "VBD.unplug", vbd), ("attach_disk", "VBD.plug", host.vbd(vm))):
        host.simulator.fail(op, text="stuck")
        is_((host.failure(message, one)[0], host.attached(vm)), ("HYPERVISOR_ERROR", [0]), f"{message}: a refusal of the hypervisor changes nothing")
        host.simulator.clear()
    host.crash()
    session = host.session
    is_((list(host.domain_disks(vm)), host.attached(vm)), ([0], [0]), "after a crash it is as the domain says")
    session.VM.pause(vm)
    is_(host.failure("VBD.unplug", vbd), ["VM_BAD_POWER_STATE", vm, "running", "paused"], "not of a Paused VM")
    session.VM.unpause(vm)
    session.VBD.unplug(vbd)
    is_((host.domain_disks(vm), host.attached(vm)), ({}, []), "unplugged")
    session.VBD.plug(other)
    session.VBD.unplug_force(other)
    session.VBD.destroy(vbd)
    for each in (vm, session.VBD.get_VM(other)):
        host.remove(each)


def test_live_crash(host):
    """Killed while the hypervisor is asked: the record follows the domain."""
    vm = host.add("Running")
    vbd = host.vbd(vm)
    for op, message, there in (("attach_disk", "plug", []), ("detach_disk", "unplug", [0])):
        host.simulator.delay(op, 600_000)
        call = Background(getattr(Session(host.server.http).VBD, message), vbd)
        until(lambda: host.session.VM.get_current_operations(vm))
        host.crash()
        call.wait()
        is_((list(host.domain_disks(vm)), host.attached(vm)), (there, there), f"killed during {message}")
        if not there:
            host.session.VBD.plug(vbd)
    host.remove(vm)


def change_media(host, kind, vm, drive, vdi, written):
    """Another CD at once, as Xen-API 1.0 has it; in a drive with one."""
    session = host.session
    before = session.VBD.get_VDI(drive)
    is_((host.failure("VBD.media_change", drive, written), host.get(drive, "VDI")), (["VDI_IN_USE", written, "attach"], (before,)),
        f"{kind}: not for what another VM writes to")
    host.simulator.fail("change_cd" if kind == "hvm" else "attach_disk", text="stuck")
    is_((host.failure("VBD.media_change", drive, vdi)[0], host.get(drive, "VDI", "empty", "currently_attached"), host.domain_disks(vm)[3]),
        ("HYPERVISOR_ERROR", (before, False, True), (host.path(before), True, True)), "a refusal leaves the old one in it")
    host.simulator.clear()
    session.VBD.media_change(drive, vdi)
    is_((host.domain_disks(vm)[3], host.get(drive, "VDI", "empty", "currently_attached")),
        ((host.path(vdi), True, True), (vdi, False, True)), "another CD at once")
    session.VBD.eject(drive)
    session.VBD.media_change(drive, vdi)
    is_((host.domain_disks(vm)[3], host.get(drive, "VDI")), ((host.path(vdi), True, True), (vdi,)), "and into an empty drive")


def test_cd(host):
    """CDs change in VMs that run or not; an HVM guest keeps its drive, of any other the CD is the drive."""
    session = host.session
    first, second, written = host.vdi(read_only=True), host.vdi(read_only=True), host.vdi()
    writer = host.add()
    host.vbd(writer, written)
    session.VM.start(writer, False, False)
    for kind in ("hvm", "pvh"):
        vm = host.add(domain_type=kind)
        drive, disk = host.cd(vm, userdevice="3"), host.vbd(vm, userdevice="0")
        session.VBD.insert(drive, first)
        is_(host.get(drive, "VDI", "empty", "currently_attached", "allowed_operations"), (first, False, False, ["eject", "attach"]),
            f"{kind}: inserted while it is Halted")
        is_(host.failure("VBD.insert", drive, second), ["VBD_NOT_EMPTY", drive], "there is one in it")
        is_([host.failure("VBD.insert", disk, first), host.failure("VBD.eject", disk)], [["VBD_NOT_REMOVABLE_MEDIA", disk]] * 2, "a disk is no CD")
        session.VM.start(vm, False, False)
        is_(host.domain_disks(vm)[3], (host.path(first), True, True), "the domain has it")
        session.VBD.eject(drive)
        is_(host.domain_disks(vm).get(3), ("", True, True) if kind == "hvm" else None, "ejected while it is Running")
        is_((host.get(drive, "VDI", "empty", "currently_attached"), host.failure("VBD.eject", drive)),
            ((NULL, True, kind == "hvm"), ["VBD_IS_EMPTY", drive]), "the record says so")
        is_(host.failure("VBD.insert", drive, written), ["VDI_IN_USE", written, "attach"], "not what another VM writes to")
        op = "change_cd" if kind == "hvm" else "attach_disk"
        host.simulator.fail(op, text="stuck")
        is_((host.failure("VBD.insert", drive, second)[0], host.get(drive, "VDI", "empty")), ("HYPERVISOR_ERROR", (NULL, True)),
            "a refusal of the hypervisor changes nothing")
        host.simulator.clear()
        session.VBD.insert(drive, second)
        is_((host.domain_disks(vm)[3], host.get(drive, "VDI", "empty", "currently_attached")),
            ((host.path(second), True, True), (second, False, True)), "inserted while it is Running")
        change_media(host, kind, vm, drive, first, written)
        session.VM.suspend(vm)
        is_(host.failure("VBD.eject", drive)[0], "VM_BAD_POWER_STATE", "not of a Suspended VM")
        session.VM.hard_shutdown(vm)
        host.remove(vm)
    host.remove(writer)


def test_refused_commit(host):
    """The database takes nothing more: what the domain was told is taken back."""
    vm = host.add(domain_type="hvm", HVM_boot_policy="BIOS order")
    drive, disk = host.cd(vm, host.vdi(read_only=True), userdevice="3"), host.vbd(vm, userdevice="0")
    host.session.VM.start(vm, False, False)
    late = host.vbd(vm, userdevice="1")
    host.restart()
    before = host.domain_disks(vm), host.session.VBD.get_all_records()
    host.fill_disk()
    for message, vbd in (("plug", late), ("unplug", disk), ("eject", drive)):
        is_((host.failure(f"VBD.{message}", vbd)[0], host.domain_disks(vm)), ("INTERNAL_ERROR", before[0]), f"VBD.{message}")
    host.fill_disk(False)
    is_(host.session.VBD.get_all_records(), before[1], "the records are as they were")
    host.remove(vm)


def test_cd_plug(host):
    session = host.session
    vm = host.add("Running", domain_type="hvm", HVM_boot_policy="BIOS order")
    cd, empty = host.cd(vm, host.vdi(read_only=True)), host.cd(vm)
    is_(host.failure("VBD.plug", cd)[0], "OPERATION_NOT_ALLOWED", "an HVM guest has only the CD drives that it was started with")
    is_(host.failure("VBD.plug", empty), ["VBD_IS_EMPTY", empty], "nor is there anything to plug of an empty one")
    session.VBD.eject(cd)
    is_((host.get(cd, "empty"), host.domain_disks(vm)), ((True,), {}), "of one that the domain does not have only the record changes")
    host.remove(vm)


def test_use(host):
    """No two VMs write to a VDI."""
    session = host.session
    vdi = host.vdi()
    first, second, reader, sleeper = (host.add() for _ in range(4))
    vbds = [host.vbd(vm, vdi) for vm in (first, second)]
    reading = host.vbd(reader, vdi, mode="RO")
    allowed = lambda: host.session.VDI.get_allowed_operations(vdi)
    is_((host.failure("VBD.assert_attachable", vbds[0]), allowed()), ("", ["clone", "copy", "snapshot", "resize", "destroy", "forget"]),
        "nobody uses it yet")
    before = session.VDI.get_all_records()
    session.VM.start(first, False, False)
    is_(allowed(), [], "nothing can be done with it while a VM may write to it")
    for vm, vbd in ((second, vbds[1]), (reader, reading)):
        is_((host.failure("VM.start", vm, False, False), host.state(vm), host.attached(vm)), (["VDI_IN_USE", vdi, "attach"], "Halted", []),
            "another VM does not start with it")
        is_(host.failure("VBD.assert_attachable", vbd), ["VDI_IN_USE", vdi, "attach"], "which can be asked before")
    pbd = session.SR.get_PBDs(host.sr)[0]
    for state in ("Running", "Suspended"):
        for operation, name, arguments in (("destroy", "VDI.destroy", (vdi,)), ("forget", "VDI.forget", (vdi,)),
                                           ("resize", "VDI.resize", (vdi, str(2 * MIB))), ("copy", "VDI.copy", (vdi,)),
                                           ("clone", "VDI.clone", (vdi,)), ("unplug", "PBD.unplug", (pbd,))):
            is_(host.failure(name, *arguments), ["VDI_IN_USE", vdi, operation], f"{name} while its VM is {state}")
        is_(allowed(), [], "and nothing is offered")
        if state == "Running":
            session.VM.suspend(first)
    is_(host.failure("VM.start", second, False, False), ["VDI_IN_USE", vdi, "attach"], "nor beside one that is Suspended")
    is_(host.failure("VBD.destroy", vbds[0]), ["VM_BAD_POWER_STATE", first, "halted, paused, running", "suspended"],
        "what a suspend image believes of its drives stays true")
    is_(host.failure("VBD.create", {"VM": first, "VDI": host.vdi(), "userdevice": "9"})[0], "VM_BAD_POWER_STATE", "nor are there new ones")
    session.VM.hard_shutdown(first)
    is_({r: session.VDI.get_record(r) for r in before}, before, "nothing has changed")
    session.VBD.set_mode(vbds[0], "RO")
    session.VM.start(first, False, False)
    session.VM.start(reader, False, False)
    is_(host.failure("VM.start", second, False, False), ["VDI_IN_USE", vdi, "attach"], "several may read, but not while one writes")
    is_(allowed(), ["clone", "copy", "snapshot"], "what is only read can be copied")
    ok(session.VDI.clone(vdi), "and is")
    host.restart()
    is_(allowed(), ["clone", "copy", "snapshot"], "after a restart likewise")
    session = host.session
    session.VDI.set_sharable(vdi, True)
    is_((host.failure("VM.start", second, False, False), host.attached(second)), ("", [0]), "a sharable one is their own affair")
    host.simulator.fail("start", text="no")
    host.vbd(sleeper)
    is_((host.failure("VM.start", sleeper, False, False)[0], host.attached(sleeper)), ("HYPERVISOR_ERROR", []), "a start that fails keeps nothing")
    host.simulator.clear()
    for vm in (first, second, reader, sleeper):
        host.remove(vm)
    session.VDI.destroy(vdi)


def test_race(host):
    """Two starts and a destroy at once, while the hypervisor takes its time."""
    vdi = host.vdi()
    first, second = host.add(), host.add()
    for vm in (first, second):
        host.vbd(vm, vdi)
    host.simulator.delay("start", 600_000)
    call = Background(Session(host.server.http).VM.start, first, False, False)
    until(lambda: any(host.get(v, "reserved")[0] for v in host.session.VM.get_VBDs(first)))
    is_([host.failure("VM.start", second, False, False), host.failure("VDI.destroy", vdi)],
        [["VDI_IN_USE", vdi, "attach"], ["VDI_IN_USE", vdi, "destroy"]], "a VDI belongs to a VM from the beginning of its start")
    host.crash()
    call.wait()
    is_((host.state(first), host.attached(first)), ("Halted", []), "killed meanwhile: nothing is kept")
    is_(host.failure("VM.start", second, False, False), "", "another can have it")
    for vm in (first, second):
        host.remove(vm)


def test_deleted(host):
    """Drives whose VDI goes."""
    session, vm = host.session, host.add()
    vdi, iso = host.vdi(), host.vdi(read_only=True)
    host.vbd(vm, vdi)
    cd = host.cd(vm, iso)
    session.VDI.destroy(vdi)
    session.VDI.forget(iso)
    is_((session.VM.get_VBDs(vm), host.get(cd, "empty", "VDI")), ([cd], (True, NULL)), "a disk drive goes with its VDI, a CD drive is empty")
    is_(host.failure("VM.start", vm, False, False), "", "the VM can be started")
    host.remove(vm)


def write(path, data):
    with open(path, "r+b") as file:
        file.write(data)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def test_copy(host):
    session, vm = host.session, host.add()
    disks, iso = [host.vdi(), host.vdi()], host.vdi(read_only=True)
    for number, vdi in enumerate(disks):
        write(host.path(vdi), os.urandom(512))
        host.vbd(vm, vdi, userdevice=str(number), bootable=number == 0)
    host.cd(vm, iso)
    other = host.makers().sr()
    for name, arguments, sr in (("clone", (), host.sr), ("copy", (NULL,), host.sr), ("copy", (other,), other)):
        new = session.call(f"VM.{name}", vm, name, *arguments)
        vbds = {v["userdevice"]: v for v in (session.VBD.get_record(r) for r in session.VM.get_VBDs(new))}
        is_((sorted(vbds), vbds["3"]["VDI"], vbds["0"]["bootable"]), (["0", "1", "3"], iso, True), f"VM.{name}: the drives; CDs are shared")
        copies = [vbds[n]["VDI"] for n in ("0", "1")]
        is_((len(set(copies) & set(disks)), {session.VDI.get_SR(v) for v in copies}), (0, {sr}), "disks of its own")
        folder = session.PBD.get_device_config(session.SR.get_PBDs(sr)[0])["location"]
        is_([read(os.path.join(folder, session.VDI.get_location(v))) == read(host.path(d)) for v, d in zip(copies, disks)], [True, True],
            "with the same content")
        session.VM.destroy(new)
    is_([session.VDI.get_current_operations(v) for v in disks], [{}, {}], "nothing is under way any more")
    host.remove(vm)


def test_copy_refused(host):
    vm, disks = host.add(), [host.vdi(virtual_size="512"), host.vdi(virtual_size="512")]
    for vdi in disks:
        host.vbd(vm, vdi)

    def all_there_is():
        return [sorted(host.session.call(f"{c}.get_all")) for c in ("VM", "VBD", "VDI")], sorted(os.listdir(host.folder()))

    before = all_there_is()
    moved = host.path(disks[1])
    os.rename(moved, moved + ".away")
    is_(host.failure("VM.clone", vm, "x"), ["VDI_MISSING", host.sr, disks[1]], "the second disk can not be copied")
    os.rename(moved + ".away", moved)
    host.restart()
    host.fill_disk()
    is_(host.failure("VM.clone", vm, "x")[0], "INTERNAL_ERROR", "or the database takes nothing")
    host.fill_disk(False)
    is_(all_there_is(), before, "neither leaves a VM, a drive, a VDI or an image behind")
    is_([host.session.VDI.get_current_operations(v) for v in disks], [{}, {}], "nor an original that is busy")
    host.remove(vm)


def test_copy_killed(host):
    """kill -9 while a VM with two disks is cloned: all of it is there, or nothing."""
    vm = host.add()
    for _ in range(2):
        vdi = host.vdi(virtual_size=str(8 * MIB))
        write(host.path(vdi), os.urandom(8 * MIB))
        host.vbd(vm, vdi)
    for turn in range(4):
        clones = []

        def work(session, clones=clones):
            while True:
                clones.append(session.VM.clone(vm, "clone"))

        worker = Background(work, host.another())
        until(lambda clones=clones, turn=turn: len(clones) > turn or worker.result)
        host.kill()
        worker.join()
        host.start()
        records = {r: v for r, v in host.session.VM.get_all_records().items() if v["name_label"] == "clone"}
        is_([r for r in clones if r not in records], [], f"kill {turn + 1}: what was answered is there")
        is_([r for r, v in records.items() if len(v["VBDs"]) != 2], [], "each with both drives")
        is_(host.session.VDI.get_current_operations(vdi), {}, "the original is free")
        is_([n for n in os.listdir(host.folder()) if n.startswith(".")], [], "and nothing is half made")
        for clone in records:
            host.session.VM.destroy(clone)
    host.remove(vm)


def main():
    if not program():
        skip_all("no xenapid to test (XENAPID)")
    with Drives(metrics_interval="24h") as host:
        for test in (test_records, test_refused, test_life, test_live, test_live_crash, test_cd, test_refused_commit, test_cd_plug, test_use, test_race, test_deleted, test_copy, test_copy_refused, test_copy_killed):
            test(host)
    done()


main()
