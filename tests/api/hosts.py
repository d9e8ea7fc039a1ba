#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""hosts.py – emptying a host, and waiting for the disk."""
from lib.server import Server, program
from lib.tap import done, is_, skip_all
from lib.world import MIB, answer

REASON = "NO_HOSTS_AVAILABLE"


def test_evacuation(session):
    host = session.host.get_all()[0]
    for method in ("assert_can_evacuate", "evacuate"):
        is_(answer(session.call, f"host.{method}", host), None, f"{method}: Domain-0 may stay")
    vms = [session.VM.create({"name_label": name, "memory_static_max": str(64 * MIB)}) for name in ("one", "two", "off")]
    for vm in vms[:2]:
        session.VM.start(vm, False, False)
    is_(session.host.get_vms_which_prevent_evacuation(host), {vm: [REASON, vm] for vm in vms[:2]}, "VMs that run have nowhere to go")
    for method in ("assert_can_evacuate", "evacuate"):
        code, errors = answer(session.call, f"host.{method}", host)
        is_((code, sorted(errors.split("|"))), ("CANNOT_EVACUATE_HOST", sorted(f"{REASON},{vm}" for vm in vms[:2])),
            f"{method} says so")
    is_([session.VM.get_power_state(vm) for vm in vms], ["Running", "Running", "Halted"], "none was stopped for it")
    session.VM.suspend(vms[0])
    session.VM.hard_shutdown(vms[1])
    is_(session.host.get_vms_which_prevent_evacuation(host), {}, "suspended and off they do not prevent it")
    is_(answer(session.host.evacuate, host, "OpaqueRef:NULL", "0"), None, "with all of its parameters")


def test_disk(server, session):
    host, pool = session.host.get_all()[0], session.pool.get_all()[0]
    for method, arguments in (("host.sync_data", [host]), ("pool.sync_database", [])):
        session.pool.set_name_description(pool, method)
        is_(answer(session.call, method, *arguments), None, method)
        server.kill()
        server.start()
        session = server.login()
        is_(session.pool.get_name_description(pool), method, "what came before it is on the disk")


def main():
    if not program():
        skip_all("XENAPID names no program")
    with Server() as server:
        session = server.login()
        test_evacuation(session)
        test_disk(server, session)
    done()


main()
