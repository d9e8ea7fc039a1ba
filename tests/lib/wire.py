# SPDX-License-Identifier: LGPL-2.1-or-later
"""wire.py – HTTP byte by byte, for what no client library would do."""
import socket
import xmlrpc.client


def call(method, *parameters):
    """The bytes of a methodCall."""
    return xmlrpc.client.dumps(parameters, method).encode()


def post(body, path="/", version="1.1", headers=(), length=True):
    """The bytes of a whole request."""
    lines = [f"POST {path} HTTP/{version}", *headers]
    if not any(line.lower().startswith("host:") for line in headers):
        lines.append("Host: localhost")
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class Reply:
    """status, headers (names in lower case), body; text is the body as text."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self):
        return self.body.decode()

    @property
    def value(self):
        """The Value of an XML-RPC reply."""
        return xmlrpc.client.loads(self.body)[0][0]["Value"]


class Wire:
    """One connection to a port of this machine, or to a Unix socket's path."""

    def __init__(self, where, timeout=20, host="127.0.0.1", source=None):
        if isinstance(where, int):
            self.socket = socket.create_connection((host, where), timeout,
                                                   (source, 0) if source else None)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(where)
        self.rest = b""

    def send(self, data):
        self.socket.sendall(data)
        return self

    def _more(self):
        piece = self.socket.recv(65536)
        self.rest += piece
        return bool(piece)

    def head(self):
        """The status line and the headers of the next reply; None when the connection is closed instead."""
        while b"\r\n\r\n" not in self.rest:
            if not self._more():
                return None
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, text = line.partition(":")
            headers[name.lower()] = text.strip()
        return Reply(int(lines[0].split()[1]), headers, b"")

    def reply(self, has_body=True):
        """The next reply; None when the connection is closed instead."""
        try:
            reply = self.head()
            length = int(reply.headers.get("content-length", 0)) if reply and has_body else 0
            while len(self.rest) < length:
                if not self._more():
                    return None
        except (ConnectionResetError, BrokenPipeError):
            return None
        if reply:
            reply.body, self.rest = self.rest[:length], self.rest[length:]
        return reply

    def ask(self, data, has_body=True):
        return self.send(data).reply(has_body)

    def is_closed(self):
        """Waits until the server closes it; False when something else comes, or nothing until the timeout."""
        try:
            return not self.rest and self.socket.recv(1) == b""
        except (ConnectionResetError, BrokenPipeError):
            return True
        except socket.timeout:
            return False

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
