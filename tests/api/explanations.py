#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""explanations.py – session.explain_error: errors in words. Each code has some, which name its parameters, and commands and
messages that there are."""
import json
import os
import re
import subprocess

from lib.api import NULL_REF, Api
from lib.server import program
from lib.tap import done, has, is_, ok, skip_all
from lib.world import World, answer

# what nobody is told, and what only programs need
UNSAID = {("SESSION_INVALID", "session"), ("SESSION_NOT_REGISTERED", "session"), ("VM_HAS_NO_SUSPEND_VDI", "class")}
PLACE = re.compile(r"\{(\w+)(?::\w+)?\}")
# of standard codes; programs count on as many parameters as these have with xapi
STANDARD = {
    "INTERNAL_ERROR": 1, "MESSAGE_METHOD_UNKNOWN": 1, "MESSAGE_PARAMETER_COUNT_MISMATCH": 3, "HANDLE_INVALID": 2, "UUID_INVALID": 2,
    "INVALID_VALUE": 2, "VALUE_NOT_SUPPORTED": 3, "FIELD_TYPE_ERROR": 1, "MAP_DUPLICATE_KEY": 4, "OPERATION_NOT_ALLOWED": 1,
    "OPERATION_BLOCKED": 2, "OTHER_OPERATION_IN_PROGRESS": 4, "SESSION_INVALID": 1, "SESSION_AUTHENTICATION_FAILED": 2,
    "RBAC_PERMISSION_DENIED": 2, "SESSION_NOT_REGISTERED": 1, "EVENTS_LOST": 0, "EVENT_FROM_TOKEN_PARSE_FAILURE": 1,
    "EVENT_SUBSCRIPTION_PARSE_FAILURE": 1, "TASK_CANCELLED": 1, "VM_BAD_POWER_STATE": 3, "VM_IS_TEMPLATE": 2, "VM_HAS_PCI_ATTACHED": 1,
    "VM_IS_SNAPSHOT": 2, "PROVISION_ONLY_ALLOWED_ON_TEMPLATE": 0, "REVERT_ONLY_ALLOWED_ON_SNAPSHOT": 0, "VM_IS_PART_OF_AN_APPLIANCE": 2,
    "VM_HVM_REQUIRED": 1, "VM_HAS_NO_SUSPEND_VDI": 2, "VM_SHUTDOWN_TIMEOUT": 2, "VM_MEMORY_TARGET_WAIT_TIMEOUT": 1,
    "CANNOT_RESET_CONTROL_DOMAIN": 1, "DOMAIN_EXISTS": 1, "DEVICE_ALREADY_EXISTS": 1, "DEVICE_ALREADY_ATTACHED": 1,
    "DEVICE_ALREADY_DETACHED": 1, "INVALID_DEVICE": 1, "MAC_INVALID": 1, "NETWORK_ALREADY_CONNECTED": 2, "NETWORK_CONTAINS_PIF": 1,
    "PIF_IS_PHYSICAL": 1, "VLAN_TAG_INVALID": 1, "NETWORK_CONTAINS_VIF": 1, "HOST_NOT_ENOUGH_FREE_MEMORY": 2, "HOST_NOT_ENOUGH_PCPUS": 2,
    "HOST_DISABLED": 1, "HOST_NOT_DISABLED": 0, "HOST_IN_USE": 3, "CANNOT_EVACUATE_HOST": 1, "SR_FULL": 2, "SR_HAS_NO_PBDS": 1, "SR_HAS_PBD": 1,
    "SR_NOT_EMPTY": 0, "VBD_CDS_MUST_BE_READONLY": 0, "VBD_IS_EMPTY": 1, "VBD_NOT_EMPTY": 1, "VBD_NOT_REMOVABLE_MEDIA": 1,
    "VBD_NOT_UNPLUGGABLE": 1, "VDI_INCOMPATIBLE_TYPE": 2, "VDI_IN_USE": 2, "VDI_READONLY": 1, "VDI_MISSING": 2}


def rows():
    printed = subprocess.run([program(), "--print-api", "json"], check=True, capture_output=True, text=True).stdout
    return json.loads(printed)["errors"]


def test_rows():
    messages = {message.name for message in Api().messages}
    classes = {name.split(".")[0] for name in messages}
    commands = set()
    if os.environ.get("XM"):
        commands = set(re.findall(r"^ +([\w-]+)", subprocess.run([os.environ["XM"], "help"], check=True, capture_output=True, text=True).stdout, re.M))
    for row in rows():
        code, words, advice = row["name"], row["words"], row["advice"]
        said = words + " " + advice
        is_(set(row["params"]) - set(PLACE.findall(said)) - {p for c, p in UNSAID if c == code}, set(), f"{code}: its parameters are said")
        ok(len(words.split()) > 2 and code not in said, "in words")
        named = {name for name in re.findall(r"\b(\w+\.[a-z]\w+)", said) if name.split(".")[0] in classes}
        is_(named - messages, set(), "messages that there are")
        is_(set(re.findall(r"\bxm ([a-z][\w-]*)", said)) - (commands or {}), set(), "commands that there are") if commands else None
        if code in STANDARD:
            is_(len(row["params"]), STANDARD[code], "as many parameters as elsewhere")


def explain(world, *error):
    return world.session.session.explain_error(list(error))


def test_names(world):
    vm, host = world.halted, world.refs("host")[0]
    vdi, vbd = world.refs("VDI")[0], world.session.VM.get_VBDs(vm)[0]
    network = world.refs("network")[0]
    name = world.session.network.get_name_label(network)
    for error, want in {
            ("VM_BAD_POWER_STATE", vm, "running", "halted"): "halted is Halted; it must be Running for this\nxm start halted (VM.start) makes it Running",
            ("HOST_DISABLED", host): f"the host {world.session.host.get_name_label(host)} is disabled: no domain can be started on it\nhost.enable allows it again",
            ("VDI_READONLY", vdi): f"the disk {world.session.VDI.get_name_label(vdi) or world.session.VDI.get_uuid(vdi)} may only be read\n"
                                   "say r or RO for its drive, or VDI.set_read_only",
            ("VBD_IS_EMPTY", vbd): "there is no CD in the drive 0 of halted\nxm cd-insert (VBD.insert) puts one in",
            ("NETWORK_CONTAINS_VIF", world.session.VM.get_VIFs(vm)[0]):
                "a domain's network interface belongs to the network: interface 0 of halted\n"
                "destroy it, or move it to another network, first (VIF.destroy, VIF.move)",
            ("OPERATION_NOT_ALLOWED", f"a {network}, b {vm}.x {NULL_REF}"): f"this is not allowed: a {name}, b halted.x {NULL_REF}",
            ("HANDLE_INVALID", "VDI", vm): "that VDI does not exist\nthe reference is that of the VM halted",
            ("SESSION_INVALID", world.session.ref): "the server has ended the session\nsign in again (session.login_with_password)",
            ("NO_SUCH_CODE", "a", vm): "the server refused: NO_SUCH_CODE [a, halted]",
            ("VM_IS_TEMPLATE", world.session.ref, "start"):
                f"{world.session.ref} is a template; start is not possible with one\nxm clone DOMAIN NAME (VM.clone, VM.provision) makes a VM of it"}.items():
        is_(explain(world, *error), want, want.split("\n")[0])


def test_bounds(world):
    vm = world.session.VM.create({"name_label": "grüße" * 100, "memory_static_max": "1048576"})
    told = explain(world, "OPERATION_NOT_ALLOWED", vm)
    ok(len(told.encode()) < 250 and "grüße" in told, "a long name is cut, not in the middle of a letter")
    told = explain(world, "OPERATION_NOT_ALLOWED", " ".join([vm] * 1000))
    is_(told.count(vm), 1000 - 16, "only so many names are looked for")
    for error in ([], ["X", "y" * 65536]):
        got = answer(world.session.session.explain_error, error)
        is_((got[0], got[1][:20]), ("INVALID_VALUE", "error_description: a"), "neither nothing nor too much")
    for hostile in ("{", "{vm}", "%s%n", "OpaqueRef:", "\u202e", "1 to ", "9" * 40, "-9223372036854775808 to 9223372036854775807"):
        for code, parameters in Api().errors.items():
            told = explain(world, code, *[hostile] * len(parameters))
            if not told:
                return ok(False, f"{code} of {hostile!r}")
    return has(explain(world, "HANDLE_INVALID", "{ref:meant}", "x"), "that {ref:meant} does not exist", "what is sent is no pattern")


if not program():
    skip_all("XENAPID names no program")
test_rows()
with World() as the_world:
    test_names(the_world)
    test_bounds(the_world)
done()
