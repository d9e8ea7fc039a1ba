# SPDX-License-Identifier: LGPL-2.1-or-later
"""manual.py – the manual pages: their lists are what the programs print now, and mandoc takes them."""
import os
import shutil
import subprocess

from lib.tap import diag, done, is_, ok, skip, skip_all

xenapid, top = os.environ.get("XENAPID"), os.environ["TOP_SRCDIR"]
if not xenapid or not os.environ.get("XM"):
    skip_all("no xenapid and xm to test (XENAPID, XM)")


def printed(page):
    return subprocess.run([os.path.join(top, "tools/manual"), page], cwd=os.path.dirname(xenapid), check=True,
                          capture_output=True, text=True).stdout


for name, part in (("xm.1", r"\fBmem\-set\fR DOMAIN MEMORY"), ("xenapid.8", r"\fB\-\-listen\fR URI"),
                   ("xenapid.conf.5", r"\fBmax\-connections\fR = 1000")):
    path = os.path.join(top, "docs/man", name)
    with open(path, encoding="utf-8") as file:
        kept = file.read()
    if not ok(printed(path) == kept, f"docs/man/{name} is current"):
        diag("run `make docs`")
    ok(part in kept, f"{name} has the rows of the table")
    if not shutil.which("mandoc"):
        skip("mandoc is not installed")
        continue
    # not its opinion of lines that are longer than 80: they are sentences of a table
    lint = subprocess.run(["mandoc", "-Tlint", "-W", "warning", path], capture_output=True, text=True, check=False)
    is_((lint.returncode, lint.stdout), (0, ""), f"mandoc takes {name}")
done()
