#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""power_states.py – every message that is an operation × every kind of VM × every power state.

The table (schema/operations.def) says what is to happen: the error with its parameters, or the power state afterwards.
Templates, snapshots and control domains in states that no message brings them to are made in the database, the daemon stopped.
"""
import contextlib
import sqlite3

from lib.host import STATES, Host
from lib.operations import DEVICE_MESSAGES, MESSAGES, OPERATIONS, arguments_for, operation_of, verdict
from lib.server import program
from lib.tap import diag, done, is_, ok, skip_all

# what guests and others do, a part of VM.revert, and VM.update, which is made from the fields
NOT_MESSAGES = {"guest_stopped", "following_domain", "reverting", "updating", "updating_record",
                "changing_PCIs"}  # DPCI.create, DPCI.destroy
BECOMES = {
    "start": "Running", "start_on": "Running", "resume": "Running", "resume_on": "Running", "pause": "Paused",
    "unpause": "Running", "clean_shutdown": "Halted", "hard_shutdown": "Halted", "shutdown": "Halted",
    "clean_reboot": "Running", "hard_reboot": "Running", "suspend": "Suspended", "power_state_reset": "Halted",
}
# Kind: what its row says of it.
KINDS = {
    "plain": {}, "template": {"is_a_template": 1}, "default template": {"is_a_template": 1, "is_default_template": 1},
    "snapshot": {"is_a_snapshot": 1, "is_a_template": 1}, "control domain": {"is_control_domain": 1},
    "control domain and template": {"is_control_domain": 1, "is_a_template": 1},
}


def edit_rows(host, refs, columns):
    """In the database of a daemon that does not run."""
    if not columns:
        return
    host.kill()
    database = sqlite3.connect(host.server.path("xenapid.db"))
    with contextlib.closing(database), database:
        for column, value in columns.items():
            database.executemany(f'UPDATE "VM" SET "{column}" = ? WHERE _ref = ?', [(value, ref) for ref in refs])
    host.start()


def expectation(operation, message, record, ref):
    """The error, or the power state afterwards; None: it is gone."""
    if message == "VM.set_is_a_template" and record["is_a_template"]:
        return record["power_state"]  # nothing changes
    error = verdict(operation, record, ref)
    if error:
        return error
    if message == "VM.power_state_reset" and record["is_control_domain"]:
        return ["CANNOT_RESET_CONTROL_DOMAIN", ref]
    if message == "VM.power_state_reset" and record["power_state"] in ("Running", "Paused"):
        return ["DOMAIN_EXISTS", ref]
    if operation.name == "destroy":
        return None
    return BECOMES.get(operation.name, record["power_state"])


def run_message(host, message, ref):
    """The error, or the power state afterwards; None: it is gone."""
    got = host.failure(message, *arguments_for(message, ref, host.ref))
    if isinstance(got, list) and got and isinstance(got[0], str) and got[0].isupper():
        return got
    state = host.failure("VM.get_power_state", ref)
    return state if isinstance(state, str) else None


def check_refused(host, ref, before, message):
    """A refused message has changed nothing."""
    if host.record(ref) == before:
        return True
    after = host.record(ref)
    diag(f"{message} was refused and changed " + str({f: (before[f], after[f]) for f in before if before[f] != after[f]}))
    return False


def test_kind_in_state(host, kind, state, refs):
    """All messages; `refs` are as many VMs as are needed."""
    wrong, works, refused = [], set(), 0
    first = host.record(refs[0])
    for message in sorted(MESSAGES):
        ref, operation = refs[-1], operation_of(message)
        before = host.record(ref)
        want = expectation(operation, message, before, ref)
        got = run_message(host, message, ref)
        if got != want:
            wrong.append(f"{message}: got {got}, want {want}")
        if isinstance(want, list):
            refused += 1
            if got == want and not check_refused(host, ref, before, message):
                wrong.append(f"{message}: refused, and something changed")
            elif got != want and len(refs) > 1:
                refs.pop()
        else:
            if operation.listed and not verdict(operation, before, ref):
                works.add(operation.wire)
            if len(refs) > 1:
                refs.pop()
    for line in wrong:
        diag(line)
    ok(not wrong, f"{kind}, {state}: {len(MESSAGES)} messages, of which {refused} are refused as the table says")
    if kind != "control domain and template":  # its `works` says what it is
        is_(sorted(first["allowed_operations"]), sorted(works), f"{kind}, {state}: allowed_operations is what works")


def count_successes(columns, state):
    """How many VMs the messages use up."""
    record = {"is_a_template": 0, "is_default_template": 0, "is_a_snapshot": 0, "is_control_domain": 0,
              "snapshot_of": "OpaqueRef:NULL",
              "blocked_operations": {}, "power_state": state, **columns}
    return sum(not isinstance(expectation(operation_of(m), m, record, ""), list) for m in MESSAGES)


def test_kind(host, kind):
    columns = KINDS[kind]
    vms = {state: [host.add(state, NVRAM={"key": ""}) for _ in range(count_successes(columns, state) + 1)]
           for state in STATES}
    edit_rows(host, [ref for refs in vms.values() for ref in refs], columns)
    host.simulator.speed(1000)
    for state, refs in vms.items():
        test_kind_in_state(host, kind, state, refs)
    host.reset()


def test_domain_0(host):
    ref = next(r for r, v in host.session.VM.get_all_records().items() if v["is_control_domain"])
    wrong = []
    for message in sorted(MESSAGES):
        want = expectation(operation_of(message), message, host.record(ref), ref)
        if not isinstance(want, list) or message == "VM.remove_from_NVRAM":  # which it has none of
            continue
        got = run_message(host, message, ref)
        if got != want:
            wrong.append(f"{message}: got {got}, want {want}")
    for line in wrong:
        diag(line)
    ok(not wrong, "Domain-0: refused as the table says")
    is_(host.failure("VM.set_VCPUs_at_startup", ref, "1"),
        ["OPERATION_NOT_ALLOWED", "set_VCPUs_at_startup is not allowed on dom0"], "Domain-0: set_VCPUs_at_startup")
    is_([d["domid"] for d in host.simulator.state()["domains"]], [0], "Domain-0 is still there")


def test_blocked(host):
    reasons = {operation.wire: f"no {operation.wire}" for operation in OPERATIONS.values()}
    for state in STATES:
        ref = host.add(state, NVRAM={"key": ""})
        host.session.VM.set_blocked_operations(ref, reasons)
        before = host.record(ref)
        wrong = [message for message in sorted(MESSAGES) if run_message(host, message, ref) !=
                 ["OPERATION_BLOCKED", ref, reasons[operation_of(message).wire]]]
        is_(wrong, [], f"blocked_operations, {state}: every message gives OPERATION_BLOCKED, before all else")
        is_(before["allowed_operations"], [], f"blocked_operations, {state}: nothing is allowed")
        is_(host.record(ref), before, f"blocked_operations, {state}: nothing has changed")
        host.session.VM.remove_from_blocked_operations(ref, "hard_shutdown")
        host.session.VM.remove_from_blocked_operations(ref, "destroy")
        is_(sorted(host.record(ref)["allowed_operations"]),
            {"Halted": ["destroy"], "Suspended": ["destroy", "hard_shutdown"]}.get(state, ["hard_shutdown"]),
            f"blocked_operations, {state}: what is taken off the list is allowed at once")
        host.remove(ref)


def test_assert_operation_valid(host):
    for state in STATES:
        ref = host.add(state)
        record = host.record(ref)
        by_wire = {}
        for operation in OPERATIONS.values():
            by_wire.setdefault(operation.wire, operation)
        wrong = [wire for wire, operation in by_wire.items()
                 if host.failure("VM.assert_operation_valid", ref, wire) != (verdict(operation, record, ref) or "")]
        is_(wrong, [], f"assert_operation_valid, {state}: says what the operation would")
        host.remove(ref)


def test_templates(host):
    ref = host.add()
    host.session.VM.set_is_default_template(ref, True)
    ok(host.record(ref)["is_a_template"], "a default template is a template")
    is_(host.failure("VM.destroy", ref), ["VM_IS_TEMPLATE", ref, "destroy"], "and cannot be destroyed")
    host.session.VM.set_is_default_template(ref, False)
    is_(host.failure("VM.destroy", ref), "", "one of its owner's can")


if not program():
    skip_all("no xenapid to test (XENAPID)")
is_(set(OPERATIONS) - {*MESSAGES.values(), *DEVICE_MESSAGES.values()} - NOT_MESSAGES, set(), "every operation of the table has a message")
with Host(simulator_memory="16t", metrics_interval="24h") as running:
    running.simulator.speed(1000)
    for each in (test_blocked, test_assert_operation_valid, test_templates, test_domain_0):
        each(running)
    for name in KINDS:
        test_kind(running, name)
done()
