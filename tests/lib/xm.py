# SPDX-License-Identifier: LGPL-2.1-or-later
"""xm.py – runs xm, and a stand-in for the server that it talks to.

    with FakeServer() as server:
        server.add(name_label="demo")
        status, out, err = server.xm("list", "demo")
"""
import http.server
import os
import re
import shutil
import socketserver
import subprocess
import tempfile
import threading
import uuid
import xmlrpc.client
from xml.sax.saxutils import escape

MIB = 1 << 20


def program():
    """The xm to test, or None."""
    path = os.environ.get("XM", "")
    return path if path and os.access(path, os.X_OK) else None


def run(*arguments, server=None, env=None, stdin=None, cwd=None):
    """(exit status, standard output, standard error), both as text."""
    environment = dict(os.environ, **(env or {}))
    if server:
        environment["XM_SERVER"] = server
    done = subprocess.run([program(), *arguments], env=environment, cwd=cwd, timeout=120,
                          input=stdin.encode() if stdin is not None else b"",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Refusal(Exception):
    """An error of the API: Refusal(CODE, parameter…)."""


class Date(str):
    """Goes as dateTime.iso8601."""


class Raw(bytes):
    """The bytes of a whole reply."""


def to_xml(value):
    """As xenapid writes: compact, ints and texts without a type."""
    if isinstance(value, bool):
        return f"<value><boolean>{int(value)}</boolean></value>"
    if isinstance(value, float):
        return f"<value><double>{value!r}</double></value>"
    if isinstance(value, Date):
        return f"<value><dateTime.iso8601>{value}</dateTime.iso8601></value>"
    if isinstance(value, (str, int)):
        return f"<value>{escape(str(value)).replace(chr(13), '&#13;')}</value>"
    if isinstance(value, (list, tuple)):
        return "<value><array><data>" + "".join(map(to_xml, value)) + "</data></array></value>"
    members = "".join(f"<member><name>{escape(k)}</name>{to_xml(v)}</member>" for k, v in value.items())
    return f"<value><struct>{members}</struct></value>"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = False

    def do_POST(self):  # named so by http.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        reply = self.server.fake.answer(body)
        self.send_response(self.server.fake.http_status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def address_string(self):
        return "unix"

    def log_message(self, *_):
        pass


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    server_name = "localhost"
    server_port = 0


class FakeServer:
    """Records in a dict, a method for each message; every call is kept in self.calls."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="xmtest")
        self.vms, self.metrics, self.tasks = {}, {}, {}
        self.calls, self.bodies = [], []
        self.refusals = {}  # method → Refusal, or function of its parameters
        self.http_status = 200
        self.password = ""
        self.console = "xl console 5"
        self.server = _Server(self.path("socket"), _Handler)
        self.server.fake, self.tcp = self, None
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def path(self, name):
        return os.path.join(self.folder, name)

    def listen_tcp(self):
        """The same on a port of its own; returns its URI."""
        self.tcp = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Handler)
        self.tcp.daemon_threads, self.tcp.fake = True, self
        threading.Thread(target=self.tcp.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.tcp.server_address[1]}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in filter(None, (self.server, self.tcp)):
            server.shutdown()
            server.server_close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def xm(self, *arguments, **more):
        """Runs xm against this server; forgets earlier calls."""
        self.calls.clear()
        self.bodies.clear()
        return run(*arguments, server="unix:" + self.path("socket"), cwd=self.folder, **more)

    def messages(self):
        """The methods that the last xm called, without signing in and out."""
        return [name for name, _ in self.calls if not name.startswith("session.")]

    def add(self, **fields):
        """A VM with some fields; `metrics` is a dict of its own. Returns its ref."""
        ref = "OpaqueRef:" + str(uuid.uuid4())
        metrics_ref = "OpaqueRef:" + str(uuid.uuid4())
        record = {
            "uuid": str(uuid.uuid4()), "name_label": "demo", "name_description": "",
            "power_state": "Halted", "is_a_template": False, "is_a_snapshot": False,
            "is_control_domain": False, "domid": -1,
            "memory_target": 410 * MIB, "memory_static_min": 0, "memory_static_max": 800 * MIB,
            "memory_dynamic_min": 410 * MIB, "memory_dynamic_max": 800 * MIB,
            "VCPUs_max": 1, "VCPUs_at_startup": 1, "VCPUs_params": {},
            "actions_after_shutdown": "destroy", "actions_after_reboot": "restart",
            "actions_after_crash": "restart", "HVM_shadow_multiplier": 1.0, "domain_type": "pv",
            "PV_kernel": "", "PV_args": "", "platform": {}, "other_config": {},
            "snapshot_time": Date("19700101T00:00:00Z"), "tags": [],
        }
        self.metrics[metrics_ref] = {
            "uuid": str(uuid.uuid4()), "memory_actual": 0, "VCPUs_number": 0, "state": [],
            "VCPUs_CPU": {}, "VCPUs_flags": {}, "start_time": Date("19700101T00:00:00Z"),
            "other_config": {}, **fields.pop("metrics", {})}
        self.vms[ref] = {**record, "metrics": metrics_ref, **fields}
        return ref

    def answer(self, body):
        """The bytes of the reply to a call."""
        self.bodies.append(body)
        parameters, method = xmlrpc.client.loads(body)
        self.calls.append((method, list(parameters)))
        try:
            result = self.dispatch(method, list(parameters))
        except Refusal as refusal:
            reply = {"Status": "Failure", "ErrorDescription": list(refusal.args)}
        else:
            if isinstance(result, Raw):
                return bytes(result)
            reply = {"Status": "Success", "Value": result}
        return ("<?xml version=\"1.0\"?><methodResponse><params><param>" + to_xml(reply) +
                "</param></params></methodResponse>").encode()

    def dispatch(self, method, parameters):
        if method in self.refusals:
            refusal = self.refusals[method]
            if isinstance(refusal, Refusal):
                raise refusal
            return refusal(*parameters)
        asynchronous = method.startswith("Async.")
        name = "run_" + method.removeprefix("Async.").replace(".", "_")
        function = getattr(self, name, None)
        getter = re.fullmatch(r"VM\.get_(\w+)", method)
        if not function and getter:
            return self.vm(parameters[1])[getter.group(1)]
        if not function:
            raise Refusal("MESSAGE_METHOD_UNKNOWN", method)
        return self.make_task(function, parameters) if asynchronous else function(*parameters)

    def make_task(self, function, parameters):
        ref = "OpaqueRef:task" + str(len(self.tasks))
        try:
            function(*parameters)
            self.tasks[ref] = {"status": "success", "error_info": []}
        except Refusal as refusal:
            self.tasks[ref] = {"status": "failure", "error_info": list(refusal.args)}
        return ref

    def vm(self, ref):
        if ref not in self.vms:
            raise Refusal("HANDLE_INVALID", "VM", ref)
        return self.vms[ref]

    def run_session_login_with_password(self, user, password, *_):
        if password != self.password:
            raise Refusal("SESSION_AUTHENTICATION_FAILED", user, "wrong password")
        return "OpaqueRef:session"

    def run_session_logout(self, _):
        return ""

    def run_VM_get_all_records(self, _):
        return self.vms

    def run_VM_metrics_get_all_records(self, _):
        return self.metrics

    @staticmethod
    def select(records, fields):
        return [{"ref": ref, **{name: record[name] for name in fields if name in record}} for ref, record in records.items()]

    def run_VM_get_all_fields_where(self, _, fields):
        return self.select(self.vms, fields)

    def run_VM_metrics_get_all_fields_where(self, _, fields):
        return self.select(self.metrics, fields)

    def run_VM_metrics_get_record(self, _, ref):
        return self.metrics[ref]

    def run_VM_get_record(self, _, ref):
        return self.vm(ref)

    def run_VM_get_by_uuid(self, _, wanted):
        for ref, record in self.vms.items():
            if record["uuid"] == wanted:
                return ref
        raise Refusal("UUID_INVALID", "VM", wanted)

    def run_VM_get_by_name_label(self, _, name):
        return [ref for ref, record in self.vms.items() if record["name_label"] == name]

    def move(self, ref, expected, to):
        record = self.vm(ref)
        if record["power_state"] not in expected:
            raise Refusal("VM_BAD_POWER_STATE", ref, ", ".join(expected).lower(),
                          record["power_state"].lower())
        record["power_state"] = to
        record["domid"] = 22 if to in ("Running", "Paused") else -1
        return ""

    def run_VM_start(self, _, ref, paused, force=False):
        return self.move(ref, ["Halted"], "Paused" if paused else "Running")

    def run_VM_pause(self, _, ref):
        return self.move(ref, ["Running"], "Paused")

    def run_VM_unpause(self, _, ref):
        return self.move(ref, ["Paused"], "Running")

    def run_VM_suspend(self, _, ref):
        return self.move(ref, ["Running"], "Suspended")

    def run_VM_resume(self, _, ref, paused, force=False):
        return self.move(ref, ["Suspended"], "Paused" if paused else "Running")

    def run_VM_clean_shutdown(self, _, ref):
        return self.move(ref, ["Running"], "Halted")

    def run_VM_clean_reboot(self, _, ref):
        return self.move(ref, ["Running"], "Running")

    def run_VM_hard_shutdown(self, _, ref):
        return self.move(ref, ["Paused", "Suspended", "Running"], "Halted")

    def run_VM_destroy(self, _, ref):
        self.move(ref, ["Halted"], "Halted")
        del self.vms[ref]
        return ""

    def run_VM_set_name_label(self, _, ref, name):
        self.vm(ref)["name_label"] = name
        return ""

    def change(self, ref, **new):
        record = self.vm(ref)
        changes = {f: {"old": str(record[f]), "new": str(v)} for f, v in new.items() if record[f] != v}
        record.update(new)
        return changes

    def run_VM_set_memory_target(self, _, ref, value):
        value = int(value)
        return self.change(ref, memory_target=value, memory_dynamic_min=value,
                           memory_dynamic_max=max(value, int(self.vm(ref)["memory_dynamic_max"])))

    def run_VM_set_memory_maximum(self, _, ref, value):
        return self.change(ref, memory_static_max=int(value), memory_dynamic_max=int(value))

    def run_VM_set_VCPUs_number(self, _, ref, value):
        value = int(value)
        return self.change(ref, VCPUs_at_startup=value,
                           VCPUs_max=max(value, int(self.vm(ref)["VCPUs_max"])))

    def run_VM_create_from_config(self, _, text, options=None):
        name = re.search(r"^name *= *[\"'](.*)[\"']", text, re.M)
        rows = [{"key": "name", "value": "", "outcome": "taken", "detail": "name_label", "line": 1}]
        if "disk" in text:
            rows.append({"key": "disk", "value": "[]", "outcome": "ignored", "detail": "no disks yet",
                         "line": text[:text.index("disk")].count("\n") + 1})
        ref = "OpaqueRef:NULL" if options and options["dry_run"] else self.add(name_label=name.group(1))
        return {"ref": ref, "report": rows, "format": "xl", "changes": []}

    def run_VM_export_config(self, _, ref, format_):
        return f"{format_} of {self.vm(ref)['name_label']}\n"

    def run_console_get_record(self, _, ref):
        return {"protocol": "vt100" if ref == "OpaqueRef:text" else "rfb", "location": self.console}

    def run_task_get_record(self, _, ref):
        return self.tasks[ref]

    def run_task_destroy(self, _, ref):
        del self.tasks[ref]
        return ""

    def run_host_get_all(self, _):
        return ["OpaqueRef:host"]

    def run_host_get_servertime(self, _, ref):
        return Date("20260102T03:04:05Z")

    def run_host_get_all_records(self, _):
        return {"OpaqueRef:host": {
            "hostname": "xenhost", "uuid": "u", "metrics": "OpaqueRef:hm", "sched_policy": "credit2",
            "host_CPUs": ["OpaqueRef:0", "OpaqueRef:1"], "capabilities": ["xen-3.0-x86_64", "hvm-3.0"],
            "cpu_info": {"vendor": "GenuineIntel"}, "software_version": {"xen": "4.17"}}}

    def run_host_metrics_get_all_records(self, _):
        return {"OpaqueRef:hm": {"memory_total": 65536 * MIB, "memory_free": 60000 * MIB}}
