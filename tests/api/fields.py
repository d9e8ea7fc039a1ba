#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""fields.py – every field of every class: read, set, refused, and there again after a crash.

The tables say what there is: a new row is tested without a line here. What a field has of rules beyond its type stands in RULES.
"""
from lib.api import EMOJI, INT_MAX, NULL_REF, Api, is_valid, keys_of, samples, short, wrong
from lib.server import program
from lib.tap import diag, done, is_, ok, skip_all
from lib.world import MIB, World, answer

NATURAL = ["0", "1", "42", str(INT_MAX)]

# Values that are accepted for fields that do not take every value of their type, and why.
RULES = {
    "VM.memory_static_min": (["0", str(8 * MIB), "1"], "static_min ≤ dynamic_min"),
    "VM.memory_dynamic_min": ([str(256 * MIB), str(64 * MIB), str(64 * MIB + 1)], "static_min ≤ dynamic_min ≤ dynamic_max"),
    "VM.memory_dynamic_max": ([str(256 * MIB), str(256 * MIB + 1)], "dynamic_min ≤ dynamic_max ≤ static_max"),
    "VM.memory_static_max": ([str(1 << 60), str(512 * MIB), str(512 * MIB + 1)], "dynamic_max ≤ static_max, at most 2^60"),
    "VM.memory_target": ([str(64 * MIB), str(100 * MIB + 1)], "static_min ≤ target ≤ static_max"),
    "VM.VCPUs_max": (["8", "9"], "VCPUs_at_startup ≤ VCPUs_max"),
    "VM.VCPUs_at_startup": (["1", "8"], "0 < VCPUs_at_startup ≤ VCPUs_max"),
    "VM.HVM_shadow_multiplier": ([1.0, 1.5, 1e300], "at least 1"),
    "VM.start_delay": (NATURAL, "not negative"),
    "VM.shutdown_delay": (NATURAL, "not negative"),
    "VM.order": (NATURAL, "not negative"),
    "VM.appliance": ([NULL_REF], "what belongs to one is no template, which is tried too"),
    "VM.domain_type": (["hvm", "pv", "pv_in_pvh", "pvh"], "unspecified becomes what HVM_boot_policy says"),
    "VM.blocked_operations": ([{"export": EMOJI}, {}, {"pool_migrate": "", "csvm": "reason"}],
                              "what is blocked is refused, here too"),
    "VBD.userdevice": (["7", "255", "0"], "a number, or what it is called; kept as a number"),
    "VBD.device": (["xvdb", "xvdz", "xvdaa", "xvda"], "likewise, shown by its name"),
    "VBD.type": (["Disk"], "a drive with mode RW is no CD"),
    "task.status": (["pending", "cancelling"], "the others are the last"),
    "task.progress": ([0.0, 0.25, 1.0], "0 to 1"),
    "network.MTU": (["68", "1500", "65535"], "68 to 65535"),
    "network.default_locking_mode": (["unlocked"], "as it is while a domain has an interface on it"),
    "VIF.MTU": (["68", "1500", "65535"], "68 to 65535"),
    "VIF.MAC": (["00:16:3e:00:00:01", "fe:ff:ff:ff:ff:ff"], "of one interface, not of a group"),
    "VIF.device": (["0", "9", "255"], "0 to 255"),
    "VIF.ipv4_allowed": ([["192.0.2.1", "192.0.2.2", "192.0.2.3"], []], "addresses"),
    "VIF.ipv6_allowed": ([["fe80::1", "::", "2001:db8::1"], []], "addresses"),
    "host.hostname": ([EMOJI, "x" * 5000, "a b"], "an empty one is the machine's at the next start"),
    "host.address": (["192.0.2.1", EMOJI, "::1"], "an empty one is the machine's at the next start"),
}


def values_of(world, field):
    if field.name in RULES:
        return RULES[field.name][0]
    named = field.type.item or field.type
    refs = world.refs(named.cls) if named.kind == "ref" and (world.api.cls_named(named.cls)) else ()
    return samples(field.type, refs)


def test_read(world):
    """Each getter says what is in the record, in the form of its type."""
    call = world.session.call
    for cls in world.api.classes:
        if not cls.has_objects:
            continue
        refs = world.refs(cls.name)
        ok(refs, f"{cls.name}: there is one")
        records = {ref: call(f"{cls.name}.get_record", ref) for ref in refs}
        names = {field.short_name for field in cls.fields}
        is_([ref for ref in refs if set(records[ref]) != names], [], f"{cls.name}: the records have the fields of the table")
        for field in cls.fields:
            getter = f"{cls.name}.get_{field.short_name}"
            got = {ref: call(getter, ref) for ref in refs}
            problems = [(ref, short(got[ref])) for ref in refs if not is_valid(field.type, got[ref])]
            problems += [(ref, short(got[ref]), short(records[ref].get(field.short_name))) for ref in refs
                         if got[ref] != records[ref].get(field.short_name)]
            is_(problems, [], f"{field.name}: {field.type}, as in the record")
        if cls.is_listed:
            is_(call(f"{cls.name}.get_all_records"), records, f"{cls.name}: get_all_records has the same")
        is_([r for r in refs if call(f"{cls.name}.get_by_uuid", records[r]["uuid"]) != r], [], f"{cls.name}: get_by_uuid finds each")
        if "name_label" in names:
            is_([r for r in refs if r not in call(f"{cls.name}.get_by_name_label", records[r]["name_label"])], [],
                f"{cls.name}: get_by_name_label finds each")


def targets(world):
    """(field, object) of everything that can be set."""
    for cls in world.api.classes:
        if not cls.has_objects:
            continue
        ref = {"VM": world.halted, "task": world.own_task}.get(cls.name) or world.refs(cls.name)[0]
        for field in cls.fields:
            if field.is_settable:
                yield field, ref


def set_one(world, field, ref, value):
    """What is wrong with set, get and get_record, or None."""
    call = world.session.call
    name = field.short_name
    failure = answer(call, f"{field.cls}.set_{name}", ref, value)
    if failure:
        return short(value), failure
    got = call(f"{field.cls}.get_{name}", ref)
    in_record = call(f"{field.cls}.get_record", ref)[name]
    return None if got == in_record == value else (short(value), short(got), short(in_record))


def all_stored(world):
    """{(field, object): value} of all that has to be there after a crash."""
    stored = {}
    for cls in world.api.classes:
        if cls.is_listed or cls.name == "user":
            for ref in world.refs(cls.name):
                record = world.session.call(f"{cls.name}.get_record", ref)
                stored.update({(f.name, ref): record[f.short_name] for f in cls.fields if f.is_stored})
    return stored


def differences(before, after):
    return [(*key, short(before.get(key)), short(after.get(key))) for key in before | after if before.get(key) != after.get(key)]


def test_set(world):
    """Every setter with every value; after each round the daemon is killed."""
    found = {}
    rounds = max(len(values_of(world, field)) for field, _ in targets(world))
    for turn in range(rounds):
        for field, ref in targets(world):
            values = values_of(world, field)
            if turn < len(values):
                problem = set_one(world, field, ref, values[turn])
                found.setdefault(field.name, []).extend([problem] if problem else [])
        before = all_stored(world)
        world.crash()
        is_(differences(before, all_stored(world)), [], f"round {turn + 1}: after a crash all stored fields are what they were")
        got = {(f.name, r): world.session.call(f"{f.cls}.get_{f.short_name}", r) for f, r in targets(world) if f.is_stored}
        is_([key for key in got if got[key] != before[key]], [], f"round {turn + 1}: the getters too")
    for name, problems in found.items():
        is_(problems, [], f"{name}: takes its values")
    unknown = set(RULES) - set(found)
    is_(unknown, set(), "RULES has no rows for what cannot be set")


def test_wrong(world):
    """What is of another type is refused, and nothing is changed by it."""
    call = world.session.call
    accepted = {"FIELD_TYPE_ERROR", "INVALID_VALUE", "HANDLE_INVALID"}
    for field, ref in targets(world):
        before = call(f"{field.cls}.get_record", ref)
        got = [(short(value), answer(call, f"{field.cls}.set_{field.short_name}", ref, value)) for value in wrong(field.type)]
        problems = [pair for pair in got if not pair[1] or pair[1][0] not in accepted or
                    (pair[1][0] == "HANDLE_INVALID" and "ref" not in field.type.text)]
        is_(problems, [], f"{field.name}: refuses what is no {field.type}")
        after = call(f"{field.cls}.get_record", ref)
        if not ok(after == before, f"{field.name}: and stays as it was"):
            diag([(k, short(before[k]), short(after[k])) for k in before if before[k] != after[k]])


def map_keys(field):
    known = list(RULES[field.name][0][0]) if field.name in RULES else []
    return [*known, *(key for key in keys_of(field.type) if key not in known)][:3]


def test_map(world, field, ref):
    call = world.session.call
    set_, add, remove, get = (f"{field.cls}.{verb}_{field.short_name}" for verb in ("set", "add_to", "remove_from", "get"))
    first, second, third = map_keys(field)
    one, two = samples(field.type.item)[1:3]
    call(set_, ref, {first: one})
    steps = [
        (call(add, ref, second, two), ""),
        (call(get, ref), {first: one, second: two}),
        (answer(call, add, ref, first, two), ("MAP_DUPLICATE_KEY", field.cls, field.short_name, ref, first)),
        (call(get, ref), {first: one, second: two}),
        (call(remove, ref, first), ""),
        (call(remove, ref, third), ""),
        (call(get, ref), {second: two}),
    ]
    is_([got for got, _ in steps], [want for _, want in steps], f"{field.name}: add_to_ and remove_from_")
    got = [answer(call, add, ref, "", one), answer(call, set_, ref, {second: one, "": one})]
    is_([a and a[0] for a in got], ["INVALID_VALUE"] * 2, f"{field.name}: an empty key is refused")
    wrongs = [answer(call, add, ref, first, w) for w in wrong(field.type.item)]
    wrongs += [answer(call, remove, ref, w) for w in (1, None, [], {})]
    is_([w for w in wrongs if not w or w[0] not in ("FIELD_TYPE_ERROR", "INVALID_VALUE")], [], f"{field.name}: wrong types too")
    is_(call(get, ref), {second: two}, f"{field.name}: and it is as it was")
    call(set_, ref, {})


def test_set_of(world, field, ref):
    call = world.session.call
    set_, add, remove, get = (f"{field.cls}.{verb}_{field.short_name}" for verb in ("set", "add", "remove", "get"))
    one, two, three = (RULES[field.name][0][0] if field.name in RULES else samples(field.type.item))[:3]
    call(set_, ref, [one])
    for verb, value in ((add, two), (add, two), (add, one), (remove, three), (remove, one)):
        call(verb, ref, value)
    is_(call(get, ref), [two], f"{field.name}: add_ what is there and remove_ what is not change nothing")
    wrongs = [answer(call, verb, ref, w) for verb in (add, remove) for w in wrong(field.type.item)]
    is_([w for w in wrongs if not w or w[0] not in ("FIELD_TYPE_ERROR", "INVALID_VALUE")], [], f"{field.name}: wrong types are refused")
    is_(call(get, ref), [two], f"{field.name}: and it is as it was")


def test_collections(world):
    for field, ref in targets(world):
        if field.type.kind == "map":
            test_map(world, field, ref)
        elif field.type.kind == "set":
            test_set_of(world, field, ref)


def test_references(world):
    """Where a reference is set, an old client's uuid or empty text becomes one."""
    call = world.session.call
    for field, ref in targets(world):
        if field.type.kind != "ref":
            continue
        setter, getter = (f"{field.cls}.{verb}_{field.short_name}" for verb in ("set", "get"))
        call(setter, ref, "")
        is_(call(getter, ref), NULL_REF, f"{field.name}: an empty text is the null reference")
        if world.api.cls_named(field.type.cls):
            named = world.refs(field.type.cls)[0]
            call(setter, ref, call(f"{field.type.cls}.get_uuid", named))
            is_(call(getter, ref), named, f"{field.name}: a uuid is the reference of its object")
            call(setter, ref, NULL_REF)


def main():
    if not program():
        skip_all("XENAPID names no program")
    with World() as world:
        world.api = Api()
        test_read(world)
        test_wrong(world)
        test_collections(world)
        test_references(world)
        test_set(world)
    done()


main()
