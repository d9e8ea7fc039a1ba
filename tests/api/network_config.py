#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""network_config.py – `vif` of an xl.cfg becomes VIFs: of a VM that is made of one, and of a domain that is adopted."""
from lib.host import Host, until
from lib.server import program
from lib.tap import done, has, is_, skip_all

BASE = "name = 'demo'\nmemory = 256\ntype = 'pvh'\n"
FIELDS = ("device", "MAC", "MTU", "qos_algorithm_type", "qos_algorithm_params", "other_config")


def make(host, vif):
    return host.session.VM.create_from_config(f"{BASE}vif = {vif}\n")


def vifs(host, vm):
    """(device, MAC, MTU, …, bridge) of each, by device."""
    session = host.session
    records = [session.VIF.get_record(v) for v in session.VM.get_VIFs(vm)]
    return sorted((*(r[f] for f in FIELDS), session.network.get_bridge(r["network"])) for r in records)


def test_made(host):
    made = make(host, "['mac=00:16:3E:00:00:07,rate=1MB/s,mtu=9000,model=e1000', '']")
    drawn = vifs(host, made["ref"])[1][1]
    want = [("0", "00:16:3e:00:00:07", "9000", "ratelimit", {"kbps": "976"}, {"xl:model": "e1000"}, "xenbr0"),
            ("1", drawn, "1500", "", {}, {}, "xenbr0")]
    is_(vifs(host, made["ref"]), want, "each becomes a VIF")
    is_((made["report"][-1]["outcome"], made["report"][-1]["detail"]), ("translated", "VIFs, without effect are model"), "what is kept only is said")
    host.crash()
    is_(vifs(host, made["ref"]), want, "they survive a crash")
    host.session.VM.start(made["ref"], False)
    is_(sorted((n["device"], n["mac"], n["bridge"]) for n in host.domain(made["ref"])["nics"]),
        [(0, "00:16:3e:00:00:07", "xenbr0"), (1, drawn, "xenbr0")],
        "the domain is built with them")
    host.remove(made["ref"])


def test_bridges(host):
    session = host.session
    made = make(host, "['bridge=br7', 'bridge=br7']")
    networks = [n for n in session.network.get_all_records().values() if n["bridge"] == "br7"]
    is_([(n["managed"], len(n["VIFs"])) for n in networks], [(False, 2)], "a bridge that is not there yet is a network all the same")
    got = host.failure("VM.start", made["ref"], False)
    is_(got[0], "HYPERVISOR_ERROR", "without it the VM does not start")
    has(got[-1], 'the host has no bridge "br7"', "and it says why")
    host.restart()
    is_(len(vifs(host, made["ref"])), 2, "the network stays while VIFs belong to it")
    host.remove(made["ref"])
    host.restart()
    is_([n["bridge"] for n in host.session.network.get_all_records().values()], ["xenbr0"], "and goes with them")


def test_refused(host):
    for vif, code in (("['bridge=a/b']", "INVALID_VALUE"), ("['', 'mac=01:00:00:00:00:00']", "MAC_INVALID"), ("['devid=256']", "INVALID_DEVICE"),
                      ("['mtu=1']", "INVALID_VALUE"), ("['bridge=new,mac=x']", "MAC_INVALID")):
        is_(host.failure("VM.create_from_config", f"{BASE}vif = {vif}")[0], code, f"{vif} is refused")
    is_(host.session.VM.get_by_name_label("demo"), [], "nothing is made then")
    is_((len(host.session.VIF.get_all()), len(host.session.network.get_all())), (0, 1), "nor a part of it")


def test_adopted(host):
    uuid, _ = host.simulator.create("theirs")
    host.simulator.change(uuid, "xl:vif", "devid=3,mac=00:16:3e:00:00:09,bridge=xenbr0,script=vif-bridge")
    vm = until(lambda: host.session.VM.get_by_name_label("theirs"))[0]
    report = host.session.VM.adopt(vm)["report"]
    is_([r["outcome"] for r in report if r["key"] == "vif"], ["taken"], "an adopted domain's are taken over")
    is_([(v[0], v[1], v[-1]) for v in vifs(host, vm)], [("3", "00:16:3e:00:00:09", "xenbr0")], "with device, MAC and bridge")
    host.session.VM.hard_shutdown(vm)
    host.session.VM.start(vm, False)
    is_([n["device"] for n in host.domain(vm)["nics"]], [3], "and its next start has them")


def main():
    if not program():
        skip_all("XENAPID names no program")
    with Host() as host:
        for test in (test_made, test_bridges, test_refused, test_adopted):
            test(host)
    done()


main()
