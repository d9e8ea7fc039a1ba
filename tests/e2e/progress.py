#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""progress.py – what xm shows on a terminal while an operation takes long, and that it shows nothing elsewhere."""
import os
import pty
import re
import signal
import subprocess

from lib.host import MIB, Host, until
from lib.server import program
from lib.tap import done, has, is_, ok, skip_all
from lib.xm import program as xm_program
from lib.xm import run


class Terminal:
    """xm with a terminal for its standard error."""

    def __init__(self, server, *arguments):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen([xm_program(), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=slave,
                                        env=dict(os.environ, XM_SERVER=server))
        os.close(slave)
        self.text = ""

    def read_until(self, pattern):
        """What was shown so far, as soon as it has that; or all of it."""
        while not re.search(pattern, self.text):
            try:
                self.text += os.read(self.master, 4096).decode()
            except OSError:  # the other side has closed it
                break
        return self.text

    def is_followed(self):
        """It catches Ctrl-C."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            caught = re.search(r"SigCgt:\s*(\w+)", file.read()).group(1)
        return int(caught, 16) >> (signal.SIGINT - 1) & 1

    def end(self):
        self.read_until("(?!)")
        self.process.stdout.close()
        os.close(self.master)
        return self.process.wait(60)


def main():
    if not program() or not xm_program():
        skip_all("no xenapid or xm to test (XENAPID, XM)")
    with Host(metrics_interval="24h") as host:
        server = host.server.unix or host.server.http
        vm = host.add(name_label="demo")
        host.simulator.delay("unpause", 600_000)
        terminal = Terminal(server, "start", "demo")
        has(terminal.read_until("80 %"), "starting demo [################    ]  80 %", "a bar says how far it is")
        host.simulator.clear()
        is_(terminal.end(), 0, "and xm ends when the task does")
        ok(terminal.text.endswith("\r\033[K"), "nothing of it stays")
        host.simulator.delay("suspend", 600_000)
        terminal = Terminal(server, "suspend", "demo")
        until(lambda: host.record(vm)["current_operations"])
        with open(host.image(vm), "wb") as file:
            file.truncate(128 * MIB)
        has(terminal.read_until("45 %"), "suspending demo [#########           ]  45 %", "it moves")
        host.simulator.clear()
        is_((terminal.end(), host.state(vm)), (0, "Suspended"), "done")
        host.simulator.fail("resume", 1, "no such luck")
        terminal = Terminal(server, "resume", "demo")
        is_(terminal.end(), 1, "a task that fails is a command that fails")
        has(terminal.text, "Error: the hypervisor refused resume for demo: no such luck", "with its error")
        host.simulator.delay("resume", 600_000)
        terminal = Terminal(server, "resume", "demo")
        task = next(iter(until(lambda: host.record(vm)["current_operations"])))
        host.session.task.cancel(task)
        host.simulator.clear()
        is_(terminal.end(), 1, "one that somebody cancels too")
        has(terminal.text, "Error: the operation was cancelled", "and says so")
        host.simulator.delay("resume", 600_000)
        terminal = Terminal(server, "resume", "demo")
        task = next(iter(until(lambda: host.record(vm)["current_operations"])))
        until(lambda: terminal.is_followed())
        terminal.process.send_signal(signal.SIGINT)
        ok(until(lambda: host.session.task.get_current_operations(task)), "Ctrl-C cancels the task")
        is_(terminal.process.poll(), None, "and xm waits for its end")
        host.simulator.clear()
        is_(terminal.end(), 1, "which it says")
        has(terminal.text, "Error: the operation was cancelled", "as an error")
        is_(host.state(vm), "Suspended", "nothing was done")
        host.simulator.delay("resume", 600_000)
        terminal = Terminal(server, "resume", "demo")
        task = next(iter(until(lambda: host.record(vm)["current_operations"])))
        until(lambda: terminal.is_followed())
        terminal.process.send_signal(signal.SIGINT)
        until(lambda: host.session.task.get_current_operations(task))
        terminal.process.send_signal(signal.SIGINT)
        is_(terminal.end(), -signal.SIGINT, "a second one ends xm alone")
        host.simulator.clear()
        until(lambda: host.session.task.get_status(task) == "cancelled")
        host.session.task.destroy(task)
        is_(host.session.task.get_all(), [], "no task is left behind")
        is_(run("resume", "demo", server=server), (0, "", ""), "without a terminal nothing is shown")
        is_(run("shutdown", "-w", "demo", server=server), (0, "", ""), "nor here")
        terminal = Terminal(server, "clone", "demo", "copy")
        uuid = terminal.process.stdout.read().decode().strip()
        is_(terminal.end(), 0, "a long command with a result")
        is_(uuid, host.session.VM.get_uuid(host.session.VM.get_by_name_label("copy")[0]), "says it, on a terminal too")
        terminal = Terminal(server, "start", "nobody")
        is_(terminal.end(), 1, "an error before that")
    done()


main()
