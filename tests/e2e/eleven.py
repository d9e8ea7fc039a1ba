#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""eleven.py – eleven things that XenD, its patches and their successors got wrong, and what happens here."""
import contextlib
import sqlite3
import threading

from lib.host import GIB, MIB, Host, until
from lib.server import program
from lib.tap import done, has, is_, ok, skip_all
from lib.wire import Wire


def mib(number):
    return str(number * MIB)


def memory(record):
    """The five figures, in MiB."""
    names = ("static_min", "dynamic_min", "dynamic_max", "static_max", "target")
    return [int(record["memory_" + name]) // MIB for name in names]


def test_1(host):
    """Only the inactive branch saved: a live mem-max was never written to disk."""
    for state in ("Halted", "Running", "Paused"):
        vm = host.add(state)
        host.session.VM.set_memory_maximum(vm, mib(600))
        is_(host.row(vm)["memory_static_max"], 600 * MIB, f"1. mem-max of a {state} VM is on the disk")
        host.crash()
        is_(memory(host.record(vm)), [128, 256, 600, 600, 0], f"1. and is there after a crash, {state}")
        is_(host.differences(vm), [], f"1. record, disk and domain agree, {state}")
        host.remove(vm)


def test_2(host):
    """The record was changed before the hypercall, and stayed changed when the hypercall failed."""
    vm = host.add("Running")
    before = host.snapshot(vm)
    for message, value in (("set_memory_target", mib(300)), ("set_memory_maximum", mib(900)), ("set_VCPUs_number", "4")):
        host.simulator.fail("change", 1, "Xen says no")
        error = host.failure("VM." + message, vm, value)
        is_([error[0], *error[2:]], ["HYPERVISOR_ERROR", vm, "Xen says no"], f"2. {message}: the hypercall fails")
        is_(host.snapshot(vm), before, f"2. {message}: record, disk and domain are as before")
    host.remove(vm)


def test_3(host):
    """mem-set above static_max was refused after memory_dynamic_min had already been changed."""
    for state in ("Halted", "Running", "Paused"):
        vm = host.add(state)
        before = host.snapshot(vm)
        error = host.failure("VM.set_memory_target", vm, mib(513))
        is_(error[0], "MEMORY_CONSTRAINT_VIOLATION_ORDER", f"3. mem-set above static_max is refused, {state}")
        is_(host.snapshot(vm), before, f"3. and nothing has changed, {state}")
        host.remove(vm)


def test_4(host):
    """dynamic_min ≤ dynamic_max was never checked."""
    calls = [("set_memory_dynamic_min", [mib(385)]), ("set_memory_dynamic_max", [mib(255)]),
             ("set_memory_dynamic_range", [mib(300), mib(299)]), ("set_memory_dynamic_min_live", [mib(400)]),
             ("set_memory_dynamic_max_live", [mib(200)]), ("set_memory_maximum", [mib(255)]),
             ("set_memory_limits", [mib(128), mib(512), mib(300), mib(299)])]
    for state in ("Halted", "Running"):
        vm = host.add(state)
        before = host.snapshot(vm)
        for message, arguments in calls:
            if state == "Running" and message in ("set_memory_limits", "set_memory_maximum"):
                continue  # refused for other reasons
            is_(host.failure("VM." + message, vm, *arguments)[0], "MEMORY_CONSTRAINT_VIOLATION_ORDER",
                f"4. {message}: dynamic_min ≤ dynamic_max is checked, {state}")
        is_(host.snapshot(vm), before, f"4. and nothing has changed, {state}")
        host.remove(vm)
    record = {"memory_static_max": str(GIB), "memory_dynamic_max": mib(100), "memory_dynamic_min": mib(200)}
    is_(host.failure("VM.create", record)[0], "MEMORY_CONSTRAINT_VIOLATION_ORDER", "4. create: as well")


def test_5(host):
    """vcpu-set silently redefined the maximum on an inactive guest and only the online count on a running one."""
    vm = host.add()
    is_(host.session.VM.set_VCPUs_number(vm, "8"),
        {"VCPUs_max": {"old": "4", "new": "8"}, "VCPUs_at_startup": {"old": "2", "new": "8"}},
        "5. vcpu-set of an inactive VM says that it changed the maximum too")
    is_(host.session.VM.set_VCPUs_number(vm, "3"), {"VCPUs_at_startup": {"old": "8", "new": "3"}},
        "5. and leaves it where it is enough")
    host.session.VM.start(vm, False)
    is_(host.session.VM.set_VCPUs_number(vm, "5"), {"VCPUs_at_startup": {"old": "3", "new": "5"}},
        "5. vcpu-set of a running VM says what it changed")
    is_([host.record(vm)["VCPUs_at_startup"], host.domain(vm)["vcpus_online"]], ["5", 5], "5. in the record and in the domain")
    is_(host.failure("VM.set_VCPUs_number", vm, "9")[0], "INVALID_VALUE", "5. and beyond the maximum it is refused")
    is_(host.differences(vm), [], "5. record, disk and domain agree")
    host.remove(vm)


def test_6(host):
    """Saving an unmanaged domain was silently skipped: success, and nothing persisted."""
    uuid, _ = host.simulator.create("unmanaged")
    before = host.simulator.domain(uuid)["memory_target"]
    ok(until(lambda: host.session.VM.get_by_name_label("unmanaged")), "6. an unmanaged domain is listed")
    vm = host.session.VM.get_by_uuid(uuid)
    for reference in (uuid, vm):
        has(str(host.failure("VM.set_memory_target", reference, mib(256))), "OPERATION_NOT_ALLOWED",
            "6. and a change of it does not pretend to have been made")
    is_(host.simulator.domain(uuid)["memory_target"], before, "6. nor is it made")
    host.simulator.destroy(uuid)
    domain_0 = next(r for r, v in host.session.VM.get_all_records().items() if v["is_control_domain"])
    host.session.VM.set_memory_target(domain_0, str(3 * GIB))
    host.crash()
    is_(host.session.VM.get_memory_target(domain_0), str(3 * GIB), "6. a change of Domain-0 is stored like any other")


def test_7(host):
    """The file was written without fsync; one that did not parse at start made the VM vanish from the list."""
    good, bad, worse = (host.add(name_label=name) for name in ("good", "bad", "worse"))
    host.kill()
    database = sqlite3.connect(host.server.path("xenapid.db"))
    with contextlib.closing(database), database:
        is_(database.execute("PRAGMA journal_mode").fetchone()[0], "wal", "7. the database writes ahead")
        database.execute("UPDATE \"VM\" SET power_state = 'Confused' WHERE _ref = ?", (bad,))
        database.execute("UPDATE \"VM\" SET other_config = '{' WHERE _ref = ?", (worse,))
    mark = len(host.server.stderr())
    host.start()
    log = host.server.stderr()[mark:]
    is_(host.session.VM.get_name_label(good), "good", "7. a row that makes no sense keeps nobody else from being served")
    for ref, what in ((bad, "power_state"), (worse, "other_config")):
        ok(ref in log and what in log, f"7. the log says which, and what is wrong with it ({what})")
        is_(host.row(ref)["_ref"], ref, "7. and it is still in the database, to be repaired")
    host.kill()
    database = sqlite3.connect(host.server.path("xenapid.db"))
    with contextlib.closing(database), database:
        database.execute("UPDATE \"VM\" SET power_state = 'Halted' WHERE _ref = ?", (bad,))
        database.execute("UPDATE \"VM\" SET other_config = '{}' WHERE _ref = ?", (worse,))
    host.start()
    is_([host.session.VM.get_name_label(vm) for vm in (bad, worse)], ["bad", "worse"], "7. after which they are there again")
    for vm in (good, bad, worse):
        host.remove(vm)


def request(session, method, *arguments):
    values = "".join(f"<param><value>{a}</value></param>" for a in (session, *arguments))
    body = f"<methodCall><methodName>{method}</methodName><params>{values}</params></methodCall>".encode()
    return b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def test_8(host):
    """A client that stopped reading its events hung every caller that changed anything."""
    vm = host.add("Running", name_description="x" * 1_000_000)
    with contextlib.ExitStack() as stack:
        for _ in range(10):
            deaf = stack.enter_context(Wire(host.server.port))
            deaf.send(request(host.session.ref, "VM.get_all_records") * 20)
        for number in range(20):
            host.session.VM.set_name_label(vm, f"name {number}")
            host.session.VM.set_memory_target(vm, mib(300 + number))
        ok(True, "8. ten clients do not read their replies, and changes are made all the same")
        other = host.add("Running")
        host.session.VM.clean_shutdown(other)
        is_(host.state(other), "Halted", "8. and VMs are started and stopped")
    is_(host.differences(vm), [], "8. record, disk and domain agree")
    host.remove(other)
    host.remove(vm)


def test_9(host):
    """Acknowledged changes died with the daemon, which kept its database in memory for up to 5 minutes."""
    wrong = []
    vm = host.add("Running")
    for number in range(8):
        made = host.add(name_label=f"made {number}")
        host.session.VM.set_memory_target(vm, mib(300 + number))
        host.session.VM.set_tags(vm, [f"tag {number}"])
        host.crash()
        record = host.record(vm)
        if [record["tags"], record["memory_target"]] != [[f"tag {number}"], mib(300 + number)]:
            wrong.append(record)
        if host.failure("VM.get_name_label", made) != f"made {number}":
            wrong.append(f"VM {number} is not there")
        host.session.VM.destroy(made)
        host.crash()
        if host.failure("VM.get_name_label", made)[0] != "HANDLE_INVALID":
            wrong.append(f"VM {number} is there again")
    is_(wrong, [], "9. what was acknowledged is there after a kill -9 right behind it")
    host.remove(vm)


def test_10(host):
    """Single-bound memory setters read the other bound before taking the lock: two clients lose an update."""
    vm = host.add()
    wrong = []
    for number in range(100):
        barrier, answers = threading.Barrier(2), []

        def change(session, method, value, barrier=barrier, answers=answers):
            barrier.wait()
            answers.append(session.call(method, vm, value))

        bounds = {"min": str(200 * MIB + number), "max": str(300 * MIB + number)}
        threads = [threading.Thread(target=change, args=(host.clients[b], f"VM.set_memory_dynamic_{b}", v))
                   for b, v in bounds.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        record = host.record(vm)
        if [record["memory_dynamic_min"], record["memory_dynamic_max"]] != list(bounds.values()) or len(answers) != 2:
            wrong.append((bounds, answers))
    is_(wrong, [], "10. two clients set the two bounds at once, 100 times: both are there each time")
    host.remove(vm)


def test_11(host):
    """Errors that nobody understands: MEMORY_CONSTRAINT_VIOLATION_ORDER carries no parameter at all."""
    vm = host.add()
    for message, value, figures, rule, accepted in (
            ("set_memory_dynamic_min", 385, (128, 385, 384, 512), "memory_dynamic_min ≤ memory_dynamic_max",
             f"memory_dynamic_min at most {mib(384)}"),
            ("set_memory_dynamic_max", 600, (128, 256, 600, 512), "memory_dynamic_max ≤ memory_static_max", None),
            ("set_memory_static_max", 300, (128, 256, 384, 300), "memory_dynamic_max ≤ memory_static_max",
             f"memory_static_max at least {mib(384)}"),
            ("set_memory_static_min", 300, (300, 256, 384, 512), "memory_static_min ≤ memory_dynamic_min",
             f"memory_static_min at most {mib(256)}")):
        error = host.failure("VM." + message, vm, mib(value))
        is_(error[:6], ["MEMORY_CONSTRAINT_VIOLATION_ORDER", *map(mib, figures), rule],
            f"11. {message}: the four figures as they would be, and the rule that they break")
        ok(len(error) == 7 and (accepted is None or error[6] == accepted),
           f"11. {message}: and what would be accepted ({error[6:]})")
    host.remove(vm)


if not program():
    skip_all("no xenapid to test (XENAPID)")
with Host() as running:
    for test in (test_1, test_2, test_3, test_4, test_5, test_6, test_7, test_8, test_9):
        test(running)
    running.clients = {bound: running.another() for bound in ("min", "max")}
    test_10(running)
    test_11(running)
done()
