# SPDX-License-Identifier: LGPL-2.1-or-later
"""simulator.py – the simulator's control socket.

    with Simulator(path) as simulator:
        simulator.fail("set_memory_target", text="no balloon")
        simulator.guest(uuid, "crash")
        simulator.calls()                          # {"start": 1}
"""
import json
import socket


class SimulatorError(Exception):
    """What follows "error" in a reply."""


class Simulator:
    """Connected until close(). Ops are named as in server/hypervisor/ops.def, or "change" (every op
    that changes a domain), or "any"."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.replies = self.socket.makefile("r", encoding="utf-8", newline="\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.replies.close()
        self.socket.close()

    def ask(self, line):
        """Sends a command, returns what follows "ok"."""
        self.socket.sendall(line.encode() + b"\n")
        word, _, rest = self.replies.readline().rstrip("\n").partition(" ")
        if word != "ok":
            raise SimulatorError(rest or "the simulator hung up")
        return rest

    def fail(self, op, nth=1, text=""):
        """The nth next call of op fails; text may be no-domain, no-memory or timeout."""
        self.ask(f"fail {op} {nth} {text}".rstrip())

    def delay(self, op, milliseconds, nth="*"):
        """That call (or every one) takes so long, or until clear()."""
        self.ask(f"delay {op} {nth} {milliseconds}")

    def clear(self):
        """Forgets faults and delays, ends delays."""
        self.ask("clear")

    def calls(self, changing=True):
        """How often each op was called since reset(): those that change a domain, or the others."""
        change, _, other = self.ask("calls").partition("|")
        pairs = (word.split("=") for word in (change if changing else other).split())
        return {op: int(count) for op, count in pairs}

    def reset(self):
        self.ask("reset")

    def guest(self, uuid, action):
        """poweroff, reboot, crash, ignore-shutdown, no-balloon or normal"""
        self.ask(f"guest {uuid} {action}")

    def change(self, uuid, what, value):
        """Somebody else changes a domain: target, maximum (MiB), vcpus, weight, cap, paused (0 or 1) or name.

        xl:KEY is what is known of how it was built: kernel, disk, …
        """
        self.ask(f"change {uuid} {what} {value}")

    def create(self, name, uuid=None, memory_mib=512, vcpus=1):
        """A domain that somebody else made. Returns uuid and domid."""
        # without a uuid the simulator draws one and takes its own figures
        line = f"create {name} {uuid} {memory_mib} {vcpus}" if uuid else f"create {name}"
        found, domid = self.ask(line).split()
        return found, int(domid)

    def destroy(self, uuid):
        """Behind the server's back."""
        self.ask(f"destroy {uuid}")

    def speed(self, factor):
        """How fast balloons move and guests shut down; it is kept in the state file."""
        self.ask(f"speed {factor}")

    def state(self):
        """{"memory_free", "memory_total", "domains": [{"uuid", "domid", "memory_actual", …}], …}"""
        return json.loads(self.ask("state"))

    def domain(self, uuid):
        """The domain in state(), or None."""
        return next((d for d in self.state()["domains"] if d["uuid"] == uuid), None)
