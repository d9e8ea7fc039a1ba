#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""snapshots.py – snapshots of VMs: what they are, what goes back to them, and what a crash leaves of both."""
import json
import os
import time

from lib.host import MIB, Host, until
from lib.rpc import Failure
from lib.server import program
from lib.tap import done, has, is_, ok, skip_all

NULL = "OpaqueRef:NULL"
DIFFERENT = {"uuid", "name_label", "power_state", "is_a_template", "is_a_snapshot", "snapshot_of", "snapshot_time", "snapshot_info",
             "snapshot_metadata", "snapshots", "parent", "children", "metrics", "guest_metrics", "VIFs", "consoles", "domid",
             "domarch", "resident_on", "allowed_operations", "last_boot_CPU_flags"}


def seconds(date):
    return time.mktime(time.strptime(str(date), "%Y%m%dT%H:%M:%SZ")) - time.timezone


def add_vif(host, vm, device="0"):
    return host.session.VIF.create({"device": device, "VM": vm, "network": host.session.network.get_all()[0]})


def vifs(host, vm):
    session = host.session
    return sorted((session.VIF.get_device(v), session.VIF.get_MAC(v)) for v in session.VM.get_VIFs(vm))


def images(host, vm):
    return sorted(os.listdir(os.path.dirname(host.image(vm))))


def test_records(host):
    for state in ("Halted", "Running", "Paused", "Suspended"):
        session, vm = host.session, host.add(tags=["x"], other_config={"a": "b"})
        add_vif(host, vm)
        host.bring(vm, state)
        before, domain = host.record(vm), host.domain(vm)
        begun = int(time.time())
        shot = session.VM.snapshot(vm, "shot", [])
        record, after = host.record(shot), host.record(vm)
        want = "Suspended" if state == "Suspended" else "Halted"
        is_([record[f] for f in ("name_label", "power_state", "is_a_snapshot", "is_a_template", "snapshot_of", "parent", "domid")],
            ["shot", want, True, True, vm, NULL, "-1"], f"{state}: a snapshot")
        is_(record["snapshot_info"], {"disk-snapshot-type": "crash_consistent", "power-state-at-snapshot": state}, "how it was taken")
        ok(begun <= seconds(record["snapshot_time"]) <= time.time() + 1, "and when")
        is_(json.loads(record["snapshot_metadata"])["name_label"], before["name_label"], "the settings of then are in it")
        is_({f: v for f, v in record.items() if f not in DIFFERENT}, {f: v for f, v in before.items() if f not in DIFFERENT},
            "all other fields are those of the VM")
        is_(vifs(host, shot), vifs(host, vm), "the VIFs are the same")
        is_((after["snapshots"], after["parent"]), ([shot], shot), "the VM knows its snapshot, and descends from it")
        is_((after["power_state"], host.domain(vm) and host.domain(vm)["domid"]), (state, domain and domain["domid"]),
            "and goes on as it was")
        is_(sorted(record["allowed_operations"]), sorted(["clone", "copy", "revert", "destroy"] if want == "Halted" else
                                                         ["clone", "copy", "revert", "destroy", "hard_shutdown"]),
            "what is possible with it")
        is_(host.failure("VM.start", shot, False)[0], "VM_BAD_POWER_STATE" if want == "Suspended" else "VM_IS_SNAPSHOT", "not start")
        is_(host.failure("VM.snapshot", shot, "x"), ["VM_IS_SNAPSHOT", shot, "snapshot"], "nor a snapshot of it")
        second = session.VM.snapshot(vm, "second")
        is_((session.VM.get_parent(second), session.VM.get_children(shot), session.VM.get_parent(vm)), (shot, [second], second),
            "a second one descends from the first")
        host.crash()
        session = host.session
        is_({f: host.record(shot)[f] for f in ("power_state", "snapshot_of", "snapshot_info", "children")},
            {**{f: record[f] for f in ("power_state", "snapshot_of", "snapshot_info")}, "children": [second]}, "after a crash too")
        session.VM.destroy(shot)
        is_((session.VM.get_parent(second), session.VM.get_snapshots(vm)), (NULL, [second]), "one between is taken out of the line")
        host.remove(vm)
        is_((session.VM.get_snapshot_of(second), session.VM.get_parent(second)), (NULL, NULL), "it outlives its VM")
        is_(host.failure("VM.revert", second)[0], "OPERATION_NOT_ALLOWED", "but there is nothing to go back")
        session.VM.destroy(second)
        spare = host.add()
        ok(until(lambda spare=spare: not images(host, spare)), "no image is left")
        host.remove(spare)


def test_refused(host):
    vm = host.add()
    is_(host.failure("VM.revert", vm), ["REVERT_ONLY_ALLOWED_ON_SNAPSHOT"], "revert wants a snapshot")
    host.session.VM.set_blocked_operations(vm, {"snapshot": "no", "reverting": "never"})
    is_(host.failure("VM.snapshot", vm, "x"), ["OPERATION_BLOCKED", vm, "no"], "snapshot is blocked")
    host.session.VM.remove_from_blocked_operations(vm, "snapshot")
    shot = host.session.VM.snapshot(vm, "x")
    is_(host.record(shot)["blocked_operations"], {}, "nothing is blocked for a snapshot")
    is_(host.failure("VM.revert", shot), ["OPERATION_BLOCKED", vm, "never"], "what is blocked for the VM counts")
    host.session.VM.set_is_a_template(host.add(), True)
    template = next(v for v, r in host.session.VM.get_all_records().items() if r["is_a_template"] and not r["is_a_snapshot"])
    is_(host.failure("VM.snapshot", template, "x"), ["VM_IS_TEMPLATE", template, "snapshot"], "no snapshot of a template")
    for ref in (template, shot, vm):
        host.remove(ref)


def change_all(host, vm):
    """Another name, other figures, other devices."""
    session = host.session
    session.VM.set_name_label(vm, "later")
    session.VM.set_other_config(vm, {"later": "yes"})
    session.VM.set_tags(vm, ["later"])
    session.VM.set_memory_limits(vm, str(64 * MIB), str(1024 * MIB), str(600 * MIB), str(700 * MIB))
    session.VM.set_VCPUs_max(vm, "9")
    session.VM.set_domain_type(vm, "pv")
    session.VM.set_NVRAM(vm, {"EFI-variables": "AA=="})
    for vif in session.VM.get_VIFs(vm):
        session.VIF.destroy(vif)
    add_vif(host, vm, "3")


def settings(host, vm):
    """What a revert brings back."""
    own = DIFFERENT - {"name_label", "domarch", "last_boot_CPU_flags"} | {"is_a_template"}
    return {f: v for f, v in host.record(vm).items() if f not in own}, vifs(host, vm)


def test_revert(host):
    for state in ("Halted", "Running", "Paused", "Suspended"):
        session, vm = host.session, host.add(name_label="then", NVRAM={"a": "b"}, tags=["then"])
        add_vif(host, vm)
        before = settings(host, vm)
        shot = session.VM.snapshot(vm, "shot")
        change_all(host, vm)
        session.VM.set_blocked_operations(vm, {"destroy": "now"})
        session.VM.set_other_config(shot, {"on": "the snapshot"})
        host.bring(vm, state)
        session.VM.revert(shot)
        session.VM.set_blocked_operations(vm, {})
        is_(settings(host, vm), before, f"{state}: all settings are those of then")
        is_((host.state(vm), host.domain(vm), session.VM.get_parent(vm)), ("Halted", None, shot), "it is off, and descends from it")
        is_(host.differences(vm), [], "record, disk and domain agree")
        is_(images(host, vm), [], "no image is left")
        host.crash()
        session = host.session
        is_(settings(host, vm), before, "after a crash too")
        session.VM.start(vm, False)
        is_(sorted(n["device"] for n in host.domain(vm)["nics"]), [0], "it starts, with the VIFs of then")
        session.VM.revert(shot)
        is_((settings(host, vm), session.VM.get_snapshots(vm)), (before, [shot]), "and reverts again, as often as one likes")
        for ref in (vm, shot):
            host.remove(ref)


def test_memory(host):
    """Of a Suspended VM the memory is kept too."""
    session, vm = host.session, host.add("Suspended")
    with open(host.image(vm), "rb") as file:
        memory = file.read()
    shot = session.VM.snapshot(vm, "shot")
    kept, = set(images(host, vm)) - {os.path.basename(host.image(vm))}
    session.VM.resume(vm, False)
    session.VM.set_name_label(vm, "later")
    for _ in range(2):
        session.VM.revert(shot)
        is_(host.state(vm), "Suspended", "revert: Suspended again")
        other, = set(images(host, vm)) - {kept}
        with open(os.path.join(os.path.dirname(host.image(vm)), other), "rb") as file:
            is_(file.read(), memory, "with the memory of then, in a file of its own")
        host.crash()
        session = host.session
        is_(sorted(images(host, vm)), sorted([kept, other]), "after a crash both are still there")
        session.VM.resume(vm, True)
        is_((host.state(vm), images(host, vm), host.differences(vm)), ("Paused", [kept], []), "it goes on from it")
        session.VM.unpause(vm)
        session.VM.suspend(vm)
    session.VM.resume(vm, False)
    session.VM.hard_shutdown(vm)
    session.VM.destroy(vm)
    session.VM.hard_shutdown(shot)
    is_((host.state(shot), images(host, shot)), ("Halted", []), "hard_shutdown throws away a snapshot's memory")
    session.VM.destroy(shot)
    vm = host.add("Suspended")
    os.unlink(host.image(vm))
    has(str(host.failure("VM.snapshot", vm, "x")), "No such file", "an image that is gone")
    is_(session.VM.get_snapshots(vm), [], "makes no snapshot")
    host.remove(vm)


def test_checkpoint(host):
    """A snapshot with the memory of a guest that goes on."""
    session, vm = host.session, host.add("Running", name_label="then")
    before = host.record(vm)
    shot = session.VM.checkpoint(vm, "check")
    record, after = host.record(shot), host.idle(vm)  # somebody looks why it was suspended
    is_((record["power_state"], record["snapshot_info"]["power-state-at-snapshot"], record["snapshot_of"], after["parent"]),
        ("Suspended", "Running", vm, shot), "a snapshot with memory")
    is_((after["power_state"], after["domid"], host.domain(vm)["shutdown"]), ("Running", before["domid"], False),
        "the domain goes on")
    is_((host.differences(vm), len(images(host, vm))), ([], 1), "record, disk and domain agree, and there is one image")
    session.VM.set_name_label(vm, "now")
    session.VM.revert(shot)
    is_((host.state(vm), host.record(vm)["name_label"]), ("Suspended", "then"), "revert: as it was then")
    session.VM.resume(vm, False)
    is_((host.state(vm), host.differences(vm)), ("Running", []), "and it goes on from there")
    session.VM.suspend(vm)
    second = session.VM.checkpoint(vm, "of a Suspended one")
    is_((host.state(vm), host.state(second), host.record(second)["snapshot_info"]["power-state-at-snapshot"]),
        ("Suspended", "Suspended", "Suspended"), "of a Suspended VM")
    for ref in (vm, shot, second):
        host.remove(ref)
    vm = host.add("Running")
    host.simulator.fail("suspend", text="no")
    is_(host.failure("VM.checkpoint", vm, "x")[0], "HYPERVISOR_ERROR", "a guest that does not suspend itself")
    is_((host.state(vm), host.differences(vm), images(host, vm), session.VM.get_snapshots(vm)), ("Running", [], [], []),
        "runs on, and nothing is left")
    host.simulator.fail("go_on", text="no")
    is_(host.failure("VM.checkpoint", vm, "x")[0], "HYPERVISOR_ERROR", "one that does not go on")
    is_((host.state(vm), host.domain(vm), session.VM.get_snapshots(vm)), ("Suspended", None, []), "is Suspended")
    host.crash()
    host.session.VM.resume(vm, False)
    is_((host.state(vm), host.differences(vm)), ("Running", []), "and can be resumed")
    host.remove(vm)


def test_checkpoint_crash(host):
    """Killed at each step: the guest goes on, or what it was is kept."""
    for op in ("suspend", "go_on"):
        vm = host.add("Running")
        domid = host.record(vm)["domid"]
        host.simulator.delay(op, 600_000)
        call = host.background("VM.checkpoint", vm, "x")
        until(lambda op=op: host.simulator.calls().get(op))
        host.crash()
        call.wait()
        is_((host.state(vm), host.record(vm)["domid"], host.domain(vm)["shutdown"]), ("Running", domid, False),
            f"killed before {op}: the guest goes on")
        is_((host.differences(vm), images(host, vm), host.session.VM.get_snapshots(vm)), ([], [], []), "and nothing is left")
        host.remove(vm)


def test_busy(host):
    """Whoever reverts has the VM and the snapshot for himself."""
    session, vm = host.session, host.add("Running")
    shot = session.VM.snapshot(vm, "shot")
    host.simulator.delay("destroy", 600_000)
    call = host.background("VM.revert", shot)
    task = next(iter(until(lambda: host.record(vm)["current_operations"])))
    is_((list(host.record(vm)["current_operations"].values()), list(host.record(shot)["current_operations"].values())),
        (["reverting"], ["revert"]), "current_operations of both say so")
    is_(session.task.get_subtask_of(task), next(iter(host.record(shot)["current_operations"])), "one task is part of the other")
    host.simulator.clear()
    is_(call.wait(), "", "done")
    host.simulator.fail("destroy", text="no")
    session.VM.start(vm, False)
    is_(host.failure("VM.revert", shot)[0], "HYPERVISOR_ERROR", "a domain that does not end")
    is_((host.state(vm), host.differences(vm)), ("Running", []), "the VM goes on")
    for ref in (vm, shot):
        host.remove(ref)


def test_crash(host):
    """Killed while the domain ends: nothing of then is there yet, and nothing of now is lost."""
    session, vm = host.session, host.add("Suspended", name_label="then")
    shot = session.VM.snapshot(vm, "shot")
    session.VM.resume(vm, False)
    session.VM.set_name_label(vm, "now")
    host.simulator.delay("destroy", 600_000)
    call = host.background("VM.revert", shot)
    until(lambda: host.record(vm)["current_operations"] and len(images(host, vm)) == 2)
    host.crash()
    ok(not isinstance(call.wait(), Failure), "killed")
    is_((host.session.VM.get_name_label(vm), host.record(shot)["current_operations"]), ("now", {}), "as it was before")
    is_(len(images(host, vm)), 1, "the copy that nothing came to name is gone, the snapshot's memory is there")
    host.session.VM.revert(shot)
    is_((host.state(vm), host.session.VM.get_name_label(vm)), ("Suspended", "then"), "and it can be done again")
    for ref in (vm, shot):
        host.remove(ref)
    stale = host.add()
    with open(host.image(stale), "w", encoding="utf-8") as file:
        file.write("of a domain that ended: the daemon was killed before it deleted this")
    host.crash()
    is_(images(host, stale), [], "a Halted VM has no image: a later domain must not be taken for that of an old one")
    host.remove(stale)


if not program():
    skip_all("no xenapid to test (XENAPID)")
with Host() as running:
    running.simulator.speed(1000)
    for test in (test_records, test_refused, test_revert, test_memory, test_checkpoint, test_checkpoint_crash, test_busy, test_crash):
        test(running)
done()
