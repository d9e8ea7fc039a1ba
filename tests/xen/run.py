#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""run.py – xenapid on a real Xen: boots the rig, starts xenapid in its dom0, and shows the points.

    run.py [--local] [POINT...]

Each point is one result, with those it is made of indented above it. With --local this machine is the Xen host.
XEN_RIG_FOLDER is the rig's folder.

Inside the rig (`tests/xen/rig bash`) it does not boot another one.
"""
import argparse
import importlib
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from lib.tap import diag, done, go_on, skip_all, subtest  # noqa: E402 – found by the path above
from xen.host import Host  # noqa: E402

# Each is a module beside this one with a function `run` of the host.
POINTS = [
    ("walk", "the walk with a PV and a PVH guest: the guest, xl list and our record agree"),
    ("live_changes", "mem-set, mem-max and vcpu-set of a running guest over TCP, in guest, xl, xenstore and SQLite"),
    ("refusals", "refusals leave everything as it was, a failed build leaves nothing behind"),
    ("kills", "kill -9 of the daemon during 100 live changes: guests go on, everything agrees"),
    ("endings", "power-off, reboot and crash from inside; xl shutdown, destroy and pause from outside"),
    ("beside_xl", "a domain made by xl is listed, untouched by a restart, adoptable"),
    ("suspend", "suspend, restart of the daemon, resume: the guest goes on"),
    ("many_guests", "four guests changed by eight clients for a minute"),
    ("contract", "the contract test of adapters passes on Xen"),
    ("measure", "how long changes and starts take, through xenapid and through xl"),
    ("domain0", "Domain-0 is shown truly, changes live within its limits, and can not be ended"),
    ("devices", "NICs and disks of PV and PVH guests: at the start, plugged and unplugged live, seen and used"),
    ("staged", "vCPUs and static memory that wait are there after the guest's own reboot; drift is seen and mended"),
    ("pass_through", "a PV guest with a PCI device of the host"),
]
# What the rig is told for each machine, the log being its name, and its points. They take about as long as each other.
MACHINES = [
    (["--name", "serial"], [1, 2, 3, 4, 5, 6, 11]),
    (["--name", "serial-2", "--iommu"], [7, 8, 9, 10, 12, 13, 14]),
]
RIG_FAILED = 125


def machines_for(wanted):
    """(options, numbers of points) of each machine that has some of those that are wanted."""
    for options, points in MACHINES:
        mine = [number for number in wanted if number in points]
        if mine:
            yield options, mine


def boot(wanted, local):
    """Runs this program again in a rig for each machine, all at once. What they say comes machine by machine."""
    machines, before = [], 0
    for options, points in [([], wanted)] if local else machines_for(wanted):
        command = ["setpriv", "--pdeathsig", "TERM", os.path.join(HERE, "rig"), *options,
                   "--folder", os.environ.get("XEN_RIG_FOLDER", "build/xen-rig")] + (["--local"] if local else [])
        command += [sys.executable, os.path.realpath(__file__), "--after", str(before), *map(str, points)]
        said = tempfile.TemporaryFile() if machines else None
        machines.append((subprocess.Popen(command, stdout=said), said))
        before += len(points)
    statuses = []
    for machine, said in machines:
        statuses.append(machine.wait())
        if said:
            said.seek(0)
            sys.stdout.buffer.write(said.read())
            sys.stdout.flush()
    if RIG_FAILED in statuses:
        print("Bail out! The rig failed, see above", flush=True)
    print(f"1..{before}", flush=True)
    sys.exit(any(statuses))


def faults():
    """How often QEMU's SVM has failed a PVH guest: once in some dozen boots it takes a triple fault anywhere."""
    log = os.environ.get("XEN_RIG_LOG")
    if os.environ["XEN_RIG_SHELL"] == "local" or not log:
        return 0
    with open(log, encoding="utf-8", errors="replace") as file:
        return file.read().count("Triple fault")


def again(host, before):
    """Only the emulator is forgiven, and only once."""
    if faults() == before and not host.hung:
        return False
    why = "\n".join(host.hung) or "QEMU failed a PVH guest, see Triple fault in the serial log"
    diag(f"{why}\nonce more, with new guests")
    host.hung.clear()
    host.clear()
    return True


def processor_seconds():
    """What QEMU has used so far."""
    process = os.environ.get("XEN_RIG_PROCESS")
    if not process:
        return 0.0
    with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:
        user, system = file.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def show(host, number):
    name, what = POINTS[number - 1]
    began, used, before = time.monotonic(), processor_seconds(), faults()
    module = importlib.import_module("xen." + name)
    if not subtest(lambda: module.run(host), f"{number}. {what}", lambda: again(host, before)):
        host.explain()
    diag(f"{time.monotonic() - began:.1f} s, {processor_seconds() - used:.1f} s of a processor")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--local", action="store_true")
    parser.add_argument("--after", type=int, help="so many results come before, and whoever says them says the plan")
    parser.add_argument("points", type=int, nargs="*", metavar="POINT")
    options = parser.parse_args()
    if os.environ.get("XENAPID_SKIP_XEN") == "1":
        print("NOTHING WAS TESTED ON XEN: XENAPID_SKIP_XEN=1", file=sys.stderr)
        skip_all("XENAPID_SKIP_XEN=1: nothing was tested on Xen")
    wanted = options.points or list(range(1, len(POINTS) + 1))
    if "XEN_RIG_SHELL" not in os.environ:
        boot(wanted, options.local or os.environ.get("XEN_HOST") == "local")
    go_on(options.after or 0)
    with Host() as host:
        diag(f"Xen and the daemon are up: {processor_seconds():.1f} s of a processor")
        for number in wanted:
            show(host, number)
    done(options.after is None)


main()
