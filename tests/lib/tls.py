# SPDX-License-Identifier: LGPL-2.1-or-later
"""tls.py – certificates for tests, and configurations that are read again.

    authority = Authority(server.folder, "ours")
    certificate, key = authority.issue("anna")
    write_settings(server, tls_client_ca=authority.path("pem"), role=["anna vm-admin", "berta read-only"])
    reload(server)
"""
import os
import signal
import ssl
import subprocess

from lib.host import until


def trusting(path, **more):
    context = ssl.create_default_context(cafile=path)
    for key, value in more.items():
        setattr(context, key, value)
    return context


class Authority:
    """A certificate authority in a folder."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-days", "2", "-keyout", self.path("key"),
                 "-out", self.path("pem"), "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=keyCertSign")

    def path(self, kind, name=""):
        return os.path.join(self.folder, f"{self.name}{name}.{kind}")

    def run(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def issue(self, name, purpose="clientAuth", days=1):
        """A certificate and its key, in this order."""
        key, request, made, more = (self.path(kind, name) for kind in ("key", "csr", "pem", "ext"))
        with open(more, "w", encoding="ascii") as file:
            file.write(f"extendedKeyUsage={purpose}\nsubjectAltName=IP:127.0.0.1\n")
        self.run("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        self.run("x509", "-req", "-in", request, "-CA", self.path("pem"), "-CAkey", self.path("key"), "-CAcreateserial",
                 "-days", str(days), "-extfile", more, "-out", made)
        return made, key


def write_settings(server, **settings):
    with open(server.path("xenapid.conf"), "w", encoding="ascii") as file:
        for key, value in settings.items():
            for one in value if isinstance(value, list) else [value]:
                file.write(f"{key.replace('_', '-')} = {one}\n")


def reload(server, said="the configuration was reloaded"):
    """Until the log says it once more."""
    before = server.stderr().count(said)
    server.signal(signal.SIGHUP)
    return until(lambda: server.stderr().count(said) > before)
