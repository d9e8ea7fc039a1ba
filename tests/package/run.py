# SPDX-License-Identifier: LGPL-2.1-or-later
"""run.py – Debian's packages in a bare bookworm: built, looked at by lintian, installed, run with the simulator, upgraded with
data, removed, purged, under a systemd of their own. make check-package runs it, as root; it takes some minutes and a mirror.

XENAPID_PACKAGE_FOLDER has the chroots and the packages. XENAPID_PACKAGE_BUILT=yes takes the packages of the last run.
"""
import os
import re
import shutil
import subprocess
import sys
import time

from lib.tap import diag, done, has, is_, ok, skip_all, subtest

TOP, FOLDER = os.environ["TOP_SRCDIR"], os.path.abspath(os.environ.get("XENAPID_PACKAGE_FOLDER", "package"))
BASE, BUILDER, HOST, PACKAGES = (os.path.join(FOLDER, name) for name in ("base", "builder", "host", "packages"))
SUITE = "bookworm"
STATE = "/var/lib/xenapid"
# A version without one field of VM: the next one has to upgrade the database.
OLDER = "0.0.9"
FIELD_OF_THE_NEXT = "reference_label"
GUEST = 'name = "web"\nkernel = "/boot/vmlinuz"\nmemory = 512\nvcpus = 2\n'
UNIT = """[Service]
ExecStart=
ExecStart=/usr/sbin/xenapid --hypervisor simulator:/var/lib/simulated-host
"""


def run(*command, check=True, **more):
    """The finished process; what it said is shown when it must not fail and does."""
    result = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    if check and result.returncode:
        raise RuntimeError(f"{command}: {result.returncode}\n{result.stdout[-3000:]}{result.stderr[-3000:]}")
    return result


def write(root, path, text):
    path = root + path
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def chroot(root, script, **more):
    return run("chroot", root, "sh", "-ec", script, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                                                         "DEBIAN_FRONTEND": "noninteractive"}, **more)


def make_base():
    if not os.path.exists(BASE + "/usr/bin/apt-get"):
        run("debootstrap", "--variant=minbase", SUITE, BASE)


def copy_base(root, packages):
    """A copy of the bare system with some more packages."""
    if os.path.exists(root + "/.made"):
        return
    shutil.rmtree(root, ignore_errors=True)
    run("cp", "-a", BASE, root)
    shutil.copy("/etc/resolv.conf", root + "/etc/resolv.conf")
    # nothing is started in a chroot
    write(root, "/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n")
    os.chmod(root + "/usr/sbin/policy-rc.d", 0o755)
    chroot(root, f"apt-get update -q; apt-get install -y -q --no-install-recommends {packages}")
    os.unlink(root + "/usr/sbin/policy-rc.d")
    write(root, "/.made", "")


def unpack_sources():
    shutil.rmtree(BUILDER + "/build", ignore_errors=True)
    os.makedirs(BUILDER + "/build/xenapid")
    names = run(os.path.join(TOP, "tools/sources"), cwd=TOP).stdout
    run("tar", "--create", "--file=" + BUILDER + "/build/sources.tar", "--files-from=-", cwd=TOP, input=names)
    run("tar", "--extract", "--file=" + BUILDER + "/build/sources.tar", "--directory=" + BUILDER + "/build/xenapid")


def edit(path, pattern, text):
    with open(path, encoding="utf-8") as file:
        before = file.read()
    after, count = re.subn(pattern, text, before, count=1, flags=re.M)
    assert count == 1, (path, pattern)
    with open(path, "w", encoding="utf-8") as file:
        file.write(after)


def version():
    with open(TOP + "/debian/changelog", encoding="utf-8") as file:
        return re.match(r"xenapid \((.*?)\)", file.readline()).group(1)


def build(options):
    result = chroot(BUILDER, f"cd /build/xenapid; DEB_BUILD_OPTIONS='{options}' dpkg-buildpackage -us -uc -b", check=False)
    if not ok(result.returncode == 0, f"dpkg-buildpackage with {options}"):
        diag((result.stdout + result.stderr)[-3000:])
        done()


def build_older():
    unpack_sources()
    tree = BUILDER + "/build/xenapid"
    edit(tree + "/debian/changelog", r"\(.*?\)", f"({OLDER})")
    edit(tree + "/schema/VM.def", rf"^FIELD\(VM, {FIELD_OF_THE_NEXT},.*\n", "")
    build_packages("nocheck parallel=2")


def build_packages(options):
    build(options)
    os.makedirs(PACKAGES, exist_ok=True)
    for name in os.listdir(BUILDER + "/build"):
        if name.endswith(".deb"):
            shutil.copy(os.path.join(BUILDER, "build", name), PACKAGES)


def test_lintian():
    result = chroot(BUILDER, "cd /build; lintian --allow-root --display-info --pedantic --show-overrides *.changes", check=False)
    report = os.path.join(FOLDER, "lintian.txt")
    with open(report, "w", encoding="utf-8") as file:
        file.write(result.stdout + result.stderr)
    serious = [line for line in result.stdout.splitlines() if re.match("[EW]:", line)]
    is_(serious, [], "lintian finds neither errors nor warnings")
    diag(result.stdout)


class Machine:
    """The host, booted, without a network."""

    def __enter__(self):
        self.log = open(os.path.join(FOLDER, "console.log"), "a", encoding="utf-8")
        environment = dict(os.environ, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY="1")
        self.process = subprocess.Popen(
            ["systemd-nspawn", "--directory=" + HOST, "--register=no", "--keep-unit", "--private-network", "--boot"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=environment)
        self.leader = None
        self.wait(lambda: self.find_leader() and self("systemctl is-system-running --wait", check=False).stdout.strip()
                  in ("running", "degraded"), "boots")
        return self

    def find_leader(self):
        found = run("pgrep", "--parent", str(self.process.pid), check=False).stdout.split()
        self.leader = found[0] if found else None
        return self.leader

    def wait(self, condition, what):
        for _ in range(1200):
            if condition():
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"the machine does not get so far: {what}")

    def __call__(self, script, check=True, **more):
        return run("nsenter", "--target", self.leader, "--all", "--root", "env", "-i",
                   "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive",
                   "sh", "-ec", "cd /; " + script, check=check, **more)

    def says(self, script):
        return self(script, check=False).stdout.strip()

    def state(self, unit="xenapid.service"):
        return self.says(f"systemctl is-active {unit}")

    def pid(self):
        return self.says("systemctl show --property=MainPID --value xenapid.service")

    def guest(self):
        """State and domain of web."""
        return self.says("xm domid web"), self.says("xm list --state=running web | tail -n 1 | cut -d' ' -f1")

    def shut_down(self):
        self("systemctl poweroff", check=False)
        self.process.wait(timeout=300)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()  # SIGTERM has its init shut down
            self.process.wait(timeout=300)
        self.log.close()


def test_install(machine, packages):
    write(HOST, "/etc/systemd/system/xenapid.service.d/simulator.conf", UNIT)
    machine(f"apt-get install -y -q ./packages/xenapid_{OLDER}_{packages}.deb ./packages/xm_{OLDER}_{packages}.deb")
    is_((machine.state(), machine.state("xenapid.socket")), ("active", "active"), "the service runs once it is installed")
    is_(machine.says("systemctl is-enabled xenapid.service xenapid.socket"), "enabled\nenabled", "and starts with the host")
    has(machine.says("xm list"), "Domain-0", "root needs no password")
    is_(machine.says(f"stat -c %a {STATE} {STATE}/xenapid.db"), "700\n600", "the database is root's only")
    is_(machine.says("stat -c '%G %a' /run/xenapid/xenapid.sock"), "xenapid 660", "the socket is for root and the group xenapid")
    status = machine.says(f"cat /proc/{machine.pid()}/status")
    ok("NoNewPrivs:\t1" in status and "Seccomp:\t2" in status, "the sandbox is there")
    machine("xm new - && xm start web && xm set web other_config.kept=yes", input=GUEST)
    is_(machine.guest(), ("1", "web"), "a guest runs")
    is_(machine.says("man -w xm 2>/dev/null || ls /usr/share/man/man1/xm.1.gz"), "/usr/share/man/man1/xm.1.gz", "the manual is there")


def test_upgrade(machine, packages):
    before = machine.pid()
    machine(f"apt-get install -y -q ./packages/xenapid_{version()}_{packages}.deb ./packages/xm_{version()}_{packages}.deb")
    is_((machine.state(), machine.state("xenapid.socket")), ("active", "active"), "an upgrade restarts the service")
    ok(machine.pid() != before, "it is another process")
    has(machine.says("xenapid --version"), version(), "of the new version")
    is_(machine.guest(), ("1", "web"), "the guest has gone on")
    has(machine.says("xm list --json web"), FIELD_OF_THE_NEXT, "the database was upgraded")
    has(machine.says("xm list --json web"), '"kept":"yes"', "with what was in it")
    is_(len(machine.says(f"ls -d {STATE}/xenapid.db.before-upgrade-*").splitlines()), 1, "after a copy")
    has(machine.says("journalctl -u xenapid.service"), "upgrading it, after a copy", "which the journal says")
    is_(machine.says("dpkg --audit"), "", "dpkg is content")


def test_remove(machine, packages):
    simulated = machine.says("cat /var/lib/simulated-host")
    machine("apt-get remove -y -q xenapid")
    ok(machine.state() != "active", "remove stops it")
    is_(machine.says("pgrep -x xenapid"), "", "nothing is left of it")
    is_(machine.says(f"ls {STATE}/xenapid.db"), f"{STATE}/xenapid.db", "the database stays")
    is_(machine.says("cat /var/lib/simulated-host"), simulated, "the guest goes on")
    machine(f"apt-get install -y -q ./packages/xenapid_{version()}_{packages}.deb")
    is_(machine.guest(), ("1", "web"), "and is there when it is installed again")


def test_guests(machine, packages):
    is_((machine.says("systemctl is-enabled xenapid-guests"), machine.state("xenapid-guests")), ("enabled", "inactive"),
        "the unit of guests counts from the next boot on")
    machine("xm set web auto_power_on=true && systemctl start xenapid-guests")
    is_(machine.guest(), ("1", "web"), "or when it is started")
    machine(f"apt-get install -y -q --reinstall ./packages/xenapid_{version()}_{packages}.deb && systemctl restart xenapid")
    is_((machine.guest(), machine.state("xenapid-guests")), (("1", "web"), "active"), "neither installation nor restart stop a guest")
    machine.shut_down()
    ok("web" not in open(HOST + "/var/lib/simulated-host", encoding="utf-8").read(), "the shutdown of the host shuts it down")


def test_boot(machine):
    is_(machine.state("xenapid-guests"), "active", "the unit has run")
    is_(machine.says("xm list --state=running web | tail -n 1 | cut -d' ' -f1"), "web", "the host's start starts the guest")
    has(machine.says("xm autostart"), "started", "which xm autostart shows")
    journal = machine.says("journalctl --boot=all -u xenapid.service")
    ok("web was shut down with the host" in journal and "web was started with the host" in journal, "and the journal")
    is_(machine.says("systemctl --failed --plain --no-legend | grep xenapid"), "", "no unit has failed")


def test_purge(machine):
    machine(f"mkdir -p {STATE}/sr && touch {STATE}/sr/disk.img")
    said = machine("apt-get purge -y -q xenapid").stdout
    is_(machine.says(f"find {STATE} -type f"), f"{STATE}/sr/disk.img", "purge leaves images of disks, nothing else")
    has(said, "stays", "and says so")
    is_(machine.says("ls -d /etc/xenapid /etc/pam.d/xenapid 2>/dev/null"), "", "the configuration is gone")
    is_(machine.says("dpkg -l xenapid 2>/dev/null | grep ^.i"), "", "so is the package")


if os.getuid() != 0:
    skip_all("this is for root")
for tool in ("debootstrap", "systemd-nspawn", "nsenter"):
    if not shutil.which(tool):
        skip_all(f"{tool} is not installed (debootstrap, systemd-container)")
os.makedirs(FOLDER, exist_ok=True)
make_base()
control = open(TOP + "/debian/control", encoding="utf-8").read()
needed = re.search(r"^Build-Depends: (.*(?:\n .*)*)", control, re.M).group(1)
needed = " ".join(re.sub(r"\(.*?\)", "", one).strip() for one in needed.split(","))
copy_base(BUILDER, "build-essential fakeroot lintian " + needed.replace("debhelper-compat", "debhelper").replace(
    "dh-sequence-installsysusers", ""))
shutil.rmtree(HOST, ignore_errors=True)
copy_base(HOST, "systemd-sysv dbus procps")
if os.environ.get("XENAPID_PACKAGE_BUILT") != "yes":
    shutil.rmtree(PACKAGES, ignore_errors=True)
    build_older()
    unpack_sources()
    build_packages(os.environ.get("XENAPID_PACKAGE_OPTIONS", "parallel=2"))
    test_lintian()
architecture = chroot(BUILDER, "dpkg --print-architecture").stdout.strip()
run("cp", "-r", PACKAGES, HOST + "/packages")
chroot(HOST, f"apt-get install -y -q --download-only ./packages/xenapid_{OLDER}_{architecture}.deb ./packages/xm_{OLDER}_{architecture}.deb")
with Machine() as booted:
    subtest(lambda: test_install(booted, architecture), "install")
    subtest(lambda: test_upgrade(booted, architecture), "upgrade with data")
    subtest(lambda: test_remove(booted, architecture), "remove")
    subtest(lambda: test_guests(booted, architecture), "guests, and the shutdown of the host")
with Machine() as booted:
    subtest(lambda: test_boot(booted), "the next boot")
    subtest(lambda: test_purge(booted), "purge")
sys.stdout.flush()
done()
