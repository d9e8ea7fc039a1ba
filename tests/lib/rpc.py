# SPDX-License-Identifier: LGPL-2.1-or-later
"""rpc.py – XML-RPC as tests speak it: over TCP and the Unix socket, failures as exceptions."""
import http.client
import socket
import xmlrpc.client


class Failure(Exception):
    """The server said Status=Failure: code, and its parameters."""

    def __init__(self, code, params):
        super().__init__(code, params)
        self.code = code
        self.params = params

    def __str__(self):
        return f"{self.code} {self.params}"


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path, timeout=60):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path):
        super().__init__()
        self.path = path

    def make_connection(self, host):
        if not self._connection[1]:
            self._connection = host, UnixConnection(self.path)
        return self._connection[1]


def proxy(address):
    """The plain xmlrpc.client.ServerProxy of a URI that the server printed."""
    if address.startswith("unix:"):
        transport = UnixTransport(address[len("unix:"):])
        return xmlrpc.client.ServerProxy("http://localhost/", transport, allow_none=True)
    return xmlrpc.client.ServerProxy(address, allow_none=True)


def value(reply):
    """The Value of a reply; raises Failure."""
    if reply["Status"] != "Success":
        raise Failure(reply["ErrorDescription"][0], reply["ErrorDescription"][1:])
    return reply["Value"]


class Names:
    """session.VM.get_all(): the names after the first dot."""

    def __init__(self, session, name):
        self._session = session
        self._name = name

    def __getattr__(self, name):
        return Names(self._session, f"{self._name}.{name}")

    def __call__(self, *arguments):
        return self._session.call(self._name, *arguments)


class Session:
    """A login on a connection of its own: session.VM.get_record(ref) is its Value, or raises Failure.

    session.ref is the reference of the session, session.rpc the plain proxy below it.
    """

    def __init__(self, address, user="root", password="", *more):
        self.rpc = proxy(address)
        self.ref = value(self.rpc.session.login_with_password(user, password, *more))

    def call(self, method, *arguments):
        return value(getattr(self.rpc, method)(self.ref, *arguments))

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Names(self, name)

    def close(self):
        """Drops the connection; the session stays."""
        self.rpc("close")()

    def logout(self):
        self.call("session.logout")
        self.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
