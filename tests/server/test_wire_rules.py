#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_wire_rules.py – what existing clients need of the bytes: each of these, broken, has stopped one of them.

C: libxen, libxenserver; Go: go-xen-api-client and XenServer's SDK; JavaScript: npm xen-api (Xen Orchestra).
"""
import json
import re
import xmlrpc.client

from lib.api import NULL_REF, Api
from lib.jsonrpc import ask, request
from lib.server import Server, program
from lib.tap import done, is_, ok, skip_all
from lib.wire import Wire, call, post
from lib.world import MIB, World

if not program():
    skip_all("xenapid is not built")

START = '<?xml version="1.0"?><methodResponse><params><param><value><struct><member><name>Status</name>'
SUCCESS = START + '<value>Success</value></member><member><name>Value</name><value>%s</value></member>'
FAILURE = START + '<value>Failure</value></member><member><name>ErrorDescription</name><value><array><data>' \
    '%s</data></array></value></member>'
END = '</struct></value></param></params></methodResponse>'
FORM = "Content-Type: application/x-www-form-urlencoded"
# The least that lets all of these clients work.
CLASSES = ["session", "event", "pool", "host", "VM", "VM_metrics", "task", "host_metrics", "host_cpu"]
EVENTS = '<name>events</name><value><array><data>%s</data></array></value>'


def success(content):
    return SUCCESS % content + END


def failure(*texts):
    return FAILURE % "".join(f"<value>{text}</value>" for text in texts) + END


class Client:
    """A world, and a connection on which every byte is seen."""

    def __init__(self, world):
        self.world = world
        self.wire = Wire(world.server.port)
        self.session = world.session
        self.ref = world.session.ref
        self.api = Api()

    def raw(self, method, *values, headers=()):
        """The reply's text; the values are XML, behind the session."""
        params = "".join(f"<param>{value}</param>" for value in (f"<value>{self.ref}</value>", *values))
        body = f"<?xml version='1.0'?><methodCall><methodName>{method}</methodName><params>{params}</params></methodCall>"
        return self.wire.ask(post(body.encode(), headers=headers)).text

    def text(self, method, *texts):
        return self.raw(method, *(f"<value>{text}</value>" for text in texts))

    def json(self, method, *params, **more):
        return ask(self.wire, request(method, *params, **more)).text

    def listed(self):
        """Every reply to get_all_records."""
        return {cls.name: self.text(f"{cls.name}.get_all_records") for cls in self.api.classes
                if cls.has_objects and cls.is_listed}


def test_paths_and_types(client):
    wire, body = client.wire, call("VM.get_all", client.ref)
    for path in ("/", "/RPC2", "/xmlrpc", "/any/other"):
        reply = wire.ask(post(body, path))
        is_((reply.status, reply.headers["content-type"]), (200, "text/xml"),
            f"XML-RPC at {path}; its type has no charset")
    reply = ask(wire, request("VM.get_all", client.ref))
    is_((reply.status, reply.headers["content-type"]), (200, "application/json"), "JSON-RPC; its type has none either")


def test_replies(client):
    listed = client.listed()
    ok(len(listed) > 5, "every class can be listed")
    spaced = [name for name, text in listed.items() if re.search(r">\s+<", text)]
    is_(spaced, [], "no white space between tags")
    tagged = [name for name, text in listed.items() if re.search("<(int|i4|i8)>", text)]
    is_(tagged, [], "ints are untyped")
    ok("<name>memory_static_max</name><value>268435456</value>" in listed["VM"], "with more than 32 bits if need be")
    stringed = [name for name, text in listed.items() if "<string" in text]
    is_(stringed, [], "empty texts have no <string>")
    ok("<name>name_description</name><value></value>" in listed["VM"], "only <value></value>")
    ok("<value><array><data></data></array></value>" in listed["VM"], "an empty array holds a <data>")
    arrays = [name for name, text in listed.items() if text.count("<array>") != text.count("<array><data>")]
    is_(arrays, [], "as every array does")


def test_envelopes(client):
    vm = client.world.halted
    name = client.text("VM.set_name_label", vm, "a")
    is_(name, success(""), "Status, then Value; void is an empty text")
    is_(client.text("VM.get_is_a_template", vm), success("<boolean>0</boolean>"), "a bool")
    is_(client.text("VM.get_snapshot_time", vm),
        success("<dateTime.iso8601>19700101T00:00:00Z</dateTime.iso8601>"), "a date")
    is_(client.text("VM.get_HVM_shadow_multiplier", vm), success("<double>1</double>"), "a float")
    reply = client.wire.ask(post(call("VM.get_uuid", client.ref, "x"), headers=[FORM]))
    is_((reply.status, reply.text), (200, failure("HANDLE_INVALID", "VM", "x")),
        "a failure is no fault but Status, then ErrorDescription; what type the request had does not matter")


def test_ints_that_come(client):
    vm = client.world.halted
    for form in ("<value>7</value>", "<value><string>7</string></value>", "<value><int>7</int></value>",
                 "<value><i4>7</i4></value>", "<value><i8>7</i8></value>"):
        client.text("VM.set_user_version", vm, "1")
        is_(client.raw("VM.set_user_version", f"<value>{vm}</value>", form), success(""), f"an int as {form}")
        is_(client.text("VM.get_user_version", vm), success("7"), "is one")
    for form, tags in (("<value><array/></value>", []),
                       ("<value><array><param><value>a</value></param></array></value>", ["a"])):
        is_(client.raw("VM.set_tags", f"<value>{vm}</value>", form), success(""), f"a set as {form}")
        is_(client.session.VM.get_tags(vm), tags, "is one")


def test_names(client):
    is_(client.text("VM_get_power_state", client.world.halted), success("Halted"), "Class_message is Class.message")
    is_(client.text("session_get_uuid", client.ref), client.text("session.get_uuid", client.ref), "of any class")


def test_starts():
    with Server() as server, server.login() as session, Wire(server.port) as wire:
        vm = session.VM.create({"name_label": "start", "memory_static_max": str(64 * MIB)})
        for arguments, what in (((True,), "2 parameters, as in 2006"), ((True, False), "3, as today")):
            is_(wire.ask(post(call("VM.start", session.ref, vm, *arguments))).text, success(""), f"VM.start with {what}")
            is_(session.VM.get_power_state(vm), "Paused", "starts it")
            session.VM.hard_shutdown(vm)


def member(name, value):
    return f"<member><name>{name}</name><value>{value}</value></member>"


def test_creation(client):
    """C and Go send whole records, null references as "", and what nobody knows; JavaScript leaves fields out."""
    date = "<dateTime.iso8601>111T0:0:0</dateTime.iso8601>"
    members = [member("name_label", "whole"), member("memory_static_max", "<string>268435456</string>"),
               member("uuid", ""), member("domid", "<string>0</string>"), member("metrics", ""),
               member("power_state", "Running"), member("allowed_operations", "<array><data/></array>"),
               member("snapshot_time", date), member("affinity", ""), member("suspend_VDI", ""),
               member("security_label", "x"), member("pool_name", "x"),
               member("auto_power_on", "<boolean>0</boolean>")]
    reply = client.raw("VM.create", f"<value><struct>{''.join(members)}</struct></value>")
    ref = re.search("OpaqueRef:[-0-9a-f]+", reply)
    if not ok(ref and reply == success(ref.group()), f"a whole record is taken {reply[-200:]}"):
        return
    record = client.session.VM.get_record(ref.group())
    is_((record["power_state"], record["domid"], record["affinity"], record["platform"], record["memory_static_max"]),
        ("Halted", "-1", NULL_REF, {}, str(256 * MIB)), "what is not for clients is not taken, the rest has defaults")
    ok(record["uuid"] and record["metrics"] != NULL_REF, "uuid and metrics are its own")
    client.session.VM.destroy(ref.group())


def test_references(client):
    client.session.VM.set_affinity(client.world.halted, "")
    is_(client.text("VM.get_affinity", client.world.halted), success(NULL_REF), "a null reference")
    wrong = []
    for cls in client.api.classes:
        for field in cls.fields if cls.has_objects else ():
            if field.type.kind == "ref":
                values = [client.session.call(f"{field.cls}.get_{field.short_name}", ref)
                          for ref in client.world.refs(cls.name)]
                wrong += [(field.name, value) for value in values if not value.startswith("OpaqueRef:")]
    is_(wrong, [], "every reference starts with OpaqueRef:")
    ok(client.ref.startswith("OpaqueRef:"), "a session too")


def test_sign_in(client):
    for more in ((), ("1.0",), ("1.0", "a client")):
        reply = client.wire.ask(post(call("session.login_with_password", "root", "", *more)))
        ok(re.search("<value>OpaqueRef:", reply.text), f"signing in with {2 + len(more)} parameters")


def test_http(client):
    body = call("VM.get_all", client.ref)
    want = client.text("VM.get_all")
    for path in ("/", "/jsonrpc"):
        data = body if path == "/" else json.dumps(request("VM.get_all", client.ref)).encode()
        with Wire(client.world.server.port) as wire:
            first = wire.ask(post(data, path)).text
            is_(wire.ask(post(data, path)).text, first, f"{path}: the connection is kept")
            wire.send(post(data, path, headers=["Expect: 100-continue"])[:-len(data)])
            is_((wire.head().status, wire.ask(data).text), (100, first), "who waits before the body is told to go on")
            for piece in (post(data, path)[i:i + 50] for i in range(0, len(post(data, path)), 50)):
                wire.send(piece)
            is_(wire.reply().text, first, "a body in several pieces")
            is_(wire.ask(post(data, path, version="1.0")).text, first, "HTTP/1.0")
    for _ in range(20):
        with Wire(client.world.server.port) as wire:
            wire.send(post(body) * 10)
    is_(client.text("VM.get_all"), want, "clients that leave without their replies disturb nobody")


def test_many_sessions():
    with Server(settings={"session-limit": "5"}) as server:
        sessions = [server.login() for _ in range(7)]
        alive = [answers(session) for session in sessions]
        is_(alive, ["SESSION_INVALID"] * 2 + [None] * 5, "who never logs out is not refused; his oldest session goes")
        for session in sessions:
            session.close()


def answers(session):
    reply = session.rpc.VM.get_all(session.ref)
    return reply["ErrorDescription"][0] if reply["Status"] == "Failure" else None


def test_json(client):
    vm = client.world.halted
    client.session.VM.set_user_version(vm, "5")
    for id_, text in ((0, "0"), (7, "7"), ("uuid", '"uuid"')):
        is_(client.json("VM.get_user_version", client.ref, vm, id_=id_),
            f'{{"jsonrpc":"2.0","result":5,"id":{text}}}', f"2.0: ints are numbers, no error, the id as it came: {text}")
    is_(client.json("VM.get_uuid", client.ref, "x"),
        '{"jsonrpc":"2.0","error":{"code":1,"message":"HANDLE_INVALID","data":["VM","x"]},"id":1}', "2.0, failure")
    is_(client.json("VM.get_user_version", client.ref, vm, version="1.0"), '{"result":5,"error":null,"id":1}', "1.0")
    is_(client.json("VM.get_uuid", client.ref, "x", version="1.0"),
        '{"result":null,"error":["HANDLE_INVALID","VM","x"],"id":1}', "1.0, failure")
    is_(client.json("VM.get_snapshot_time", client.ref, vm),
        '{"jsonrpc":"2.0","result":"19700101T00:00:00Z","id":1}', "a date is a string")
    ok(client.json("system.listMethods").startswith('{"jsonrpc":"2.0","result":["'),
       "system.listMethods needs no session")


def test_browsers():
    with Server(users={"root": "secret"}) as server, Wire(server.port) as wire:
        reply = wire.ask(b"OPTIONS /jsonrpc HTTP/1.1\r\nHost: localhost\r\nOrigin: https://xo.example\r\n"
                         b"Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\n\r\n")
        is_((reply.status, reply.headers["access-control-allow-origin"],
             reply.headers["access-control-allow-headers"]), (200, "*", "content-type, X-Requested-With"),
            "a browser may call from any page")


def test_pool(client):
    pools = client.session.pool.get_all_records()
    is_(len(pools), 1, "there is a pool")
    ref, pool = next(iter(pools.items()))
    ok(pool["uuid"] and pool["master"] in client.session.host.get_all(), "with a uuid and a master that is there")
    client.session.pool.add_to_other_config(ref, "a", "b")
    is_(client.session.pool.get_other_config(ref)["a"], "b", "its other_config can be written")
    client.session.pool.remove_from_other_config(ref, "a")
    is_(client.text("pool.get_default_SR", ref), success(client.session.SR.get_all()[0]), "and it has a default SR")


def test_classes(client):
    names = client.session.rpc.system.listMethods()
    served = {cls.name for cls in client.api.classes}
    is_([name for name in CLASSES if name not in served], [], "the classes that clients can not do without")
    failed = [name for name in names if name.endswith(".get_all_records") and "Success" not in client.text(name)]
    is_(failed, [], "what system.listMethods promises can be listed")
    uneven = []
    for cls in client.api.classes:
        if cls.has_objects and cls.is_listed:
            want = {field.short_name for field in cls.fields}
            records = client.session.call(f"{cls.name}.get_all_records").values()
            uneven += [cls.name for record in records if set(record) != want]
    is_(uneven, [], "all records of a class have the same fields")


def finished(client, task):
    while client.session.task.get_status(task) == "pending":
        pass
    return client.session.task.get_record(task)


def test_tasks(client):
    task = client.session.call("Async.VM.clone", client.world.halted, "task")
    record = finished(client, task)
    clone = client.session.VM.get_by_name_label("task")[0]
    is_((record["status"], record["result"], record["error_info"]), ("success", f"<value>{clone}</value>", []),
        "a task that succeeded")
    is_(client.text("task.get_record", task).count(f"&lt;value&gt;{clone}&lt;/value&gt;"), 1, "as text")
    ok(task in client.session.task.get_all(), "stays until somebody has looked")
    is_(client.text("task.destroy", task), success(""), "and destroys it")
    task = client.session.call("Async.VM.unpause", clone)
    is_((finished(client, task)["status"], finished(client, task)["error_info"]),
        ("failure", ["VM_BAD_POWER_STATE", clone, "paused", "halted"]), "a task that failed")
    task = client.session.call("Async.VM.destroy", clone)
    is_(finished(client, task)["result"], "<value></value>", "a task without a result")


def watched(client, method, *arguments):
    """The events of a call's task, as who follows all tasks sees them; the task has been destroyed."""
    token = client.session.event.inject("pool", client.session.pool.get_all()[0])
    task = client.session.call("Async." + method, *arguments)
    snapshots = []
    while not snapshots or snapshots[-1]["status"] == "pending":
        got = client.session.call("event_from", ["TASK"], token, 30.0)
        token = got["token"]
        snapshots += [event["snapshot"] for event in got["events"] if event["ref"] == task]
    ok(task in client.session.task.get_all(), f"{method}: a task that has ended stays")
    client.session.task.destroy(task)
    gone = client.session.call("event_from", ["task"], token, 30.0)
    is_([event["operation"] for event in gone["events"]], ["del"], "until somebody destroys it, which is an event")
    return snapshots


def test_task_events(client):
    last = watched(client, "VM.clone", client.world.halted, "watched")[-1]
    clone = client.session.VM.get_by_name_label("watched")[0]
    is_((last["status"], last["result"]), ("success", f"<value>{clone}</value>"), "the event has the result")
    last = watched(client, "VM.unpause", clone)[-1]
    is_((last["status"], last["error_info"]), ("failure", ["VM_BAD_POWER_STATE", clone, "paused", "halted"]), "or the failure")
    is_(watched(client, "VM.destroy", clone)[-1]["result"], "<value></value>", "no result is an empty value")


def event_from(client, classes, token, method="event.from", timeout="30"):
    data = "".join(f"<value>{name}</value>" for name in classes)
    return client.raw(method, f"<value><array><data>{data}</data></array></value>", f"<value>{token}</value>",
                      f"<value><double>{timeout}</double></value>")


def token_of(text):
    return re.search(r"<name>token</name><value>(\d{20})</value>", text).group(1)


def test_event_bytes(client):
    text = event_from(client, ["vm"], "")
    ok(re.search(r"<name>vm</name><value><i4>\d+</i4></value>", text), "counts are <i4>")
    ok("<name>class</name><value>vm</value>" in text, "classes are in lower case")
    for method, classes in (("event_from", ["VM"]), ("event.from", ["Vm"])):
        is_(token_of(event_from(client, classes, "", method)), token_of(text), f"{method} of {classes[0]} is the same")
    got = json.loads(client.json("event.from", client.ref, ["VM"], "", 30.0))["result"]
    is_(got["valid_ref_counts"]["vm"], len(client.session.VM.get_all()), "JSON: counts are numbers")
    is_(got["token"], token_of(text), "the token is text")
    vm = client.session.VM.create({"name_label": "events"})
    token = client.session.event.inject("VM", vm)
    ok(EVENTS % "" not in event_from(client, ["vm"], token), "the token of event.inject is one of event.from")
    for classes in (["vm"], ["*"]):
        got = client.session.call("event.from", classes, token, 30.0)["events"]
        is_([(e["operation"], e["snapshot"]) for e in got if e["ref"] == vm],
            [("mod", client.session.VM.get_record(vm))], f"{classes[0]}: a change, with the whole record")
    client.session.VM.destroy(vm)
    text = event_from(client, ["vm"], token)
    ok("<value>del</value>" in text, "a deletion is del")
    ok(EVENTS % "" in event_from(client, ["vm"], token_of(text), timeout="0"), "no events are an empty array")


def test_event_next(client):
    client.session.event.register(["vm"])
    client.session.VM.set_name_label(client.world.halted, "changed")
    text = client.text("event.next")
    ok(re.search(r"<name>timestamp</name><value><dateTime.iso8601>\d{8}T\d\d:\d\d:\d\dZ</dateTime.iso8601></value>", text),
       "event.next: the timestamp is a dateTime.iso8601")
    ok(re.search(r"<name>id</name><value>\d+</value>", text), "the id is text without a type")
    ok("<name>class</name><value>VM</value>" in text, "the class is spelled as the table has it")
    client.session.event.unregister(["vm"])


def test_failures(client):
    vm, dead = client.world.halted, client.world.running
    for method, texts, want in (
            ("VM.get_uuid", ["OpaqueRef:x"], ["HANDLE_INVALID", "VM", "OpaqueRef:x"]),
            ("VM.get_by_uuid", ["x"], ["UUID_INVALID", "VM", "x"]),
            ("VM.nothing", [], ["MESSAGE_METHOD_UNKNOWN", "VM.nothing"]),
            ("VM.get_uuid", [], ["MESSAGE_PARAMETER_COUNT_MISMATCH", "VM.get_uuid", "1", "0"]),
            ("VM.set_VCPUs_max", [dead, "4"], ["VM_BAD_POWER_STATE", dead, "halted", "running"])):
        is_(client.text(method, *texts), failure(*want), f"{want[0]} and its parameters")
    reply = client.wire.ask(post(call("VM.get_all", "OpaqueRef:x"))).text
    is_(reply, failure("SESSION_INVALID", "OpaqueRef:x"), "SESSION_INVALID")
    client.text("VM.add_to_other_config", vm, "k", "v")
    ok("<value>MAP_DUPLICATE_KEY</value>" in client.text("VM.add_to_other_config", vm, "k", "v"), "MAP_DUPLICATE_KEY")
    ok("<value>MEMORY_CONSTRAINT_VIOLATION_ORDER</value>" in client.text("VM.set_memory_dynamic_range", vm, "9", "8"),
       "MEMORY_CONSTRAINT_VIOLATION_ORDER")
    for text in ("0", "x", "99999999999999999999"):
        ok("<value>INVALID_VALUE</value>" in client.text("VM.set_VCPUs_max", vm, text), f"INVALID_VALUE: {text} vCPUs")
    with Server(users={"root": "secret"}, settings={"login-delay": "1ms"}) as server, Wire(server.port) as wire:
        ok("<value>SESSION_AUTHENTICATION_FAILED</value><value>root</value>"
           in wire.ask(post(call("session.login_with_password", "root", "x"))).text, "SESSION_AUTHENTICATION_FAILED")


def test_removal(client):
    for _ in range(2):
        is_(client.text("VM.remove_from_other_config", client.world.halted, "k"), success(""),
            "removing a key that may not be there")


def test_states(client):
    size, one = str(256 * MIB), "1"
    for vm, state in ((client.world.halted, "Halted"), (client.world.running, "Running")):
        is_(client.text("VM.set_memory_dynamic_range", vm, size, size), success(""), f"dynamic range, {state}")
        is_(client.text("VM.set_VCPUs_at_startup", vm, one), success(""), f"VCPUs_at_startup, {state}")
    for method, texts in (("VM.set_memory_static_max", [size]), ("VM.set_memory_static_min", ["0"]),
                          ("VM.set_memory_static_range", ["0", size]), ("VM.set_VCPUs_max", [one]),
                          ("VM.set_memory_limits", ["0", size, size, size])):
        is_(client.text(method, client.world.halted, *texts), success(""), f"{method}, Halted")
        is_(client.text(method, client.world.running, *texts),
            failure("VM_BAD_POWER_STATE", client.world.running, "halted", "running"), "only then")


TESTS = [test_paths_and_types, test_replies, test_envelopes, test_ints_that_come, test_names, test_creation, test_references, test_sign_in, test_http, test_json, test_pool, test_classes, test_tasks,
         test_task_events, test_event_bytes, test_event_next, test_failures, test_removal, test_states]

with World() as shared_world:
    shared_client = Client(shared_world)
    for test in TESTS:
        test(shared_client)
    shared_client.wire.close()
test_starts()
test_many_sessions()
test_browsers()
done()
