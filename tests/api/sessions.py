#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""sessions.py – signing in and out over the wire, and sessions that end by themselves. Who may sign in: test_signin.py."""
import os
import time

from lib.api import EMOJI
from lib.rpc import Failure, Session
from lib.server import Server, program
from lib.tap import done, has, is_, ok, raises, skip, skip_all
from lib.world import answer


def is_out(session, description):
    is_(answer(session.VM.get_all), ("SESSION_INVALID", session.ref), description)


def is_in(session, description):
    is_(answer(session.VM.get_all), None, description)


def login(server, *arguments):
    """(code, parameter…) of a failed login, or None."""
    return answer(lambda: Session(server.http, *arguments))


def test_arguments(server):
    for more in ((), ("1.0",), ("2.23", "some program")):
        session = Session(server.http, "anna", "", *more)
        record = session.session.get_record(session.ref)
        is_((record["auth_user_name"], record["originator"]), ("anna", (more + ("", ""))[1]), f"login with {2 + len(more)} parameters")
    ok(session.ref.startswith("OpaqueRef:"), "a session is a reference")
    is_(record["this_host"], session.host.get_all()[0], "it knows its host")
    is_(session.user.get_record(record["this_user"])["short_name"], "anna", "and its user")
    is_(record["validation_time"], record["last_active"], "and when it began")
    rpc = server.rpc()
    for arguments in ((), ("anna",), ("anna", "", "1.0", "x", "surplus")):
        expected = "4" if len(arguments) > 4 else "2"
        is_(rpc.session.login_with_password(*arguments),
            {"Status": "Failure", "ErrorDescription": ["MESSAGE_PARAMETER_COUNT_MISMATCH", "session.login_with_password", expected,
                                                       str(len(arguments))]}, f"login with {len(arguments)} parameters")
    for arguments in (("anna", 1), (None, ""), ("anna", "", ["1.0"])):
        is_(rpc.session.login_with_password(*arguments)["ErrorDescription"][0], "FIELD_TYPE_ERROR", f"login with {arguments}")
    is_(answer(Session, server.http, EMOJI, "x" * 100_000), None, "odd names are names")
    is_(rpc.session_login_with_password("anna", "")["Status"], "Success", "with an underscore too")


def test_users(server):
    """With auth none everybody is let in, and nobody fills the database with names."""
    before = server.login()
    names = [f"name {i}" for i in range(40)]
    sessions = [Session(server.http, name, "") for name in names]
    is_([s.session.get_auth_user_name(s.ref) for s in sessions], names, "any name signs in")
    users = [s.session.get_this_user(s.ref) for s in sessions]
    ok(1 < len(set(users)) <= 32, f"not each has a user of its own: {len(set(users))}")
    is_(before.user.get_short_name(users[-1]), "root", "the last ones share root's")
    for session in sessions:
        session.session.logout()


def test_logout(server):
    session, other = server.login(), server.login()
    ok(session.ref != other.ref, "each login makes a session of its own")
    uuid = session.session.get_uuid(session.ref)
    is_(session.session.logout(), "", "logout")
    is_out(session, "the session is no more")
    is_(answer(session.session.logout), ("SESSION_INVALID", session.ref), "nor can it log out again")
    is_(answer(other.session.get_uuid, session.ref), ("HANDLE_INVALID", "session", session.ref), "it is no object either")
    is_(answer(other.session.get_by_uuid, uuid), ("UUID_INVALID", "session", uuid), "nor by its uuid")
    is_in(other, "the other one goes on")
    vm = other.VM.create({"name_label": "kept"})
    server.kill()
    server.start()
    later = Session(server.http)
    is_(answer(later.session.get_uuid, other.ref), ("HANDLE_INVALID", "session", other.ref), "sessions do not outlive the server")
    is_(answer(later.call, "VM.get_all_where", "true"), None, "a new login is needed")
    later.ref, ref = other.ref, later.ref
    is_out(later, "the old one is invalid")
    later.ref = ref
    is_(later.VM.get_name_label(vm), "kept", "what it has made is there")


def test_cap():
    with Server(settings={"session-limit": "3"}) as server:
        other = server.login("anna")
        sessions = [server.login("root") for _ in range(5)]
        for session in sessions[:2]:
            is_out(session, "more than session-limit: the oldest went")
        for session in sessions[2:]:
            is_in(session, "the newest are in")
        is_in(other, "those of others do not count")
        many = [server.login("anna") for _ in range(40)]
        for session in many[-3:]:
            is_in(session, "a client that never logs out locks nobody out")
        is_out(other, "only itself")


def test_idle():
    with Server(settings={"session-idle": "1s"}) as server:
        used, idle = server.login(), server.login()
        last = True
        end = time.time() + 3.5
        while time.time() < end and last:
            last = answer(used.VM.get_all) is None
        ok(last, "a session that is used stays")
        is_out(idle, "one that nobody uses has ended")
        is_in(used, "the other one is still there")


def seconds(function):
    begin = time.monotonic()
    function()
    return time.monotonic() - begin


def test_delay():
    with Server(users={"root": "right", "anna": "anna"}, settings={"login-delay": "100ms"}) as server:
        failure = raises(Failure, lambda: server.login("root", "unmistakable-7"), "a wrong password")
        is_((failure.code, failure.params[0], len(failure.params)), ("SESSION_AUTHENTICATION_FAILED", "root", 2), "is the usual failure")
        for turn, least in ((2, 0.2), (3, 0.4), (4, 0.8)):
            took = seconds(lambda: login(server, "root", "unmistakable-7"))
            ok(least * 0.95 <= took < 20, f"failure {turn} is answered no sooner than after {least} s ({took:.2f} s)")
        is_(login(server, "root", "right"), None, "the right password still works")
        took = seconds(lambda: login(server, "root", "unmistakable-7"))
        ok(0.095 <= took < 20, f"after it the delays begin anew ({took:.2f} s)")
        session = server.login("anna", "anna")
        is_(session.session.get_auth_user_name(session.ref), "anna", "somebody else")
        if os.getuid() == 0:
            is_(login_local(server), "root", "root needs no password over the Unix socket")
        else:
            skip("only root is let in over the Unix socket without a password")
        has(server.stderr(), "user=\"root\" address=127.0.0.1 call=session.login_with_password outcome=SESSION_AUTH", "failures are in the log")
        ok("unmistakable-7" not in server.stderr(), "passwords are not")


def login_local(server):
    session = Session(server.unix, "root", "nothing of the kind")
    return session.session.get_auth_user_name(session.ref)


def main():
    if not program():
        skip_all("XENAPID names no program")
    with Server() as server:
        test_arguments(server)
        test_users(server)
        test_logout(server)
    test_cap()
    test_idle()
    test_delay()
    done()


main()
