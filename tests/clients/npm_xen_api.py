#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""npm_xen_api.py – npm_xen_api.mjs in each of the client's transports; make check-clients has installed it."""
import json
import os
import subprocess

from lib.server import Server
from lib.tap import diag, done, is_

FOLDER = os.environ["XENAPID_NPM_FOLDER"]


def run(server, transport):
    ran = subprocess.run(["node", "npm_xen_api.mjs", server.http, "root", "secret", transport], cwd=FOLDER,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
    for line in ran.stdout.splitlines():
        what, got, want = json.loads(line)
        is_(got, want, f"{transport}: {what}")
    if not is_(ran.returncode, 0, f"{transport}: it ends well"):
        diag(ran.stderr)


with Server(users={"root": "secret"}, settings={"login-delay": "1ms"}) as daemon:
    for name in ("json-rpc", "xml-rpc", "auto"):
        run(daemon, name)
done()
