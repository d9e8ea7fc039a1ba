#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""message_objects.py – what happened to VMs, as objects that the server and clients make."""
from lib.api import NOBODY
from lib.host import Host, until
from lib.server import program
from lib.tap import done, is_, ok, skip_all

EPOCH = "19700101T00:00:00Z"


def seen(host, vm):
    """Names of the messages since the last look, which are deleted."""
    records = host.session.message.get("VM", host.session.VM.get_uuid(vm), EPOCH)
    host.session.message.destroy_many(list(records))
    return sorted(r["name"] for r in records.values())


def test_server(host):
    """What is done with a VM, and what it does by itself."""
    session, vm = host.session, host.add()
    for message, arguments, name in (("start", (False, False), "VM_STARTED"), ("pause", (), "VM_PAUSED"), ("unpause", (), "VM_UNPAUSED"),
                                     ("hard_reboot", (), "VM_REBOOTED"), ("clean_reboot", (), "VM_REBOOTED"), ("suspend", (), "VM_SUSPENDED"),
                                     ("resume", (False, False), "VM_RESUMED"), ("clean_shutdown", (), "VM_SHUTDOWN")):
        session.call(f"VM.{message}", vm, *arguments)
        is_(seen(host, vm), [name], f"{message}: {name}")
    host.simulator.fail("start", text="no")
    host.failure("VM.start", vm, False, False)
    is_(seen(host, vm), [], "what has failed did not happen")
    host.simulator.clear()
    session.VM.start(vm, False, False)
    seen(host, vm)
    for action, name in (("reboot", "VM_REBOOTED"), ("crash", "VM_CRASHED"), ("poweroff", "VM_SHUTDOWN")):
        if session.VM.get_power_state(vm) == "Halted":
            session.VM.start(vm, False, False)
            seen(host, vm)
        host.simulator.guest(session.VM.get_uuid(vm), action)
        ok(until(lambda wanted=name: wanted in seen(host, vm)), f"{action} by itself: {name}")
        until(lambda: not session.VM.get_current_operations(vm))
    host.remove(vm)


def test_clients(host):
    session = host.session
    vm, pool = host.add(), session.pool.get_all()[0]
    uuid, pool_uuid = session.VM.get_uuid(vm), session.pool.get_uuid(pool)
    mine = session.message.create("BACKUP_DONE", "4", "VM", uuid, "all of it")
    other = session.message.create("NOTE", "1", "Pool", pool_uuid, "")
    record = session.message.get_record(mine)
    is_([record[f] for f in ("name", "priority", "cls", "obj_uuid", "body")], ["BACKUP_DONE", "4", "VM", uuid, "all of it"], "a client's message")
    is_(session.message.get("VM", uuid, EPOCH), {mine: record}, "those of one object")
    is_(set(session.message.get_since(EPOCH)), {mine, other}, "all")
    now = str(record["timestamp"])
    is_(mine in session.message.get_since(now), True, "since it happened")
    is_(mine in session.message.get_since(f"{now[:4]}-{now[4:6]}-{now[6:]}"), True, "that time spelled with dashes")
    is_(session.message.get_since("29990101T00:00:00Z"), {}, "none is newer than now")
    is_(session.message.get("VM", pool_uuid, EPOCH), {}, "another class is another object")
    for cls, which in (("VM", pool_uuid), ("VM", ""), ("VM", vm), ("VMSS", uuid), ("Certificate", uuid)):
        is_(host.failure("message.create", "X", "1", cls, which, ""), ["UUID_INVALID", cls, which], f"no {cls} has that uuid")
    host.crash()
    session = host.session
    is_(session.message.get_record(mine), record, "it survives a crash")
    is_(host.failure("message.destroy_many", [mine, NOBODY]), ["HANDLE_INVALID", "message", NOBODY], "not all of them are there")
    is_(set(session.message.get_all()), {mine, other}, "so none is deleted")
    host.remove(vm)
    is_(session.message.get_name(mine), "BACKUP_DONE", "it outlives its object")
    session.message.destroy(mine)
    session.message.destroy_many([other])
    is_(session.message.get_all(), [], "deleted")


def main():
    if not program():
        skip_all("XENAPID names no program")
    with Host() as host:
        test_server(host)
        test_clients(host)
    done()


main()
