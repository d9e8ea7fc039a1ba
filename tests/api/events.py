#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""events.py – event.from and its tokens, event.inject, event.register and event.next, and what ends a wait."""
import http.client
import re
import socket
import threading
import xmlrpc.client

from lib.api import NOBODY, NULL_REF
from lib.events import Mirror, summary
from lib.rpc import Failure, Session
from lib.server import Server, program
from lib.tap import done, has, is_, ok, skip_all
from lib.wire import Wire, call, post
from lib.world import answer


def make(session, name="demo"):
    return session.VM.create({"name_label": name})


class Waiting(threading.Thread):
    """A call on a connection of its own; result() waits for its end: the value, or (code, parameter…)."""

    def __init__(self, server, session, method, *arguments):
        super().__init__(daemon=True)
        self.other = Session(server.http)
        self.other.ref = session.ref
        self.method, self.arguments = method, arguments
        self.value = None
        self.start()

    def run(self):
        try:
            self.value = self.other.call(self.method, *self.arguments)
        except Failure as failure:
            self.value = (failure.code, *failure.params)
        except (OSError, http.client.HTTPException):
            pass  # the daemon ended meanwhile

    def result(self):
        self.join(60)
        return self.value


def now(session):
    """A token of now."""
    return session.call("event.from", [], "", 0.0)["token"]


def changes(session, classes, token, timeout=0.0):
    return summary(session.call("event.from", classes, token, timeout)["events"])


def test_everything(session):
    vm = make(session)
    got = session.call("event.from", ["*"], "", 30.0)
    is_(sorted(got), ["events", "token", "valid_ref_counts"], "event.from answers events, token and counts")
    ok(all(e["operation"] == "add" for e in got["events"]), "an empty token: everything is added")
    classes = {e["class"] for e in got["events"]}
    ok({"vm", "host", "pool", "vm_metrics"} <= classes, "of all classes, in lower case")
    ok(not classes & {"session", "user", "event"}, "but sessions and users, whose references are secrets")
    ok(not {"session", "user"} & set(got["valid_ref_counts"]), "which are not counted either")
    event = next(e for e in got["events"] if e["ref"] == vm)
    is_(event["snapshot"], session.VM.get_record(vm), "the snapshot is the record")
    is_(event["obj_uuid"], event["snapshot"]["uuid"], "with its uuid beside it")
    ok(event["id"].isdigit() and int(event["id"]) <= int(got["token"]), "the id is a revision, no later than the token")
    ok(re.fullmatch(r"\d{8}T\d\d:\d\d:\d\dZ", str(event["timestamp"])), "and a time")
    counts = got["valid_ref_counts"]
    is_((counts["vm"], counts["pool"]), (len(session.VM.get_all()), 1), "valid_ref_counts are numbers, and true")
    is_(len([e for e in got["events"] if e["class"] == "vm"]), counts["vm"], "as many as there are events")
    has(session.call("event_from", ["pool"], "", 0.0)["events"][0], "snapshot", "event_from is event.from")


def test_changes(session):
    token = now(session)
    vm = make(session, "one")
    metrics = session.VM.get_metrics(vm)
    is_(sorted(changes(session, ["vm", "vm_METRICS"], token, 30.0)), sorted([("add", "vm", vm), ("add", "vm_metrics", metrics)]),
        "a new VM, with its metrics; class names in any case")
    middle = now(session)
    for i in range(5):
        session.VM.set_name_label(vm, f"name {i}")
    got = session.call("event.from", ["VM"], middle, 30.0)
    is_(summary(got["events"]), [("mod", "vm", vm)], "five changes of one object are one event")
    is_(got["events"][0]["snapshot"]["name_label"], "name 4", "with its last state")
    is_(changes(session, ["VM"], got["token"]), [], "nothing since its token")
    is_(changes(session, ["VM"], token), [("add", "vm", vm)], "since before it was made it is added")
    is_(changes(session, ["host", "SR", "message"], middle), [], "nothing of other classes, nor of those that are not served")
    session.VM.destroy(vm)
    is_(sorted(changes(session, ["VM", "VM_metrics"], middle)), sorted([("del", "vm", vm), ("del", "vm_metrics", metrics)]),
        "a deletion")
    event = session.call("event.from", ["VM"], middle, 0.0)["events"][0]
    ok("snapshot" not in event, "has no snapshot")
    is_(changes(session, ["VM"], token), [], "what was made and deleted meanwhile is nothing")
    is_(session.call("event.from", ["VM"], token, 0.0)["valid_ref_counts"]["vm"], len(session.VM.get_all()),
        "whoever had listed it sees in valid_ref_counts that it is gone")
    ok(middle < got["token"] < now(session), "tokens are in order as texts, too")


def test_objects(session):
    one, other = make(session, "one"), make(session, "other")
    uuid = session.VM.get_uuid(one)
    token = now(session)
    session.VM.set_name_label(one, "changed")
    session.VM.set_name_label(other, "changed")
    is_(changes(session, ["VM/" + one], token), [("mod", "vm", one)], "one object")
    is_(changes(session, ["vm/" + uuid], token), [("mod", "vm", one)], "by its uuid")
    is_(changes(session, ["VM/" + one, "VM/" + other, "vm/" + NOBODY], token), [("mod", "vm", one), ("mod", "vm", other)], "several")
    is_(changes(session, ["host/" + one], token), [], "a reference is no object of another class")
    is_(changes(session, ["VM/" + one], "", 30.0), [("add", "vm", one)], "from the beginning")
    session.VM.destroy(one)
    is_(changes(session, ["VM/" + one], token), [("del", "vm", one)], "its deletion")
    is_(changes(session, ["VM/" + other], token), [("mod", "vm", other)], "of which the other one does not hear")
    session.VM.destroy(other)


def test_wrong(session):
    for wrong in ("x", "1,2", "-1", "1.5", "99999999999999999999999", " 1"):
        is_(answer(session.call, "event.from", ["*"], wrong, 0.0), ("EVENT_FROM_TOKEN_PARSE_FAILURE", wrong), f"no token: {wrong!r}")
    for wrong in ("", "/", "/x", "VM/"):
        is_(answer(session.call, "event.from", [wrong], "", 0.0), ("EVENT_SUBSCRIPTION_PARSE_FAILURE", wrong), f"no subscription: {wrong!r}")
        is_(answer(session.event.register, [wrong])[0], "EVENT_SUBSCRIPTION_PARSE_FAILURE", "nor of event.register")
    is_(answer(session.call, "event.from", ["*"], str(2**60), 0.0), ("EVENTS_LOST",), "a token of another life of the database")
    is_(session.call("event.from", ["VM"], "", -1.0)["events"][0]["class"], "vm", "a negative timeout is none")
    is_(session.call("event.from", [], "", 0.02)["events"], [], "without classes there are no events")


def test_inject(session):
    vm = make(session)
    token = session.event.inject("VM", vm)
    is_(changes(session, ["VM"], token, 30.0), [("mod", "vm", vm)], "event.inject makes an event, its token is just before it")
    is_(changes(session, ["vm"], session.event.inject("vm", session.VM.get_uuid(vm)), 30.0), [("mod", "vm", vm)], "in any case, by uuid")
    is_(answer(session.event.inject, "VM", NOBODY), ("HANDLE_INVALID", "VM", NOBODY), "no such object")
    is_(answer(session.event.inject, "session", session.ref), ("HANDLE_INVALID", "session", session.ref), "no such class")
    is_(answer(session.event.inject, "SR", vm), ("HANDLE_INVALID", "SR", vm), "nor one that is not served")
    ok(int(session.event.get_current_id()) > int(token), "get_current_id goes on")
    session.VM.destroy(vm)


def test_waiting(server, session):
    vm = make(session)
    token = now(session)
    waiting = Waiting(server, session, "event.from", ["VM"], token, 300.0)
    one = Waiting(server, session, "event.from", ["VM/" + vm], token, 300.0)
    other = Waiting(server, session, "event.from", ["VM/" + NOBODY], token, 1.5)
    session.VM.set_name_label(vm, "changed")
    is_(summary(waiting.result()["events"]), [("mod", "vm", vm)], "a change ends the wait")
    is_(summary(one.result()["events"]), [("mod", "vm", vm)], "for the object as well")
    late = other.result()
    is_(late["events"], [], "another object's does not: the time does")
    ok(int(late["token"]) > int(token), "and the token has gone on")
    session.VM.destroy(vm)


def test_session_end(server, session):
    other = server.login()
    waiting = [Waiting(server, other, "event.from", ["VM"], now(session), 300.0) for _ in range(3)]
    other.event.register(["VM"])
    waiting.append(Waiting(server, other, "event.next"))
    mine = Waiting(server, session, "event.from", ["VM"], now(session), 300.0)
    other.session.logout()
    for thread in waiting:
        is_(thread.result(), ("SESSION_INVALID", other.ref), "logging out ends the waits of a session")
    ok(mine.is_alive(), "not those of others")
    vm = make(session)
    is_(summary(mine.result()["events"])[0], ("add", "vm", vm), "which go on")
    session.VM.destroy(vm)


def test_gone(server, session):
    """Clients that leave while they wait are forgotten at once; later calls are not disturbed."""
    token = now(session)
    wires = [Wire(server.port) for _ in range(20)]
    for wire in wires:
        wire.send(post(call("event.from", session.ref, ["*"], token, 300.0)))
    for wire in wires:
        wire.close()
    vm = make(session)
    is_(changes(session, ["VM"], token, 30.0), [("add", "vm", vm)], "clients that leave disturb nobody")
    session.VM.destroy(vm)


def test_next(server, session):
    is_(answer(session.event.next), ("SESSION_NOT_REGISTERED", session.ref), "event.next without event.register")
    session.event.register([])
    before = make(session, "before")
    session.event.register(["VM", "host/" + NOBODY])
    vm = make(session, "one")
    got = session.event.next()
    is_(summary(got)[-1], ("add", "VM", vm), "event.next: classes as they are spelled")
    is_(got[-1]["snapshot"]["name_label"], "one", "with a snapshot")
    waiting = Waiting(server, session, "event.next")
    session.VM.set_name_label(vm, "two")
    is_(summary(waiting.result()), [("mod", "VM", vm)], "only what is new")
    other = server.login()
    is_(answer(other.event.next), ("SESSION_NOT_REGISTERED", other.ref), "each session registers for itself")
    session.event.unregister(["vm"])
    session.event.register(["pool"])
    session.VM.set_name_label(vm, "three")
    pool = session.pool.get_all()[0]
    session.pool.set_name_label(pool, "changed")
    is_(summary(session.event.next()), [("mod", "pool", pool)], "unregistered is not reported")
    is_(answer(session.call, "Async.event.register", ["VM"]), None, "Async too")
    for ref in (before, vm):
        session.VM.destroy(ref)


def login_at_last(server):
    """Until there is room for one more client."""
    while True:
        try:
            return server.login()
        except xmlrpc.client.ProtocolError as error:
            if error.errcode != 503:
                raise


def test_budget():
    """When too much is on its way, who waits is told to come again: nothing is lost, and others are answered."""
    with Server(settings={"max-reply-bytes-in-flight": "1m"}) as server:
        session = server.login(address=server.unix)
        vm = make(session, "long")
        session.VM.set_name_description(vm, "x" * 3_900_000)
        token = now(session)
        waiting = Wire(server.port, timeout=60)
        waiting.send(post(call("event.from", session.ref, ["VM"], token, 300.0)))
        deaf = [Wire(server.port) for _ in range(4)]
        for wire in deaf:
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            wire.send(post(call("VM.get_name_description", session.ref, vm)) * 4)
            wire.head()  # it has begun
        session.VM.set_name_label(vm, "short")
        reply = waiting.reply()
        is_(reply.status, 503, "too much is on its way: come again")
        is_(changes(session, ["VM"], token, 30.0), [("mod", "vm", vm)], "over the Unix socket it goes on")
        for wire in (*deaf, waiting):
            wire.close()
        is_(changes(login_at_last(server), ["VM"], token, 30.0), [("mod", "vm", vm)], "with the same token nothing is lost")


def test_deadlines():
    """The time that a client has for its call is not that of the wait."""
    with Server(settings={"request-timeout": "2s", "idle-timeout": "2s"}) as server:
        session = server.login(address=server.unix)
        token = now(session)
        got = Waiting(server, session, "event.from", ["VM"], token, 5.0).result()
        is_(got and got["events"], [], "who waits is not cut off")


def test_stop():
    """Who waits does not keep the server, and asks the next one."""
    with Server() as server:
        session = server.login()
        token = now(session)
        waiting = Waiting(server, session, "event.from", ["VM"], token, 300.0)
        ready = Waiting(server, session, "event.from", ["VM_metrics"], token, 0.0)
        ready.result()
        is_(server.restart(), 0, "a server stops though somebody waits")
        got = waiting.result()
        ok(got is None or got["events"] == [], "who is told so, or cut off")
        ok("were not finished in time" not in server.stderr(), "and that nobody waits for")


def test_restart():
    """A token outlives the daemon: nothing that happened before or after its end is missed."""
    with Server() as server:
        session = server.login()
        vms = [make(session, f"vm {i}") for i in range(20)]
        mirror = Mirror(session, ["*"])
        mirror.update()
        for i, vm in enumerate(vms[:10]):
            session.VM.set_name_description(vm, f"changed {i}")
        session.VM.destroy(vms[10])
        late = make(session, "late")
        session.VM.destroy(make(session, "short"))
        waiting = Waiting(server, session, "event.from", ["VM"], now(session), 300.0)
        task = session.call("Async.VM.get_possible_hosts", vms[0])
        server.kill()
        waiting.join(60)
        server.start()
        session = mirror.session = server.login()
        is_(answer(session.call, "event.from", ["*"], mirror.token, 0.0), None, "the token is good after kill -9")
        session.VM.destroy(vms[11])
        session.VM.set_name_label(vms[12], "after")
        mirror.update()
        records = session.VM.get_all_records()
        is_(mirror.records["vm"], records, "one event.from with it, and the client knows all there is")
        ok(late in records and vms[10] not in records, "what was made and what was deleted included")
        is_(mirror.counts["vm"], len(records), "as many as it is told")
        is_(mirror.records["vm_metrics"].keys(), session.VM_metrics.get_all_records().keys(), "metrics too")
        is_(changes(session, ["task/" + task], mirror.token), [], "of a task of the last life nothing since the new token")
        old = session.call("event.from", ["task/" + task], "1", 0.0)
        is_(summary(old["events"]), [("del", "task", task)], "but with an old one that it is gone")
        is_(old["valid_ref_counts"]["task"], 0, "as the counts say, too")


def main():
    if not program():
        skip_all("XENAPID names no program")
    with Server() as server:
        session = server.login()
        test_everything(session)
        test_changes(session)
        test_objects(session)
        test_wrong(session)
        test_inject(session)
        test_waiting(server, session)
        test_session_end(server, session)
        test_gone(server, session)
        test_next(server, session)
        is_(answer(session.call, "event.from", [NULL_REF], "", 0.0), None, "a class that there is not is none's")
    test_budget()
    test_deadlines()
    test_stop()
    test_restart()
    done()


main()
