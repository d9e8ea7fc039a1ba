#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_storage.py – images and drives in xm, against a real daemon."""
import os
import re

from lib.host import MIB, Host
from lib.server import program
from lib.tap import done, has, is_, ok, skip_all
from lib.xm import program as xm_program
from lib.xm import run

UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
BLOCKS = "Vdev  Type Mode Attached     Size VDI                                  Name\n"


def xm(host, *arguments):
    return run(*arguments, server="unix:" + host.server.path("socket"))


def drives(host, vm):
    """device → (type, mode, name of the VDI, attached)"""
    session = host.session
    records = [session.VBD.get_record(v) for v in session.VM.get_VBDs(vm)]
    return {r["device"]: (r["type"], r["mode"], "" if r["empty"] else session.VDI.get_name_label(r["VDI"]), r["currently_attached"])
            for r in records}


def test_images(host):
    is_(xm(host, "sr-list"), (0, "UUID                                 Type          Size      Used Name\n", ""), "sr-list, none")
    is_(xm(host, "vdi-create", "disk", "8")[2], "Error: there is no default SR; name one, see xm sr-list\n", "without an SR there is no image")
    folder = host.server.path("sr/fast")
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    is_(xm(host, "sr-create", "fast", folder), (0, "", ""), "sr-create")
    ok(re.search(rf"(?m)^{UUID} file +\d+ +\d+ fast$", xm(host, "sr-list")[1]), "sr-list shows it")
    status, uuid, _ = xm(host, "vdi-create", "disk", "8")
    ok(status == 0 and re.fullmatch(UUID + "\n", uuid), "vdi-create prints the uuid")
    is_(xm(host, "vdi-create", "other", "1g", "fast")[0], 0, "in an SR that is named")
    listed = xm(host, "vdi-list")[1]
    ok(re.search(rf"(?m)^{uuid.strip()} +8 +\d+ fast +disk$", listed), "vdi-list")
    ok(re.search(rf"(?m)^{UUID} +1024 +\d+ fast +other$", listed), "by name, sizes in MiB")
    is_(xm(host, "vdi-list", "fast")[1], listed, "of one SR")
    is_(xm(host, "vdi-list", "slow")[2], 'Error: there is no SR "slow"; there is: fast\n', "no such SR")
    for size in ("0", "-1", "x", ""):
        is_(xm(host, "vdi-create", "x", size)[0], 2, f"{size!r} is no size")
    is_(xm(host, "vdi-delete", "other"), (0, "", ""), "vdi-delete")
    is_(xm(host, "vdi-delete", "other")[2], 'Error: there is no VDI "other"; there is: disk\n', "which is for good")
    return uuid.strip(), folder


def test_drives(host, vm, uuid, folder):
    is_(xm(host, "block-list", "demo"), (0, BLOCKS, ""), "block-list of a domain that has none")
    for words, want in ((["disk"], ("Disk", "RW")), (["disk", "xvdb", "r"], ("Disk", "RO")), ([uuid, "xvdc", "w"], ("Disk", "RW")),
                        ([f"file:{folder}/{uuid}.raw", "xvdd", "rw"], ("Disk", "RW")), ([f"{folder}/{uuid}.raw,raw,xvde,ro"], ("Disk", "RO")),
                        (["vdev=xvdf,format=raw,access=w,target=disk"], ("Disk", "RW")), (["disk,,xvdg,cdrom"], ("CD", "RO")),
                        (["cdrom", "vdev=xvdh"], ("CD", "RO")), (["devtype=cdrom,vdev=hdi"], ("CD", "RO"))):
        is_(xm(host, "block-attach", "demo", *words), (0, "", ""), f"block-attach {' '.join(words)}")
        device = next((w for w in re.findall(r"(?:xvd|hd)(\w)", " ".join(words))), "a")
        is_(drives(host, vm)[f"xvd{device}"][:2], want, "type and mode")
    is_(drives(host, vm)["xvdh"][2], "", "a CD drive may be empty")
    shown = xm(host, "block-list", "demo")[1].splitlines()
    is_(shown[1], f"xvda  Disk RW   no              8 {uuid} disk", "block-list")
    is_(shown[8], "xvdh  CD   RO   no              - -                                    ", "an empty one")
    for words, part in ((["nothing"], 'there is no VDI "nothing"'), (["disk", "xvda"], "DEVICE_ALREADY_EXISTS"),
                        (["disk", "xv"], "INVALID_DEVICE"), ([f"{folder}/none.raw"], "there is no VDI")):
        status, _, told = xm(host, "block-attach", "demo", *words)
        is_(status, 1, f"block-attach {' '.join(words)} is refused")
        has(told, part, "and says why")
    for words in (["xvdb", "r", "w", "x"], ["colour=red"], ["disk", "xvdj,xvdk"]):
        is_(xm(host, "block-attach", "demo", *words)[0], 2, f"block-attach {' '.join(words)} is bad usage")
    is_(xm(host, "block-configure", "demo", "xvdb", "w"), (0, "", ""), "block-configure")
    is_(drives(host, vm)["xvdb"][1], "RW", "another mode")
    is_(xm(host, "block-configure", "demo", "xvdb", "x")[0], 2, "a mode that is none")
    is_(xm(host, "block-configure", "demo", "disk", "xvdb", "r"), (0, "", ""), "with the VDI, as xm had it")
    is_((drives(host, vm)["xvdb"][1], drives(host, vm)["xvdh"][2]), ("RO", ""), "read only again")
    is_(xm(host, "block-configure", "demo", "disk", "xvdh", "r"), (0, "", ""), "of a CD drive")
    is_(drives(host, vm)["xvdh"][1:3], ("RO", "disk"), "it puts the VDI in")
    is_(xm(host, "vdi-create", "third", "4")[0], 0, "another image")
    is_(xm(host, "block-configure", "demo", "third", "xvdb", "w")[1:],
        ("", "Error: xvdb is a disk with another VDI; block-detach and block-attach change that\n"), "a disk is not changed under the guest")
    is_(drives(host, vm)["xvdb"][1], "RO", "nor is its mode then")
    is_(xm(host, "vdi-delete", "third")[0], 0, "the image goes")
    is_(xm(host, "block-detach", "demo", "5")[0], 0, "block-detach by number")
    for device in ("xvdb", "xvdc", "xvdd", "xvde", "xvdg", "xvdi"):
        is_(xm(host, "block-detach", "demo", device), (0, "", ""), f"block-detach {device}")
    is_(sorted(drives(host, vm)), ["xvda", "xvdh"], "they are gone")
    is_(len(host.session.VDI.get_all()), 1, "the image is not")


def test_live(host, vm):
    host.session.VDI.create({"name_label": "cd", "SR": host.session.SR.get_all()[0], "virtual_size": str(MIB), "type": "user"})
    is_(xm(host, "cd-insert", "demo", "xvdh", "cd"), (0, "", ""), "cd-insert, Halted")
    is_(drives(host, vm)["xvdh"][2], "cd", "it is in")
    host.session.VM.start(vm, False)
    is_(xm(host, "cd-eject", "demo", "xvdh"), (0, "", ""), "cd-eject, Running")
    is_(drives(host, vm)["xvdh"][2], "", "it is out")
    is_(xm(host, "cd-eject", "demo", "xvdh"), (0, "", ""), "of an empty one")
    has(xm(host, "cd-insert", "demo", "xvdh", "none")[2], 'Error: there is no VDI "none"; there is: ', "no such image")
    is_(xm(host, "cd-insert", "demo", "xvdh", "cd"), (0, "", ""), "cd-insert, Running")
    is_(xm(host, "vdi-create", "more", "4")[0], 0, "one more image")
    is_(xm(host, "block-attach", "demo", "more", "xvdb"), (0, "", ""), "block-attach, Running")
    is_(drives(host, vm)["xvdb"], ("Disk", "RW", "more", True), "the domain has it")
    is_(xm(host, "block-detach", "demo", "xvdb"), (0, "", ""), "block-detach, Running")
    host.simulator.fail("attach_disk", text="no backend")
    status, _, told = xm(host, "block-attach", "demo", "more", "xvdb")
    is_(status, 1, "one that can not be plugged")
    has(told, "no backend", "says why")
    is_(sorted(drives(host, vm)), ["xvda", "xvdh"], "and is not kept")


def test_existing():
    with Host(metrics_interval="24h") as host:
        path = host.server.path("old.img")
        with open(path, "wb") as file:
            file.truncate(4 * MIB)
        vm = host.add(name_label="demo")
        is_(xm(host, "block-attach", "demo", f"file:{path}", "xvda", "w")[0], 1, "a disk that is there already is not used unasked")
        host.server.settings["disk-folders"] = host.server.folder
        host.restart()
        for device in ("xvda", "xvdb"):
            is_(xm(host, "block-attach", "demo", f"file:{path}", device, "r"), (0, "", ""), "where disk-folders names its folder it becomes a VDI")
        vdis = list(host.session.VDI.get_all_records().values())
        is_([(v["name_label"], v["location"], v["virtual_size"]) for v in vdis], [("old.img", path, str(4 * MIB))], "once")
        is_({d: v[2] for d, v in drives(host, vm).items()}, {"xvda": "old.img", "xvdb": "old.img"}, "and is in both drives")
        is_(xm(host, "block-attach", "demo", f"{path}.none")[0], 1, "a file that is not there is an error")


def main():
    if not program() or not xm_program():
        skip_all("XENAPID and XM name no programs")
    with Host(metrics_interval="24h") as host:
        uuid, folder = test_images(host)
        vm = host.add(name_label="demo", HVM_boot_policy="BIOS order", domain_type="hvm")
        test_drives(host, vm, uuid, folder)
        test_live(host, vm)
    test_existing()
    done()


main()
