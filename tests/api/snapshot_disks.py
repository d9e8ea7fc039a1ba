#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""snapshot_disks.py – snapshots of VMs with disks: copied, gone back to, cancelled, and killed in the middle."""
import os
import time

from lib.host import MIB, Host, until
from lib.server import program
from lib.storage import Makers
from lib.tap import diag, done, is_, skip_all


def images(host, vm):
    """Files with the memory of VMs."""
    return sorted(os.listdir(os.path.dirname(host.image(vm))))


def makers(host):
    return Makers(host.session, host.ref, host.server.path)


def path_of(host, vdi):
    """Of the image of a VDI."""
    record = host.session.VDI.get_record(vdi)
    pbd = host.session.SR.get_PBDs(record["SR"])[0]
    return os.path.join(host.session.PBD.get_device_config(pbd)["location"], record["location"])


def write(host, vdi, text):
    with open(path_of(host, vdi), "r+b") as file:
        file.write(text.encode())


def read(host, vdi, length=5):
    with open(path_of(host, vdi), "rb") as file:
        return file.read(length).decode()


def disks(host, vm):
    """Number in the VM to VDI."""
    session = host.session
    return {session.VBD.get_userdevice(v): session.VBD.get_VDI(v) for v in session.VM.get_VBDs(vm)}


def contents(host, vm):
    return {number: read(host, vdi) for number, vdi in disks(host, vm).items()}


def images_in(host, vdi):
    """All that is in the SR of the VDI, parts included."""
    return sorted(os.listdir(os.path.dirname(path_of(host, vdi))))


def with_disks(host, state="Halted", count=2):
    """A VM whose disks say which they are."""
    vm, make = host.add(), makers(host)
    for _ in range(count):
        make.vbd(vm)
    for number, vdi in disks(host, vm).items():
        write(host, vdi, f"then{number}")
    host.bring(vm, state)
    return vm


def remove_all(host, *vms):
    """With their disks."""
    for vm in vms:
        vdis = disks(host, vm).values()
        host.remove(vm)
        for vdi in vdis:
            host.session.VDI.destroy(vdi)


def test_snapshots(host):
    for state in ("Halted", "Running", "Paused", "Suspended"):
        session, vm = host.session, with_disks(host, state)
        shot = session.VM.snapshot(vm, "shot")
        now, then = disks(host, vm), disks(host, shot)
        is_((host.state(vm), host.domain(vm) and host.domain(vm)["paused"]), (state, {"Running": False, "Paused": True}.get(state)),
            f"{state}: the VM goes on as it was")
        is_((sorted(then), set(now.values()) & set(then.values())), (["0", "1"], set()), "the disks are copied")
        is_(contents(host, shot), {"0": "then0", "1": "then1"}, "with what is in them")
        records = {number: session.VDI.get_record(vdi) for number, vdi in then.items()}
        is_({n: (r["is_a_snapshot"], r["snapshot_of"]) for n, r in records.items()}, {n: (True, now[n]) for n in now},
            "the copies are snapshots of the originals")
        is_(session.VDI.get_snapshots(now["0"]), [then["0"]], "which know it")
        is_(session.VDI.get_current_operations(now["0"]), {}, "nothing is under way")
        for number, vdi in now.items():
            write(host, vdi, f"now_{number}")
        other = session.VM.snapshot(vm, "other")
        session.VM.revert(shot)
        after = disks(host, vm)
        is_(contents(host, vm), {"0": "then0", "1": "then1"}, "revert: what was in them then")
        is_((contents(host, shot), contents(host, other)), ({"0": "then0", "1": "then1"}, {"0": "now_0", "1": "now_1"}),
            "the snapshots keep theirs")
        is_(set(after.values()) & {*now.values(), *then.values()}, set(), "in VDIs of its own")
        is_([v for v in now.values() if v in session.VDI.get_all()], [], "those of before are gone, images too")
        is_(sorted(session.VDI.get_snapshots(after["0"])), sorted([then["0"], disks(host, other)["0"]]),
            "the snapshots are now snapshots of the new ones")
        is_([session.VDI.get_is_a_snapshot(v) for v in after.values()], [False, False], "which are none")
        is_((host.state(vm), host.differences(vm)), ("Suspended" if state == "Suspended" else "Halted", []), "all agrees")
        if state != "Suspended":
            session.VM.start(vm, False)
            is_(sorted(d["device"] for d in host.domain(vm)["disks"]), [0, 1], "it starts with them")
        remove_all(host, vm, shot, other)
        is_(session.VDI.get_all(), [], "no VDI is left")


def test_checkpoint(host):
    session, vm = host.session, with_disks(host, "Running")
    shot = session.VM.checkpoint(vm, "check")
    is_((contents(host, shot), host.state(shot), host.state(vm)), ({"0": "then0", "1": "then1"}, "Suspended", "Running"),
        "checkpoint: memory and disks")
    copy = session.VM.clone(shot, "copy")
    is_((contents(host, copy), host.state(copy)), ({"0": "then0", "1": "then1"}, "Halted"), "a clone of it has the disks only")
    remove_all(host, copy)
    write(host, disks(host, vm)["0"], "now_0")
    session.VM.revert(shot)
    is_((contents(host, vm), host.state(vm)), ({"0": "then0", "1": "then1"}, "Suspended"), "revert: both are back")
    session.VM.resume(vm, False)
    is_((host.state(vm), host.differences(vm)), ("Running", []), "it goes on with them")
    remove_all(host, vm, shot)


def test_which_disks(host):
    """Those that are ignored, CDs, and disks that are somebody's own."""
    session, vm, make = host.session, with_disks(host), makers(host)
    cd = make.vdi()
    session.VBD.create({"VM": vm, "VDI": cd, "userdevice": "3", "mode": "RO", "type": "CD"})
    own = disks(host, vm)
    shot = session.VM.snapshot(vm, "shot", [own["1"]])
    is_({n: v == cd for n, v in disks(host, shot).items()}, {"0": False, "3": True}, "one is ignored, a CD is shared")
    session.VDI.set_sharable(own["1"], True)
    session.VM.revert(shot)
    is_(sorted(disks(host, vm)), ["0", "3"], "revert: the VM has the drives of the snapshot")
    is_(sorted(v for v in own.values() if v in session.VDI.get_all()), sorted([own["1"], cd]),
        "a disk that others may share is not destroyed, a CD neither")
    one = session.VDI.snapshot(own["1"])
    is_((session.VDI.get_snapshot_of(one), read(host, one)), (own["1"], "then1"), "VDI.snapshot of one disk")
    remove_all(host, vm)
    for vdi in (own["1"], one, disks(host, shot)["0"]):
        session.VDI.destroy(vdi)
    host.remove(shot)


def test_failures(host):
    """What fails leaves nothing of the copies, and the VM as it was."""
    session, vm = host.session, with_disks(host, "Running")
    shot = session.VM.snapshot(vm, "shot")
    before, all_vdis, all_images = disks(host, vm), sorted(session.VDI.get_all()), images_in(host, disks(host, vm)["1"])
    os.rename(path_of(host, before["1"]), path_of(host, before["1"]) + ".away")
    is_(host.failure("VM.snapshot", vm, "x")[0], "VDI_MISSING", "an image that is gone")
    is_((host.state(vm), host.domain(vm)["paused"], sorted(session.VDI.get_all())), ("Running", False, all_vdis),
        "makes no snapshot; the guest is not paused any more")
    is_(host.failure("VM.checkpoint", vm, "x")[0], "VDI_MISSING", "nor a checkpoint")
    host.idle(vm)
    is_((host.state(vm), host.differences(vm), images(host, vm)), ("Running", [], []), "the guest goes on")
    os.rename(path_of(host, before["1"]) + ".away", path_of(host, before["1"]))
    for op in ("pause", "unpause"):
        host.simulator.fail(op, text="no")
        is_(host.failure("VM.snapshot", vm, "x")[0], "HYPERVISOR_ERROR", f"a guest without {op}")
        is_(sorted(session.VDI.get_all()), all_vdis, "leaves no copy")
    until(lambda: host.state(vm) == "Paused")
    host.session.VM.unpause(vm)
    host.simulator.fail("destroy", text="no")
    is_(host.failure("VM.revert", shot)[0], "HYPERVISOR_ERROR", "a domain that does not end")
    is_((disks(host, vm), sorted(session.VDI.get_all()), images_in(host, before["1"])), (before, all_vdis, all_images),
        "all is as before")
    remove_all(host, vm, shot)


def cancelled(host, message, *arguments):
    """The task of a call that was cancelled as soon as disks were being copied; it may have been faster."""
    task = host.session.call("Async.VM." + message, *arguments)
    until(lambda: host.session.task.get_progress(task) > 0)
    host.failure("task.cancel", task)
    until(lambda: host.session.task.get_status(task) not in ("pending", "cancelling"))
    return host.session.task.get_status(task)


def test_cancel(host):
    """Cancelled while disks are copied: the guest goes on with what it has."""
    session, vm = host.session, host.add("Running")
    disk = makers(host).vbd(vm)
    vdi = session.VBD.get_VDI(disk)
    session.VDI.resize(vdi, str(96 * MIB))
    with open(path_of(host, vdi), "r+b") as file:
        file.write(os.urandom(MIB) * 96)
    host.session.VM.hard_shutdown(vm)
    host.session.VM.start(vm, False)
    shot = session.VM.snapshot(vm, "shot")
    for message, arguments in (("snapshot", (vm, "x")), ("checkpoint", (vm, "x")), ("revert", (shot,))):
        # whoever is faster than we are has done it: try again
        got = until(lambda message=message, arguments=arguments: cancelled(host, message, *arguments) == "cancelled")
        host.idle(vm)
        is_(got, True, f"{message} is cancelled")
        is_((host.differences(vm), host.domain(vm) and host.domain(vm)["paused"] or False), ([], False), "the guest is as it was")
        is_([n for n in images_in(host, disks(host, shot)["0"]) if "part" in n], [], "and no part is left")
    remove_all(host, vm, *session.VM.get_snapshots(vm))


def test_crash(host):
    """Killed while the guest is paused for its disks: it goes on. Killed during a revert: before it, or after it."""
    vm = with_disks(host, "Running")
    host.simulator.delay("unpause", 600_000)
    call = host.background("VM.snapshot", vm, "x")
    until(lambda: host.simulator.calls().get("unpause"))
    host.crash()
    call.wait()
    is_((host.state(vm), host.domain(vm)["paused"], host.session.VM.get_snapshots(vm)), ("Running", False, []),
        "killed while it was paused for a snapshot: the guest goes on")
    shot = host.session.VM.snapshot(vm, "shot")
    then, kills = {"0": "then0", "1": "then1"}, int(os.environ.get("XENAPID_KILLS", "10"))
    found = {"before": 0, "after": 0}
    begun = time.monotonic()
    host.session.VM.revert(shot)
    whole = time.monotonic() - begun
    for kill in range(kills):
        now = {number: f"k{kill:02}_{number}" for number in disks(host, vm)}
        for number, vdi in disks(host, vm).items():
            write(host, vdi, now[number])
        before = disks(host, vm)
        call = host.background("VM.revert", shot)
        time.sleep(1.3 * whole * kill / kills)
        host.crash()
        call.wait()
        is_(contents(host, vm) in (now, then), True, f"kill {kill}: the disks of now or of then, no mixture")
        found["after" if contents(host, vm) == then else "before"] += 1
        left = [n for n in images_in(host, disks(host, vm)["0"]) if "part" in n]
        is_((left, contents(host, shot), host.differences(vm)), ([], then, []), "no part is left, the snapshot is as it was")
        kept = [v for v in before.values() if v in host.session.VDI.get_all() and v not in disks(host, vm).values()]
        for vdi in kept:  # a crash right behind the change: they are in no drive
            host.session.VDI.destroy(vdi)
    diag(f"of {kills} kills: {found}")
    host.session.VM.revert(shot)
    is_(contents(host, vm), then, "at last it is done")
    remove_all(host, vm, shot)


if not program():
    skip_all("no xenapid to test (XENAPID)")
with Host() as running:
    running.simulator.speed(1000)
    for test in (test_snapshots, test_checkpoint, test_which_disks, test_failures, test_cancel, test_crash):
        test(running)
done()
