#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_copies.py – copies and templates in xm, against a real daemon."""
from lib.host import Host
from lib.server import program
from lib.tap import done, is_, skip_all
from lib.xm import program as xm_program
from lib.xm import run


def xm(host, *arguments):
    return run(*arguments, server="unix:" + host.server.path("socket"))


def test_templates(host):
    status, uuid, _ = xm(host, "clone", "demo", "copy")
    is_((status, uuid.strip()), (0, host.session.VM.get_uuid(host.session.VM.get_by_name_label("copy")[0])), "clone")
    is_(xm(host, "clone", "demo", "")[0], 2, "a name can not be empty")
    is_(xm(host, "template-list")[1], f"{'UUID':36}  Memory VCPUs Name\n", "there is no template")
    is_(xm(host, "template-make", "copy"), (0, "", ""), "template-make")
    is_(xm(host, "template-list")[1].splitlines()[1], f"{uuid.strip()}     512     4 copy", "template-list")
    status, made, _ = xm(host, "clone", "copy", "fresh")
    is_(status, 0, "a clone of a template")
    fresh = host.session.VM.get_by_uuid(made.strip())
    is_(host.session.VM.get_is_a_template(fresh), False, "is a domain")
    is_(xm(host, "start", "fresh"), (0, "", ""), "that starts")
    is_(xm(host, "clone", "fresh", "x")[2], "Error: fresh is Running; it must be Halted for this (VM_BAD_POWER_STATE)\n"
        "  xm shutdown fresh (VM.clean_shutdown) makes it Halted; if it is a setting, it can wait for the next start: xm set --next-boot (VM.update)\n", "a running one is not copied")


def main():
    if not program() or not xm_program():
        skip_all("XENAPID and XM name no programs")
    with Host(metrics_interval="24h") as host:
        host.add(name_label="demo")
        test_templates(host)
    done()


main()
