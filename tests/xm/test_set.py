#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_set.py – xm set and xm pending, with a real daemon: what is typed, what is said, and the mark in xm list."""
from lib import xm
from lib.host import GIB, MIB, Host
from lib.server import program
from lib.tap import done, has, is_, ok, skip_all


def call(host, *arguments):
    return xm.run(*arguments, server=host.server.http)


def test_halted(host):
    vm = host.add(name_label="db", other_config={"old": "1"})
    is_(call(host, "set", "db", "VCPUs_max=8", "VCPUs_at_startup=6", "memory_static_max=1g", "other_config.owner=anna=x",
             "other_config.old-", "tags=a,b", "auto_power_on=yes"),
        (0, 'db: VCPUs_at_startup 2 -> 6\ndb: VCPUs_max 4 -> 8\ndb: auto_power_on false -> true\n'
            'db: memory_static_max 512 MiB -> 1024 MiB\n'
            'db: other_config.old 1 -> (none)\ndb: other_config.auto_poweron (none) -> true\ndb: other_config.owner (none) -> anna=x\ndb: tags [] -> ["a","b"]\n', ""),
        "fields in one change, each with what it was")
    record = host.record(vm)
    is_((record["VCPUs_max"], record["memory_static_max"], record["tags"], record["auto_power_on"], record["other_config"].get("owner")),
        ("8", str(GIB), ["a", "b"], True, "anna=x"), "and so they are")
    is_(call(host, "set", "-n", "db", "name_label=never"), (0, "db: name_label db -> never\n", ""), "a dry run says the same")
    is_(host.record(vm), record, "and changes nothing")
    status, out, err = call(host, "set", "db", "memory_dynamic_max=5g", "name_label=never")
    is_((status, out), (1, ""), "what is refused is refused as a whole")
    has(err, "MEMORY_CONSTRAINT_VIOLATION_ORDER", "and says why")
    is_(host.record(vm), record, "with nothing changed")
    for argument, words in (("nonsense=1", "no such field"), ("VCPUs_max", "it has no value"), ("memory_target=x", "memory is a whole number"),
                            ("auto_power_on=maybe", "true or false"), ("other_config=x", "FIELD.KEY=VALUE"), ("other_config.x", "removes a key"),
                            ("other_config.-", "cannot be empty"), ("other_config.=x", "cannot be empty"), ("=", "no such field")):
        status, out, err = call(host, "set", "db", argument)
        ok((status, out) == (2, "") and words in err, f"{argument} is misuse")
    has(call(host, "set", "db", "VCPUs_max=2", "VCPUs_max=3")[2], "it is there twice", "a field is set once")
    is_(call(host, "set", "db", "VCPUs_max=x")[0], 1, "numbers are judged by the server")
    is_(call(host, "pending", "db"), (0, HEAD, ""), "nothing waits for one that is off")
    host.remove(vm)


HEAD = f"{'Name':24} {'Field':22} {'Running':14} {'Next start':14} By\n"


def row(field, running, following, who="root"):
    return f"{'web':24} {field:22} {running:14} {following:14} {who}\n"


def test_running(host):
    vm = host.add("Running", name_label="web")
    is_(call(host, "set", "web", "VCPUs_max=8", "memory_target=300"),
        (0, "web: VCPUs_max 4 -> 8 (with the next start)\nweb: memory_target 0 MiB -> 300 MiB\n", ""), "what waits is said")
    is_((host.record(vm)["VCPUs_max"], host.domain(vm)["memory_target"]), ("4", 300 * MIB), "the rest is live")
    ok(call(host, "list", "web")[1].endswith(" *\n"), "xm list has a mark")
    is_(call(host, "pending"), (0, HEAD + row("VCPUs_max", "4", "8"), ""), "xm pending shows it")
    status, out, err = call(host, "set", "--now", "web", "VCPUs_max=16")
    is_((status, out), (1, ""), "--now refuses what cannot be")
    has(err, "web is Running", "as ever")
    call(host, "set", "--next-boot", "web", "memory_target=350")
    is_((host.domain(vm)["memory_target"], call(host, "pending", "web")[1]),
        (300 * MIB, HEAD + row("VCPUs_max", "4", "8") + row("memory_target", "300 MiB", "350 MiB")), "--next-boot leaves the domain alone")
    is_(call(host, "pending", "--drop", "web", "VCPUs_max"), (0, "", ""), "--drop takes back a field")
    is_(call(host, "pending", "web")[1], HEAD + row("memory_target", "300 MiB", "350 MiB"), "and only that")
    is_(call(host, "pending", "--drop")[0], 2, "of a domain that is named")
    is_(call(host, "pending", "--drop", "web"), (0, "", ""), "or all")
    is_((call(host, "pending")[1], call(host, "list", "web")[1].endswith(" *\n")), (HEAD, False), "nothing is left")
    host.remove(vm)


if not program() or not xm.program():
    skip_all("no xenapid or xm to test (XENAPID, XM)")
with Host(metrics_interval="24h") as running:
    test_halted(running)
    test_running(running)
done()
