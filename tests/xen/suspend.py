# SPDX-License-Identifier: LGPL-2.1-or-later
"""suspend.py – point 7: a guest is suspended, the daemon starts again, and the guest goes on where it was."""
from lib.tap import is_, ok
from xen.host import PREFIX


def suspends(host, kind):
    vm = host.running(kind)
    before = host.guest(vm)
    host.session.VM.suspend(vm)
    is_(host.record(vm)["power_state"], "Suspended", f"{kind}: it is Suspended")
    ok(PREFIX + kind not in host.domains(), f"{kind}: and there is no domain")
    host.restart()
    is_(host.record(vm)["power_state"], "Suspended", f"{kind}: after a restart of the daemon too")
    host.session.VM.resume(vm, False)
    is_(host.record(vm)["power_state"], "Running", f"{kind}: it is resumed")
    # data/ is new in the new domain; the guest's own counters go on
    after = host.wait_guest(vm, int(before["tick"])) or {}
    ok(int(after.get("tick", 0)) > int(before["tick"]) and float(after.get("uptime", 0)) > float(before["uptime"]),
       f"{kind}: the guest goes on: tick {before['tick']} to {after.get('tick')}, uptime {before['uptime']} to {after.get('uptime')}")
    host.agree(vm, kind)


def run(host):
    for kind in ("pv", "pvh"):
        suspends(host, kind)
