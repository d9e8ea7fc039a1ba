#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_history.py – xm history, diff and undo, with a real daemon."""
import re

from lib import xm
from lib.host import GIB, Host
from lib.server import program
from lib.tap import done, has, is_, skip_all


def call(host, *arguments):
    return xm.run(*arguments, server=host.server.http)


def shown(host, *words):
    """Its lines, without revision and time."""
    status, out, err = call(host, *words)
    is_((status, err), (0, ""), f"xm {' '.join(words)}")
    return [re.sub(r"^\d+ +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  (\S+) +", r"\1 ", line) for line in out.splitlines()]


def newest(host, ref):
    return host.session.VM.history(ref, {"limit": "1"})[0]["revision"]


def test_changes(host):
    vm = host.add(name_label="db")
    made = newest(host, vm)
    call(host, "set", "db", "memory_static_max=1g", "other_config.owner=anna")
    resized = newest(host, vm)
    call(host, "rename", "db", "web")
    who = "root@127.0.0.1"
    lines = shown(host, "history", "web")
    is_([line for line in lines if line.startswith(who)], [f"{who} VM.create", f"{who} VM.update", f"{who} VM.set_name_label"], "who did what")
    is_(lines[-2:], [f"{who} VM.set_name_label", "    name_label db -> web"], "the newest last, old and new value")
    for line in ("    memory_static_max 512 MiB -> 1024 MiB", "    other_config.owner (none) -> anna", "    name_label db"):
        is_(line in lines, True, line.strip())
    is_(call(host, "diff", "web"), (0, "name_label db -> web\n", ""), "diff: the last change")
    is_(call(host, "diff", "web", resized), (0, "name_label db -> web\n", ""), "since a revision")
    has(call(host, "diff", "web", made, resized)[1], "memory_static_max 512 MiB -> 1024 MiB\nother_config.owner (none) -> anna\n", "between two")
    is_(call(host, "undo", "-n", "web", newest(host, vm)), (0, "name_label web -> db\n", ""), "undo: a plan")
    is_(host.record(vm)["name_label"], "web", "that does nothing")
    status, out, err = call(host, "undo", "web", resized)
    has(out, "memory_static_max 1024 MiB -> 512 MiB\n", "what is undone")
    is_((status, host.record(vm)["memory_static_max"] == str(GIB)), (0, False), "and is so")
    status, out, err = call(host, "undo", "web", made)
    is_((status, out), (1, ""), "what cannot be undone")
    has(err, "VM.destroy deletes it", "says why")
    err = call(host, "undo", "web", "1")[2]
    is_((" changed nothing of VM web; " in err, "OpaqueRef" in err), (True, False), "with its name, not its reference")
    for words in (("undo", "web", "x"), ("undo", "web", "0"), ("diff", "web", "-1")):
        is_(call(host, *words)[0], 2, f"{words}: misuse")
    return vm


def test_deleted(host, vm):
    uuid = host.record(vm)["uuid"]
    call(host, "delete", "web")
    lines = shown(host, "history")
    hint = next(line for line in lines if "makes it again" in line)
    has(hint, f"xm undo {vm} ", "history of all: what was deleted, and how to have it back")
    is_(shown(host, "history", vm)[-1], hint, "by its reference")
    is_(call(host, *hint.split("xm ")[1].split(" makes")[0].split()), (0, "", ""), "that is what to type")
    is_([r["uuid"] for r in host.session.VM.get_all_records().values() if r["name_label"] == "web"], [uuid], "there it is")


if not program() or not xm.program():
    skip_all("no xenapid or xm to test (XENAPID, XM)")
with Host(metrics_interval="24h") as running:
    test_deleted(running, test_changes(running))
done()
