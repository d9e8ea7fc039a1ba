# SPDX-License-Identifier: LGPL-2.1-or-later
"""host.py – a daemon on a simulated host that outlives it, and what is known of its VMs: record, row and domain.

    with Host() as host:
        vm = host.add("Running", memory_static_max=str(GIB))
        host.session.VM.pause(vm)
        is_(host.differences(vm), [], "record, disk and domain agree")
        host.crash()                               # kill -9, and again: the domains are still there
"""
import contextlib
import json
import os
import resource
import sqlite3
import threading
import time

from lib.rpc import Failure, Session
from lib.server import Server
from lib.simulator import Simulator

MIB = 1 << 20
GIB = 1 << 30
STATES = ("Halted", "Running", "Paused", "Suspended")
MEMORY = ("memory_static_min", "memory_dynamic_min", "memory_dynamic_max", "memory_static_max", "memory_target")
# What a live change changes, and the power state.
COMPARED = MEMORY + ("power_state", "VCPUs_max", "VCPUs_at_startup", "VCPUs_params", "HVM_shadow_multiplier")


def end_of_wal(path):
    """Where the next frame goes: behind those that have the header's salt. The file may be longer."""
    with open(path, "rb") as file:
        header = file.read(32)
        frame, end = 24 + int.from_bytes(header[8:12], "big"), 32
        while file.seek(end) and file.read(16)[8:16] == header[16:24]:
            end += frame
    return end


def until(condition, seconds=30):
    """Waits until condition() is true; returns what it returned last."""
    deadline = time.monotonic() + seconds
    while not (result := condition()) and time.monotonic() < deadline:
        time.sleep(0.002)
    return result


class Background(threading.Thread):
    """A call in a thread of its own: result is its value, or the exception that it raised."""

    def __init__(self, function, *arguments):
        super().__init__(daemon=True)
        self.function, self.arguments, self.result = function, arguments, None
        self.start()

    def run(self):
        try:
            self.result = self.function(*self.arguments)
        except Exception as raised:
            self.result = raised

    def wait(self, seconds=60):
        """The result; TimeoutError when the call hangs."""
        self.join(seconds)
        return TimeoutError("no answer") if self.is_alive() else self.result


class Host:
    """server and its session (over HTTP), ref of the host, simulator: the control socket. Settings are the daemon's."""

    def __init__(self, environment=None, **settings):
        self.server = Server(start=False)
        self.server.hypervisor = "simulator:" + self.server.path("domains")
        self.server.settings = {"simulator-control": self.server.path("control"), "metrics-interval": "50ms",
                                "guest-restart-delay": "1ms", "guest-restart-window": "1s"}
        self.server.settings.update({key.replace("_", "-"): value for key, value in settings.items()})
        self.environment = environment or {}
        self.session = self.simulator = None
        self._readers = []  # of fill_disk()
        try:
            self.start()
        except BaseException:
            self.server.close()
            raise

    def start(self):
        before = dict(os.environ)
        os.environ.update(self.environment)
        try:
            self.server.start()
        finally:
            os.environ.clear()
            os.environ.update(before)
        self.connect()

    def connect(self):
        self.session = self.server.login()
        self.ref = self.session.host.get_all()[0]
        self.simulator = Simulator(self.server.path("control"))

    def _disconnect(self):
        with contextlib.suppress(Exception):
            self.session.close()
        self.simulator.close()

    def kill(self):
        """kill -9"""
        self._disconnect()
        self.server.kill()

    def crash(self):
        """kill -9, and starts it again."""
        self.kill()
        self.start()

    def restart(self):
        """Stops it properly and starts it again; returns the exit status."""
        self._disconnect()
        status = self.server.stop()
        self.start()
        return status

    def reset(self):
        """Starts again with nothing: neither VMs nor domains."""
        self.kill()
        for name in ("xenapid.db", "xenapid.db-wal", "xenapid.db-shm", "domains"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.server.path(name))
        self.start()

    def close(self):
        """Stops it; what a sanitizer found makes that fail."""
        said = ""
        if self.server.process:
            with contextlib.suppress(OSError):
                self.simulator.clear()
            self._disconnect()
            status = self.server.stop()
            said = "" if status == 0 else f"xenapid ended with status {status}:\n{self.server.stderr()[-4000:]}"
        self.server.close()
        assert not said, said

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _hold_wal(self):
        reader = sqlite3.connect(f"file:{self.server.path('xenapid.db')}?mode=ro", uri=True, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM pool").fetchone()
        self._readers.append(reader)

    def fill_disk(self, full=True):
        """From now on nothing can be committed, or (False) it can again."""
        if full:
            # Two readers, and between them a commit that cannot be checkpointed: the WAL is not begun anew.
            self._hold_wal()
            pool = self.session.pool.get_all()[0]
            self.session.pool.set_name_description(pool, self.session.pool.get_name_description(pool) + ".")
            self._hold_wal()
        while not full and self._readers:
            self._readers.pop().close()
        most = end_of_wal(self.server.path("xenapid.db-wal")) if full else resource.RLIM_INFINITY
        resource.prlimit(self.server.process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

    @contextlib.contextmanager
    def locked_database(self):
        """Nobody else commits meanwhile: at most 5 s, after that it fails for those who wait."""
        database = sqlite3.connect(self.server.path("xenapid.db"), isolation_level=None)
        database.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            database.execute("ROLLBACK")
            database.close()

    def another(self):
        """One more session, on a connection of its own."""
        return Session(self.server.http)

    def background(self, method, *arguments):
        """A call on a connection of its own, that this thread does not wait for."""
        return Background(self.another().call, method, *arguments)

    def failure(self, method, *arguments):
        """[code, parameter …] that the call fails with, or what it returns."""
        try:
            return self.session.call(method, *arguments)
        except Failure as raised:
            return [raised.code, *raised.params]

    # VMs

    def add(self, state="Halted", **fields):
        """A VM in that power state: 256 to 512 MiB, 2 of 4 vCPUs, unless told."""
        record = {"name_label": "guest", "domain_type": "pvh", "memory_static_min": str(128 * MIB),
                  "memory_dynamic_min": str(256 * MIB), "memory_dynamic_max": str(384 * MIB),
                  "memory_static_max": str(512 * MIB), "VCPUs_max": "4", "VCPUs_at_startup": "2"}
        ref = self.session.VM.create({**record, **fields})
        self.bring(ref, state)
        return ref

    def bring(self, ref, state):
        """From Halted to a power state."""
        if state != "Halted":
            self.session.VM.start(ref, state == "Paused")
        if state == "Suspended":
            self.session.VM.suspend(ref)

    def remove(self, ref):
        """Whatever its power state."""
        if self.session.VM.get_is_default_template(ref):
            self.session.VM.set_is_default_template(ref, False)
        self.session.VM.set_blocked_operations(ref, {})
        if self.state(ref) != "Halted":
            self.session.VM.hard_shutdown(ref)
        self.session.VM.destroy(ref)

    def record(self, ref):
        return self.session.VM.get_record(ref)

    def state(self, ref):
        return self.session.VM.get_power_state(ref)

    def idle(self, ref):
        """Waits until no operation has the VM; returns its record."""
        return until(lambda: (r := self.record(ref))["current_operations"] == {} and r) or self.record(ref)

    def wait_state(self, ref, state):
        """Waits until it is in that power state, with no operation left; returns whether it came."""
        return until(lambda: (r := self.record(ref))["power_state"] == state and not r["current_operations"])

    def domain(self, ref):
        """As the simulator has it, or None."""
        return self.simulator.domain(self.session.VM.get_uuid(ref))

    def domains(self):
        """All but Domain-0."""
        return [d for d in self.simulator.state()["domains"] if d["domid"] != 0]

    def image(self, ref):
        """Path of its suspend image."""
        folder = self.server.settings.get("suspend-folder", self.server.path("suspend"))
        return os.path.join(folder, self.session.VM.get_uuid(ref))

    def row(self, ref):
        """What is on the disk of a VM: column → value."""
        database = sqlite3.connect(f"file:{self.server.path('xenapid.db')}?mode=ro", uri=True)
        with contextlib.closing(database):
            database.row_factory = sqlite3.Row
            found = database.execute('SELECT * FROM "VM" WHERE _ref = ?', (ref,)).fetchone()
        return dict(found) if found else None

    def snapshot(self, ref):
        """Record, row and domain, as far as a change of the VM touches them: to be compared with a later one."""
        record, row, domain = self.record(ref), self.row(ref), self.domain(ref)
        settings = ("paused", "memory_target", "memory_maximum", "dynamic_min", "dynamic_max", "vcpus_online",
                    "memory_shadow", "weight", "cap", "mask", "domid")
        return {"record": {f: record[f] for f in COMPARED}, "intent": row["live_intent"],
                "row": {f: row[f] for f in COMPARED}, "domain": domain and {s: domain[s] for s in settings}}

    def differences(self, ref):
        """What does not agree among record, row and domain, as texts."""
        record, row, domain = self.record(ref), self.row(ref), self.domain(ref)
        found = [f"{f}: record {record[f]!r}, row {row[f]!r}" for f in COMPARED
                 if as_text(record[f]) != as_text(row[f])]
        if json.loads(row["live_intent"]):
            found.append(f"an intent is left: {row['live_intent']}")
        if record["current_operations"]:
            found.append(f"operations are left: {record['current_operations']}")
        live = record["power_state"] in ("Running", "Paused")
        if live != bool(domain):
            return found + [f"{record['power_state']}, and the domain is {domain}"]
        if live and int(record["domid"]) != domain["domid"]:
            found.append(f"domid {record['domid']}, and the domain's is {domain['domid']}")
        if not live and int(record["domid"]) != -1:
            found.append(f"{record['power_state']} with domid {record['domid']}")
        return found + (domain_differences(record, domain) if live else []) + self.drift(ref)

    def drift(self, ref):
        """What the server itself finds of the VM, as texts."""
        return [f"drift: {d}" for d in self.session.host.get_drift(self.ref) if d["VM"] == ref]


def as_text(value):
    """The same text for a value of the wire and one of a column."""
    if isinstance(value, str) and value[:1] in "{[":
        value = json.loads(value)
    if isinstance(value, (dict, list)):
        return json.dumps(value, sort_keys=True)
    if isinstance(value, (bool, float)):
        return str(float(value))
    try:
        return str(float(value))
    except ValueError:
        return value


def domain_differences(record, domain):
    """Where a domain is not what its VM's record says."""
    number = {f: int(record[f]) for f in MEMORY + ("VCPUs_at_startup", "VCPUs_max")}
    params = record["VCPUs_params"]
    want = {
        "paused": record["power_state"] == "Paused",
        "memory_target": (number["memory_target"] or number["memory_dynamic_min"]) // 1024 * 1024,
        "memory_maximum": number["memory_static_max"] // 1024 * 1024,
        "dynamic_min": number["memory_dynamic_min"], "dynamic_max": number["memory_dynamic_max"],
        "vcpus_online": number["VCPUs_at_startup"], "vcpus_max": number["VCPUs_max"],
        "weight": int(params.get("weight", 256)), "cap": int(params.get("cap", 0)),
        "mask": params.get("mask", ""),
    }
    return [f"{key}: record {value!r}, domain {domain[key]!r}" for key, value in want.items() if domain[key] != value]
