# SPDX-License-Identifier: LGPL-2.1-or-later
"""host.py – xenapid in the rig's dom0, driven from here, and what record, disk, xenstore, xl and guest say of a VM.

    with Host() as host:
        vm = host.add("pvh", name_label="one")
        host.session.VM.start(vm, False)
        host.agree(vm, "after its start")          # results, in TAP
        host.crash()                               # kill -9, and again
"""
import contextlib
import json
import os
import re
import shlex
import time
from types import SimpleNamespace

from lib.host import MEMORY, MIB, as_text
from lib.rpc import Failure, Session
from lib.server import crypt
from lib.tap import diag, is_
from xen.dom0 import Dom0, parse_domains, parse_free_mib, parse_tree

# Emulated, on a machine that does other things too, a guest may take its time.
SECONDS = float(os.environ.get("XEN_RIG_SECONDS", "300"))
COMPARED = MEMORY + ("VCPUs_max", "VCPUs_at_startup", "power_state")
# What the guests are called, so that on a host with others only these are touched.
PREFIX = "xenapid-test-"
# What only costs time when it is emulated is left out; a PVH guest looks 7 s for a timer to calibrate the TSC with.
GUEST_ARGUMENTS = ("console=hvc0 quiet mitigations=off nowatchdog clearcpuid=tsc lpj=4000000 pci=noearly ipv6.disable=1 8250.nr_uarts=0 "
                   "cryptomgr.notests lsm= noreplace-smp initcall_blacklist=i8042_init init_on_alloc=0")
# The rig's other one is dom0's: whoever shares it with what is emulated waits long.
GUEST_CPU = "1"
# Of a PVH guest QEMU emulates two vCPUs wrongly now and then while it boots; its program brings up the second.
KIND_ARGUMENTS = {"pv": "", "pvh": " maxcpus=1"}
# MiB a guest may have; it is built with 128 unless told. Whatever it gives back or takes, it moves page by page: a
# PVH guest some 20 MiB a second, and what it has not from the beginning it gives back while it boots.
MOST = 144
# What the guest's kernel may keep to itself.
KERNEL_MIB = 72


def guest_arguments(kind):
    return GUEST_ARGUMENTS + KIND_ARGUMENTS[kind]


def guest_of(tree):
    """What guest.c reports, in a domain's part of xenstore."""
    tick, *rest = tree["data/report"].split("; ") if "data/report" in tree else [None]
    return {"tick": tick, **dict(item.split("=", 1) for item in rest)} if tick else {}


def target_of(record):
    """Bytes."""
    return int(record["memory_target"] if record["memory_target"] != "0" else record["memory_dynamic_min"])


def until(condition, seconds=None, pause=0.5):
    """Waits until condition() is true; returns what it returned last. Whoever asks dom0 too often keeps the guests from running."""
    deadline = time.monotonic() + (seconds or SECONDS)
    while not (result := condition()) and time.monotonic() < deadline:
        time.sleep(pause)
    return result


class Host:
    """dom0; session: over TCP from this machine, at uri; folder: the daemon's, in dom0."""

    def __init__(self, **settings):
        self.dom0 = Dom0()
        self.split = os.environ.get("XENAPID_SPLIT") == "1"  # the hypervisor is called by xenapid-privileged
        # A guest that ends soon after its start is no crash loop here.
        self.settings = {"guest-restart-delay": "1ms", "guest-restart-window": "1s", **settings}
        self.folder = self.dom0.run("mktemp -d /run/xenapid-test.XXXXXX").strip()
        self.database = self.folder + "/xenapid.db"
        self.password = os.urandom(16).hex()
        self.session = self.uri = None
        self.kept = {}  # ref → MiB that the guest's kernel keeps
        self.hung = []  # texts: guests that no longer report, though Xen runs them
        self.dom0.run(f"cd {self.folder} && : >xenapid.conf && umask 077 && "
                      f"echo {shlex.quote('root:' + crypt(self.password))} >passwords")
        self.start()

    # The daemon

    def command(self):
        local = self.dom0.is_local
        program = os.environ["XENAPID"] if local else "/test/xenapid"
        words = [program, "--config", "xenapid.conf", "--database", self.database, "--hypervisor", "xen",
                 "--auth", f"file:{self.folder}/passwords", "--listen", f"unix:{self.folder}/socket",
                 "--listen", "http://127.0.0.1:0" if local else "http://0.0.0.0:9363"]
        for key, value in self.settings.items():
            words += ["--set", f"{key.replace('_', '-')}={value}"]
        if self.split:
            words += ["--privileged-socket", self.folder + "/lines"]
        return " ".join(map(shlex.quote, words))

    def privileged_command(self):
        """What is started beside it; nothing where one process does it all."""
        program, rest = self.command().split(" ", 1)
        return f"setsid {program}-privileged {rest} 2>>log </dev/null >/dev/null & echo $! >privileged" if self.split else ":"

    def start(self):
        """Starts it, waits until it listens, and signs in."""
        printed = self.dom0.run(f"""
            cd {self.folder}
            rm -f said
            mkfifo said
            setsid {self.command()} >said 2>>log </dev/null &
            echo $! >pid
            [ -e privileged ] || {{
                {self.privileged_command()}
            }}
            {{ read -r one && read -r two; }} <said || {{ tail -n 20 log; exit 1; }}
            echo "$one $two"
            """, seconds=SECONDS)
        self.uri = re.search(r"http://\S+", printed).group()
        if not self.dom0.is_local:
            self.uri = "http://" + os.environ["XEN_RIG_API"]
        self.session = Session(self.uri, "root", self.password)

    def _end(self, signal):
        with contextlib.suppress(Exception):
            self.session.close()
        self.dom0.run(f"""
            pid=$(cat {self.folder}/pid)
            kill -{signal} $pid
            i=0
            while kill -0 $pid 2>/dev/null && ! grep -q '^State:.*Z' /proc/$pid/status 2>/dev/null; do
                [ $((i += 1)) -lt 600 ] || exit 1
                sleep 0.1
            done""", seconds=120)

    def kill(self):
        """kill -9"""
        self._end("KILL")

    def crash(self):
        self.kill()
        self.start()

    def restart(self):
        """Stops it properly and starts it again."""
        self._end("TERM")
        self.start()

    def log(self, lines=40):
        return self.dom0.attempt(f"tail -n {lines} {self.folder}/log")[1]

    def destroy_domains(self):
        for name in self.domains():
            self.dom0.attempt(f"xl destroy {shlex.quote(name)}")

    def clear(self):
        """No VM is left."""
        with contextlib.suppress(Exception):
            self.kill()
        self.destroy_domains()
        self.dom0.run(f"rm -f {self.database}*")
        self.kept.clear()
        self.start()

    def close(self):
        """Nothing of what was made here stays on the host."""
        with contextlib.suppress(Exception):
            self._end("TERM")
        self.dom0.attempt(f"kill $(cat {self.folder}/privileged)")
        self.destroy_domains()
        self.dom0.run(f"rm -rf {self.folder}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def xm(self, *words):
        """What xm prints in dom0, as root over the Unix socket."""
        program = os.environ["XM"] if self.dom0.is_local else "/test/xm"
        command = " ".join(map(shlex.quote, [program, *words]))
        return self.dom0.run(f"cd {self.folder} && XM_SERVER=unix:{self.folder}/socket {command}", seconds=180)

    def failure(self, method, *arguments):
        """[code, parameter …] that the call fails with, or what it returns."""
        try:
            return self.session.call(method, *arguments)
        except Failure as raised:
            return [raised.code, *raised.params]

    # VMs

    def config(self, kind, name, **more):
        """An xl.cfg(5) of a guest of the rig."""
        keys = {"name": PREFIX + name, "type": kind, "kernel": self.dom0.guest_folder + "/vmlinux",
                "ramdisk": self.dom0.guest_folder + "/guest.img", "extra": guest_arguments(kind), "cpus": GUEST_CPU, **more}
        return "".join(f"{key} = {value!r}\n" for key, value in keys.items()).replace("'", '"')

    def put(self, name, text):
        """A file in the daemon's folder; returns its path."""
        path = f"{self.folder}/{name}"
        self.dom0.run(f"cat >{path} <<'END'\n{text}END")
        return path

    def add(self, kind, name, **fields):
        """A Halted VM with a guest of the rig: 128 of at most MOST MiB, 1 of 2 vCPUs, unless told."""
        record = {"name_label": PREFIX + name, "domain_type": kind,
                  "PV_kernel": self.dom0.guest_folder + "/vmlinux",
                  "PV_ramdisk": self.dom0.guest_folder + "/guest.img", "PV_args": guest_arguments(kind),
                  "memory_static_min": str(64 * MIB), "memory_dynamic_min": str(128 * MIB),
                  "memory_dynamic_max": str(MOST * MIB), "memory_static_max": str(MOST * MIB),
                  "VCPUs_max": "2", "VCPUs_at_startup": "1", "VCPUs_params": {"mask": GUEST_CPU}}
        return self.session.VM.create({**record, **fields})

    def find(self, name):
        """The VM of that name, or None."""
        return next(iter(self.session.VM.get_by_name_label(PREFIX + name)), None)

    def running(self, kind):
        """A VM of that kind whose guest is up; the next test may get the same."""
        vm = self.find(kind) or self.add(kind, kind)
        if self.session.VM.get_power_state(vm) == "Halted":
            self.session.VM.start(vm, False)
            self.kept.pop(vm, None)
        if not self.wait_guest(vm):
            raise AssertionError(f"the {kind} guest does not come up\n{self.console(vm)}\n{self.log()}")
        return vm

    def remove(self, vm):
        if self.session.VM.get_power_state(vm) != "Halted":
            self.session.VM.hard_shutdown(vm)
        self.session.VM.destroy(vm)

    def remove_all(self):
        """No guest of the tests takes time from those to come."""
        for vm, record in self.session.VM.get_all_records().items():
            if record["name_label"].startswith(PREFIX):
                self.remove(vm)

    # What is known of one

    def domains(self):
        """The tests' domains, as `xl list` shows them."""
        return {name: row for name, row in parse_domains(self.dom0.run("xl list")).items() if name.startswith(PREFIX)}

    def record(self, vm):
        return self.session.VM.get_record(vm)

    def look(self, vm, listed=True, free=False):
        """record; row: what is on the disk; tree: the domain's part of xenstore; listed: all that xl lists; free: MiB that Xen has left."""
        record = self.record(vm)
        columns = ", ".join(f"'{name}', \"{name}\"" for name in COMPARED)
        query = f"SELECT json_object({columns}) FROM VM WHERE _ref = '{vm}'"
        path = f"/local/domain/{record['domid']}"
        row, tree, rows, info = self.dom0.run_each(
            self.dom0.look("row", self.database, query), self.dom0.look("tree", path), "xl list" if listed else ":", "xl info" if free else ":")
        return SimpleNamespace(record=record, row=json.loads(row), tree=parse_tree(path, tree), listed=parse_domains(rows),
                               free=parse_free_mib(info) if free else None)

    def tree(self, vm):
        """The domain's part of xenstore."""
        path = f"/local/domain/{self.session.VM.get_domid(vm)}"
        return parse_tree(path, self.dom0.attempt(self.dom0.look("tree", path))[1])

    def guest(self, vm):
        """What the guest reports: tick, memory_kib, cpus, uptime; {} before it is up."""
        return guest_of(self.tree(vm))

    def wait_guest(self, vm, since=0):
        """Waits until the guest has reported more than `since` times, and returns what it reports."""

        def look():
            # in dom0, which tells when there is something to see; not for long: the guest may have another domain now
            path = f"/local/domain/{self.session.VM.get_domid(vm)}"
            _, tree = self.dom0.run_each(self.dom0.look("wait", path + "/data/report", since, 10), self.dom0.look("tree", path))
            guest = guest_of(parse_tree(path, tree))
            return int(guest.get("tick", 0)) > since and guest

        return until(look)

    def ask(self, vm, what):
        """One of the deeds of guest.c."""
        self.dom0.write(f"/local/domain/{self.session.VM.get_domid(vm)}/data/ask", what)

    def console(self, vm):
        """What the guest said."""
        name = shlex.quote(self.session.VM.get_name_label(vm))
        return self.dom0.attempt(f"tail -n 20 /var/log/xen/console/guest-{name}.log")[1]

    def unlike_listed(self, record):
        """What of a Running VM's record xl shows otherwise, as texts."""
        domid, mib, vcpus, _ = self.domains().get(record["name_label"], (None, 0, 0, ""))
        pairs = {"domid": (domid, int(record["domid"])), "vCPUs": (vcpus, int(record["VCPUs_at_startup"])),
                 "memory": (abs(mib - target_of(record) // MIB) <= 1 or mib, True)}
        return [f"xl's {what}: {got!r}, not {want!r}" for what, (got, want) in pairs.items() if got != want]

    def differences(self, vm):
        """What does not agree among record, disk, xenstore, xl and the guest of a Running VM, as texts."""
        seen = self.look(vm, listed=False)
        record, row, tree = seen.record, seen.row, seen.tree
        guest = guest_of(tree)
        found = [f"{f}: record {record[f]!r}, disk {row[f]!r}" for f in COMPARED
                 if as_text(record[f]) != as_text(row[f])]
        target = target_of(record)
        vcpus = int(record["VCPUs_at_startup"])
        available = [tree.get(f"cpu/{n}/availability") for n in range(int(record["VCPUs_max"]))]
        kept = target // MIB - int(guest.get("memory_kib", 0)) / 1024
        pairs = {
            "xenstore's memory/target": (tree.get("memory/target"), str(target // 1024)),
            "xenstore's memory/static-max": (tree.get("memory/static-max"), str(int(record["memory_static_max"]) // 1024)),
            "xenstore's availability": (available, ["online"] * vcpus + ["offline"] * (len(available) - vcpus)),
            "the guest's CPUs": (guest.get("cpus"), "0" if vcpus == 1 else f"0-{vcpus - 1}"),
            "what the guest's kernel keeps": (abs(kept - self.kept.get(vm, kept)) <= 2 and kept < KERNEL_MIB or kept, True),
        }
        found += [f"{what}: {got!r}, not {want!r}" for what, (got, want) in pairs.items() if got != want]
        found += [f"drift: {entry}" for entry in self.session.host.get_drift(self.session.host.get_all()[0]) if entry["VM"] == vm]
        if not found:
            self.kept.setdefault(vm, kept)
        # xl takes longer than all the rest: it is asked once that agrees
        return found or self.unlike_listed(record)

    def note_hung(self, vm):
        """A guest whose kernel stands still in the emulator is no guest any more; what it last said is for the reader."""
        tick = self.guest(vm).get("tick")
        time.sleep(20)
        if tick and self.guest(vm).get("tick") == tick and self.session.VM.get_power_state(vm) == "Running":
            self.hung.append(f"{self.session.VM.get_name_label(vm)} has not reported for 20 s\n{self.console(vm)}")

    def agree(self, vm, description):
        """A result: they agree, or come to."""
        found = []

        def look():
            found[:] = self.differences(vm)
            return not found

        # looking costs more than waiting until the guest, which reports every second, has seen it
        time.sleep(1)
        until(look)
        if found:
            self.note_hung(vm)
        is_(found, [], f"{description}: record, disk, xenstore, xl and guest agree")

    def snapshot(self, vm):
        """All of what a refused call must leave as it was."""
        seen = self.look(vm, free=True)
        tree = {key: text for key, text in seen.tree.items() if key != "data/report"}
        guest = {key: text for key, text in guest_of(seen.tree).items() if key not in ("tick", "uptime")}
        return {"record": {field: seen.record[field] for field in COMPARED + ("domid", "current_operations")}, "disk": seen.row,
                "xenstore": tree, "guest": guest, "xl": {name: row[:3] for name, row in seen.listed.items()}, "free": seen.free}

    def explain(self):
        """For the reader of a failure."""
        diag(self.dom0.attempt("xl list")[1])
        diag(self.log())
