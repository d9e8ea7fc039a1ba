#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""hosts.py – emptying a host, and waiting for the disk."""
import contextlib
import os

from lib.server import Server, program
from lib.tap import done, is_, ok, skip_all
from lib.world import MIB, answer

REASON = "NO_HOSTS_AVAILABLE"


@contextlib.contextmanager
def in_folder(path):
    before = os.getcwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)


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
    ok(set(log.splitlines()) <= set(server.stderr().splitlines()), "it is what the server has written")


def test_power(server, session):
    """The commands only leave a file behind."""
    host = session.host.get_all()[0]
    done_by = {name: server.path(name) for name in ("off", "again")}
    for message, name in (("shutdown", "off"), ("reboot", "again")):
        is_(answer(session.call, f"host.{message}", host), ("HOST_NOT_DISABLED",), f"{message} of a host that is enabled")
        session.host.disable(host)
        vm = session.VM.create({"name_label": "last", "memory_static_max": str(64 * MIB)})
        session.host.enable(host)
        session.VM.start(vm, False, False)
        session.host.disable(host)
        is_(answer(session.call, f"host.{message}", host), ("HOST_IN_USE", host, "VM", vm), "that a VM is on")
        session.VM.hard_shutdown(vm)
        ok(not os.path.exists(done_by[name]), "nothing has happened so far")
        is_(answer(session.call, f"host.{message}", host), None, "now it is done")
        ok(os.path.exists(done_by[name]), "with the command")
        session.VM.destroy(vm)
        session.host.enable(host)
    server.kill()
    server.settings["shutdown-command"] = "ls /there/is/nothing"
    server.settings["reboot-command"] = ""
    server.start()
    session = server.login()
    session.host.disable(host)
    code, text = answer(session.host.shutdown, host)
    is_((code, text.startswith("ls /there/is/nothing: exit status 2: ls: "), "No such file" in text), ("INTERNAL_ERROR", True, True),
        "a command that fails")
    is_(answer(session.host.reboot, host), ("OPERATION_NOT_ALLOWED", "the key reboot-command of the configuration is empty"),
        "one that is not configured")
    session.host.enable(host)
    return session


def test_hostname(server, session):
    host = session.host.get_all()[0]
    for name in ("", "-a", "a-", "a..b", ".a", "a.", "a b", "ä", "$(id)", "x" * 65):
        is_(answer(session.host.set_hostname_live, host, name),
            ("INVALID_VALUE", "hostname: letters, digits, hyphens and dots, 1 to 64", name), f"no name: {name[:9]!r}")
    session.host.set_hostname_live(host, "new-1.example")
    ok(os.path.isdir(server.path("new-1.example")), "the command was told the name")
    is_(session.host.get_hostname(host), "new-1.example", "and the record has it")


def test_pci(server, session):
    host = session.host.get_all()[0]
    devices = {r["pci_id"]: (ref, r) for ref, r in session.PCI.get_all_records().items()}
    is_(sorted(devices), ["0000:00:00.0", "0000:00:19.0", "0000:00:19.1"], "PCI devices of the host")
    card, record = devices["0000:00:19.0"]
    is_([record[f] for f in ("class_id", "class_name", "vendor_id", "device_id", "subsystem_device_id", "driver_name", "host")],
        ["0200", "Ethernet controller", "1af4", "1000", "0002", "simulated", host], "what they are")
    is_((record["dependencies"], devices["0000:00:00.0"][1]["dependencies"]), ([devices["0000:00:19.1"][0]], []),
        "functions of one device belong together")
    is_(sorted(session.host.get_PCIs(host)), sorted(session.PCI.get_all()), "the host has them")
    is_([session.PIF.get_PCI(pif) for pif in session.PIF.get_all()], [card], "an interface says which it is")
    old = {r["name"]: r for r in session.PPCI.get_all_records().values()}
    is_([old["0000:00:19.0"][f] for f in ("slot", "func", "vendor_id", "class_code", "revision_id", "driver")],
        [str(0x19), "0", str(0x1af4), str(0x020000), "1", "simulated"], "the same in the old way")
    is_(sorted(session.host.get_PPCIs(host)), sorted(session.PPCI.get_all()), "which the host has, too")
    session.PCI.set_other_config(card, {"kept": "yes"})
    before = session.PCI.get_all_records(), session.PPCI.get_all_records()
    server.kill()
    server.start()
    session = server.login()
    is_((session.PCI.get_all_records(), session.PPCI.get_all_records()), before, "after a crash they are the same objects")
    return session


def test_agent(server, session):
    host = session.host.get_all()[0]
    is_(answer(session.host.get_server_certificate, host), ("OPERATION_NOT_ALLOWED", "there is no certificate: https is not served"),
        "no https, no certificate")
    if server.certify():
        with open(server.settings["tls-certificate"], encoding="ascii") as file:
            certificate = file.read()
        both = server.path("both.pem")
        with open(both, "w", encoding="ascii") as file, open(server.settings["tls-key"], encoding="ascii") as key:
            file.write(key.read() + certificate)
        server.settings.update({"tls-certificate": both, "tls-key": both})
        server.restart()
        session = server.login()
        is_(session.host.get_server_certificate(host), certificate, "the certificate, without the key that is in the same file")
    session.host.shutdown_agent()
    is_(server.wait(), 0, "shutdown_agent: the server has stopped")
    before = os.environ.pop("INVOCATION_ID", None)
    server.start()
    is_(answer(server.login().host.restart_agent, host)[0], "OPERATION_NOT_ALLOWED", "restart_agent: nobody would start it again")
    server.stop()
    os.environ["INVOCATION_ID"] = "systemd's"
    server.start()
    server.login().host.restart_agent(host)
    is_(server.wait(), 75, "restart_agent: as a service of systemd it stops with a status after which it is started again")
    del os.environ["INVOCATION_ID"]
    if before:
        os.environ["INVOCATION_ID"] = before
    server.start()
    return server.login()


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
    with Server(start=False) as server:
        server.settings = {"shutdown-command": "touch " + server.path("off"), "reboot-command": "touch " + server.path("again"),
                           "hostname-command": "mkdir --parents --"}
        with in_folder(server.folder):
            server.start()
        session = server.login()
        test_evacuation(session)
        test_console(server, session)
        test_hostname(server, session)
        session = test_power(server, session)
        session = test_pci(server, session)
        session = test_agent(server, session)
        test_disk(server, session)
    done()


main()
