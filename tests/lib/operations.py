# SPDX-License-Identifier: LGPL-2.1-or-later
"""operations.py – what schema/operations.def says, read anew: which operation is possible on which VM.

    operation = OPERATIONS["pause"]                # name, wire, states, on, listed, effect
    operation_of("VM.set_memory")                  # that message's operation, or None
    verdict(operation, vm, ref)                    # None: possible; or the error, [code, parameter …]
"""
import os
import re
from collections import namedtuple

MIB = 1 << 20

Operation = namedtuple("Operation", "name wire states on listed effect")

_SCHEMA = os.path.join(os.environ.get("TOP_SRCDIR", os.path.join(os.path.dirname(__file__), "../..")), "schema")
# Setters of fields that are operations all the same.
_SETTERS = {"VM.set_is_a_template": "make_into_template", "VM.set_NVRAM": "changing_NVRAM",
            "VM.add_to_NVRAM": "changing_NVRAM", "VM.remove_from_NVRAM": "changing_NVRAM"}
# Of messages with more than the VM.
_ARGUMENTS = {
    "drop_pending": [[]], "snapshot": ["shot"], "checkpoint": ["shot"], "send_sysrq": ["h"], "send_trigger": ["nmi"], "clone": ["copy"], "copy": ["copy", "OpaqueRef:NULL"], "start": [False], "start_on": ["HOST", False], "resume": [False],
    "resume_on": ["HOST", False], "set_memory_static_min": [128 * MIB], "set_memory_static_max": [512 * MIB],
    "set_memory_static_range": [128 * MIB, 512 * MIB], "set_memory_dynamic_min": [256 * MIB],
    "set_memory_dynamic_max": [400 * MIB], "set_memory_dynamic_range": [200 * MIB, 400 * MIB],
    "set_memory_dynamic_min_live": [200 * MIB], "set_memory_dynamic_max_live": [300 * MIB],
    "set_memory_limits": [128 * MIB, 512 * MIB, 256 * MIB, 400 * MIB], "set_memory": [512 * MIB],
    "set_memory_target_live": [300 * MIB], "set_memory_target": [300 * MIB], "set_memory_maximum": [448 * MIB],
    "set_VCPUs_max": [4], "set_VCPUs_number": [3], "set_VCPUs_number_live": [3],
    "add_to_VCPUs_params_live": ["weight", "512"], "set_HVM_shadow_multiplier": [2.0],
    "set_shadow_multiplier_live": [2.0], "set_is_a_template": [True], "set_NVRAM": [{"EFI-variables": "AA=="}],
    "add_to_NVRAM": ["EFI-variables", "AA=="], "remove_from_NVRAM": ["key"],
}


def _read(name):
    with open(os.path.join(_SCHEMA, name), encoding="utf-8") as file:
        return file.read()


def _read_operations():
    text = _read("operations.def")
    any_state = re.search(r"#define ANY_STATE (.*)", text).group(1)
    rows = re.findall(r"^OPERATION\((\w+),\s*(\w+),\s*STATES\((.*?)\),\s*(.*?),\s*(\w+),\s*(\w+)\)", text, re.M)
    found = {}
    for name, wire, states, on, listed, effect in rows:
        states = tuple(s.strip().capitalize() for s in states.replace("ANY_STATE", any_state).split(","))
        found[name] = Operation(name, wire, states, set(re.findall(r"\w+", on)) - {"PLAIN"}, listed == "LISTED", effect)
    assert len(found) == text.count("\nOPERATION("), "a row of operations.def is not understood"
    return found


OPERATIONS = _read_operations()
MESSAGES = {f"VM.{message}": operation for message, operation in
            re.findall(r"^MESSAGE\(VM, (\w+), .*?, OP\((\w+)\)", _read("VM.def"), re.M)} | _SETTERS


# What is done with a device of a VM: its first parameter is the device.
DEVICE_MESSAGES = {f"{cls}.{message}": operation for cls in ("VIF", "VBD") for message, operation in
                   re.findall(rf"^MESSAGE\({cls}, (\w+), .*?, OP\((\w+)\)", _read(f"{cls}.def"), re.M)}


def operation_of(message):
    """The Operation that a message of that name is, "Async." before it or not; None: it is none."""
    name = {**MESSAGES, **DEVICE_MESSAGES}.get(message.removeprefix("Async."))
    return OPERATIONS[name] if name else None


def arguments_for(message, ref, host):
    """Those of a message of MESSAGES, for a VM as Host.add() makes it."""
    given = _ARGUMENTS.get(message.removeprefix("Async.").removeprefix("VM."), [])
    given = [host if a == "HOST" else str(a) if type(a) is int else a for a in given]
    return [ref, *given]


def verdict(operation, vm, ref):
    """Of a VM's record: None when the operation is possible, else the error. The order of checks is xapi's."""
    control = vm["is_control_domain"]
    states = operation.states
    if operation.wire in vm["blocked_operations"]:
        return ["OPERATION_BLOCKED", ref, vm["blocked_operations"][operation.wire]]
    also = ("Running",) if control and "CONTROL_RUNNING" in operation.on else ()
    also += ("Suspended",) if vm["is_a_snapshot"] and "SNAPSHOT_SUSPENDED" in operation.on else ()
    if vm["power_state"] not in states + also:
        return ["VM_BAD_POWER_STATE", ref, ", ".join(states).lower(), vm["power_state"].lower()]
    own_template = "OWN_TEMPLATE" in operation.on and not vm["is_default_template"]
    if vm["is_a_template"] and not vm["is_a_snapshot"] and "TEMPLATE" not in operation.on and not own_template:
        return ["VM_IS_TEMPLATE", ref, operation.wire]
    if vm["is_a_snapshot"] and "SNAPSHOT" not in operation.on:
        return ["VM_IS_SNAPSHOT", ref, operation.wire]
    if operation.name == "provision" and not vm["is_a_template"]:
        return ["PROVISION_ONLY_ALLOWED_ON_TEMPLATE"]
    if operation.name == "revert" and not vm["is_a_snapshot"]:
        return ["REVERT_ONLY_ALLOWED_ON_SNAPSHOT"]
    if operation.name == "revert" and vm["snapshot_of"] == "OpaqueRef:NULL":
        return ["OPERATION_NOT_ALLOWED", "the VM of the snapshot is gone: clone the snapshot"]
    if control and "NOT_DOM0" in operation.on:
        return ["OPERATION_NOT_ALLOWED", "This operation is not allowed on dom0"]
    if control and not operation.on & {"CONTROL", "CONTROL_RUNNING"}:
        return ["OPERATION_NOT_ALLOWED", "This operation is not allowed on a control domain"]
    return None
