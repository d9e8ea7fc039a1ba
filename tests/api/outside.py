#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""outside.py – somebody else pauses, unpauses, makes or ends the domain of a VM: its power state follows."""
import os

from lib.host import Host
from lib.tap import done, is_, ok


def image(host, vm):
    return host.server.path("suspend/" + host.session.VM.get_uuid(vm))


def create(host, vm):
    """Somebody else makes a domain of the VM's uuid."""
    host.simulator.create(host.session.VM.get_name_label(vm), uuid=host.session.VM.get_uuid(vm), memory_mib=128)


def test_pause(host):
    vm = host.add("Running")
    domid = host.record(vm)["domid"]
    for paused, state in ((1, "Paused"), (0, "Running"), (1, "Paused")):
        host.simulator.change(host.session.VM.get_uuid(vm), "paused", paused)
        ok(host.wait_state(vm, state), f"paused = {paused} by somebody else: {state}")
        is_(host.record(vm)["domid"], domid, "in the same domain")
    is_(host.differences(vm), [], "record, disk and domain agree")
    host.session.VM.unpause(vm)
    is_(host.state(vm), "Running", "and it can be unpaused")
    host.remove(vm)


def test_made(host, before):
    vm = host.add(before)
    if before == "Suspended":
        ok(os.path.exists(image(host, vm)), "it has an image")
    create(host, vm)
    ok(host.wait_state(vm, "Running"), f"a domain of a {before} VM is made: it is Running")
    record = host.record(vm)
    ok(record["domid"] != "-1" and host.domain(vm)["uuid"] == record["uuid"], "with that domain")
    ok(not os.path.exists(image(host, vm)), "and has no image that could be resumed once more")
    host.crash()
    is_(host.state(vm), "Running", "after kill -9 too")
    host.session.VM.pause(vm)
    ok(host.domain(vm)["paused"], "its domain is ours again")
    host.session.VM.hard_shutdown(vm)
    is_((host.state(vm), host.record(vm)["domid"]), ("Halted", "-1"), "and destroyed")
    host.remove(vm)


def test_unmade(host):
    vm = host.add("Running")
    host.simulator.destroy(host.session.VM.get_uuid(vm))
    ok(host.wait_state(vm, "Halted"), "its domain is destroyed: it is Halted")
    host.remove(vm)


def main():
    with Host() as host:
        test_pause(host)
        for before in ("Halted", "Suspended"):
            test_made(host, before)
        test_unmade(host)
    # events alone do
    with Host(metrics_interval="60s") as host:
        test_pause(host)
    done()


main()
