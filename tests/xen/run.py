#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""run.py – xenapid on a real Xen: boots the rig, starts xenapid in its dom0, and shows the ten points.

    run.py [--all] [--local] [POINT...]

Each point is one result, with those it is made of indented above it. A point without a test is skipped, with --all it
fails. With --local this machine is the Xen host. XEN_RIG_FOLDER is the rig's folder.

Inside the rig (`tests/xen/rig bash`) it does not boot another one.
"""
import argparse
import importlib
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from lib.tap import diag, done, ok, skip, skip_all, subtest  # noqa: E402 – found by the path above
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
]
RIG_FAILED = 125


def boot(arguments, local):
    """Runs this program again in the rig."""
    command = ["setpriv", "--pdeathsig", "TERM", os.path.join(HERE, "rig"), "--folder", os.environ.get("XEN_RIG_FOLDER", "build/xen-rig")]
    command += ["--local"] if local else []
    command += [sys.executable, os.path.realpath(__file__), *arguments]
    status = subprocess.run(command, check=False).returncode
    if status == RIG_FAILED:
        print("Bail out! The rig failed, see above", flush=True)
    sys.exit(status)


def exists(name):
    return os.path.exists(os.path.join(HERE, name + ".py"))


def show(host, number, wanted, everything):
    name, what = POINTS[number - 1]
    if number not in wanted:
        skip(f"{number}. {what}: not asked for")
    elif exists(name):
        before = time.monotonic()
        if not subtest(lambda: importlib.import_module("xen." + name).run(host), f"{number}. {what}"):
            host.explain()
        diag(f"{time.monotonic() - before:.1f} s")
    elif everything:
        ok(False, f"{number}. {what}: not written yet")
    else:
        skip(f"{number}. {what}: not written yet")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--local", action="store_true")
    parser.add_argument("points", type=int, nargs="*", metavar="POINT")
    options = parser.parse_args()
    if os.environ.get("XENAPID_SKIP_XEN") == "1":
        print("NOTHING WAS TESTED ON XEN: XENAPID_SKIP_XEN=1", file=sys.stderr)
        skip_all("XENAPID_SKIP_XEN=1: nothing was tested on Xen")
    if "XEN_RIG_SHELL" not in os.environ:
        boot(sys.argv[1:], options.local or os.environ.get("XEN_HOST") == "local")
    with Host() as host:
        for number in range(1, len(POINTS) + 1):
            show(host, number, options.points or range(1, len(POINTS) + 1), options.all)
    done()


main()
