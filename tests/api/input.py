#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""input.py – bad and odd input: refused by name, with nothing changed in memory or on the disk; or kept exactly."""
import json
import os
import sqlite3

from lib import xm
from lib.api import EMOJI, INT_MAX, INT_MIN, NOBODY
from lib.server import program
from lib.tap import done, has, is_, ok, skip_all
from lib.wire import Wire, post
from lib.world import MIB, World, answer

ORDER = "MEMORY_CONSTRAINT_VIOLATION_ORDER"


class Watch:
    """A VM of 64 ≤ 128 ≤ 256 ≤ 512 MiB, its record and its row."""

    def __init__(self, world):
        self.world = world
        self.vm = world.session.VM.create({
            "name_label": "watched", "memory_static_min": str(64 * MIB), "memory_dynamic_min": str(128 * MIB),
            "memory_dynamic_max": str(256 * MIB), "memory_static_max": str(512 * MIB),
            "VCPUs_max": "4", "VCPUs_at_startup": "2", "other_config": {"a": "b"}})
        self.before = self.now()

    def rows(self):
        """Everything on the disk but the counters' reserve, read as any other program may."""
        database = sqlite3.connect(f"file:{self.world.server.path('xenapid.db')}?mode=ro", uri=True)
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
        rows = {name: sorted(map(repr, database.execute(f'SELECT * FROM "{name}"'))) for name in names}
        database.close()
        return rows

    def now(self):
        return self.world.session.VM.get_all_records(), self.rows()

    def refused(self, want, description, *call):
        """The call fails with this code (and parameters), and leaves no trace."""
        got = answer(self.world.session.call, *call)
        want = want if isinstance(want, tuple) else (want,)
        is_(got and got[:len(want)], want, description)
        after = self.now()
        ok(after == self.before, f"{description}: record and row are untouched")
        return got or (None, "")


def test_integers(watch):
    vm = watch.vm
    for text in ("", " ", "lots", "12x", "1.5", "1e6", "0x", "½", "٣", "9223372036854775808", "-9223372036854775809", "9" * 400):
        got = watch.refused(("INVALID_VALUE",), f"integer {text[:24]!r}", "VM.set_memory_dynamic_max", vm, text)
        ok(got[1].startswith("value:") and got[2] == text, "the parameter is named, the value shown")
    for value in (str(INT_MIN), "-1", str(-256 * MIB)):
        for message in ("set_memory_static_min", "set_memory_dynamic_min", "set_memory_target", "set_memory_maximum", "set_memory"):
            watch.refused("INVALID_VALUE", f"{message} {value}", f"VM.{message}", vm, value)
    for message in ("set_memory_static_max", "set_memory_maximum"):
        watch.refused("INVALID_VALUE", f"{message}: more than any machine has", f"VM.{message}", vm, str(INT_MAX))
    watch.refused("INVALID_VALUE", "set_memory_limits: a negative one among them", "VM.set_memory_limits", vm, "-1", "9", "3", "5")
    for message in ("start_delay", "shutdown_delay", "order"):
        watch.refused("INVALID_VALUE", f"set_{message}: negative", f"VM.set_{message}", vm, "-1")
    for value in (" 7 ", "+7", "0x7", "007"):
        watch.world.session.VM.set_user_version(vm, value)
        is_(watch.world.session.VM.get_user_version(vm), "7", f"{value!r} is 7")
    records, rows = watch.now()
    ok(records != watch.before[0] and rows != watch.before[1], "what is accepted is seen in record and row")
    watch.before = records, rows


def test_vcpus(watch):
    vm = watch.vm
    beyond = str(10**6)
    for message in ("set_VCPUs_max", "set_VCPUs_number"):
        got = watch.refused("INVALID_VALUE", f"{message}: beyond the hypervisor", f"VM.{message}", vm, beyond)
        has(got[1], "the most that the hypervisor supports", "says so")
        is_(got[2], beyond, "and shows the value")
    for message, value in (("set_VCPUs_max", "1"), ("set_VCPUs_max", "0"), ("set_VCPUs_max", "-1"), ("set_VCPUs_at_startup", "5"),
                           ("set_VCPUs_at_startup", "0"), ("set_VCPUs_at_startup", str(INT_MIN)), ("set_VCPUs_number", "0"),
                           ("set_VCPUs_number", "-3")):
        got = watch.refused("INVALID_VALUE", f"{message} {value}", f"VM.{message}", vm, value)
        is_(got[2], value, "the value is shown")
    watch.refused("INVALID_VALUE", "create: vCPUs beyond the hypervisor", "VM.create", {"VCPUs_max": beyond})
    watch.refused("INVALID_VALUE", "create: no vCPUs", "VM.create", {"VCPUs_max": "0"})


def test_order(watch):
    """What each rule says: the four values that would be, the rule, and the number that would be accepted."""
    vm = watch.vm
    now = {"static_min": 64, "dynamic_min": 128, "dynamic_max": 256, "static_max": 512}
    cases = [
        ("set_memory_static_min", {"static_min": 129}, "memory_static_min ≤ memory_dynamic_min", "memory_static_min at most", 128),
        ("set_memory_dynamic_min", {"dynamic_min": 63}, "memory_static_min ≤ memory_dynamic_min", "memory_dynamic_min at least", 64),
        ("set_memory_dynamic_min", {"dynamic_min": 257}, "memory_dynamic_min ≤ memory_dynamic_max", "memory_dynamic_min at most", 256),
        ("set_memory_dynamic_max", {"dynamic_max": 127}, "memory_dynamic_min ≤ memory_dynamic_max", "memory_dynamic_max at least", 128),
        ("set_memory_dynamic_max", {"dynamic_max": 513}, "memory_dynamic_max ≤ memory_static_max", "memory_dynamic_max at most", 512),
        ("set_memory_static_max", {"static_max": 255}, "memory_dynamic_max ≤ memory_static_max", "memory_static_max at least", 256),
        ("set_memory_maximum", {"static_max": 100, "dynamic_max": 100}, "memory_dynamic_min ≤ memory_dynamic_max",
         "memory_dynamic_max at least", 128),
        ("set_memory_target", {"dynamic_min": 600, "dynamic_max": 600}, "memory_dynamic_max ≤ memory_static_max",
         "memory_dynamic_max at most", 512),
    ]
    for message, change, rule, accepted, number in cases:
        would_be = [str(v * MIB) for v in {**now, **change}.values()]
        value = str(next(iter(change.values())) * MIB)
        watch.refused((ORDER, *would_be, rule, f"{accepted} {number * MIB}"), f"{message} {change}", f"VM.{message}", vm, value)
    for message, values in (("set_memory_dynamic_range", (200, 150)), ("set_memory_static_range", (129, 512)),
                            ("set_memory_limits", (1, 4, 3, 2)), ("set_memory_limits", (2, 4, 1, 3)), ("set_memory", (63,))):
        got = watch.refused(ORDER, f"{message} {values}", f"VM.{message}", vm, *(str(v * MIB) for v in values))
        is_(len(got), 7, "with six parameters")
        # what is said to be accepted is accepted
    for message, change, _, accepted, number in cases:
        if len(change) > 1:
            continue
        name = next(iter(change))
        is_(answer(watch.world.session.call, f"VM.{message}", vm, str(number * MIB)), None, f"{accepted} {number} MiB: so it is")
        watch.world.session.call(f"VM.{message}", vm, str(now[name] * MIB))
    watch.before = watch.now()
    watch.refused(ORDER, "create in disorder", "VM.create", {"memory_dynamic_min": str(2 * MIB), "memory_static_max": str(MIB)})


def test_others(watch):
    vm = watch.vm
    got = watch.refused("INVALID_VALUE", "an unknown enum value", "VM.set_actions_after_reboot", vm, "explode")
    has(got[1], "destroy, restart", "says what is known")
    for text in ("Destroy", "destroy ", ""):
        watch.refused("INVALID_VALUE", f"enum value {text!r}", "VM.set_actions_after_reboot", vm, text)
    watch.refused("INVALID_VALUE", "an unknown operation in a map's key", "VM.set_blocked_operations", vm, {"explode": "no"})
    watch.refused("INVALID_VALUE", "create with an unknown enum value", "VM.create", {"actions_after_crash": "explode"})
    watch.refused("FIELD_TYPE_ERROR", "create with a number for a name", "VM.create", {"name_label": 7})
    watch.refused("FIELD_TYPE_ERROR", "create with a text for a map", "VM.create", {"other_config": "a"})
    for uuid in ("", "nonsense", NOBODY, "00000000-0000-4000-8000-00000000dead", "' OR 1=1 --"):
        watch.refused(("UUID_INVALID", "VM", uuid), f"uuid {uuid!r}", "VM.get_by_uuid", uuid)
    watch.refused(("UUID_INVALID", "VM", watch.vm), "a reference is no uuid", "VM.get_by_uuid", watch.vm)
    watch.refused(("HANDLE_INVALID", "VM", NOBODY), "a reference to nothing", "VM.set_name_label", NOBODY, "x")
    watch.refused(("HANDLE_INVALID", "host", NOBODY), "create with a reference to nothing", "VM.create", {"affinity": NOBODY})
    watch.refused(("HANDLE_INVALID", "SR", NOBODY), "create with one of a class that is not served", "VM.create", {"suspend_SR": NOBODY})


def raw(method, session, *values):
    """A call whose values are given as XML."""
    params = "".join(f"<param>{v}</param>" for v in (f"<value>{session}</value>", *values))
    return f'<?xml version="1.0"?><methodCall><methodName>{method}</methodName><params>{params}</params></methodCall>'.encode()


def test_elements(watch):
    """What no client library would send."""
    session, vm = watch.world.session.ref, f"<value>{watch.vm}</value>"
    cases = [
        ("VM.set_memory_dynamic_max", "<value><int>ten</int></value>", "INVALID_VALUE"),
        ("VM.set_memory_dynamic_max", "<value><int>9223372036854775808</int></value>", "INVALID_VALUE"),
        ("VM.set_memory_dynamic_max", "<value><i4></i4></value>", "INVALID_VALUE"),
        ("VM.set_memory_dynamic_max", "<value><i8>-99999999999999999999</i8></value>", "INVALID_VALUE"),
        ("VM.set_memory_dynamic_max", "<value><double>1.5</double></value>", "FIELD_TYPE_ERROR"),
        ("VM.set_memory_dynamic_max", "<value><nil/></value>", "FIELD_TYPE_ERROR"),
        ("VM.set_is_a_template", "<value><boolean>2</boolean></value>", "FIELD_TYPE_ERROR"),
        ("VM.set_is_a_template", "<value><boolean>true</boolean></value>", "FIELD_TYPE_ERROR"),
        ("VM.set_name_label", "<value><dateTime.iso8601>yesterday</dateTime.iso8601></value>", "FIELD_TYPE_ERROR"),
        *(("VM.set_HVM_shadow_multiplier", f"<value>{x}</value>", "INVALID_VALUE")
          for text in ("nan", "NaN", "inf", "-inf", "infinity", "1e999", "0.5", "-1", "")
          for x in (f"<double>{text}</double>", text)),
    ]
    with Wire(watch.world.server.port) as wire:
        for method, value, code in cases:
            reply = wire.ask(post(raw(method, session, vm, value)))
            is_((reply.status, f"<value>{code}</value>" in reply.text), (200, True), f"{method} {value}") or print("#", reply.text[:300])
        reply = wire.ask(post(raw("VM.create", session, "<value><struct><member><name>snapshot_time</name><value><dateTime.iso8601>"
                                  "111T0:0:0</dateTime.iso8601></value></member><member><name>VCPUs_max</name><value>x</value>"
                                  "</member></struct></value>")))
        has(reply.text, "INVALID_VALUE</value><value>VCPUs_max", "a malformed date where it is not looked at: the next fault is named")
    ok(watch.now() == watch.before, "none of them has changed anything")


def test_no_calls(watch):
    """What is no call: an HTTP error, the connection is closed, and the server is well."""
    session = watch.world.session.ref
    deep = "<value><array><data>" * 2000 + "</data></array></value>" * 2000
    twice = "<value><struct>" + "<member><name>name_label</name><value>a</value></member>" * 2 + "</struct></value>"
    good = raw("VM.get_all", session)
    entity = b'<!DOCTYPE a [<!ENTITY x "y">]>'
    bomb = b'<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;">]>'
    cases = [
        ("nothing", b""), ("no XML", b"hello"), ("HTML", b"<html><body/></html>"), ("JSON", b'{"method": "VM.get_all"}'),
        ("cut off", good[:-5]), ("two documents", good + good), ("a NUL", good.replace(b"VM.get_all", b"VM.get\0all")),
        ("a DOCTYPE", good.replace(b"<methodCall>", entity + b"<methodCall>")),
        ("an entity", good.replace(b"<methodCall>", bomb + b"<methodCall>").replace(b"</params>", b"<param><value>&y;</value></param></params>")),
        ("an external entity", good.replace(b"<methodCall>", b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><methodCall>')),
        ("an undefined entity", raw("VM.get_by_uuid", session, "<value>&nbsp;</value>")),
        ("too deep", raw("VM.create", session, deep)), ("a member twice", raw("VM.create", session, twice)),
        ("not UTF-8", raw("VM.get_by_name_label", session, "<value>@</value>").replace(b"@", b"\xff\xfe")),
        ("half a surrogate", raw("VM.get_by_name_label", session, "<value>@</value>").replace(b"@", b"\xed\xa0\x80")),
        ("Latin-1", good.replace(b'version="1.0"', b'version="1.0" encoding="ISO-8859-1"')),
        ("UTF-16", good.decode().replace('version="1.0"', 'version="1.0" encoding="UTF-16"').encode("utf-16")),
        ("a control character", raw("VM.set_name_label", session, f"<value>{watch.vm}</value>", "<value>a&#1;b</value>")),
        ("a NUL as an entity", raw("VM.set_name_label", session, f"<value>{watch.vm}</value>", "<value>a&#0;b</value>")),
        ("too many values", raw("VM.create", session, "<value><array><data>" + "<value/>" * 400_000 + "</data></array></value>")),
        ("too large", raw("VM.create", session, f"<value>{'x' * (5 << 20)}</value>")),
    ]
    for what, body in cases:
        with Wire(watch.world.server.port) as wire:
            try:
                reply = wire.ask(post(body))
            except (BrokenPipeError, ConnectionResetError):
                reply = wire.reply()
            status = reply.status if reply else None
            ok(status and 400 <= status < 500, f"{what}: {status}")
            ok(wire.is_closed(), f"{what}: the connection is closed")
    with Wire(watch.world.server.port) as wire:
        is_(wire.ask(post(good)).status, 200, "and the server is well")
    ok(watch.now() == watch.before, "none of them has changed anything")


def test_names(watch):
    """Odd but fine: what was sent comes back."""
    session = watch.world.session
    vm = session.VM.create({"name_label": EMOJI})
    for name in (EMOJI, "two\nlines", "tab\there", " ", "\U0010ffff\u00a0\u200b\u202e", "a" * 1_000_000, "e\u0301 \u00e9", "\x7f\x85"):
        session.VM.set_name_label(vm, name)
        is_((session.VM.get_name_label(vm) == name, session.VM.get_record(vm)["name_label"] == name,
             session.VM.get_by_name_label(name)), (True, True, [vm]), f"a name of {len(name)}: {name[:16]!r}")
    with Wire(watch.world.server.port) as wire:
        wire.ask(post(raw("VM.set_name_label", session.ref, f"<value>{vm}</value>", "<value>a&#13;&#10;b</value>")))
        reply = wire.ask(post(raw("VM.get_name_label", session.ref, f"<value>{vm}</value>")))
        has(reply.text, "<value>a&#13;", "a carriage return comes back as one")
    session.VM.set_name_label(vm, EMOJI)
    if xm.program():
        status, out, err = xm.run("list", "--json", server=watch.world.server.unix)
        ok(status == 0 and EMOJI in json.dumps(json.loads(out), ensure_ascii=False), "xm list --json shows the emoji") or print("#", err)
    watch.world.crash()
    is_(watch.world.session.VM.get_name_label(vm), EMOJI, "and it is there after a crash")


def main():
    if not program():
        skip_all("XENAPID names no program")
    with World() as world:
        watch = Watch(world)
        ok(os.path.getsize(world.server.path("xenapid.db")), "there is a database")
        test_integers(watch)
        test_vcpus(watch)
        test_order(watch)
        test_others(watch)
        test_elements(watch)
        test_no_calls(watch)
        test_names(watch)
    done()


main()
