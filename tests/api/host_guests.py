# SPDX-License-Identifier: LGPL-2.1-or-later
"""host_guests.py – guests that start with the host: which, when, in which order; and all of them shut down when it does."""
import contextlib
import os
import re
import sqlite3
import tempfile

from lib import xm
from lib.host import Host, until
from lib.server import program
from lib.tap import done, has, is_, ok, skip_all

KEY = "auto_poweron"


def marked(host, vm):
    """What both generations' settings say of it, and that of the disk."""
    record = host.record(vm)
    return record["auto_power_on"], record["other_config"].get(KEY)


def test_setting(host):
    session = host.session
    vm = host.add(other_config={"kept": "1"})
    is_(marked(host, vm), (False, None), "a VM does not start with the host")
    session.VM.set_auto_power_on(vm, True)
    is_(marked(host, vm), (True, "true"), "set_auto_power_on: other_config says it too")
    session.VM.remove_from_other_config(vm, KEY)
    is_(marked(host, vm), (False, None), "and the other way round: remove_from_other_config")
    session.VM.add_to_other_config(vm, KEY, "true")
    is_(marked(host, vm), (True, "true"), "add_to_other_config")
    session.VM.set_other_config(vm, {"kept": "1", KEY: "false"})
    is_(marked(host, vm), (False, "false"), "set_other_config; false is said as it was")
    session.VM.set_auto_power_on(vm, True)
    is_((marked(host, vm), host.record(vm)["other_config"]["kept"]), ((True, "true"), "1"), "which a flag overrules; other keys stay")
    host.crash()
    session = host.session
    is_(marked(host, vm), (True, "true"), "after a crash it is the same")
    session.VM.update(vm, {"auto_power_on": False, "name_label": "other"}, {})
    is_(marked(host, vm), (False, None), "VM.update")
    session.VM.undo(vm, session.VM.history(vm)[0]["revision"], {})
    is_(marked(host, vm), (True, "true"), "undo brings both back")
    for fields in ({"auto_power_on": True}, {"other_config": {KEY: "true"}}, {"auto_power_on": False, "other_config": {KEY: "true"}}):
        born = session.VM.create({"name_label": "born", **fields})
        is_(marked(host, born), (True, "true"), f"VM.create with {fields}")
        host.remove(born)
    host.remove(vm)


def test_older(host):
    """A database of a version in which the two did not know of each other."""
    vms = [host.add(name_label=name) for name in ("flag", "key")]
    uuids = [host.record(vm)["uuid"] for vm in vms]
    host.kill()
    with contextlib.closing(sqlite3.connect(host.server.path("xenapid.db"))) as database, database:
        database.execute("UPDATE VM SET auto_power_on = 1 WHERE uuid = ?", uuids[:1])
        database.execute("UPDATE VM SET other_config = ? WHERE uuid = ?", ('{"auto_poweron":"true"}', uuids[1]))
    host.start()
    for vm in vms:
        host.session.VM.add_to_other_config(vm, "another", "key")
        is_(marked(host, vm), (True, "true"), "the one that is set counts")
        host.remove(vm)


class Boots:
    """The file that says which boot of the host this is."""

    def __init__(self):
        self.file = tempfile.NamedTemporaryFile("w", prefix="boot")
        self.count = 0
        self.again()

    def again(self):
        self.count += 1
        self.file.seek(0)
        self.file.write(f"boot-{self.count}\n")
        self.file.flush()


def reboot(host, boots):
    """The host loses its power: daemon and domains are gone, and the kernel says that it is another boot."""
    host.kill()
    if os.path.exists(host.server.path("domains")):
        os.unlink(host.server.path("domains"))
    boots.again()
    host.start()
    host.simulator.speed(1000)


def answer(results):
    return {result["name_label"]: result["result"] for result in results}


def add(host, *names, **fields):
    return [host.add(name_label=name, auto_power_on=True, **fields) for name in names]


def clear(host):
    host.simulator.clear()
    host.session.host.shutdown_guests(host.ref)
    for ref, record in host.session.VM.get_all_records().items():
        if not record["is_control_domain"]:
            host.remove(ref)


def states(host, vms):
    return [host.state(vm) for vm in vms]


def traced(host, op, uuids):
    """The places in uuids of those for which the op was called, in order."""
    found = re.findall(rf"hypervisor: simulator {op} ([0-9a-f-]{{36}}):", host.server.stderr())
    return list(dict.fromkeys(uuids.index(uuid) for uuid in found if uuid in uuids))


def test_start(host, boots):
    """Which, and in which order; once per boot."""
    vms = add(host, "late", "first", "second")
    for vm, order in zip(vms, "512"):
        host.session.VM.set_order(vm, order)
    other = host.add(name_label="other")
    host.session.VM.set_is_a_template(host.session.VM.clone(vms[0], "template"), True)
    host.session.VM.snapshot(vms[0], "snapshot")
    asleep, = add(host, "asleep")
    host.bring(asleep, "Suspended")
    reboot(host, boots)
    uuids = [host.record(vm)["uuid"] for vm in vms]
    is_(states(host, vms), ["Halted"] * 3, "the daemon alone starts nothing")
    results = host.session.host.autostart(host.ref)
    is_(answer(results), {"late": "started", "first": "started", "second": "started", "asleep": "suspended"}, "autostart")
    is_({result["VM"] for result in results}, {*vms, asleep}, "says which")
    is_((states(host, vms), host.state(other)), (["Running"] * 3, "Halted"), "those that are marked run")
    is_(traced(host, "start", uuids), [1, 2, 0], "the lowest order first")
    host.session.VM.hard_shutdown(vms[0])
    is_(host.session.host.autostart(host.ref), results, "once per boot; later the answer is what came of it")
    is_(host.state(vms[0]), "Halted", "and what was stopped since stays so")
    host.crash()
    is_((host.session.host.autostart(host.ref), host.state(vms[0])), (results, "Halted"), "a new start of the daemon is no boot")
    again = host.session.host.autostart(host.ref, True)
    is_((answer(again)["late"], answer(again)["first"], host.state(vms[0])), ("started", "running", "Running"), "unless it is wanted")
    reboot(host, boots)
    is_(answer(host.session.host.autostart(host.ref))["first"], "started", "the next boot starts them again")
    is_([name for name in host.session.host.get_record(host.ref) if name.startswith("guests")], [], "what is noted is nobody else's")
    is_(host.session.task.get_all(), [], "no task is left")
    clear(host)


def test_failure(host, boots):
    """One that fails does not hold up the rest."""
    vms = add(host, "good", "big", "last", order="1")
    host.session.VM.set_order(vms[2], "2")
    host.session.VM.set_blocked_operations(vms[1], {"start": "no"})
    boots.again()
    results = host.session.host.autostart(host.ref)
    is_(answer(results), {"good": "started", "big": "failed", "last": "started"}, "the others are started")
    reason = next(result["reason"] for result in results if result["name_label"] == "big")
    has(reason, "OPERATION_BLOCKED", "the answer says why")
    messages = [m for m in host.session.message.get_all_records().values() if m["name"] == "VM_AUTOSTART_FAILED"]
    is_([(m["obj_uuid"], m["body"]) for m in messages], [(host.record(vms[1])["uuid"], reason)], "a message object too")
    has(host.server.stderr(), "big was not started with the host: ", "and the log")
    host.session.VM.set_blocked_operations(vms[1], {})
    status, out, _ = xm.run("autostart", server=host.server.http)
    is_(status, 1, "xm autostart shows it")
    has(re.sub(" +", " ", out), f"big failed: {reason}", "with the reason")
    status, out, _ = xm.run("autostart", "--again", server=host.server.http)
    is_((status, re.sub(" +", " ", out)), (0, "good running\nlast running\nbig started\n"), "--again")
    clear(host)


def test_middle(host, boots):
    """Killed, cancelled, or asked for twice in the middle."""
    vms = add(host, "one", "two")
    host.session.VM.set_order(vms[1], "1")
    host.session.VM.set_start_delay(vms[0], "3600")
    boots.again()
    task = host.session.call("Async.host.autostart", host.ref)
    ok(until(lambda: host.state(vms[0]) == "Running"), "the first one runs")
    is_(host.failure("host.autostart", host.ref)[:3], ["OTHER_OPERATION_IN_PROGRESS", "host", host.ref], "one at a time")
    is_(host.failure("host.shutdown_guests", host.ref)[0], "OTHER_OPERATION_IN_PROGRESS", "nor both")
    host.crash()
    is_(states(host, vms), ["Running", "Halted"], "kill -9: the rest is not started")
    host.session.VM.set_start_delay(vms[0], "0")
    is_(answer(host.session.host.autostart(host.ref)), {"one": "running", "two": "started"}, "and still is to be")
    host.session.host.shutdown_guests(host.ref)
    host.session.VM.set_start_delay(vms[0], "3600")
    task = host.session.call("Async.host.autostart", host.ref)
    ok(until(lambda: host.state(vms[0]) == "Running"), "the first one runs")
    host.session.task.cancel(task)
    ok(until(lambda: host.session.task.get_status(task) == "cancelled"), "one can be cancelled")
    is_(states(host, vms), ["Running", "Halted"], "without the rest")
    host.session.VM.set_start_delay(vms[0], "0")
    clear(host)


def test_shutdown(host, boots):
    """All of them, the highest order first, those that do not listen as well; and neither Domain-0 nor what is somebody else's."""
    vms = add(host, "one", "two") + [host.add(name_label="deaf"), host.add(name_label="paused"), host.add(name_label="halted")]
    for vm, order in zip(vms, "13200"):
        host.session.VM.set_order(vm, order)
    for vm in vms[:4]:
        host.bring(vm, "Running")
    host.session.VM.pause(vms[3])
    uuids = [host.record(vm)["uuid"] for vm in vms]
    host.simulator.guest(uuids[2], "ignore-shutdown")
    stranger, _ = host.simulator.create("stranger")
    host.restart()
    is_(states(host, vms), ["Running"] * 3 + ["Paused", "Halted"], "a stop of the daemon touches no guest")
    host.simulator.speed(1000)
    results = host.session.host.shutdown_guests(host.ref)
    is_(answer(results), {name: "shut down" for name in ("one", "two", "deaf", "paused")}, "shutdown_guests")
    is_(states(host, vms), ["Halted"] * 5, "all are Halted")
    is_(traced(host, "shutdown", uuids[:3]), [1, 2, 0], "the highest order first, the rest when the time is up")
    has(host.server.stderr(), f"VM deaf ({uuids[2]}) has not shut down by itself, its domain is ended", "who did not listen is told")
    ok(host.simulator.domain(stranger) is not None, "others' domains are not touched")
    is_(answer(host.session.host.autostart(host.ref)), {"one": "started", "two": "started"},
        "what is shut down is started again, in the same boot too")
    host.session.VM.hard_shutdown(vms[1])
    host.session.VM.pause(vms[0])
    host.simulator.fail("destroy", text="no")
    is_(answer(host.session.host.shutdown_guests(host.ref)), {"one": "failed"}, "one that cannot be ended")
    is_(host.session.message.get_all_records_where('field "name" = "VM_SHUTDOWN_FAILED"') != {}, True, "is a message")
    host.simulator.clear()
    status, out, _ = xm.run("shutdown-guests", server=host.server.http)
    is_((status, re.sub(" +", " ", out)), (0, "one shut down\n"), "xm shutdown-guests")
    host.simulator.destroy(stranger)
    clear(host)


def test_no_boot(host, boots):
    boots.file.seek(0)
    boots.file.truncate()
    is_(host.failure("host.autostart", host.ref)[0], "INTERNAL_ERROR", "a host that does not say which boot it is")


if not program() or not xm.program():
    skip_all("no xenapid and xm to test (XENAPID, XM)")
boot_file = Boots()
with Host(environment={"XENAPID_TRACE_HYPERVISOR": "1"}, boot_id=boot_file.file.name, guests_timeout="1s") as running:
    running.simulator.speed(1000)
    test_setting(running)
    test_older(running)
    for test in (test_start, test_failure, test_middle, test_shutdown, test_no_boot):
        test(running, boot_file)
done()
