# SPDX-License-Identifier: LGPL-2.1-or-later
"""follow.py – events and tasks through any Python client, and kill -9 of the daemon while it waits.

    follow(daemon, connect, lost, what)    connect() signs in and returns call(method, …); lost: what call raises when
                                           the connection or the session is gone; what: words for the results
"""
import threading

from lib.tap import is_, ok

SECONDS = 60  # only a broken server takes them


class Follower(threading.Thread):
    """Knows the names of all VMs from events alone; signs in again whenever it must."""

    def __init__(self, connect, lost):
        super().__init__(daemon=True)
        self.connect, self.lost = connect, lost
        self.names = {}
        self.changed = threading.Condition()
        self.is_up = threading.Event()
        self.is_up.set()
        self.has_ended = False
        self.start()

    def run(self):
        while not self.has_ended:
            self.is_up.wait()
            try:
                self.follow(self.connect())
            except self.lost:
                pass

    def take(self, events):
        with self.changed:
            for event in events:
                if event["operation"] == "del":
                    self.names.pop(event["ref"], None)
                else:
                    self.names[event["ref"]] = event["snapshot"]["name_label"]
            self.changed.notify_all()

    def knows(self, call, what):
        """Waits until it knows what the server says."""
        want = {ref: record["name_label"] for ref, record in call("VM.get_all_records").items()}
        with self.changed:
            self.changed.wait_for(lambda: self.names == want, SECONDS)
            return is_(self.names, want, what)


class FromFollower(Follower):
    """event.from; its token outlives the daemon."""
    message = "event.from"
    token = ""

    def follow(self, call):
        while not self.has_ended:
            answer = call("event.from", ["vm"], self.token, 30.0)
            self.token = answer["token"]
            self.take(answer["events"])


class NextFollower(Follower):
    """event.register and event.next; a new session begins with everything."""
    message = "event.next"

    def follow(self, call):
        call("event.register", ["VM"])
        with self.changed:
            self.names = {ref: record["name_label"] for ref, record in call("VM.get_all_records").items()}
            self.changed.notify_all()
        while not self.has_ended:
            self.take(call("event.next"))


def run_task(call, token, method, *arguments):
    """A call as a task, awaited by its events; its last record."""
    task = call("Async." + method, *arguments)
    record = {"status": "pending"}
    while record["status"] == "pending":
        answer = call("event.from", ["task/" + task], token, 30.0)
        token = answer["token"]
        record = next((event["snapshot"] for event in answer["events"]), record)
    call("task.destroy", task)
    return record


def tasks(call, what):
    token = call("event.from", [], "", 0.0)["token"]
    record = run_task(call, token, "VM.create", {"name_label": "task", "memory_static_max": str(64 << 20)})
    vm = call("VM.get_by_name_label", "task")[0]
    is_((record["status"], record["result"]), ("success", f"<value>{vm}</value>"), f"{what}: a task's event has its result")
    is_(run_task(call, token, "VM.start", vm, False, False)["result"], "<value></value>", f"{what}: one without a result")
    record = run_task(call, token, "VM.destroy", vm)
    is_((record["status"], record["error_info"]), ("failure", ["VM_BAD_POWER_STATE", vm, "halted, suspended", "running"]),
        f"{what}: one that failed")
    call("VM.hard_shutdown", vm)
    call("VM.destroy", vm)


def follow_one(kind, daemon, connect, lost, what):
    what = f"{what}, {kind.message}"
    follower, call = kind(connect, lost), connect()
    vm = call("VM.create", {"name_label": "new é😀"})
    other = call("VM.create", {"name_label": "other"})
    follower.knows(call, f"{what}: new VMs")
    call("VM.set_name_label", vm, "renamed")
    follower.knows(call, f"{what}: a change")  # only an event can have told it
    call("VM.destroy", other)
    follower.knows(call, f"{what}: one is gone")
    follower.is_up.clear()
    daemon.crash()
    follower.is_up.set()
    call = connect()
    other = call("VM.create", {"name_label": "later"})
    call("VM.set_name_label", vm, "after")
    follower.knows(call, f"{what}: after kill -9 it goes on")
    follower.has_ended = True
    call("VM.destroy", vm)
    call("VM.destroy", other)
    follower.join(SECONDS)
    ok(not follower.is_alive(), f"{what}: it ends")


def follow(daemon, connect, lost, what):
    tasks(connect(), what)
    for kind in (FromFollower, NextFollower):
        follow_one(kind, daemon, connect, lost, what)
