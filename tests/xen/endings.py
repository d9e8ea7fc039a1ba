# SPDX-License-Identifier: LGPL-2.1-or-later
"""endings.py – point 5: guests that end by themselves, and xl that ends or pauses them; the record follows at once."""
import time

from lib.tap import diag, is_, ok
from xen.host import PREFIX, until

# A second on a host; emulated, xl and the daemon share one slow CPU. Metrics are read every 5 s: that would be too late.
FOLLOWS_SECONDS = 3

# what the guest does, the field that says what then, its value, what becomes of the VM
ENDINGS = {
    "pv": [
        ("poweroff", "shutdown", "restart", "Running"),
        ("reboot", "reboot", "restart", "Running"),
        ("crash", "crash", "restart", "Running"),
        ("crash", "crash", "preserve", "Paused"),
        ("reboot", "reboot", "destroy", "Halted"),
        ("crash", "crash", "destroy", "Halted"),
        ("poweroff", "shutdown", "destroy", "Halted"),
    ],
    # It boots slower, and ends in the same way.
    "pvh": [
        ("reboot", "reboot", "restart", "Running"),
        ("crash", "crash", "restart", "Running"),
    ],
}


def ends(host, kind, does, field, action, state):
    vm = host.running(kind)
    host.session.call(f"VM.set_actions_after_{field}", vm, action)
    domid = host.record(vm)["domid"]
    host.ask(vm, does)
    what = f"{kind}: {does}, actions_after_{field} = {action}"

    def has_ended():
        record = host.record(vm)
        return record["power_state"] == state and (record["domid"] != domid or state == "Paused")

    until(has_ended)
    record, listed = host.record(vm), host.domains().get(PREFIX + kind)
    is_(record["power_state"], state, f"{what}: {state}")
    if state == "Running":
        ok(record["domid"] != domid and listed and listed[0] == int(record["domid"]), f"{what}: in a new domain")
        host.kept.pop(vm, None)
        ok(host.wait_guest(vm), f"{what}: and its guest is up")
    elif state == "Halted":
        is_([record["domid"], listed], ["-1", None], f"{what}: without a domain")
    else:
        is_([record["domid"], listed and listed[0]], [domid, int(domid)], f"{what}: the domain is kept")
        host.session.VM.hard_shutdown(vm)
        is_(host.domains().get(PREFIX + kind), None, f"{what}: until it is told to go")


def follows(host, vm, command, state):
    """What xl does to a VM; the time runs from when Xen shows it."""
    name = host.session.VM.get_name_label(vm)
    host.dom0.run(f"xl {command} {name}", seconds=120)
    before = time.monotonic()
    until(lambda: host.session.VM.get_power_state(vm) == state, FOLLOWS_SECONDS)
    seconds = time.monotonic() - before
    is_(host.session.VM.get_power_state(vm), state, f"xl {command}: the record says {state}")
    diag(f"{seconds:.2f} s")


def run(host):
    pvh = host.running("pvh")
    for ending in ENDINGS["pvh"]:
        ends(host, "pvh", *ending)
    # it would take from the other what little time there is
    host.session.VM.pause(pvh)
    for ending in ENDINGS["pv"]:
        ends(host, "pv", *ending)
    vm = host.running("pv")
    host.agree(vm, "pv: after all of them")
    follows(host, vm, "pause", "Paused")
    follows(host, vm, "unpause", "Running")
    follows(host, vm, "shutdown -w", "Halted")
    host.session.VM.start(vm, False)
    follows(host, vm, "destroy", "Halted")
    is_(host.record(vm)["domid"], "-1", "and the record has no domain")
    host.session.VM.hard_shutdown(pvh)
