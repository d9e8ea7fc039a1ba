#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""python_xmlrpc.py – a VM's life through Python's own xmlrpc.client, as a script does it."""
import http.client
import os
import xmlrpc.client

from clients.daemon import PASSWORD, USER, Daemon
from clients.follow import follow
from clients.life import live
from lib.rpc import proxy
from lib.tap import done, is_


class Failed(Exception):
    pass


def value(reply):
    if reply["Status"] != "Success":
        raise Failed(reply["ErrorDescription"][0])
    return reply["Value"]


def signed_in(address):
    """What calls a method behind a new session, on a connection of its own."""
    server = proxy(address)
    session = value(server.session.login_with_password(USER, PASSWORD))
    return lambda method, *arguments: value(getattr(server, method)(session, *arguments))


def try_address(daemon, name):
    call = signed_in(getattr(daemon, name))
    live(call, str, name)
    follow(daemon, lambda: signed_in(getattr(daemon, name)),
           (Failed, OSError, http.client.HTTPException, xmlrpc.client.ProtocolError), name)
    # The daemon has been killed meanwhile.
    call = signed_in(getattr(daemon, name))
    is_(call("session.logout"), "", f"{name}: signing out")


with Daemon() as shared:
    os.environ["SSL_CERT_FILE"] = shared.certificate
    with xmlrpc.client.ServerProxy(shared.http) as plain:
        is_(plain.session.login_with_password(USER, "x")["ErrorDescription"][0], "SESSION_AUTHENTICATION_FAILED",
            "a wrong password")
    for kind in ("http", "https", "unix"):
        try_address(shared, kind)
done()
