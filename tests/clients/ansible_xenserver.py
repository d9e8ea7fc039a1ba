#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ansible_xenserver.py – Ansible's xenserver_guest modules: facts, a VM reconfigured while it is off, started, shut down, deleted.

make check-clients has laid the modules of Debian's package ansible into a folder, without the other 250 MB of it.
"""
import json
import os
import subprocess
import tempfile

from clients.daemon import PASSWORD, USER, Daemon
from lib.tap import diag, done, has, is_, ok

FOLDER = os.environ["XENAPID_ANSIBLE_FOLDER"]
MIB = 1 << 20


def play(address, *tasks):
    """The results of (module, arguments) one after the other, in one run."""
    signed = {"hostname": address, "username": USER, "password": PASSWORD}
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": [
        {"name": module, f"community.general.xenserver_{module}": {**signed, **arguments}, "ignore_errors": True}
        for module, arguments in tasks]}]
    with tempfile.TemporaryDirectory() as home:
        with open(os.path.join(home, "play.json"), "w", encoding="utf-8") as file:
            json.dump(plays, file)
        environment = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=FOLDER, ANSIBLE_HOME=home, ANSIBLE_STDOUT_CALLBACK="ansible.posix.json",
                           ANSIBLE_LOCALHOST_WARNING="False", ANSIBLE_INVENTORY_UNPARSED_WARNING="False",
                           ANSIBLE_PYTHON_INTERPRETER="/usr/bin/python3", PYTHONPATH="/usr/share/fence")
        ran = subprocess.run(["/usr/bin/ansible-playbook", "-c", "local", os.path.join(home, "play.json")], env=environment,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=200, check=False)
    if ran.stderr:
        diag(ran.stderr)
    try:
        done_ = json.loads(ran.stdout)["plays"][0]["tasks"]
    except ValueError:
        diag(ran.stdout)
        raise
    return [task["hosts"]["localhost"] for task in done_]


def live(session, address, name):
    vm = session.VM.create({"name_label": "demo", "memory_static_max": str(256 * MIB), "VCPUs_max": "2"})
    network = session.network.get_name_label(session.network.get_all()[0])
    info, changed, again, started, refused, stopped, gone, none = play(
        address, ("guest_info", {"name": "demo"}),
        ("guest", {"name": "demo", "name_desc": "by Ansible", "hardware": {"num_cpus": 3, "memory_mb": 128},
                   "networks": [{"name": network}]}),
        ("guest", {"name": "demo", "hardware": {"num_cpus": 3, "memory_mb": 128}}),
        ("guest_powerstate", {"name": "demo", "state": "powered-on"}),
        ("guest", {"name": "demo", "hardware": {"num_cpus": 4}}),
        ("guest_powerstate", {"name": "demo", "state": "shutdown-guest", "wait_for_ip_address": False}),
        ("guest", {"name": "demo", "state": "absent", "force": True}),
        ("guest_info", {"name": "demo"}))
    is_((info.get("instance", {}).get("state"), info.get("instance", {}).get("hardware", {}).get("memory_mb")), ("poweredoff", 256),
        f"{name}: facts of a VM")
    is_((changed["changed"], changed.get("failed", False)), (True, False), f"{name}: a VM that is off is changed")
    instance = changed["instance"]
    is_((instance["hardware"]["num_cpus"], instance["hardware"]["memory_mb"], instance["name_desc"], len(instance["networks"])),
        (3, 128, "by Ansible", 1), "vCPUs, memory, description, an interface")
    is_(again["changed"], False, "the same again changes nothing")
    is_((started["changed"], started["instance"]["state"]), (True, "poweredon"), "it is started")
    ok(refused.get("failed"), "what only a VM that is off can have is refused")
    has(refused["msg"], "has to be in powered off state", "and says so")
    is_((stopped["changed"], stopped["instance"]["state"]), (True, "poweredoff"), "its guest is shut down")
    is_((gone["changed"], session.VM.get_by_name_label("demo")), (True, []), "it is deleted")
    ok(none.get("failed"), "and is not found any more")
    is_(vm in session.VM.get_all(), False, "by nobody")


with Daemon() as server:
    os.environ["SSL_CERT_FILE"] = server.certificate
    shared = server.login(USER, PASSWORD)
    live(shared, server.http, "http")
    live(shared, server.https, "https")
    wrong = play(server.http, ("guest_info", {"name": "demo", "password": "x"}))[0]
    ok(wrong.get("failed"), "a wrong password")
    has(wrong["msg"], "SESSION_AUTHENTICATION_FAILED", "and its code")
done()
