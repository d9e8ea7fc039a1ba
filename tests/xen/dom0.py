#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""dom0.py – runs commands in the dom0 that the rig has booted, and asks its xenstore and xl.

    dom0 = Dom0()
    dom0.run("xl list")                        # what it printed; raises Failed
    dom0.read("/local/domain/1/name")          # of xenstore, or None

As a program it runs its arguments in dom0 and ends with their status; `put FILE` puts a program into /test there.
"""
import base64
import json
import os
import re
import shlex
import socket
import subprocess
import sys


class Failed(Exception):
    """A command in dom0 that ended with another status than 0."""


def _connect(script, seconds):
    """What a shell behind XEN_RIG_SHELL prints."""
    host, _, port = os.environ["XEN_RIG_SHELL"].rpartition(":")
    with socket.create_connection((host, int(port)), timeout=seconds) as connection:
        connection.sendall(script.encode())
        pieces = []
        while piece := connection.recv(65536):
            pieces.append(piece)
    return b"".join(pieces).decode(errors="replace")


def _start(script, seconds):
    """The same on this machine."""
    return subprocess.run(["sh"], input=script.encode(), timeout=seconds, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.decode(errors="replace")


class Dom0:
    def __init__(self):
        self.is_local = os.environ["XEN_RIG_SHELL"] == "local"
        self.guest_folder = os.environ["XEN_RIG_GUEST"]

    def attempt(self, script, seconds=60):
        """(status, what it printed, errors among it)"""
        whole = f"( {script}\n) </dev/null 2>&1\nprintf '\\nstatus %d\\n' $?\nexit\n"
        text = (_start if self.is_local else _connect)(whole, seconds)
        text, found, status = text.rpartition("\nstatus ")
        if not found:
            raise Failed(f"{script}: the connection was lost")
        return int(status), text

    def run(self, script, seconds=60):
        status, text = self.attempt(script, seconds)
        if status:
            raise Failed(f"{script}: status {status}\n{text}")
        return text

    def read(self, path):
        """A key of xenstore, or None."""
        status, text = self.attempt(f"xenstore-read {shlex.quote(path)}")
        return text.rstrip("\n") if status == 0 else None

    def write(self, path, value):
        self.run(f"xenstore-write {shlex.quote(path)} {shlex.quote(str(value))}")

    def put(self, path):
        """A file of this machine into /test."""
        with open(path, "rb") as file:
            text = base64.b64encode(file.read()).decode()
        name = "/test/" + os.path.basename(path)
        self.run(f"base64 -d >{name}.new <<'END'\n{text}\nEND\nchmod 755 {name}.new && mv {name}.new {name}", seconds=300)

    def run_each(self, *scripts):
        """What each printed, all over one connection: that is what costs time."""
        marker = "---- next ----"
        return self.attempt(f"; echo '{marker}'\n".join(f"( {script} )" for script in scripts))[1].split(marker + "\n")


def parse_tree(path, text):
    """What `xenstore-ls -f PATH` printed: key → value, relative to PATH."""
    return {key: value for key, value in re.findall(rf'^{re.escape(path)}/(\S+) = "(.*)"$', text, re.M) if value}


def parse_domains(text):
    """What `xl list` printed: name → (domid, MiB, vCPUs, state)."""
    rows = [line.rsplit(None, 5) for line in text.splitlines()[1:] if line]
    return {name: (int(domid), int(memory), int(vcpus), state) for name, domid, memory, vcpus, state, _ in rows}


def parse_free_mib(text):
    """What Xen has left, of what `xl info` printed."""
    return int(re.search(r"^free_memory\s*:\s*(\d+)", text, re.M).group(1))


def parse_row(text):
    """What `sqlite3 -json` printed: the only row, as a dict."""
    return json.loads(text)[0]


def main(words):
    dom0 = Dom0()
    if words[0] == "put":
        dom0.put(words[1])
        return 0
    status, printed = dom0.attempt(" ".join(map(shlex.quote, words)), seconds=600)
    sys.stdout.write(printed)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
