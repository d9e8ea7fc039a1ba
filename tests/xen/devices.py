# SPDX-License-Identifier: LGPL-2.1-or-later
"""devices.py – point 12: guests with NICs on a bridge that xenapid has made, and disks from files; plugged and unplugged while they run."""
from lib.events import Mirror
from lib.tap import is_, ok
from xen.host import MIB, until

BRIDGE = "xenapid-test"
MACS = {"pv": "00:16:3e:00:09:0a", "pvh": "00:16:3e:00:09:0b"}
SECOND_MAC = "00:16:3e:00:09:0c"


def address(mac):
    """What guest.c gives that NIC."""
    return f"10.9.0.{int(mac[-2:], 16)}"


def sees(host, vm, *macs):
    """What NICs the guest reports, once they are these."""
    wanted = sorted(f"eth{n}={mac}" for n, mac in enumerate(macs))
    return until(lambda: sorted(host.guest(vm).get("nics", "none").split()) == wanted)


def answers(host, mac):
    """dom0 reaches the guest through the bridge."""
    return until(lambda: host.dom0.attempt(f"ping -c 1 -W 2 {address(mac)}")[0] == 0)


def attached(host, *vifs):
    return [host.session.VIF.get_currently_attached(vif) for vif in vifs]


class Disks:
    """An SR in the daemon's folder, and what guests see of its images."""

    def __init__(self, host):
        self.host, session = host, host.session
        here = session.host.get_all()[0]
        self.sr = session.SR.create(here, {"location": f"{host.folder}/sr/rig"}, "0", "rig", "", "file", "user", False, {})

    def vdi(self, mib):
        return self.host.session.VDI.create({"name_label": "disk", "SR": self.sr, "virtual_size": str(mib * MIB), "type": "user"})

    def add(self, vm, vdi, number="0"):
        return self.host.session.VBD.create({"VM": vm, "VDI": vdi, "userdevice": number, "mode": "RW", "type": "Disk"})

    def seen(self, vm, *disks):
        """Whether the guest comes to see these: (name, MiB, the first line)."""
        wanted = sorted(f"{name}={mib * MIB}:{text}" for name, mib, text in disks)
        return until(lambda: sorted(self.host.guest(vm).get("disks", "none").split()) == wanted)

    def image(self, vdi):
        """The first line of the image, in dom0."""
        session = self.host.session
        path = f"{self.host.folder}/sr/rig/{session.VDI.get_location(vdi)}"
        return self.host.dom0.run(f"head -n 1 {path} | tr -d '\\0'").strip()


def starts(host, vm):
    """Async.VM.start, followed by events alone."""
    mirror = Mirror(host.session, ["vm", "task"])
    mirror.update(0.0)
    task = host.session.call("Async.VM.start", vm, False, False)
    mirror.wait_for(lambda m: m.records.get("task", {}).get(task, {}).get("status", "pending") != "pending")
    is_([mirror.records["task"][task]["status"], mirror.records["task"][task]["error_info"]], ["success", []],
        "Async.VM.start: event.from tells that the task has ended")
    is_(mirror.records["vm"][vm]["power_state"], "Running", "and that the VM is Running")


def starts_with_devices(host, kind, network, mac, disks, vdi):
    """A VM whose guest has been started with one NIC and one disk, and both."""
    session, vm = host.session, host.find(kind) or host.add(kind, kind)
    if session.VM.get_power_state(vm) != "Halted":
        session.VM.hard_shutdown(vm)
    host.kept.pop(vm, None)
    vif = session.VIF.create({"device": "0", "network": network, "VM": vm, "MAC": mac})
    vbd = disks.add(vm, vdi)
    starts(host, vm)
    host.running(kind)
    ok(sees(host, vm, mac), f"{kind}: the guest has the NIC that it was started with: {host.guest(vm).get('nics')}")
    ok(answers(host, mac), f"{kind}: dom0 reaches it through the bridge")
    metrics = session.VM.get_guest_metrics(vm)
    networks = until(lambda: session.VM_guest_metrics.get_networks(metrics))
    is_((networks, session.VM_guest_metrics.get_os_version(metrics), session.VM_guest_metrics.get_PV_drivers_detected(metrics)),
        ({"0/ip": address(mac), "0/ipv4/0": address(mac)}, {"name": "xenapid test guest"}, True), f"{kind}: what the guest says of itself")
    return vm, vif, vbd


def plugs_nic(host, kind, network, vm, first):
    """A second one comes and goes, the daemon is killed meanwhile."""
    session, mac = host.session, SECOND_MAC
    pifs = session.PIF.get_all()
    second = session.VIF.create({"device": "1", "network": network, "VM": vm, "MAC": mac})
    is_(attached(host, first, second), [True, False], f"{kind}: a second one is a record")
    session.VIF.plug(second)
    ok(sees(host, vm, MACS[kind], mac), f"{kind}: plugged, the guest has it: {host.guest(vm).get('nics')}")
    host.crash()
    session = host.session
    is_(attached(host, first, second), [True, True], f"{kind}: after kill -9 of the daemon both are attached")
    is_(session.PIF.get_all(), pifs, f"{kind}: their ends in dom0 are no interfaces of the host")
    session.VIF.unplug(second)
    ok(sees(host, vm, MACS[kind]), f"{kind}: unplugged, the guest has it no more: {host.guest(vm).get('nics')}")
    is_(attached(host, first, second), [True, False], f"{kind}: which its record says")
    ok(answers(host, MACS[kind]), f"{kind}: the first goes on")
    session.VIF.destroy(second)


def sends_what_it_may(host, kind, network, vif, mac):
    """Locked to an address, and moved to another bridge, while the guest runs."""
    session, allowed = host.session, address(mac)
    session.VIF.set_ipv4_allowed(vif, ["10.9.0.99"])
    session.VIF.set_locking_mode(vif, "locked")
    ok(host.dom0.attempt(f"arping -c 2 -w 3 -I {BRIDGE} {allowed}")[0] != 0, f"{kind}: locked to another address it is not heard")
    session.VIF.add_ipv4_allowed(vif, allowed)
    ok(answers(host, mac), f"{kind}: locked to its own it is")
    other = session.network.create({"name_label": BRIDGE + "2", "bridge": BRIDGE + "2"})
    session.VIF.move(vif, other)
    ports = host.dom0.run(f"ls /sys/class/net/{BRIDGE}2/brif").split()
    is_(ports, [f"vif{session.VM.get_domid(session.VIF.get_VM(vif))}.0"], f"{kind}: moved to another bridge")
    session.VIF.move(vif, network)
    ok(answers(host, mac), f"{kind}: and back")
    session.network.destroy(other)


def plugs_disk(host, kind, disks, vm, vbd, vdi):
    """The first is written, a second one comes and goes."""
    session = host.session
    ok(disks.seen(vm, ("xvda", 8, "")), f"{kind}: the guest has the disk that it was started with: {host.guest(vm).get('disks')}")
    host.ask(vm, "write xvda hello")
    ok(disks.seen(vm, ("xvda", 8, "hello")), f"{kind}: and writes it")
    is_(disks.image(vdi), "hello", f"{kind}: what it has written is in the image")
    metrics = session.VBD.get_metrics(vbd)
    ok(until(lambda: host.ask(vm, "write xvda hello") or session.VBD_metrics.get_io_write_kbs(metrics) > 0), f"{kind}: which its metrics show")
    second = disks.add(vm, disks.vdi(4), "1")
    session.VBD.plug(second)
    ok(disks.seen(vm, ("xvda", 8, "hello"), ("xvdb", 4, "")), f"{kind}: a second one, plugged: {host.guest(vm).get('disks')}")
    session.VBD.unplug(second)
    ok(disks.seen(vm, ("xvda", 8, "hello")), f"{kind}: unplugged, the guest has it no more: {host.guest(vm).get('disks')}")
    is_(session.VBD.get_currently_attached(second), False, f"{kind}: which its record says")
    session.VBD.destroy(second)


def goes_back(host, kind, disks, vm):
    """A snapshot of the running VM, and what is written after it is undone."""
    session = host.session
    shot = session.VM.snapshot(vm, "before")
    ok(disks.seen(vm, ("xvda", 8, "hello")), f"{kind}: the guest goes on after a snapshot")
    host.ask(vm, "write xvda other")
    ok(disks.seen(vm, ("xvda", 8, "other")), f"{kind}: it writes something else")
    session.VM.revert(shot)
    is_(session.VM.get_power_state(vm), "Halted", f"{kind}: reverted, it has no domain")
    (vbd,) = session.VM.get_VBDs(vm)
    is_(disks.image(session.VBD.get_VDI(vbd)), "hello", f"{kind}: and its disk is as it was")
    session.VM.destroy(shot)


def reaches_vlan(host, network):
    """The bridge has an interface of dom0 as a port, for one VLAN only."""
    session = host.session
    pif = next(ref for ref, record in session.PIF.get_all_records().items() if record["physical"])
    name = f"{session.PIF.get_device(pif)}.7"
    vlan = session.VLAN.create(pif, "7", network)
    own = session.VLAN.get_untagged_PIF(vlan)
    ok("VID: 7" in host.dom0.run(f"cat /proc/net/vlan/{name}"), "dom0 has the VLAN")
    ok(name in host.dom0.run(f"ls /sys/class/net/{BRIDGE}/brif").split(), "which is a port of the bridge")
    ok(session.PIF.get_currently_attached(own), "and up")
    session.VLAN.destroy(vlan)
    is_(host.dom0.attempt(f"test -e /sys/class/net/{name}")[0], 1, "it goes when it is destroyed")


def run(host):
    # a try before this one may have left it
    host.dom0.attempt(f"ip link delete {BRIDGE} type bridge")
    network = host.session.network.create({"name_label": BRIDGE, "bridge": BRIDGE})
    host.dom0.run(f"test -d /sys/class/net/{BRIDGE}/bridge && ip addr add 10.9.0.1/24 dev {BRIDGE}")
    reaches_vlan(host, network)
    disks = Disks(host)
    vdi = disks.vdi(8)
    for kind, mac in MACS.items():
        vm, vif, vbd = starts_with_devices(host, kind, network, mac, disks, vdi)
        if kind == "pv":
            plugs_disk(host, kind, disks, vm, vbd, vdi)
            plugs_nic(host, kind, network, vm, vif)
            sends_what_it_may(host, kind, network, vif, mac)
            goes_back(host, kind, disks, vm)
        else:
            ok(disks.seen(vm, ("xvda", 8, "hello")), f"{kind}: it reads what the other one had written: {host.guest(vm).get('disks')}")
            host.session.VM.hard_shutdown(vm)
        (vif,), (vbd,) = host.session.VM.get_VIFs(vm), host.session.VM.get_VBDs(vm)
        is_([*attached(host, vif), host.session.VBD.get_currently_attached(vbd)], [False, False], f"{kind}: without a domain neither is attached")
        vdi = host.session.VBD.get_VDI(vbd)
        host.session.VIF.destroy(vif)
        host.session.VBD.destroy(vbd)
    host.session.network.destroy(network)
    is_(host.dom0.attempt(f"test -e /sys/class/net/{BRIDGE}")[0], 1, "the bridge goes with its network")
    is_(host.dom0.run("losetup -a").strip(), "", "no loop device is left")
