#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""audit.py – a line in the log for each call that changes something or is refused: who, from where, what, how it ended; no secrets."""
import http.client
import os
import re
import signal
import xmlrpc.client

from lib.api import NOBODY
from lib.rpc import proxy, value
from lib.server import Server, program
from lib.tap import done, is_, ok, skip_all
from lib.world import answer

USERS = {"root": "root-password-1", "anna": "anna-password-2"}


class Lines:
    """The audit lines since the last look."""

    def __init__(self, server):
        self.server, self.seen = server, 0
        self.new()

    def new(self):
        text = self.server.stderr()
        lines = [line.split(" audit: ", 1)[1].rsplit(" request=", 1) for line in text[self.seen:].splitlines() if " audit: " in line]
        self.seen = len(text)
        self.requests = [request for _, request in lines]
        return [line for line, _ in lines]


def test_changes(server, lines, session):
    vm = session.VM.create({"name_label": "we\nb", "memory_static_max": str(256 << 20), "other_config": {"password": "vm-secret-3"}})
    is_(lines.new(), [f'user="root" role=pool-admin address=127.0.0.1 call=VM.create object={vm} outcome=done'], "an object that is made")
    session.VM.set_name_label(vm, "a" * 63 + "€uro")
    session.VM.get_record(vm)
    session.VM.get_all_records()
    session.VM.history(vm)
    is_(lines.new(), [f'user="root" role=pool-admin address=127.0.0.1 call=VM.set_name_label object={vm} name="we\\u000ab" outcome=done'],
        "a setter; what only reads leaves no line, and a line break is none")
    session.VM.update(vm, {"name_label": "web", "other_config:owner": "value-4", "tags": ["value-5"]})
    is_(lines.new(), [f'user="root" role=pool-admin address=127.0.0.1 call=VM.update object={vm} name="{"a" * 63}" '
                      'fields="name_label other_config:owner tags" outcome=done'],
        "an update names its fields, and long names are cut between characters")
    session.VM.update(vm, {"name_label": "never"}, {"dry_run": True})
    session.call("Plan.VM.start", vm, False, False)
    is_(lines.new(), [], "what would happen is no change")
    task = session.call("Async.VM.start", vm, False, False)
    while session.task.get_status(task) == "pending":
        pass
    session.task.destroy(task)
    is_([line for line in lines.new() if "VM.start " in line],
        [f'user="root" role=pool-admin address=127.0.0.1 call=VM.start object={vm} name="web" task={task} outcome=done'], "a task, when it ends")
    answer(session.VM.start, vm, False, False)
    is_(lines.new(), [f'user="root" role=pool-admin address=127.0.0.1 call=VM.start object={vm} name="web" outcome=VM_BAD_POWER_STATE'],
        "what the rules refuse")
    return vm


def test_refusals(server, lines, session, vm):
    subject = session.subject.create({"subject_identifier": "anna"})
    session.subject.add_to_roles(subject, session.role.get_by_name_label("read-only")[0])
    lines.new()
    anna = server.login("anna", USERS["anna"])
    is_(lines.new(), ['user="anna" role=read-only address=127.0.0.1 call=session.login_with_password outcome=done'], "a sign-in")
    answer(anna.VM.start, vm, False, False)
    answer(anna.call, "Plan.VM.start", vm, False, False)
    answer(anna.VM.update, vm, {"tags": []})
    who = 'user="anna" role=read-only address=127.0.0.1'
    is_(lines.new(), [f'{who} call=VM.start wanted="vm.start" outcome=RBAC_PERMISSION_DENIED'] * 2 +
        [f'{who} call=VM.update wanted="vm.update" outcome=RBAC_PERMISSION_DENIED'], "what the role does not permit, plans too")
    answer(server.login, "anna", "guessed-6")
    answer(server.login, "x\" outcome=done", "guessed-7")
    is_(lines.new(), [f'user={user} address=127.0.0.1 call=session.login_with_password outcome=SESSION_AUTHENTICATION_FAILED'
                      for user in ('"anna"', '"x\\" outcome=done"')], "refused sign-ins, with what was said to be the name")
    anna.logout()
    is_(lines.new(), [f"{who} call=session.logout outcome=done"], "the end")
    answer(anna.VM.get_all)
    is_(lines.new(), ['user="" address=127.0.0.1 call=VM.get_all outcome=SESSION_INVALID'], "a session that is gone, without its reference")


def call_as(server, request, method, *arguments):
    """Makes a call with an X-Request-Id; returns its value."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("POST", "/", xmlrpc.client.dumps(arguments, method), {"X-Request-Id": request})
    reply = connection.getresponse()
    is_(reply.headers["X-Request-Id"], request, f"{method}: the reply names the request")
    return value(xmlrpc.client.loads(reply.read())[0][0])


def test_requests(server, lines, session, vm):
    """Whatever thread goes on with a call, its lines have its request's id."""
    host = session.host.get_all()[0]
    lines.new()
    session.VM.set_name_description(vm, "1")
    session.VM.set_name_description(vm, "2")
    lines.new()
    ok(len(set(lines.requests)) == 2 and "" not in lines.requests, f"each call has an id of its own: {lines.requests}")
    for request, method, arguments in (("change-1", "VM.set_name_description", (vm, "3")), ("operation-2", "VM.pause", (vm,)),
                                       ("work-3", "host.send_debug_keys", (host, "h")), ("task-4", "Async.VM.hard_shutdown", (vm,)),
                                       ("task-5", "Async.host.send_debug_keys", (host, "q"))):
        result = call_as(server, request, method, session.ref, *arguments)
        while method.startswith("Async.") and session.task.get_status(result) == "pending":
            pass
        lines.new()
        is_(lines.requests, [request], f"{method}: its audit line does as well")
    debug = [line for line in server.stderr().splitlines() if " debug keys for" in line]
    is_([line.split(" info: ")[1] for line in debug], ["debug keys for the hypervisor: h request=work-3",
                                                       "debug keys for the hypervisor: q request=task-5"], "and what a worker logs")
    ok("request=" not in [line for line in server.stderr().splitlines() if "was reloaded" in line][0], "what nobody asked for has none")


def test_flood(server, lines):
    """Whoever has no session can not fill the disk."""
    rpc = proxy(server.http)
    for _ in range(500):
        rpc.VM.get_all(NOBODY)
    count = len(lines.new())
    ok(0 < count < 300, f"500 calls of a stranger leave {count} lines")


def test_local(server, lines):
    session = server.login("root", "", server.unix)
    session.VM.create({"name_label": "here"})
    is_([re.sub("object=.*? ", "", line) for line in lines.new()], ['user="root" role=pool-admin address=unix call=VM.create outcome=done'],
        "on the socket signing in is routine, changes are not")


def test_settings(server, lines, session, vm):
    for what, expected in (("refused", ["SESSION_INVALID"]), ("none", []), ("all", ["done", "SESSION_INVALID"])):
        with open(server.path("xenapid.conf"), "w") as file:
            file.write(f"audit = {what}\n")
        before = server.stderr().count("the configuration was reloaded")
        server.signal(signal.SIGHUP)
        while server.stderr().count("the configuration was reloaded") == before:
            pass
        lines.new()
        session.VM.set_name_description(vm, what)
        answer(session.rpc.VM.get_all, NOBODY)
        is_([line.rsplit("=", 1)[1] for line in lines.new()], expected, f"audit = {what}")


def test_secrets(server, session):
    host = session.host.get_all()[0]
    text, shown = server.stderr(), session.host.get_log(host)
    secrets = [*USERS.values(), "vm-secret-3", "guessed-6", "guessed-7", "value-4", "value-5", session.ref]
    is_([s for s in secrets if s in text], [], "no password, no value and no session is in the log")
    ok("audit:" not in shown, "and who may only read does not see the lines")


def main():
    if not program():
        skip_all("XENAPID names no program")
    with Server(users=USERS, settings={"login-delay": "1ms"}) as server:
        server.write_users(USERS, subjects=("anna",))
        session = server.login("root", USERS["root"])
        lines = Lines(server)
        vm = test_changes(server, lines, session)
        test_refusals(server, lines, session, vm)
        test_settings(server, lines, session, vm)
        test_requests(server, lines, session, vm)
        test_flood(server, lines)
        if os.geteuid() == 0:
            test_local(server, lines)
        test_secrets(server, session)
    done()


main()
