# SPDX-License-Identifier: LGPL-2.1-or-later
"""contract.py – point 9: the contract test of adapters, which the simulator passes in make check, passes on Xen."""
import os
import re
import shlex

from lib.tap import diag, ok
from xen.host import guest_arguments


def passes(host, kind):
    """Each result of the program is one here."""
    dom0 = host.dom0
    program = os.environ["XENAPID_CONTRACT"] if dom0.is_local else "/test/test_contract"
    words = [program, "xen", dom0.guest_folder + "/vmlinux", dom0.guest_folder + "/guest.img", guest_arguments(kind), kind]
    # in the rig /tmp is memory that is not there
    status, printed = dom0.attempt(f"TMPDIR={host.folder} {' '.join(map(shlex.quote, words))}", seconds=600)
    for line in printed.splitlines():
        found = re.match(r"(not )?ok \d+ - (.*)", line)
        if found:
            ok(not found.group(1), f"{kind}: {found.group(2)}")
        elif not line.startswith("1.."):
            diag(line.removeprefix("# "))
    ok(status == 0, f"{kind}: it ends well")


def run(host):
    passes(host, "pv")
