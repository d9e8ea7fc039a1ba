# SPDX-License-Identifier: LGPL-2.1-or-later
"""settable.py – what can be set of a world's objects, and to which values.

    for field, ref in targets(world):
        for value in values_of(world, field): …
"""
from lib.api import EMOJI, INT_MAX, NULL_REF, samples
from lib.world import MIB

NATURAL = ["0", "1", "42", str(INT_MAX)]

# Values that are accepted for fields that do not take every value of their type, and why.
RULES = {
    "VM.memory_static_min": (["0", str(8 * MIB), "1"], "static_min ≤ dynamic_min"),
    "VM.memory_dynamic_min": ([str(256 * MIB), str(64 * MIB), str(64 * MIB + 1)], "static_min ≤ dynamic_min ≤ dynamic_max"),
    "VM.memory_dynamic_max": ([str(256 * MIB), str(256 * MIB + 1)], "dynamic_min ≤ dynamic_max ≤ static_max"),
    "VM.memory_static_max": ([str(1 << 60), str(512 * MIB), str(512 * MIB + 1)], "dynamic_max ≤ static_max, at most 2^60"),
    "VM.memory_target": ([str(64 * MIB), str(100 * MIB + 1)], "static_min ≤ target ≤ static_max"),
    "VM.VCPUs_max": (["8", "9"], "VCPUs_at_startup ≤ VCPUs_max"),
    "VM.VCPUs_at_startup": (["1", "8"], "0 < VCPUs_at_startup ≤ VCPUs_max"),
    "VM.HVM_shadow_multiplier": ([1.0, 1.5, 1e300], "at least 1"),
    "VM.start_delay": (NATURAL, "not negative"),
    "VM.shutdown_delay": (NATURAL, "not negative"),
    "VM.order": (NATURAL, "not negative"),
    "VM.appliance": ([NULL_REF], "what belongs to one is no template, which is tried too"),
    "VM.domain_type": (["hvm", "pv", "pv_in_pvh", "pvh"], "unspecified becomes what HVM_boot_policy says"),
    "VM.blocked_operations": ([{"export": EMOJI}, {}, {"pool_migrate": "", "csvm": "reason"}],
                              "what is blocked is refused, here too"),
    "VBD.userdevice": (["7", "255", "0"], "a number, or what it is called; kept as a number"),
    "VBD.device": (["xvdb", "xvdz", "xvdaa", "xvda"], "likewise, shown by its name"),
    "VBD.type": (["Disk"], "a drive with mode RW is no CD"),
    "VDI.virtual_size": ([str(2 * MIB), str(3 * MIB), str(3 * MIB + 512)], "never smaller, whole sectors"),
    "task.status": (["pending", "cancelling"], "the others are the last"),
    "task.progress": ([0.0, 0.25, 1.0], "0 to 1"),
    "network.MTU": (["68", "1500", "65535"], "68 to 65535"),
    "network.default_locking_mode": (["unlocked"], "as it is while a domain has an interface on it"),
    "VIF.MTU": (["68", "1500", "65535"], "68 to 65535"),
    "VIF.MAC": (["00:16:3e:00:00:01", "fe:ff:ff:ff:ff:ff"], "of one interface, not of a group"),
    "VIF.device": (["0", "9", "255"], "0 to 255"),
    "VIF.ipv4_allowed": ([["192.0.2.1", "192.0.2.2", "192.0.2.3"], []], "addresses"),
    "VIF.ipv6_allowed": ([["fe80::1", "::", "2001:db8::1"], []], "addresses"),
    "host.hostname": ([EMOJI, "x" * 5000, "a b"], "an empty one is the machine's at the next start"),
    "host.address": (["192.0.2.1", EMOJI, "::1"], "an empty one is the machine's at the next start"),
}


def values_of(world, field):
    if field.name in RULES:
        return RULES[field.name][0]
    named = field.type.item or field.type
    refs = world.refs(named.cls) if named.kind == "ref" and (world.api.cls_named(named.cls)) else ()
    return samples(field.type, refs)


def targets(world):
    """(field, object) of everything that can be set."""
    for cls in world.api.classes:
        if not cls.has_objects:
            continue
        ref = {"VM": world.halted, "task": world.own_task}.get(cls.name) or world.refs(cls.name)[0]
        for field in cls.fields:
            if field.is_settable:
                yield field, ref
