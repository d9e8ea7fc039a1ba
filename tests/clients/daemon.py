# SPDX-License-Identifier: LGPL-2.1-or-later
"""daemon.py – the daemon that other people's clients are tested with: root signs in with "secret" over TCP, TLS and a Unix socket."""
from lib.server import Server

USER, PASSWORD = "root", "secret"


class Daemon(Server):
    """http, https and unix are its addresses, certificate what a client of https has to trust."""

    def __init__(self):
        super().__init__(users={USER: PASSWORD}, settings={"login-delay": "1ms"}, start=False)
        self.listen.append("https://127.0.0.1:0")
        self.certificate = self.certify()
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    @property
    def https(self):
        return self._of_kind("https:")
