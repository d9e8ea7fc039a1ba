#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_xm.py – xm against the real daemon: texts, configuration files, sign-in, TLS."""
import os
import shutil
import subprocess

from lib import xm
from lib.server import Server, program
from lib.tap import done, has, is_, ok, skip, skip_all

CONFIG = """name = "😀 é \\ue000 demo"
memory = 256
vcpus = 2
maxvcpus = 4
cpus = "0-3,^1"
on_crash = "coredump-restart"
disk = [ "/dev/vg/demo,raw,xvda,w",   # the root
         "/iso,,hdc,cdrom" ]
novelty = 1
"""


def test_texts(server):
    with open(server.path("demo"), "w", encoding="utf-8") as file:
        file.write(CONFIG.replace("\\ue000", "\ue000"))
    name = "😀 é \ue000 demo"

    def run(*arguments):
        return xm.run(*arguments, server=server.unix, cwd=server.folder)
    status, out, err = run("new", "demo")
    is_((status, out), (0, ""), "new")
    is_(err.splitlines(), [
        "demo: 4 taken, 2 translated, 1 ignored, 1 unknown",
        "  line 5: cpus is translated: VCPUs_params:mask = 0,2,3",
        "  line 6: on_crash is translated: actions_after_crash = coredump_and_restart",
        "  line 7: disk is ignored: /dev/vg/demo is no VDI, and there are no disk-folders",
        "  line 9: novelty is unknown: xl knows no such key"], "every line is accounted for")
    session = server.login()
    record = next(r for r in session.VM.get_all_records().values() if not r["is_control_domain"])
    is_(record["name_label"], name, "the name arrives whole")
    is_(record["other_config"]["xl:disk"],
        '[ "/dev/vg/demo,raw,xvda,w",   # the root\n         "/iso,,hdc,cdrom" ]', "disks are kept verbatim")
    is_(record["VCPUs_params"], {"mask": "0,2,3"}, "the mask")
    has(run("list", name)[1], name, "and comes back")
    is_(run("rename", name, "a\rb\U0010ffff"), (0, "", ""), "rename")
    is_(session.VM.get_name_label(session.VM.get_by_uuid(record["uuid"])), "a\rb\U0010ffff",
        "to what cannot be carried by xmlrpc-c alone")
    is_(run("rename", record["uuid"], "demo")[0], 0, "by uuid")
    is_(run("start", "-p", "demo"), (0, "", ""), "start -p")
    has(run("list", "--state=paused")[1], "demo", "is paused")
    status, _, err = run("start", "demo")
    is_((status, err), (1, "Error: demo is Paused; it must be Halted for this (VM_BAD_POWER_STATE)\n"
        "  xm destroy demo (VM.hard_shutdown) makes it Halted, as if the power failed; if it is a setting, it can wait for the next start: xm set --next-boot (VM.update)\n"), "again")
    is_(run("destroy", "demo"), (0, "", ""), "destroy")
    status, _, err = run("new", "demo", "memory=-1")
    is_(status, 1, "a bad value on the command line")
    has(err, "Error: demo: line 10: ", "names its line")
    for command in ("info", "uptime", "vcpu-list"):
        status, out, err = run(command)
        ok(status == 0 and out and not err, command)
    is_(run("delete", "demo"), (0, "", ""), "delete")


def test_sign_in():
    with Server(users={"root": "s3cret"}) as server:
        with open(server.path("password"), "w", encoding="utf-8") as file:
            file.write("s3cret\n")
        os.chmod(server.path("password"), 0o600)
        is_(xm.run("list", server=server.http)[0], 1, "no password over TCP")
        is_(xm.run("--password-file", server.path("password"), "list", server=server.http)[0], 0, "a password")
        if os.getuid() == 0:
            is_(xm.run("list", server=server.unix)[0], 0, "root over the Unix socket")
        else:
            skip("only root is let in without a password")


def make_certificate(server):
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
               "-keyout", server.path("key.pem"), "-out", server.path("cert.pem"), "-days", "2",
               "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode


def test_tls():
    if not shutil.which("openssl"):
        skip("openssl is not installed")
        return
    with Server(start=False, listen=["https://127.0.0.1:0"], users={"root": "s3cret"}) as server:
        if make_certificate(server):
            skip("openssl could not make a certificate")
            return
        server.settings.update({"tls-certificate": server.path("cert.pem"), "tls-key": server.path("key.pem")})
        with open(server.path("password"), "w", encoding="utf-8") as file:
            file.write("s3cret\n")
        os.chmod(server.path("password"), 0o600)
        server.start()
        more = ["--password-file", server.path("password"), "list"]
        status, _, err = xm.run(*more, server=server.http)
        ok(status == 1 and "ertificate" in err, "a certificate that nobody vouches for")
        is_(xm.run("--cacert", server.path("cert.pem"), *more, server=server.http)[0], 0, "--cacert")
        is_(xm.run(*more, server=server.http, env={"XM_CACERT": server.path("cert.pem")})[0], 0, "XM_CACERT")
        is_(xm.run("--insecure", *more, server=server.http)[0], 0, "--insecure")


if not program() or not xm.program():
    skip_all("XENAPID and XM name no programs")
with Server() as real:
    test_texts(real)
test_sign_in()
test_tls()
done()
