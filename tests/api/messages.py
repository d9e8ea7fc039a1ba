#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""messages.py – every message that is served, called wrongly in every way; and what the server says about them.

No call of this test is carried out: each is refused before its handler.
"""
import xmlrpc.client

from lib.api import NOBODY, NULL_REF, Api, keys_of, samples, short, wrong
from lib.rpc import value
from lib.server import program
from lib.tap import done, has, is_, raises, skip_all
from lib.world import World, answer


def fitting(world, type_):
    """A value of the type, as a parameter."""
    if type_.kind == "ref":
        return world.refs(type_.cls)[0] if world.api.cls_named(type_.cls) else NULL_REF
    if type_.kind == "any":
        return ""
    if type_.kind == "map":
        return {keys_of(type_)[0]: fitting(world, type_.item)}
    return samples(type_)[0]


class Caller:
    """Calls by name; arguments do not include the session."""

    def __init__(self, world):
        self.world = world
        self.fitting = {}

    def arguments(self, message, count=None):
        """As many that fit, made up beyond the last."""
        types = [p.type for p in message.parameters]
        for type_ in types:
            if type_.text not in self.fitting:
                self.fitting[type_.text] = fitting(self.world, type_)
        known = [self.fitting[type_.text] for type_ in types]
        return known[:count] + ["surplus"] * ((count or 0) - len(known))

    def answer(self, message, arguments, name=None, session=None):
        """(code, parameter…), or None when the call was carried out."""
        first = [self.world.session.ref if session is None else session] if message.needs_session else []
        return answer(lambda: value_of(getattr(self.world.session.rpc, name or message.name)(*first, *arguments)))


def value_of(reply):
    """system.* answers without an envelope when it succeeds."""
    return value(reply) if isinstance(reply, dict) and "Status" in reply else reply


def by_class(world, function, description):
    """function(message) gives None or a problem."""
    for cls in world.api.classes:
        if cls.messages:
            problems = [(m.name, p) for m in cls.messages for p in [function(m)] if p]
            is_(problems[:10], [], f"{cls.name}: {description}")


def test_count(world, caller):
    def judge(message, name=None):
        most, least = len(message.parameters), message.required
        counts = [(most + 1, most), (most + 5, most)] + ([(least - 1, least)] if least else [])
        for given, expected in counts:
            want = ("MESSAGE_PARAMETER_COUNT_MISMATCH", message.name, str(expected), str(given))
            got = caller.answer(message, caller.arguments(message, given), name)
            if got != want:
                return got
        return None

    by_class(world, judge, "one parameter too many, one too few")
    by_class(world, lambda m: judge(m, m.name.replace(".", "_", 1)), "the same for the name with an underscore")


def test_session(world, caller):
    def judge(message):
        if not message.needs_session:
            return None
        arguments = caller.arguments(message)
        got = caller.answer(message, arguments, session=NOBODY)
        if got != ("SESSION_INVALID", NOBODY):
            return got
        got = answer(lambda: value_of(getattr(world.session.rpc, message.name)()))
        return None if got and got[0] == "SESSION_INVALID" else ("no parameters", got)

    by_class(world, judge, "no such session, and no parameters at all")
    get_all = next(m for m in world.api.cls("VM").messages if m.short_name == "get_all")
    uuid = world.session.session.get_uuid(world.session.ref)
    for bogus in ("", "nonsense", NULL_REF, uuid, world.session.ref + " ", world.halted):
        is_(caller.answer(get_all, [], session=bogus), ("SESSION_INVALID", bogus), f"{short(bogus)} is no session")
    for bogus in (1, True, 1.5, [world.session.ref], {"a": world.session.ref}):
        is_(caller.answer(get_all, [], session=bogus)[0], "SESSION_INVALID", f"{type(bogus).__name__} is no session")


def test_types(world, caller):
    def judge(message):
        for i, parameter in enumerate(message.parameters):
            arguments = caller.arguments(message)
            for bad in wrong(parameter.type):
                arguments[i] = bad
                got = caller.answer(message, arguments)
                codes = {"FIELD_TYPE_ERROR", "INVALID_VALUE"} | ({"HANDLE_INVALID"} if "ref " in parameter.type.text else set())
                if not got or got[0] not in codes or (got[0] != "HANDLE_INVALID" and not got[1].startswith(parameter.name + ":")):
                    return parameter.name, short(bad), got
        return None

    by_class(world, judge, "parameters of a wrong type, each named")


def test_references(world, caller):
    def judge(message):
        for i, parameter in enumerate(message.parameters):
            if parameter.type.kind != "ref":
                continue
            names_object = i == 0 and parameter.name != "value"
            for nothing in [NOBODY, "nonsense"] + ([NULL_REF, ""] if names_object else []):
                arguments = caller.arguments(message)
                arguments[i] = nothing
                got = caller.answer(message, arguments)
                if got != ("HANDLE_INVALID", parameter.type.cls, nothing or NULL_REF):
                    return parameter.name, nothing, got
        return None

    by_class(world, judge, "references to nothing")


def test_other_class(world, caller):
    """A reference is no name of an object of another class."""
    def judge(message):
        if not message.parameters or message.parameters[0].type.kind != "ref":
            return None
        cls = message.parameters[0].type.cls
        other = world.refs("host_metrics" if cls != "host_metrics" else "host")[0]
        got = caller.answer(message, [other, *caller.arguments(message)[1:]])
        return None if got == ("HANDLE_INVALID", cls, other) else got

    by_class(world, judge, "references to an object of another class")


def test_async(world, caller):
    """Judged as the message itself before there is a task; unknown where the table says that there is none."""
    def judge(message):
        name = "Async." + message.name
        arguments = caller.arguments(message)
        if not message.is_async:
            got = caller.answer(message, arguments, name)
            return None if got == ("MESSAGE_METHOD_UNKNOWN", name) else got
        most = len(message.parameters)
        got = caller.answer(message, caller.arguments(message, most + 1), name)
        if got != ("MESSAGE_PARAMETER_COUNT_MISMATCH", message.name, str(most), str(most + 1)):
            return got
        got = caller.answer(message, arguments, name, session=NOBODY)
        return None if got == ("SESSION_INVALID", NOBODY) else got

    before = world.refs("task")
    by_class(world, judge, "Async where the table says so, and only there")
    is_(world.refs("task"), before, "what is refused leaves no task")


def test_unknown(world):
    def get(name, *arguments):
        return answer(lambda: value_of(getattr(world.session.rpc, name)(*arguments)))

    for name in ("VM.nonsense", "nonsense", "VM.", ".", "VM", "vm.start", "VM..start", "VM.get_live_intent", "VM.get_boot_recor",
                 "Async.VM.nonsense", "Async.", "Async.Async.VM.start", "Async_VM.start", "system.nonsense",
                 "system.multicall", "event.get_record", "VM/start", "VM:start", "x" * 256):
        got = [get(name, *arguments) for arguments in ((), (world.session.ref,), (world.session.ref, world.halted))]
        is_(got, [("MESSAGE_METHOD_UNKNOWN", name)] * 3, f"unknown: {short(name)}")
    for name in ("", "VM.start x", "VM\u041c.start", "\U0001f600", "x" * 257):
        error = raises(xmlrpc.client.ProtocolError, lambda: get(name), f"no name at all: {short(name)}")
        is_(error and error.errcode, 400, "is no call")
    is_(world.session.call("VM.get_uuid", world.halted), world.session.rpc.VM_get_uuid(world.session.ref, world.halted)["Value"],
        "VM_get_uuid is VM.get_uuid")


def test_listing(world):
    names = sorted(m.name for m in world.api.messages)
    is_(world.session.rpc.system.listMethods(), names, "system.listMethods lists what the table has, sorted")
    is_(world.session.host.list_methods(), names, "host.list_methods too")
    is_(len(set(names)), len(names), "each once")
    forms = [name.replace(".", "_", 1) for name in names]
    is_(len(set(forms)), len(forms), "and no two have the same name with an underscore")


# XML-RPC's word for each kind of type in a signature, as a parameter; ints are said to be strings as results.
WIRE = {"int": "int", "float": "double", "bool": "boolean", "datetime": "dateTime.iso8601", "set": "array",
        "map": "struct", "record": "struct", "any": "struct"}


def signatures(message):
    result = "string" if message.result.kind == "int" else WIRE.get(message.result.kind, "string")
    parameters = [WIRE.get(p.type.kind, "string") for p in message.parameters]
    session = ["string"] if message.needs_session else []
    return [[result, *session, *parameters[:n]] for n in range(message.required, len(parameters) + 1)]


def test_introspection(world):
    rpc = world.session.rpc

    def help_of(message):
        text = rpc.system.methodHelp(message.name)
        words = [message.name, message.description, *(p.name for p in message.parameters)]
        return [word for word in words if word not in text] or None

    def signature_of(message):
        got = rpc.system.methodSignature(message.name)
        return None if got == signatures(message) else got

    by_class(world, help_of, "methodHelp has name, parameters and description")
    by_class(world, signature_of, "methodSignature has a row for each number of parameters")
    for method in ("methodHelp", "methodSignature"):
        got = answer(lambda: value_of(getattr(rpc.system, method)("VM.nonsense")))
        is_(got, ("MESSAGE_METHOD_UNKNOWN", "VM.nonsense"), f"{method} of nothing")
    has(rpc.system_methodHelp("VM_start"), "VM.start", "names with an underscore do here too")


def main():
    if not program():
        skip_all("XENAPID names no program")
    with World() as world:
        world.api = Api()
        caller = Caller(world)
        before = {ref: world.session.VM.get_record(ref) for ref in world.refs("VM")}
        test_count(world, caller)
        test_session(world, caller)
        test_types(world, caller)
        test_references(world, caller)
        test_other_class(world, caller)
        test_async(world, caller)
        test_unknown(world)
        test_listing(world)
        test_introspection(world)
        is_({ref: world.session.VM.get_record(ref) for ref in world.refs("VM")}, before, "and none of it has changed a VM")
        is_(world.session.session.get_this_host(world.session.ref), world.refs("host")[0], "the session is still there")
    done()


main()
