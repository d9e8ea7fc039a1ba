# SPDX-License-Identifier: LGPL-2.1-or-later
"""install.py – what make install installs and removes again, and that systemd takes its files."""
import os
import re
import shutil
import subprocess
import tempfile

from lib.tap import diag, done, is_, ok, skip, skip_all

xenapid, top = os.environ.get("XENAPID"), os.environ["TOP_SRCDIR"]
if not xenapid or not os.path.exists(os.path.join(os.path.dirname(xenapid), "Makefile")):
    skip_all("not in a build folder (XENAPID)")
BUILD = os.path.dirname(xenapid)
PREFIX = ["prefix=/usr", "sysconfdir=/etc", "systemdsystemunitdir=/lib/systemd/system", "openrcdir=/etc/init.d"]
ALWAYS = {"etc/xenapid/xenapid.conf", "usr/bin/xm", "usr/sbin/xenapid", "usr/sbin/xenapid-privileged", "usr/share/bash-completion/completions/xm",
          "usr/share/man/man1/xm.1", "usr/share/man/man5/xenapid.conf.5", "usr/share/man/man8/xenapid.8", "usr/share/man/man8/xenapid-privileged.8",
          "usr/share/zsh/site-functions/_xm"}
SYSTEMD = {"lib/systemd/system/xenapid-guests.service", "lib/systemd/system/xenapid-privileged.service", "lib/systemd/system/xenapid.service", "lib/systemd/system/xenapid.socket", "usr/lib/sysusers.d/xenapid.conf",
           "usr/lib/tmpfiles.d/xenapid.conf", "usr/share/xenapid/unprivileged.conf"}
# How much xenapid.service is exposed, by systemd's count, times ten; docs/install.md says it too.
EXPOSURE = 72
EXPOSURE_UNPRIVILEGED = 14


def page_files():
    with open(os.path.join(top, "server/http/page_files.def"), encoding="utf-8") as file:
        return re.findall(r'^PAGE_FILE\("(.*)"\)', file.read(), re.M)


def make(target, folder):
    environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "DESTDIR")}
    result = subprocess.run(["make", "-s", target, "DESTDIR=" + folder, *PREFIX], cwd=BUILD, env=environment,
                            capture_output=True, text=True, check=False)
    if result.returncode:
        diag(result.stdout[-2000:] + result.stderr[-2000:])
    return result.returncode


def files(folder):
    return {os.path.relpath(os.path.join(where, name), folder) for where, _, names in os.walk(folder) for name in names}


def has_units():
    with open(os.path.join(BUILD, "Makefile"), encoding="utf-8") as file:
        return "\nsystemdsystemunitdir = no\n" not in file.read()


def exposure(root, threshold):
    """Of xenapid.service there, or None where this systemd-analyze cannot judge units that are not loaded."""
    result = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--threshold={threshold}", f"--root={root}", "xenapid.service"],
                            capture_output=True, text=True, check=False)
    found = re.search(r"exposure level for \S+: ([\d.]+)", result.stdout)
    return found and found.group(1)


def test_units(folder):
    if not shutil.which("systemd-analyze"):
        skip("systemd-analyze is not installed")
        return
    alone = exposure(folder, EXPOSURE)
    if not alone:
        skip("this systemd-analyze cannot judge units that are not loaded")
        return
    drop_in = os.path.join(folder, "etc/systemd/system/xenapid.service.d")
    os.makedirs(drop_in)
    shutil.copy(os.path.join(folder, "usr/share/xenapid/unprivileged.conf"), drop_in)
    unprivileged = exposure(folder, EXPOSURE)
    shutil.rmtree(os.path.join(folder, "etc/systemd"))
    is_([alone, unprivileged], [str(EXPOSURE / 10), str(EXPOSURE_UNPRIVILEGED / 10)], "xenapid.service is as exposed as docs/install.md says")
    with open(os.path.join(top, "docs/install.md"), encoding="utf-8") as file:
        text = file.read()
    ok(f"rates xenapid.service {EXPOSURE / 10} of 10" in text and f"it rates {EXPOSURE_UNPRIVILEGED / 10}" in text, "which it does")


with tempfile.TemporaryDirectory() as scratch:
    is_(make("install", scratch), 0, "make install")
    expected = ALWAYS | {"usr/share/xenapid/page/" + name for name in page_files()} | (SYSTEMD if has_units() else set())
    is_(files(scratch) - {"etc/init.d/xenapid"}, expected, "what is installed")
    program, config = (os.path.join(scratch, name) for name in ("usr/sbin/xenapid", "etc/xenapid/xenapid.conf"))
    checked = subprocess.run([program, "--config", config, "--check-config"], capture_output=True, text=True, check=False)
    is_((checked.returncode, checked.stdout, checked.stderr), (0, "configuration is fine\n", ""), "the sample is a configuration")
    for shell, script in (("bash", "usr/share/bash-completion/completions/xm"), ("sh", "etc/init.d/xenapid")):
        path = os.path.join(scratch, script)
        if os.path.exists(path):
            is_(subprocess.run([shell, "-n", path], check=False).returncode, 0, f"{shell} takes {script}")
    if has_units():
        test_units(scratch)
    is_(make("uninstall", scratch), 0, "make uninstall")
    is_(files(scratch), set(), "leaves no file")
done()
