# SPDX-License-Identifier: LGPL-2.1-or-later
"""domain0.py – Domain-0: shown as it is, changed live, never ended."""
import re

from lib.tap import diag, is_, ok
from xen.host import MIB, until

UUID = "00000000-0000-0000-0000-000000000000"
STEP = 16 * MIB


class Domain0:
    def __init__(self, host):
        self.host, self.session = host, host.session
        self.vm = self.session.VM.get_by_uuid(UUID)

    def target(self):
        return int(self.session.VM.get_memory_target(self.vm))

    def look(self):
        """What is known of it, with `kib` and `cpus` of its kernel."""
        seen = self.host.look(self.vm)
        kernel = self.host.dom0.run("cat /proc/meminfo /proc/cpuinfo")
        seen.kib = int(re.search(r"^MemTotal:\s*(\d+)", kernel, re.M).group(1))
        seen.cpus = len(re.findall(r"^processor", kernel, re.M))
        return seen

    def differences(self):
        """Between record, metrics, xl list, xenstore and the kernel."""
        seen = self.look()
        record, metrics = seen.record, self.session.VM_metrics.get_record(seen.record["metrics"])
        domid, mib, vcpus, _ = seen.listed["Domain-0"]
        target = int(record["memory_target"])
        pairs = {
            "xl's domid": (domid, int(record["domid"])),
            "xl's memory": (abs(mib - target // MIB) <= 1 or mib, True),
            "xl's vCPUs": (vcpus, int(record["VCPUs_at_startup"])),
            "xenstore's memory/target": (seen.tree.get("memory/target", str(target // 1024)), str(target // 1024)),
            "the metrics' memory": (abs(int(metrics["memory_actual"]) - target) <= MIB or metrics["memory_actual"], True),
            "the metrics' vCPUs": (int(metrics["VCPUs_number"]), vcpus),
            "the kernel's CPUs": (seen.cpus, vcpus),
        }
        return [f"{what}: {got!r}, not {want!r}" for what, (got, want) in pairs.items() if got != want]

    def agree(self, description):
        found = []

        def look():
            found[:] = self.differences()
            return not found

        until(look)
        is_(found, [], f"{description}: record, metrics, xl, xenstore and kernel agree")

    def snapshot(self):
        fields = ("memory_target", "memory_static_max", "memory_dynamic_min", "memory_dynamic_max", "VCPUs_max",
                  "VCPUs_at_startup", "power_state", "domid", "current_operations")
        seen = self.host.look(self.vm)
        memory = {key: text for key, text in seen.tree.items() if key.startswith(("memory/", "cpu/"))}
        return {f: seen.record[f] for f in fields}, memory, seen.listed["Domain-0"][:3]

    def refused(self, *calls):
        """Each of (code, method, argument…) fails with that code, and then all is as before."""
        before = self.snapshot()
        for code, method, *arguments in calls:
            error = self.host.failure(method, self.vm, *arguments)
            if not ok(isinstance(error, list) and error[0] == code, f"{method} {arguments}: {code}"):
                diag(error)
        is_(self.snapshot(), before, "after these refusals all is as before")


def resized(domain):
    first, kib = domain.target(), domain.look().kib
    for target, moved in ((first - STEP, STEP), (first, 0)):
        domain.session.VM.set_memory_target(domain.vm, str(target))
        domain.agree(f"mem-set {target // MIB}")
        is_(domain.look().kib, kib - moved // 1024, "the kernel has just so much more or less")
    domain.host.dom0.run(f"xl mem-set 0 {(first - STEP) // MIB}")
    is_(until(lambda: domain.target() < first and domain.target()), first - STEP, "what xl mem-set 0 has done is in the record")
    domain.session.VM.set_memory_target(domain.vm, str(first))
    domain.agree("after xl, which has lowered Xen's limit as well")
    is_(domain.look().kib, kib, "the kernel has what it had")


def run(host):
    domain = Domain0(host)
    domain.agree("at first")
    resized(domain)
    vcpus = int(domain.session.VM.get_VCPUs_max(domain.vm))
    domain.session.VM.set_VCPUs_number(domain.vm, str(vcpus))
    domain.agree("told to have the vCPUs that it has")
    refusals = [("OPERATION_NOT_ALLOWED", f"VM.{name}") for name in ("hard_shutdown", "clean_shutdown", "pause", "suspend", "hard_reboot")]
    domain.refused(*refusals, ("VM_BAD_POWER_STATE", "VM.destroy"),
                   ("MEMORY_CONSTRAINT_VIOLATION_ORDER", "VM.set_memory_target", str(127 * MIB)),
                   ("INVALID_VALUE", "VM.set_VCPUs_number", "0"), ("INVALID_VALUE", "VM.set_VCPUs_number", str(vcpus + 1)))
    domain.session.VM.set_memory_static_min(domain.vm, "0")
    domain.refused(("HYPERVISOR_ERROR", "VM.set_memory_target", str(127 * MIB)))
    host.crash()
    domain = Domain0(host)
    domain.agree("after a crash of the daemon")
