#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""storage.py – SRs of type file, their PBDs, and VDIs: records and files agree, also after a full disk and a kill -9."""
import contextlib
import os
import resource

from lib.api import NULL_REF
from lib.host import MIB, Background, Host, until
from lib.rpc import Failure
from lib.server import program
from lib.tap import done, is_, ok, skip_all

NOBODY = "11111111-2222-4333-8444-555555555555"


class Storage(Host):
    def folder(self, name):
        return self.server.path("sr/" + name)

    def make_sr(self, name, **config):
        return self.session.SR.create(self.ref, config or {"location": self.folder(name)}, "0", name, "words", "file", "user", False, {})

    def make_vdi(self, sr, **fields):
        return self.session.VDI.create({"name_label": "disk", "SR": sr, "virtual_size": str(MIB), "type": "user", **fields})

    def vdi(self, ref):
        return self.session.VDI.get_record(ref)

    def names(self, sr):
        return sorted(self.vdi(ref)["location"] for ref in self.session.SR.get_VDIs(sr))

    def pbd(self, sr):
        return self.session.SR.get_PBDs(sr)[0]

    def files(self, name):
        return sorted(os.listdir(self.folder(name)))

    def remove_sr(self, sr):
        self.session.PBD.unplug(self.pbd(sr))
        self.session.SR.forget(sr)


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def test_sr(host):
    pool = host.session.pool.get_all()[0]
    sr = host.make_sr("first")
    record = host.session.SR.get_record(sr)
    is_({k: record[k] for k in ("name_label", "name_description", "type", "content_type", "shared", "VDIs", "virtual_allocation")},
        {"name_label": "first", "name_description": "words", "type": "file", "content_type": "user", "shared": False, "VDIs": [],
         "virtual_allocation": "0"}, "SR.create: the record")
    room = os.statvfs(host.folder("first"))
    is_(record["physical_size"], str(room.f_blocks * room.f_frsize), "its size is that of the file system")
    ok("vdi_create" in record["allowed_operations"], "VDIs can be made in it")
    pbd = host.session.PBD.get_record(host.pbd(sr))
    is_((pbd["host"], pbd["SR"], pbd["device_config"], pbd["currently_attached"]), (host.ref, sr, {"location": host.folder("first")}, True),
        "its PBD is plugged")
    is_(host.session.host.get_PBDs(host.ref), record["PBDs"], "the host has it")
    is_(host.session.pool.get_default_SR(pool), sr, "the first SR is the default")
    is_(host.session.SR.get_supported_types(), [host.session.SM.get_type(r) for r in host.session.SM.get_all()], "types are those of the SMs")
    host.session.SR.set_shared(sr, True)
    is_(host.session.SR.get_shared(sr), True, "it can be said to be shared")
    before = {r: host.session.call(f"{c}.get_record", r) for c in ("SM", "SR", "PBD") for r in host.session.call(f"{c}.get_all")}
    host.crash()
    is_({r: host.session.call(f"{c}.get_record", r) for c in ("SM", "SR", "PBD") for r in host.session.call(f"{c}.get_all")}, before,
        "all is the same after a crash")
    is_(host.failure("SR.destroy", sr), ["SR_HAS_PBD", sr], "what is attached can not be destroyed")
    is_(host.failure("SR.forget", sr), ["SR_HAS_PBD", sr], "nor forgotten")
    is_(host.failure("PBD.destroy", host.pbd(sr))[0], "OPERATION_NOT_ALLOWED", "nor its PBD destroyed")
    host.session.PBD.unplug(host.pbd(sr))
    is_(host.failure("SR.scan", sr), ["SR_HAS_NO_PBDS", sr], "what is not attached can not be scanned")
    is_(host.failure("VDI.create", {"SR": sr, "virtual_size": "1"}), ["SR_HAS_NO_PBDS", sr], "nor can VDIs be made")
    host.session.SR.destroy(sr)
    is_((host.session.PBD.get_all(), host.session.SR.get_all(), host.files("first")), ([], [], []), "destroyed; the folder stays")
    is_(host.session.pool.get_default_SR(pool), NULL_REF, "it is the default no more")


def create_failure(host, kind="file", **config):
    return host.failure("SR.create", host.ref, config, "0", "x", "", kind, "user", False, {})


def test_sr_refused(host):
    is_(create_failure(host, "nfs", location="/x"), ["SR_UNKNOWN_DRIVER", "nfs"], "another type")
    is_([create_failure(host)[0], create_failure(host, location="a/b")[0]], ["INVALID_VALUE"] * 2, "no location, and none that is absolute")
    got = create_failure(host, location=host.folder("not/there"))
    is_(got[:2], ["SR_BACKEND_FAILURE", "2"], "only the last folder is made")
    sr = host.make_sr("first")
    is_(create_failure(host, location=host.folder("first//"))[:2], ["INVALID_VALUE", "device_config:location: one that no other SR has"],
        "a folder of another SR, by whatever name")
    is_(host.failure("PBD.create", {"host": host.ref, "SR": sr, "device_config": {"location": "/x"}}),
        ["PBD_EXISTS", sr, host.ref, host.pbd(sr)], "a second PBD")
    is_(host.failure("PBD.set_device_config", host.pbd(sr), {"location": "/x"})[0], "OPERATION_NOT_ALLOWED", "another folder while plugged")
    is_(host.session.SR.get_all(), [sr], "nothing of it is left behind")
    host.remove_sr(sr)


def test_folders(host):
    """Nothing outside of sr-folders becomes an SR, neither by its name nor through a link."""
    outside = host.server.path("outside")
    os.makedirs(os.path.join(outside, "deep"))
    below = "device_config:location: a folder below one of the configured sr-folders"
    for path in (outside, "/", host.server.path("sr-other"), host.folder("../outside"), host.folder("a/../../outside"), host.folder("..")):
        is_(create_failure(host, location=path), ["INVALID_VALUE", below, path], f"{path.replace(host.server.path(''), '')} is refused")
    sr = host.session.SR.introduce("", "x", "", "file", "user", False, {})
    is_(host.failure("PBD.create", {"host": host.ref, "SR": sr, "device_config": {"location": outside}}), ["INVALID_VALUE", below, outside],
        "a PBD likewise")
    os.symlink(outside, host.folder("link"))
    linked = ["INVALID_VALUE", "device_config:location: a path without links"]
    for name in ("link", "link/deep", "link/new"):
        is_(create_failure(host, location=host.folder(name))[:2], linked, f"and {name}")
    pbd = host.session.PBD.create({"host": host.ref, "SR": sr, "device_config": {"location": host.folder("later")}})
    os.mkdir(host.folder("later"))
    host.session.PBD.plug(pbd)
    os.rmdir(host.folder("later"))
    os.symlink(outside, host.folder("later"))
    is_(host.failure("VDI.create", {"SR": sr, "virtual_size": "1"})[:2], linked, "and a folder that has become a link since")
    host.restart()
    is_(host.session.PBD.get_currently_attached(pbd), False, "which is not attached at the next start")
    is_([sorted(os.listdir(outside)), os.path.exists(host.server.path("sr-other"))], [["deep"], False], "nothing was made there")
    host.session.SR.forget(sr)
    for name in ("link", "later"):
        os.unlink(host.folder(name))


def test_introduce(host):
    """An SR is forgotten and comes back with its VDIs."""
    sr = host.make_sr("first")
    vdi = host.vdi(host.make_vdi(sr))
    uuid = host.session.SR.get_uuid(sr)
    is_(host.failure("SR.introduce", uuid, "again", "", "file", "user", False, {})[0], "INVALID_VALUE", "its uuid is taken")
    host.session.PBD.unplug(host.pbd(sr))
    is_(host.failure("SR.destroy", sr), ["SR_NOT_EMPTY"], "an SR with VDIs can not be destroyed")
    host.session.SR.forget(sr)
    is_((host.session.VDI.get_all(), host.files("first")), ([], [vdi["location"]]), "forgotten: the image stays")
    sr = host.session.SR.introduce(uuid, "again", "", "file", "user", False, {})
    pbd = host.session.PBD.create({"host": host.ref, "SR": sr, "device_config": {"location": host.folder("not-there")}})
    is_(host.failure("PBD.plug", pbd)[0], "SR_BACKEND_FAILURE", "a folder that is not there can not be plugged")
    is_(host.session.PBD.get_currently_attached(pbd), False, "and is not")
    host.session.PBD.set_device_config(pbd, {"location": host.folder("first")})
    host.session.PBD.plug(pbd)
    is_([host.vdi(ref)["uuid"] for ref in host.session.SR.get_VDIs(sr)], [vdi["uuid"]], "introduced and plugged: the VDI is back, with its uuid")
    host.session.PBD.plug(pbd)
    host.session.VDI.destroy(host.session.SR.get_VDIs(sr)[0])
    host.kill()
    os.rename(host.folder("first"), host.folder("away"))
    host.start()
    is_((host.session.PBD.get_currently_attached(pbd), host.failure("SR.scan", sr)), (False, ["SR_HAS_NO_PBDS", sr]),
        "a folder that has gone is not attached after a start")
    host.session.SR.destroy(sr)
    os.rename(host.folder("away"), host.folder("first"))


def test_vdi(host):
    sr = host.make_sr("first")
    ref = host.make_vdi(sr, virtual_size=str(MIB + 1), other_config={"a": "b"}, tags=["t"], type="system")
    vdi = host.vdi(ref)
    path = os.path.join(host.folder("first"), vdi["location"])
    is_({k: vdi[k] for k in ("name_label", "SR", "virtual_size", "other_config", "tags", "type", "managed", "missing", "VBDs")},
        {"name_label": "disk", "SR": sr, "virtual_size": str(MIB + 512), "other_config": {"a": "b"}, "tags": ["t"], "type": "system",
         "managed": True, "missing": False, "VBDs": []}, "VDI.create: the record")
    is_((vdi["location"], os.stat(path).st_size, os.stat(path).st_blocks), (vdi["uuid"] + ".raw", MIB + 512, 0), "its image is a sparse file")
    is_(os.stat(path).st_mode & 0o777, 0o600, "that is nobody else's")
    host.session.VDI.resize(ref, str(2 * MIB))
    is_((host.vdi(ref)["virtual_size"], os.stat(path).st_size), (str(2 * MIB), 2 * MIB), "VDI.resize")
    host.session.VDI.set_virtual_size(ref, str(2 * MIB))
    is_(host.session.SR.get_virtual_allocation(sr), str(2 * MIB), "the SR has given so much away")
    is_([host.failure(f"VDI.{name}", ref, str(MIB)) for name in ("resize", "set_virtual_size")],
        [["INVALID_VALUE", f"size: at least {2 * MIB}", str(MIB)]] * 2, "never smaller, by neither name")
    is_([host.failure("VDI.create", {"SR": sr, "virtual_size": size})[0] for size in ("0", "-1", str(2**63 - 1))], ["INVALID_VALUE"] * 3,
        "sizes that are none")
    is_(host.failure("VDI.create", {"virtual_size": "1"}), ["HANDLE_INVALID", "SR", NULL_REF], "no SR")
    host.session.VDI.set_name_label(ref, "other name")
    host.crash()
    is_(host.vdi(ref)["name_label"], "other name", "it is there after a crash")
    host.session.VDI.destroy(ref)
    is_((host.session.VDI.get_all(), host.files("first"), host.session.SR.get_virtual_allocation(sr)), ([], [], "0"), "VDI.destroy")
    host.remove_sr(sr)


def test_copy(host):
    first, second = host.make_sr("first"), host.make_sr("second")
    ref = host.make_vdi(first, virtual_size=str(8 * MIB), tags=["t"])
    path = os.path.join(host.folder("first"), host.vdi(ref)["location"])
    with open(path, "r+b") as file:
        for at in (0, 3 * MIB + 512, 8 * MIB - 512):
            file.seek(at)
            file.write(os.urandom(512))
    for name, sr, copy in (("first", first, host.session.VDI.clone(ref)), ("second", second, host.session.VDI.copy(ref, second)),
                           ("first", first, host.session.VDI.copy(ref, NULL_REF))):
        record = host.vdi(copy)
        image = os.path.join(host.folder(name), record["location"])
        is_((record["SR"], record["name_label"], record["tags"], record["virtual_size"]), (sr, "disk", ["t"], str(8 * MIB)), "the copy's record")
        ok(read(image) == read(path), "and its content")
        ok(os.stat(image).st_blocks < 8 * MIB // 1024, "its holes are holes")
    is_(host.failure("VDI.copy", ref, second, ref)[:2], ["VALUE_NOT_SUPPORTED", "base_vdi"], "only whole VDIs")
    task = host.session.call("Async.VDI.copy", ref, second)
    until(lambda: host.session.task.get_status(task) != "pending")
    is_((host.session.task.get_status(task), host.session.task.get_progress(task)), ("success", 1.0), "as a task")
    os.unlink(path)
    is_([host.failure("VDI.copy", ref, second), host.failure("VDI.resize", ref, str(9 * MIB))], [["VDI_MISSING", first, ref]] * 2,
        "an image that has gone")
    host.session.VDI.destroy(ref)
    is_((len(host.files("first")), len(host.files("second"))), (2, 2), "can still be destroyed, and no other is touched")
    host.remove_sr(first)
    host.remove_sr(second)


def test_scan(host):
    sr = host.make_sr("third")
    folder = host.folder("third")
    write(os.path.join(folder, "by-hand.img"), b"x" * 4096)
    write(os.path.join(folder, "cd.iso"), b"x" * 2048)
    write(os.path.join(folder, NOBODY + ".raw"), b"x" * 512)
    write(os.path.join(folder, "notes.txt"), b"x")
    write(os.path.join(folder, ".hidden.raw"), b"x")
    os.mkdir(os.path.join(folder, "folder.raw"))
    os.mkfifo(os.path.join(folder, "pipe.raw"))
    write(host.server.path("secret.raw"), b"secret")
    os.symlink(host.server.path("secret.raw"), os.path.join(folder, "link.raw"))
    host.session.SR.scan(sr)
    is_(host.names(sr), [NOBODY + ".raw", "by-hand.img", "cd.iso"], "a scan finds images, and neither links nor what else there is")
    by_name = {host.vdi(ref)["location"]: host.vdi(ref) for ref in host.session.SR.get_VDIs(sr)}
    is_((by_name[NOBODY + ".raw"]["uuid"], by_name["by-hand.img"]["virtual_size"], by_name["cd.iso"]["read_only"]), (NOBODY, "4096", True),
        "with uuid, size, and what is a CD")
    is_(host.session.SR.get_virtual_allocation(sr), str(4096 + 2048 + 512), "the sum of them")
    refs = sorted(host.session.SR.get_VDIs(sr))
    host.session.SR.scan(sr)
    is_(sorted(host.session.SR.get_VDIs(sr)), refs, "a second scan finds nothing new")
    os.rename(os.path.join(folder, "by-hand.img"), host.folder("moved.img"))
    host.session.SR.scan(sr)
    gone = next(ref for ref in refs if host.vdi(ref)["location"] == "by-hand.img")
    is_([host.vdi(ref)["missing"] for ref in refs], [ref == gone for ref in refs], "what has gone is missing")
    os.rename(host.folder("moved.img"), os.path.join(folder, "by-hand.img"))
    host.session.SR.scan(sr)
    is_(host.vdi(gone)["missing"], False, "and not when it is back")
    host.session.VDI.forget(gone)
    ok(os.path.exists(os.path.join(folder, "by-hand.img")), "VDI.forget leaves the image")
    rest = ("user", False, False, {"k": "v"})
    for location in ("link.raw", "../../secret.raw", "notes.txt", "pipe.raw", "not-there.raw", ""):
        got = host.failure("VDI.introduce", "", "x", "", sr, *rest, location)
        is_(got and got[0], "INVALID_VALUE", f"VDI.introduce refuses {location!r}")
    is_(host.failure("VDI.introduce", "", "x", "", sr, *rest, "cd.iso")[:2], ["INVALID_VALUE", "location: an image that is no VDI yet"],
        "and what is a VDI")
    is_(host.failure("VDI.introduce", NOBODY, "x", "", sr, *rest, "by-hand.img")[0], "INVALID_VALUE", "and a uuid that is taken")
    vdi = host.vdi(host.session.VDI.introduce("", "mine", "", sr, *rest, "by-hand.img"))
    is_((vdi["name_label"], vdi["virtual_size"], vdi["other_config"]), ("mine", "4096", {"k": "v"}), "VDI.introduce")
    host.remove_sr(sr)
    is_(read(host.server.path("secret.raw")), b"secret", "nothing outside was touched")


def test_update(host):
    """What is looked at anew without a scan."""
    sr = host.make_sr("looked-at")
    vdi = host.make_vdi(sr)
    path = os.path.join(host.folder("looked-at"), host.vdi(vdi)["location"])
    write(path, b"x" * 2 * MIB)
    write(os.path.join(host.folder("looked-at"), "by-hand.img"), b"x")
    host.session.VDI.update(vdi)
    is_((host.vdi(vdi)["virtual_size"], host.session.SR.get_virtual_allocation(sr)), (str(2 * MIB), str(2 * MIB)), "VDI.update sees what the image has become")
    ok(int(host.vdi(vdi)["physical_utilisation"]) >= 2 * MIB, "and what it takes")
    host.session.SR.update(sr)
    is_(host.session.SR.get_VDIs(sr), [vdi], "SR.update looks for no images")
    rows = {row["name_label"]: row["value"] for row in host.session.SR.get_data_sources(sr)}
    is_(rows, {"physical_size": float(host.session.SR.get_physical_size(sr)),
               "physical_utilisation": float(host.session.SR.get_physical_utilisation(sr))}, "the SR's figures")
    is_(host.session.SR.query_data_source(sr, "physical_size"), rows["physical_size"], "one of them")
    os.remove(path)
    is_(host.failure("VDI.update", vdi), ["VDI_MISSING", sr, vdi], "an image that is gone is missed")
    host.session.PBD.unplug(host.pbd(sr))
    is_((host.session.SR.get_data_sources(sr), host.failure("SR.update", sr), host.failure("VDI.update", vdi)),
        ([], ["SR_HAS_NO_PBDS", sr], ["SR_HAS_NO_PBDS", sr]), "of an SR that is not attached nothing is known")
    host.session.SR.forget(sr)


def test_full(host):
    """The daemon may write no file larger than 4 MiB: the same error as a full disk."""
    sr = host.make_sr("full")
    ref = host.make_vdi(sr, virtual_size=str(2 * MIB))
    write(os.path.join(host.folder("full"), "big.raw"), os.urandom(6 * MIB))
    host.session.SR.scan(sr)
    big = next(r for r in host.session.SR.get_VDIs(sr) if r != ref)
    files, records = host.files("full"), host.session.VDI.get_all_records()
    pid = host.server.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE, (4 * MIB, resource.RLIM_INFINITY))
    got = [host.failure("VDI.create", {"SR": sr, "virtual_size": str(5 * MIB)}), host.failure("VDI.copy", big),
           host.failure("VDI.resize", ref, str(5 * MIB))]
    resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
    is_([g[:2] for g in got], [["SR_FULL", str(size * MIB)] for size in (5, 6, 5)], "no room: SR_FULL says what was wanted")
    is_((host.files("full"), host.session.VDI.get_all_records()), (files, records), "and nothing is left of it")
    host.remove_sr(sr)


def test_refused_commit(host):
    """The database takes nothing more: what was made on the disk before its record is taken back."""
    sr = host.make_sr("kept")
    ref = host.make_vdi(sr, virtual_size="512")
    host.restart()
    before = [host.session.call(f"{cls}.get_all_records") for cls in ("SR", "PBD", "VDI")]
    host.fill_disk()
    got = [create_failure(host, location=host.folder("other")), host.failure("VDI.create", {"SR": sr, "virtual_size": "512"}),
           host.failure("VDI.clone", ref), host.failure("VDI.destroy", ref)]
    host.fill_disk(False)
    is_([g[0] for g in got], ["INTERNAL_ERROR"] * 4, "nothing can be committed")
    is_([host.session.call(f"{cls}.get_all_records") for cls in ("SR", "PBD", "VDI")], before, "the records are as they were")
    is_(host.files("kept"), host.names(sr), "and the images")
    host.remove_sr(sr)


def cancelled_copy(host, ref):
    """The task of a copy that was cancelled as soon as it was there; the copy may have been faster."""
    task = host.session.call("Async.VDI.copy", ref)
    host.failure("task.cancel", task)
    until(lambda: host.session.task.get_status(task) not in ("pending", "cancelling"))
    return host.session.task.get_record(task)


def test_cancel(host):
    sr = host.make_sr("cancelled")
    ref = host.make_vdi(sr, virtual_size=str(64 * MIB))
    write(os.path.join(host.folder("cancelled"), host.vdi(ref)["location"]), os.urandom(1 * MIB) * 64)
    for _ in range(20):
        task = cancelled_copy(host, ref)
        if task["status"] == "cancelled":
            break
    is_((task["status"], task["error_info"][:1]), ("cancelled", ["TASK_CANCELLED"]), "a copy can be cancelled")
    is_(host.names(sr), host.files("cancelled"), "and nothing of it is left")
    copies = len(host.files("cancelled"))
    host.session.VDI.copy(ref)
    is_(len(host.files("cancelled")), copies + 1, "the next one is made")
    host.remove_sr(sr)


def test_kill(host):
    """kill -9 at any moment of making, copying and destroying: what was answered holds, and records and files agree after a scan."""
    sr = host.make_sr("killed")
    source = host.make_vdi(sr, virtual_size=str(16 * MIB))
    with open(os.path.join(host.folder("killed"), host.vdi(source)["location"]), "r+b") as file:
        file.write(os.urandom(16 * MIB))
    for turn in range(6):
        answered = []

        def work(session, answered=answered):
            with contextlib.suppress(OSError, Failure):
                while True:
                    answered.append(session.VDI.copy(source))
                    session.VDI.destroy(session.VDI.create({"SR": sr, "virtual_size": str(MIB)}))

        worker = Background(work, host.another())
        until(lambda answered=answered, turn=turn: len(answered) > turn)
        host.kill()
        worker.join()
        host.start()
        is_([ref for ref in answered if ref not in host.session.VDI.get_all()], [], f"kill {turn + 1}: what was answered is there")
        parts = [name for name in host.files("killed") if name.startswith(".")]
        host.session.SR.scan(sr)
        is_((parts, host.names(sr)), ([], host.files("killed")), "records and files agree, nothing is half made")
        is_([ref for ref in host.session.VDI.get_all() if host.vdi(ref)["missing"]], [], "and no VDI is without its image")
        want = read(os.path.join(host.folder("killed"), host.vdi(source)["location"]))
        bad = [ref for ref in answered if read(os.path.join(host.folder("killed"), host.vdi(ref)["location"])) != want]
        is_(bad, [], "each copy is whole")
    host.remove_sr(sr)


def main():
    if not program():
        skip_all("no xenapid to test (XENAPID)")
    with Storage(metrics_interval="24h") as host:
        for test in (test_sr, test_sr_refused, test_folders, test_introduce, test_vdi, test_copy, test_scan, test_update, test_full, test_refused_commit, test_cancel, test_kill):
            test(host)
    done()


main()
