#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""selections.py – get_all_fields_where of every class: the fields that were asked for, in pages, and what it refuses."""
from lib.api import NOBODY, NULL_REF, Api
from lib.server import program
from lib.tap import done, is_, skip_all
from lib.world import World, answer


def pages(call, message, fields, size):
    """All of them, a page at a time."""
    rows, after = [], NULL_REF
    while True:
        page = call(message, fields, "true", after, str(size))
        if len(page) > size:
            return ["a page that is too long"]
        rows += page
        if not page:
            return rows
        after = page[-1]["ref"]


def test_class(world, cls):
    call = world.session.call
    message = f"{cls.name}.get_all_fields_where"
    names = [field.short_name for field in cls.fields]
    records = call(f"{cls.name}.get_all_records")
    refs = call(f"{cls.name}.get_all")
    is_({row.pop("ref"): row for row in call(message, names)}, records, f"{cls.name}: all fields of all objects")
    is_(call(message, []), [{"ref": ref} for ref in refs], f"{cls.name}: no fields: in order of creation")
    one = names[-1]
    rows = [{"ref": ref, one: records[ref][one]} for ref in refs]
    is_(call(message, [one, one]), rows, f"{cls.name}: one field, however often it is named")
    is_(pages(call, message, [one], 1), rows, f"{cls.name}: one object at a time")
    is_(pages(call, message, [one], 2), rows, f"{cls.name}: two at a time")
    first = refs[0]
    text = f'field "uuid" = "{records[first]["uuid"]}"'
    is_(call(message, ["uuid"], text), [{"ref": first, "uuid": records[first]["uuid"]}], f"{cls.name}: those that an expression means")
    is_(call(message, ["uuid"], text, first), [], f"{cls.name}: but only behind the one that is named")


def test_refused(world):
    call = world.session.call
    message = "VM.get_all_fields_where"
    is_(answer(call, message, ["name_label", "shoe_size"]), ("INVALID_VALUE", "fields: names of fields of VM", "shoe_size"),
        "a field that there is not")
    is_(answer(call, message, ["told"]), ("INVALID_VALUE", "fields: names of fields of VM", "told"), "the server's own")
    is_(answer(call, message, [], "true", NULL_REF, "-1"), ("INVALID_VALUE", "limit: at least 0", "-1"), "a negative limit")
    is_(answer(call, message, [], "true", NOBODY), ("HANDLE_INVALID", "VM", NOBODY), "an object that is not there (any more)")
    is_((answer(call, message, [], "x = ") or ("",))[0], "INVALID_VALUE", "an expression that is none")
    is_(call(message, ["name_label"], 'field "name_label" = "halted"')[0]["name_label"], "halted", "it works after all that")


def main():
    if not program():
        skip_all("there is no xenapid")
    with World() as world:
        world.api = Api()
        for cls in world.api.classes:
            if cls.is_listed:
                test_class(world, cls)
        test_refused(world)
    done()


main()
