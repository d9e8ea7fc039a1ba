#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""walk.py – the walk through the life of an inactive guest, with xm and the real daemon.

First literally, the daemon killed and started again after every single command. Then the daemon is killed at random
instants inside each command that changes something: afterwards everything is as it was before the command or as it is after
it, never between, and after it when xm said that it was done.

XENAPID_KILLS=200 says how often, XENAPID_SEED which instants.
"""
import os
import random
import re
import shutil
import subprocess
import sys
import time

from lib import xm
from lib.server import Server, program
from lib.simulator import Simulator
from lib.tap import diag, done, is_, ok, skip_all

KILLS = int(os.environ.get("XENAPID_KILLS", "200"))
SEED = os.environ.get("XENAPID_SEED", str(random.SystemRandom().randrange(10**6)))

CONFIG = """# a guest as in 2006
name = "demo"
uuid = "0004fb00-0000-0003-0000-00000000d3a0"
memory = 410
maxmem = 800
vcpus = 1
on_crash = "preserve"
"""

HEADER = "Name                                      ID   Mem VCPUs      State   Time(s)"

# What is typed, and what it prints; N is any id, T any time. `| grep WORD` is done here.
WALK = [
    ("new demo", []),
    ("list demo", [HEADER, "demo                                           410     1                 0.0"]),
    ("list --long demo | grep mem", [
        "    (memory 410)", "    (maxmem 800)", "    (shadow_memory 0)",
        "    (memory_dynamic_min 410)", "    (memory_dynamic_max 800)"]),
    ("mem-set demo 500", []),
    ("mem-max demo 1000", []),
    ("list --long demo | grep mem", [
        "    (memory 500)", "    (maxmem 1000)", "    (shadow_memory 0)",
        "    (memory_dynamic_min 500)", "    (memory_dynamic_max 1000)"]),
    ("list demo", [HEADER, "demo                                           500     1                 0.0"]),
    ("vcpu-set demo 8", []),
    ("list --long demo | grep vcpu", ["    (vcpus 8)", "    (online_vcpus 8)"]),
    ("list demo", [HEADER, "demo                                           500     8                 0.0"]),
    ("start demo", []),
    ("list demo", [HEADER, "demo                                      NN   500     8     -b----      T.T"]),
]

# Commands to be interrupted, each from the state that those before it leave.
CHANGES = ["new demo", "mem-set demo 500", "mem-max demo 1000", "vcpu-set demo 8", "start demo",
           "mem-set demo 700", "vcpu-set demo 3", "mem-max demo 900", "pause demo", "unpause demo",
           "suspend demo", "resume demo", "destroy demo", "rename demo other", "delete other"]


class Host:
    """The daemon, with the simulated host's domains in a file, and what was asked of it."""

    def __init__(self):
        self.server = Server(start=False, listen=None, settings={"metrics-interval": "20ms"})
        self.server.hypervisor = "simulator:" + self.server.path("domains")
        self.server.settings["simulator-control"] = self.server.path("control")
        with open(self.server.path("demo"), "w", encoding="utf-8") as file:
            file.write(CONFIG)

    def environment(self):
        return dict(os.environ, XM_SERVER="unix:" + self.server.path("socket"))

    def xm(self, *arguments):
        return xm.run(*arguments, server="unix:" + self.server.path("socket"), cwd=self.server.folder)

    def crash(self):
        self.server.kill()
        self.server.start()

    def simulated(self):
        """The domains there are: what a record says must be true of them."""
        with Simulator(self.server.path("control")) as simulator:
            return [d for d in simulator.state()["domains"] if d["domid"] != 0]

    def save(self, folder):
        """Copies what outlives the daemon, which does not run."""
        shutil.copytree(self.server.folder, folder, symlinks=True, ignore=shutil.ignore_patterns("socket*", "control"))

    def restore(self, folder):
        for name in os.listdir(self.server.folder):
            path = self.server.path(name)
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        shutil.copytree(folder, self.server.folder, dirs_exist_ok=True)


def pattern_of(line):
    """A line of the walk as an expression: id and time are what they are."""
    return re.escape(line).replace("NN", r"[ 0-9]\d").replace(r"T\.T", r"\d\.\d")


def is_as_walked(got, want):
    return len(got) == len(want) and all(re.fullmatch(pattern_of(w), g) for g, w in zip(got, want))


def type_command(host, command):
    """What the walk shows below a command."""
    typed, _, word = command.partition(" | grep ")
    status, out, err = host.xm(*typed.split())
    if status:
        diag(err)
    return status, [line for line in out.splitlines() if word in line]


def test_walk(host):
    host.server.start()
    for command, want in WALK:
        deadline = time.monotonic() + 10
        status, lines = type_command(host, command)
        # figures of a domain are sampled: they come a moment later
        while command.startswith("list") and not is_as_walked(lines, want) and time.monotonic() < deadline:
            time.sleep(0.05)
            status, lines = type_command(host, command)
        is_(status, 0, f"xm {command}")
        if not ok(is_as_walked(lines, want), "prints what the walk shows"):
            diag("got\n" + "\n".join(lines) + "\nwant\n" + "\n".join(want))
        host.crash()
    domains = host.simulated()
    is_([(d["name"], d["memory_actual"] >> 20, d["vcpus_online"]) for d in domains], [("demo", 500, 8)],
        "the domain really has 500 MiB and 8 vCPUs")
    is_(host.xm("list", "demo")[0], 0, "and the last crash did it no harm")
    host.server.stop()


def settled(host):
    """Everything that is kept, as text: what moves by itself is left out, and a domain agrees with its record."""
    deadline = time.monotonic() + 10
    while True:
        status, out, err = host.xm("list", "--long")
        domains = host.simulated()
        text = re.sub(r"\n    \((domid|cpu_time|start_time|state) [^\n]*", "", out)
        text = re.sub(r"\(mac_seed [^)]*\)", "(mac_seed)", text)
        problem = err if status else disagreement(out, domains)
        if not problem or time.monotonic() > deadline:
            return text + (f"\nPROBLEM: {problem}" if problem else "")
        time.sleep(0.02)


def figure(text, name):
    found = re.search(rf"\({name} (\d+)\)", text)
    return int(found.group(1)) if found else None


def disagreement(out, domains):
    """Why record and domain do not agree, or None."""
    vms = [part for part in out.split("(domain\n") if part and "(name Domain-0)" not in part]
    running = [vm for vm in vms if "(status Running)" in vm or "(status Paused)" in vm]
    if len(running) != len(domains):
        return f"{len(running)} VMs run, but there are {len(domains)} domains"
    for vm, domain in zip(running, domains):
        pairs = [(figure(vm, "domid"), domain["domid"]),
                 (figure(vm, "memory"), domain["memory_target"] >> 20),
                 (figure(vm, "maxmem"), domain["memory_maximum"] >> 20),
                 (figure(vm, "online_vcpus"), domain["vcpus_online"])]
        if any(said != true for said, true in pairs):
            return f"record and domain differ: {pairs}"
    return None


def measure(host, command, before):
    """How long xm takes for it, and the state it leaves."""
    host.restore(before)
    host.server.start()
    start = time.monotonic()
    status, _, err = host.xm(*command.split())
    seconds = time.monotonic() - start
    ok(status == 0, f"xm {command}") or diag(err)
    after = settled(host)
    host.server.stop()
    return seconds, after


def interrupt(host, command, before, delay):
    """Kills the daemon `delay` seconds after xm was started. Returns xm's exit status and the state."""
    host.restore(before)
    host.server.start()
    with subprocess.Popen([xm.program(), *command.split()], cwd=host.server.folder, env=host.environment(),
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(delay)
        host.server.kill()
        status = process.wait(60)
    host.server.start()
    state = settled(host)
    host.server.stop()
    return status, state


def judge(status, state, before, after):
    if state == after:
        return "after"
    return "before" if state == before and status != 0 else "between"


def test_kills(host, chance):
    before_folder = host.server.folder + ".before"
    counts = {"before": 0, "after": 0}
    host.server.start()
    before = settled(host)
    host.server.stop()
    for i, command in enumerate(CHANGES):
        times = (KILLS * (i + 1)) // len(CHANGES) - (KILLS * i) // len(CHANGES)
        shutil.rmtree(before_folder, ignore_errors=True)
        host.save(before_folder)
        seconds, after = measure(host, command, before_folder)
        ok(before != after and "PROBLEM" not in after, f"{command} changes something") or diag(after)
        between = []
        for _ in range(times):
            delay = chance.uniform(0, seconds * 1.2)
            status, state = interrupt(host, command, before_folder, delay)
            found = judge(status, state, before, after)
            if found == "between":
                between.append((delay, status, state))
            else:
                counts[found] += 1
        if not is_(len(between), 0, f"{command} killed {times} times within {seconds * 1000:.0f} ms"):
            diag(f"after {between[0][0]:.4f} s, xm's status {between[0][1]}:\n{between[0][2]}\n"
                 f"before\n{before}\nafter\n{after}")
        # on from the state that it leaves
        measure_again(host, command, before_folder)
        before = after
    shutil.rmtree(before_folder, ignore_errors=True)
    diag(f"seed {SEED}: {counts['before']} times as before, {counts['after']} times as after")
    if KILLS >= 100:
        ok(min(counts.values()) > 0, "some instants were before the change and some behind it")


def measure_again(host, command, before_folder):
    """Leaves the folder in the state behind the command."""
    host.restore(before_folder)
    host.server.start()
    host.xm(*command.split())
    settled(host)
    host.server.stop()


def main():
    if not program() or not xm.program():
        skip_all("XENAPID and XM name no programs")
    host = Host()
    try:
        test_walk(host)
    finally:
        host.server.close()
    host = Host()
    try:
        test_kills(host, random.Random(SEED))
    finally:
        host.server.close()
    done()


sys.exit(main())
