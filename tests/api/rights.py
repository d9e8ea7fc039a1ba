#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""rights.py – every message, every field and every class with every role: what the tables say, in both languages, by itself, as a
task, as a plan and as a part of an update."""
from lib.api import NOBODY, NULL_REF, Api, nowhere, samples
from lib.jsonrpc import JsonSession
from lib.server import program
from lib.tap import diag, done, is_, ok, skip_all
from lib.world import World, answer

ROLES = ["read-only", "vm-operator", "vm-admin", "vm-power-admin", "pool-operator", "pool-admin"]
USERS = {"root": "", "anna": "a"}
DENIED = "the roles of this session do not permit it"
# Would end the test or wait for ever: the list of permissions tells of them.
FINAL = ("session.logout", "host.shutdown_agent", "event.next")


class Anna:
    """One account with one role at a time, and sessions in both languages."""

    def __init__(self, world):
        self.world = world
        self.subject = world.session.subject.create({"subject_identifier": "anna"})
        self.roles = {r: world.session.role.get_by_name_label(r)[0] for r in ROLES}
        self.take("read-only")
        self.xml, self.json = world.server.login("anna", "a"), JsonSession(world.server, "anna", "a")
        self.task = self.xml.task.create("anna's", "")  # others' are another matter: roles.py

    def take(self, name):
        session = self.world.session
        session.subject.add_to_roles(self.subject, self.roles[name])
        for ref in session.subject.get_roles(self.subject):
            if ref != self.roles[name]:
                session.subject.remove_from_roles(self.subject, ref)


def denial(call, name, *arguments):
    """The permission that is missing; None: it is not refused for the role."""
    got = answer(call, name, *arguments) or ("",)
    return got[1] if got[0] == "RBAC_PERMISSION_DENIED" and got[2] == DENIED else None


def spellings(anna, message):
    json = anna.json.call
    if any(p.type.kind == "datetime" for p in message.parameters):
        json = anna.xml.call  # Python's JSON knows no dates
    yield anna.xml.call, message.name
    yield json, message.name
    yield anna.xml.call, "Plan." + message.name
    if message.is_async:
        yield json, "Async." + message.name


def test_messages(anna, api):
    for number, name in enumerate(ROLES):
        anna.take(name)
        permitted = set(anna.xml.session.get_rbac_permissions(anna.xml.ref))
        wrong, count = [], 0
        for message in (m for m in api.messages if m.needs_session):
            may = ROLES.index(message.role) <= number
            if (message.name.lower() in permitted) != may:
                wrong.append(("listed", message.name))
            for call, spelling in spellings(anna, message):
                if may and (message.name in FINAL or (spelling.startswith("Async.") and NOBODY not in nowhere(message))):
                    continue
                expected = None if may else message.name.lower()
                got = denial(call, spelling, *nowhere(message))
                if got != expected and not (spelling.startswith("Plan.") and is_unknown(anna, spelling)):
                    wrong.append((spelling, got, expected))
                count += 1
        if not ok(not wrong, f"{name}: {count} calls are permitted or denied as the table says"):
            diag(wrong[:20])


def is_unknown(anna, name):
    """There is no such plan."""
    return (answer(anna.world.session.call, name) or ("",))[0] == "MESSAGE_METHOD_UNKNOWN"


def updates(world, anna, api):
    """(message, setter, field, object) of each field that an update takes."""
    for cls in api.classes:
        names = {m.short_name: m for m in cls.messages}
        message = names.get("update_fields") or names.get("update")
        if not message or not cls.has_objects:
            continue
        ref = {"VM": world.halted, "task": anna.task}.get(cls.name) or world.refs(cls.name)[0]
        for field in cls.fields:
            setter = names.get("set_" + field.short_name)
            if setter and len(setter.parameters) == 2:
                yield message, setter, field, ref


def value_of(world, field, ref):
    value = world.session.call(f"{field.cls}.get_record", ref)[field.short_name]
    return next(iter(samples(field.type))) if value == NULL_REF else value


def taken_by_update(world, anna, api):
    """Those fields with a value each, without what is set only by itself."""
    for message, setter, field, ref in updates(world, anna, api):
        value = value_of(world, field, ref)
        got = answer(world.session.call, message.name, ref, {field.short_name: value}, {"dry_run": True}) or ("",)
        if got[0] != "VALUE_NOT_SUPPORTED":
            yield message, setter, field, ref, value


def test_updates(world, anna, api):
    rows = list(taken_by_update(world, anna, api))
    ok(len(rows) > 80, f"{len(rows)} fields of {len({r[0].cls for r in rows})} classes are set by update")
    for number, name in enumerate(ROLES):
        anna.take(name)
        wrong = []
        for message, setter, field, ref, value in rows:
            expected = next((m.name.lower() for m in (message, setter) if ROLES.index(m.role) > number), None)
            own = {"tags": []} if message.cls == "VM" and number else {}  # something else that it may
            for call in (anna.xml.call, anna.json.call):
                for prefix in ("",) if message.cls == "session" else ("", "Plan."):
                    got = denial(call, prefix + message.name, ref, own | {field.short_name: value}, {"dry_run": True})
                    wrong += [(prefix + message.name, field.name, got, expected)] if got != expected else []
        is_(wrong, [], f"{name}: each field of an update wants the role of its setter")


def test_keys(world, anna, api):
    """Keys that may be set with less than the map: one by one, in an update, and by undoing that."""
    keys = [(f, key, role) for c in api.classes for f in c.fields for key, role in f.key_roles.items()]
    least = {m.name: m.role for m in api.messages}
    is_({k for f, k, _ in keys if f.cls == "pool"}, {"folder", "XenCenter.CustomFields.*", "EMPTY_FOLDERS"}, "the keys of the pool")
    for name in ROLES[:5]:
        anna.take(name)
        wrong = []
        for field, pattern, role in keys:
            cls, ref, key = field.cls, world.refs(field.cls)[0], pattern.replace("*", "mine")
            update = f"{cls}.update_fields" if f"{cls}.update_fields" in least else f"{cls}.update"
            of_map = least[f"{cls}.set_{field.short_name}"]
            for at, may in ((key, role), (pattern.rstrip("*") + "/", of_map if "*" not in pattern else role), (pattern.rstrip("*")[:-1], of_map),
                            ("x" + key, of_map), (key.swapcase(), of_map)):
                allowed = ROLES.index(name) >= ROLES.index(may)
                suffix = f"/key:{pattern}".lower() if may == role else ""
                for verb, arguments in (("remove_from", (at,)), ("add_to", (at, "v"))):
                    message = f"{cls}.{verb}_{field.short_name}"
                    got = denial(anna.xml.call, message, ref, *arguments)
                    wrong += [(message, at, got)] if got != (None if allowed else message.lower() + suffix) else []
                for value in ("w", None):
                    got = denial(anna.xml.call, update, ref, {f"{field.short_name}:{at}": value})
                    wrong += [(update, at, value, got)] if (got is None) != allowed else []
            whole = denial(anna.xml.call, f"{cls}.set_{field.short_name}", ref, {key: "v"})
            wrong += [("set", cls, whole)] if (whole is None) != (ROLES.index(name) >= ROLES.index(of_map)) else []
        is_(wrong, [], f"{name}: keys")


def test_undo(world, anna):
    """An undo wants what the update would want that it is."""
    session, vm = world.session, world.halted
    revisions = {}
    for name, fields in (("key", {"other_config:folder": "/a"}), ("other key", {"other_config:owner": "x"}), ("name", {"name_label": "new"})):
        revisions[name] = session.VM.update(vm, fields)["revision"]
    anna.take("vm-operator")
    is_([denial(anna.xml.call, "VM.undo", vm, revisions[name]) for name in ("other key", "name", "key")],
        ["vm.set_other_config", "vm.set_name_label", None], "an undo by a vm-operator")
    anna.take("read-only")
    is_(denial(anna.xml.call, "VM.undo", vm, revisions["name"]), "vm.undo", "and by a reader")
    is_(session.VM.get_name_label(vm), "new", "what was refused is as it was")


def visible(anna, cls):
    return ROLES.index(next(m for m in cls.messages if m.short_name == "get_record").role)


def test_sight(world, anna, api):
    """Records in lists, in events and in what is counted."""
    listed = [c for c in api.classes if c.is_listed]
    everything = {f"{c.name.lower()}/{ref}" for c in listed for ref in world.refs(c.name)}
    for number, name in enumerate(ROLES):
        anna.take(name)
        hidden = {c.name.lower() for c in listed if visible(anna, c) > number}
        reply = anna.xml.event.__getattr__("from")(["*"], "", 0.0)
        seen = {f"{e['class']}/{e['ref']}" for e in reply["events"]}
        is_({s for s in everything if s.split("/")[0] not in hidden} - seen, set(), f"{name}: what it may see is in the events")
        is_({e["class"] for e in reply["events"]} & (hidden | {"session"}), set(), f"{name}: and nothing else")
        is_(set(reply["valid_ref_counts"]) & hidden, set(), f"{name}: nor counted")
        named = [f"{cls}/{ref}" for cls in hidden | {"session"} for ref in (world.session.ref, "x")]
        is_(anna.xml.event.__getattr__("from")(named + sorted(hidden), "", 0.0)["events"], [], f"{name}: nor by their names")
        wrong = []
        for cls in listed:
            for message in (m for m in cls.messages if m.short_name.startswith("get_all") or m.short_name in ("history", "record_at")):
                got = denial(anna.json.call, message.name, *nowhere(message))
                wrong += [message.name] if (got is None) != (visible(anna, cls) <= number) else []
        is_(wrong, [], f"{name}: lists and histories likewise")


def test_errors(world, anna):
    """What may not be changed is not looked at: a denial does not tell whether there is such an object."""
    anna.take("read-only")
    is_([answer(anna.xml.VM.destroy, ref) for ref in (world.halted, NOBODY)], [("RBAC_PERMISSION_DENIED", "vm.destroy", DENIED)] * 2,
        "an object that there is and one that there is not")


def main():
    if not program():
        skip_all("XENAPID names no program")
    api = Api()
    with World(users=USERS, login_delay="1ms") as world:
        world.server.write_users(USERS, subjects=("anna",))
        anna = Anna(world)
        test_messages(anna, api)
        test_updates(world, anna, api)
        test_keys(world, anna, api)
        test_undo(world, anna)
        test_sight(world, anna, api)
        test_errors(world, anna)
        anna.json.wire.close()
    done()


main()
