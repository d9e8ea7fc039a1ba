# SPDX-License-Identifier: LGPL-2.1-or-later
"""api_reference.py – docs/api-reference.md, live-and-next-boot.md and errors.md are what the program prints now."""
import difflib
import os
import subprocess

from lib.tap import diag, done, ok, skip_all

xenapid = os.environ.get("XENAPID")
if not xenapid:
    skip_all("no xenapid to test (XENAPID)")
for form, name in (("markdown", "api-reference.md"), ("running", "live-and-next-boot.md"), ("errors", "errors.md")):
    printed = subprocess.run([xenapid, "--print-api", form], check=True, capture_output=True, text=True).stdout
    with open(os.path.join(os.environ["TOP_SRCDIR"], "docs", name), encoding="utf-8") as file:
        kept = file.read()
    if not ok(kept == printed, f"docs/{name} is current"):
        diag("run `make docs`; it differs in\n" + "\n".join(list(difflib.unified_diff(
            kept.splitlines(), printed.splitlines(), "kept", "printed", lineterm="", n=0))[:20]))
done()
