#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""dom0.py – runs commands in the dom0 that the rig has booted, and asks its xenstore and xl.

    dom0 = Dom0()
    dom0.run("xl list")                        # what it printed; raises Failed
    dom0.read("/local/domain/1/name")          # of xenstore, or None

As a program it runs its arguments in dom0 and ends with their status; `put FILE` puts a program into /test there.
"""
import base64
import os
import re
import shlex
import socket
import subprocess
import sys


class Failed(Exception):
    """A command in dom0 that ended with another status than 0."""


ENDED = re.compile(rb"\nstatus \d+\n\Z")


class _Shell:
    """The one behind XEN_RIG_SHELL. It is kept: emulated, another one takes as long as many a command."""

    def __init__(self):
        self.connection = None

    def run(self, script, seconds):
        """What the script prints, which ends with its status."""
        if not self.connection:
            host, _, port = os.environ["XEN_RIG_SHELL"].rpartition(":")
            self.connection = socket.create_connection((host, int(port)), timeout=seconds)
        connection, self.connection = self.connection, None
        connection.settimeout(seconds)
        connection.sendall(script.encode())
        text = b""
        while not ENDED.search(text[-20:]):
            piece = connection.recv(65536)
            if not piece:
                raise Failed(f"{script}: the connection was lost")
            text += piece
        self.connection = connection
        return text.decode(errors="replace")


def _start(script, seconds):
    """The same on this machine."""
    return subprocess.run(["sh"], input=script.encode(), timeout=seconds, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.decode(errors="replace")


class Dom0:
    def __init__(self):
        self.is_local = os.environ["XEN_RIG_SHELL"] == "local"
        self.guest_folder = os.environ["XEN_RIG_GUEST"]
        self.start = _start if self.is_local else _Shell().run

    def attempt(self, script, seconds=60):
        """(status, what it printed, errors among it)"""
        whole = f"( {script}\n) </dev/null 2>&1\nprintf '\\nstatus %d\\n' $?\n"
        text, _, status = self.start(whole, seconds).rpartition("\nstatus ")
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

    def look(self, *words):
        """The command of look.c."""
        return " ".join(shlex.quote(str(word)) for word in [f"{self.guest_folder}/look", *words])

    def run_each(self, *scripts):
        """What each printed, all over one connection: that is what costs time."""
        marker = "---- next ----"
        return self.attempt(f"; echo '{marker}'\n".join(f"( {script} )" for script in scripts))[1].split(marker + "\n")


def parse_tree(path, text):
    """What `look tree PATH` printed: key → value, relative to PATH."""
    return {key: value for key, value in re.findall(rf'^{re.escape(path)}/(\S+) = "(.*)"$', text, re.M) if value}


def parse_domains(text):
    """What `xl list` printed: name → (domid, MiB, vCPUs, state)."""
    rows = [line.rsplit(None, 5) for line in text.splitlines()[1:] if line]
    return {name: (int(domid), int(memory), int(vcpus), state) for name, domid, memory, vcpus, state, _ in rows}


def parse_free_mib(text):
    """What Xen has left, of what `xl info` printed."""
    return int(re.search(r"^free_memory\s*:\s*(\d+)", text, re.M).group(1))


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
