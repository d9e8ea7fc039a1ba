#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_errors.py – every error of the server as a sentence, and replies that are none."""
import os
import re

from lib.tap import done, has, is_, ok, skip_all
from lib.xm import MIB, FakeServer, Raw, Refusal, program

# parameters → sentence; REF stands for the VM that the command is about, OTHER for another one
SENTENCES = {
    ("INTERNAL_ERROR", "disk full"): "the server failed: disk full",
    ("MESSAGE_METHOD_UNKNOWN", "VM.x"): "the server does not know VM.x; is it another version?",
    ("MESSAGE_PARAMETER_COUNT_MISMATCH", "VM.x", "1", "2"):
        "the server wants 1 parameters for VM.x, not 2; is it another version?",
    ("HANDLE_INVALID", "VM", "REF"): "that VM does not exist any more",
    ("UUID_INVALID", "VM", "u"): "no VM has the uuid u",
    ("INVALID_VALUE", "memory must be positive", "-1"): "-1 is not accepted: memory must be positive",
    ("INVALID_VALUE", "name", ""): "(nothing) is not accepted: name",
    ("RECORD_CHANGED", "VM", "REF", "1", "2", "VCPUs_max = 2", "VCPUs_max 1 -> 2 by anna in revision 2"):
        "the VM was changed by somebody else meanwhile: VCPUs_max 1 -> 2 by anna in revision 2",
    ("VALUE_NOT_SUPPORTED", "f", "v", "why"): "v is not possible for f: why",
    ("FIELD_TYPE_ERROR", "f"): "f is of another type",
    ("MAP_DUPLICATE_KEY", "VM", "platform", "REF", "k"): "platform has a key k already",
    ("OPERATION_NOT_ALLOWED", "why"): "this is not allowed: why",
    ("OPERATION_BLOCKED", "REF", "in use"): "this is blocked for demo: in use",
    ("OTHER_OPERATION_IN_PROGRESS", "VM", "REF", "start", "t"):
        "demo is busy with another operation, start; try again later",
    ("SESSION_INVALID", "s"): "the server has ended the session",
    ("SESSION_AUTHENTICATION_FAILED", "root", "no"): "the server does not let root in: no",
    ("RBAC_PERMISSION_DENIED", "vm.start", "why"): "you may not do that (vm.start): your roles do not permit it",
    ("SESSION_NOT_REGISTERED", "s"): "the session has registered for no events",
    ("EVENTS_LOST",): "what was deleted meanwhile is not known any more",
    ("EVENT_FROM_TOKEN_PARSE_FAILURE", "x"): "x is no token",
    ("EVENT_SUBSCRIPTION_PARSE_FAILURE", "x/"): "x/ names nothing that there are events of",
    ("TASK_CANCELLED", "t"): "the operation was cancelled",
    ("VM_BAD_POWER_STATE", "REF", "running", "halted"): "demo is Halted; it must be Running for this",
    ("VM_BAD_POWER_STATE", "REF", "paused, suspended, running", "Halted"):
        "demo is Halted; it must be Paused, Suspended or Running for this",
    ("VM_BAD_POWER_STATE", "OTHER", "Halted;Running", "Paused"): "other is Paused; it must be Halted or Running for this",
    ("VM_BAD_POWER_STATE", "OpaqueRef:gone", "a", "b"): "OpaqueRef:gone is B; it must be A for this",
    ("VM_IS_TEMPLATE", "REF", "start"): "demo is a template; start is not possible with one",
    ("VM_IS_SNAPSHOT", "REF", "start"): "demo is a snapshot; start is not possible with one",
    ("VM_BIOS_STRINGS_ALREADY_SET", "REF"): "the firmware of demo has its texts already",
    ("PROVISION_ONLY_ALLOWED_ON_TEMPLATE",): "only a template can be provisioned",
    ("REVERT_ONLY_ALLOWED_ON_SNAPSHOT",): "only a snapshot can be reverted to",
    ("VM_IS_PART_OF_AN_APPLIANCE", "REF", "a"): "demo belongs to an appliance; it cannot be a template",
    ("OPERATION_PARTIALLY_FAILED", "start", "REF", "why"): "start did not succeed with all VMs: why",
    ("VM_HVM_REQUIRED", "REF"): "demo needs hardware virtualisation, which the host has not",
    ("VM_HAS_NO_SUSPEND_VDI", "VM", "REF"): "what demo was suspended to is gone; it is Halted now",
    ("VM_SHUTDOWN_TIMEOUT", "REF", "1200"): "demo did not shut down within 1200 seconds; xm destroy would end it",
    ("VM_MEMORY_TARGET_WAIT_TIMEOUT", "t"): "the guest did not reach its memory target in time",
    ("CANNOT_RESET_CONTROL_DOMAIN", "REF"): "demo is the control domain",
    ("DOMAIN_EXISTS", "REF"): "demo still has a domain",
    ("MEMORY_CONSTRAINT_VIOLATION_ORDER", "0", str(500 * MIB), str(400 * MIB), str(MIB + 512 * 1024), "a ≤ b",
     "c at most 838860800"):
        "a ≤ b would not hold (static 0 MiB to 1.5 MiB, dynamic 500 MiB to 400 MiB); accepted: c at most 800 MiB",
    ("HOST_NOT_ENOUGH_FREE_MEMORY", str(500 * MIB), "1000"):
        "the host has only 1000 bytes free, and 500 MiB are needed",
    ("HOST_NOT_ENOUGH_PCPUS", "8", "4"): "the host has only 4 CPUs, and 8 are wanted",
    ("HOST_DISABLED", "h"): "the host is disabled: no domain can be started on it",
    ("DEVICE_ALREADY_EXISTS", "0"): "there is a device 0 already",
    ("DEVICE_ALREADY_ATTACHED", "d"): "the domain has the device already",
    ("DEVICE_ALREADY_DETACHED", "d"): "the domain does not have the device",
    ("INVALID_DEVICE", "x"): "x is no number of a device",
    ("MAC_INVALID", "x"): "x is no MAC of a network interface",
    ("HOST_NOT_DISABLED",): "the host is to be disabled first",
    ("HOST_IN_USE", "h", "VM", "v"): "the host is in use by VM v",
    ("CANNOT_EVACUATE_HOST", "x"): "the host has domains that no other host could take: x",
    ("PIF_IS_MANAGEMENT_INTERFACE", "p"): "the server is reached over this interface",
    ("PIF_DOES_NOT_ALLOW_UNPLUG", "p"): "the interface may not be taken down (PIF.set_disallow_unplug)",
    ("VIF_IN_USE", "n", "v"): "a domain has a network interface on that network",
    ("NETWORK_ALREADY_CONNECTED", "h", "p"): "an interface of the host belongs to the network already",
    ("NETWORK_CONTAINS_PIF", "p"): "interfaces of the host belong to the network",
    ("PIF_IS_PHYSICAL", "p"): "the interface is a device of the host",
    ("VM_HAS_PCI_ATTACHED", "x"): "x has PCI devices of the host, which cannot be saved",
    ("VLAN_TAG_INVALID", "0"): "0 is no tag of a VLAN (1 to 4094)",
    ("NETWORK_CONTAINS_VIF", "v"): "network interfaces of domains belong to the network",
    ("PBD_EXISTS", "s", "h", "p"): "the storage repository has a PBD on that host already",
    ("SR_BACKEND_FAILURE", "13", "", "opening /x: Permission denied"): "the storage failed: opening /x: Permission denied",
    ("SR_FULL", str(500 * MIB), "1000"): "the storage repository has only 1000 bytes free, and 500 MiB are needed",
    ("SR_HAS_NO_PBDS", "s"): "the storage repository is not attached",
    ("SR_HAS_PBD", "s"): "the storage repository is still attached",
    ("SR_NOT_EMPTY",): "the storage repository still has disks",
    ("SR_UNKNOWN_DRIVER", "lvm"): "there are no storage repositories of type lvm here",
    ("VBD_CDS_MUST_BE_READONLY",): "a CD can only be read: its drive has the mode RO",
    ("VBD_IS_EMPTY", "v"): "there is no CD in the drive",
    ("VBD_NOT_EMPTY", "v"): "there is a CD in the drive already",
    ("VBD_NOT_UNPLUGGABLE", "v"): "the drive is not to be unplugged",
    ("VBD_NOT_REMOVABLE_MEDIA", "v"): "only a CD drive can be empty",
    ("VDI_INCOMPATIBLE_TYPE", "v", "suspend"): "a disk of type suspend is not for a drive",
    ("VDI_IN_USE", "v", "resize"): "the disk is in use: resize is not possible",
    ("VDI_READONLY", "v"): "the disk may only be read",
    ("VDI_MISSING", "s", "v"): "the image of the disk is gone",
    ("HYPERVISOR_ERROR", "start", "REF", "no kernel\n"): "the hypervisor refused start for demo: no kernel\\n",
}

# shown as they came
RAW = {
    ("SOMETHING_NEW", "p1", "p\n2"): "the server refused: SOMETHING_NEW [p1, p\\n2]",
    ("SOMETHING_NEW",): "the server refused: SOMETHING_NEW",
    ("MEMORY_CONSTRAINT_VIOLATION_ORDER",): "the server refused: MEMORY_CONSTRAINT_VIOLATION_ORDER",
    ("VM_BAD_POWER_STATE", "REF"): "the server refused: VM_BAD_POWER_STATE [REF]",
}


def test_sentences():
    with FakeServer() as server:
        ref, other = server.add(), server.add(name_label="other")
        refs = {"REF": ref, "OTHER": other}
        for codes, suffix in ((SENTENCES, True), (RAW, False)):
            for parts, sentence in codes.items():
                server.refusals["VM.start"] = Refusal(*[refs.get(p, p) for p in parts])
                want = sentence.replace("REF", ref) + (f" ({parts[0]})" if suffix else "")
                is_(server.xm("start", "demo"), (1, "", f"Error: {want}\n"), want)
        server.refusals["VM.start"] = Refusal("VM_BAD_POWER_STATE", ref, "halted", "running")
        is_(server.xm("start", server.vms[ref]["uuid"])[2],
            "Error: demo is Running; it must be Halted for this (VM_BAD_POWER_STATE)\n", "the name for a uuid")


def test_memory():
    with FakeServer() as server:
        ref = server.add()
        server.refusals["VM.set_memory_maximum"] = Refusal(
            "INVALID_VALUE", "value: at least memory_target, 104857600, while it runs", str(50 * MIB))
        is_(server.xm("mem-max", "demo", "50")[2], "Error: 50 MiB is not accepted: value: at least memory_target, "
            "100 MiB, while it runs (INVALID_VALUE)\n", "mem-max speaks of MiB")
        server.refusals["VM.set_memory_maximum"] = Refusal("VM_BAD_POWER_STATE", ref, "halted", "suspended")
        is_(server.xm("mem-max", "demo", "50")[2],
            "Error: demo is Suspended; it must be Halted for this (VM_BAD_POWER_STATE)\n", "and of states")


def test_all_are_explained():
    """Each code that the server has is a sentence, and each sentence has a test."""
    top = os.environ.get("TOP_SRCDIR", ".")
    with open(os.path.join(top, "schema/errors.def"), encoding="utf-8") as file:
        rows = set(re.findall(r"^ERROR\((\w+)", file.read(), re.M))
    with open(os.path.join(top, "rpc/xm/explain.def"), encoding="utf-8") as file:
        explained = set(re.findall(r"^EXPLAIN\((\w+)", file.read(), re.M))
    is_(rows - explained, set(), "codes without a sentence")
    is_(explained - {parts[0] for parts in SENTENCES}, set(), "sentences without a test")


def test_no_replies():
    with FakeServer() as server:
        for raw, part in (
                (b"", "the reply cannot be read"), (b"<html>", "the reply cannot be read"),
                (b"<methodResponse><params><param><value>x</value></param></params></methodResponse>",
                 "the reply is not one of a Xen-API server"),
                (b"<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>3</int>"
                 b"</value></member><member><name>faultString</name><value>no</value></member></struct>"
                 b"</value></fault></methodResponse>", "fault 3: no"),
                (b"<methodResponse><params><param><value><struct><member><name>Status</name><value>Failure"
                 b"</value></member></struct></value></param></params></methodResponse>",
                 "the reply is not one of a Xen-API server")):
            server.refusals["VM.get_all_fields_where"] = lambda *_, raw=raw: Raw(raw)
            status, out, err = server.xm("list")
            is_((status, out), (1, ""), f"{raw[:20]} is an error")
            has(err, part, "and says so")
        server.http_status = 500
        has(server.xm("list")[2], "answers with HTTP status 500", "an HTTP error")
        ok("Error: " in server.xm("list")[2], "begins with Error:")


def test_odd_results():
    """What no server should send is no reason to fall over."""
    with FakeServer() as server:
        server.add(power_state="Running", domid=3)
        for method, arguments in (
                ("VM.get_record", ["domid", "demo"]), ("VM.get_record", ["list", "demo"]),
                ("VM_metrics.get_record", ["list", "demo"]), ("VM.get_all_records", ["list", "--json"]),
                ("VM.get_all_fields_where", ["list"]),
                ("host.get_all_records", ["info"]), ("task.get_record", ["shutdown", "demo"]),
                ("VM.get_by_name_label", ["pause", "demo"]), ("VM.set_memory_target", ["mem-set", "demo", "5"])):
            for odd in ("a text", ["a", "b"], 5, {"a": "b"}):
                server.refusals = {method: lambda *_, odd=odd: odd}
                ok(server.xm(*arguments)[0] in (0, 1), f"{arguments[0]}: {method} gives {odd}")


if not program():
    skip_all("XM names no program")
test_sentences()
test_memory()
test_all_are_explained()
test_no_replies()
test_odd_results()
done()
