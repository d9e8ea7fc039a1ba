# SPDX-License-Identifier: LGPL-2.1-or-later
"""api.py – the API's tables as `xenapid --print-api json` prints them, and values of every type.

    api = Api()
    for cls in api.classes: for field in cls.fields: field.type.kind, field.is_settable
    for message in api.messages: message.name, message.parameters, message.needs_session
    samples(api.cls("VM").field("tags").type)  # values that are accepted
    wrong(type)                                # values that are not
"""
import datetime
import json
import re
import subprocess
import xmlrpc.client

from lib.server import program

NULL_REF = "OpaqueRef:NULL"
NOBODY = "OpaqueRef:00000000-0000-4000-8000-00000000dead"
INT_MAX = 2**63 - 1
INT_MIN = -2**63
EMOJI = "grüße 😀 \U0001d518 中文"


class Type:
    """kind: void string int float bool datetime enum ref set map record any."""

    def __init__(self, text, enums):
        self.text = text
        self.key = self.item = self.values = self.cls = None
        if text.startswith("set of "):
            self.kind, self.item = "set", Type(text[7:], enums)
        elif text.startswith("map "):
            key, _, item = text[4:].partition("->")
            self.kind, self.key, self.item = "map", Type(key, enums), Type(item, enums)
        else:
            self.kind, _, name = text.partition(" ")
            if self.kind == "enum":
                self.values = enums[name]
            elif self.kind in ("ref", "record"):
                self.cls = name

    def __str__(self):
        return self.text


class Field:
    def __init__(self, cls, row, setters, enums):
        self.cls = cls
        self.short_name = row["name"]
        self.name = f"{cls}.{row['name']}"
        self.type = Type(row["type"], enums)
        self.qualifier = row["qualifier"]
        self.is_stored = row["stored"]
        self.key_roles = row.get("key_roles", {})
        # with messages of its own instead of add_ and remove_ it is another matter
        other = {"set": "add_", "map": "add_to_"}.get(self.type.kind, "set_")
        self.is_settable = {"set_" + self.short_name, other + self.short_name} <= setters


class Parameter:
    def __init__(self, row, enums):
        self.name = row["name"]
        self.type = Type(row["type"], enums)
        self.is_optional = "optional" in row


class Message:
    """Parameters are those behind the session."""

    def __init__(self, cls, row, enums):
        self.cls = cls
        self.short_name = row["name"]
        self.name = f"{cls}.{row['name']}"
        parameters = [Parameter(p, enums) for p in row["params"]]
        self.needs_session = bool(parameters) and parameters[0].name == "session_id"
        self.parameters = parameters[1:] if self.needs_session else parameters
        self.required = sum(not p.is_optional for p in self.parameters)
        self.result = Type(row["result"], enums)
        self.is_async = row["async"]
        self.role = row.get("role")
        self.description = row["description"]


class Class:
    def __init__(self, row, enums):
        self.name = row["name"]
        self.messages = [Message(self.name, m, enums) for m in row["messages"]]
        names = {m.short_name for m in self.messages}
        self.fields = [Field(self.name, f, names, enums) for f in row["fields"]]
        self.has_objects = "get_record" in names
        self.is_listed = "get_all" in names

    def field(self, name):
        return next(f for f in self.fields if f.short_name == name)


class Api:
    def __init__(self):
        table = json.loads(subprocess.run([program(), "--print-api", "json"], check=True, timeout=60,
                                          stdout=subprocess.PIPE).stdout)
        enums = {e["name"]: e["values"] for e in table["enums"]}
        self.classes = [Class(row, enums) for row in table["classes"]]
        self.messages = [m for c in self.classes for m in c.messages]
        self.errors = {e["name"]: e["params"] for e in table["errors"]}

    def cls(self, name):
        return next(c for c in self.classes if c.name == name)

    def cls_named(self, name):
        """The class, or None: references may be to classes that are not served."""
        return next((c for c in self.classes if c.name == name), None)


def nowhere(message):
    """Arguments of the right types; what they refer to does not exist."""
    return [NOBODY if p.type.kind == "ref" else next(iter(samples(p.type))) for p in message.parameters[:message.required]]


def is_valid(type_, value):
    """Whether this is what the wire carries for a value of the type, as xmlrpc.client reads it."""
    kind = type_.kind
    if kind == "int":
        return isinstance(value, str) and re.fullmatch(r"-?\d+", value) is not None and INT_MIN <= int(value) <= INT_MAX
    if kind == "float":
        return isinstance(value, float)
    if kind == "bool":
        return isinstance(value, bool)
    if kind == "datetime":
        return isinstance(value, xmlrpc.client.DateTime) and re.fullmatch(r"\d{8}T\d\d:\d\d:\d\dZ?", str(value)) is not None
    if kind == "enum":
        return value in type_.values
    if kind == "ref":
        return isinstance(value, str) and value.startswith("OpaqueRef:")
    if kind == "set":
        return isinstance(value, list) and all(is_valid(type_.item, item) for item in value)
    if kind == "map":
        # keys are text whatever their type
        return isinstance(value, dict) and all(
            is_valid(type_.key, key) and is_valid(type_.item, item) for key, item in value.items())
    if kind == "record":
        return isinstance(value, dict)
    return kind == "any" or isinstance(value, str)


STRINGS = ["", "plain", EMOJI, "x" * 100_000, " <a href='&amp;'>]]>\"\\ \t\n%s%n ", "OpaqueRef:NULL", "0"]
KEYS = ["a", " ", EMOJI, "a.b/c:d=e", "<&>\"'\\", "k" * 5000, "0", "true", "\n"]


def keys_of(type_):
    """Keys that a map of the type takes."""
    return KEYS if type_.key.kind == "string" else list(samples(type_.key))


def samples(type_, refs=()):
    """Values that are accepted, in the form in which the wire gives them back. refs: of the type's class."""
    kind = type_.kind
    if kind == "string":
        return STRINGS
    if kind == "int":
        return ["0", "1", "-1", str(INT_MAX), str(INT_MIN), "4294967296"]
    if kind == "float":
        return [0.0, 1.5, -2.25, 1e300, 5e-324, 0.1]
    if kind == "bool":
        return [True, False]
    if kind == "datetime":
        return [xmlrpc.client.DateTime("20061203T14:05:59Z"), xmlrpc.client.DateTime("19700101T00:00:00Z")]
    if kind == "enum":
        return type_.values
    if kind == "ref":
        return [*refs, NULL_REF]
    if kind == "set":
        items = list(samples(type_.item, refs))
        return [[], items[:1], items[::-1]]
    if kind == "map":
        keys = keys_of(type_)
        items = list(samples(type_.item, refs))
        return [{}, {keys[0]: items[-1]}, {key: items[i % len(items)] for i, key in enumerate(keys)}]
    return [{}]


def wrong(type_):
    """Values that are refused as FIELD_TYPE_ERROR or INVALID_VALUE; of references as HANDLE_INVALID too."""
    nil, array, struct, date = None, [], {}, datetime.datetime(2006, 12, 3)
    kind = type_.kind
    if kind == "int":
        return ["", " ", "x", "1x", "0x", "1.0", "1e3", "--1", "9223372036854775808", "-9223372036854775809",
                "1 2", True, 1.5, nil, array, struct, date]
    if kind == "float":
        return ["", "x", "1.5x", "nan", "inf", "-inf", "1e999", True, nil, array, struct, date]
    if kind == "bool":
        return ["", "true", "1", 1, 0, 1.0, nil, array, struct, date]
    if kind == "datetime":
        return ["", "yesterday", "20061303T14:05:59Z", "2006", 1, True, nil, array, struct]
    if kind == "enum":
        return ["", "nonsense", type_.values[0] + " ", type_.values[0].swapcase(), 1, True, nil, array, struct]
    if kind == "string":
        return [1, True, 1.5, nil, array, struct, date]
    if kind == "ref":
        return [NOBODY, "nonsense", 1, True, nil, array, struct]
    if kind == "set":
        return ["", "a", 1, True, nil, struct] + [[w] for w in wrong(type_.item)]
    if kind == "map":
        key = keys_of(type_)[0]
        bad_keys = [] if type_.key.kind == "string" else [{w: samples(type_.item)[0]} for w in wrong(type_.key)
                                                          if isinstance(w, str)]
        return ["", "a", 1, True, nil, array] + [{key: w} for w in wrong(type_.item)] + bad_keys
    if kind == "record":
        return ["", "a", 1, True, nil, array]
    return []


def short(value):
    """For a description or a diagnosis."""
    text = repr(value)
    return text if len(text) < 70 else text[:60] + "…"
