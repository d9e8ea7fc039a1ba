#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_devices.py – network interfaces, consoles, tasks and events in xm, against a real daemon."""
import contextlib
import os
import re
import select
import subprocess

from lib.host import Host
from lib.server import program
from lib.tap import done, has, is_, ok, skip_all
from lib.xm import program as xm_program
from lib.xm import run

HEAD = "Idx MAC                 MTU Attached Bridge          Network\n"
NETWORK = "Network of the bridge xenbr0"


def xm(host, *arguments, **more):
    return run(*arguments, server="unix:" + host.server.path("socket"), **more)


def devices(host, vm):
    return sorted(host.session.VIF.get_device(v) for v in host.session.VM.get_VIFs(vm))


def test_network_records(host, vm):
    is_(xm(host, "network-list", "demo"), (0, HEAD, ""), "network-list of a domain that has none")
    is_(xm(host, "network-attach", "demo", "mac=00:16:3e:00:00:01,bridge=xenbr0", "rate=1MB/s"), (0, "", ""), "network-attach, Halted")
    is_(xm(host, "network-attach", "demo", "devid=5", "mtu=9000", f"bridge={NETWORK}", "mac=00:16:3E:00:00:05"), (0, "", ""),
        "a network by its name")
    is_(xm(host, "network-list", "demo")[1],
        HEAD + f"0   00:16:3e:00:00:01  1500 no       xenbr0          {NETWORK}\n"
        f"5   00:16:3e:00:00:05  9000 no       xenbr0          {NETWORK}\n", "both are records")
    is_(host.session.VIF.get_qos_algorithm_params(host.session.VM.get_VIFs(vm)[0]), {"kbps": "976"}, "with the limit")
    has(xm(host, "network-attach", "demo", "devid=5")[2], "Error: there is a device 5 already (DEVICE_ALREADY_EXISTS)\n", "the same again")
    for word in ("colour=red", "mac", "mac=", "=x", "ma=x"):
        status, _, told = xm(host, "network-attach", "demo", word)
        is_(status, 2, f"{word!r} is bad usage")
        has(told, "is not understood; there is bridge=, mac=, mtu=, devid=, rate=", "and says what there is")
    is_(xm(host, "network-attach", "demo", "rate=fast")[0], 2, "a rate that is none")
    is_(xm(host, "network-attach", "demo", "bridge=br9")[1:],
        ("", 'Error: there is no network "br9"; there is: xenbr0\n'), "a bridge that is not there")
    has(xm(host, "network-attach", "demo", "mac=x")[2], "Error: x is no MAC of a network interface (MAC_INVALID)\n", "no MAC")
    is_(devices(host, vm), ["0", "5"], "none of them left anything")
    is_(xm(host, "network-detach", "demo", "5"), (0, "", ""), "network-detach by number")
    is_(xm(host, "network-detach", "demo", "00:16:3E:00:00:01"), (0, "", ""), "and by MAC")
    is_(xm(host, "network-detach", "demo", "0")[2], 'Error: demo has no device "0"\n', "one that is not there")
    is_(devices(host, vm), [], "none is left")


def test_network_live(host, vm):
    host.session.VM.start(vm, False)
    is_(xm(host, "network-attach", "demo"), (0, "", ""), "network-attach, Running")
    is_([n["device"] for n in host.domain(vm)["nics"]], [0], "the domain has it")
    has(xm(host, "network-list", "demo")[1], " yes ", "which network-list says")
    host.simulator.fail("attach_nic", text="no backend")
    status, _, told = xm(host, "network-attach", "demo")
    is_(status, 1, "one that can not be plugged")
    has(told, "no backend", "says why")
    is_(devices(host, vm), ["0"], "and is not kept")
    host.simulator.fail("detach_nic", text="the guest keeps it")
    has(xm(host, "network-detach", "demo", "0")[2], "the guest keeps it", "one that can not be unplugged")
    is_(devices(host, vm), ["0"], "stays")
    host.simulator.clear()
    is_(xm(host, "network-detach", "-f", "demo", "0"), (0, "", ""), "network-detach -f")
    is_((devices(host, vm), host.domain(vm)["nics"]), ([], []), "it is gone from both")
    host.session.VM.pause(vm)
    is_(xm(host, "network-attach", "demo")[2], "Error: demo is Paused; it must be Running for this (VM_BAD_POWER_STATE)\n  xm unpause demo (VM.unpause) makes it Running\n", "Paused")
    is_(devices(host, vm), [], "nothing is kept")
    host.session.VM.unpause(vm)


def test_console(host, vm):
    is_(xm(host, "console", "demo")[1:], ("", "Error: the console of demo is none that xl could show\n"), "a simulated domain's console")
    host.session.VM.hard_shutdown(vm)
    is_(xm(host, "console", "demo")[1:], ("", "Error: demo has no console: it does not run\n"), "of a domain that does not run")


def test_tasks(host, vm):
    task = host.session.call("Async.VM.start", vm, False)
    uuid = host.session.task.get_uuid(task)
    host.wait_state(vm, "Running")
    _, shown, _ = xm(host, "task-list")
    has(shown, f"{uuid} success    100 % Async.VM.start\n", "task-list")
    is_(xm(host, "task-cancel", uuid)[2], "Error: this is not allowed: the task has ended (OPERATION_NOT_ALLOWED)\n", "task-cancel: too late")
    host.simulator.delay("suspend", 600_000)
    task = host.session.call("Async.VM.suspend", vm)
    uuid = host.session.task.get_uuid(task)
    has(xm(host, "task-list")[1], f"{uuid} pending ", "one that is under way")
    is_(xm(host, "task-cancel", uuid), (0, "", ""), "task-cancel")
    host.simulator.clear()
    host.idle(vm)
    has(xm(host, "task-list")[1], f"{uuid} cancelled  100 % Async.VM.suspend  TASK_CANCELLED\n", "it is cancelled")
    has(xm(host, "task-cancel", "x")[2], "Error: no task has the uuid x (UUID_INVALID)\n", "no such task")


class Monitor:
    """xm event-monitor; its output is read line by line."""

    def __init__(self, host, *arguments):
        self.process = subprocess.Popen([xm_program(), "event-monitor", *arguments], stdin=subprocess.DEVNULL, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=dict(os.environ, XM_SERVER="unix:" + host.server.path("socket")))

    def line(self, part):
        """The next line with that in it."""
        for line in self.process.stdout:
            if part in line:
                return line
        return ""

    def is_ready(self):
        """Something can be read, soon."""
        return select.select([self.process.stdout], [], [], 0.1)[0] != []

    def end(self):
        self.process.terminate()
        with contextlib.closing(self.process.stdout), contextlib.closing(self.process.stderr):
            self.process.wait(60)
            return self.process.stderr.read()


def test_events(host, vm):
    session = host.session
    monitor = Monitor(host, "vm")
    number = 0
    # what is changed before its first look is no news to it
    while not monitor.is_ready():
        number += 1
        session.VM.set_name_description(vm, str(number))
    ok(re.match(rf"\d+T[\d:]+Z mod vm +{vm} demo Running\n$", monitor.line("demo")), "a line is time, operation, class, reference, name and state")
    host.restart()
    session = host.session
    session.VM.pause(vm)
    has(monitor.line("Paused"), f" mod vm           {vm} demo Paused", "a restart of the daemon is no end")
    other = host.add(name_label="other\x7f")
    has(monitor.line(other), "other\\x7f Halted", "what others named does nothing to a terminal")
    session.VM.destroy(other)
    has(monitor.line(" del "), f" del vm           {other}", "a deletion")
    told = monitor.end()
    has(told, "trying again\n", "that the server was away is told")
    is_(told.count("trying again"), 1, "once")
    status, _, told = xm(host, "event-monitor", "x/")
    is_(status, 1, "a class that is none")
    ok(told.startswith("Error: "), "is an error")
    is_(run("event-monitor", server="unix:/nonexistent")[0], 1, "and so is no server at the start")


def main():
    if not program() or not xm_program():
        skip_all("XENAPID and XM name no programs")
    with Host(metrics_interval="24h") as host:
        vm = host.add(name_label="demo")
        for test in (test_network_records, test_network_live, test_console, test_tasks, test_events):
            test(host, vm)
    done()


main()
