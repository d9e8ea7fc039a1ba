#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""debian_xenapi.py – a VM's life through XenAPI.py, as Debian's python3-os-xenapi has it."""
from os_xenapi.client import XenAPI

from clients.life import live
from lib.server import Server
from lib.tap import done, is_, raises


def code_of(error):
    return error.details[0]


def call(session, method, *arguments):
    return getattr(session.xenapi, method)(*arguments)


with Server(users={"root": "secret"}, settings={"login-delay": "1ms"}) as server:
    session = XenAPI.Session(server.http)
    wrong = raises(XenAPI.Failure, lambda: session.login_with_password("root", "x"), "a wrong password")
    is_(code_of(wrong), "SESSION_AUTHENTICATION_FAILED", "is said")
    session.login_with_password("root", "secret", "2.1", "os-xenapi")
    host = session.xenapi.session.get_this_host(session.handle)
    is_(session.xenapi.pool.get_master(session.xenapi.pool.get_all()[0]), host, "the host is the pool's master")
    is_(session.API_version, "2.21", "the version of the API")
    live(lambda method, *arguments: call(session, method, *arguments), code_of)
    session.xenapi.session.logout()
done()
