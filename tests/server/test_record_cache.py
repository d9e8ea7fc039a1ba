# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_record_cache.py – what is kept of records for further replies is never old, never torn, and bounded."""
import ssl
import xmlrpc.client

from lib.server import Server
from lib.tap import done, is_, ok
from lib.wire import Wire, call, post

VMS = 40  # their records are more than goes in one piece
CACHES = {"64m": "all fit", "100k": "some fit", "0": "none is kept"}


def make_vms(session, description=""):
    for i in range(VMS):
        session.VM.create({"name_label": f"vm & {i}", "memory_static_max": str(2**29), "name_description": description})


def compare(session, what):
    """The list, and each on its own, twice: what was made, and what was kept."""
    for _ in range(2):
        records = session.VM.get_all_records()
        is_({ref: session.VM.get_record(ref) for ref in session.VM.get_all()}, records, what)
    return records


def test_sizes():
    for size, what in CACHES.items():
        with Server(settings={"record-cache": size}) as server:
            session = server.login()
            make_vms(session)
            records = compare(session, f"{what}: lists and records agree")
            is_(len(records), VMS + 1, "all are there")
            changed = sorted(ref for ref in records if not records[ref]["is_control_domain"])[VMS // 2]
            session.VM.set_name_label(changed, "another <name>")
            is_(session.VM.get_record(changed)["name_label"], "another <name>", "a change is seen")
            records = compare(session, "in lists too")
            is_(records[changed]["name_label"], "another <name>", "whatever was kept")
            session.VM.destroy(changed)
            ok(changed not in compare(session, "and when one is gone"), "it is")


def test_slow_reader():
    """What is being sent stays what it was, while the records change and go."""
    with Server() as server:
        session = server.login()
        make_vms(session, 300_000 * "x")  # more than the kernel takes
        records = session.VM.get_all_records()
        with Wire(server.port) as wire:
            wire.send(post(call("VM.get_all_records", session.ref)))
            head = wire.head()
            for ref, record in records.items():
                if not record["is_control_domain"]:
                    session.VM.destroy(ref)
            session.VM.get_all_records()
            length = int(head.headers["content-length"])
            while len(wire.rest) < length and wire._more():
                pass
            is_(len(wire.rest), length, "as long as was said")
            is_(xmlrpc.client.loads(wire.rest)[0][0]["Value"], records, "all is as it was when it was asked for")
        with Wire(server.port) as wire:
            wire.send(post(call("VM.get_all_records", session.ref)))
        is_(len(session.VM.get_all()), 1, "a reader that leaves in the middle harms nobody")


def test_tls():
    with Server(start=False) as server:
        if not server.certify():
            ok(True, "TLS # SKIP there is no openssl")
            return
        server.listen = ["https://127.0.0.1:0", *server.listen]
        server.start()
        session = server.login(address=server.addresses[1])
        make_vms(session)
        context = ssl.create_default_context(cafile=server.path("certificate"))
        rpc = xmlrpc.client.ServerProxy(server.addresses[0], context=context)
        is_(rpc.VM.get_all_records(session.ref)["Value"], session.VM.get_all_records(), "over TLS it is the same")


test_sizes()
test_slow_reader()
test_tls()
done()
