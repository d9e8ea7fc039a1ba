#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""python_xmlrpc.py – a VM's life through Python's own xmlrpc.client, as a script does it."""
import xmlrpc.client

from clients.life import live
from lib.server import Server
from lib.tap import done, is_


class Failed(Exception):
    pass


def value(reply):
    if reply["Status"] != "Success":
        raise Failed(reply["ErrorDescription"][0])
    return reply["Value"]


with Server(users={"root": "secret"}, settings={"login-delay": "1ms"}) as server:
    with xmlrpc.client.ServerProxy(server.http) as proxy:
        is_(proxy.session.login_with_password("root", "x")["ErrorDescription"][0], "SESSION_AUTHENTICATION_FAILED",
            "a wrong password")
        session = value(proxy.session.login_with_password("root", "secret"))
        live(lambda method, *arguments: value(getattr(proxy, method)(session, *arguments)), str)
        is_(proxy.session.logout(session), {"Status": "Success", "Value": ""}, "signing out")
done()
