# SPDX-License-Identifier: LGPL-2.1-or-later
"""server.py – starts the real xenapid for a test, in a private folder, on ports that are free.

    with Server() as server:                       # --auth none, the simulator, HTTP and Unix socket
        session = server.login()
        vms = session.VM.get_all()                 # raises Failure(code, params)
        server.kill(); server.start()              # a crash, and again with the same folder
        session = server.login()

    with Server(users={"root": "secret"}) as server:   # --auth file:…
        session = server.login("root", "secret")

    Server("--set", "max-connections=3", settings={"request-timeout": "1s"}, listen=["https://127.0.0.1:0"])
"""
import contextlib
import ctypes
import ctypes.util
import http.client
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

from lib.rpc import Failure, Session, UnixConnection, proxy  # Failure: for those who import only this

NOBODY = "nobody"
START_SECONDS = float(os.environ.get("XENAPID_START_SECONDS", "60"))
STOP_SECONDS = float(os.environ.get("XENAPID_STOP_SECONDS", "60"))

SANITIZER = re.compile(r"^.*(runtime error:|ERROR: \w+Sanitizer|WARNING: \w+Sanitizer)", re.M)


def program():
    """The xenapid to test, or None."""
    path = os.environ.get("XENAPID", "")
    return path if path and os.access(path, os.X_OK) else None


def standin():
    """xenapid with a stand-in for its API (tests/server/standin.c), or None."""
    path = os.environ.get("XENAPID_STANDIN", os.path.join(
        os.path.dirname(os.environ.get("XENAPID", "")), "tests/server/standin"))
    return path if os.access(path, os.X_OK) else None


def crypt(password, setting="$6$rounds=1000$saltsalt$"):
    """What crypt(3) makes of a password; Python has no crypt of its own any more."""
    library = ctypes.CDLL(ctypes.util.find_library("crypt"))
    library.crypt.restype = ctypes.c_char_p
    return library.crypt(password.encode(), setting.encode()).decode()


class StartFailed(Exception):
    """xenapid ended, or did not listen in time: its exit status (or None) and what it said."""

    def __init__(self, status, stderr):
        super().__init__(status, stderr)
        self.status = status
        self.stderr = stderr


class Server:
    """One xenapid. Leaving the `with` stops it and removes the folder.

    folder      its private folder; database, socket, log and suspend images are in it
    addresses   the URIs it listens on, in order, with the real ports
    http, unix  the first of each kind (None where there is none)
    process     the subprocess.Popen, or None
    status      exit status of the last one that ended
    pass_fds    file descriptors that it inherits
    privileged  the subprocess.Popen of xenapid-privileged, or None

    With split, or XENAPID_SPLIT=1 in the environment, the hypervisor is called by a process of its own, whose xenapid is as restricted
    as in the service; as root it is run as nobody.
    """

    def __init__(self, *options, listen=None, users=None, auth=None, hypervisor="simulator",
                 settings=None, folder=None, start=True, program_path=None, split=None):
        self._own_folder = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix="xenapid")
        if self._own_folder and "_" in self.folder:  # no underscore in a socket's path
            os.rmdir(self.folder)
            self.folder = self.folder.replace("_", "x")
            os.mkdir(self.folder, 0o700)
        self.program = program_path or program() or "xenapid"
        self.options = list(options)
        self.listen = listen or ["http://127.0.0.1:0", "unix:" + self.path("socket")]
        self.hypervisor = hypervisor
        # not the page that may be installed here
        self.settings = {"page": "no", **(settings or {})}
        self.auth = auth or ("file:" + self.path("passwords") if users else "none")
        self.addresses = []
        self.split = os.environ.get("XENAPID_SPLIT") == "1" and not program_path if split is None else split
        self.privileged = None
        self.keeps_privileged = False  # otherwise both end together, as one process would
        self.process = None
        self.status = None
        self.pass_fds = ()
        if users:
            self.write_users(users)
        if start:
            try:
                self.start()
            except BaseException:
                self.close()
                raise

    def path(self, name):
        return os.path.join(self.folder, name)

    def write_users(self, users, subjects=()):
        """Name → password; takes effect at the next sign-in. Those of `subjects` have the roles of their subjects only."""
        descriptor = os.open(self.path("passwords.new"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            for name, password in users.items():
                file.write(f"{name}:{crypt(password)}{':subject' if name in subjects else ''}\n")
        os.rename(self.path("passwords.new"), self.path("passwords"))

    def certify(self):
        """A certificate for 127.0.0.1, for listeners with https from the next start; returns its path, None without openssl."""
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "1",
                   "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", self.path("key"), "-out", self.path("certificate")]
        try:
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError):
            return None
        self.settings.update({"tls-certificate": self.path("certificate"), "tls-key": self.path("key")})
        return self.path("certificate")

    def command(self):
        """The whole command line."""
        command = [self.program, "--config", self.path("xenapid.conf")]
        command += ["--database", self.path("xenapid.db")]
        command += ["--hypervisor", self.hypervisor, "--auth", self.auth]
        for uri in self.listen:
            command += ["--listen", uri]
        for key, value in self.settings.items():
            command += ["--set", f"{key}={value}"]
        if self.split:
            command += ["--privileged-socket", self.path("lines"), "--set", f"user={NOBODY}"]
        return command + self.options

    def start_privileged(self):
        """The other process, whose end is nobody's but the test's."""
        command = [os.path.join(os.path.dirname(os.path.realpath(self.program)), "xenapid-privileged"), *self.command()[1:]]
        with open(self.path("stderr"), "ab") as stderr:
            self.privileged = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=stderr)

    def kill_privileged(self):
        if self.privileged:
            self.privileged.kill()
            self.privileged.wait()
        self.privileged = None

    def _command_as_nobody(self):
        """What root starts: its folder becomes nobody's."""
        if not self.split or os.geteuid() != 0:
            return self.command()
        for folder, _, files in os.walk(self.folder):
            for name in [folder, *(os.path.join(folder, file) for file in files)]:
                with contextlib.suppress(FileNotFoundError):  # the other process is at work
                    shutil.chown(name, NOBODY)
        return ["setpriv", f"--reuid={NOBODY}", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all",
                *self.command()]

    def start(self):
        """Starts it and waits until it listens. Raises StartFailed."""
        assert self.process is None
        if not os.path.exists(self.path("xenapid.conf")):
            with open(self.path("xenapid.conf"), "w") as file:
                file.write("# the test's: everything is on the command line\n")
        if self.split and not self.privileged:
            self.start_privileged()
        with open(self.path("stderr"), "ab") as stderr:
            self.process = subprocess.Popen(self._command_as_nobody(), stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=stderr, pass_fds=self.pass_fds)
        self.addresses = []
        self._wait_listening()

    def _wait_listening(self):
        output = self.process.stdout
        deadline = time.monotonic() + START_SECONDS
        text = b""
        while text.count(b"\n") < len(self.listen):
            ready, _, _ = select.select([output], [], [], max(0, deadline - time.monotonic()))
            piece = os.read(output.fileno(), 4096) if ready else b""
            if not piece:
                status = self.process.wait() if ready else None
                self.kill()
                raise StartFailed(status, self.stderr())
            text += piece
        self.addresses = re.findall(r"^listening on (\S+)$", text.decode(), re.M)

    def _of_kind(self, *kinds):
        return next((a for a in self.addresses if a.startswith(kinds)), None)

    @property
    def http(self):
        return self._of_kind("http:", "https:")

    @property
    def unix(self):
        return self._of_kind("unix:")

    @property
    def port(self):
        """Of the first TCP listener."""
        return int(self.http.rsplit(":", 1)[1])

    def stderr(self):
        """Everything it logged so far, all runs together."""
        with open(self.path("stderr"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_log(self, text, seconds=20):
        """Waits until `text` is in the log; returns whether it came."""
        deadline = time.monotonic() + seconds
        while text not in self.stderr():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def rpc(self, address=None):
        """A plain xmlrpc.client.ServerProxy; address: self.http unless told."""
        return proxy(address or self.http or self.unix)

    def login(self, user="root", password="", address=None):
        """A Session; over the Unix socket with address=server.unix."""
        return Session(address or self.http or self.unix, user, password)

    def connection(self, address=None, timeout=60):
        """A plain http.client connection."""
        address = address or self.http or self.unix
        if address.startswith("unix:"):
            return UnixConnection(address[len("unix:"):], timeout)
        return http.client.HTTPConnection(address.split("//")[1], timeout=timeout)

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=STOP_SECONDS):
        """Waits until it has ended; returns its exit status (−9 after kill())."""
        try:
            self.status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.process.stdout.close()
            self.process = None
            if not self.keeps_privileged:
                self.kill_privileged()
        return self.status

    def stop(self):
        """SIGTERM; returns the exit status."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        """kill -9: a crash."""
        self.signal(signal.SIGKILL)
        return self.wait()

    def restart(self):
        """Stops it properly and starts it again. Ports may change, the folder stays."""
        status = self.stop()
        self.start()
        return status

    def crash(self):
        """kill -9, and again on the same ports."""
        self.kill()
        self.listen = self.addresses
        self.start()

    def close(self):
        """Raises when a sanitizer has found something in any of the runs."""
        if self.process:
            self.stop()
        self.kill_privileged()
        found = SANITIZER.search(self.stderr()) if os.path.exists(self.path("stderr")) else None
        report = self.stderr()[found.start():] if found else None
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        if report:
            raise AssertionError(report)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
