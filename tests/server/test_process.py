#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_process.py – starting, stopping, reloading, the Unix socket."""
import os
import signal
import socket
import stat
import subprocess
import threading
import time

from lib.server import Server, StartFailed, standin
from lib.tap import diag, done, has, is_, ok, raises, skip_all
from lib.wire import Wire, call, post

if not standin():
    skip_all("tests/server/standin is not built")


def start(*options, **more):
    return Server(*options, program_path=standin(), **more)


def path_of(server):
    return server.unix[len("unix:"):]


def test_socket():
    with start("--set", "socket-group=daemon") as server:
        status = os.stat(path_of(server))
        is_(stat.S_IMODE(status.st_mode), 0o660, "the socket is 0660")
        ok(os.getuid() != 0 or status.st_gid != 0, "and belongs to the configured group")
        other = raises(StartFailed, lambda: start(folder=server.folder, listen=server.listen[1:]),
                       "a live socket is not replaced")
        is_(other.status, 1, "exit status 1")
        has(other.stderr, "another server listens there", "it says why")
        is_(server.rpc(server.unix).echo(1)["Value"], ["1"], "the first one goes on")
        server.kill()
        ok(os.path.exists(server.path("socket")), "a killed server leaves its socket")
        server.start()
        is_(server.rpc(server.unix).echo(2)["Value"], ["2"], "a stale socket is replaced")
        server.stop()
        ok(not os.path.exists(server.path("socket")), "a stopped one removes it")
        server.start()
        os.unlink(server.path("socket"))
        with socket.socket(socket.AF_UNIX) as mine:
            mine.bind(server.path("socket"))
            server.stop()
            ok(os.path.exists(server.path("socket")), "unless it is somebody else's by then")
        os.unlink(server.path("socket"))
        with open(server.path("socket"), "w") as file:
            file.write("precious")
        has(raises(StartFailed, server.start, "a file is not replaced").stderr, "no socket", "it says why")
        is_(open(server.path("socket")).read(), "precious", "nor touched")
    with start(start=False) as server:
        server.listen = ["unix:" + server.path("deep/er/with_underscore")]
        server.start()
        has(server.stderr(), "underscore", "an underscore in the path is warned of")
        is_(stat.S_IMODE(os.stat(server.path("deep")).st_mode), 0o755, "missing folders are made")


def test_failures():
    with start() as server:
        for options, part in ((dict(listen=[server.http]), "in use"),
                              (dict(listen=["http://no.such.host.invalid:0"], users={"a": "b"}), "invalid"),
                              (dict(listen=["unix:/proc/x/y"]), "/proc/x"),
                              (dict(settings={"suspend-folder": "/proc/x"}, listen=[server.http]), "suspended")):
            error = raises(StartFailed, lambda: start(**options), f"{options}: it does not start")
            is_(error.status, 1, "exit status 1")
            has(error.stderr, part, "one sentence says why")
        error = raises(StartFailed, lambda: start("--database", "/refuse"), "no database")
        has(error.stderr, "refuses this database", "what the store says is passed on")


def in_background(function):
    result = []
    thread = threading.Thread(target=lambda: result.append(function()))
    thread.start()
    return thread, result


def wait_pending(server, count):
    rpc = server.rpc()
    while rpc.pending() != count:
        time.sleep(0.005)
    rpc("close")()


def test_stop():
    server = start()
    thread, result = in_background(lambda: Wire(server.port).ask(post(call("later", 700, "x"))))
    idle = Wire(server.port)
    wait_pending(server, 1)
    begin = time.monotonic()
    server.signal(signal.SIGTERM)
    ok(server.wait_log("stopping"), "SIGTERM")
    is_(server.wait(), 0, "exit status 0")
    thread.join()
    is_(result[0] and result[0].value, ["700", "x"], "the call in progress was answered")
    ok(idle.is_closed(), "idle connections are closed")
    ok(time.monotonic() - begin < 10, "without waiting for them")
    raises(ConnectionRefusedError, lambda: Wire(server.port), "nobody listens any more")
    server.close()

    server = start("--set", "stop-timeout=300ms")
    wires = [Wire(server.port).send(post(call("later", 1500))) for _ in range(10)]
    wires += [Wire(path_of(server)).send(post(call("later", 1500))) for _ in range(10)]
    wait_pending(server, 20)
    is_(server.stop(), 0, "calls that take longer than stop-timeout are cut off, and it ends properly")
    ok(all(wire.is_closed() for wire in wires), "their clients see it")
    has(server.stderr(), "20 calls were not finished", "the log says so")
    server.close()

    server = start()
    wire = Wire(server.port).send(post(call("later", 20000)))
    wait_pending(server, 1)
    server.signal(signal.SIGTERM)
    server.wait_log("stopping")
    with_keepalive = wire
    server.signal(signal.SIGTERM)
    is_(server.wait(), -signal.SIGTERM, "a second SIGTERM ends it at once")
    with_keepalive.close()
    server.close()
    server = start()
    server.signal(signal.SIGINT)
    is_(server.wait(), 0, "SIGINT is the same")
    server.close()


def write_config(server, text):
    with open(server.path("xenapid.conf"), "w") as file:
        file.write(text)


def test_reload():
    with start(start=False) as server:
        write_config(server, "max-connections = 10\nlog-level = info\n")
        server.start()
        write_config(server, "max-connections = 1\nlog-level = debug\nworker-threads = 3\n")
        server.signal(signal.SIGHUP)
        ok(server.wait_log("was reloaded"), "SIGHUP")
        has(server.stderr(), "worker-threads", "what needs a restart is named")
        with Wire(server.port) as first:
            first.ask(post(call("echo")))
            with Wire(server.port) as second:
                ok(second.is_closed(), "the new limit holds")
        ok("debug: " in server.stderr(), "and the new log level")
        write_config(server, "max-connections = none\n")
        server.signal(signal.SIGHUP)
        ok(server.wait_log("not reloaded"), "a wrong configuration is not taken")
        has(server.stderr(), "xenapid.conf:1: max-connections = none", "and the log says what is wrong")


def test_notify():
    with start(start=False) as server:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.bind(server.path("notify"))
            systemd.settimeout(20)
            os.environ["NOTIFY_SOCKET"] = server.path("notify")
            server.start()
            del os.environ["NOTIFY_SOCKET"]
            is_(systemd.recv(1000), b"READY=1", "systemd is told when it is ready")
            server.stop()
            is_(systemd.recv(1000), b"STOPPING=1", "and when it stops")


def run(*arguments):
    done_process = subprocess.run([standin(), *arguments], capture_output=True, text=True, timeout=60)
    return done_process.returncode, done_process.stdout, done_process.stderr


def test_options():
    with start(start=False) as server:
        write_config(server, "listen = ftp://x\nworker-threads=0\n\nnonsense = 1 # x\nidle-timeout = 5\n")
        status, out, err = run("--config", server.path("xenapid.conf"), "--check-config", "--auth", "maybe")
        is_((status, out), (2, ""), "a wrong configuration: exit status 2")
        diag(err)
        for part in ("xenapid.conf:1: listen = ftp://x", "xenapid.conf:2: worker-threads = 0: too little; "
                     "accepted is a number in 1..1024", "xenapid.conf:4: nonsense", "xenapid.conf:5: idle-timeout",
                     "command line: auth = maybe: not known; accepted is pam|file:PATH|none"):
            has(err, part, f"all at once: {part}")
        is_(run("--config", server.path("xenapid.conf"))[0], 2, "nor does it start")
        write_config(server, "auth = none\nlisten = http://0.0.0.0:0\n")
        status, out, err = run("--config", server.path("xenapid.conf"))
        is_(status, 2, "auth = none on all addresses is refused")
        has(err, "xenapid.conf:2: listen", "at its line")
        write_config(server, "# nothing\n")
        is_(run("--config", server.path("xenapid.conf"), "--check-config"),
            (0, "configuration is fine\n", ""), "--check-config")
    is_(run("--check-config", "--listen")[0], 2, "a value that is missing")
    is_(run("--config", "/nonexistent")[0], 2, "a file that is named must be there")
    for option, part in (("--help", "--listen URI"), ("--version", "xenapid "), ("--print-config", "#database ="),
                         ("--print-api=json", '"classes"'), ("--print-api=markdown", "VM.start"),
                         ("--print-manual=options", ".TP"), ("--print-manual=keys", "operation\\-wait")):
        status, out, err = run(option)
        is_((status, err), (0, ""), option)
        has(out, part, "says what it should")
    with open(os.path.join(os.environ["TOP_SRCDIR"], "server/xenapid.conf")) as file:
        is_(run("--print-config")[1], file.read(), "server/xenapid.conf is what --print-config prints")


test_socket()
test_failures()
test_stop()
test_reload()
test_notify()
test_options()
done()
