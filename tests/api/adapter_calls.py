#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""adapter_calls.py – the hypervisor is only asked to change something where the table of operations says so.

Every message that the server lists is called with arguments that are valid, on a VM in each power state, and the simulator
says how often a domain was built, changed or ended meanwhile.
"""
import itertools

from lib.api import Api
from lib.host import GIB, STATES, Host, until
from lib.operations import MESSAGES, OPERATIONS, arguments_for, operation_of, verdict
from lib.rpc import Failure, value
from lib.server import program
from lib.storage import Makers
from lib.tap import diag, done, is_, ok, skip_all

NULL = "OpaqueRef:NULL"
VBD_ARGUMENTS = {"set_userdevice": ["7"], "set_device": ["xvdh"], "set_mode": ["RO"], "set_type": ["Disk"]}
# nothing would be left to test
ENDING = ("host.shutdown_agent", "host.restart_agent", "Async.host.restart_agent", "host.shutdown_guests", "Async.host.shutdown_guests")
LIVE_STATES = ("Running", "Paused")
LATER = "20991231T00:00:00Z"
_numbers = itertools.count()
# Those of a VIF that do not take every value of their type.
VIF_SETTERS = {"VIF.set_MAC": "00:16:3e:00:00:09", "VIF.set_MTU": "1500", "VIF.set_device": "2", "VIF.add_ipv4_allowed": "192.0.2.1",
               "VIF.add_ipv6_allowed": "fe80::1"}


class Subject:
    """A VM in one power state, and an object of every other class; made anew when a message has used it up."""

    def __init__(self, host, state):
        self.host, self.state = host, state
        self.other = host.add("Running")  # for a console and the like
        self.storage = Makers(host.session, host.ref, host.server.path)
        self.make_vm()
        self.task = self.make_task()

    def make_vm(self):
        """With a VIF and a VBD that its domain, if it has one, has."""
        self.vm = self.host.add("Halted", NVRAM={"key": ""})
        self.make_vif()
        self.storage.vbd(self.vm, type="CD", mode="RO")
        self.host.bring(self.vm, self.state)

    def make_vif(self, device="0"):
        session = self.host.session
        return session.VIF.create({"device": device, "VM": self.vm, "network": session.network.get_all()[0]})

    def drive(self, message):
        """One to do that with; a Suspended VM gets no new ones, and unplug wants one that the domain has."""
        if self.state == "Suspended" or message.startswith("unplug"):
            return self.object("VBD")
        cd = {"type": "CD", "mode": "RO"}
        fields = {"insert": {**cd, "empty": True}, "eject": cd, "media_change": cd}.get(message, {})
        return self.storage.vbd(self.vm, **fields)

    def make_task(self):
        return self.host.session.call("Async.host.compute_free_memory", self.host.ref)

    def make_token(self):
        name, session = f"t{next(_numbers)}", self.host.session
        session.token.create(name, session.role.get_all()[0], LATER)
        return session.token.get_by_name_label(name)[0]

    def make_subject(self):
        return self.host.session.subject.create({"subject_identifier": f"x{next(_numbers)}"})

    def client_task(self):
        """One that can be cancelled."""
        return self.host.session.task.create("made", "by a client")

    def renew(self, message):
        """After a message: everything is as before for the next."""
        host = self.host
        if message.short_name == "disable":
            host.session.host.enable(host.ref)
        if message.cls == "task" and not message.short_name.startswith("get_"):
            self.task = self.make_task()
        if message.cls not in ("VM", "VIF", "VBD", "VM_appliance") or message.short_name.startswith("get_"):
            return
        if host.failure("VM.get_uuid", self.vm)[0] != "HANDLE_INVALID":
            host.idle(self.vm)
            host.remove(self.vm)
        self.make_vm()

    def object(self, cls):
        """The reference of one, or the null reference where the server has none."""
        session = self.host.session
        if cls == "VM":
            return self.vm
        if cls == "session":
            return session.ref
        if cls == "user":
            return session.session.get_this_user(session.ref)
        if cls == "task":
            return self.task
        if cls == "message":
            return session.message.create("NOTE", "5", "Host", session.host.get_uuid(self.host.ref), "")
        if cls == "subject":
            return self.make_subject()
        if cls == "token":
            return self.make_token()
        if cls == "VM_appliance":
            return session.VM_appliance.create({"name_label": "made"})
        if cls in ("VIF", "VBD"):
            return session.call(f"VM.get_{cls}s", self.vm)[0]
        if cls in ("VM_metrics", "VM_guest_metrics"):
            own = session.call(f"VM.get_{cls.removeprefix('VM_')}", self.vm)
            return own if own != NULL else session.call(f"VM.get_{cls.removeprefix('VM_')}", self.other)
        return next(iter(session.call(f"{cls}.get_all")), NULL)


def argument(api, subject, message, parameter):
    """A valid one, by its type."""
    kind, name = parameter.type.kind, parameter.name
    if name == "uuid" and message.short_name == "get_by_uuid":
        return subject.host.session.call(f"{message.cls}.get_uuid", subject.object(message.cls))
    if name == "expr":
        return "true"
    if message.short_name in ("cancel", "set_status", "set_progress", "set_result", "set_error_info") and kind == "ref":
        return subject.client_task()
    if kind == "ref":
        served = api.cls_named(parameter.type.cls)
        return subject.object(parameter.type.cls) if served and served.is_listed or name == "self" else NULL
    if kind == "string" and name == "config":
        return f"name = 'configured{next(_numbers)}'\nmemory = 64\n"
    if name == "op":
        return "clone"
    if name == "format":
        return "xl"
    if name == "error_description":
        return ["VM_BAD_POWER_STATE", NULL, "Halted", "Running"]
    if message.cls == "event":
        return {"class": "host", "ref": subject.host.ref, "token": "", "timeout": 0.0}.get(name, ["host"])
    if message.name == "pool.backup_database":
        return f"x{next(_numbers)}.db"
    if message.name == "task.set_progress":
        return 0.5
    if message.name == "token.create" and kind == "datetime":
        return LATER
    if name == "data_source":
        return "memory" if message.cls == "VM" else "memory_free_kib"
    simple = {"string": f"x{next(_numbers)}", "int": "1", "bool": True, "set": [], "map": {}, "record": {},
              "float": 0.0 if name == "timeout" else 1.5, "datetime": "20061203T14:05:59Z", "any": ""}
    return parameter.type.values[0] if kind == "enum" else simple[kind]


def dpci_arguments(host, name):
    fields = {"VM": host.add(), "PPCI": host.session.PPCI.get_all()[2]}
    return [fields if name == "create" else host.session.DPCI.create(fields)]


def vlan_arguments(host, message):
    session, tag = host.session, str(1 + next(_numbers) % 4094)
    pif = next(ref for ref, record in session.PIF.get_all_records().items() if record["physical"])
    network = session.network.create({"name_label": "tagged"})
    if message.short_name == "destroy":
        vlan = session.VLAN.create(pif, tag, network)
        return [vlan if message.cls == "VLAN" else session.VLAN.get_untagged_PIF(vlan)]
    return {"VLAN.create": [pif, tag, network], "PIF.create_VLAN": ["eth0", network, host.ref, tag], "pool.create_VLAN": ["eth0", network, tag],
            "pool.create_VLAN_from_PIF": [pif, network, tag]}[message.name]


def arguments(api, subject, message):
    if message.name == "VM.provision" and subject.state == "Halted":
        subject.host.session.VM.set_is_a_template(subject.vm, True)
    if message.name == "VM.revert":
        return [subject.host.session.VM.snapshot(subject.vm, "shot")]
    if message.name in MESSAGES:
        return arguments_for(message.name, subject.vm, subject.host.ref)
    if message.name == "network.destroy":
        return [subject.host.session.network.create({"name_label": "made"})]
    if message.name == "network.set_MTU":
        return [subject.object("network"), "1500"]
    if message.name == "VIF.create":
        return [{"device": "1", "VM": subject.vm, "network": subject.object("network")}]
    if message.name in ("VIF.plug", "VIF.destroy"):
        return [subject.make_vif("1")]
    if message.name == "VBD.create":
        return [{"VM": subject.vm, "VDI": subject.storage.vdi(), "userdevice": "autodetect"}]
    if message.cls == "VBD" and operation_of(message.name):
        return [subject.drive(message.short_name), *VBD_ARGUMENTS.get(message.short_name, ()),
                *([subject.storage.vdi()] if message.short_name in ("insert", "media_change") else [])]
    if message.cls == "DPCI" and message.short_name in ("create", "destroy"):
        return dpci_arguments(subject.host, message.short_name)
    if message.name in ("VLAN.create", "PIF.create_VLAN", "pool.create_VLAN", "pool.create_VLAN_from_PIF", "VLAN.destroy", "PIF.destroy"):
        return vlan_arguments(subject.host, message)
    if message.name == "PIF.unplug":
        subject.host.session.PIF.set_disallow_unplug(subject.object("PIF"), False)
    if message.name in VIF_SETTERS:
        return [subject.make_vif("1") if message.short_name in ("set_MAC", "set_MTU", "set_device") else subject.object("VIF"), VIF_SETTERS[message.name]]
    if message.short_name == "record_at":
        return [subject.object(message.cls), str(2**62)]
    if message.cls == "system":
        return ["VM.start" for _ in message.parameters]
    if message.name == "message.create":
        return ["NOTE", "5", "Host", subject.host.session.host.get_uuid(subject.host.ref), ""]
    if message.name == "subject.create":
        return [{"subject_identifier": f"x{next(_numbers)}"}]
    if message.cls == "VM_appliance" and message.short_name in OPERATIONS:
        appliance = subject.object("VM_appliance")
        subject.host.session.VM.set_appliance(subject.vm, appliance)
        return [appliance, False][:len(message.parameters)]
    if message.name == "VM.create":
        return [{"name_label": "created", "memory_static_max": str(GIB)}]
    return subject.storage.arguments(message.name) or [argument(api, subject, message, parameter) for parameter in message.parameters]


def run(host, name, given):
    """The error of the call, or of the task that it made; None: it succeeded."""
    try:
        result = host.session.call(name, *given)
    except Failure as failure:
        return [failure.code, *failure.params]
    if not name.startswith("Async."):
        return None
    status = until(lambda: (s := host.session.task.get_status(result)) != "pending" and s)
    return None if status == "success" else host.session.task.get_error_info(result) or [status]


def run_once(api, subject, message, name):
    """Error and number of changing calls of a message; some messages need no session or one that may end."""
    host = subject.host
    given = arguments(api, subject, message)
    judged = given[0] if message.name == "VM.revert" else subject.vm
    before = host.record(judged) if operation_of(message.name) else None
    host.simulator.reset()
    if message.cls == "system":
        error = None if getattr(host.session.rpc, name)(*given) else ["nothing"]
    elif not message.needs_session:
        error = None if value(getattr(host.session.rpc, name)("root", "")) else ["nothing"]
    elif message.name == "event.next":
        host.session.event.register(["host"])
        host.session.event.inject("host", host.ref)
        error = run(host, name, given)
    elif message.name == "session.logout":
        error = host.another().logout()
    else:
        error = run(host, name, given)
    return before, error, host.simulator.calls()


def judge(message, state, before, ref, error, calls):
    """What is wrong with that; None: nothing."""
    operation = operation_of(message.name)
    if message.cls == "VM_appliance" and calls:
        return None if state in OPERATIONS[message.short_name].states else f"it called {calls}"
    refusal = operation and verdict(operation, before, ref)
    if refusal and error != refusal:
        return f"got {error}, want {refusal}"
    if not calls:
        # what begins a domain must have done so: otherwise nothing is counted here
        begun = operation and operation.effect == "BEGINS" and not error
        return "it succeeded without a domain" if begun else None
    if refusal or not operation or operation.effect == "RECORD":
        return f"it called {calls}"
    if operation.effect in ("LIVE", "USES") and state not in LIVE_STATES:
        return f"it called {calls}"
    return None


def test_state(api, host, state, succeeded):
    subject = Subject(host, state)
    wrong, count = [], 0
    served = set(host.session.rpc.system.listMethods())
    for message in api.messages:
        for name in (message.name, "Async." + message.name):
            if name not in served or name in ENDING:
                served.discard(name)
                continue
            before, error, calls = run_once(api, subject, message, name)
            complaint = judge(message, state, before, subject.vm, error, calls)
            if complaint:
                wrong.append(f"{name}, {state}: {complaint}")
            if not error:
                succeeded.add(name)
            subject.renew(message)
            served.discard(name)
            count += 1
    for line in wrong:
        diag(line)
    ok(not wrong, f"{state}: {count} messages ask the hypervisor only for what their row says")
    return served


if not program():
    skip_all("no xenapid to test (XENAPID)")
with Host(simulator_memory="1t", metrics_interval="24h") as running:
    table, done_once, left = Api(), set(), set()
    running.simulator.speed(1000)
    for each in STATES:
        left = test_state(table, running, each, done_once)
    is_(sorted(left), [], "no message that is listed was left out")
    # VM.adopt is for domains that somebody else made, which tests/api/foreign.py does.
    # A host is empty, or has the commands, in tests/api/hosts.py; here the other VM runs.
    elsewhere = {"VM.adopt", "host.assert_can_evacuate", "host.evacuate", "host.shutdown", "host.reboot", "host.set_hostname_live",
                 "host.get_server_certificate", *ENDING}
    # What can be undone is for tests/api/history.py.
    elsewhere |= {m.name for m in table.messages if m.short_name == "undo"}
    never = sorted({m.name for m in table.messages} - done_once - elsewhere)
    is_(never, [], "every message has succeeded in some power state: its arguments were valid")
done()
