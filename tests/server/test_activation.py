#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_activation.py – sockets that systemd has opened, and the units that are installed."""
import contextlib
import os
import re
import socket
import ssl
import stat
import subprocess
import sys

from lib.server import Server, StartFailed, program, standin
from lib.tap import diag, done, has, is_, ok, raises, skip, skip_all
from lib.wire import Wire, call, post

if not standin():
    skip_all("tests/server/standin is not built")

# Does with the file descriptors in its first argument what systemd does with a unit's sockets, then runs the rest.
LAUNCHER = """
import fcntl, os, sys
numbers = [int(word) for word in sys.argv[1].split(",")]
copies = [fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 100) for number in numbers]
for number in numbers:
    os.set_inheritable(number, False)
for number, copy in enumerate(copies, 3):
    os.dup2(copy, number)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(copies)))
os.execvp(sys.argv[2], sys.argv[2:])
"""


class Activated(Server):
    """A server that is handed these sockets; they stay open when it ends."""

    def __init__(self, make_sockets, listen=None, **more):
        more.setdefault("program_path", standin())
        super().__init__(start=False, **more)
        try:
            self.sockets = make_sockets(self)
            self.pass_fds = [one.fileno() for one in self.sockets]
            self.listen = [uri_of(one) for one in self.sockets] if listen is None else listen
            self.start()
        except BaseException:
            self.close()
            raise

    def command(self):
        numbers = ",".join(map(str, self.pass_fds))
        return [sys.executable, "-c", LAUNCHER, numbers, *super().command()]

    def close(self):
        for one in self.sockets:
            one.close()
        super().close()


def uri_of(one):
    if one.family == socket.AF_UNIX:
        return "unix:" + one.getsockname()
    host, port = one.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def unix(server, mode=0o600):
    one = socket.socket(socket.AF_UNIX)
    one.bind(server.path("systemd"))
    os.chmod(server.path("systemd"), mode)
    one.listen()
    return one


def tcp(_=None):
    return socket.create_server(("127.0.0.1", 0))


def test_served():
    with Activated(lambda server: [tcp(), unix(server), tcp()]) as server:
        is_(server.addresses, server.listen, "it listens on what it was given, and says so")
        for uri in server.listen:
            is_(server.rpc(uri).echo(1)["Value"], ["1"], f"{uri}: serves")
        is_(server.rpc(server.unix).origin()["Value"], ["unix", str(os.getuid())], "over the Unix socket it knows who calls")
        flags = [open(f"/proc/{server.process.pid}/fdinfo/{n}").read() for n in (3, 4, 5)]
        flags = [int(re.search(r"flags:\s*(\d+)", text).group(1), 8) for text in flags]
        ok(all(f & os.O_CLOEXEC and f & os.O_NONBLOCK for f in flags), "what it runs does not inherit them")


def test_mixed():
    with Activated(lambda server: [tcp()], listen=[]) as server:
        server.stop()
        server.listen = ["http://127.0.0.1:0", uri_of(server.sockets[0]), "unix:" + server.path("own")]
        server.start()
        is_(server.addresses[1:], server.listen[1:], "others it opens itself")
        for uri in server.addresses:
            is_(server.rpc(uri).echo(1)["Value"], ["1"], f"{uri}: serves")
        server.stop()
        ok(not os.path.exists(server.path("own")), "and removes")


def test_stays():
    with Activated(lambda server: [unix(server, 0o600)], settings={"socket-group": "daemon"}) as server:
        path = server.path("systemd")
        before = os.stat(path)
        is_(stat.S_IMODE(before.st_mode), 0o600, "the mode is the unit's")
        is_(before.st_gid, os.getgid(), "and so is the group")
        has(server.stderr(), "socket-group is not used", "the log says so")
        server.stop()
        is_(os.stat(path).st_ino, before.st_ino, "a stop leaves the socket")
        early = Wire(path).send(post(call("echo", "early")))
        server.start()
        is_(early.reply().value, ["early"], "who called meanwhile is answered by the next one")
        early.close()
        server.kill()
        server.start()
        is_(server.rpc(server.unix).echo(2)["Value"], ["2"], "and so it is after a crash")


def refused(make_sockets, part, what):
    error = raises(StartFailed, lambda: Activated(make_sockets, listen=["http://127.0.0.1:0"]), what)
    is_(error and error.status, 1, "exit status 1")
    has(error.stderr if error else "", part, "and says why")


def ipv6(only):
    one = socket.socket(socket.AF_INET6)
    one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
    one.bind(("::", 0))
    one.listen()
    return one


def test_refused():
    refused(lambda server: [unix(server)], "/systemd, which no listen", "a socket that no listen names")
    refused(lambda server: [socket.socket(socket.AF_INET, socket.SOCK_DGRAM)], "Accept=no", "a datagram socket")
    with contextlib.closing(tcp()) as listening, socket.create_connection(listening.getsockname()):
        refused(lambda server: [listening.accept()[0]], "Accept=no", "a connection")
    if not socket.has_dualstack_ipv6():
        skip("no IPv6 here")
        return
    refused(lambda server: [ipv6(False)], "BindIPv6Only=ipv6-only", "IPv4 and IPv6 on one socket")
    with Activated(lambda server: [ipv6(True)], users={"root": "secret"}) as server:
        uri = server.http.replace("[::]", "[::1]")
        is_(server.rpc(uri).echo(1)["Value"], ["1"], "all of IPv6 is fine")


def test_tls():
    with Activated(lambda server: [tcp()]) as server:
        server.stop()
        if not server.certify():
            skip("no openssl")
            return
        server.listen = [uri_of(server.sockets[0]).replace("http:", "https:")]
        server.start()
        is_(server.addresses, server.listen, "the listen says that it is https")
        context = ssl.create_default_context(cafile=server.path("certificate"))
        with socket.create_connection(server.sockets[0].getsockname()) as plain:
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as tls:
                tls.sendall(post(call("echo", "x")))
                has(tls.recv(65536).decode(), "200 OK", "and so it is")


def test_root():
    if not program() or os.getuid() != 0:
        skip("this is for root, and the real xenapid")
        return
    with Activated(lambda server: [unix(server), tcp()], program_path=program(), users={"root": "secret"}) as server:
        session = server.login(address=server.unix)
        is_(len(session.host.get_all()), 1, "root signs in over systemd's socket without a password")
        session = server.login("root", "secret")
        is_(len(session.host.get_all()), 1, "over TCP with one")


def test_systemd_itself():
    """systemd's own program that does it; it starts the server when the first client comes."""
    with Server(start=False, program_path=standin()) as server:
        path = server.path("socket")
        server.listen = ["unix:" + path]
        with open(server.path("xenapid.conf"), "w"):
            pass
        try:
            process = subprocess.Popen(["systemd-socket-activate", "-l", path, *server.command()], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        except FileNotFoundError:
            skip("no systemd-socket-activate here")
            return
        has(process.stderr.readline().decode(), "Listening on", "systemd-socket-activate listens")
        with Wire(path) as wire:
            is_(wire.ask(post(call("echo", "x"))).value, ["x"], "the first call starts the server, and is answered")
        process.terminate()
        process.communicate()
        is_(process.returncode, 0, "it ends properly")
        ok(os.path.exists(path), "and leaves the socket")


def test_units():
    source = os.path.join(os.environ["TOP_SRCDIR"], "server")
    with open(os.path.join(source, "xenapid.socket")) as file:
        path = re.search(r"^ListenStream=(.*)$", file.read(), re.M).group(1)
    printed = subprocess.run([standin(), "--print-config"], capture_output=True, text=True, check=True).stdout
    ok(f"unix:{path}" in printed, "the socket unit's path is that of the standard listen")
    built = os.path.join(os.path.dirname(program() or ""), "server/xenapid.service")
    if os.path.exists(built):
        with open(built) as file:
            ok(re.search(r"^ExecStart=/.*/xenapid$", file.read(), re.M), "the unit that is installed starts a program")
    with Server(start=False) as server:
        with open(os.path.join(source, "xenapid.service.in")) as file, open(server.path("xenapid.service"), "w") as unit:
            unit.write(file.read().replace("@sbindir@/xenapid", standin()))
        os.symlink(os.path.join(source, "xenapid.socket"), server.path("xenapid.socket"))
        units = [server.path("xenapid.service"), server.path("xenapid.socket")]
        try:
            result = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *units], capture_output=True, text=True, check=False)
        except FileNotFoundError:
            skip("no systemd-analyze here")
            return
        diag(result.stderr)
        is_(result.returncode, 0, "systemd understands the units")
        ok("xenapid" not in result.stderr, "and has nothing to say about them")


test_served()
test_mixed()
test_stays()
test_refused()
test_tls()
test_root()
test_systemd_itself()
test_units()
done()
