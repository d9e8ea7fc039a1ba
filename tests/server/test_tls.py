#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_tls.py – https: whose certificate is shown, which versions are spoken, what a reload changes, which clients are let in."""
import http.client
import os
import shutil
import ssl
import stat
import warnings
import xmlrpc.client

from lib import xm
from lib.server import Server, StartFailed, program
from lib.tap import done, has, is_, ok, raises, skip, skip_all
from lib.tls import Authority, reload, trusting, write_settings

NEVER = (ssl.SSLError, ConnectionError, http.client.HTTPException)
PING = xmlrpc.client.dumps((), "system.listMethods").encode()


def start(**more):
    return Server(listen=["https://127.0.0.1:0"], users={"root": "secret"}, **more)


class Client:
    """One connection; ask() is a call on it."""

    def __init__(self, server, context):
        self.connection = http.client.HTTPSConnection("127.0.0.1", int(server.http.rsplit(":", 1)[1]), context=context, timeout=60)

    def ask(self):
        self.connection.request("POST", "/RPC2", PING, {"Content-Type": "text/xml"})
        reply = self.connection.getresponse()
        reply.read()
        return reply.status

    def certificate(self):
        return self.connection.sock.getpeercert(binary_form=True)


def asked(server, context):
    client = Client(server, context)
    try:
        return client.ask()
    finally:
        client.connection.close()


def test_made():
    with start() as server:
        path = server.path("tls.pem")
        is_(stat.S_IMODE(os.stat(path).st_mode), 0o600, "without a certificate one is made, for its owner only")
        with open(path, encoding="ascii") as file:
            made = file.read()
        ok(made.startswith("-----BEGIN PRIVATE KEY") and "BEGIN CERTIFICATE" in made, "with its key, in one file")
        client = Client(server, trusting(path, maximum_version=ssl.TLSVersion.TLSv1_2))
        is_(client.ask(), 200, "whoever trusts it can check the address by it")
        has(client.connection.sock.cipher()[0], "RSA", "the key is an RSA key")
        names = client.connection.sock.getpeercert()["subjectAltName"]
        ok({("DNS", "localhost"), ("DNS", os.uname().nodename), ("IP Address", "127.0.0.1")} <= set(names), f"it is for this host: {names}")
        client.connection.close()
        raises(ssl.SSLCertVerificationError, lambda: asked(server, ssl.create_default_context()), "nobody else vouches for it")
        server.kill()
        os.unlink(path)
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write("half a key")
        server.start()
        with open(path, encoding="ascii") as file:
            again = file.read()
        ok(again != made and again.startswith("-----BEGIN"), "what a crash left is not used")
        ok(not os.path.exists(path + ".new"), "nor kept")
        server.stop()
        server.start()
        with open(path, encoding="ascii") as file:
            is_(file.read(), again, "the next start keeps it")
        server.stop()
        with open(path, "w", encoding="ascii") as file:
            file.write("-----BEGIN nothing")
        error = raises(StartFailed, server.start, "a file that is damaged is an error")
        has(error.stderr, "tls.pem", "that names it")
        server.process = None
        with open(path, encoding="ascii") as file:
            is_(file.read(), "-----BEGIN nothing", "it is not replaced")
    with Server(listen=["http://127.0.0.1:0"]) as server:
        ok(not os.path.exists(server.path("tls.pem")), "without https none is made")


def test_versions():
    warnings.simplefilter("ignore", DeprecationWarning)
    with start() as server:
        path = server.path("tls.pem")
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            client = Client(server, trusting(path, minimum_version=version, maximum_version=version))
            is_(client.ask(), 200, f"{version.name} is spoken")
            client.connection.close()
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            context = trusting(path, minimum_version=version, maximum_version=version)
            context.set_ciphers("ALL:@SECLEVEL=0")
            raises(NEVER, lambda: asked(server, context), f"{version.name} is refused")
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            is_(asked(server, context), 200, "which is because of the version: with TLS 1.2 too the same client is let in")


def test_reload():
    with start(start=False) as server:
        authority = Authority(server.folder, "authority")
        first, second = authority.issue("first", "serverAuth"), authority.issue("second", "serverAuth")
        trusted = trusting(authority.path("pem"))
        own = [server.path("certificate"), server.path("key")]
        for source, target in zip(first, own):
            shutil.copy(source, target)
        write_settings(server, tls_certificate=own[0], tls_key=own[1])
        server.start()
        old = Client(server, trusted)
        is_(old.ask(), 200, "a certificate that is given")
        shown = old.certificate()
        for source, target in zip(second, own):
            shutil.copy(source, target)
        reload(server)
        new = Client(server, trusted)
        is_((old.ask(), new.ask()), (200, 200), "after SIGHUP connections go on, and new ones are taken")
        ok(new.certificate() != shown and old.certificate() == shown, "new ones see the new certificate")
        shutil.copy(first[1], own[1])
        reload(server, "is not that of the certificate")
        is_(asked(server, trusted), 200, "a key of another certificate changes nothing")
        with open(own[0], "w", encoding="ascii") as file:
            file.write("nonsense")
        reload(server, "https goes on with what it had")
        os.unlink(own[0])
        reload(server, "the configuration was not reloaded")
        is_((old.ask(), asked(server, trusted)), (200, 200), "nor does a file that is none, or gone")
        write_settings(server, tls_certificate=second[0], tls_key=second[1])
        reload(server)
        third = Client(server, trusted)
        is_((third.ask(), third.certificate()), (200, new.certificate()), "files of another name are taken")
        for client in (old, new, third):
            client.connection.close()


def test_clients():
    with start(start=False) as server:
        ours, theirs = Authority(server.folder, "ours"), Authority(server.folder, "theirs")
        cases = {"none": None, "good": ours.issue("good"), "of others": theirs.issue("bad"),
                 "for servers": ours.issue("server", "serverAuth"), "of yesterday": ours.issue("old", days=-1)}
        server.start()

        def let_in(name, version):
            context = trusting(server.path("tls.pem"), minimum_version=version, maximum_version=version)
            if cases[name]:
                context.load_cert_chain(*cases[name])
            try:
                return asked(server, context) == 200
            except NEVER:
                return False

        def all_let_in(version):
            return {name for name in cases if let_in(name, version)}

        versions = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
        for version in versions:
            is_(all_let_in(version), set(cases), f"{version.name}: without tls-client-ca nobody is asked")
        write_settings(server, tls_client_ca=ours.path("pem"))
        reload(server)
        for version in versions:
            is_(all_let_in(version), {"none", "good"}, f"{version.name}: with it a bad certificate is refused, none is not")
        write_settings(server, tls_client_ca=ours.path("pem"), tls_client_certificate="required")
        reload(server)
        for version in versions:
            is_(all_let_in(version), {"good"}, f"{version.name}: required")
        if xm.program():
            files = {}
            for name in ("good", "of others"):
                files[name] = server.path(name)
                with open(files[name], "w", encoding="ascii") as both:
                    for part in cases[name]:
                        with open(part, encoding="ascii") as one:
                            both.write(one.read())
            with open(server.path("password"), "w", encoding="ascii") as file:
                file.write("secret\n")
            os.chmod(server.path("password"), 0o600)
            common = ("--cacert", server.path("tls.pem"), "--password-file", server.path("password"))
            is_([xm.run(*common, *more, "list", server=server.http)[0] for more in
                 ((), ("--cert", files["good"]), ("--cert", files["of others"]))], [1, 0, 1], "xm --cert")
            is_(xm.run(*common, "list", server=server.http, env={"XM_CERT": files["good"]})[0], 0, "XM_CERT")
        with open(server.path("empty"), "w", encoding="ascii"):
            pass
        write_settings(server, tls_client_ca=server.path("empty"))
        reload(server, "https goes on with what it had")
        is_(all_let_in(versions[0]), {"good"}, "a file without authorities changes nothing")


if not program():
    skip_all("XENAPID names no program")
test_made()
test_versions()
if shutil.which("openssl"):
    test_reload()
    test_clients()
else:
    skip("openssl is not installed")
done()
