#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""fields.py – every field of every class: read, set, refused, and there again after a crash.

The tables say what there is: a new row is tested without a line here. What a field has of rules beyond its type stands in
tests/lib/settable.py.
"""
from lib.api import NULL_REF, Api, is_valid, keys_of, samples, short, wrong
from lib.server import program
from lib.settable import RULES, targets, values_of
from lib.tap import diag, done, is_, ok, skip_all
from lib.world import World, answer

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
