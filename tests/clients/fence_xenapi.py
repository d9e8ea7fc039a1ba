#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""fence_xenapi.py – the agent of Debian's fence-agents switches a VM on and off."""
import subprocess

from lib.server import Server
from lib.tap import diag, done, has, is_, ok

OFF = 2  # the exit status of fence agents


def fence(server, action, *options, password="secret"):
    ran = subprocess.run(["/usr/sbin/fence_xenapi", "-o", action, "--session-url", server.http, "--username", "root",
                          "--password", password, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, timeout=120)
    diag(ran.stdout)
    return ran.returncode, ran.stdout


with Server(users={"root": "secret"}, settings={"login-delay": "1ms"}) as daemon:
    session = daemon.login("root", "secret")
    vm = session.VM.create({"name_label": "demo", "memory_static_max": str(64 << 20)})
    uuid = session.VM.get_uuid(vm)
    status, text = fence(daemon, "list")
    is_(status, 0, "list")
    has(text, f"{uuid},demo", "names the VM")
    ok("Domain-0" not in text, "and not the control domain")
    is_(fence(daemon, "status", "--plug", "demo")[0], OFF, "status of a VM that is off")
    for action, state in (("on", "Running"), ("reboot", "Running"), ("off", "Halted")):
        is_(fence(daemon, action, "--plug", "demo")[0], 0, action)
        is_(session.VM.get_power_state(vm), state, f"then it is {state}")
    session.VM.start(vm, False, False)
    is_(fence(daemon, "status", "--plug", "demo")[0], 0, "status of one that runs")
    ok(fence(daemon, "status", "--plug", "nobody")[0] not in (0, OFF), "no such VM")
    is_(fence(daemon, "list", password="x")[0], 1, "a wrong password")
done()
