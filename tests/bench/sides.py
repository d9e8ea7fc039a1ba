# SPDX-License-Identifier: LGPL-2.1-or-later
"""sides.py – what is measured: our server with so many VMs, and what it is compared with. Each in a folder of its own."""
import json
import os
import pwd
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from bench.calls import Calls
from lib.server import Server

PROGRAMS = os.path.join(os.path.dirname(os.path.abspath(os.environ.get("XENAPID", "build/xenapid"))), "tests/bench")
TICKS = os.sysconf("SC_CLK_TCK")

# Limits that stand in the way of so many clients from one address; nothing that makes it faster.
LIMITS = {"max-connections": "20000", "max-connections-per-address": "20000", "session-limit": "20000",
          "max-reply-bytes-in-flight": "16g", "metrics-interval": "24h"}


def program(name):
    return os.path.join(PROGRAMS, name)


def cpu_seconds(pid):
    """User and system time of a process, of all its threads."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_bytes(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS:"))


def written_bytes(pid):
    """What a process has had written to disks."""
    with open(f"/proc/{pid}/io") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("write_bytes:"))


def run(*command):
    """A program of the benchmark; its output as lines. What is not right ends the benchmark."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout.splitlines()


def load_command(host, *calls, **options):
    command = [program("load"), "--host", str(host)]
    for call in calls:
        command += ["--call", call]
    for name, value in options.items():
        command += ["--" + name, str(value)]
    return command


def outcome(line, cpu):
    """A sample: the program's figures, and what else is to be shown of them."""
    sample = json.loads(line)
    sample["rate"] = sample["requests"] / sample["seconds"]
    if sample["requests"]:
        sample["cpu"] = cpu / sample["requests"] * 1e6
    return sample


class Side:
    """Something that is listening on `port`, in process `pid`."""

    def load(self, *calls, **options):
        """Samples of a load, one for each kind of call."""
        before = cpu_seconds(self.pid)
        lines = run(*load_command(self.port, *calls, **options))
        cpu = cpu_seconds(self.pid) - before
        samples = [outcome(line, cpu) for line in lines]
        for sample in samples:
            sample["rss"] = resident_bytes(self.pid)
        return samples


class Ours(Side):
    """xenapid with so many VMs. Its database is made once, through the API; start() may follow stop()."""

    def __init__(self, folder, vms):
        self.folder = os.path.join(folder, f"xenapid{vms}")
        os.mkdir(self.folder)
        self.vms = vms
        self.server = Server(folder=self.folder, listen=["http://127.0.0.1:0"], settings=LIMITS, start=False)
        try:
            self._fill()
        except BaseException:
            self.close()
            raise

    def _fill(self):
        self.start()
        self.empty_rss = resident_bytes(self.pid)
        if self.vms:
            run(*load_command(self.port, self.calls.create, connections=min(self.vms, 64), requests=self.vms))
        self.refs = self.refs_file("all", self.session.VM.get_all()[1:])  # without Domain-0
        self.stop()

    def start(self):
        """Returns how many milliseconds passed until it had answered."""
        start = time.monotonic()
        self.server.start()
        self.session = self.server.login()
        taken = (time.monotonic() - start) * 1000
        self.pid = self.server.process.pid
        self.port = self.server.port
        self.calls = Calls(self.folder, self.session.ref)
        return taken

    def stop(self):
        self.session.close()
        self.server.stop()

    def stop_if_running(self):
        """After something has failed: by force."""
        if self.server.process:
            self.server.kill()

    def close(self):
        self.stop_if_running()
        shutil.rmtree(self.folder)

    def refs_file(self, name, refs):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.writelines(ref + "\n" for ref in refs)
        return path

    def all_refs(self):
        with open(self.refs) as file:
            return file.read().split()

    def some_refs(self, count):
        """A file of the first of the VMs."""
        return self.refs_file(f"refs{count}", self.all_refs()[:count])

    def first_ref(self):
        return self.all_refs()[0]

    def token(self):
        """Of now."""
        return self.session.call("event.from", ["pool"], "", 0.0)["token"]

    @property
    def database(self):
        return self.server.path("xenapid.db")


class Http(Side):
    """A peer that prints the port it listens on."""

    def __init__(self, *command):
        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())
        self.pid = self.process.pid

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


def bare(folder, length):
    """libmicrohttpd with a body of that length."""
    path = os.path.join(folder, f"body{length}")
    with open(path, "wb") as file:
        file.write((b"<value>Success</value>" + b"x" * length)[:max(length, 22)])
    return Http(program("peer_http"), path)


def python_server(folder, values):
    """Python's xmlrpc.server: method → its value."""
    path = os.path.join(folder, "values")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(values, file, default=str)
    return Http(sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "peer_xmlrpc.py"), path)


def memcpy(length, times):
    """Milliseconds of each copy."""
    return [json.loads(line)["ms"] for line in run(program("peer_memcpy"), length, times)]


def sqlite(database, clients, objects, seconds):
    """A sample of bare group commit on that database."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    line, = run(program("peer_sqlite"), database, clients, objects, seconds)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return outcome(line, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


class Libvirt:
    """A private libvirtd of an ordinary user with so many inactive domains, or `problem`: why there is none."""

    def __init__(self, folder, domains):
        self.domains = domains
        self.process = None
        self.runtime = None
        self.program = shutil.which("libvirtd", path=os.environ["PATH"] + ":/usr/sbin")
        self.problem = None if self.program else (
            "not installed: apt-get install --no-install-recommends libvirt-daemon libvirt-daemon-driver-qemu qemu-system-x86")
        if self.problem:
            return
        self.folder = os.path.join(folder, "libvirt")
        self.runtime = tempfile.mkdtemp(prefix="bench")  # a socket's path is short
        os.mkdir(self.folder)
        self.user = {}
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self.user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            for path in (self.folder, self.runtime):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        try:
            self.start()
            run(program("peer_libvirt"), self.uri, "define", domains)
            self.stop()
        except (RuntimeError, OSError) as error:
            self.problem = f"libvirtd does not work here: {error}"

    @property
    def socket(self):
        return os.path.join(self.runtime, "libvirt/libvirt-sock")

    @property
    def uri(self):
        return f"qemu+unix:///session?socket={self.socket}"

    def start(self):
        """Returns how many milliseconds passed until it had answered how many domains there are."""
        start = time.monotonic()
        environment = {"PATH": os.environ["PATH"], "HOME": self.folder, "XDG_RUNTIME_DIR": self.runtime,
                       "XDG_CONFIG_HOME": self.folder + "/config", "XDG_CACHE_HOME": self.folder + "/cache"}
        self.process = subprocess.Popen([self.program], env=environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **self.user)
        while not os.path.exists(self.socket):
            if self.process.poll() is not None or time.monotonic() > start + 60:
                raise RuntimeError(f"it ended with status {self.process.returncode}")
            time.sleep(0.002)
        self.count, = map(int, run(program("peer_libvirt"), self.uri, "count"))
        return (time.monotonic() - start) * 1000

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process = None
        if os.path.exists(self.socket):
            os.remove(self.socket)

    def change(self, what, clients, seconds):
        """A sample; what: memory or vcpus, of a domain for each client."""
        before = cpu_seconds(self.process.pid)
        line, = run(program("peer_libvirt"), self.uri, what, clients, clients, seconds)
        return outcome(line, cpu_seconds(self.process.pid) - before)

    def resident(self):
        return resident_bytes(self.process.pid)

    def close(self):
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        if self.runtime:
            shutil.rmtree(self.runtime, ignore_errors=True)
            shutil.rmtree(self.folder, ignore_errors=True)
