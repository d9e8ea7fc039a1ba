#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_snapshots.py – snapshots in xm, against a real daemon."""
import re

from lib.host import Host
from lib.server import program
from lib.tap import done, has, is_, ok, skip_all
from lib.xm import program as xm_program
from lib.xm import run

UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def xm(host, *arguments):
    return run(*arguments, server="unix:" + host.server.path("socket"))



def test_snapshots(host, vm):
    status, uuid, _ = xm(host, "snapshot", "demo", "before")
    ok(status == 0 and re.fullmatch(UUID + "\n", uuid), "snapshot prints the uuid")
    is_([host.session.VM.get_name_label(s) for s in host.session.VM.get_snapshots(vm)], ["before"], "it is there")
    is_(xm(host, "snapshot", "demo")[0], 0, "without a name")
    lines = xm(host, "snapshot-list", "demo")[1].splitlines()
    is_(lines[0], f"{'UUID':36} {'Taken':19} Memory Name", "snapshot-list")
    ok(re.fullmatch(rf"{uuid.strip()} \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d no     before", lines[1]), f"oldest first: {lines[1]}")
    ok(re.search(r" no     demo \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", lines[2]), "it is named after the domain and the time")
    is_(xm(host, "list", "demo")[1].count("demo"), 1, "snapshots are no domains")
    host.session.VM.set_name_description(vm, "after")
    is_(xm(host, "revert", "demo", "before"), (0, "", ""), "revert by name")
    is_(host.session.VM.get_name_description(vm), "", "the domain is what it was")
    host.session.VM.set_name_description(vm, "after")
    is_(xm(host, "revert", "demo", uuid.strip())[0], 0, "and by uuid")
    is_(host.session.VM.get_name_description(vm), "", "likewise")
    has(xm(host, "revert", "demo", "never")[2], 'Error: there is no snapshot "never"; there is: ', "no such snapshot")
    is_(xm(host, "snapshot", "nobody")[2], 'Error: no domain "nobody"\n', "no such domain")
    is_(xm(host, "snapshot-delete", "demo", "before"), (0, "", ""), "snapshot-delete")
    is_(len(host.session.VM.get_snapshots(vm)), 1, "it is gone")
    host.session.VM.start(vm, False)
    is_(xm(host, "snapshot", "--memory", "demo", "live")[0], 0, "snapshot --memory")
    ok(re.search(r"(?m) yes    live$", xm(host, "snapshot-list", "demo")[1]), "has the memory")
    host.session.VM.hard_shutdown(vm)


def main():
    if not program() or not xm_program():
        skip_all("XENAPID and XM name no programs")
    with Host(metrics_interval="24h") as host:
        vm = host.add(name_label="demo")
        test_snapshots(host, vm)
    done()


main()
