#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_signin.py – who may sign in, and that no password is ever written anywhere."""
import os
import ssl
import stat
import time
import warnings
import xmlrpc.client

from lib.server import Failure, Server, crypt, standin
from lib.tap import diag, done, has, is_, ok, raises, skip, skip_all

if not standin():
    skip_all("tests/server/standin is not built")


def start(**more):
    return Server(program_path=standin(), **more)


def refused(server, user, password, what):
    failure = raises(Failure, lambda: server.login(user, password), what)
    if failure:
        is_((failure.code, failure.params[0]), ("SESSION_AUTHENTICATION_FAILED", user), "it is the usual failure")


def write_raw(server, text, mode=0o600):
    with open(server.path("passwords.new"), "w") as file:
        file.write(text)
    os.chmod(server.path("passwords.new"), mode)
    os.rename(server.path("passwords.new"), server.path("passwords"))


def test_file():
    with start(users={"root": "sécret-7", "anna": "other-8"}, settings={"log-level": "debug"}) as server:
        ok(server.login("root", "sécret-7").ref.startswith("OpaqueRef:"), "the right password")
        ok(server.login("anna", "other-8", server.unix), "another user, over the Unix socket")
        refused(server, "root", "other-8", "somebody else's password")
        refused(server, "root", "", "no password")
        refused(server, "nobody", "sécret-7", "no such user")
        refused(server, "", "", "nobody at all")
        refused(server, "root", crypt("sécret-7"), "the hash itself")
        server.write_users({"root": "changed-9"})
        ok(server.login("root", "changed-9"), "a changed file is read again")
        refused(server, "root", "sécret-7", "the old password is none any more")
        refused(server, "anna", "other-8", "who was removed is out")
        write_raw(server, "# comment\n\nroot:" + crypt("a", "$y$j9T$saltsalt$") + "\nold:" + crypt("b", "$5$salt$")
                  + ":1:2:3\nlocked:!\nempty:\nnonsense\n")
        ok(server.login("root", "a") and server.login("old", "b"), "hashes of several kinds, comments, shadow's fields")
        for user in ("locked", "empty", "nonsense"):
            refused(server, user, "", f"{user}: can not sign in")
        has(server.stderr(), "passwords:7:", "wrong lines are named")
        write_raw(server, "root:" + crypt("a") + "\n", 0o644)
        ok(server.login("root", "a"), "a file that others can read works,")
        has(server.stderr(), "can be read by everybody", "with a warning")
        os.unlink(server.path("passwords"))
        refused(server, "root", "a", "without the file nobody is let in")
        has(server.stderr(), "nobody can sign in", "the log says why")
        server.write_users({"root": "b"})
        ok(server.login("root", "b"), "until it is there again")
        for secret in ("sécret-7", "other-8", "changed-9", crypt("b")):
            ok(secret not in server.stderr(), "no password and no hash is in the log")


def time_of(server, user, password):
    begin = time.perf_counter()
    try:
        server.login(user, password)
    except Failure:
        pass
    return time.perf_counter() - begin


def test_time():
    with start(users={"root": "x"}, start=False) as server:
        write_raw(server, "root:" + crypt("x", "$6$rounds=60000$saltsalt$") + "\n")
        server.start()
        pairs = [(time_of(server, "root", "wrong"), time_of(server, "nobody", "wrong")) for _ in range(7)]
        known, unknown = (min(times) for times in zip(*pairs))
        diag(f"known {known * 1000:.1f} ms, unknown {unknown * 1000:.1f} ms")
        # without a hash it would be a hundredth; a busy machine only makes the quickest of seven slower
        ok(unknown > known / 10, "an unknown user's password is hashed as well")


def test_none():
    with start() as server:
        ok(server.login("anybody", "anything"), "none: everybody")
        has(server.stderr(), "auth = none", "with a warning")


def test_pam():
    with start(auth="pam") as server:
        refused(server, "root", "surely not this", "PAM: a wrong password")
        refused(server, "no-such-user", "x", "PAM: no such user")
        ok("surely not this" not in server.stderr(), "no password is in the log")


def test_tls():
    with start(start=False, listen=["https://127.0.0.1:0"]) as server:
        if not server.certify():
            skip("no openssl")
            return
        server.start()
        context = ssl.create_default_context(cafile=server.path("certificate"))
        context.check_hostname = False
        rpc = xmlrpc.client.ServerProxy(server.http, context=context)
        is_(rpc.echo("x")["Value"], ["x"], "https")
        is_(rpc.later(100, "y")["Value"], ["100", "y"], "a deferred call over https")
        is_(len(rpc.big(3000000)["Value"]), 3000000, "a long reply over https")
        warnings.simplefilter("ignore", DeprecationWarning)
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        raises((ssl.SSLError, ValueError, ConnectionError),
               lambda: xmlrpc.client.ServerProxy(server.http, context=context).echo(1), "TLS 1.1 is refused")
        is_(server.stop(), 0, "it stops")
        ok(stat.S_ISREG(os.stat(server.path("key")).st_mode), "and the key is still there")


test_file()
test_time()
test_none()
test_pam()
test_tls()
done()
