#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""storage_lvm.py – SRs of type lvm: VDIs are logical volumes with our tag, and no other volume is ever seen or touched."""
import os
import shutil

from lib.host import MIB, Host, until
from lib.lvm import TOOLS, Unavailable, VolumeGroup, missing
from lib.server import Server, program
from lib.tap import diag, done, is_, ok, skip_all

IMAGE, PART = "xenapid.image", "xenapid.part"


def make_sr(host, name, kind="lvm", **config):
    return host.session.SR.create(host.ref, config, "0", name, "", kind, "user", False, {})


def make_vdi(host, sr, mib):
    return host.session.VDI.create({"name_label": "disk", "SR": sr, "virtual_size": str(mib * MIB), "type": "user"})


def volume(host, vdi):
    return host.session.VDI.get_location(vdi)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "r+b") as file:
        file.write(data)
        os.fsync(file.fileno())


def test_sr(host, group):
    for name in ("", "-x", "a/b", "..", "a b", "x" * 128):
        is_(host.failure("SR.create", host.ref, {"volume_group": name}, "0", "x", "", "lvm", "user", False, {}),
            ["INVALID_VALUE", "device_config:volume_group: the name of a volume group of the host", name], f"no name: {name[:9]!r}")
    failure = host.failure("SR.create", host.ref, {"volume_group": "there-is-none"}, "0", "x", "", "lvm", "user", False, {})
    is_((failure[:2], "not found" in failure[-1]), (["SR_BACKEND_FAILURE", "5"], True), "a group that is not there")
    is_(host.session.SR.get_all(), [], "leaves nothing behind")
    sr = make_sr(host, "group", volume_group=group.name)
    record = host.session.SR.get_record(sr)
    size, free = map(int, group.lvm("vgs", "--noheadings", "--nosuffix", "--units", "b", "--options", "vg_size,vg_free", group.name).split())
    is_((record["physical_size"], record["physical_utilisation"], record["VDIs"]), (str(size), str(size - free), []),
        "its size is the group's; what is the administrator's is not seen")
    is_(host.failure("SR.create", host.ref, {"volume_group": group.name}, "0", "x", "", "lvm", "user", False, {})[0], "INVALID_VALUE",
        "one SR of each group")
    return sr


def test_life(host, group, sr):
    vdi = make_vdi(host, sr, 5)
    name = volume(host, vdi)
    is_(host.session.VDI.get_virtual_size(vdi), str(8 * MIB), "a VDI has whole extents")
    is_(group.tags(), {"admins": "", name: IMAGE}, "it is a volume with our tag")
    is_(read(group.path(name)), bytes(8 * MIB), "of zeros, whatever was on the disk before")
    write(group.path(name), b"guest" * 1000)
    copy = host.session.VDI.clone(vdi)
    is_(read(group.path(volume(host, copy))), read(group.path(name)), "a clone has the same content")
    host.session.VDI.resize(vdi, str(12 * MIB))
    is_(read(group.path(name)), (b"guest" * 1000).ljust(12 * MIB, b"\0"), "a larger one has zeros at its end")
    is_((host.session.VDI.get_virtual_size(vdi), group.tags()[name]), (str(12 * MIB), IMAGE), "and says so")
    host.crash()
    is_(host.session.VDI.get_virtual_size(vdi), str(12 * MIB), "it survives a crash")
    files = make_sr(host, "files", "file", location=host.server.path("sr/files"))
    there = host.session.VDI.copy(vdi, files)
    is_(read(host.server.path("sr/files/" + volume(host, there))), read(group.path(name)), "copied into a file")
    back = host.session.VDI.copy(there, sr)
    is_(read(group.path(volume(host, back))), read(group.path(name)), "and back, holes and all")
    failure = host.failure("VDI.create", {"SR": sr, "virtual_size": str(1 << 40)})
    is_(failure[:2], ["SR_FULL", str(1 << 40)], "more than there is")
    is_(host.failure("VDI.resize", vdi, str(1 << 40))[0], "SR_FULL", "nor can one grow so much")
    is_(group.tags()[name], IMAGE, "which leaves it as it was")
    for ref in (copy, back, vdi):
        host.session.VDI.destroy(ref)
    is_(group.tags(), {"admins": ""}, "destroyed VDIs are no volumes any more")


def test_not_ours(host, group, sr):
    is_(host.failure("VDI.introduce", "", "x", "", sr, "user", False, False, {}, "admins")[0], "INVALID_VALUE", "a volume without our tag is none")
    group.lvm("lvcreate", "--yes", "--activate", "y", "--name", "given", "--size", "4m", "--addtag", IMAGE, group.name)
    host.session.SR.scan(sr)
    vdi = host.session.SR.get_VDIs(sr)[0]
    is_((volume(host, vdi), host.session.VDI.get_virtual_size(vdi)), ("given", str(4 * MIB)), "one that the administrator gives is found")
    group.lvm("lvchange", group.name + "/given", "--deltag", IMAGE)
    is_(host.failure("VDI.resize", vdi, str(8 * MIB))[0], "VDI_MISSING", "taken back it is missing")
    host.session.VDI.destroy(vdi)
    is_(group.tags(), {"admins": "", "given": ""}, "and destroying its VDI leaves it alone")
    group.lvm("lvremove", "--yes", group.name + "/given")


def test_crash(host, group, sr):
    """What a kill -9 leaves: a part, or one that has grown and has not been zeroed."""
    vdi = make_vdi(host, sr, 4)
    name = volume(host, vdi)
    write(group.path(name), b"guest")
    host.kill()
    group.lvm("lvcreate", "--yes", "--activate", "y", "--name", "half", "--size", "4m", "--addtag", PART, group.name)
    group.lvm("lvchange", f"{group.name}/{name}", "--addtag", f"xenapid.zero-from-{4 * MIB}")
    group.lvm("lvextend", "--size", "8m", f"{group.name}/{name}")
    host.start()
    is_(group.tags(), {"admins": "", name: IMAGE}, "a part is gone after the next start, a volume that has grown is whole")
    is_(read(group.path(name)), b"guest".ljust(8 * MIB, b"\0"), "with zeros at its end")
    host.session.SR.scan(sr)
    is_(host.session.VDI.get_virtual_size(vdi), str(8 * MIB), "and a scan sees its size")
    host.session.VDI.destroy(vdi)


class Watched:
    """The tools, each of whose runs is a line."""

    def __init__(self, group):
        self.log, self.folder = os.path.join(group.folder, "ran"), os.path.join(group.folder, "watched")
        os.mkdir(self.folder)
        for tool in TOOLS:
            path = os.path.join(self.folder, tool)
            with open(path, "w", encoding="utf-8") as file:
                file.write(f'#!/bin/sh\necho {tool} >>{self.log}\nexec {shutil.which(tool, path=group.environment["PATH"])} "$@"\n')
            os.chmod(path, 0o755)
        self.environment = {**group.environment, "PATH": self.folder + ":" + group.environment["PATH"]}

    def changing(self):
        """What has run since the last time, but for those that only look."""
        lines = read(self.log).decode().split() if os.path.exists(self.log) else []
        with open(self.log, "w", encoding="utf-8"):
            return sorted(set(lines) - {"lvs", "vgs"})


def everything(host, group):
    return (group.lvm("lvs", "--noheadings", "--options", "lv_name,lv_size,lv_tags,lv_attr", group.name), host.session.VDI.get_all_records(),
            host.session.SR.get_all_records())


def sizes(plan):
    return [(c["operation"], c["fields"]["virtual_size"]["new"]) for c in plan["changes"] if c["class"] == "VDI" and "virtual_size" in c["fields"]]


def test_plans(host, group, sr, watched):
    """A dry run says what the call then does, and only looks."""
    session, vdi = host.session, make_vdi(host, sr, 4)
    files = make_sr(host, "plans", "file", location=host.server.path("sr/plans"))
    create = {"name_label": "disk", "SR": sr, "virtual_size": str(5 * MIB), "type": "user"}
    for name, arguments, adds in (("VDI.create", [create], 8), ("VDI.resize", [vdi, str(9 * MIB)], 12), ("VDI.clone", [vdi], 12), ("VDI.copy", [vdi, sr], 12),
                                  ("VDI.copy", [vdi, files], 12), ("VDI.snapshot", [vdi], 12), ("VDI.destroy", [vdi], None),
                                  ("VDI.create", [{**create, "virtual_size": str(1 << 40)}], None), ("VDI.create", [{**create, "virtual_size": "-1"}], None)):
        before = everything(host, group)
        watched.changing()
        plan = host.failure("Plan." + name, *arguments)
        is_((watched.changing(), everything(host, group) == before), ([], True), f"{name}: its plan changes nothing and runs nothing that could")
        got = host.failure(name, *arguments)
        if not isinstance(plan, dict):
            is_(plan[:2], got[:2], f"{name}: it fails as the call does: {plan[0]}")
            continue
        after = session.VDI.get_all_records()
        new = [("add", r["virtual_size"]) for ref, r in after.items() if ref not in before[1]]
        new += [("mod", r["virtual_size"]) for ref, r in after.items() if ref in before[1] and r["virtual_size"] != before[1][ref]["virtual_size"]]
        is_((sizes(plan), new), ([(new[0][0], str(adds * MIB))] if adds else [], new if adds else []), f"{name}: it says what size there is then")
        is_([(c["operation"], c["ref"]) for c in plan["changes"] if c["operation"] == "del"], [("del", ref) for ref in before[1] if ref not in after],
            f"{name}: and what is gone")
        ok(watched.changing() or arguments[-1] == files, f"{name}: the call has run the tools")
    for ref in session.VDI.get_all():
        session.VDI.destroy(ref)
    is_(group.tags(), {"admins": ""}, "no volume is left")


def test_cancelled(host, group, sr):
    """Before its zeros are written: the tools take a while to make the volume."""
    session = host.session
    task = session.call("Async.VDI.create", {"name_label": "disk", "SR": sr, "virtual_size": str(32 * MIB), "type": "user"})
    is_(session.task.get_allowed_operations(task), ["cancel", "destroy"], "a VDI that is being made can be given up")
    session.task.cancel(task)
    until(lambda: session.task.get_status(task) != "pending")
    is_((session.task.get_status(task), session.task.get_error_info(task)), ("cancelled", ["TASK_CANCELLED", task]), "and is")
    is_((group.tags(), session.SR.get_VDIs(sr)), ({"admins": ""}, []), "no volume and no VDI is left")


def test_failures(host, group, sr):
    """The tools fail: nothing is left behind."""
    if group.kernel:
        diag("the tools are the real ones: they are not made to fail")
        return
    for tool in ("lvcreate", "lvchange"):
        path = os.path.join(group.folder, "tools", tool)
        os.rename(path, path + ".real")
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\necho told to fail >&2\nexit 3\n")
        os.chmod(path, 0o755)
        is_(host.failure("VDI.create", {"SR": sr, "virtual_size": "1"}), ["SR_BACKEND_FAILURE", "3", "", f"{tool}: told to fail"], f"{tool} fails")
        os.rename(path + ".real", path)
        is_((group.tags(), host.session.SR.get_VDIs(sr)), ({"admins": ""}, []), "no volume and no VDI is left")


def main():
    if not program():
        skip_all("XENAPID names no program")
    if missing():
        skip_all(missing())
    folder = Server(start=False)
    try:
        with VolumeGroup(folder.folder) as group:
            group.lvm("lvcreate", "--yes", "--activate", "y", "--name", "admins", "--size", "4m", group.name)
            watched = Watched(group)
            with Host(environment=watched.environment) as host:
                sr = test_sr(host, group)
                test_life(host, group, sr)
                test_not_ours(host, group, sr)
                test_crash(host, group, sr)
                test_plans(host, group, sr, watched)
                test_cancelled(host, group, sr)
                test_failures(host, group, sr)
                host.session.PBD.unplug(host.session.SR.get_PBDs(sr)[0])
                host.session.SR.destroy(sr)
            is_(group.tags(), {"admins": ""}, "the SR is destroyed, the administrator's volume is there")
        ok(True, "a volume group with the kernel's devices" if group.kernel else "a volume group; loop devices stand in for the kernel's devices")
    except Unavailable as reason:
        skip_all(str(reason))
    finally:
        folder.close()
    done()


main()
