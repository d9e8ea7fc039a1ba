#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""templates.py – VMs made of templates: VM.provision, and the disks that other_config asks for."""
from lib.host import MIB, Host
from lib.server import program
from lib.storage import Makers
from lib.tap import done, is_, ok, skip_all

NULL = "OpaqueRef:NULL"


def template(host, disks=None):
    other = {"other": "stays", **({} if disks is None else {"disks": disks})}
    return host.add(name_label="pattern", is_a_template=True, other_config=other)


def drives(host, vm):
    """Number to what the drive and its VDI are."""
    session = host.session
    records = [session.VBD.get_record(v) for v in session.VM.get_VBDs(vm)]
    vdis = {r["userdevice"]: session.VDI.get_record(r["VDI"]) for r in records}
    return {r["userdevice"]: (r["bootable"], r["mode"], r["type"], vdis[r["userdevice"]]["virtual_size"],
                              vdis[r["userdevice"]]["type"], vdis[r["userdevice"]]["SR"]) for r in records}


def remove(host, vm):
    vdis = [host.session.VBD.get_VDI(v) for v in host.session.VM.get_VBDs(vm)]
    host.remove(vm)
    for vdi in vdis:
        host.session.VDI.destroy(vdi)


def test_provision(host):
    session, make = host.session, Makers(host.session, host.ref, host.server.path)
    first, second = make.sr(), make.sr()
    is_(session.pool.get_default_SR(session.pool.get_all()[0]), first, "the first SR is the default one")
    xml = (f'<provision><disk device="0" size="{MIB}" sr="" bootable="true" type="system"/>'
           f'<disk device="3" size="{2 * MIB + 1}" sr="{session.SR.get_uuid(second)}" bootable="false"/>'
           f'<disk size="{MIB}" sr="{second}"></disk></provision>')
    pattern = template(host, xml)
    vm = session.VM.clone(pattern, "vm")
    ok("provision" in host.record(vm)["allowed_operations"], "a clone of a template can be provisioned")
    session.VM.provision(vm)
    record = host.record(vm)
    is_((record["is_a_template"], record["other_config"].get("disks"), record["other_config"]["other"]), (False, None, "stays"),
        "it is no template any more, and wants no more disks")
    is_(drives(host, vm), {"0": (True, "RW", "Disk", str(MIB), "system", first),
                           "3": (False, "RW", "Disk", str(2 * MIB + 512), "user", second),
                           "1": (False, "RW", "Disk", str(MIB), "user", second)}, "it has the disks")
    is_(host.record(pattern)["VBDs"], [], "the template has none")
    is_(host.failure("VM.provision", vm), ["PROVISION_ONLY_ALLOWED_ON_TEMPLATE"], "once only")
    session.VM.start(vm, False)
    is_(sorted(d["device"] for d in host.domain(vm)["disks"]), [0, 1, 3], "it starts with them")
    host.crash()
    is_((host.record(vm)["is_a_template"], len(drives(host, vm))), (False, 3), "after a crash they are still there")
    session = host.session
    session.VM.hard_shutdown(vm)
    plain = template(host)
    session.VM.provision(plain)
    is_((host.record(plain)["is_a_template"], drives(host, plain)), (False, {}), "one that wants no disks gets none")
    default = template(host, "<provision/>")
    session.VM.set_is_default_template(default, True)
    session.VM.provision(default)
    is_([host.record(default)[f] for f in ("is_a_template", "is_default_template")], [False, False], "a default one becomes a VM")
    for ref in (vm, plain, default, pattern):
        remove(host, ref)


def test_refused(host):
    """Whatever is wrong with a disk: nothing is made."""
    session = host.session
    sr = session.SR.get_all()[0]
    disk = f'<disk device="0" size="{MIB}" sr="{sr}"/>'
    for name, xml, code in (
            ("no XML", "disks", "INVALID_VALUE"), ("cut short", "<provision>", "INVALID_VALUE"),
            ("another element", "<disks/>", "INVALID_VALUE"), ("a deep one", "<provision><disk><x/></disk></provision>", "INVALID_VALUE"),
            ("entities", '<!DOCTYPE p [<!ENTITY a "b">]><provision/>', "INVALID_VALUE"),
            ("no size", f"<provision>{disk}<disk/></provision>", "INVALID_VALUE"),
            ("size 0", f'<provision>{disk}<disk size="0"/></provision>', "INVALID_VALUE"),
            ("no number", '<provision><disk size="big"/></provision>', "INVALID_VALUE"),
            ("another SR", f'<provision>{disk}<disk size="512" sr="nowhere"/></provision>', "HANDLE_INVALID"),
            ("another type", '<provision><disk size="512" type="x"/></provision>', "INVALID_VALUE"),
            ("a device that is none", f'<provision>{disk}<disk size="512" device="x"/></provision>', "INVALID_DEVICE"),
            ("a device twice", f"<provision>{disk}{disk}</provision>", "DEVICE_ALREADY_EXISTS")):
        pattern = template(host, xml)
        error = host.failure("VM.provision", pattern)
        is_(error[0], code, f"{name}: {error[1:]}")
        is_((host.record(pattern)["is_a_template"], host.record(pattern)["VBDs"], session.VDI.get_all()), (True, [], []),
            "it stays a template, and nothing is made")
        host.remove(pattern)
    session.SR.scan(sr)
    is_(session.VDI.get_all(), [], "no image is left in the SR")


if not program():
    skip_all("no xenapid to test (XENAPID)")
with Host() as running:
    for test in (test_provision, test_refused):
        test(running)
done()
