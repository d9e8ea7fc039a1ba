# SPDX-License-Identifier: LGPL-2.1-or-later
"""calls.py – requests for the load generator: whole HTTP requests in files, with places that it fills anew each time."""
import os
import xmlrpc.client

REF = "@" * 46
TOKEN = "?" * 20
NUMBER = "#" * 12  # 100,000,000,000 and on: bytes of memory
DIGIT = "#"        # 1 to 9
VM_FIELDS = {"memory_static_max": str(1 << 40), "memory_static_min": "0", "memory_dynamic_min": "0", "VCPUs_max": "16"}


def request(method, *parameters):
    """The bytes of one call."""
    body = xmlrpc.client.dumps(parameters, method)
    head = f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


class Calls:
    """The calls that rows make, in the session whose reference is given; each is the path of a file, which is its name too."""

    def __init__(self, folder, session):
        self.folder = folder
        self.small = self._write("get_name_label", "VM.get_name_label", session, REF)
        self.record = self._write("get_record", "VM.get_record", session, REF)
        self.records = self._write("get_all_records", "VM.get_all_records", session)
        self.memory = self._write("set_memory_dynamic_max", "VM.set_memory_dynamic_max", session, REF, NUMBER)
        self.vcpus = self._write("set_VCPUs_at_startup", "VM.set_VCPUs_at_startup", session, REF, DIGIT)
        self.create = self._write("create", "VM.create", session, {"name_label": "vm-" + NUMBER, **VM_FIELDS})
        self.wait = self._write("event.from", "event.from", session, ["vm"], TOKEN, 600.0)
        self.login = self._write("login", "session.login_with_password", "root", "")

    def _write(self, name, method, *parameters):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(request(method, *parameters))
        return path
