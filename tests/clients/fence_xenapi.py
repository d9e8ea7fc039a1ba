#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""fence_xenapi.py – the agent of Debian's fence-agents switches a VM on and off."""
import os
import subprocess

from clients.daemon import PASSWORD, USER, Daemon
from lib.tap import diag, done, has, is_, ok

OFF = 2  # the exit status of fence agents


def fence(address, action, *options, password=PASSWORD):
    ran = subprocess.run(["/usr/sbin/fence_xenapi", "-o", action, "--session-url", address, "--username", USER,
                          "--password", password, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, timeout=120)
    diag(ran.stdout)
    return ran.returncode, ran.stdout


def switch(session, vm, address, name):
    uuid = session.VM.get_uuid(vm)
    status, text = fence(address, "list")
    is_(status, 0, f"{name}: list")
    has(text, f"{uuid},demo", "names the VM")
    ok("Domain-0" not in text, "and not the control domain")
    is_(fence(address, "status", "--plug", "demo")[0], OFF, f"{name}: status of a VM that is off")
    for action, state in (("on", "Running"), ("reboot", "Running"), ("off", "Halted")):
        is_(fence(address, action, "--plug", "demo")[0], 0, f"{name}: {action}")
        is_(session.VM.get_power_state(vm), state, f"then it is {state}")


with Daemon() as daemon:
    os.environ["SSL_CERT_FILE"] = daemon.certificate
    shared = daemon.login(USER, PASSWORD)
    demo = shared.VM.create({"name_label": "demo", "memory_static_max": str(64 << 20)})
    switch(shared, demo, daemon.http, "http")
    switch(shared, demo, daemon.https, "https")
    shared.VM.start(demo, False, False)
    is_(fence(daemon.http, "status", "--plug", "demo")[0], 0, "status of one that runs")
    ok(fence(daemon.http, "status", "--plug", "nobody")[0] not in (0, OFF), "no such VM")
    is_(fence(daemon.http, "list", password="x")[0], 1, "a wrong password")
done()
