#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_jsonrpc.py – JSON-RPC as its clients see it: the same objects, messages and limits as over XML-RPC."""
import json

from lib.api import EMOJI, INT_MAX, INT_MIN, Api
from lib.jsonrpc import JsonSession, ask, request
from lib.rpc import Failure
from lib.server import Server, program
from lib.tap import done, has, is_, ok, raises, skip_all
from lib.wire import Wire, call, post
from lib.world import World, answer

if not program():
    skip_all("xenapid is not built")

JSON = "application/json"
MIB = 1 << 20


def test_replies(session):
    wire, ref = session.wire, session.ref
    host = session.call("host.get_all")[0]
    reply = ask(wire, request("host.get_API_version_major", ref, host, id_="a\"b"))
    is_((reply.status, reply.headers["content-type"]), (200, JSON), "the Content-Type is exactly that")
    is_(reply.text, '{"jsonrpc":"2.0","result":2,"id":"a\\"b"}', "2.0, success")
    is_(ask(wire, request("host.get_API_version_major", ref, host, version="1.0", id_=0)).text,
        '{"result":2,"error":null,"id":0}', "1.0, success")
    is_(ask(wire, request("VM.get_uuid", ref, "OpaqueRef:x", id_=-7)).text,
        '{"jsonrpc":"2.0","error":{"code":1,"message":"HANDLE_INVALID","data":["VM","OpaqueRef:x"]},"id":-7}',
        "2.0, failure")
    is_(ask(wire, request("VM.get_uuid", ref, "OpaqueRef:x", version="1.0", id_="")).text,
        '{"result":null,"error":["HANDLE_INVALID","VM","OpaqueRef:x"],"id":""}', "1.0, failure")
    methods = session.result("system.listMethods")
    ok("VM.get_all_records" in methods, "system.listMethods needs no session")
    is_(json.loads(ask(wire, {"jsonrpc": "2.0", "method": "system.listMethods", "id": 1}).body)["result"], methods,
        "params may be left out")
    is_(raises(Failure, lambda: session.result("VM.get_all"), "no session").code, "SESSION_INVALID", "is said")


def test_values(session):
    vm = session.call("VM.create", {"name_label": EMOJI, "memory_static_max": 256 * MIB, "VCPUs_max": "2",
                                    "other_config": {"a": "\"\\\n\t"}, "no_such_field": [None, 1.5]})
    record = session.call("VM.get_record", vm)
    is_((record["name_label"], record["memory_static_max"], record["VCPUs_max"], record["other_config"]["a"]),
        (EMOJI, 256 * MIB, 2, "\"\\\n\t"), "ints are numbers, sent as numbers or as strings; texts are what they were")
    is_((record["is_a_template"], record["snapshot_time"], record["affinity"], record["tags"]),
        (False, "19700101T00:00:00Z", "OpaqueRef:NULL", []), "bools, dates as strings, null references, sets")
    for number in (INT_MAX, INT_MIN):
        session.call("VM.set_user_version", vm, number)
        is_(session.call("VM.get_user_version", vm), number, f"all 64 bits: {number}")
    for number in (INT_MAX + 1, INT_MIN - 1, 1.5, True, None, "1.5", []):
        failure = raises(Failure, lambda: session.call("VM.set_user_version", vm, number), f"{number!r} is no int")
        ok(failure.code in ("FIELD_TYPE_ERROR", "INVALID_VALUE") and "value" in failure.params[0],
           f"and it is said which parameter: {failure}")
    task = session.call("Async.VM.clone", vm, "other")
    while session.call("task.get_status", task) == "pending":
        pass
    result = session.call("task.get_result", task)
    ok(result.startswith("<value>OpaqueRef:"), f"the result of a task is XML all the same: {result}")


def problem(server, body, code, what, path="/jsonrpc"):
    """What is no call: 400, a JSON-RPC error, and the connection is closed."""
    with Wire(server.port) as wire:
        reply = ask(wire, body, path)
        error = json.loads(reply.body)
        is_((reply.status, reply.headers["content-type"]), (400, JSON), f"{what}: 400")
        is_((error["error"]["code"], error["id"], error["error"]["data"]), (code, None, []),
            error["error"]["message"])
        ok(wire.is_closed(), "and the connection is closed")


def test_problems(server):
    problem(server, b"", -32700, "nothing")
    problem(server, call("VM.get_all"), -32700, "XML")
    problem(server, b'{"method":"m","params":["\xff"],"id":1}', -32700, "no UTF-8")
    problem(server, b'{"method":"m","params":[{"a":1,"a":1}],"id":1}', -32700, "a member twice")
    problem(server, b'{"method":"m","id":1,"params":' + b"[" * 66 + b"]" * 66 + b"}", -32700, "nested too deep")
    problem(server, b'{"method":"m","id":1,"params":[' + b"0," * 200_100 + b"0]}", -32700, "too many values")
    problem(server, [request("VM.get_all")], -32600, "a batch")
    problem(server, {"jsonrpc": "2.0", "method": "VM.get_all", "params": []}, -32600, "a notification")
    limit = 4 * MIB
    with Wire(server.port) as wire:
        is_(ask(wire, b" " * (limit + 1)).status, 413, "too long: 413, as for XML-RPC")
    with Wire(server.port) as wire:
        padded = json.dumps(request("system.listMethods")).encode().ljust(limit)
        is_(ask(wire, padded).status, 200, "a call of the longest size")


def test_paths(server):
    with Wire(server.port) as wire:
        is_(wire.ask(post(call("system.listMethods"), "/")).headers["content-type"], "text/xml", "XML-RPC at /")
        is_(ask(wire, request("system.listMethods")).headers["content-type"], JSON, "and JSON-RPC at /jsonrpc, "
            "on one connection")
        is_(ask(wire, request("system.listMethods"), "/jsonrpc?x=1").headers["content-type"], JSON, "with a query")
    for path in ("/", "/json", "/jsonrpc/", "/jsonrpc2"):
        with Wire(server.port) as wire:
            reply = ask(wire, request("system.listMethods"), path)
            is_((reply.status, reply.headers["content-type"]), (400, "text/plain; charset=utf-8"), f"not at {path}")


def as_json(type_, value):
    """What JSON has in place of what XML-RPC has."""
    if type_.kind == "int":
        return int(value)
    if type_.kind == "datetime":
        return str(value)
    if type_.kind == "set":
        return [as_json(type_.item, item) for item in value]
    if type_.kind == "map":
        return {key: as_json(type_.item, item) for key, item in value.items()}
    return value


def test_same_objects(world):
    """Every field of every object is the same in both languages."""
    with JsonSession(world.server) as session:
        for cls in Api().classes:
            if not cls.has_objects:
                continue
            for ref in world.refs(cls.name):
                xml = world.session.call(f"{cls.name}.get_record", ref)
                want = {field.short_name: as_json(field.type, xml[field.short_name]) for field in cls.fields
                        if field.short_name in xml}
                got = session.call(f"{cls.name}.get_record", ref)
                if cls.name == "session":
                    got["last_active"] = want["last_active"]
                if not is_(got, want, f"a {cls.name} is the same in both"):
                    break
        is_(answer(session.call, "VM.start", world.running, False, False),
            answer(world.session.VM.start, world.running, False, False), "and so is a failure")
        session.call("VM.set_memory_dynamic_range", world.halted, 64 * MIB, 128 * MIB)
        is_(world.session.VM.get_memory_dynamic_max(world.halted), str(128 * MIB), "what one changes the other sees")


def preflight(wire, *headers):
    return wire.ask("\r\n".join(["OPTIONS /jsonrpc HTTP/1.1", "Host: localhost", *headers, "", ""]).encode())


def sharing(reply):
    return (reply.headers.get("access-control-allow-origin"), reply.headers.get("access-control-allow-headers"))


def test_pages(server):
    """Where one has to sign in, pages of any site may call."""
    origin = "Origin: https://example.org"
    with Wire(server.port) as wire:
        reply = preflight(wire, origin, "Access-Control-Request-Method: POST",
                          "Access-Control-Request-Headers: content-type, x-more")
        is_((reply.status, reply.body), (200, b""), "a browser asks first")
        is_(sharing(reply), ("*", "content-type, x-more, X-Requested-With"), "and is told that it may")
        is_(sharing(preflight(wire)), ("*", "X-Requested-With"), "whatever it asks")
        reply = ask(wire, request("session.login_with_password", "root", "secret"), headers=[origin])
        is_((reply.status, sharing(reply)), (200, ("*", "X-Requested-With")), "a page's call is answered")
        has(reply.text, "OpaqueRef:", "and it has signed in")
        is_(sharing(wire.ask(post(call("VM.get_all"))))[0], "*", "XML-RPC too")
        is_(sharing(ask(wire, b"nonsense", headers=[origin]))[0], "*", "a page may see what was wrong")


def test_no_pages(server):
    """Where nobody has to sign in, none."""
    with Wire(server.port) as wire:
        reply = preflight(wire)
        is_((reply.status, reply.headers["allow"], sharing(reply)), (200, "GET, HEAD, OPTIONS, POST", (None, None)),
            "without sign-in OPTIONS promises nothing")
        is_(sharing(ask(wire, request("system.listMethods"))), (None, None), "nor does any other reply")
    for ask_as_page in (lambda wire: preflight(wire, "Origin: http://localhost"),
                        lambda wire: ask(wire, request("system.listMethods"), headers=["Origin: http://localhost"])):
        with Wire(server.port) as wire:
            reply = ask_as_page(wire)
            is_((reply.status, sharing(reply)), (403, (None, None)), "and a page is refused")
    with Wire(server.unix[len("unix:"):]) as wire:
        is_(sharing(preflight(wire)), (None, None), "nor on the Unix socket")


with World() as shared_world:
    test_same_objects(shared_world)
    test_problems(shared_world.server)
    test_paths(shared_world.server)
    test_no_pages(shared_world.server)
    with JsonSession(shared_world.server) as json_session:
        test_replies(json_session)
        test_values(json_session)
with Server(users={"root": "secret"}) as daemon:
    test_pages(daemon)
done()
