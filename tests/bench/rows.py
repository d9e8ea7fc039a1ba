# SPDX-License-Identifier: LGPL-2.1-or-later
"""rows.py – what make bench measures: one function for each group of rows, side by side in each round. What a group leaves running
when it fails, Bench.stop() ends."""
import os
import shutil
import statistics
import subprocess
import time

from bench import sides
from bench.goals import BARE, CHANGES, DISTINCT, LIBVIRT, LISTS, ONE_VM, OURS, PYTHON, READS, SQLITE, STATE, clients
from bench.scrape import Scraper, answered, scrape

EVENTS = "Events"


class Bench:
    """What the rows share: the size of the run, the table, our servers by number of VMs, libvirtd."""

    def __init__(self, size, table, folder):
        self.size, self.table, self.folder = size, table, folder
        self.worlds = {}
        self.peers = []
        self.libvirt = None

    def world(self, vms):
        """Our server with so many VMs; it is stopped."""
        if vms not in self.worlds:
            self.worlds[vms] = sides.Ours(self.folder, vms)
        return self.worlds[vms]

    def open_libvirt(self):
        if not self.libvirt:
            self.libvirt = sides.Libvirt(self.folder, self.size.vms)
        return self.libvirt

    def peer(self, peer):
        """Runs until the group's end."""
        self.peers.append(peer)
        return peer

    def stop(self):
        """What a group has left running."""
        while self.peers:
            self.peers.pop().close()
        for world in self.worlds.values():
            world.stop_if_running()
        if self.libvirt and self.libvirt.process:
            self.libvirt.stop()

    def close(self):
        self.stop()
        for world in self.worlds.values():
            world.close()
        if self.libvirt:
            self.libvirt.close()

    def rounds(self, measured):
        """Calls each of `measured` once a round, one after the other: line → function that returns its sample. A side that fails
        is left out from then on, and says why."""
        for _ in range(self.size.rounds):
            for line, measure in list(measured.items()):
                try:
                    line.add(measure())
                except RuntimeError as error:
                    line.fail(error)
                    del measured[line]


def record_of(ours):
    """One VM's record as our server gives it."""
    return ours.session.VM.get_record(ours.first_ref())


def body_bytes(ours, call):
    """How long the body of the reply to a call is."""
    return ours.load(call, connections=1, requests=1, refs=ours.some_refs(1))[0]["bytes"]


def reads(bench):
    """Small reads and get_record, on as many connections as stay open, against servers that give the same bytes."""
    size, ours = bench.size, bench.world(bench.size.vms)
    ours.start()
    record = record_of(ours)
    python = bench.peer(sides.python_server(bench.folder, {"VM.get_name_label": record["name_label"], "VM.get_record": record}))
    for row, call in (("small read", ours.calls.small), ("get_record", ours.calls.record)):
        bare = bench.peer(sides.bare(bench.folder, body_bytes(ours, call)))

        def measure(side, call=call):
            return side.load(call, connections=size.connections, seconds=size.seconds, refs=ours.refs)[0]
        measure(ours)  # a warm-up
        line = bench.table.line(READS, row, OURS)
        bench.rounds({line: lambda: measure(ours),
                      bench.table.line(READS, row, BARE, against=line): lambda: measure(bare),
                      bench.table.line(READS, row, PYTHON, against=line): lambda: measure(python)})
    ours.stop()


def some_lists(side, call, times):
    """So many lists, one after the other: a sample in milliseconds of the one in the middle. CPU is counted too coarsely for one."""
    sample, = side.load(call, connections=1, requests=times)
    measured = {"ms": sample["p50"] / 1000, "rss": sample["rss"], "bytes": sample["bytes"] // times}
    return measured | ({"cpu": sample["cpu"]} if times > 1 else {})


def lists(bench):
    for vms in (bench.size.vms // 10, bench.size.vms):
        lists_of(bench, vms, bench.size.rounds)


def large_list(bench):
    """Once, to see how the cost grows."""
    lists_of(bench, bench.size.many, 1)


def lists_of(bench, vms, rounds):
    """get_all_records: cold after each start, then warm; the same bytes from bare servers and by memcpy."""
    ours, row, times = bench.world(vms), f"get_all_records, {vms:,} VMs", max(3, min(30, 30_000 // vms))

    def line(side, against=None):
        return bench.table.line(LISTS, row, side, unit="ms", key="ms", against=against)
    cold, warm = line(f"{OURS}, cold"), line(f"{OURS}, warm")
    peers = None
    for _ in range(rounds):
        ours.start()
        sample = some_lists(ours, ours.calls.records, 1)
        cold.add(sample)
        peers = peers or list_peers(bench, ours, vms, sample["bytes"])
        warm.add(some_lists(ours, ours.calls.records, times))
        line("memcpy", warm).add({"ms": statistics.median(sides.memcpy(sample["bytes"], times))})
        for side, peer in peers.items():
            line(side, warm).add(some_lists(peer, ours.calls.records, 1 if side == PYTHON else times))
        ours.stop()


def list_peers(bench, ours, vms, length):
    """Python needs half a minute for 100,000."""
    peers = {BARE: bench.peer(sides.bare(bench.folder, length))}
    if vms <= bench.size.vms:
        peers[PYTHON] = bench.peer(sides.python_server(bench.folder, {
            "VM.get_all_records": dict.fromkeys(ours.all_refs(), record_of(ours))}))
    return peers


def changes(bench):
    """VM.set_memory_dynamic_max from 1 to many clients, answered when it is on the disk."""
    size, ours = bench.size, bench.world(bench.size.vms)
    copy = os.path.join(bench.folder, "copy.db")
    shutil.copy(ours.database, copy)
    libvirt = bench.open_libvirt()
    if not libvirt.problem:
        libvirt.start()
    ours.start()
    for count in size.clients:
        for objects in (DISTINCT, ONE_VM):
            if count > 1 or objects == ONE_VM:
                changes_of(bench, ours, copy, count, objects)
    changes_of_vcpus(bench, ours)
    check_last_change(ours)
    ours.stop()
    if not libvirt.problem:
        libvirt.stop()


def changes_of(bench, ours, copy, count, objects):
    row, vms = clients(count, objects), 1 if objects == ONE_VM else count
    refs = ours.some_refs(vms)
    line = bench.table.line(CHANGES, row, OURS)
    measured = {
        line: lambda: ours.load(ours.calls.memory, connections=count, seconds=bench.size.seconds, refs=refs, number=drawn())[0],
        bench.table.line(CHANGES, row, SQLITE, against=line): lambda: sides.sqlite(copy, count, vms, bench.size.seconds)}
    if count in bench.size.clients[:2] and vms == count:
        add_libvirt(bench, measured, row, line, "memory", count)
    bench.rounds(measured)


def changes_of_vcpus(bench, ours):
    """Beside libvirt only: SQLite does not care which column it is."""
    for count in bench.size.clients[:2]:
        row = "set_VCPUs_at_startup, " + clients(count)
        line = bench.table.line(CHANGES, row, OURS)
        measured = {line: lambda count=count: ours.load(
            ours.calls.vcpus, connections=count, seconds=bench.size.seconds, refs=ours.some_refs(count), number=drawn())[0]}
        add_libvirt(bench, measured, row, line, "vcpus", count)
        bench.rounds(measured)


def add_libvirt(bench, measured, row, against, what, count):
    line = bench.table.line(CHANGES, row, LIBVIRT, against=against)
    if bench.libvirt.problem:
        line.note = bench.libvirt.problem
    else:
        measured[line] = lambda: bench.libvirt.change(what, count, bench.size.seconds)


def drawn():
    """Where numbers begin: what is written must differ from what was written before."""
    return time.monotonic_ns() // 100 % 10 ** 11


def check_last_change(ours):
    """What was acknowledged last is there, after a restart too."""
    sample, = ours.load(ours.calls.memory, connections=1, requests=10, refs=ours.some_refs(1), number=drawn())
    ours.server.kill()
    ours.start()
    found = ours.session.VM.get_memory_dynamic_max(ours.first_ref())
    if found != str(sample["last"]):
        raise RuntimeError(f"the last change was to {sample['last']}, but after kill -9 it is {found}")


def mixed(bench):
    """95 % reads, 5 % changes; alone, and while a crowd follows all events."""
    size, ours = bench.size, bench.world(bench.size.vms)
    ours.start()
    lines = {}
    for _ in range(size.rounds):
        for crowd in (0, size.crowd):
            row = f"95 % small reads, 5 % changes; {crowd or 'nobody'} waiting"
            samples = with_crowd(ours, crowd, size, lambda: ours.load(
                ours.calls.small, ours.calls.memory, every=20, connections=size.connections, seconds=size.seconds,
                refs=ours.refs, number=drawn()))
            for side, sample in zip(("reads", "changes", "events.from answered"), samples):
                if side != "reads":
                    sample.pop("cpu", None)  # of all calls together
                lines.setdefault((row, side), bench.table.line(EVENTS, row, side)).add(sample)
    ours.stop()


def with_crowd(ours, crowd, size, measure):
    """The samples of `measure`, and behind them the crowd's."""
    if not crowd:
        return measure()
    follower = subprocess.Popen(sides.load_command(ours.port, ours.calls.wait, connections=crowd, seconds=size.seconds + 1,
                                                   token=ours.token()), stdout=subprocess.PIPE)
    samples = measure()
    line = follower.communicate()[0]
    if follower.returncode:
        raise RuntimeError("the crowd was not answered as it should be")
    return samples + [sides.outcome(line, 0) | {"rss": sides.resident_bytes(ours.pid)}]


def scraped(bench):
    """The mixed load, with and without somebody who reads /metrics once a second; and that /metrics counts what the load counts."""
    size, ours = bench.size, bench.world(bench.size.vms)
    ours.start()
    row = "95 % small reads, 5 % changes; /metrics"
    alone = bench.table.line(EVENTS, row, "not read")
    beside = bench.table.line(EVENTS, row, "read once a second", against=alone)
    one = bench.table.line(EVENTS, f"one reading of /metrics, {size.vms:,} VMs", OURS, unit="ms", key="ms")

    def measure():
        reads_, changes_ = ours.load(ours.calls.small, ours.calls.memory, every=20, connections=size.connections, seconds=size.seconds,
                                     refs=ours.refs, number=drawn())
        reads_["cpu"] *= reads_["requests"] / (reads_["requests"] + changes_["requests"])  # it is of all calls
        return reads_ | {"rate": reads_["rate"] + changes_["rate"]}
    measure()  # a warm-up
    for _ in range(size.rounds):
        alone.add(measure())
        with Scraper(ours.port) as scraper:
            beside.add(measure())
        one.add({"ms": statistics.median(scraper.took)})
    check_counts(ours, size)
    ours.stop()


def check_counts(ours, size):
    """With a number of calls all that are sent are counted by the load generator."""
    before = answered(scrape(ours.port))
    samples = ours.load(ours.calls.small, ours.calls.memory, every=20, connections=size.connections, requests=size.changes, refs=ours.refs,
                        number=drawn())
    after = answered(scrape(ours.port))
    for method, sample in zip(("VM.get_name_label", "VM.set_memory_dynamic_max"), samples):
        found = after.get(method, 0) - before.get(method, 0)
        if found != sample["requests"]:
            raise RuntimeError(f"/metrics counts {found} of {method}, the benchmark {sample['requests']}")


def events(bench):
    """From sending a change to the last byte of its event, at 1 to 10,000 clients that wait."""
    size, ours = bench.size, bench.world(bench.size.vms)
    ours.start()
    for waiting in size.waiters:
        event, last = ours.load(ours.calls.wait, change=ours.calls.memory, connections=waiting, rounds=size.event_rounds,
                                token=ours.token(), refs=ours.some_refs(1), number=drawn())
        row = f"change to event, {waiting:,} waiting"
        for side, sample in (("each client", event), ("the last client", last)):
            sample["ms"] = sample["p50"] / 1000
            bench.table.line(EVENTS, row, side, unit="ms", key="ms").add(sample)
    ours.stop()


def starts(bench):
    """From starting the process to its first answer, and what is resident then."""
    size, libvirt = bench.size, bench.open_libvirt()
    ours = bench.world(size.vms)

    def line(what, side, unit, against=None):
        return bench.table.line(STATE, f"{what} with {size.vms:,} VMs", side, unit=unit, key="ms", against=against)
    start, resident = line("start", OURS, "ms"), line("resident", OURS, "MB")
    their_start, their_resident = line("start", LIBVIRT, "ms", start), line("resident", LIBVIRT, "MB", resident)
    their_start.note = their_resident.note = libvirt.problem or ""
    for _ in range(size.rounds):
        start.add({"ms": ours.start()})
        resident.add({"ms": sides.resident_bytes(ours.pid) / 1e6})
        ours.stop()
        if not libvirt.problem:
            their_start.add({"ms": libvirt.start()})
            their_resident.add({"ms": libvirt.resident() / 1e6})
            if libvirt.count != size.vms:
                raise RuntimeError(f"libvirtd has {libvirt.count} domains")
            libvirt.stop()


def large_start(bench):
    ours, vms = bench.world(bench.size.many), bench.size.many
    bench.table.line(STATE, f"start with {vms:,} VMs", OURS, unit="ms", key="ms").add({"ms": ours.start()})
    bench.table.line(STATE, f"resident with {vms:,} VMs", OURS, unit="MB", key="ms").add(
        {"ms": sides.resident_bytes(ours.pid) / 1e6})
    ours.stop()


def memory(bench):
    """What one more VM, session and waiting connection takes."""
    size, ours = bench.size, bench.world(bench.size.vms)

    def add(row, count, before, after):
        bench.table.line(STATE, row, OURS, unit="KB", key="ms").add({"ms": (after - before) / count / 1e3})
    ours.start()
    just_started = sides.resident_bytes(ours.pid)
    add("memory per VM", size.vms, ours.empty_rss, just_started)
    # few at a time: of sign-ins under way one address may have only some
    ours.load(ours.calls.login, connections=8, requests=size.sessions)
    with_sessions = sides.resident_bytes(ours.pid)
    add("memory per session", size.sessions, just_started, with_sessions)
    waiting = size.waiters[-1]
    add("memory per waiting connection", waiting, with_sessions, resident_while_waiting(ours, waiting))
    ours.stop()


def resident_while_waiting(ours, waiting):
    """The last look at it before the clients leave."""
    follower = subprocess.Popen(sides.load_command(ours.port, ours.calls.wait, connections=waiting, seconds=2,
                                                   token=ours.token()), stdout=subprocess.DEVNULL)
    resident = 0
    while follower.poll() is None:
        resident = sides.resident_bytes(ours.pid)
        time.sleep(0.05)
    if follower.returncode:
        raise RuntimeError("those who wait were not answered as they should be")
    return resident


def disk(bench):
    """The database's size, and what a change has written."""
    size, ours = bench.size, bench.world(bench.size.vms)
    empty = bench.world(0)

    def add(row, kilobytes):
        bench.table.line(STATE, row, OURS, unit="KB", key="ms").add({"ms": kilobytes})
    before = os.path.getsize(ours.database)
    add("database per VM", (before - os.path.getsize(empty.database)) / size.vms / 1e3)
    ours.start()
    changed = 0
    for count in size.clients[0], size.clients[2]:
        written = sides.written_bytes(ours.pid)
        sample, = ours.load(ours.calls.memory, connections=count, requests=size.changes, refs=ours.some_refs(count), number=drawn())
        changed += sample["requests"]
        add(f"written to the disk per change, {count} client{'s' * (count > 1)}",
            (sides.written_bytes(ours.pid) - written) / sample["requests"] / 1e3)
    ours.stop()
    add("growth of the database per change", (os.path.getsize(ours.database) - before) / changed / 1e3)


GROUPS = (reads, lists, changes, mixed, scraped, events, starts, memory, disk, large_start, large_list)

