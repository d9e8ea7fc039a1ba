# SPDX-License-Identifier: LGPL-2.1-or-later
"""jsonrpc.py – JSON-RPC as tests speak it.

    with JsonSession(server) as session:
        session.call("VM.get_all")                 # raises Failure, as Session of rpc.py does
    ask(wire, {"jsonrpc": "2.0", …})               # the reply to any bytes or object, on a lib.wire.Wire
"""
import json

from lib.rpc import Failure
from lib.wire import Wire, post


def ask(wire, body, path="/jsonrpc", headers=()):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    return wire.ask(post(body, path, headers=headers))


def request(method, *params, version="2.0", id_=1):
    """A request object."""
    made = {"method": method, "params": list(params), "id": id_}
    return {"jsonrpc": version, **made} if version == "2.0" else made


class JsonSession:
    """A login on a connection of its own."""

    def __init__(self, server, user="root", password=""):
        self.wire = Wire(server.port)
        self.ref = self.result("session.login_with_password", user, password)

    def result(self, method, *params):
        """Without the session."""
        reply = json.loads(ask(self.wire, request(method, *params)).body)
        if "error" in reply:
            raise Failure(reply["error"]["message"], reply["error"]["data"])
        return reply["result"]

    def call(self, method, *params):
        return self.result(method, self.ref, *params)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wire.close()
