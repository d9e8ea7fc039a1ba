#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""network.py – networks and interfaces: those of the host."""
from lib.host import Host
from lib.server import program
from lib.tap import done, is_, skip_all


def test_host(host):
    session = host.session
    networks = session.network.get_all_records()
    is_([(n["bridge"], n["managed"], n["MTU"]) for n in networks.values()], [("xenbr0", False, "1500")],
        "each bridge of the host is a network")
    pifs = session.PIF.get_all_records()
    is_([(p["device"], p["MAC"], p["currently_attached"], p["VLAN"]) for p in pifs.values()],
        [("eth0", "00:16:3e:00:00:01", True, "-1")], "each device is a PIF")
    network, pif = next(iter(networks)), next(iter(pifs))
    is_(session.PIF.get_network(pif), network, "it belongs to the network of its bridge")
    is_(session.network.get_PIFs(network), [pif], "which says so too")
    is_(session.host.get_PIFs(host.ref), [pif], "and so does the host")
    metrics = session.PIF_metrics.get_record(pifs[pif]["metrics"])
    is_((metrics["carrier"], metrics["speed"], metrics["duplex"]), (True, "1000", True), "its link")
    is_(host.failure("network.set_MTU", network, "67"), ["INVALID_VALUE", "MTU: 68 to 65535", "67"], "an MTU that is none")
    session.network.set_name_label(network, "outside")
    host.crash()
    is_(host.session.network.get_name_label(network), "outside", "after a crash they are the same objects")
    is_(host.session.PIF.get_all(), [pif], "PIFs too")


if not program():
    skip_all("no xenapid to test (XENAPID)")
with Host() as running:
    test_host(running)
done()
