#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tokens.py – passwords for programs: with a role, until a day, revoked at any time, and kept nowhere."""
import datetime
import glob
import hashlib
import os
import re
import sqlite3
import threading
import xmlrpc.client

from lib import xm
from lib.api import NULL_REF
from lib.jsonrpc import JsonSession
from lib.server import Server, program
from lib.tap import done, has, is_, ok, skip_all
from lib.world import answer

USERS = {"root": "r"}
DENIED = "the roles of this session do not permit it"


def after(**time):
    return xmlrpc.client.DateTime((datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**time)).strftime("%Y%m%dT%H:%M:%SZ"))


def role(session, name):
    return session.role.get_by_name_label(name)[0]


def test_use(server, session):
    secret = session.token.create("backup", role(session, "vm-operator"), after(days=1))
    ok(re.fullmatch("xenapid-[0-9a-f]{64}", secret), "a secret of 256 bits")
    token = session.token.get_by_name_label("backup")[0]
    record = session.token.get_record(token)
    is_((record["name_label"], record["role"], str(record["last_used"])), ("backup", role(session, "vm-operator"), "19700101T00:00:00Z"), "its record")
    used = server.login("token:backup", secret)
    mine = used.session.get_record(used.ref)
    is_((mine["auth_user_name"], mine["is_local_superuser"], mine["subject"]), ("token:backup", False, NULL_REF), "it signs in as a user of its own")
    vm = session.VM.create({"name_label": "one"})
    is_(answer(used.VM.add_tags, vm, "a"), None, "and may do what its role may")
    is_(answer(used.VM.destroy, vm), ("RBAC_PERMISSION_DENIED", "vm.destroy", DENIED), "and nothing else")
    is_(session.VM.history(vm)[0]["user"], "token:backup", "the history names it")
    ok(str(session.token.get_last_used(token)) > "2020", "the token says when it was used")
    with JsonSession(server, "token:backup", secret) as other:
        is_(other.call("session.get_auth_user_name", other.ref), "token:backup", "in JSON-RPC too")
    return token, secret


def test_refused(server, session, secret):
    for user, password in (("token:backup", secret[:-1]), ("token:backup", ""), ("token:backup", "r"), ("token:other", secret), ("backup", secret),
                           ("root", secret), ("token:", secret), ("token:root", "r"),
                           ("token:backup", hashlib.sha256(secret.encode()).hexdigest())):
        got = answer(server.login, user, password)
        is_(got and got[:2], ("SESSION_AUTHENTICATION_FAILED", user), f"{user} with {password[:12]}…")
    reader, past = role(session, "read-only"), xmlrpc.client.DateTime("20200101T00:00:00Z")
    for arguments, accepted in ((("", reader, after(days=1)), "name_label: 1 to 64 letters, digits, dots, dashes and underscores"),
                                (("a b", reader, after(days=1)), "name_label: 1 to 64 letters, digits, dots, dashes and underscores"),
                                (("x" * 65, reader, after(days=1)), "name_label: 1 to 64 letters, digits, dots, dashes and underscores"),
                                (("backup", reader, after(days=1)), "name_label: another token has it"),
                                (("late", reader, past), "expires: a time to come")):
        is_(answer(session.token.create, *arguments)[:2], ("INVALID_VALUE", accepted), f"{arguments[0][:12]!r}: {accepted.split(':')[0]}")
    is_(answer(session.token.create, "none", NULL_REF, after(days=1))[0], "HANDLE_INVALID", "a role that there is not")
    is_(answer(session.call, "Async.token.create", "task", reader, after(days=1))[0], "MESSAGE_METHOD_UNKNOWN", "no task: its result could be read")
    is_("secret" in str(session.call("Plan.token.create", "plan", reader, after(days=1))), False, "a plan shows no secret")
    is_([r["name_label"] for r in session.token.get_all_records().values()], ["backup"], "nothing of that was made")


def test_sight(session, server, token, secret):
    """Only pool-admins see tokens at all."""
    used = server.login("token:backup", secret)
    names = {"get_all_records": (), "get_record": (token,), "get_role": (token,), "history": ("",), "get_all_where": ("true",)}
    is_({answer(used.call, f"token.{name}", *arguments)[0] for name, arguments in names.items()}, {"RBAC_PERMISSION_DENIED"}, "not in lists")
    for wanted in ([f"token/{token}"], ["token"], ["*"]):
        reply = used.call("event.from", wanted, "", 0.0)
        is_(([e for e in reply["events"] if e["class"] == "token"], "token" in reply["valid_ref_counts"]), ([], False), f"not in events of {wanted[0][:8]}")
        is_(len([e for e in session.call("event.from", wanted, "", 0.0)["events"] if e["class"] == "token"]), 1, "which a pool-admin has")
    later = used.call("event.from", ["*"], "", 0.0)["token"]
    session.token.destroy(session.token.get_by_uuid(session.token.get_uuid(make(session, "short"))))
    is_([e for e in used.call("event.from", ["*", "token/x"], later, 0.0)["events"] if e["class"] == "token"], [], "nor are deletions")
    is_(answer(used.event.inject, "token", token), ("HANDLE_INVALID", "token", token), "nor by touching it")


def make(session, name, least="read-only", **time):
    session.token.create(name, role(session, least), after(**(time or {"days": 1})))
    return session.token.get_by_name_label(name)[0]


def test_end(server, session, token, secret):
    one, two = server.login("token:backup", secret), server.login("token:backup", secret)
    got, since = [], one.call("event.from", ["VM"], "", 0.0)["token"]
    waiting = threading.Thread(target=lambda: got.append(answer(one.call, "event.from", ["VM"], since, 60.0)))
    waiting.start()
    session.token.destroy(token)
    waiting.join()
    is_(got, [("SESSION_INVALID", one.ref)], "revoked: who waits is told")
    is_(answer(two.VM.get_all), ("SESSION_INVALID", two.ref), "its sessions have ended")
    is_(answer(server.login, "token:backup", secret)[0], "SESSION_AUTHENTICATION_FAILED", "and there is no other")
    brief = session.token.create("brief", role(session, "read-only"), after(seconds=2))
    used = server.login("token:brief", brief)
    is_(answer(used.VM.get_all), None, "one of two seconds,")
    while answer(used.VM.get_all) is None:
        pass
    is_(answer(used.VM.get_all), ("SESSION_INVALID", used.ref), "whose session ends though it is used")
    is_(answer(server.login, "token:brief", brief)[0], "SESSION_AUTHENTICATION_FAILED", "and which is no password any more")


def test_restart(server, session):
    secret = session.token.create("kept", role(session, "pool-admin"), after(days=1))
    server.crash()
    used = server.login("token:kept", secret)
    is_(answer(used.token.get_all), None, "it survives a crash")
    with sqlite3.connect(f"file:{server.path('xenapid.db')}?mode=ro", uri=True) as database:
        is_(database.execute("SELECT digest FROM token WHERE name_label = 'kept'").fetchone()[0], hashlib.sha256(secret.encode()).hexdigest(), "as a digest")
    return secret


def test_xm(server):
    if not xm.program():
        return
    files = {"XM_SERVER": server.unix}
    status, text, _ = xm.run("token-create", "ci", "vm-admin", "30", env=files)[:3]
    is_((status, bool(re.fullmatch("xenapid-[0-9a-f]{64}\n", text))), (0, True), "xm token-create prints the secret, and nothing else")
    has(xm.run("token-list", env=files)[1], "ci ", "xm token-list")
    with open(server.path("secret"), "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(server.path("secret"), 0o600)
    login = ("--user", "token:ci", "--password-file", server.path("secret"))
    is_(xm.run(*login, "list", server=server.http)[0], 0, "xm signs in with it")
    has(xm.run(*login, "token-list", server=server.http)[2], "permit", "which is no pool-admin's")
    is_(xm.run("token-revoke", "ci", env=files)[0], 0, "xm token-revoke")
    is_(xm.run(*login, "list", server=server.http)[0], 1, "it signs in no more")
    for arguments in (("ci", "emperor", "3"), ("ci", "vm-admin", "0"), ("ci", "vm-admin", "soon")):
        ok(xm.run("token-create", *arguments, env=files)[0] != 0, f"xm token-create {' '.join(arguments)}")
    ok(xm.run("token-revoke", "nothing", env=files)[0] == 1, "xm token-revoke of what there is not")


def test_nowhere(server, secrets):
    """No secret in the log, the database, its WAL or the history."""
    found = []
    for path in glob.glob(server.path("*")):
        if os.path.isfile(path) and not path.endswith("secret"):
            with open(path, "rb") as file:
                text = file.read()
            found += [path for secret in secrets if secret.encode() in text]
    is_(found, [], "no file has a secret")


def main():
    if not program():
        skip_all("XENAPID names no program")
    with Server(users=USERS, settings={"login-delay": "1ms", "log-level": "debug"}) as server:
        session = server.login("root", "r")
        token, secret = test_use(server, session)
        test_refused(server, session, secret)
        test_sight(session, server, token, secret)
        test_end(server, session, token, secret)
        kept = test_restart(server, session)
        if os.geteuid() == 0:
            test_xm(server)
        test_nowhere(server, (secret, kept))
    done()


main()
