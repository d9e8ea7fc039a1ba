#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_http.py – what a client sees of HTTP."""
import os
import re
import time
import xmlrpc.client

from lib.server import Server, standin
from lib.tap import done, has, is_, ok, raises, skip_all
from lib.wire import Wire, call, post

if not standin():
    skip_all("tests/server/standin is not built")

XML = "text/xml"


def wait_for(function, seconds=20):
    """Whether it becomes true in time."""
    deadline = time.monotonic() + seconds
    while not function():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def test_calls(server):
    with Wire(server.port) as wire:
        for path in ("/", "/RPC2", "/xmlrpc", "/any/thing?x=1"):
            reply = wire.ask(post(call("echo", path), path))
            is_((reply.status, reply.value), (200, [path]), f"a call at {path}, on one connection")
        is_(reply.headers["content-type"], XML, "the Content-Type is exactly that")
        is_(reply.headers["cache-control"], "no-cache, no-store", "and nobody keeps the reply")
        reply = wire.ask(post(call("echo"), headers=["Content-Type: application/x-www-form-urlencoded"]))
        is_(reply.status, 200, "the request's Content-Type is not looked at")
        is_(wire.ask(post(call("later", 20, "x"))).value, ["20", "x"], "a deferred call")
        is_(wire.ask(post(call("at_once", 1))).value, ["1"], "one that is done before it is suspended")
        is_(len(wire.ask(post(call("big", 5_000_000))).value), 5_000_000, "a long reply")


def test_forms(server):
    body = call("echo", "pieces")
    with Wire(server.port) as wire:
        request = post(body)
        for i in range(0, len(request), 7):
            wire.send(request[i:i + 7])
        is_(wire.reply().value, ["pieces"], "a call in small pieces")
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + 9]), body[i:i + 9])
                          for i in range(0, len(body), 9)) + b"0\r\n\r\n"
        head = post(b"", headers=["Transfer-Encoding: chunked"], length=False)
        is_(wire.ask(head + chunks).value, ["pieces"], "a chunked call")
        wire.send(post(body, headers=["Expect: 100-continue"])[:-len(body)])
        is_(wire.head().status, 100, "Expect: 100-continue is told to go on")
        is_(wire.ask(body).value, ["pieces"], "and then answered")
        wire.send(post(call("later", 30, 1)) + post(call("echo", 2)) + post(call("at_once", 3)))
        is_([wire.reply().value for _ in range(3)], [["30", "1"], ["2"], ["3"]],
            "pipelined calls are answered in order")
    with Wire(server.port) as wire:
        is_(wire.ask(post(body, version="1.0")).value, ["pieces"], "HTTP/1.0")
        ok(wire.is_closed(), "which closes")
    with Wire(server.port) as wire:
        wire.ask(post(body, version="1.0", headers=["Connection: Keep-Alive"]))
        is_(wire.ask(post(body)).status, 200, "unless it asks to keep the connection")
        wire.ask(post(body, headers=["Connection: close"]))
        ok(wire.is_closed(), "Connection: close closes")


def test_pages(server):
    with Wire(server.port) as wire:
        reply = wire.ask(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        is_(reply.status, 200, "GET /")
        has(reply.text, "xenapid", "says what this is")
        has(reply.headers["content-type"], "text/plain", "as text")
        head = wire.ask(b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n", False)
        is_((head.status, head.headers["content-length"]), (200, reply.headers["content-length"]),
            "HEAD / says how long it would be")
        is_(wire.ask(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").text, "ok\n", "/healthz")
        is_(wire.ask(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 404, "no such page")
        is_(wire.ask(post(call("echo"))).status, 200, "all that on one connection")
    for method in ("PUT", "DELETE", "TRACE", "PATCH", "BREW"):
        with Wire(server.port) as wire:
            reply = wire.ask(f"{method} / HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            is_((reply.status, reply.headers["allow"]), (405, "GET, HEAD, OPTIONS, POST"), f"{method} is refused")


def test_request_ids(server):
    """By which a client finds its request in the log."""
    header = "x-request-id"
    with Wire(server.port) as wire:
        first, second = (wire.ask(post(call("echo"))).headers[header] for _ in range(2))
        ok(re.fullmatch("[0-9a-f]{16}", first) and first != second, f"each reply names its request: {first}, {second}")
        for given in ("a", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "Root=1-67/x+y_z.:@", "x" * 64):
            is_(wire.ask(post(call("later", 1), headers=[f"X-Request-Id: {given}"])).headers[header], given, f"as the client has named it: {given}")
        for given in ("", "x" * 65, "a b", "a\tb", "é", 'a"b', "a,b", "a\x7fb"):
            made = wire.ask(post(call("echo"), headers=[f"X-Request-Id: {given}"])).headers[header]
            ok(re.fullmatch("[0-9a-f]{16}", made), f"not where that is no plain, short word: {given!r}")
        asked = b"GET %s HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: page\r\n\r\n"
        is_([wire.ask(asked % path).headers[header] for path in (b"/", b"/healthz", b"/nothing")], ["page"] * 3, "pages do too")
    for request in (post(b"no call", headers=["X-Request-Id: mine"]), post(call("echo"), headers=["X-Request-Id: mine", "Host: evil"])):
        is_(Wire(server.port).ask(request).headers[header], "mine", "and refusals")
    ok(re.search("debug: a request from 127.0.0.1 is no call: .* request=mine\n", server.stderr()), "the log names it where it says why")
    ok("debug: later from 127.0.0.1: done request=Root=1-67/x+y_z.:@\n" in server.stderr(), "and where it says how a call ended")


def refused(server, request, status, what):
    with Wire(server.port) as wire:
        reply = wire.ask(request)
        is_(reply and reply.status, status, what)
        ok(wire.is_closed(), "and the connection is closed")
        return reply


def test_refusals(server):
    for body, what in ((b"hello", "no XML"), (b"", "nothing"), (b"<a/>", "no call"),
                       (b"<!DOCTYPE a><methodCall/>", "a DOCTYPE"),
                       (call("echo", "x").replace(b"x", b"\xff"), "no UTF-8"),
                       (b"<methodCall><methodName>echo</methodName><params><param>"
                        + b"<value><array><data>" * 2000, "nested far too deep")):
        reply = refused(server, post(body), 400, f"{what}: 400")
        ok(reply.text.count("\n") == 1 and "text/plain" in reply.headers["content-type"],
           f"with one sentence: {reply.text.strip()}")
    refused(server, post(b"", length=False), 411, "no length: 411")
    limit = 4 * 1024 * 1024
    head = f"POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: {limit + 1}\r\n\r\n".encode()
    refused(server, head, 413, "too long, before the body has come: 413")
    refused(server, head.replace(str(limit + 1).encode(), b"9" * 17), 413, "much too long")
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    refused(server, head + chunk * (limit // 0x10000 + 1) + b"0\r\n\r\n", 413, "too long in chunks")
    refused(server, head.replace(b"chunked", b"gzip"), 400, "another coding")
    refused(server, b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
            400, "two lengths")
    with Wire(server.port) as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100000 + b"\r\n\r\n")
        reply = wire.reply()
        ok(reply is None or reply.status in (413, 431), "headers beyond the limit")
    with Wire(server.port) as wire:
        body = call("echo", "x" * (limit - 200))
        is_(len(wire.ask(post(body)).value[0]), limit - 200, "a call just below the limit")
    for address in server.addresses:
        error = raises(xmlrpc.client.ProtocolError, lambda: server.rpc(address).echo("x" * (limit + 1)),
                       "Python's client, which sends all before it looks, sees")
        is_(error and error.errcode, 413, "that its call is too long")


def test_pages_of_others(server):
    body = call("echo")
    for header in ("Origin: http://localhost", "Origin: null", "Host: evil.example", "Host: localhost.evil.example",
                   "Host: 127.0.0.1.evil.example:80", "Host: 127.0.0.2", "Host:", "Host: localhost:80@evil"):
        is_(Wire(server.port).ask(post(body, headers=[header])).status, 403, f"{header}: refused")
    is_(Wire(server.port).ask(b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n").status, 403, "GET as well")
    for header in ("Host: localhost", "Host: LOCALHOST:1", "Host: 127.0.0.1:9363", "Host: [::1]:9363",
                   "Host: [::1]"):
        is_(Wire(server.port).ask(post(body, headers=[header])).status, 200, f"{header}: served")
    is_(Wire(server.port).ask(b"POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)).status,
        200, "HTTP/1.0 without a Host")
    path = server.unix[len("unix:"):]
    is_(Wire(path).ask(post(body, headers=["Host: evil.example", "Origin: x"])).status, 200,
        "none of that matters on the Unix socket")


def can_hold(where, count):
    """Whether that many connections more are served at once."""
    wires = [Wire(where) for _ in range(count)]
    try:
        return all(wire.ask(post(call("echo"))) for wire in wires)
    except BrokenPipeError:
        return False
    finally:
        for wire in wires:
            wire.close()


def test_leaving(server):
    """A client that leaves while its call is deferred: its connection goes, the call is finished for nobody."""
    rpc = server.rpc()
    for where in (server.port, server.unix[len("unix:"):]):
        wires = [Wire(where) for _ in range(20)]
        for wire in wires:
            wire.send(post(call("later", 1500)))
        ok(wait_for(lambda: rpc.pending() == 20), "20 calls are under way")
        for wire in wires:
            wire.close()
        ok(wait_for(lambda: can_hold(where, 30)), "their places become free (max-connections is 40)")
        is_(rpc.pending(), 20, "before the calls are done")
        ok(wait_for(lambda: rpc.pending() == 0), "which they are all the same")
    with Wire(server.port) as wire:
        wire.send(post(call("later", 50)) + post(call("later", 1)))
    is_(rpc.echo(1)["Status"], "Success", "a client that leaves with calls in the pipeline")


def test_origin(server):
    is_(server.rpc(server.unix).origin()["Value"][0], "unix", "the Unix socket knows who calls")
    is_(server.rpc(server.unix).origin()["Value"][1], str(os.getuid()), "by user id")
    is_(server.rpc().origin()["Value"][0], "127.0.0.1", "TCP by address")


with Server(program_path=standin(), settings={"max-connections": 40, "log-level": "debug"}) as daemon:
    test_calls(daemon)
    test_forms(daemon)
    test_pages(daemon)
    test_request_ids(daemon)
    test_refusals(daemon)
    test_pages_of_others(daemon)
    test_leaving(daemon)
    test_origin(daemon)
    is_(daemon.stop(), 0, "it stops")
done()
