#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_metrics.py – GET /metrics: its form, who may read it, and that its figures are true."""
import http.client
import sys
import threading
import xmlrpc.client

from lib.rpc import Failure
from lib.server import Server
from lib.tap import done, has, is_, ok

sys.path.append("/usr/lib/python3/dist-packages")  # Debian's, whichever Python runs this
from prometheus_client.openmetrics.parser import text_string_to_metric_families  # noqa: E402 – found by the path above

TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
MIB = 1 << 20


def get(server, path="/metrics", method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(method, path, headers=headers)
    reply = connection.getresponse()
    body = reply.read().decode()
    connection.close()
    return reply.status, reply.getheader("Content-Type"), body


def scrape(server):
    """(name, labels as a sorted tuple) → value, as Prometheus' own parser understands it."""
    status, _, text = get(server)
    assert status == 200, text
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text) for sample in family.samples}


class Figures:
    """What has changed between two scrapes."""

    def __init__(self, server):
        self.server = server
        self.before = scrape(server)

    def more(self):
        self.after = scrape(self.server)
        return self

    def __call__(self, name, **labels):
        key = (name, tuple(sorted(labels.items())))
        return self.after.get(key, 0) - self.before.get(key, 0)


def test_form(server):
    status, content_type, text = get(server)
    is_((status, content_type), (200, TYPE), "whoever is on this host reads /metrics")
    ok(text.endswith("# EOF\n"), "to its end")
    families = list(text_string_to_metric_families(text))
    ok(len(families) > 25, "Prometheus' parser takes it")
    is_([family.name for family in families if not family.documentation], [], "each metric is explained")
    is_(get(server, method="HEAD")[0], 200, "HEAD")
    is_(get(server, "/readyz")[0], 200, "/readyz")
    reply = xmlrpc.client.ServerProxy(f"http://127.0.0.1:{server.port}/metrics").session.login_with_password("root", "secret")
    is_(reply["Status"], "Success", "a call sent there is a call, as at every path")


def test_requests(server, session):
    figures = Figures(server)
    for _ in range(7):
        session.VM.get_all()
    for _ in range(3):
        try:
            session.VM.get_record("OpaqueRef:none")
        except Failure:
            pass
    for name in ("no.such_call", "nor.this_one"):
        try:
            session.call(name)
        except Failure:
            pass
    figures.more()
    is_(figures("xenapid_requests_total", method="VM.get_all", outcome="done"), 7, "calls are counted by method")
    is_(figures("xenapid_requests_total", method="VM.get_record", outcome="failed"), 3, "and by outcome")
    is_(figures("xenapid_request_errors_total", code="HANDLE_INVALID"), 3, "errors by code")
    is_(figures("xenapid_requests_total", method="", outcome="failed"), 2, "what is no message has no label of its own")
    is_(figures("xenapid_request_seconds_count", kind="read"), 10, "how long they took is noted")
    is_(figures("xenapid_request_seconds_bucket", kind="read", le="+Inf"), 10, "in buckets that add up")


def test_store(server, session, vm):
    figures = Figures(server)
    for i in range(5):
        session.VM.set_name_description(vm, str(i))
    figures.more()
    is_(figures("xenapid_batch_size_sum"), 5, "changes are counted")
    is_(figures("xenapid_commit_seconds_count"), 5, "and commits, one after the other")
    is_(figures("xenapid_revision"), 5, "the revision has moved on")
    is_(figures.after[("xenapid_queued_changes", ())], 0, "none is left over")
    ok(figures.after[("xenapid_database_bytes", ())] > 4096, "the size of the database")


def of_vm(server, session, vm, name):
    key = (f"xenapid_vm_{name}", tuple(sorted({"uuid": session.VM.get_uuid(vm), "name": session.VM.get_name_label(vm)}.items())))
    return scrape(server).get(key)


def test_vms(server, session, vm):
    is_(of_vm(server, session, vm, "memory_bytes"), None, "a VM that does not run has no figures")
    figures = Figures(server)
    session.VM.start(vm, False, False)
    figures.more()
    is_((figures("xenapid_vms", power_state="Halted"), figures("xenapid_vms", power_state="Running")), (-1, 1),
        "VMs by power state")
    is_(figures("xenapid_hypervisor_calls_total", operation="start"), 1, "calls of the hypervisor by operation")
    session.VM.set_name_label(vm, 'a "name"\\ of\ntwo lines')
    is_(of_vm(server, session, vm, "memory_target_bytes"), 512 * MIB, "its memory, whatever its name is")
    is_(of_vm(server, session, vm, "vcpus"), 1, "and its vCPUs")
    is_(of_vm(server, session, vm, "balloon_distance_bytes"),
        of_vm(server, session, vm, "memory_target_bytes") - of_vm(server, session, vm, "memory_bytes"),
        "the balloon's distance is the difference")


def test_waiting(server, session):
    other = server.login("root", "secret")
    token = other.call("event.from", ["pool"], "", 30.0)["token"]
    thread = threading.Thread(target=lambda: other.call("event.from", ["pool"], token, 30.0))
    thread.start()
    while not scrape(server)[("xenapid_waiting_clients", ())]:
        pass
    ok(True, "a client that waits for events is counted")
    session.call("pool.set_name_label", session.pool.get_all()[0], "renamed")
    thread.join()
    is_(scrape(server)[("xenapid_waiting_clients", ())], 0, "until it is answered")


def test_who(server, session):
    for headers, what in (({"Origin": "http://evil.example"}, "a web page"), ({"Host": "evil.example"}, "a name that may be anybody's")):
        is_(get(server, **headers)[0], 403, f"not to {what}")
    is_(get(server, f"/metrics?session_id={session.ref}", Origin="http://evil.example")[0], 200, "whoever has a session may read it")
    is_(get(server, Authorization=f"Bearer {session.ref}", Host="xen.example")[0], 200, "and show it as Prometheus does")
    status, _, text = get(server, "/metrics?session_id=OpaqueRef:none")
    is_(status, 403, "a wrong one is refused, here too")
    has(text, "SESSION_INVALID", "with a reason")


def test_settings():
    with Server(settings={"metrics": "session"}, users={"root": "secret"}) as server:
        session = server.login("root", "secret")
        is_(get(server)[0], 403, "metrics=session: nobody without one")
        is_(get(server, f"/metrics?session_id={session.ref}")[0], 200, "and whoever has one")
    with Server(settings={"metrics": "no"}) as server:
        is_(get(server)[0], 404, "metrics=no: there is no such page")


def main():
    with Server(users={"root": "secret"}) as server:
        session = server.login("root", "secret")
        test_form(server)
        test_requests(server, session)
        vm = session.call("VM.create", {"name_label": "one", "VCPUs_max": "1", "VCPUs_at_startup": "1",
                                        "memory_static_max": str(512 * MIB), "memory_dynamic_max": str(512 * MIB),
                                        "memory_dynamic_min": str(512 * MIB), "memory_static_min": str(256 * MIB),
                                        "PV_kernel": "/boot/vmlinuz"})
        test_store(server, session, vm)
        test_vms(server, session, vm)
        test_waiting(server, session)
        test_who(server, session)
    test_settings()
    done()


main()
