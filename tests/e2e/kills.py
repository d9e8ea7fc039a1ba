#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kills.py – kill -9 at random moments while several clients change things.

After each start everything that was acknowledged is there, a change that was not answered is there as a whole or not at
all, the file passes integrity_check, and revisions have not gone back.

XENAPID_KILLS=1000 says how often, XENAPID_SEED which moments (make kill-9).
"""
import contextlib
import http.client
import os
import random
import shutil
import sqlite3
import threading
import time
import xml.parsers.expat
import xmlrpc.client

from lib.server import Failure, Server, program
from lib.tap import diag, done, is_, ok, skip_all

KILLS = int(os.environ.get("XENAPID_KILLS", "20"))
SEED = os.environ.get("XENAPID_SEED", str(random.SystemRandom().randrange(10**6)))
WRITERS = 6
MOST_VMS = 4  # of a writer
MIB = 1 << 20
GONE = (OSError, http.client.HTTPException, xml.parsers.expat.ExpatError, xmlrpc.client.Error)

# Every one of these follows from the VM's number.
BOUNDS = {"memory_static_min": 64, "memory_dynamic_min": 128, "memory_dynamic_max": 256, "memory_static_max": 512}


def bounds(number):
    return {field: str(mib * MIB + number * 4096) for field, mib in BOUNDS.items()}


def number_of(record):
    """Its number, or None when its fields are not of one change."""
    number = (int(record["memory_static_min"]) - BOUNDS["memory_static_min"] * MIB) // 4096
    whole = dict(bounds(number), memory_target=bounds(number)["memory_dynamic_min"])
    return number if all(record[field] == value for field, value in whole.items()) else None


class Writer:
    """A client that makes, changes and destroys VMs of its own, and remembers what it was told."""

    def __init__(self, index):
        self.index = index
        self.chance = random.Random(f"{SEED} {index}")
        self.vms = {}  # ref → number, as acknowledged
        self.pending = None  # what was sent and not answered: kind, ref, number
        self.answered = 0
        self.next_number = 1
        self.thread = None
        self.wrong = []

    def begin(self, server, started):
        self.thread = threading.Thread(target=self._run, args=(server, started), daemon=True)
        self.thread.start()

    def _run(self, server, started):
        try:
            session = server.login()
            started.wait()
            while True:
                self._change(session)
        except Failure as raised:
            self.wrong.append(f"{self.pending}: {raised}")
        except GONE:
            pass

    def _change(self, session):
        number, self.next_number = self.next_number, self.next_number + 1
        what = self.chance.random()
        ref = self.chance.choice(sorted(self.vms)) if self.vms else None
        if ref is None or (what < 0.2 and len(self.vms) < MOST_VMS):
            self.pending = ("create", None, number)
            low = bounds(number)["memory_dynamic_min"]
            fields = {"name_label": self.name(number), "domain_type": "pvh", "memory_target": low, **bounds(number)}
            self.vms[session.VM.create(fields)] = number
        elif what < 0.3:
            self.pending = ("destroy", ref, number)
            session.VM.destroy(ref)
            del self.vms[ref]
        else:
            self.pending = ("change", ref, number)
            values = bounds(number)
            session.VM.set_memory_limits(ref, values["memory_static_min"], values["memory_static_max"],
                                         values["memory_dynamic_min"], values["memory_dynamic_max"])
            self.vms[ref] = number
        self.pending = None
        self.answered += 1

    def name(self, number):
        return f"writer {self.index} {number}"

    def may_be(self):
        """The states that its VMs may have: what was acknowledged, and with what was not answered."""
        yield dict(self.vms)
        kind, ref, number = self.pending or (None, None, None)
        if kind == "change":
            yield {**self.vms, ref: number}
        elif kind == "destroy":
            yield {other: n for other, n in self.vms.items() if other != ref}

    def settle(self, found):
        """found: ref → number, of all VMs with its name. What is wrong, and whether the unanswered change is there."""
        states = list(self.may_be())
        new = [ref for ref, number in found.items() if self.pending == ("create", None, number) and ref not in self.vms]
        if len(new) == 1:
            states = [{**self.vms, new[0]: self.pending[2]}]
        wrong = [] if found in states else [f"{self.name(0)}: {found} instead of {states} ({self.pending})"]
        applied = self.pending is not None and found != self.vms
        self.vms, self.pending = dict(found), None
        return wrong, applied


def check_file(server):
    """integrity_check of what a killed daemon left, and the newest revision in it; of a copy: the next daemon recovers it itself."""
    for suffix in ("", "-wal"):
        with contextlib.suppress(FileNotFoundError):
            shutil.copy(server.path("xenapid.db" + suffix), server.path("copy.db" + suffix))
    with contextlib.closing(sqlite3.connect(server.path("copy.db"))) as copy:
        newest = copy.execute("SELECT max((SELECT ifnull(max(_modified), 0) FROM VM), "
                              "(SELECT ifnull(max(revision), 0) FROM xenapid_tombstone))").fetchone()[0]
        return copy.execute("PRAGMA integrity_check").fetchone()[0], newest


def token_of(session):
    """The newest revision, as text that orders like it."""
    return session.call("event.from", ["VM"], "", 0.0)["token"]


def look(session, writers):
    """What is wrong with what is there now, and how many unanswered changes are there."""
    records = session.VM.get_all_records()
    wrong, applied = [], 0
    for writer in writers:
        own = {ref: number_of(r) for ref, r in records.items() if r["name_label"].startswith(f"writer {writer.index} ")}
        wrong += [f"{ref} is not whole: {records[ref]}" for ref, number in own.items() if number is None]
        problems, is_applied = writer.settle(own)
        wrong += writer.wrong + problems
        applied += is_applied
        writer.wrong = []
    metrics = {r["metrics"] for r in records.values()}
    if metrics != set(session.VM_metrics.get_all()):
        wrong.append("the metrics are not those of the VMs")
    return wrong, applied


def kill_once(server, writers, chance):
    """What is wrong; how many changes were not answered, and how many of them are there."""
    session = server.login()
    before = token_of(session)
    started = threading.Event()
    for writer in writers:
        writer.begin(server, started)
    started.set()
    time.sleep(chance.uniform(0, 0.12))  # any moment will do
    server.kill()
    for writer in writers:
        writer.thread.join(60)
    pending = sum(writer.pending is not None for writer in writers)
    integrity, newest = check_file(server)
    server.start()
    session = server.login()
    wrong, applied = look(session, writers)
    if token_of(session) <= max(before, f"{newest:020}"):
        wrong.append("revisions have gone back")
    if integrity != "ok":
        wrong.append(f"integrity_check: {integrity}")
    return wrong, pending, applied


def main():
    if not program():
        skip_all("XENAPID names no program")
    chance = random.Random(SEED)
    writers = [Writer(index) for index in range(WRITERS)]
    wrong, pending, applied = [], 0, 0
    with Server() as server:
        for number in range(KILLS):
            found, unanswered, there = kill_once(server, writers, chance)
            wrong += [f"kill {number}: {line}" for line in found]
            pending += unanswered
            applied += there
    answered = sum(writer.answered for writer in writers)
    for line in wrong[:20]:
        diag(line)
    is_(len(wrong), 0, f"{KILLS} kills under {WRITERS} writers, {answered} changes acknowledged, none lost")
    ok(pending > 0, f"{pending} were not answered, of which {applied} are there as a whole, the others not at all")
    diag(f"seed {SEED}")
    done()


main()
