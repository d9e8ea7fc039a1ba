#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""roles.py – who is no administrator may do what the roles of the subject permit, and nothing else."""
import os

from lib.api import Api
from lib.rpc import Session
from lib.server import Server, program
from lib.tap import done, is_, ok, skip_all
from lib.world import answer

ROLES = ["read-only", "vm-operator", "vm-admin", "vm-power-admin", "pool-operator", "pool-admin"]
USERS = {"root": "r", "anna": "a", "berta": "b"}
DENIED = "the roles of this session do not permit it"
WRONG = "the name or the password is wrong, or the user may not sign in here"


def role(session, name):
    return session.role.get_by_name_label(name)[0]


def permissions(api):
    """(permission, least role): of each message, and of keys that want less than their map."""
    for message in (m for m in api.messages if m.needs_session):
        yield message.name.lower(), message.role
    for field in (f for c in api.classes for f in c.fields):
        for key, least in field.key_roles.items():
            for verb in ("add_to", "remove_from"):
                yield f"{field.cls}.{verb}_{field.short_name}/key:{key}".lower(), least


def test_records(session, api):
    records = session.role.get_all_records()
    is_(sorted(r["name_label"] for r in records.values()), sorted(ROLES), "six roles")
    for number, name in enumerate(ROLES):
        is_(sorted(records[r]["name_label"] for r in records[role(session, name)]["subroles"]), sorted(ROLES[:number]), f"below {name}")
        permitted = {p for p, least in permissions(api) if ROLES.index(least) <= number}
        is_(set(session.role.get_permissions_name_label(role(session, name))), permitted, f"what {name} permits")
    is_({records[r]["name_label"] for r in session.role.get_by_permission_name_label("host.disable")}, {"pool-operator", "pool-admin"},
        "the roles that permit something")
    of_key = session.role.get_by_permission_name_label("pool.add_to_other_config/key:xencenter.customfields.*")
    is_(sorted(records[r]["name_label"] for r in of_key), sorted(ROLES[1:]), "and a key")
    is_(session.role.get_by_permission_name_label("host.explode"), [], "no role permits what there is not")


def test_subjects(server, session):
    is_(answer(server.login, "anna", "a"), ("SESSION_AUTHENTICATION_FAILED", "anna", WRONG), "without a subject nobody gets in")
    for value in ("", "x" * 257):
        is_(answer(session.subject.create, {"subject_identifier": value}),
            ("INVALID_VALUE", "subject_identifier: the name of an account, 1 to 256 bytes", value), "a name that is none")
    anna = session.subject.create({"subject_identifier": "anna", "other_config": {"a": "b"}, "roles": [role(session, "pool-admin")]})
    record = session.subject.get_record(anna)
    is_((record["subject_identifier"], record["other_config"], record["roles"]), ("anna", {"a": "b"}, []), "a new subject has no role")
    is_(answer(session.subject.create, {"subject_identifier": "anna"}),
        ("INVALID_VALUE", "subject_identifier: another subject has it", "anna"), "one of each name")
    is_(answer(server.login, "anna", "a"), ("SESSION_AUTHENTICATION_FAILED", "anna", WRONG), "nor does one get in without a role")
    session.subject.add_to_roles(anna, role(session, "read-only"))
    is_(answer(server.login, "anna", "wrong")[0], "SESSION_AUTHENTICATION_FAILED", "nor with a wrong password")
    other = server.login("anna", "a")
    mine = other.session.get_record(other.ref)
    is_((mine["is_local_superuser"], mine["subject"]), (False, anna), "with one it has a session")
    is_(sorted(mine["rbac_permissions"]), sorted(session.subject.get_permissions_name_label(anna)), "that says what it may do")
    own = session.session.get_record(session.ref)
    is_((own["is_local_superuser"], own["rbac_permissions"]), (True, []), "an administrator's does not need to")
    is_(session.session.get_all_subject_identifiers(), ["anna"], "who is signed in so")
    server.kill()
    server.start()
    session, other = server.login("root", "r"), server.login("anna", "a")
    is_(session.subject.get_record(anna), record | {"roles": [role(session, "read-only")]}, "subjects survive a crash")
    return session, anna, other


def test_tasks(server, session, anna, other):
    """With less than pool-operator only one's own."""
    task, mine = session.task.create("root's", ""), other.task.create("anna's", "")
    calls = (("set_progress", (0.5,)), ("add_to_other_config", ("a", "b")), ("cancel", ()), ("destroy", ()))
    for name, arguments in calls:
        is_(answer(other.call, f"task.{name}", task, *arguments), ("RBAC_PERMISSION_DENIED", f"task.{name}", DENIED), f"{name}: another's task")
        is_(answer(other.call, f"task.{name}", mine, *arguments), None, f"{name}: one's own")
    is_(other.task.get_name_label(task), "root's", "they are seen, though")
    again = server.login("anna", "a")
    mine = again.task.create("anna's", "")
    is_(answer(other.task.destroy, mine), None, "another session of the same user is oneself")
    session.subject.add_to_roles(anna, role(session, "pool-operator"))
    is_(answer(other.task.destroy, task), None, "a pool operator may end any")


def test_end(server, session, anna):
    berta = session.subject.create({"subject_identifier": "berta"})
    session.subject.add_to_roles(berta, role(session, "vm-admin"))
    one, two, other = server.login("anna", "a"), server.login("anna", "a"), server.login("berta", "b")
    session.subject.remove_from_roles(anna, role(session, "pool-operator"))
    session.subject.remove_from_roles(anna, role(session, "read-only"))
    is_([answer(s.VM.get_all) for s in (one, two, other)], [("SESSION_INVALID", one.ref), ("SESSION_INVALID", two.ref), None],
        "who loses the last role is out")
    session.subject.add_to_roles(anna, role(session, "pool-operator"))
    one, two = server.login("anna", "a"), server.login("anna", "a")
    one.session.logout_subject_identifier("anna")
    is_([answer(s.VM.get_all) for s in (one, two)], [None, ("SESSION_INVALID", two.ref)], "logged out by name, but for the one that asks")
    one.session.logout_subject_identifier("nobody")
    session.subject.destroy(berta)
    is_(answer(other.VM.get_all), ("SESSION_INVALID", other.ref), "without its subject a session ends")
    is_(answer(server.login, "berta", "b")[0], "SESSION_AUTHENTICATION_FAILED", "and there is no other")
    server.write_users(USERS)
    is_(server.login("berta", "b").session.get_is_local_superuser(server.login("berta", "b").ref), True,
        "who is not marked in the file is an administrator")


def test_root():
    """On the Unix socket root needs no password and no role."""
    with Server(users=USERS) as server:
        server.write_users(USERS, subjects=USERS)
        is_(answer(server.login, "root", "r")[0], "SESSION_AUTHENTICATION_FAILED", "root may be marked, too")
        session = Session(server.unix)
        ok(session.session.get_is_local_superuser(session.ref), "but not on the host itself")


def main():
    if not program():
        skip_all("XENAPID names no program")
    api = Api()
    with Server(users=USERS, settings={"login-delay": "1ms"}) as server:
        server.write_users(USERS, subjects=("anna", "berta"))
        session = server.login("root", "r")
        session.VM.create({"name_label": "one"})
        test_records(session, api)
        session, anna, other = test_subjects(server, session)
        test_tasks(server, session, anna, other)
        test_end(server, session, anna)
    if os.geteuid() == 0:
        test_root()
    done()


main()
