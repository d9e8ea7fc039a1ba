#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""debian_xenapi.py – a VM's life through XenAPI.py, as Debian's python3-os-xenapi has it.

Its transport for Unix sockets is one for Python 2; python_xmlrpc.py tests those.
"""
import http.client
import os
import xmlrpc.client

from os_xenapi.client import XenAPI

from clients.daemon import PASSWORD, USER, Daemon
from clients.follow import follow
from clients.life import live
from lib.tap import done, is_, raises


def code_of(error):
    return error.details[0]


def caller(session):
    """from is a word of Python's: who uses this client writes event_from."""
    return lambda method, *arguments: getattr(session.xenapi, method.replace("event.from", "event_from"))(*arguments)


def signed_in(address):
    session = XenAPI.Session(address)
    session.login_with_password(USER, PASSWORD, "2.1", "os-xenapi")
    return session


def try_address(daemon, name):
    session = signed_in(getattr(daemon, name))
    host = session.xenapi.session.get_this_host(session.handle)
    is_(session.xenapi.pool.get_master(session.xenapi.pool.get_all()[0]), host, f"{name}: the host is the pool's master")
    is_(session.API_version, "2.21", f"{name}: the version of the API")
    live(caller(session), code_of, name)
    follow(daemon, lambda: caller(signed_in(getattr(daemon, name))),
           (XenAPI.Failure, OSError, http.client.HTTPException, xmlrpc.client.Error), name)
    session("close")()  # Python does not see that a TLS connection is dead
    is_(len(session.xenapi.pool.get_all()), 1, f"{name}: after kill -9 it signs in again by itself")
    session.xenapi.session.logout()


with Daemon() as shared:
    os.environ["SSL_CERT_FILE"] = shared.certificate
    wrong = raises(XenAPI.Failure, lambda: XenAPI.Session(shared.http).login_with_password(USER, "x"), "a wrong password")
    is_(code_of(wrong), "SESSION_AUTHENTICATION_FAILED", "is said")
    for kind in ("http", "https"):
        try_address(shared, kind)
done()
