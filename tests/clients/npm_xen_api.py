#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""npm_xen_api.py – npm_xen_api.mjs in each of the client's transports; make check-clients has installed it."""
import json
import os
import subprocess
import tempfile
import threading

from clients.daemon import PASSWORD, USER, Daemon
from lib.tap import diag, done, is_

FOLDER = os.environ["XENAPID_NPM_FOLDER"]
SECONDS = 120


def read_results(daemon, process, what):
    """One result a line; ["crash"] asks for one of the daemon."""
    for line in process.stdout:
        name, *values = json.loads(line)
        if name == "crash":
            daemon.crash()
            process.stdin.write("\n")
            process.stdin.flush()
        else:
            is_(*values, f"{what}: {name}")


def run(daemon, address, transport):
    what = f"{transport}, {address.partition(':')[0]}"
    command = ["node", "npm_xen_api.mjs", address, USER, PASSWORD, transport]
    environment = {**os.environ, "NODE_EXTRA_CA_CERTS": daemon.certificate}
    with tempfile.TemporaryFile("w+") as stderr, subprocess.Popen(
            command, cwd=FOLDER, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True) as process:
        timer = threading.Timer(SECONDS, process.kill)
        timer.start()
        read_results(daemon, process, what)
        if not is_(process.wait(), 0, f"{what}: it ends well"):
            stderr.seek(0)
            diag(stderr.read())
        timer.cancel()


with Daemon() as shared:
    for name in ("json-rpc", "xml-rpc", "auto"):
        run(shared, shared.http, name)
        run(shared, shared.https, name)
done()
