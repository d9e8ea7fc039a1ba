#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""updates.py – update, of every class that has fields that can be set: each field as its setter, several at once or none."""
import random
import threading

from lib.api import INT_MAX, Api, short, wrong
from lib.host import until
from lib.server import Server, program
from lib.settable import targets, values_of
from lib.tap import done, has, is_, ok, skip_all
from lib.world import MIB, World, answer

SEED = 2006
DENIED = "the roles of this session do not permit it"
# What a worker does, with more than the record; docs/update.md gives the reason.
BY_THEMSELVES = {"VDI.virtual_size"}

# set_memory_target is xm mem-set, which moves the bounds too.
SETTER_DOES_MORE = {"VM.memory_target"}


def message_of(cls):
    """SR.update and VDI.update are the Xen-API's own."""
    return f"{cls}.update_fields" if cls in ("SR", "VDI") else f"{cls}.update"


def update(world, field, ref, fields, *options):
    return world.session.call(message_of(field.cls), ref, fields, *options)


def record_of(world, field, ref):
    return world.session.call(f"{field.cls}.get_record", ref)


def those(world):
    return [(field, ref) for field, ref in targets(world) if field.name not in BY_THEMSELVES]


def test_single(world):
    """What the setter makes of the record, update makes of it too; what the setter refuses, it refuses."""
    call = world.session.call
    for field, ref in those(world):
        values, setter = values_of(world, field), f"{field.cls}.set_{field.short_name}"
        problems = []
        for value, other in zip(values, values[1:] + values[:1]):
            call(setter, ref, other)
            call(setter, ref, value)
            want = record_of(world, field, ref)
            call(setter, ref, other)
            before = call(f"{field.cls}.get_{field.short_name}", ref)
            result = update(world, field, ref, {field.short_name: value})
            got = record_of(world, field, ref)
            change = result["changed"].get(field.short_name, {})
            if got != want and field.name not in SETTER_DOES_MORE:
                problems.append((short(value), [(k, short(got[k]), short(want[k])) for k in got if got[k] != want[k]]))
            if before != want[field.short_name] and change != {"old": before, "new": want[field.short_name]}:
                problems.append((short(value), short(change)))
            if result["revision"] != call(f"{field.cls}.get_revision", ref):
                problems.append((short(value), result["revision"]))
        is_(problems, [], f"{field.name}: as its setter")
        refused = [(short(bad), answer(update, world, field, ref, {field.short_name: bad}), answer(call, setter, ref, bad))
                   for bad in wrong(field.type)]
        problems = [pair for pair in refused if not pair[1] or pair[1][0] != pair[2][0]]
        problems += [pair for pair in refused if pair[1][0] != "HANDLE_INVALID" and not pair[1][1].startswith(field.short_name + ":")]
        is_(problems, [], f"{field.name}: refuses the same, and names the field")
        is_(record_of(world, field, ref), got, f"{field.name}: which changes nothing")


def sets(world, chance):
    """Class, object, and random fields of it with random values."""
    by_object = {}
    for field, ref in those(world):
        by_object.setdefault((field.cls, ref), []).append(field)
    for _ in range(12):
        for (_, ref), fields in by_object.items():
            # what is one thing under two names has one value
            chosen = {f.short_name: f for f in chance.sample(fields, chance.randint(1, min(len(fields), 8)))
                      if f.short_name not in ("device", "HVM_boot_policy", "is_a_template", "appliance", "is_default_template")}
            yield ref, fields[0], {name: chance.choice(values_of(world, f)) for name, f in chosen.items()}


def test_several(world):
    """Random fields of random objects: all, in one revision; or none."""
    chance = random.Random(SEED)
    call = world.session.call
    problems, taken, refused = [], 0, 0
    for ref, field, fields in sets(world, chance):
        before = record_of(world, field, ref)
        revision = int(call(f"{field.cls}.get_revision", ref))
        failure = answer(update, world, field, ref, fields)
        after = record_of(world, field, ref)
        moved = int(call(f"{field.cls}.get_revision", ref))
        if failure:
            refused += 1
            problems += [(field.cls, "was refused, and changed something", failure)] if (after, moved) != (before, revision) else []
            continue
        taken += 1
        problems += [(field.cls, name, short(after[name]), short(value)) for name, value in fields.items() if after[name] != value]
        is_new = any(before[name] != after[name] for name in fields)
        problems += [(field.cls, "revision", revision, moved)] if (moved > revision) != is_new else []
        bad = {**fields, "uuid": "x"}
        refusal = answer(update, world, field, ref, bad)
        if not refusal or refusal[:2] != ("VALUE_NOT_SUPPORTED", "uuid") or record_of(world, field, ref) != after:
            problems.append((field.cls, "with one bad field", refusal))
    is_(problems, [], f"random sets of fields: {taken} were taken, {refused} refused, as a whole")
    ok(taken > refused, "most are taken")


def test_one_event(world):
    """A client that follows sees one step, with one revision."""
    session, vm = world.session, world.halted
    token = session.call("event.from", ["VM/" + vm], "", 0.0)["token"]
    session.VM.update(vm, {"name_label": "x", "name_description": "y", "memory_static_max": str(700 * MIB),
                           "memory_dynamic_max": str(650 * MIB), "VCPUs_max": "7", "VCPUs_at_startup": "6"})
    first = session.call("event.from", ["VM/" + vm], token, 5.0)
    is_([(e["operation"], e["snapshot"]["name_label"], e["snapshot"]["VCPUs_at_startup"]) for e in first["events"]],
        [("mod", "x", "6")], "one event has all of it")
    is_(session.call("event.from", ["VM/" + vm], first["token"], 0.0)["events"], [], "and there is no other")


def test_final_state(world):
    """Judged when all is set: neither order of single setters would do."""
    session, vm = world.session, world.halted
    low = {"memory_static_min": str(16 * MIB), "memory_dynamic_min": str(16 * MIB), "memory_dynamic_max": str(32 * MIB),
           "memory_static_max": str(32 * MIB), "memory_target": str(24 * MIB), "VCPUs_max": "2", "VCPUs_at_startup": "2"}
    high = {"memory_static_min": str(512 * MIB), "memory_dynamic_min": str(512 * MIB), "memory_dynamic_max": str(1024 * MIB),
            "memory_static_max": str(1024 * MIB), "VCPUs_max": "16", "VCPUs_at_startup": "16"}
    for fields in (low, high, low):
        session.VM.update(vm, fields)
        record = session.VM.get_record(vm)
        is_({name: record[name] for name in fields}, fields, "both bounds and what lies between them at once")
    session.VM.update(vm, high)
    is_(session.VM.get_memory_target(vm), str(512 * MIB), "a target that is not named follows the range")
    got = answer(session.VM.update, vm, {"memory_dynamic_max": str(2048 * MIB), "name_label": "never"})
    is_(got and got[0], "MEMORY_CONSTRAINT_VIOLATION_ORDER", "what does not hold in the end is refused")
    ok(session.VM.get_name_label(vm) != "never", "with all the rest")
    vbd = session.VM.get_VBDs(vm)[0]
    session.VDI.set_read_only(session.VBD.get_VDI(vbd), False)
    session.VBD.update(vbd, {"type": "CD", "mode": "RO"})
    session.VBD.update(vbd, {"type": "Disk", "mode": "RW"})
    is_((session.VBD.get_type(vbd), session.VBD.get_mode(vbd)), ("Disk", "RW"), "a drive's type and mode go together, both ways")
    is_(answer(session.VBD.update, vbd, {"type": "CD"}), ("VBD_CDS_MUST_BE_READONLY",), "one of them does not go alone")


def test_keys(world):
    """field:key is one key of a map; nothing is done to the others."""
    session, vm = world.session, world.halted
    session.VM.set_other_config(vm, {"a": "1", "b": "2"})
    result = session.VM.update(vm, {"other_config:c": "3", "other_config:a": "one", "other_config:b": None, "platform:x:y": "z"})
    is_(session.VM.get_other_config(vm), {"a": "one", "c": "3"}, "keys are set, added and, with nil, removed")
    is_(session.VM.get_platform(vm).get("x:y"), "z", "a key may have a colon")
    is_(sorted(result["changed"]), ["other_config", "platform"], "the result has the fields")
    session.VM.update(vm, {"other_config:k": "v", "other_config": {"only": "this"}})
    is_(session.VM.get_other_config(vm), {"only": "this", "k": "v"}, "a whole map is set before its keys")
    wrongs = [({"other_config:": "x"}, "INVALID_VALUE", "other_config:"), ({"name_label:x": "y"}, "VALUE_NOT_SUPPORTED", "name_label:x"),
              ({"blocked_operations:nonsense": "x"}, "INVALID_VALUE", "blocked_operations:nonsense"),
              ({"other_config:x": ["y"]}, "FIELD_TYPE_ERROR", "other_config:x"), ({"": "x"}, "VALUE_NOT_SUPPORTED", ""),
              ({"nonsense": "x"}, "VALUE_NOT_SUPPORTED", "nonsense"), ({"live_intent": {}}, "VALUE_NOT_SUPPORTED", "live_intent"),
              ({"power_state": "Running"}, "VALUE_NOT_SUPPORTED", "power_state"), ({":": "x"}, "VALUE_NOT_SUPPORTED", ":")]
    got = [answer(session.VM.update, vm, fields) for fields, _, _ in wrongs]
    is_([g and (g[0], g[1].startswith(name)) for g, (_, _, name) in zip(got, wrongs)], [(code, True) for _, code, _ in wrongs],
        "what there is not is refused by its name")
    has(answer(session.VM.update, vm, {"uuid": "x"})[3], "no message sets", "with a reason")
    many = {f"other_config:{number}": "x" for number in range(1001)}
    is_(answer(session.VM.update, vm, many), ("INVALID_VALUE", "fields: at most 1000", "1001"), "too many are refused")
    is_(answer(session.VM.update, vm, dict(list(many.items())[:1000])), None, "many are not")
    session.VM.set_other_config(vm, {})


def test_options(world):
    session, vm = world.session, world.halted
    for bad in ({"nonsense": True}, {"expected_revision": "x"}, {"dry_run": "yes"}, {"expected_revision": None}):
        got = answer(session.VM.update, vm, {"name_label": "never"}, bad)
        ok(got and got[0] in ("VALUE_NOT_SUPPORTED", "INVALID_VALUE", "FIELD_TYPE_ERROR") and next(iter(bad)) in got[1],
           f"{bad} is refused")
    revision = session.VM.get_revision(vm)
    is_(session.VM.update(vm, {}), {"changed": {}, "revision": revision, "live": [], "next_boot": []}, "no fields: nothing happens")
    session.VM.set_domain_type(vm, "pv")
    revision, before = session.VM.get_revision(vm), session.VM.get_record(vm)
    fields = {"name_label": "dry", "domain_type": "hvm", "memory_static_max": str(2048 * MIB)}
    dry = session.VM.update(vm, fields, {"dry_run": True})
    is_((session.VM.get_record(vm), session.VM.get_revision(vm)), (before, revision), "a dry run leaves no trace")
    wet = session.VM.update(vm, fields)
    is_(dry["changed"], wet["changed"], "and says what then happens")
    is_(dry["changed"]["HVM_boot_policy"]["new"], "BIOS order", "what follows from it included")
    is_(answer(session.VM.update, vm, {"VCPUs_max": "0"}, {"dry_run": True}), answer(session.VM.update, vm, {"VCPUs_max": "0"}),
        "it is refused as the call itself")
    network = session.network.get_all()[0]
    for dry_run in (True, False):
        got = answer(session.network.update, network, {"MTU": "1"}, {"dry_run": dry_run})
        is_(got and got[0], "INVALID_VALUE", "of other classes too")
    session.network.update(network, {"MTU": "1400"}, {"dry_run": True})
    ok(session.network.get_MTU(network) != "1400", "which stay as they are")
    task = session.call("Async.VM.update", vm, {"name_label": "later"})
    ok(until(lambda: session.task.get_status(task) == "success"), "a task may do it")


def test_compare(world):
    session, vm = world.session, world.halted
    revision = session.VM.get_revision(vm)
    result = session.VM.update(vm, {"name_label": "first"}, {"expected_revision": revision})
    ok(int(result["revision"]) > int(revision), "the revision that is expected: it is done, with a new one")
    before = result["changed"]["name_label"]["old"]
    failure = answer(session.VM.update, vm, {"name_label": "second", "VCPUs_max": "3"}, {"expected_revision": revision})
    is_(failure[:6], ("RECORD_CHANGED", "VM", vm, revision, result["revision"], f'name_label = "first", VCPUs_max = {session.VM.get_VCPUs_max(vm)}'),
        "another one: refused, with what is there now")
    has(failure[6], f'name_label "{before}" -> "first" by root in revision {result["revision"]}, 20', "and who has changed what since then")
    is_(session.VM.get_name_label(vm), "first", "and nothing happens")
    session.VM.update(vm, {"name_label": "second"}, {"expected_revision": result["revision"]})
    again = session.VM.get_revision(vm)
    session.VM.update_allowed_operations(vm)
    is_(session.VM.get_revision(vm), again, "the revision moves when what can be set does, and only then")
    is_(answer(session.VM.update, vm, {}, {"expected_revision": str(INT_MAX)})[0], "RECORD_CHANGED", "one that is yet to come")
    world.crash()
    session = world.session
    is_(int(session.VM.get_revision(vm)) >= int(again), True, "after a crash it has not gone back")


def count_up(world, session, vm, times, conflicts):
    for _ in range(times):
        while True:
            revision = session.VM.get_revision(vm)
            number = int(session.VM.get_user_version(vm))
            failure = answer(session.VM.update, vm, {"user_version": str(number + 1)}, {"expected_revision": revision})
            if not failure:
                break
            conflicts.append(failure)


def test_race(world):
    """Eight clients read, add one, and write; with expected_revision none of it is lost."""
    vm, conflicts = world.halted, []
    world.session.VM.set_user_version(vm, "0")
    sessions = [world.server.login() for _ in range(8)]
    threads = [threading.Thread(target=count_up, args=(world, session, vm, 25, conflicts)) for session in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    is_(world.session.VM.get_user_version(vm), "200", f"200 of 200 are there, after {len(conflicts)} conflicts")
    unexplained = [c for c in conflicts if c[:3] != ("RECORD_CHANGED", "VM", vm) or not c[5].startswith("user_version = ") or " by root in revision " not in c[6]]
    is_(unexplained, [], "each of which says what is there now")


def test_rights(api):
    """The role of each field's setter."""
    users = {"root": "r", "anna": "a"}
    with Server(users=users, settings={"login-delay": "1ms"}) as server:
        server.write_users(users, subjects=("anna",))
        session = server.login("root", "r")
        subject = session.subject.create({"subject_identifier": "anna"})
        session.subject.add_to_roles(subject, session.role.get_by_name_label("vm-operator")[0])
        vm = session.VM.create({"name_label": "one"})
        anna = server.login("anna", "a")
        session.VM.update(vm, {"tags": ["root's"]})
        is_(answer(anna.VM.update, vm, {"tags": ["anna's"]}), None, "a vm-operator may set tags")
        for fields in ({"tags": [], "name_label": "never"}, {"name_label": "never"}):
            is_(answer(anna.VM.update, vm, fields), ("RBAC_PERMISSION_DENIED", "vm.set_name_label", DENIED), "but no name, with or without")
        is_((session.VM.get_tags(vm), session.VM.get_name_label(vm)), (["anna's"], "one"), "nothing of what is refused happens")
    roles = {m.name: m.role for m in api.messages}
    is_([roles[name] for name in ("VM.update", "task.update", "network.update", "host.get_revision")],
        ["vm-operator", "read-only", "vm-operator", "read-only"], "the message wants the least of its fields' roles")


def test_live(world):
    """What the domain of a Running VM takes now, it takes first."""
    session, vm = world.session, world.running
    uuid = session.VM.get_uuid(vm)
    session.VM.update(vm, {"memory_dynamic_min": str(128 * MIB), "memory_target": str(200 * MIB), "name_description": "live",
                           "other_config:live": "yes"})
    domain, record = world.simulator.domain(uuid), session.VM.get_record(vm)
    is_((domain["memory_target"], record["memory_target"], record["name_description"], record["other_config"].get("live")),
        (200 * MIB, str(200 * MIB), "live", "yes"), "memory of the domain and of the record, and what only the record has")
    is_(session.VM.get_current_operations(vm), {}, "and the VM is free")
    before = session.VM.get_record(vm)
    world.simulator.fail("set_memory_target", text="no balloon")
    got = answer(session.VM.update, vm, {"memory_target": str(150 * MIB), "name_description": "never"})
    is_((got and got[0], session.VM.get_record(vm)), ("HYPERVISOR_ERROR", before), "what the domain refuses is not stored, with all the rest")
    got = answer(session.VM.update, vm, {"VCPUs_max": "9", "memory_target": str(150 * MIB)})
    is_((got and got[0], session.VM.get_record(vm)), ("VM_BAD_POWER_STATE", before), "what no domain takes is refused, as by its setter")
    world.simulator.reset()
    session.VM.update(vm, {"memory_target": str(160 * MIB)}, {"dry_run": True})
    is_((world.simulator.calls(), session.VM.get_record(vm)), ({}, before), "a dry run asks the domain for nothing")
    session.VM.update(vm, {"name_description": "quiet", "tags": ["a"]})
    is_(world.simulator.calls(), {}, "nor does what only the record has")
    result = session.VM.update(vm, {"memory_target": str(180 * MIB)})
    is_(answer(session.VM.update, vm, {"memory_target": str(190 * MIB)}, {"expected_revision": result["revision"]}), None,
        "the revision of a live change is one to go on from")


def main():
    if not program():
        skip_all("XENAPID names no program")
    with World() as world:
        world.api = Api()
        for test in (test_single, test_several, test_final_state, test_one_event, test_keys, test_options, test_compare,
                     test_race, test_live):
            test(world)
        test_rights(world.api)
    done()


main()
