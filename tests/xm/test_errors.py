#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_errors.py – every error of the server as a sentence, and replies that are none."""
import os
import re

from lib.tap import done, has, is_, ok, skip_all
from lib.xm import MIB, FakeServer, Raw, Refusal, program

# parameters → what is said, and what to do; REF stands for the VM that the command is about, the others for other ones
SENTENCES = {
    ("INTERNAL_ERROR", "disk full"): ("the server failed: disk full", "its log says more: journalctl -u xenapid (host.get_log)"),
    ("MESSAGE_METHOD_UNKNOWN", "VM.x"): ("the server does not know VM.x", "system.listMethods lists those that there are"),
    ("MESSAGE_METHOD_UNKNOWN", "VM.strat"): ("the server does not know VM.strat", "VM.start may be meant"),
    ("MESSAGE_METHOD_UNKNOWN", "VM.start"): ("the server does not know VM.start", "it is of another version than this program"),
    ("MESSAGE_METHOD_UNKNOWN", "Async.VM.get_uuid"): ("the server does not know Async.VM.get_uuid", "there is a plain VM.get_uuid"),
    ("MESSAGE_PARAMETER_COUNT_MISMATCH", "VM.x", "1", "2"): ("the server wants 1 parameters for VM.x, not 2", ""),
    ("MESSAGE_PARAMETER_COUNT_MISMATCH", "VM.unpause", "1", "2"): (
        "the server wants 1 parameters for VM.unpause, not 2",
        "it is called as void VM.unpause(ref session session_id, ref VM vm)"),
    ("HANDLE_INVALID", "VM", "OpaqueRef:gone"): (
        "that VM does not exist",
        "it was destroyed, or never was; VM.get_all lists those that there are, xm history (VM.history) tells what became of one"),
    ("HANDLE_INVALID", "VDI", "OTHER"): ("that VDI does not exist", "the reference is that of the VM other"),
    ("HANDLE_INVALID", "VM", "00000000-0000-4000-8000-00000000dead"): (
        "that VM does not exist",
        "00000000-0000-4000-8000-00000000dead is a uuid, and none of a VM; VM.get_by_uuid finds one by its uuid"),
    ("HANDLE_INVALID", "VM", "demo"): ("that VM does not exist", "demo may be a name: VM.get_by_name_label finds those of a name"),
    ("HANDLE_INVALID", "VM", ""): ("that VM does not exist", "no VM was named"),
    ("UUID_INVALID", "VM", "u"): ("no VM has the uuid u", "u may be a name: VM.get_by_name_label finds those of a name"),
    ("UUID_INVALID", "VM", "OTHER"): ("no VM has the uuid OTHER", "OTHER is the reference of the VM other, not a uuid"),
    ("UUID_INVALID", "VM", "OpaqueRef:gone"): ("no VM has the uuid OpaqueRef:gone", "OpaqueRef:gone is a reference, not a uuid"),
    ("UUID_INVALID", "VM", "00000000-0000-4000-8000-00000000dead"): (
        "no VM has the uuid 00000000-0000-4000-8000-00000000dead",
        "VM.get_all_records shows those that there are"),
    ("INVALID_VALUE", "memory must be positive", "-1"): ("-1 is not accepted: memory must be positive", ""),
    ("INVALID_VALUE", "name", ""): ("(nothing) is not accepted: name", ""),
    ("INVALID_VALUE", "VCPUs_max: 1 to 128, the most that the hypervisor supports", "500"): (
        "500 is not accepted: VCPUs_max: 1 to 128, the most that the hypervisor supports",
        "the nearest value that is accepted is 128"),
    ("INVALID_VALUE", "memory_target: 0 to 838860800 (memory_static_min to memory_static_max)", "943718400"): (
        "900 MiB is not accepted: memory_target: 0 to 800 MiB (memory_static_min to memory_static_max)",
        "the nearest value that is accepted is 800 MiB"),
    ("INVALID_VALUE", "multiplier: at least 1", "0"): ("0 is not accepted: multiplier: at least 1", "the nearest value that is accepted is 1"),
    ("INVALID_VALUE", "multiplier: at least 1", "x"): ("x is not accepted: multiplier: at least 1", ""),
    ("RECORD_CHANGED", "VM", "REF", "1", "2", "VCPUs_max = 2", "VCPUs_max 1 -> 2 by anna in revision 2"): (
        "the VM demo was changed by somebody else since revision 1: VCPUs_max 1 -> 2 by anna in revision 2",
        "it is at revision 2 now, with VCPUs_max = 2: read it again (VM.get_record) and decide anew"),
    ("VALUE_NOT_SUPPORTED", "f", "v", "why"): ("v is not possible for f: why", ""),
    ("FIELD_TYPE_ERROR", "f"): (
        "a value is of another type: f",
        "docs/api-reference.md says the type of each parameter and field, as does system.methodSignature"),
    ("MAP_DUPLICATE_KEY", "VM", "platform", "REF", "k"): (
        "platform of the VM demo has a key k already",
        "take it away first (VM.remove_from_platform), or set all of the map (VM.set_platform)"),
    ("OPERATION_NOT_ALLOWED", "why"): ("this is not allowed: why", ""),
    ("OPERATION_NOT_ALLOWED", "OTHER: memory_target is 524288000 since revision 9000000"): (
        "this is not allowed: other: memory_target is 500 MiB since revision 9000000",
        ""),
    ("OPERATION_BLOCKED", "REF", "in use"): ("this is blocked for demo: in use", "VM.remove_from_blocked_operations takes the block away"),
    ("OTHER_OPERATION_IN_PROGRESS", "VM", "REF", "start", "t"): (
        "the VM demo is busy with another operation, start",
        "try again when it has ended; xm task-list shows how far it is, xm task-cancel UUID (task.cancel) asks it to end"),
    ("SESSION_INVALID", "s"): ("the server has ended the session", "sign in again (session.login_with_password)"),
    ("SESSION_AUTHENTICATION_FAILED", "root", "no"): (
        "the server does not let root in: no",
        "xm --user NAME --password-file FILE says who signs in; root needs no password over the Unix socket"),
    ("RBAC_PERMISSION_DENIED", "vm.start", "why"): (
        "you may not do that (vm.start): why",
        "VM.start takes the role vm-operator; an administrator gives roles with subject.add_to_roles"),
    ("RBAC_PERMISSION_DENIED", "x", "no"): ("you may not do that (x): no", "an administrator gives roles with subject.add_to_roles"),
    ("SESSION_NOT_REGISTERED", "s"): (
        "the session has registered for no events",
        "call event.register first, or event.from, which needs no registration"),
    ("EVENTS_LOST",): ("what was deleted meanwhile is not known any more", "read everything again, and go on with the token of event.from"),
    ("EVENT_FROM_TOKEN_PARSE_FAILURE", "x"): (
        "x is no token",
        "the first call of event.from takes an empty one, each further call the one that it answered"),
    ("EVENT_SUBSCRIPTION_PARSE_FAILURE", "x/"): (
        "x/ names nothing that there are events of",
        "it is a class (VM), a class and a reference (VM/OpaqueRef:…), or *"),
    ("TASK_CANCELLED", "t"): ("the operation was cancelled (t)", "nothing of it is left; it can be begun again"),
    ("VM_BAD_POWER_STATE", "REF", "running", "halted"): ("demo is Halted; it must be Running for this", "xm start demo (VM.start) makes it Running"),
    ("VM_BAD_POWER_STATE", "REF", "paused, suspended, running", "Halted"): (
        "demo is Halted; it must be Paused, Suspended or Running for this",
        "xm start demo (VM.start) makes it Running"),
    ("VM_BAD_POWER_STATE", "OTHER", "Halted;Running", "Paused"): (
        "other is Paused; it must be Halted or Running for this",
        "xm unpause other (VM.unpause) makes it Running"),
    ("VM_BAD_POWER_STATE", "OpaqueRef:gone", "a", "b"): ("OpaqueRef:gone is B; it must be A for this", ""),
    ("VM_BAD_POWER_STATE", "REF", "halted", "running"): (
        "demo is Running; it must be Halted for this",
        "xm shutdown demo (VM.clean_shutdown) makes it Halted; if it is a setting, it can wait for the next start: xm set --next-boot (VM.update)"),
    ("VM_BAD_POWER_STATE", "REF", "halted", "suspended"): (
        "demo is Suspended; it must be Halted for this",
        "xm destroy demo (VM.hard_shutdown) makes it Halted; what it had in memory is lost; if it is a setting, it can wait for the next start: xm set --next-boot (VM.update)"),
    ("VM_BAD_POWER_STATE", "REF", "suspended", "halted"): (
        "demo is Halted; it must be Suspended for this",
        "xm start demo (VM.start) and xm suspend demo (VM.suspend) make it Suspended"),
    ("VM_BAD_POWER_STATE", "SPACED", "running", "paused"): (
        "it's \"one\" is Paused; it must be Running for this",
        "xm unpause \"it's \\\\\"one\\\\\"\" (VM.unpause) makes it Running"),
    ("VM_IS_TEMPLATE", "REF", "start"): (
        "demo is a template; start is not possible with one",
        "xm clone demo NAME (VM.clone, VM.provision) makes a VM of it"),
    ("VM_IS_TEMPLATE", "OpaqueRef:gone", "start"): (
        "OpaqueRef:gone is a template; start is not possible with one",
        "xm clone DOMAIN NAME (VM.clone, VM.provision) makes a VM of it"),
    ("VM_IS_TEMPLATE", "TWO", "start"): (
        "two words is a template; start is not possible with one",
        "xm clone 'two words' NAME (VM.clone, VM.provision) makes a VM of it"),
    ("VM_IS_SNAPSHOT", "REF", "start"): (
        "demo is a snapshot; start is not possible with one",
        "xm revert (VM.revert) goes back to it, xm clone demo NAME (VM.clone) makes a VM of it"),
    ("VM_BIOS_STRINGS_ALREADY_SET", "REF"): ("the firmware of demo has its texts already", "they are set once; a new VM (VM.create) can have others"),
    ("VM_BIOS_STRINGS_ALREADY_SET", "OpaqueRef:gone"): (
        "the firmware of OpaqueRef:gone has its texts already",
        "they are set once; a new VM (VM.create) can have others"),
    ("PROVISION_ONLY_ALLOWED_ON_TEMPLATE",): ("only a template can be provisioned", "xm template-make (VM.set_is_a_template) makes a VM one"),
    ("REVERT_ONLY_ALLOWED_ON_SNAPSHOT",): ("only a snapshot can be reverted to", "xm snapshot-list (VM.get_snapshots) shows those of a VM"),
    ("VM_IS_PART_OF_AN_APPLIANCE", "REF", "a"): (
        "demo belongs to the appliance a; it cannot be a template",
        "take it out first: xm set demo appliance=OpaqueRef:NULL (VM.set_appliance)"),
    ("OPERATION_PARTIALLY_FAILED", "start", "REF", "why"): (
        "start did not succeed with demo: why",
        "the others are done; the task of each (xm task-list) says what became of it"),
    ("VM_HVM_REQUIRED", "REF"): (
        "demo needs hardware virtualisation, which the host has not",
        "switch it on in the host's firmware, or make it a PV guest: xm set demo domain_type=pv (VM.set_domain_type)"),
    ("VM_HAS_NO_SUSPEND_VDI", "VM", "REF"): ("what demo was suspended to is gone; it is Halted now", "xm start demo (VM.start) starts it afresh"),
    ("VM_SHUTDOWN_TIMEOUT", "REF", "1200"): ("demo did not shut down within 1200 seconds", "xm destroy demo (VM.hard_shutdown) ends it at once"),
    ("VM_MEMORY_TARGET_WAIT_TIMEOUT", "t"): (
        "the guest did not reach its memory target in time (t)",
        "its balloon may be at its limit or not be loaded; xm list shows what it has, xm mem-set (VM.set_memory_target) sets another target"),
    ("CANNOT_RESET_CONTROL_DOMAIN", "REF"): ("demo is the control domain, which always runs", ""),
    ("DOMAIN_EXISTS", "REF"): ("demo still has a domain", "xm destroy demo (VM.hard_shutdown) ends it"),
    ("MEMORY_CONSTRAINT_VIOLATION_ORDER", "0", str(500 * MIB), str(400 * MIB), "1572864", "memory_static_min ≤ memory_static_max", "memory_static_min at most 838860800"): (
        "memory_static_min ≤ memory_static_max would not hold (static 0 MiB to 1.5 MiB (1572864 bytes), dynamic 500 MiB to 400 MiB); accepted: memory_static_min at most 800 MiB",
        "several limits are changed together with xm set DOMAIN FIELD=VALUE… (VM.update, VM.set_memory_limits)"),
    ("HOST_NOT_ENOUGH_FREE_MEMORY", str(500 * MIB), "1000"): (
        "the host has only 1000 bytes free, and 500 MiB are needed",
        "500.0 MiB (524287000 bytes) are lacking: give it less (xm mem-set, VM.set_memory_target), or take some from those that run (xm list shows what they have)"),
    ("HOST_NOT_ENOUGH_PCPUS", "8", "4"): (
        "the host has only 4 CPUs, and 8 are wanted",
        "at most 4 start here: xm set DOMAIN VCPUs_at_startup=4 VCPUs_max=4 (VM.update), or allow more than there are: xm set DOMAIN platform.vcpu-unrestricted=true"),
    ("HOST_DISABLED", "h"): ("the host h is disabled: no domain can be started on it", "host.enable allows it again"),
    ("DEVICE_ALREADY_EXISTS", "0"): (
        "there is a device 0 already",
        "xm block-list and xm network-list (VM.get_allowed_VBD_devices, VM.get_allowed_VIF_devices) show which are taken; leave the number out and a free one is taken"),
    ("DEVICE_ALREADY_ATTACHED", "d"): ("the domain has the d already", "to change it, or to take it away, detach it first: xm block-detach, xm network-detach (VBD.unplug, VIF.unplug)"),
    ("DEVICE_ALREADY_DETACHED", "d"): (
        "the domain does not have the d",
        "there is nothing to take away; VBD.plug and VIF.plug give it to a domain that runs, and each start does"),
    ("INVALID_DEVICE", "x"): (
        "x is no number of a device",
        "a drive is 0, 1 … or xvda, xvdb …, an interface 0, 1 …; VM.get_allowed_VBD_devices and VM.get_allowed_VIF_devices list those that are free"),
    ("MAC_INVALID", "x"): (
        "x is no MAC of a network interface",
        "it is six bytes like 00:16:3e:12:34:56, the first one even; leave it out and one is drawn"),
    ("HOST_NOT_DISABLED",): ("the host is to be disabled first", "host.disable does that"),
    ("HOST_IN_USE", "h", "VM", "v"): ("the host h is in use by the VM v", "end it first: xm shutdown DOMAIN (VM.clean_shutdown)"),
    ("CANNOT_EVACUATE_HOST", "x"): (
        "the host has domains that no other host could take: x",
        "shut them down or suspend them: xm shutdown, xm suspend (VM.clean_shutdown, VM.suspend)"),
    ("PIF_IS_MANAGEMENT_INTERFACE", "p"): ("the server is reached over p", "give the host another address first (host.set_address)"),
    ("PIF_DOES_NOT_ALLOW_UNPLUG", "p"): ("p may not be taken down", "PIF.set_disallow_unplug allows it"),
    ("VIF_IN_USE", "n", "v"): ("a domain is connected to the network n: v", "take the interface away first: xm network-detach (VIF.unplug)"),
    ("NETWORK_ALREADY_CONNECTED", "h", "p"): (
        "p of the host h belongs to the network already",
        "another network can be made for this one (network.create)"),
    ("NETWORK_CONTAINS_PIF", "p"): (
        "an interface of the host belongs to the network: p",
        "a VLAN's is taken away with VLAN.destroy; the network of a device stays"),
    ("PIF_IS_PHYSICAL", "p"): ("p is a device of the host", "only VLANs are made and destroyed"),
    ("VM_HAS_PCI_ATTACHED", "x"): (
        "x has PCI devices of the host, which cannot be saved",
        "shut it down instead: xm shutdown DOMAIN (VM.clean_shutdown); without the devices (DPCI.destroy) it could be suspended"),
    ("VLAN_TAG_INVALID", "0"): ("0 is no tag of a VLAN", "a tag is a number from 1 to 4094"),
    ("NETWORK_CONTAINS_VIF", "v"): (
        "a domain's network interface belongs to the network: v",
        "destroy it, or move it to another network, first (VIF.destroy, VIF.move)"),
    ("PBD_EXISTS", "s", "h", "p"): (
        "the storage repository s has a PBD on the host h already: p",
        "PBD.plug attaches it; PBD.destroy makes room for another"),
    ("SR_BACKEND_FAILURE", "13", "", "opening /x: Permission denied"): (
        "the storage failed: opening /x: Permission denied",
        "SR.scan looks again when that is mended (status 13)"),
    ("SR_BACKEND_FAILURE", "5", "no PV", "vgs: failed"): (
        "the storage failed: vgs: failed",
        "SR.scan looks again when that is mended (status 5): no PV"),
    ("SR_FULL", str(500 * MIB), "1000"): (
        "the storage repository has only 1000 bytes free, and 500 MiB are needed",
        "xm vdi-list shows what is in it, xm sr-list others"),
    ("SR_HAS_NO_PBDS", "s"): ("the storage repository s is not attached", "PBD.plug attaches it"),
    ("SR_HAS_PBD", "s"): ("the storage repository s is still attached", "PBD.unplug detaches it"),
    ("SR_NOT_EMPTY",): (
        "the storage repository still has disks",
        "xm vdi-list shows them, xm vdi-delete (VDI.destroy) deletes one; SR.forget leaves them where they are"),
    ("SR_UNKNOWN_DRIVER", "lvm"): ("there are no storage repositories of type lvm here", "SR.get_supported_types says which there are"),
    ("VBD_CDS_MUST_BE_READONLY",): ("a CD can only be read: its drive has the mode RO", "say RO, or make it a disk (type Disk)"),
    ("VBD_IS_EMPTY", "v"): ("there is no CD in the v", "xm cd-insert (VBD.insert) puts one in"),
    ("VBD_NOT_EMPTY", "v"): ("there is a CD in the v already", "xm cd-eject (VBD.eject) takes it out"),
    ("VBD_NOT_UNPLUGGABLE", "v"): ("the v is not to be unplugged", "VBD.set_unpluggable allows it"),
    ("VBD_NOT_REMOVABLE_MEDIA", "v"): (
        "only a CD drive can be empty, and the v is none",
        "a disk is given with its VDI: xm block-attach (VBD.create)"),
    ("VDI_INCOMPATIBLE_TYPE", "v", "suspend"): (
        "the disk v is of type suspend, which is not for a drive",
        "xm vdi-create (VDI.create, type user) makes one that is"),
    ("VDI_IN_USE", "v", "resize"): (
        "the disk v is in use: resize is not possible",
        "end or detach what has it (VDI.get_VBDs): xm block-detach, xm shutdown; or wait for the copy to end: xm task-list"),
    ("VDI_READONLY", "v"): ("the disk v may only be read", "say r or RO for its drive, or VDI.set_read_only"),
    ("VDI_MISSING", "s", "v"): (
        "the image of the disk v is gone from the storage repository s",
        "bring it back, then SR.scan; or forget it: VDI.forget"),
    ("HYPERVISOR_ERROR", "start", "REF", "no kernel\n"): (
        "the hypervisor refused start for demo: no kernel\\n",
        "the record is as it was before; the hypervisor's own log may say more (host.dmesg)"),
}

# shown as they came
RAW = {
    ("SOMETHING_NEW", "p1", "p\n2"): ("the server refused: SOMETHING_NEW [p1, p\\n2]", ""),
    ("SOMETHING_NEW",): ("the server refused: SOMETHING_NEW", ""),
    ("MEMORY_CONSTRAINT_VIOLATION_ORDER",): ("the server refused: MEMORY_CONSTRAINT_VIOLATION_ORDER", ""),
    ("VM_BAD_POWER_STATE", "REF"): ("the server refused: VM_BAD_POWER_STATE [demo]", ""),
}


def test_sentences():
    with FakeServer() as server:
        refs = {"REF": server.add(), "OTHER": server.add(name_label="other"), "TWO": server.add(name_label="two words"),
                "SPACED": server.add(name_label="it's \"one\"")}

        def sent(text):
            return re.sub(rf"\b({'|'.join(refs)})\b", lambda match: refs[match.group()], text)

        for parts, (words, advice) in {**SENTENCES, **RAW}.items():
            server.refusals["VM.start"] = Refusal(*map(sent, parts))
            want = f"Error: {sent(words)}" + (f" ({parts[0]})" if parts in SENTENCES else "") + "\n" + (f"  {sent(advice)}\n" if advice else "")
            is_(server.xm("start", "demo"), (1, "", want), f"{', '.join(parts)!r}: {words}")
        server.refusals["VM.start"] = Refusal("VM_BAD_POWER_STATE", refs["REF"], "halted", "running")
        has(server.xm("start", server.vms[refs["REF"]]["uuid"])[2], "Error: demo is Running; it must be Halted for this", "the name for a uuid")


def test_memory():
    with FakeServer() as server:
        server.add()
        server.refusals["VM.set_memory_maximum"] = Refusal(
            "INVALID_VALUE", "value: at least memory_target, 104857600, while it runs", str(50 * MIB))
        is_(server.xm("mem-max", "demo", "50")[2], "Error: 50 MiB is not accepted: value: at least memory_target, "
            "100 MiB, while it runs (INVALID_VALUE)\n  the nearest value that is accepted is 100 MiB\n", "mem-max speaks of MiB")


def test_all_are_explained():
    """Each sentence of the table has a test."""
    with open(os.path.join(os.environ.get("TOP_SRCDIR", "."), "schema/errors.def"), encoding="utf-8") as file:
        rows = set(re.findall(r"^ERROR\((\w+)", file.read(), re.M))
    is_(rows ^ {parts[0] for parts in SENTENCES}, set(), "codes without a sentence here, and sentences of no code")


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
