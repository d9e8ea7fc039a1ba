#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""event_storm.py – many clients that wait, many changes, some who do not read: everybody sees the last state.

XENAPID_STORM=CLIENTS:SECONDS:CHANGES_PER_SECOND:IDLE makes it longer; 200:2:500:2000 otherwise. Figures are in the log.
"""
import concurrent.futures
import multiprocessing
import os
import re
import resource
import select
import socket
import threading
import time

from lib.rpc import Session
from lib.server import Server, program
from lib.tap import diag, done, is_, ok, skip, skip_all
from lib.wire import Wire, call, post

CLIENTS, SECONDS, RATE, IDLE = (int(n) for n in os.environ.get("XENAPID_STORM", "200:2:500:2000").split(":"))
OBJECTS = 12
WRITERS = 4
DEAF = 40  # more than the server answers at a time


def threads(server):
    return len(os.listdir(f"/proc/{server.process.pid}/task"))


def memory_kib(server):
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))


def raise_file_limit(wanted):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    return hard >= wanted


def text_after(body, start, at):
    """The text between `start`, looked for from there on, and the next tag; and where it is. None: there is none."""
    at = body.find(start, at)
    end = body.find(b"<", at + len(start))
    return (body[at + len(start):end].decode() if at >= 0 else None), end


def changes_in(body):
    """(ref, name_description) of each event. No parser: there are many answers, and long ones."""
    ref, at = text_after(body, b"<name>ref</name><value>", 0)
    while ref:
        description, at = text_after(body, b"<name>name_description</name><value>", at)
        yield ref, description
        ref, at = text_after(body, b"<name>ref</name><value>", at)


class Client:
    """A socket with an event.from loop, driven by Clients."""

    def __init__(self, server, session, token):
        self.session, self.token = session, token
        self.seen = {}
        self.answers = 0
        self.data = b""
        self.length = None
        self.connect(server)

    def connect(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.port))
        self.ask()

    def ask(self):
        self.socket.setblocking(True)
        self.socket.sendall(post(call("event.from", self.session.ref, ["VM"], self.token, 300.0)))
        self.socket.setblocking(False)

    def read(self):
        """Takes what has come; asks again when that was an answer."""
        self.data += self.socket.recv(1 << 20)
        head = self.data.find(b"\r\n\r\n")
        if head < 0:
            return
        length = int(re.search(rb"(?i)content-length: *(\d+)", self.data[:head]).group(1))
        if len(self.data) < head + 4 + length:
            return
        body, self.data = self.data[head + 4:], b""
        self.token = text_after(body, b"<name>token</name><value>", body.rfind(b"<name>token</name>"))[0]
        self.seen.update(changes_in(body))
        self.answers += 1
        self.ask()


class Clients(threading.Thread):
    """All of them in one thread, until all have seen `last`."""

    def __init__(self, clients):
        super().__init__(daemon=True)
        self.clients = clients
        self.by_fd = {c.socket.fileno(): c for c in clients}
        self.last = None  # set when the storm is over
        self.failure = None
        self.start()

    def run(self):
        try:
            poll = select.epoll()
            for fd in self.by_fd:
                poll.register(fd, select.EPOLLIN)
            while self.last is None or any(c.seen != self.last for c in self.clients):
                for fd, _ in poll.poll(0.1):
                    self.by_fd[fd].read()
        except Exception as failure:  # what it was is a result
            self.failure = failure


def change_for(address, vms, seconds, rate):
    """One client's changes, at the rate; (last state, how long each took)."""
    session = Session(address)
    last, took = {}, []
    begin = time.monotonic()
    number = 0
    while time.monotonic() < begin + seconds:
        vm = vms[number % len(vms)]
        before = time.monotonic()
        session.VM.set_name_description(vm, str(number))
        took.append(time.monotonic() - before)
        last[vm] = str(number)
        number += 1
        time.sleep(max(0, begin + number / rate - time.monotonic()))
    return last, took


def storm(pool, server, vms):
    """Several clients make the changes, in processes of their own: the rate of all."""
    share = len(vms) // WRITERS
    futures = [pool.submit(change_for, server.http, vms[i * share:(i + 1) * share], SECONDS, RATE / WRITERS)
               for i in range(WRITERS)]
    last, took = {}, []
    for mine, times in (future.result() for future in futures):
        last.update(mine)
        took += times
    return last, sorted(took)


def token_of_now(session):
    return session.call("event.from", [], "", 0.0)["token"]


def deaf_clients(server, session, count):
    """They ask for everything, again and again, and read nothing of it."""
    wires = []
    for _ in range(count):
        wire = Wire(server.port)
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        wire.send(post(call("event.from", session.ref, ["*"], "", 300.0)) * 50)
        wires.append(wire)
    return wires


def test_storm(server, pool):
    session = server.login()
    vms = [session.VM.create({"name_label": f"vm {i}"}) for i in range(OBJECTS)]
    idle_took = storm(pool, server, vms)[1]
    before = memory_kib(server)
    token = token_of_now(session)
    clients = [Client(server, session, token) for _ in range(CLIENTS)]
    deaf = deaf_clients(server, session, DEAF)
    crowd = Clients(clients)
    last, took = storm(pool, server, vms)
    crowd.last = last
    begin = time.monotonic()
    crowd.join(200)
    is_(crowd.failure, None, "no client was disturbed")
    is_([c.seen for c in clients if c.seen != last], [], f"{CLIENTS} clients have seen the last state of everything")
    answers = sum(c.answers for c in clients)
    diag(f"{len(took) / SECONDS:.0f} changes a second for {SECONDS} s, {answers} answers to {CLIENTS} clients "
         f"({answers / SECONDS:.0f} a second), all had the last state {time.monotonic() - begin:.3f} s after the end")
    diag(f"with nobody waiting {len(idle_took) / SECONDS:.0f} changes a second")
    diag(f"a change took {1e3 * took[len(took) // 2]:.2f} ms (p99 {1e3 * took[len(took) * 99 // 100]:.2f} ms); "
         f"with nobody waiting {1e3 * sorted(idle_took)[len(idle_took) // 2]:.2f} ms")
    diag(f"resident before {before} KiB, after {memory_kib(server)} KiB")
    # AddressSanitizer keeps 256 MiB of what was freed
    ok(memory_kib(server) < before + 512 * 1024, "memory stays bounded")
    for client in clients:
        client.socket.close()
    for wire in deaf:
        wire.close()


def test_many(server):
    if not raise_file_limit(IDLE + 1000):
        skip("too few file descriptors")
        return
    session = server.login()
    vm = session.VM.create({"name_label": "watched"})
    token = token_of_now(session)
    before, kib = threads(server), memory_kib(server)
    clients = [Client(server, session, token) for _ in range(IDLE)]
    # the last one is answered, so the others have been read
    session.call("event.from", [], "", 0.2)
    diag(f"{IDLE} clients that wait: {(memory_kib(server) - kib) / IDLE:.1f} KiB each")
    ok(threads(server) <= before + 1, f"{IDLE} clients that wait take no thread")
    crowd = Clients(clients)
    session.VM.set_name_description(vm, "changed")
    begin = time.monotonic()
    crowd.last = {vm: "changed"}
    crowd.join(200)
    diag(f"all were told within {time.monotonic() - begin:.3f} s")
    is_(crowd.failure, None, "all are answered")
    is_([c.seen for c in clients if c.seen != crowd.last], [], "and see the change")
    for client in clients:
        client.socket.close()
    is_(session.VM.get_name_description(vm), "changed", "their leaving disturbs nobody")


def main():
    if not program():
        skip_all("XENAPID names no program")
    raise_file_limit(max(IDLE, CLIENTS) + 1000)
    connections = str(max(IDLE, CLIENTS) + 500)
    with Server(settings={"max-connections": connections, "max-connections-per-address": connections,
                          "metrics-interval": "24h"}) as server:
        # begun before there are threads
        with concurrent.futures.ProcessPoolExecutor(WRITERS, multiprocessing.get_context("fork")) as pool:
            pool.submit(os.getpid).result()
            test_storm(server, pool)
        test_many(server)
    done()


main()
