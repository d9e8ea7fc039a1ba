# SPDX-License-Identifier: LGPL-2.1-or-later
"""lvm.py – a volume group on a loop device, made with the real LVM tools.

Where the kernel has no device mapper the tools still keep the group; only what activating a volume would make is then a loop device
of its own behind the same name in /dev, full of what was on the disk before.

    with VolumeGroup(folder) as group:
        Host(environment=group.environment)
        group.lvm("lvs", group.name)
"""
import os
import shutil
import subprocess
import sys
import uuid

TOOLS = ("lvs", "vgs", "lvcreate", "lvchange", "lvextend", "lvremove")
CONFIGURATION = """devices {{ dir="/dev" scan=["/dev"] use_devicesfile=0 filter=["a|^{device}$|", "r|.*|"] }}
activation {{ udev_sync=0 udev_rules=0 }}
backup {{ backup=0 archive=0 }}
"""
WITHOUT_DEVICES = """#!{python}
import os, re, subprocess, sys
name, arguments = os.path.basename(sys.argv[0]), sys.argv[1:]
group, places = {group!r}, {places!r}
def run(program, *arguments):
    return subprocess.run([program, "--driverloaded", "n", *arguments], env={{**os.environ, "PATH": {path!r}}},
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
if name == "lvcreate":
    arguments[arguments.index("--activate") + 1] = "n"
    arguments += ["--zero", "n", "--wipesignatures", "n"]
done = run(name, *arguments)
sys.stderr.write("".join(line for line in done.stderr.splitlines(True) if "Activation disabled" not in line))
sys.stdout.write(re.sub(r'("lv_attr":"....)[-X]', r'\\1a', done.stdout))
if done.returncode == 0 and name not in ("lvs", "vgs"):
    sizes = run("lvs", "--noheadings", "--nosuffix", "--units", "b", "--options", "lv_name,lv_size", group).stdout.split()
    sizes = dict(zip(sizes[::2], map(int, sizes[1::2])))
    os.makedirs("/dev/" + group, exist_ok=True)
    for volume, size in sizes.items():
        with open(os.path.join(places, volume), "ab") as file:
            file.write(b"\\xff" * (size - file.tell()))
        link = f"/dev/{{group}}/{{volume}}"
        if os.path.lexists(link):
            subprocess.run(["/sbin/losetup", "--set-capacity", os.readlink(link)], check=True)
        else:
            os.symlink(subprocess.run(["/sbin/losetup", "--find", "--show", os.path.join(places, volume)], check=True,
                                      stdout=subprocess.PIPE, text=True).stdout.strip(), link)
    for volume in set(os.listdir(places)) - set(sizes):
        link = f"/dev/{{group}}/{{volume}}"
        subprocess.run(["/sbin/losetup", "--detach", os.readlink(link)], check=True)
        os.unlink(link)
        os.unlink(os.path.join(places, volume))
sys.exit(done.returncode)
"""


class Unavailable(Exception):
    """There can be no loop device here: a container without rights, say."""


def missing():
    """Why there can be none here, or None."""
    if os.geteuid() != 0:
        return "a volume group is root's to make"
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    for tool in (*TOOLS, "losetup"):
        if not shutil.which(tool, path=path):
            return f"{tool} is not installed"
    return None


class VolumeGroup:
    """name, size in bytes, environment for whoever is to use it; kernel: whether volumes are real devices."""

    def __init__(self, folder, mib=64):
        self.name = "xenapid-test-" + uuid.uuid4().hex[:8]
        self.folder = folder
        self.device = None
        self.kernel = self._has_device_mapper()
        self.environment = {"LVM_SYSTEM_DIR": folder, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
        with open(os.path.join(folder, "disk"), "wb") as file:
            file.truncate(mib << 20)

    @staticmethod
    def _has_device_mapper():
        return subprocess.run(["dmsetup", "version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0

    def __enter__(self):
        made = subprocess.run(["losetup", "--find", "--show", os.path.join(self.folder, "disk")], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if made.returncode:
            raise Unavailable(made.stderr.strip())
        self.device = made.stdout.strip()
        try:
            with open(os.path.join(self.folder, "lvm.conf"), "w", encoding="utf-8") as file:
                file.write(CONFIGURATION.format(device=self.device))
            self._real("pvcreate", "--quiet", self.device)
            self._real("vgcreate", "--quiet", self.name, self.device)
            if not self.kernel:
                self._write_tools()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _real(self, *arguments):
        option = [] if self.kernel else ["--driverloaded", "n"]
        subprocess.run([arguments[0], *option, *arguments[1:]], check=True, env={**os.environ, **self.environment}, close_fds=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _write_tools(self):
        tools, places = os.path.join(self.folder, "tools"), os.path.join(self.folder, "volumes")
        os.mkdir(tools)
        os.mkdir(places)
        text = WITHOUT_DEVICES.format(python=sys.executable, group=self.name, places=places, path=self.environment["PATH"])
        for name in TOOLS:
            path = os.path.join(tools, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(path, 0o755)
        self.environment["PATH"] = tools + ":" + self.environment["PATH"]

    def lvm(self, *arguments):
        """What a tool says; as the daemon would run it."""
        return subprocess.run(arguments, check=True, env={**os.environ, **self.environment}, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True).stdout

    def tags(self):
        """Name of each volume to its tags."""
        rows = self.lvm("lvs", "--noheadings", "--separator", ";", "--options", "lv_name,lv_tags", self.name).split()
        return {name: tags for name, tags in (row.split(";") for row in rows)}

    def path(self, volume):
        return f"/dev/{self.name}/{volume}"

    def __exit__(self, *_):
        for arguments in (["vgremove", "--force", "--force", "--yes", self.name], ["pvremove", self.device]):
            try:
                self._real(*arguments)
            except (OSError, subprocess.CalledProcessError):
                pass
        links = f"/dev/{self.name}"
        for name in [] if self.kernel or not os.path.isdir(links) else os.listdir(links):
            subprocess.run(["losetup", "--detach", os.readlink(os.path.join(links, name))], check=False)
        subprocess.run(["losetup", "--detach", self.device], check=False)
        shutil.rmtree(f"/dev/{self.name}", ignore_errors=True)
