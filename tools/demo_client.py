#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# demo_client.py – the demonstration's second half: an inactive guest changed through Python's xmlrpc.client

import sys
import xmlrpc.client

MIB = 1024 * 1024

wrong = 0


def spell(value):
    """As Python would be typed; a record has a line per field."""
    if isinstance(value, dict):
        return "{" + "".join(f"\n...     {k!r}: {v!r}," for k, v in value.items()) + "\n... }"
    return repr(value)


class Server:
    """Prints every call as one would type it, and its Value."""

    def __init__(self, uri, user, password):
        self.proxy = xmlrpc.client.ServerProxy(uri)
        print(f'>>> server = xmlrpc.client.ServerProxy("{uri}")')
        print(f'>>> session = server.session.login_with_password("{user}", password)["Value"]')
        reply = self.proxy.session.login_with_password(user, password)
        if reply["Status"] != "Success":
            sys.exit(f"    ^ wrong: {reply['ErrorDescription']}")
        self.session = reply["Value"]

    def call(self, method, *parameters, names=(), keep=None):
        """One message; `names` stand for refs, `keep` is the variable its Value goes to."""
        shown = ", ".join(["session", *names, *(spell(p) for p in parameters[len(names):])])
        print(f">>> {keep + ' = ' if keep else ''}server.{method}({shown})"
              f"{'[' + repr('Value') + ']' if keep else ''}")
        function = self.proxy
        for part in method.split("."):
            function = getattr(function, part)
        reply = function(self.session, *parameters)
        if not keep:
            print(reply)
        return reply


def expect(reply, value):
    """The step's Value, or the code of the error that it must fail with."""
    global wrong
    got = reply["Value"] if reply["Status"] == "Success" else reply["ErrorDescription"][0]
    if got != value:
        wrong += 1
        print(f"    ^ wrong: {value!r} was expected")


def keep(reply):
    """The Value of a step that everything after it needs."""
    if reply["Status"] != "Success":
        print(reply)
        sys.exit("    ^ wrong: this must succeed")
    return reply["Value"]


def walk(server):
    vm = keep(server.call("VM.create", {"name_label": "python", "memory_static_max": str(512 * MIB),
                                        "memory_dynamic_max": str(512 * MIB),
                                        "memory_dynamic_min": str(256 * MIB),
                                        "memory_static_min": str(16 * MIB),
                                        "VCPUs_max": "1", "VCPUs_at_startup": "1"}, keep="vm"))

    def step(method, *parameters):
        return server.call("VM." + method, vm, *parameters, names=["vm"])

    expect(step("get_power_state"), "Halted")
    expect(step("set_VCPUs_max", "4"), "")
    expect(step("set_VCPUs_at_startup", "4"), "")
    expect(step("set_memory_static_max", str(1024 * MIB)), "")
    expect(step("set_memory_dynamic_max", str(800 * MIB)), "")
    expect(step("get_VCPUs_at_startup"), "4")
    expect(step("get_memory_dynamic_max"), str(800 * MIB))

    print("\nWhat makes no sense is refused as a whole:\n")
    expect(step("set_memory_dynamic_min", str(900 * MIB)), "MEMORY_CONSTRAINT_VIOLATION_ORDER")
    expect(step("get_memory_dynamic_min"), str(256 * MIB))

    print("\nAnd it starts as it was told:\n")
    expect(step("start", False, False), "")
    expect(step("get_power_state"), "Running")
    metrics = keep(server.call("VM.get_metrics", vm, names=["vm"], keep="metrics"))
    expect(server.call("VM_metrics.get_VCPUs_number", metrics, names=["metrics"]), "4")
    expect(step("hard_shutdown"), "")
    expect(step("get_power_state"), "Halted")


def main():
    uri, user, password_file = sys.argv[1:]
    with open(password_file, encoding="utf-8") as file:
        password = file.read().strip()
    print(">>> import xmlrpc.client")
    walk(Server(uri, user, password))
    sys.exit(wrong > 0)


main()
