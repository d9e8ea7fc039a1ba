#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""traffic.py – what goes over interfaces and drives, as their metrics objects say it."""
from lib.host import Host, until
from lib.server import program
from lib.storage import Makers
from lib.tap import done, is_, ok, skip_all


def rates(host, cls, metrics):
    record = host.session.call(f"{cls}.get_record", metrics)
    return record["io_read_kbs"], record["io_write_kbs"]


def devices(host, vm):
    """What the simulator calls each, the class of its metrics, and those."""
    session, makers = host.session, Makers(host.session, host.ref, host.server.path)
    vif = session.VIF.create({"device": "0", "network": session.network.get_all()[0], "VM": vm})
    vdi = session.VDI.create({"name_label": "disk", "SR": makers.sr(), "virtual_size": "512", "type": "user"})
    vbd = session.VBD.create({"VM": vm, "VDI": vdi, "mode": "RW", "type": "Disk", "userdevice": "0"})
    uuid = session.VM.get_uuid(vm)
    return [(f"{uuid} 0", "VIF_metrics", session.VIF.get_metrics(vif)),
            (f"{uuid} disk0", "VBD_metrics", session.VBD.get_metrics(vbd))]


def test_rates(host, what, cls, metrics):
    seen = until(lambda: host.simulator.ask(f"carry {what} 4096 8192") or [r for r in [rates(host, cls, metrics)] if r[0] > 0])
    ok(seen and seen[0][1] == 2 * seen[0][0], f"{cls}: what is read and written: {seen}")
    ok(until(lambda: rates(host, cls, metrics) == (0, 0)), f"{cls}: nothing more comes and goes")


def test_traffic(host):
    session, vm = host.session, host.add()
    measured = devices(host, vm)
    is_([rates(host, cls, metrics) for _, cls, metrics in measured], [(0, 0), (0, 0)], "nothing goes over what no domain has")
    session.VM.start(vm, False, False)
    for what, cls, metrics in measured:
        host.simulator.ask(f"carry {what} 4096 8192")
        test_rates(host, what, cls, metrics)
        session.call(f"{cls}.set_other_config", metrics, {"seen": "yes"})
    (pif,) = session.PIF.get_all()
    test_rates(host, "host eth0", "PIF_metrics", session.PIF.get_metrics(pif))
    session.VM.hard_shutdown(vm)
    copy = session.VM.clone(vm, "copy")
    copied = {session.VBD.get_metrics(vbd) for vbd in session.VM.get_VBDs(copy)}
    is_(len(copied - {measured[1][2]}), 1, "a copy of a drive has metrics of its own")
    host.crash()
    for _, cls, metrics in measured:
        is_(host.session.call(f"{cls}.get_other_config", metrics), {"seen": "yes"}, f"{cls}: after a crash it is the same object")
    for one in (copy, vm):
        host.remove(one)
    for _, cls, _ in measured:
        is_(host.session.call(f"{cls}.get_all"), [], f"{cls}: they go with their devices")


def main():
    if not program():
        skip_all("no xenapid to test (XENAPID)")
    with Host(metrics_interval="50ms") as host:
        test_traffic(host)
    done()


main()
