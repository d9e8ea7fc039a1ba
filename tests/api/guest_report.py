#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""guest_report.py – VM_guest_metrics: what an agent in a guest has written, as far as it can be shown."""
from lib.host import Host, until
from lib.server import program
from lib.tap import done, is_, ok, skip_all

WRITTEN = {
    "data/os_name": "Debian GNU/Linux 12", "data/os_distro": "debian", "data/os_uname": "6.1.0", "data/os_majorver": "12",
    "data/os_minorver": "5", "data/host_name": "web", "attr/PVAddons/MajorVersion": "8", "attr/PVAddons/BuildVersion": "1",
    "attr/vif/0/ipv4/0": "192.0.2.1", "attr/vif/0/ipv4/1": "192.0.2.2", "attr/vif/0/ipv6/0": "fe80::1", "attr/eth1/ip": "192.0.2.3",
    "control/feature-shutdown": "1", "feature/hotplug/vif": "1", "device/vif/0/state": "4",
    "data/unknown": "x", "attr/vif/x/ipv4/0": "y",
}
SHOWN = {
    "os_version": {"name": "Debian GNU/Linux 12", "distro": "debian", "uname": "6.1.0", "major": "12", "minor": "5"},
    "netbios_name": {"host_name": "web"},
    "PV_drivers_version": {"major": "8", "build": "1"},
    "networks": {"0/ipv4/0": "192.0.2.1", "0/ip": "192.0.2.1", "0/ipv4/1": "192.0.2.2", "0/ipv6/0": "fe80::1", "1/ip": "192.0.2.3"},
    "other": {"feature-shutdown": "1"},
    "PV_drivers_up_to_date": True, "PV_drivers_detected": True, "live": True, "can_use_hotplug_vif": "yes", "can_use_hotplug_vbd": "unspecified",
}


def report(host, vm):
    record = host.session.VM_guest_metrics.get_record(host.session.VM.get_guest_metrics(vm))
    return {field: record[field] for field in SHOWN}


def write(host, vm, key, value):
    host.simulator.ask(f"write {host.session.VM.get_uuid(vm)} {key} {value}")


def main(host):
    vm = host.add("Running")
    is_((report(host, vm)["live"], report(host, vm)["os_version"]), (False, {}), "a guest that says nothing")
    for key, value in WRITTEN.items():
        write(host, vm, key, value)
    until(lambda: report(host, vm) == SHOWN)
    is_(report(host, vm), SHOWN, "what the agent has written is shown")
    metrics = host.session.VM.get_guest_metrics(vm)
    write(host, vm, "data/os_name", "\x01")
    write(host, vm, "data/host_name", "")
    ok(until(lambda: report(host, vm)["netbios_name"] == {}), "what is deleted is gone")
    is_(report(host, vm)["os_version"].get("name"), None, "what no reply can hold is left out")
    host.crash()
    is_(report(host, vm)["networks"], SHOWN["networks"], "a restart of the daemon keeps it")
    host.session.VM.clean_reboot(vm)
    is_((report(host, vm)["live"], report(host, vm)["networks"]), (False, {}), "a guest that was started anew has said nothing yet")
    host.session.VM.hard_shutdown(vm)
    host.remove(vm)
    is_([r for r in host.session.VM_guest_metrics.get_all() if r == metrics], [], "it goes with the VM")


if not program():
    skip_all("no xenapid to test (XENAPID)")
with Host() as running:
    main(running)
done()
