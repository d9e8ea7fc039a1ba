#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tasks.py – Async calls and their tasks: progress, results, events, cancelling, and tasks that clients make."""
import os

from lib.events import Mirror
from lib.host import MIB, Host, until
from lib.server import program
from lib.tap import done, is_, ok, skip_all

ENDED = {"allowed_operations": [], "current_operations": {}, "progress": 1.0}


def follow(session, task, enough=lambda record: record["status"] != "pending"):
    """The states of a task as its events tell them, until it is enough: [record]."""
    states = []
    mirror = Mirror(session, ["task/" + task])
    while not states or not enough(states[-1]):
        states += [e["snapshot"] for e in mirror.update() if "snapshot" in e]
    return states


def end_of(session, task):
    return follow(session, task)[-1]


def shares(states):
    return [state["progress"] for state in states]


def test_result(host):
    call = host.session.call
    vm = host.add()
    clone = end_of(host.session, call("Async.VM.clone", vm, "copy"))
    ref = clone["result"].removeprefix("<value>").removesuffix("</value>")
    is_(host.session.VM.get_name_label(ref), "copy", "the result is the XML of the value")
    is_((clone["status"], clone["name_label"], clone["error_info"]), ("success", "Async.VM.clone", []), "success")
    is_({k: clone[k] for k in ENDED}, ENDED, "nothing can be asked of it any more")
    ok(str(clone["created"]) <= str(clone["finished"]) and not str(clone["finished"]).startswith("1970"), "and it has ended when it did")
    is_(end_of(host.session, call("Async.VM.set_name_description", vm, "x"))["result"], "<value></value>", "a setter, too")
    failed = end_of(host.session, call("Async.VM.pause", vm))
    is_((failed["status"], failed["error_info"], failed["progress"]),
        ("failure", ["VM_BAD_POWER_STATE", vm, "running", "halted"], 1.0), "failure: the error as the plain call has it")
    host.remove(ref)
    host.remove(vm)


def test_progress(host):
    """Seen from outside while each operation is held where it takes time."""
    call = host.session.call
    vm = host.add()
    host.simulator.delay("unpause", 600_000)
    task = call("Async.VM.start", vm, False, False)
    states = follow(host.session, task, lambda record: record["progress"] >= 0.8)
    is_((states[-1]["status"], shares(states)[-1]), ("pending", 0.8), "start: it is built, but does not run yet")
    host.simulator.clear()
    states += follow(host.session, task)
    is_(states[-1]["status"], "success", "start: done")
    is_(shares(states), sorted(shares(states)), "start: it never goes back")
    host.simulator.delay("suspend", 600_000)
    task = call("Async.VM.suspend", vm)
    with open(host.image(vm), "wb") as file:  # as an image that is half written; 256 MiB is all
        file.truncate(128 * MIB)
    states = follow(host.session, task, lambda record: record["progress"] > 0)
    is_(states[-1]["progress"], 0.45, "suspend: half of the memory is in the file")
    with open(host.image(vm), "r+b") as file:
        file.truncate(192 * MIB)
    states += follow(host.session, task, lambda record: record["progress"] > 0.5)
    is_(states[-1]["progress"], 0.675, "suspend: three quarters")
    host.simulator.clear()
    states += follow(host.session, task)
    is_((states[-1]["status"], host.state(vm)), ("success", "Suspended"), "suspend: done")
    is_(shares(states), sorted(shares(states)), "suspend: it never goes back")
    is_(end_of(host.session, call("Async.VM.resume", vm, False, False))["status"], "success", "resume")
    host.simulator.guest(host.session.VM.get_uuid(vm), "ignore-shutdown")
    task = call("Async.VM.clean_shutdown", vm)
    states = follow(host.session, task, lambda record: record["progress"] > 0.12)
    ok(0.12 < states[-1]["progress"] < 0.7, "clean_shutdown: the guest's time goes by")
    host.simulator.guest(host.session.VM.get_uuid(vm), "poweroff")
    is_(end_of(host.session, task)["status"], "success", "clean_shutdown: done")
    host.remove(vm)


def cancel(host, task):
    host.session.task.cancel(task)
    return end_of(host.session, task)


def test_cancel(host):
    call = host.session.call
    vm = host.add("Running")
    host.simulator.guest(host.session.VM.get_uuid(vm), "ignore-shutdown")
    task = call("Async.VM.clean_shutdown", vm)
    is_(host.session.task.get_allowed_operations(task), ["cancel", "destroy"], "a clean_shutdown can be cancelled")
    waiting = call("Async.VM.suspend", vm)
    end = cancel(host, waiting)
    is_((end["status"], end["error_info"]), ("cancelled", ["TASK_CANCELLED", waiting]), "one that waits for its turn is cancelled at once")
    end = cancel(host, task)
    is_((end["status"], end["error_info"]), ("cancelled", ["TASK_CANCELLED", task]), "and the one that waits for the guest")
    is_({k: end[k] for k in ENDED}, ENDED, "it has ended")
    is_(host.idle(vm)["power_state"], "Running", "the guest goes on")
    is_(host.failure("task.cancel", task), ["OPERATION_NOT_ALLOWED", "the task has ended"], "which can not be cancelled again")
    host.simulator.delay("suspend", 600_000)
    task = call("Async.VM.suspend", vm)
    until(lambda: host.record(vm)["current_operations"])
    host.session.task.cancel(task)
    is_(host.session.task.get_current_operations(task), {task: "cancel"}, "an operation that the hypervisor has goes on meanwhile")
    host.simulator.clear()
    is_(end_of(host.session, task)["status"], "cancelled", "suspend: cancelled when its image is written")
    is_((host.idle(vm)["power_state"], os.path.exists(host.image(vm))), ("Running", False), "the guest goes on from it")
    is_(host.differences(vm), [], "record, disk and domain agree")
    host.remove(vm)


def test_cancel_start(host):
    call = host.session.call
    vm = host.add()
    host.simulator.delay("start", 600_000)
    task = call("Async.VM.start", vm, False, False)
    until(lambda: host.record(vm)["current_operations"])
    host.session.call("Async.task.cancel", task)
    until(lambda: host.session.task.get_current_operations(task))
    host.simulator.clear()
    is_(end_of(host.session, task)["status"], "cancelled", "start: cancelled before the guest has done anything")
    is_((host.idle(vm)["power_state"], host.domain(vm)), ("Halted", None), "its domain is gone")
    is_(host.differences(vm), [], "record, disk and domain agree")
    host.bring(vm, "Suspended")
    host.simulator.delay("resume", 600_000)
    task = call("Async.VM.resume", vm, False, False)
    until(lambda: host.record(vm)["current_operations"])
    host.session.task.cancel(task)
    host.simulator.clear()
    is_(end_of(host.session, task)["status"], "cancelled", "resume: likewise")
    is_((host.idle(vm)["power_state"], os.path.exists(host.image(vm))), ("Suspended", True), "and its image is as it was")
    host.session.VM.resume(vm, False)
    host.simulator.delay("destroy", 600_000)
    task = call("Async.VM.hard_shutdown", vm)
    is_(host.failure("task.cancel", task), ["OPERATION_NOT_ALLOWED", "this task can not be cancelled"], "a hard_shutdown can not")
    host.simulator.clear()
    is_(end_of(host.session, task)["status"], "success", "and is done")
    host.remove(vm)


def test_destroy(host):
    call = host.session.call
    mirror = Mirror(host.session, ["task"])
    mirror.update()
    task = call("Async.host.compute_free_memory", host.ref)
    mirror.wait_for(lambda m: m.records["task"].get(task, {}).get("status") == "success")
    host.session.task.destroy(task)
    mirror.wait_for(lambda m: task not in m.records["task"])
    is_(mirror.counts["task"], len(host.session.task.get_all()), "events of tasks: made, ended, destroyed")
    vm = host.add()
    host.simulator.delay("start", 600_000)
    task = call("Async.VM.start", vm, False, False)
    until(lambda: host.record(vm)["current_operations"])
    host.session.task.destroy(task)
    is_(host.session.task.get_status(task), "pending", "one that is destroyed while it is pending stays so long")
    host.simulator.clear()
    mirror.wait_for(lambda m: task not in m.records["task"] and int(m.token) >= int(host.session.event.get_current_id()))
    is_(host.failure("task.get_status", task), ["HANDLE_INVALID", "task", task], "and goes when it has ended")
    is_(host.state(vm), "Running", "what it did is done")
    host.remove(vm)


def test_own(host):
    """Tasks that clients make for their own work."""
    task = host.session.task.create("mine", "my work")
    record = host.session.task.get_record(task)
    is_((record["name_label"], record["name_description"], record["status"], record["progress"]), ("mine", "my work", "pending", 0.0),
        "task.create")
    host.session.task.set_progress(task, 0.5)
    host.session.task.set_result(task, "something")
    host.session.task.set_error_info(task, ["CODE", "why"])
    host.session.task.set_other_config(task, {"a": "b"})
    host.session.task.cancel(task)
    record = host.session.task.get_record(task)
    is_((record["progress"], record["result"], record["error_info"], record["current_operations"]),
        (0.5, "something", ["CODE", "why"], {task: "cancel"}), "its client says how it goes on, and sees who wants it to end")
    for wrong in (-0.1, 1.5):
        is_(host.failure("task.set_progress", task, wrong), ["INVALID_VALUE", "value: 0 to 1", f"{wrong:g}"], f"progress {wrong}")
    host.session.task.set_status(task, "failure")
    record = host.session.task.get_record(task)
    is_(({k: record[k] for k in ENDED}, record["status"]), (ENDED, "failure"), "set_status ends it")
    is_(host.failure("task.set_status", task, "success"), ["OPERATION_NOT_ALLOWED", "the task has ended"], "for good")
    host.session.task.destroy(task)
    pending = host.session.task.create("mine", "")
    host.session.task.destroy(pending)
    is_(host.failure("task.get_status", pending), ["HANDLE_INVALID", "task", pending], "one that is pending goes at once: nobody works on it")
    task = host.session.call("Async.host.compute_free_memory", host.ref)
    end_of(host.session, task)
    vm = host.add()
    host.simulator.delay("start", 600_000)
    task = host.session.call("Async.VM.start", vm, False, False)
    is_(host.failure("task.set_progress", task, 0.5), ["OPERATION_NOT_ALLOWED", "the server keeps this task"], "the server's own are its own")
    host.simulator.clear()
    end_of(host.session, task)
    host.remove(vm)


def main():
    if not program():
        skip_all("no xenapid to test (XENAPID)")
    with Host(metrics_interval="24h", shutdown_timeout="30s") as host:
        test_result(host)
        test_progress(host)
        test_cancel(host)
        test_cancel_start(host)
        test_destroy(host)
        test_own(host)
    done()


main()
