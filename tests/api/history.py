#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""history.py – who changed what, what a record was like, and what can be undone."""
import json
import random
import sqlite3

from lib.api import Api
from lib.server import Server
from lib.settable import targets, values_of
from lib.tap import diag, done, has, is_, ok
from lib.world import MIB, World, answer

SEED = 2008
DENIED = "the roles of this session do not permit it"
HISTORIES = {message.cls for message in Api().messages if message.short_name == "undo"}


def changes(session, vm, **options):
    """[kind, user, call, {field: [old, new]}] of a VM, newest first."""
    return [[e["kind"], e["user"], e["call"], json.loads(e["fields"])] for e in session.VM.history(vm, options)]


def test_entries(server):
    session = server.login()
    vm = session.VM.create({"name_label": "a", "memory_static_max": str(256 * MIB)})
    other = session.VM.create({"name_label": "other", "memory_static_max": str(256 * MIB)})
    session.VM.set_name_label(vm, "b")
    session.VM.set_name_label(other, "c")
    session.VM.set_name_label(vm, "b")
    session.VM.add_to_other_config(vm, "vnc_password", "hidden")
    entries = session.VM.history(vm)
    is_([(e["kind"], e["call"]) for e in entries],
        [("changed", "VM.add_to_other_config"), ("changed", "VM.set_name_label"), ("created", "VM.create")],
        "an entry for each change of the object, newest first")
    is_({(e["user"], e["address"], e["class"], e["ref"]) for e in entries}, {("root", "127.0.0.1", "VM", vm)}, "who, from where, of what")
    is_(json.loads(entries[1]["fields"]), {"name_label": ["a", "b"]}, "the field, its old and new value")
    is_(json.loads(entries[2]["fields"])["name_label"], ["a"], "what it was made with")
    ok("hidden" not in entries[0]["fields"] and "(secret)" in entries[0]["fields"], "a password does not enter it")
    is_(len(session.VM.history(session.VM.get_uuid(vm))), 3, "by its uuid, too")
    server.crash()
    session = server.login()
    session.VM.set_memory_limits(vm, "0", str(512 * MIB), str(128 * MIB), str(512 * MIB))
    fields = changes(session, vm, limit=1)[0][3]
    is_(fields["memory_static_max"], [256 * MIB, 512 * MIB], "over a crash of the daemon; all fields of one change")
    is_(session.VM.history(vm, {"until": entries[1]["revision"]}), entries[1:], "until a revision")
    is_(session.VM.history(vm, {"user": "nobody"}), [], "of a user")
    is_(session.VM.history(vm, {"since": "20300101T00:00:00Z"}), [], "since a date")
    is_({e["ref"] for e in session.VM.history("")}, {vm, other} | {e["ref"] for e in session.VM.history("")}, "of all VMs")
    for options, parameter in (({"limit": "0"}, "limit: 1 to 10000"), ({"limit": "10001"}, "limit: 1 to 10000"),
                               ({"colour": "red"}, "options: limit, until, since, user")):
        code, *parameters = answer(session.VM.history, vm, options)
        is_((code, parameters[0]), ("INVALID_VALUE", parameter), f"{options}: refused")
    is_(session.VM.history("OpaqueRef:never"), [], "nothing of one that never was")
    server.close()


def test_actors(world):
    session = world.session
    task = session.call("Async.VM.clone", world.halted, "copy")
    while session.task.get_status(task) == "pending":
        pass
    copy = session.VM.get_by_name_label("copy")[0]
    entry = session.VM.history(copy)[-1]
    is_((entry["user"], entry["call"], entry["task"]), ("root", "VM.clone", task), "the task of an Async call")
    session.VM.set_memory_dynamic_range(world.running, str(128 * MIB), str(200 * MIB))
    newest = next(e for e in session.VM.history(world.running) if "memory_dynamic_max" in e["fields"])
    is_((newest["user"], newest["call"]), ("root", "VM.set_memory_dynamic_range"), "a live change is the caller's")
    has(session.VM.history(copy, {"limit": 1})[0]["fields"], "{", "as JSON")


def random_changes(world, rng, count):
    """(cls, ref, revision, record before, record after) of changes by setters."""
    made = []
    candidates = [(field, ref) for field, ref in targets(world) if field.cls in HISTORIES]
    while len(made) < count:
        field, ref = rng.choice(candidates)
        get = f"{field.cls}.get_record"
        before = world.session.call(get, ref)
        if answer(world.session.call, f"{field.cls}.set_{field.short_name}", ref, rng.choice(values_of(world, field))):
            continue
        after = world.session.call(get, ref)
        if before != after:
            made.append((field.cls, ref, world.session.call(f"{field.cls}.history", ref, {"limit": 1})[0], before, after))
    return made


def differences(one, other):
    return {name: (one[name], other[name]) for name in one if one[name] != other[name]}


def test_undo_each(world):
    """Each change of a random run, undone at once, leaves the record as it was."""
    rng = random.Random(SEED)
    diag(f"seed {SEED}")
    wrong, told, undone = [], set(), 0
    for _ in range(150):
        cls, ref, entry, before, _ = random_changes(world, rng, 1)[0]
        refused = answer(world.session.call, f"{cls}.undo", ref, entry["revision"])
        now = world.session.call(f"{cls}.get_record", ref)
        if refused:
            told.add(refused[-1])
        elif set(differences(before, now)) - {"MAC_autogenerated"}:  # the old one is named now
            wrong.append((cls, entry["fields"], differences(before, now)))
        else:
            undone += 1
    is_(wrong, [], "what is undone is as it was")
    ok(undone >= 120, f"{undone} of 150 changes were undone")
    ok(all(told), f"the others say why not: {sorted(told)[:3]}")


def test_record_at(world):
    """Going back over a run of changes of all kinds of objects."""
    rng = random.Random(SEED + 1)
    made, wrong = random_changes(world, rng, 60), []
    for cls, ref, entry, before, after in made:
        stored = set(json.loads(entry["fields"]))
        now = world.session.call(f"{cls}.record_at", ref, entry["revision"])
        then = world.session.call(f"{cls}.record_at", ref, str(int(entry["revision"]) - 1))
        if any(now[f] != after[f] or then[f] != before[f] for f in stored):
            wrong.append((cls, entry["fields"], {f: (then[f], now[f]) for f in stored}))
    is_(wrong, [], "record_at: before and after each change")
    created = world.session.VM.history(world.halted, {"limit": "10000"})[-1]["revision"]
    code, text, _ = answer(world.session.VM.record_at, world.halted, str(int(created) - 1))
    is_(code, "INVALID_VALUE", "it was not there before it was made")
    has(text, f"its history begins with {created}", "and the error says since when it is")


def test_conflicts(world):
    session = world.session
    vm = session.VM.create({"name_label": "one", "memory_static_max": str(256 * MIB)})
    session.VM.set_name_label(vm, "two")
    first = session.VM.history(vm, {"limit": 1})[0]["revision"]
    session.VM.set_name_label(vm, "three")
    code, text = answer(session.VM.undo, vm, first)
    is_(code, "OPERATION_NOT_ALLOWED", "what was changed again is not undone")
    has(text, 'name_label is "three"', "the error says what it is now")
    session.VM.add_to_other_config(vm, "a", "1")
    second = session.VM.history(vm, {"limit": 1})[0]["revision"]
    session.VM.add_to_other_config(vm, "b", "2")
    is_(session.VM.undo(vm, second, {"dry_run": True})["changed"]["other_config"]["new"].get("a"), None, "a plan of it")
    ok("a" in session.VM.get_other_config(vm), "which does nothing")
    session.VM.undo(vm, second)
    config = session.VM.get_other_config(vm)
    is_((config.get("a"), config.get("b")), (None, "2"), "keys of a map are undone one by one")
    is_(changes(session, vm, limit=1)[0][2], "VM.undo", "an undo is a change, too")
    made = session.VM.history(vm)[-1]["revision"]
    has(answer(session.VM.undo, vm, made)[1], "VM.destroy deletes it", "making it is not undone")
    has(answer(session.VM.undo, vm, "1")[1], "changed nothing of", "nor what another revision changed")
    entry = next(e for e in session.VM.history(world.running, {"limit": "10000"}) if "power_state" in e["fields"])
    has(answer(session.VM.undo, world.running, entry["revision"])[1], "power_state", "nor what is no setting")


def test_destroyed(world):
    session = world.session
    vm = world.halted
    before, vif = session.VM.get_record(vm), session.VM.get_VIFs(vm)[0]
    vifs, vbds = session.VIF.get_record(vif), session.VBD.get_record(session.VM.get_VBDs(vm)[0])
    session.VM.destroy(vm)
    entry = session.VM.history(vm)[0]
    is_(entry["kind"], "deleted", "the history of one that is gone")
    is_(session.VM.record_at(vm, str(int(entry["revision"]) - 1))["name_label"], before["name_label"], "its record before that")
    is_(session.VM.undo(vm, entry["revision"], {"dry_run": True}), "", "a plan of making it again")
    is_(answer(session.VM.get_record, before["uuid"])[0], "HANDLE_INVALID", "does nothing")
    again = session.VM.undo(vm, entry["revision"])
    record = session.VM.get_record(again)
    is_(set(differences(before, record)), {"VIFs", "VBDs", "DPCIs", "metrics"} | ({"guest_metrics"} if before["guest_metrics"] != record["guest_metrics"] else set()),
        "it is made again, as it was")
    is_(set(differences(vifs, session.VIF.get_record(record["VIFs"][0]))) <= {"VM", "metrics", "allowed_operations"}, True, "with its VIF")
    is_(set(differences(vbds, session.VBD.get_record(record["VBDs"][0]))) <= {"VM", "metrics", "allowed_operations"}, True, "and its disk")
    has(answer(session.VM.undo, vm, entry["revision"])[1], "again", "not twice")
    session.VM.destroy(again)
    entry = session.VM.history(again)[0]
    session.VDI.forget(vbds["VDI"])
    has(answer(session.VM.undo, again, entry["revision"])[1], f"VBD has VDI {vbds['VDI']}, which is gone", "not without its disk")
    is_(session.VM.get_by_name_label(before["name_label"]), [], "and nothing of it is left")


def test_rights():
    server = Server(users={"root": "r"})
    server.write_users({"root": "r", "reader": "s"}, subjects=("reader",))
    session = server.login("root", "r")
    subject = session.subject.create({"subject_identifier": "reader"})
    session.subject.add_to_roles(subject, session.role.get_by_name_label("read-only")[0])
    vm = session.VM.create({"name_label": "one", "memory_static_max": str(256 * MIB)})
    session.VM.set_name_label(vm, "two")
    revision = session.VM.history(vm)[0]["revision"]
    reader = server.login("reader", "s")
    is_(len(reader.VM.history(vm)), 2, "read-only: the history may be read")
    is_(answer(reader.VM.undo, vm, revision)[0], "RBAC_PERMISSION_DENIED", "but nothing undone")
    operator = session.role.get_by_name_label("vm-operator")[0]
    session.subject.add_to_roles(subject, operator)
    reader.close()
    reader = server.login("reader", "s")
    is_(answer(reader.VM.undo, vm, revision), ("RBAC_PERMISSION_DENIED", "vm.set_name_label", DENIED), "a field wants the role of its setter")
    server.close()


def stored(value, kind):
    """A value of an entry as it is in a column."""
    if kind in ("set", "map"):
        return json.dumps(value, sort_keys=True)
    return int(value) if kind == "bool" else value


def replay(base):
    """ref → class and columns, from all entries since the first."""
    objects = {}
    for entry in base.execute("SELECT * FROM xenapid_history ORDER BY revision, ref"):
        if entry["kind"] == "deleted":
            del objects[entry["ref"]]
        else:
            fields = {name: values[-1] for name, values in json.loads(entry["fields"]).items()}
            objects.setdefault(entry["ref"], (entry["class"], {}))[1].update(fields)
    return objects


def compare(api, base, objects):
    """What differs between them and the rows of the tables; those that are there are removed from `objects`."""
    wrong = []
    for cls in api.classes:
        if not cls.has_objects or not base.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (cls.name,)).fetchone():
            continue
        kinds = {field.short_name: field.type.kind for field in cls.fields}
        for row in base.execute(f'SELECT * FROM "{cls.name}"'):
            fields = objects.pop(row["_ref"], (cls.name, {}))[1]
            for name, value in fields.items():
                want = json.dumps(json.loads(row[name]), sort_keys=True) if kinds[name] in ("set", "map") else row[name]
                if stored(value, kinds[name]) != want:
                    wrong.append((cls.name, name, value, row[name]))
    return wrong


def test_replay(world):
    """All entries from the first one make the rows of the database."""
    base = sqlite3.connect(f"file:{world.server.path('xenapid.db')}?mode=ro", uri=True)
    base.row_factory = sqlite3.Row
    objects = replay(base)
    count = len(objects)
    is_(compare(world.api, base, objects), [], f"{count} rows are what the history says")
    is_(objects, {}, "and there are no others")
    base.close()


def main():
    test_entries(Server())
    test_rights()
    with World() as world:
        world.api = Api()
        test_actors(world)
        test_undo_each(world)
        test_record_at(world)
        test_conflicts(world)
        test_destroyed(world)
        test_replay(world)
    done()


if __name__ == "__main__":
    main()
