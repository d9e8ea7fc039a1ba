#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_plan.py – xm -n COMMAND, with a real daemon: what would be is said, and nothing is done."""
from lib import xm
from lib.host import Host
from lib.server import program
from lib.tap import done, has, is_, skip_all


def call(host, *arguments):
    return xm.run(*arguments, server=host.server.http)


def everything(host):
    return [host.session.call(f"{cls}.get_all_records") for cls in ("VM", "VIF", "VBD", "console", "network")]


def test_halted(host, vm):
    before = everything(host)
    status, out, err = call(host, "-n", "start", "web")
    is_((status, out.splitlines()[:2], err), (0, ["changes the VM web", "  power_state: Halted -> Running"], ""), "a start")
    has(out, "the domain begins\nit needs 267 MiB; the host has ", "with what it needs")
    is_(call(host, "--dry-run", "mem-set", "web", "300"),
        (0, "changes the VM web\n  memory_dynamic_min: 256 MiB -> 300 MiB\n  memory_target: 0 MiB -> 300 MiB\n", ""), "memory")
    is_(call(host, "-n", "mem-set", "web", "9000"), call(host, "mem-set", "web", "9000"), "what is refused is refused as ever")
    is_(call(host, "-n", "rename", "web", "web"), (0, "nothing is changed\n", ""), "nothing to do")
    has(call(host, "-n", "delete", "web")[1], "deletes the VM web\n", "the end of a VM")
    has(call(host, "-n", "clone", "web", "two")[1], "makes the VM two\n", "a new one")
    has(call(host, "-n", "network-attach", "web")[1], "makes the VIF\n", "a device")
    is_(call(host, "-n", "set", "web", "VCPUs_max=8"), (0, "web: VCPUs_max 4 -> 8\n", ""), "xm set says it as ever")
    has(call(host, "-n", "snapshot", "web", "before")[1], "makes the VM before\n", "a snapshot")
    is_(call(host, "-n", "list", "web"), call(host, "list", "web"), "what only looks is as ever")
    is_(everything(host), before, "and nothing has changed")
    host.session.VM.set_memory_limits(vm, "0", str(1 << 37), str(256 << 20), str(1 << 37))
    has(call(host, "-n", "start", "web")[1], "\nwarning: memory_dynamic_max of web (131072 MiB) is more than", "a warning")
    host.session.VM.set_memory_limits(vm, str(128 << 20), str(512 << 20), str(256 << 20), str(384 << 20))
    host.session.VM.start(vm, False, False)


def test_running(host, vm):
    before = everything(host)
    host.simulator.reset()
    has(call(host, "-n", "reboot", "web")[1], "the domain begins anew\n", "a reboot")
    for words in (("shutdown", "web"), ("shutdown", "-w", "web"), ("destroy", "web")):
        has(call(host, "-n", *words)[1], "  power_state: Running -> Halted\n", " ".join(words))
    is_(call(host, "-n", "vcpu-set", "web", "3")[1], "changes the VM web\n  VCPUs_at_startup: 2 -> 3\nthe domain changes\n", "a live change")
    task = host.session.task.create("own", "")
    call(host, "-n", "task-cancel", host.session.task.get_uuid(task))
    is_(host.session.task.get_current_operations(task), {}, "a task is not cancelled")
    is_((everything(host), host.simulator.calls(), host.state(vm)), (before, {}, "Running"), "nothing has changed, and nobody was asked to")


if not program() or not xm.program():
    skip_all("no xenapid or xm to test (XENAPID, XM)")
with Host(metrics_interval="24h") as running:
    web = running.add(name_label="web")
    test_halted(running, web)
    test_running(running, web)
done()
