#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""storage_qcow2.py – qcow2 images in SRs of type file: made, grown and copied by qemu-img, and never opened where they name other files."""
import os
import shutil
import subprocess

from lib.host import MIB, Background, Host, until
from lib.rpc import Session
from lib.server import program
from lib.tap import done, is_, ok, skip_all

QCOW2 = {"image-format": "qcow2"}


def qemu_img(*arguments):
    return subprocess.run(["qemu-img", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


class Images(Host):
    def folder(self, name=""):
        return self.server.path("sr/first/" + name)

    def make_sr(self):
        return self.session.SR.create(self.ref, {"location": self.folder()}, "0", "first", "", "file", "user", False, {})

    def make_vdi(self, sr, **fields):
        return self.session.VDI.create({"name_label": "disk", "SR": sr, "virtual_size": str(8 * MIB), "type": "user", **fields})

    def path(self, vdi):
        return self.folder(self.session.VDI.get_location(vdi))

    def files(self):
        return sorted(os.listdir(self.folder()))


def test_life(host, sr):
    vdi = host.make_vdi(sr, sm_config=QCOW2)
    record = host.session.VDI.get_record(vdi)
    is_((record["location"], record["virtual_size"], record["sm_config"]), (record["uuid"] + ".qcow2", str(8 * MIB), QCOW2), "a qcow2 image")
    ok(int(record["physical_utilisation"]) < MIB, "that takes little")
    is_("qcow2" in qemu_img("info", host.path(vdi)), True, "qemu-img says so, too")
    host.session.VDI.resize(vdi, str(16 * MIB))
    is_(host.session.VDI.get_virtual_size(vdi), str(16 * MIB), "grown")
    with open(host.folder("content"), "wb") as file:
        file.write(os.urandom(MIB))
        file.truncate(16 * MIB)
    qemu_img("convert", "-n", "-f", "raw", "-O", "qcow2", host.folder("content"), host.path(vdi))
    copy = host.session.VDI.clone(vdi)
    is_(host.session.VDI.get_sm_config(copy), QCOW2, "a clone is a qcow2 image, too")
    qemu_img("compare", "-f", "raw", "-F", "qcow2", host.folder("content"), host.path(copy))
    ok(True, "with the same content")
    raw = host.make_vdi(sr)
    is_(host.session.VDI.get_sm_config(raw), {"image-format": "raw"}, "raw unless one says so")
    is_(host.failure("VDI.create", {"SR": sr, "virtual_size": "1", "sm_config": {"image-format": "vhd"}}),
        ["VALUE_NOT_SUPPORTED", "sm_config:image-format", "vhd", "SRs of this type do not take it"], "not everything is taken")
    host.crash()
    is_([host.session.VDI.get_virtual_size(ref) for ref in (vdi, copy)], [str(16 * MIB)] * 2, "they survive a crash")
    for ref in (vdi, copy, raw):
        host.session.VDI.destroy(ref)
    is_(host.files(), ["content"], "destroyed; what is no image stays")
    os.unlink(host.folder("content"))


def test_scan(host, sr):
    """What is put there by hand: only what names no other file."""
    secret = host.server.path("secret")
    with open(secret, "wb") as file:
        file.write(b"secret" * 1000)
    qemu_img("create", "-q", "-f", "qcow2", host.folder("good.qcow2"), "3M")
    qemu_img("create", "-q", "-f", "qcow2", "-b", secret, "-F", "raw", host.folder("backed.qcow2"))
    qemu_img("create", "-q", "-f", "qcow2", "-o", f"data_file={secret},data_file_raw=on", host.folder("outside.qcow2"), "3M")
    with open(host.folder("nonsense.qcow2"), "wb") as file:
        file.write(b"QFI\xfb" + b"\xff" * 200)
    with open(host.folder("short.qcow2"), "wb") as file:
        file.write(b"QFI\xfb")
    os.symlink(host.folder("good.qcow2"), host.folder("link.qcow2"))
    host.session.SR.scan(sr)
    vdis = host.session.SR.get_VDIs(sr)
    is_([(host.session.VDI.get_location(v), host.session.VDI.get_virtual_size(v)) for v in vdis], [("good.qcow2", str(3 * MIB))],
        "an image alone is found, none that names another file")
    for name in ("backed.qcow2", "outside.qcow2", "nonsense.qcow2", "link.qcow2"):
        is_(host.failure("VDI.introduce", "", "x", "", sr, "user", False, False, {}, name)[0], "INVALID_VALUE", f"{name} is not introduced either")
    os.unlink(host.folder("good.qcow2"))
    os.rename(host.folder("backed.qcow2"), host.folder("good.qcow2"))
    is_(host.failure("VDI.clone", vdis[0])[0], "VDI_MISSING", "nor copied in place of one that was")
    os.unlink(host.folder("good.qcow2"))
    host.session.VDI.destroy(vdis[0])
    for name in host.files():
        os.unlink(host.folder(name))


def stand_in(host, script):
    with open(host.server.path("tools/qemu-img"), "w", encoding="utf-8") as file:
        file.write(f"#!/bin/sh\n{script}\n")
    os.chmod(host.server.path("tools/qemu-img"), 0o755)


def test_failures(host, sr):
    vdi = host.make_vdi(sr, sm_config=QCOW2)
    files = host.files()
    stand_in(host, "echo told to fail >&2; exit 3")
    for name, arguments in (("VDI.clone", (vdi,)), ("VDI.resize", (vdi, str(16 * MIB))),
                            ("VDI.create", ({"SR": sr, "virtual_size": "1", "sm_config": QCOW2},))):
        is_(host.failure(name, *arguments), ["SR_BACKEND_FAILURE", "3", "", "qemu-img: told to fail"], f"{name}: qemu-img fails")
    is_((host.files(), host.session.SR.get_VDIs(sr)), (files, [vdi]), "nothing is left of it")
    for name, arguments in (("VDI.resize", (vdi, str(1 << 62))), ("VDI.create", ({"SR": sr, "virtual_size": str(1 << 62), "sm_config": QCOW2},))):
        is_([host.failure(plan + name, *arguments) for plan in ("Plan.", "")],
            [["INVALID_VALUE", "virtual_size: at most 2 EiB of a qcow2 image", str(1 << 62)]] * 2, f"{name}: no image is that large")
    stand_in(host, f'[ "$1" != convert ] && exec {shutil.which("qemu-img")} "$@"; printf "    (25.00/100%%)\\r"; exec sleep 1000')
    task = host.session.call("Async.VDI.clone", vdi)
    ok(until(lambda: host.session.task.get_progress(task) == 0.25), "the task says how far it is")
    host.session.task.cancel(task)
    ok(until(lambda: host.session.task.get_status(task) == "cancelled"), "and it can be cancelled")
    is_((host.files(), host.session.SR.get_VDIs(sr)), (files, [vdi]), "nothing is left of that either")
    call = Background(Session(host.server.http).VDI.clone, vdi)
    ok(until(lambda: len(host.files()) == 2), "a part is there")
    host.crash()
    call.wait()
    is_(host.files(), files, "which is gone after a crash")
    stand_in(host, f'exec {shutil.which("qemu-img")} "$@"')
    host.session.VDI.destroy(host.session.VDI.clone(vdi))
    ok(True, "then all is well again")


def main():
    if not program():
        skip_all("XENAPID names no program")
    if not shutil.which("qemu-img"):
        skip_all("qemu-img is not installed")
    with Images() as host:
        os.mkdir(host.server.path("tools"))
        host.environment = {"PATH": host.server.path("tools") + ":" + os.environ["PATH"]}
        host.crash()
        sr = host.make_sr()
        test_life(host, sr)
        test_scan(host, sr)
        test_failures(host, sr)
    done()


main()
