#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""hosts.py – emptying a host, and waiting for the disk."""
from lib.server import Server, program
from lib.tap import done, is_, ok, skip_all
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


def test_console(server, session):
    host = session.host.get_all()[0]
    is_(session.host.dmesg(host), "(XEN) this is a simulated host\n", "what the hypervisor has logged")
    session.host.send_debug_keys(host, "hq")
    is_(session.host.dmesg(host).splitlines()[1:], ["(XEN) 'h' pressed", "(XEN) 'q' pressed"], "debug keys come to it")
    for keys in ("", "a b", "ä", "\n", "x" * 65):
        is_(answer(session.host.send_debug_keys, host, keys),
            ("INVALID_VALUE", "keys: 1 to 64 letters, digits and marks of ASCII", keys), f"keys that are none: {keys[:5]!r}")
    is_(len(session.host.dmesg_clear(host).splitlines()), 3, "dmesg_clear gives it once more")
    is_(session.host.dmesg(host), "", "then it is empty")
    log = session.host.get_log(host)
    ok("debug keys for the hypervisor: hq" in log, "the server's own log says so, too")
    ok(log in server.stderr(), "it is what the server has written")


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
        test_console(server, session)
        test_disk(server, session)
    done()


main()
