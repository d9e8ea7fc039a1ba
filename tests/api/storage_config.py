#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""storage_config.py – `disk` of an xl.cfg becomes VDIs and VBDs, of disks that exist where disk-folders allow; nothing is ever done to them."""
import os

from lib.host import MIB, Host, until
from lib.server import program
from lib.storage import Makers
from lib.tap import done, has, is_, ok, skip_all

BASE = "name = 'demo'\nmemory = 256\ntype = 'pvh'\n"
NULL = "OpaqueRef:NULL"


class Existing(Host):
    def start(self):
        self.server.settings["disk-folders"] = self.path("")[:-1]
        super().start()

    def path(self, name):
        return self.server.path("disks/" + name)

    def image(self, name, size=MIB):
        os.makedirs(self.path(""), exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.truncate(size)
        return self.path(name)

    def sr(self):
        return next(r for r, v in self.session.SR.get_all_records().items() if v["type"] == "existing")

    def create(self, disk, base=BASE):
        made = self.session.VM.create_from_config(f"{base}disk = {disk}\n")
        row = next(r for r in made["report"] if r["key"] == "disk")
        return made["ref"], row["outcome"], row["detail"]

    def drives(self, vm):
        """(userdevice, mode, type, empty, bootable, path, size) of each, by number."""
        session = self.session
        records = [session.VBD.get_record(v) for v in session.VM.get_VBDs(vm)]
        vdis = {r["VDI"]: session.VDI.get_record(r["VDI"]) for r in records if r["VDI"] != NULL}
        return sorted((r["userdevice"], r["mode"], r["type"], r["empty"], r["bootable"],
                       *((vdis[r["VDI"]]["location"], vdis[r["VDI"]]["virtual_size"]) if r["VDI"] in vdis else (None, None))) for r in records)


def test_made(host):
    root, iso = host.image("root.img", 3 * MIB), host.image("cd.iso")
    vm, *report = host.create(f"['phy:{root},xvda,w', 'file:{iso},hdc:cdrom,r', 'format=raw,vdev=xvdd,access=ro,target={iso}', ',empty,hdb,cdrom']")
    is_(report, ["taken", "VBDs"], "the report")
    want = [("0", "RW", "Disk", False, True, root, str(3 * MIB)), ("1", "RO", "CD", True, False, None, None),
            ("2", "RO", "CD", False, False, iso, str(MIB)), ("3", "RO", "Disk", False, False, iso, str(MIB))]
    is_(host.drives(vm), want, "each becomes a drive, each path a VDI")
    ok("xl:disk" not in host.session.VM.get_other_config(vm), "nothing of it is kept elsewhere")
    vdis = host.session.SR.get_VDIs(host.sr())
    is_((len(vdis), all(host.session.VDI.get_uuid(v) for v in vdis)), (2, True), "in the SR of existing disks")
    host.crash()
    is_(host.drives(vm), want, "they are there after a crash")
    host.session.VM.start(vm, False, False)
    is_(sorted((d["device"], d["path"], d["read_only"], d["is_cd"]) for d in host.domain(vm)["disks"]),
        [(0, root, False, False), (2, iso, True, True), (3, iso, True, False)], "the domain has them, but for the empty drive")
    other, *_ = host.create(f"['{root},raw,xvda,w']", BASE.replace("demo", "other"))
    is_(host.failure("VM.start", other, False, False)[0], "VDI_IN_USE", "another VM with the same disk does not start")
    for each in (vm, other):
        host.remove(each)
    return vdis


def test_untouched(host, vdis):
    """Nothing is made, resized or deleted in such an SR."""
    session, sr = host.session, host.sr()
    before = sorted(os.listdir(host.path("")))
    for message, arguments in (("create", ({"SR": sr, "virtual_size": "512"},)), ("resize", (vdis[0], str(9 * MIB))), ("destroy", (vdis[0],)),
                               ("clone", (vdis[0],))):
        is_(host.failure(f"VDI.{message}", *arguments)[0], "OPERATION_NOT_ALLOWED", f"VDI.{message} is refused")
    is_(session.VDI.get_allowed_operations(vdis[0]), ["copy", "forget"], "which is said before")
    vm = host.create(f"['{host.path('root.img')},raw,xvda,w']", BASE.replace("demo", "kept"))[0]
    for message in ("snapshot", "clone"):
        is_((host.failure(f"VM.{message}", vm, "x")[0], session.VM.get_by_name_label("x")), ("OPERATION_NOT_ALLOWED", []),
            f"VM.{message} of one with such a disk is refused as a whole")
    session.VM.destroy(vm)
    is_((sorted(os.listdir(host.path(""))), sorted(session.SR.get_VDIs(sr))), (before, sorted(vdis)), "nothing has changed")
    root = next(v for v in vdis if session.VDI.get_location(v).endswith("root.img"))
    files = Makers(session, host.ref, host.server.path).sr()
    is_(session.VDI.get_virtual_size(session.VDI.copy(root, files)), str(3 * MIB), "a VDI can be copied elsewhere")
    os.rename(host.path("root.img"), host.path("away"))
    session.SR.scan(sr)
    is_([session.VDI.get_missing(v) for v in vdis], [v == root for v in vdis], "a scan finds what is missing")
    os.rename(host.path("away"), host.path("root.img"))
    session.SR.scan(sr)
    is_([session.VDI.get_missing(v) for v in vdis], [False, False], "and what is back")
    session.VDI.forget(root)
    ok(os.path.exists(host.path("root.img")), "VDI.forget leaves it alone")
    mine = session.VDI.introduce("", "mine", "", sr, "user", False, False, {}, host.path("root.img"))
    is_(session.VDI.get_virtual_size(mine), str(3 * MIB), "VDI.introduce takes one, too")
    is_(session.pool.get_default_SR(session.pool.get_all()[0]), files, "such an SR is nobody's default")


def test_refused(host):
    """What can not be used is left out, as a whole, and said."""
    good, outside = host.image("good.img"), host.server.path("outside.img")
    with open(outside, "wb") as file:
        file.truncate(512)
    os.symlink(outside, host.path("link.img"))
    os.mkfifo(host.path("pipe.img"))
    for spec, why in ((f"{outside},raw,xvdb,w", "is no disk below one of the disk-folders"), (f"{host.path('link.img')},raw,xvdb,w", "is no disk below"),
                      (f"{host.path('../outside.img')},raw,xvdb,w", "is no disk below"), (f"{host.path('gone')},raw,xvdb,w", "is no disk below"),
                      (f"{host.path('pipe.img')},raw,xvdb,w", "is no disk below"), ("/dev/null,raw,xvdb,w", "is no disk below"),
                      ("../x,raw,xvdb,w", "is no disk below"),
                      (f"{good},qcow2,xvdb,w", "is a qcow2 image, and no VDI: put its folder into an SR"), (f"{good},raw,xvdb1,w", "disk 2 is a partition"),
                      (f"format=raw,vdev=xvdb,script=block-nbd,target={good}", "disk 2 has a script"),
                      (f"{good},raw,xvdb,sometimes", "disk 2 is not understood")):
        text = f"['{good},raw,xvda,w', '{spec}']"
        vm, outcome, detail = host.create(text)
        is_((outcome, host.drives(vm)), ("ignored", []), f"{spec.replace(host.server.path(''), '')}: nothing is taken")
        has(detail, why, "the report says why")
        is_(host.session.VM.get_other_config(vm)["xl:disk"], text, "and the text is kept")
        host.session.VM.destroy(vm)
    is_(host.failure("VM.create_from_config", f"{BASE}disk = ['{good},raw,xvda,w', '{good},raw,hda,w']"), ["DEVICE_ALREADY_EXISTS", "hda"],
        "two of the same number")
    is_([host.session.VM.get_by_name_label("demo"), [v for v in host.session.VDI.get_all_records().values() if v["location"] == good]], [[], []],
        "nothing is made then")


def test_known(host):
    """An image of another SR is that SR's VDI."""
    session = host.session
    makers = Makers(session, host.ref, host.server.path)
    vdi = makers.vdi()
    folder = session.PBD.get_device_config(session.SR.get_PBDs(session.VDI.get_SR(vdi))[0])["location"]
    vm, *report = host.create(f"['{folder}/{session.VDI.get_location(vdi)},raw,xvda,w']")
    is_((report, [session.VBD.get_VDI(v) for v in session.VM.get_VBDs(vm)]), (["taken", "VBDs"], [vdi]), "a VDI is taken for what it is")
    session.VM.destroy(vm)


def test_adopted(host):
    root = host.image("theirs.img")
    uuid, _ = host.simulator.create("theirs")
    host.simulator.change(uuid, "xl:disk", f"format=raw,vdev=xvda,access=rw,target={root}")
    vm = until(lambda: host.session.VM.get_by_name_label("theirs"))[0]
    report = host.session.VM.adopt(vm)["report"]
    is_([r["outcome"] for r in report if r["key"] == "disk"], ["taken"], "an adopted domain's are taken over")
    is_([d[:1] + d[5:6] for d in host.drives(vm)], [("0", root)], "with number and path")
    host.session.VM.hard_shutdown(vm)
    host.session.VM.start(vm, False)
    is_([d["path"] for d in host.domain(vm)["disks"]], [root], "and its next start has them")
    host.remove(vm)


def test_without(host):
    """No disk-folders: no such SR, and nothing is taken."""
    with Host() as other:
        is_([r["type"] for r in other.session.SR.get_all_records().values()], [], "without disk-folders there is no such SR")
        made = other.session.VM.create_from_config(f"{BASE}disk = ['{host.path('good.img')},raw,xvda,w']\n")
        is_((made["report"][-1]["outcome"], other.session.VM.get_VBDs(made["ref"])), ("ignored", []), "and no disk")


def main():
    if not program():
        skip_all("XENAPID names no program")
    with Existing() as host:
        vdis = test_made(host)
        test_untouched(host, vdis)
        for test in (test_refused, test_known, test_adopted, test_without):
            test(host)
    done()


main()
