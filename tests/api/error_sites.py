#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""error_sites.py – the errors of memory, vCPUs, power states, devices and imports, each provoked: code, parameters and words.

The daemon says where each error was raised (XENAPID_TRACE_ERRORS); every place of these files that can raise one must have been there.
"""
import json
import os
import re
import shutil
import subprocess

from lib.host import GIB, MIB, Host
from lib.server import program
from lib.storage import Makers
from lib.tap import diag, done, is_, ok, skip_all

NULL = "OpaqueRef:NULL"
GONE = "OpaqueRef:00000000-0000-4000-8000-00000000dead"
ANY = re.compile("", re.S)
QEMU_IMG = shutil.which("qemu-img")
NEAREST = "the nearest value that is accepted is "
FILES = ("api/vm_memory.c", "api/vm_rules.c", "api/vm_vcpus.c", "api/vm_boot.c", "api/vm_power.c", "api/vm_state.c", "api/operation_table.c",
         "api/device.c", "api/vbd.c", "api/vbd_use.c", "api/vbd_live.c", "api/vbd_cd.c", "api/vif.c", "api/vif_live.c", "api/vif_filter.c",
         "api/dpci.c", "api/vdi.c", "api/vm_import.c", "api/vbd_import.c", "api/vm_export.c", "import/import.c", "import/libvirt.c", "import/xl_config.c",
         "import/xl_values.c")
# (file, part of what is raised): why nothing here comes there; nor to where an object went between two looks, HANDLE_INVALID
UNPROVOKED = {
    ("api/vm_power.c", "VM_MEMORY_TARGET_WAIT_TIMEOUT"): "after 256 seconds",
    ("api/vm_boot.c", "VM_HVM_REQUIRED"): "on a host without hardware virtualisation",
    ("api/vbd_live.c", "VDI_MISSING"): "when the image goes between two looks; as vdi.c says it",
    ("import/import.c", 'where, ""'): "neither XML-RPC nor JSON-RPC carries control characters or bytes that are not UTF-8",
    ("import/xl_config.c", "not understood"): "fuzzing has found nothing that the two readers understand differently",
    **({} if QEMU_IMG else {("api/vbd_use.c", 'ref, "attach"'): "without qemu-img", ("api/vdi.c", "record_ref(vdi), operation"): "likewise"}),
}


def mib(number):
    return str(number * MIB)


def order(low, high, accepted, *limits):
    return ["MEMORY_CONSTRAINT_VIOLATION_ORDER", *map(mib, limits), f"memory_{low} ≤ memory_{high}", accepted]


def memory(host):
    vm, running = host.add(), host.add("Running", name_label="runs")
    together = "several limits are changed together with xm set"
    yield ("VM.set_memory_static_min", [vm, mib(300)], order("static_min", "dynamic_min", f"memory_static_min at most {256 * MIB}", 300, 256, 384, 512),
           "static 300 MiB to 512 MiB, dynamic 256 MiB to 384 MiB", "accepted: memory_static_min at most 256 MiB", together)
    yield ("VM.set_memory_dynamic_min", [vm, mib(400)], order("dynamic_min", "dynamic_max", f"memory_dynamic_min at most {384 * MIB}", 128, 400, 384, 512),
           "accepted: memory_dynamic_min at most 384 MiB")
    yield ("VM.set_memory_dynamic_max", [vm, mib(600)], order("dynamic_max", "static_max", f"memory_dynamic_max at most {512 * MIB}", 128, 256, 600, 512),
           "accepted: memory_dynamic_max at most 512 MiB")
    yield ("VM.set_memory_static_max", [vm, mib(300)], order("dynamic_max", "static_max", f"memory_static_max at least {384 * MIB}", 128, 256, 384, 300),
           "accepted: memory_static_max at least 384 MiB")
    yield ("VM.set_memory_static_min", [vm, "-1"], ["INVALID_VALUE", f"memory_static_min: 0 to {1 << 60} bytes", "-1"], NEAREST + "0 MiB")
    yield ("VM.set_memory_target_live", [running, mib(600)],
           ["INVALID_VALUE", f"memory_target: {128 * MIB} to {512 * MIB} (memory_static_min to memory_static_max)", mib(600)],
           "600 MiB is not accepted: memory_target: 128 MiB to 512 MiB", NEAREST + "512 MiB")
    yield ("VM.set_memory_maximum", [running, mib(100)], ["INVALID_VALUE", f"value: at least memory_target, {256 * MIB}, while the VM is running", mib(100)],
           "100 MiB is not accepted", NEAREST + "256 MiB")
    yield ("VM.set_HVM_shadow_multiplier", [vm, 0.5], ["INVALID_VALUE", "multiplier: at least 1", "0.5"], NEAREST + "1")
    yield "VM.set_order", [vm, "-1"], ["INVALID_VALUE", "order: 0 or more", "-1"], NEAREST + "0"
    none = host.add(memory_static_min="0", memory_dynamic_min="0")
    yield "VM.start", [none, False], ["INVALID_VALUE", "memory_dynamic_min: more than 0 for a VM that is to start", "0"], "more than 0"
    free = int(host.simulator.state()["memory_free"])
    most = str(free // GIB * GIB + GIB)
    large = host.add(memory_static_max=most, memory_dynamic_max=most, memory_dynamic_min=most)
    needed = int(most) + int(host.record(large)["memory_overhead"])
    yield ("VM.start", [large, False], ["HOST_NOT_ENOUGH_FREE_MEMORY", str(needed), str(free)], f"the host has only {free // MIB}", "are lacking: give it less")
    host.simulator.fail("set_memory_target", text="no-memory")
    yield "VM.set_memory_dynamic_range", [running, mib(300), mib(300)], ["HOST_NOT_ENOUGH_FREE_MEMORY", ANY, ANY], "the host has only"
    host.simulator.clear()
    for ref in (vm, running, none, large):
        host.remove(ref)


def vcpus(host):
    vm, running, zero = host.add(), host.add("Running", name_label="runs"), host.session.host.get_control_domain(host.ref)
    rule = "VCPU values must satisfy: 0 < VCPUs_at_startup ≤ VCPUs_max: "
    yield ("VM.set_VCPUs_max", [vm, "100000"], ["INVALID_VALUE", re.compile(r"VCPUs_max: 1 to \d+, the most that the hypervisor supports"), "100000"], NEAREST)
    yield "VM.set_VCPUs_at_startup", [vm, "5"], ["INVALID_VALUE", rule + "1 to 4", "5"], NEAREST + "4"
    yield "VM.set_VCPUs_at_startup", [vm, "0"], ["INVALID_VALUE", rule + "1 to 4", "0"], NEAREST + "1"
    yield "VM.set_VCPUs_max", [vm, "1"], ["INVALID_VALUE", rule + "at least 2", "1"], NEAREST + "2"
    for message in ("set_VCPUs_number_live", "set_VCPUs_number"):
        yield f"VM.{message}", [running, "9"], ["INVALID_VALUE", "VCPU values must satisfy: 0 < VCPUs ≤ VCPUs_max: 1 to 4", "9"], NEAREST + "4"
    yield "VM.set_VCPUs_max", [running, "8"], ["VM_BAD_POWER_STATE", running, "halted", "running"], "xm shutdown runs", "xm set --next-boot"
    yield "VM.add_to_VCPUs_params_live", [running, "weight", "0"], ["INVALID_VALUE", "VCPUs_params:weight: 1 to 65535", "0"], NEAREST + "1"
    yield "VM.add_to_VCPUs_params_live", [running, "x", "0"], ["VALUE_NOT_SUPPORTED", "key", "x", "only weight, cap and mask can be changed live"], "only weight"
    yield "VM.set_VCPUs_at_startup", [zero, "1"], ["OPERATION_NOT_ALLOWED", "set_VCPUs_at_startup is not allowed on dom0"], "not allowed on dom0"
    pcpus = len(host.session.host.get_host_CPUs(host.ref))
    many = host.add(VCPUs_max=str(pcpus + 1), platform={"vcpu-unrestricted": "false"})
    yield "VM.start", [many, False], ["HOST_NOT_ENOUGH_PCPUS", str(pcpus + 1), str(pcpus)], f"VCPUs_max={pcpus}", "platform.vcpu-unrestricted=true"
    for ref in (vm, running, many):
        host.remove(ref)


def boot(host):
    for field, value, reason in (("PV_kernel", "/etc/passwd", "not below one of the configured kernel-folders"), ("PV_bootloader", "sh", ANY)):
        vm = host.add(**{field: value})
        yield "VM.start", [vm, False], ["VALUE_NOT_SUPPORTED", field, value, reason], f"{value} is not possible for {field}"
        host.remove(vm)
    vm = host.add()
    host.session.host.disable(host.ref)
    yield "VM.start", [vm, False], ["HOST_DISABLED", host.ref], "host.enable allows it again"
    host.session.host.enable(host.ref)
    host.simulator.fail("start", text="no such luck")
    yield "VM.start", [vm, False], ["HYPERVISOR_ERROR", "start", vm, "no such luck"], "the hypervisor refused start for guest: no such luck", "as it was before"
    host.simulator.clear()
    host.remove(vm)


def states(host):
    ways = {("halted", "running"): "xm start guest (VM.start)", ("halted", "suspended"): "xm suspend guest", ("halted", "paused"): "xm start -p guest",
            ("running", "halted"): "xm shutdown guest (VM.clean_shutdown)", ("running", "paused"): "xm pause guest (VM.pause)",
            ("running", "suspended"): "xm suspend guest (VM.suspend)", ("paused", "running"): "xm unpause guest (VM.unpause)",
            ("paused", "halted"): "xm destroy guest (VM.hard_shutdown)", ("paused", "suspended"): "xm suspend guest",
            ("suspended", "running"): "xm resume guest (VM.resume)", ("suspended", "paused"): "xm resume -p guest",
            ("suspended", "halted"): "what it had in memory is lost"}
    for state in ("Halted", "Running", "Paused", "Suspended"):
        vm = host.add(state)
        for message, more, wanted in (("start", [False], "halted"), ("unpause", [], "paused"), ("pause", [], "running"), ("resume", [False], "suspended")):
            if wanted != state.lower():
                yield (f"VM.{message}", [vm, *more], ["VM_BAD_POWER_STATE", vm, wanted, state.lower()],
                       f"guest is {state}; it must be {wanted.capitalize()} for this", ways[state.lower(), wanted])
        host.remove(vm)


def kinds(host):
    session = host.session
    vm, zero = host.add(), session.host.get_control_domain(host.ref)
    template, shot = session.VM.clone(vm, "template"), session.VM.snapshot(vm, "shot")
    session.VM.set_is_a_template(template, True)
    appliance = session.VM_appliance.create({"name_label": "together"})
    yield "VM.start", [template, False], ["VM_IS_TEMPLATE", template, "start"], "xm clone template NAME (VM.clone"
    yield "VM.start", [shot, False], ["VM_IS_SNAPSHOT", shot, "start"], "xm revert (VM.revert) goes back to it"
    yield "VM.set_appliance", [template, appliance], ["VM_IS_TEMPLATE", template, "set_appliance"], "template is a template"
    yield "VM.set_appliance", [shot, appliance], ["VM_IS_SNAPSHOT", shot, "set_appliance"], "shot is a snapshot"
    yield "VM.set_appliance", [zero, appliance], ["OPERATION_NOT_ALLOWED", "This operation is not allowed on a control domain"], "a control domain"
    yield "VM.provision", [vm], ["PROVISION_ONLY_ALLOWED_ON_TEMPLATE"], "xm template-make"
    yield "VM.revert", [vm], ["REVERT_ONLY_ALLOWED_ON_SNAPSHOT"], "xm snapshot-list"
    session.VM.set_appliance(vm, appliance)
    yield "VM.set_is_a_template", [vm, True], ["VM_IS_PART_OF_AN_APPLIANCE", vm, appliance], "belongs to the appliance together", "xm set guest appliance="
    session.VM.set_appliance(vm, NULL)
    yield "VM.set_VCPUs_max", [zero, "2"], ["OPERATION_NOT_ALLOWED", "This operation is not allowed on dom0"], "dom0"
    yield "VM.pause", [zero], ["OPERATION_NOT_ALLOWED", "This operation is not allowed on a control domain"], "a control domain"
    yield "VM.power_state_reset", [zero], ["CANNOT_RESET_CONTROL_DOMAIN", zero], "the control domain"
    yield ("VM.assert_operation_valid", [vm, "migrate_send"], ["VALUE_NOT_SUPPORTED", "op", "migrate_send", "this server has no such operation"],
           "no such operation")
    session.VM.add_to_blocked_operations(vm, "start", "in use")
    yield "VM.start", [vm, False], ["OPERATION_BLOCKED", vm, "in use"], "blocked for guest: in use", "VM.remove_from_blocked_operations"
    uuid, _ = host.simulator.create("foreign")
    foreign = _seen(host, uuid)
    yield "VM.pause", [foreign], ["OPERATION_NOT_ALLOWED", ANY], "VM.adopt (xm adopt) takes it over"
    host.simulator.destroy(uuid)
    host.remove(vm)
    yield "VM.revert", [shot], ["OPERATION_NOT_ALLOWED", "the VM of the snapshot is gone: clone the snapshot"], "clone the snapshot"
    for ref in (template, shot):
        session.VM.destroy(ref)


def _seen(host, uuid):
    while True:
        for ref, record in host.session.VM.get_all_records().items():
            if record["uuid"] == uuid:
                return ref


def power(host):
    session = host.session
    vm = host.add("Running")
    yield "VM.power_state_reset", [vm], ["DOMAIN_EXISTS", vm], "xm destroy guest (VM.hard_shutdown) ends it"
    host.simulator.guest(session.VM.get_uuid(vm), "ignore-shutdown")
    yield "VM.clean_shutdown", [vm], ["VM_SHUTDOWN_TIMEOUT", vm, "0.2"], "within 0.2 seconds", "xm destroy guest (VM.hard_shutdown)"
    host.simulator.delay("pause", 600_000)
    waiting = host.background("VM.pause", vm)
    while not session.VM.get_current_operations(vm):
        pass
    yield ("VM.clean_reboot", [vm], ["OTHER_OPERATION_IN_PROGRESS", "VM", vm, "pause", ANY], "the VM guest is busy with another operation, pause",
           f"xm task-cancel {session.task.get_uuid(next(iter(session.VM.get_current_operations(vm))))}")
    host.simulator.clear()
    waiting.wait()
    host.remove(vm)
    vm = host.add(domain_type="hvm")
    session.DPCI.create({"VM": vm, "PPCI": _ppci(host, "0000:00:19.1")})
    host.bring(vm, "Running")
    yield "VM.suspend", [vm], ["VM_HAS_PCI_ATTACHED", vm], "guest has PCI devices", "xm shutdown guest"
    host.remove(vm)
    vm = host.add("Suspended")
    os.unlink(host.image(vm))
    yield "VM.resume", [vm, False], ["VM_HAS_NO_SUSPEND_VDI", "VM", vm], "it is Halted now", "xm start guest"
    host.remove(vm)


def _ppci(host, name):
    return next(ref for ref, record in host.session.PPCI.get_all_records().items() if record["name"] == name)


def drives(host):
    session, makers = host.session, Makers(host.session, host.ref, host.server.path)
    sr = makers.sr()

    def vdi(**fields):
        return session.VDI.create({"name_label": "disk", "SR": sr, "virtual_size": str(MIB), "type": "user", **fields})

    vm, other, zero = host.add(), host.add(name_label="other"), session.host.get_control_domain(host.ref)
    used, suspended, fixed = vdi(), vdi(type="suspend"), vdi(read_only=True)
    disk = makers.vbd(vm, VDI=used, userdevice="0")
    drive = {"VM": vm, "VDI": used, "userdevice": "autodetect", "mode": "RW", "type": "Disk"}
    for fields, error, *words in (
            ({"userdevice": "x"}, ["INVALID_DEVICE", "x"], "VM.get_allowed_VBD_devices"),
            ({"userdevice": "0"}, ["DEVICE_ALREADY_EXISTS", "0"], "there is a device 0 already", "xm block-list"),
            ({"VDI": suspended}, ["VDI_INCOMPATIBLE_TYPE", suspended, "suspend"], "the disk disk is of type suspend"),
            ({"VDI": fixed}, ["VDI_READONLY", fixed], "the disk disk may only be read"),
            ({"VDI": GONE}, ["HANDLE_INVALID", "VDI", GONE], "that VDI does not exist", "VDI.get_all"),
            ({"VDI": vm}, ["HANDLE_INVALID", "VDI", vm], "the reference is that of the VM guest"),
            ({"type": "Floppy"}, ["VALUE_NOT_SUPPORTED", "type", "Floppy", ANY], "a domain has disks and CD drives"),
            ({"type": "CD"}, ["VBD_CDS_MUST_BE_READONLY"], "say RO"),
            ({"empty": True, "VDI": NULL}, ["VBD_NOT_REMOVABLE_MEDIA", ANY], "only a CD drive can be empty"),
            ({"VM": zero}, ["OPERATION_NOT_ALLOWED", "This operation is not allowed on a control domain"], "a control domain")):
        yield "VBD.create", [{**drive, **fields}], error, *words
    cd = session.VBD.create({**drive, "type": "CD", "mode": "RO", "empty": True, "VDI": NULL, "userdevice": "3"})
    yield "VBD.eject", [cd], ["VBD_IS_EMPTY", cd], "no CD in the drive 3 of guest", "xm cd-insert"
    yield "VBD.insert", [disk, used], ["VBD_NOT_REMOVABLE_MEDIA", disk], "the drive 0 of guest is none"
    yield "VBD.insert", [cd, NULL], ["HANDLE_INVALID", "VDI", NULL], "no VDI was named"
    host.bring(vm, "Running")
    yield "VBD.plug", [cd], ["VBD_IS_EMPTY", cd], "xm cd-insert"
    yield "VBD.plug", [disk], ["DEVICE_ALREADY_ATTACHED", disk], "the domain has the drive 0 of guest already"
    yield "VBD.set_userdevice", [disk, "5"], ["DEVICE_ALREADY_ATTACHED", disk], "xm block-detach"
    yield "VBD.destroy", [disk], ["OPERATION_NOT_ALLOWED", "the VM's domain has the device: unplug it first"], "unplug it first"
    session.VBD.set_unpluggable(disk, False)
    yield "VBD.unplug", [disk], ["VBD_NOT_UNPLUGGABLE", disk], "VBD.set_unpluggable allows it"
    session.VBD.set_unpluggable(disk, True)
    second = makers.vbd(other, VDI=used)
    yield "VBD.assert_attachable", [second], ["VDI_IN_USE", used, "attach"], "the disk disk is in use: attach is not possible"
    yield "VDI.destroy", [used], ["VDI_IN_USE", used, "destroy"], "xm block-detach"
    yield "VDI.resize", [vdi(), "1"], ["INVALID_VALUE", re.compile("size: at least .*|.*at least.*"), "1"], "is not accepted"
    session.VBD.unplug(disk)
    yield "VBD.unplug", [disk], ["DEVICE_ALREADY_DETACHED", disk], "the domain does not have the drive 0 of guest"
    session.VBD.insert(cd, fixed)
    yield "VBD.insert", [cd, fixed], ["VBD_NOT_EMPTY", cd], "xm cd-eject"
    lost = vdi()
    os.unlink(os.path.join(session.PBD.get_device_config(session.SR.get_PBDs(sr)[0])["location"], session.VDI.get_location(lost)))
    yield "VDI.resize", [lost, str(8 * MIB)], ["VDI_MISSING", sr, lost], "the image of the disk disk is gone", "VDI.forget"
    for ref in (vm, other):
        host.remove(ref)
    hvm = host.add(domain_type="hvm")
    host.bring(hvm, "Running")
    late = session.VBD.create({**drive, "VM": hvm, "type": "CD", "mode": "RO", "VDI": fixed, "userdevice": "3"})
    yield "VBD.plug", [late], ["OPERATION_NOT_ALLOWED", "an HVM guest has only the CD drives that it was started with"], "an HVM guest"
    host.remove(hvm)


def copies(host):
    """While a copy is being made, which qemu-img never ends here."""
    session, makers = host.session, Makers(host.session, host.ref, host.server.path)
    with open(host.server.path("tools/qemu-img"), "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\n[ "$1" != convert ] && exec {QEMU_IMG} "$@"\nexec sleep 1000\n')
    os.chmod(file.name, 0o755)
    vm, sr = host.add(), makers.sr()
    vdi = session.VDI.create({"name_label": "disk", "SR": sr, "virtual_size": str(MIB), "type": "user", "sm_config": {"image-format": "qcow2"}})
    makers.vbd(vm, VDI=vdi)
    task = session.call("Async.VDI.clone", vdi)
    while not session.VDI.get_current_operations(vdi):
        pass
    yield "VM.start", [vm, False], ["VDI_IN_USE", vdi, "attach"], "the disk disk is in use"
    host.remove(vm)
    yield "VDI.destroy", [vdi], ["VDI_IN_USE", vdi, "destroy"], "the disk disk is in use"
    session.task.cancel(task)
    while session.VDI.get_current_operations(vdi):
        pass


def interfaces(host):
    session = host.session
    vm, network = host.add(), session.network.get_all()[0]
    vif = {"device": "1", "network": network, "VM": vm}
    ref = session.VIF.create({**vif, "device": "0"})
    for fields, error, *words in (
            ({"device": "x"}, ["INVALID_DEVICE", "x"], "an interface 0, 1"),
            ({"device": "0"}, ["DEVICE_ALREADY_EXISTS", "0"], "xm network-list"),
            ({"MAC": "x"}, ["MAC_INVALID", "x"], "00:16:3e:12:34:56"),
            ({"VM": GONE}, ["HANDLE_INVALID", "VM", GONE], "that VM does not exist"),
            ({"network": GONE}, ["HANDLE_INVALID", "network", GONE], "that network does not exist"),
            ({"ipv4_allowed": ["x"]}, ["INVALID_VALUE", ANY, "x"], "ipv4_allowed"),
            ({"ipv4_allowed": [f"10.0.0.{n}" for n in range(200)]}, ["INVALID_VALUE", ANY, "10.0.0.0"], "addresses")):
        yield "VIF.create", [{**vif, **fields}], error, *words
    session.VIF.set_qos_algorithm_params(ref, {"kbps": "x"})
    session.VIF.set_qos_algorithm_type(ref, "ratelimit")
    yield "VM.start", [vm, False], ["INVALID_VALUE", "qos_algorithm_params:kbps: a number of KiB per second", "x"], "a number of KiB per second"
    session.VIF.set_qos_algorithm_params(ref, {})
    host.bring(vm, "Running")
    yield "network.set_default_locking_mode", [network, "disabled"], ["VIF_IN_USE", network, ref], "interface 0 of guest", "xm network-detach"
    yield "VIF.plug", [ref], ["DEVICE_ALREADY_ATTACHED", ref], "the domain has the interface 0 of guest already"
    yield "VIF.move", [ref, NULL], ["HANDLE_INVALID", "network", NULL], "no network was named"
    host.remove(vm)


def pci(host):
    vm = host.add(domain_type="hvm")
    first, second = _ppci(host, "0000:00:19.1"), _ppci(host, "0000:00:19.0")
    host.session.DPCI.create({"VM": vm, "PPCI": first, "hotplug_slot": "3"})
    for fields, error, *words in (
            ({"PPCI": first}, ["DEVICE_ALREADY_EXISTS", first], "there is a device 0000:00:19.1 already"),
            ({"hotplug_slot": "3"}, ["DEVICE_ALREADY_EXISTS", "3"], "there is a device 3 already"),
            ({"hotplug_slot": "32"}, ["INVALID_VALUE", "hotplug_slot: 0 to 31", "32"], NEAREST + "31"),
            ({"PPCI": GONE}, ["HANDLE_INVALID", "PPCI", GONE], "that PPCI does not exist")):
        yield "DPCI.create", [{"VM": vm, "PPCI": second, **fields}], error, *words
    host.remove(vm)


def imports(host):
    good = "name = 'x'\nmemory = 100\n"
    for text, field, value, *words in (
            ("name = 'x'\n", "config (memory is not set)", "", "memory is not set"), ("memory = 100\n", "config (name is not set)", "", "name is not set"),
            (good + "maxmem = 50\n", "config (line 3: maxmem must not be less than memory)", "50", "line 3: maxmem must not be less than memory"),
            (good + "vcpus = 4\nmaxvcpus = 2\n", "config (line 4: maxvcpus must not be less than vcpus)", "2", "maxvcpus"),
            (good + "vcpus = 'many'\n", re.compile(r"config \(line 3: vcpus .*\)"), ANY, "line 3: vcpus"),
            (good + "x = = 5\n", re.compile(r"config \(line 3: .*syntax error.*\)"), "x = = 5", "syntax error"),
            ("a = 1\n" * 1001, "config (more than 1000 assignments)", "", "more than 1000 assignments"),
            ("#" * (1 << 20) + "#", "config (more than 1 MiB)", "", "more than 1 MiB")):
        yield "VM.create_from_config", [text], ["INVALID_VALUE", field, value], *words
    for text, options, field, value, *words in (
            (good, {"format": "toml"}, "format: auto, xl, python, sxp or libvirt", "toml", "xl, python, sxp or libvirt"),
            (good, {"format": {}}, "options are format and dry_run", "format", "options are format and dry_run"),
            (good, {"depth": "1"}, "options are format and dry_run", "depth", "options are format and dry_run"),
            (f"<domain>{'<a/>' * 5001}</domain>", {"format": "libvirt"}, "config (more than 5000 values)", "", "more than 5000 values"),
            ("<!DOCTYPE x><domain/>", {"format": "libvirt"}, "config (a document type or entities: none are needed)", "", "none are needed"),
            ("<domain><name>x</name></domain>", {"format": "libvirt"}, "config (memory is not set)", "", "memory is not set"),
            ("<domain>", {"format": "libvirt"}, re.compile(r"config \(line \d+: .*\)"), ANY, "line")):
        yield "VM.create_from_config", [text, options], ["INVALID_VALUE", field, value], *words
    vm = host.add(name_label="x")
    yield ("VM.create_from_config", [good], ["INVALID_VALUE", f"name: another VM has it already, {host.session.VM.get_uuid(vm)}", "x"],
           "another VM has it already")
    yield "VM.export_config", [vm, "toml"], ["INVALID_VALUE", "format: xl, sxp or json", "toml"], "xl, sxp or json"
    host.remove(vm)
    two = "name = 'y'\nmemory = 100\ndisk = [ 'vdev=xvda,access=ro,devtype=cdrom', 'vdev=xvda,access=ro,devtype=cdrom' ]\n"
    yield "VM.create_from_config", [two], ["DEVICE_ALREADY_EXISTS", "xvda"], "there is a device xvda already"


def fits(got, want):
    return isinstance(got, list) and len(got) == len(want) and all(
        w.fullmatch(g) if isinstance(w, re.Pattern) and w.pattern else isinstance(w, re.Pattern) or g == w for g, w in zip(got, want))


def provoke(host, path):
    for message, arguments, error, *words in path(host):
        got = host.failure(message, *arguments)
        title = f"{path.__name__}: {message}: {error[0]}"
        if not ok(fits(got, error), title):
            diag(f"got  {got!r}\nwant {error!r}")
            continue
        told = host.session.session.explain_error(got)
        missing = [word for word in words if word not in told]
        if not ok(words and not missing, f"{title} in words"):
            diag(f"{told!r} without {missing!r}")


def split(text):
    """The arguments of a call, text being what follows the opening parenthesis."""
    parts, depth = [""], 0
    for token in re.findall(r'"(?:\\.|[^"\\])*"|.', text, re.S):
        depth += {"(": 1, ")": -1}.get(token, 0)
        if depth < 0:
            return parts
        if token == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += token
    return parts


def sites():
    """(file, line) → (codes, number of parameters, all of it) of everything in server/ and schema/ that raises an error."""
    found, top = {}, os.environ["TOP_SRCDIR"]
    for folder in ("server/api", "server/store", "server/import", "server", "schema"):
        for name in sorted(os.listdir(os.path.join(top, folder))):
            if not name.endswith(".c"):
                continue
            with open(os.path.join(top, folder, name), encoding="utf-8") as file:
                text = file.read()
            for match in re.finditer(r"\bfail\((?=[^;]*\bERROR_)", text):
                arguments = split(text[match.end():])
                codes = re.findall(r"\bERROR_([A-Z_0-9]+)", arguments[1])
                found[f"{folder}/{name}".removeprefix("server/"), text.count("\n", 0, match.start()) + 1] = codes, len(arguments) - 2, ",".join(arguments)
    return found


def test_shapes(all_sites):
    """Each place gives its error as many parameters as errors.def says."""
    errors = {e["name"]: len(e["params"]) for e in
              json.loads(subprocess.run([program(), "--print-api", "json"], check=True, capture_output=True, text=True).stdout)["errors"]}
    ok(len(all_sites) > 200, f"{len(all_sites)} places raise errors")
    is_([(place, codes, count) for place, (codes, count, _) in all_sites.items() if not codes or {errors[c] for c in codes} != {count}], [],
        "each with the parameters of errors.def")


def test_reached(host, all_sites):
    reached = {(file, int(line)) for file, line in re.findall(r"^error: (?:.*?/)?(?:server/)((?:api|import)/\w+\.c):(\d+): ", host.server.stderr(), re.M)}
    missed = [f"{file}:{line} {'/'.join(codes)}" for (file, line), (codes, _, text) in all_sites.items()
              if file in FILES and (file, line) not in reached and codes != ["HANDLE_INVALID"]
              and not any(file == where and part in text for where, part in UNPROVOKED)]
    is_(missed, [], f"every place of {len(FILES)} files was reached")


if not program():
    skip_all("XENAPID names no program")
everything = sites()
test_shapes(everything)
with Host(environment={"XENAPID_TRACE_ERRORS": "1"}, kernel_folders="/boot", operation_wait="100ms", shutdown_timeout="200ms") as the_host:
    os.mkdir(the_host.server.path("tools"))
    the_host.environment = {**the_host.environment, "PATH": the_host.server.path("tools") + ":" + os.environ["PATH"]}
    the_host.restart()
    for one in (memory, vcpus, boot, states, kinds, power, drives, *([copies] if QEMU_IMG else []), interfaces, pci, imports):
        provoke(the_host, one)
    test_reached(the_host, everything)
done()
