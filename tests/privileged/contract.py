#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""contract.py – the contract test of adapters, by way of a privileged process."""
import os

from lib.tap import skip_all

test = os.path.join(os.path.dirname(os.environ.get("XENAPID", "")), "tests/hypervisor/test_contract")
if not os.access(test, os.X_OK):
    skip_all(f"{test} is not built")
os.execv(test, [test, "privileged"])
