#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""lifecycle.py – starting, pausing, suspending, rebooting and stopping VMs: their records, and what is checked before."""
import base64
import os
import re
import time

from lib.host import GIB, MIB, Host, until
from lib.rpc import Failure
from lib.server import program
from lib.tap import done, has, is_, ok, skip_all

NULL = "OpaqueRef:NULL"


def error_of(result):
    """[code, parameter …] of what a background call came to."""
    return [result.code, *result.params] if isinstance(result, Failure) else result


def seconds(date):
    return time.mktime(time.strptime(str(date), "%Y%m%dT%H:%M:%SZ")) - time.timezone


def check_running(host, vm, state, name):
    record = host.idle(vm)  # somebody may still look why the guest has stopped
    is_(record["power_state"], state, f"{name}: {state}")
    ok(int(record["domid"]) > 0 and record["resident_on"] == host.ref, f"{name}: it has a domain, here")
    ok(vm in host.session.host.get_resident_VMs(host.ref), f"{name}: the host says that it is resident")
    consoles = [host.session.console.get_record(console) for console in record["consoles"]]
    is_([(c["VM"], c["protocol"]) for c in consoles], [(vm, "vt100")], f"{name}: it has a console")
    ok(record["guest_metrics"] != NULL and host.session.VM_guest_metrics.get_record(record["guest_metrics"]),
       f"{name}: guest_metrics are there")
    is_(host.differences(vm), [], f"{name}: record, disk and domain agree")
    return record


def check_no_domain(host, vm, state, name):
    record = host.record(vm)
    is_([record[f] for f in ("power_state", "domid", "resident_on", "scheduled_to_be_resident_on", "consoles",
                             "current_operations")], [state, "-1", NULL, NULL, [], {}], f"{name}: {state}, without a domain")
    ok(vm not in host.session.host.get_resident_VMs(host.ref), f"{name}: it is not resident")
    is_(host.differences(vm), [], f"{name}: record, disk and domain agree")
    return record


def check_metrics(host, vm, name):
    metrics = host.session.VM_metrics.get_record(host.record(vm)["metrics"])
    is_([metrics[f] for f in ("VCPUs_number", "memory_actual", "hvm", "current_domain_type")],
        ["2", str(256 * MIB), True, "pvh"], f"{name}: metrics say vCPUs, memory and type")
    ok(metrics["state"] in (["blocked"], ["running"], ["paused"]), f"{name}: metrics say the state ({metrics['state']})")
    return metrics


def test_start(host):
    vm = host.add(name_description="at start")
    before = int(time.time())
    host.session.VM.start(vm, False)
    record = check_running(host, vm, "Running", "start")
    metrics = check_metrics(host, vm, "start")
    ok(before - 1 <= seconds(metrics["start_time"]) <= time.time() + 1, "start: start_time is now")
    boot = host.session.VM.get_boot_record(vm)
    is_([boot["name_description"], boot["memory_dynamic_min"], boot["VCPUs_at_startup"], boot["uuid"]],
        ["at start", str(256 * MIB), "2", record["uuid"]], "get_boot_record: as it was built")
    host.session.VM.set_name_description(vm, "changed")
    host.session.VM.set_VCPUs_at_startup(vm, "1")
    host.session.VM.set_memory_target(vm, str(300 * MIB))
    is_({**host.session.VM.get_boot_record(vm), "current_operations": {}, "allowed_operations": boot["allowed_operations"]},
        boot, "get_boot_record: whatever is changed afterwards")
    host.crash()
    is_(host.session.VM.get_boot_record(vm)["name_description"], "at start", "get_boot_record: after a crash of the daemon too")
    is_(str(host.session.VM_metrics.get_start_time(record["metrics"])), str(metrics["start_time"]), "start_time too")
    is_(int(host.record(vm)["domid"]), int(record["domid"]), "and the domain is the same")
    ok(vm in host.session.host.get_resident_VMs(host.ref), "and resident")
    host.session.VM.hard_shutdown(vm)
    after = check_no_domain(host, vm, "Halted", "hard_shutdown")
    is_(after["guest_metrics"] != NULL, True, "hard_shutdown: guest_metrics stay")
    is_(host.session.VM_metrics.get_current_domain_type(after["metrics"]), "unspecified", "hard_shutdown: no domain type")
    is_(host.failure("VM.get_boot_record", vm), ["VM_BAD_POWER_STATE", vm, "paused, suspended, running", "halted"],
        "get_boot_record: none of a Halted VM")
    is_(host.row(vm)["boot_record"], "{}", "nor on the disk")
    is_(host.session.console.get_all(), [], "no console is left")
    host.remove(vm)


def test_states(host):
    vm = host.add("Paused")
    domid = check_running(host, vm, "Paused", "start paused")["domid"]
    for message, state in (("unpause", "Running"), ("pause", "Paused"), ("unpause", "Running")):
        host.session.call("VM." + message, vm)
        is_(check_running(host, vm, state, message)["domid"], domid, f"{message}: the domain is the same")
    start_time = str(host.session.VM_metrics.get_start_time(host.record(vm)["metrics"]))
    host.session.VM.suspend(vm)
    check_no_domain(host, vm, "Suspended", "suspend")
    ok(os.path.exists(host.image(vm)), "suspend: the image is there")
    is_(host.session.VM.get_boot_record(vm)["power_state"], "Halted", "suspend: get_boot_record")
    for paused, state in ((True, "Paused"), (False, "Running")):
        host.session.VM.resume(vm, paused)
        check_running(host, vm, state, f"resume({paused})")
        is_([n for n in os.listdir(os.path.dirname(host.image(vm)))], [], f"resume({paused}): no image is left")
        is_(str(host.session.VM_metrics.get_start_time(host.record(vm)["metrics"])), start_time,
            f"resume({paused}): start_time is that of the start")
        if paused:
            host.session.VM.unpause(vm)
            host.session.VM.suspend(vm)
    host.session.VM.clean_shutdown(vm)
    check_no_domain(host, vm, "Halted", "clean_shutdown")
    host.session.VM.start(vm, False)
    host.session.VM.shutdown(vm)
    check_no_domain(host, vm, "Halted", "shutdown")
    host.remove(vm)


def test_images(host):
    vm = host.add("Suspended")
    os.unlink(host.image(vm))
    is_(host.failure("VM.resume", vm, False), ["VM_HAS_NO_SUSPEND_VDI", "VM", vm], "resume without an image")
    check_no_domain(host, vm, "Halted", "resume without an image")
    host.session.VM.start(vm, False)
    host.session.VM.suspend(vm)
    host.session.VM.hard_shutdown(vm)
    check_no_domain(host, vm, "Halted", "hard_shutdown of a Suspended VM")
    ok(not os.path.exists(host.image(vm)), "hard_shutdown of a Suspended VM: the image is gone")
    host.session.VM.start(vm, False)
    host.session.VM.suspend(vm)
    path = host.image(vm)
    host.session.VM.destroy(vm)
    ok(until(lambda: not os.path.exists(path)), "destroy of a Suspended VM: the image is gone")


def refused_start(host, name, want, **fields):
    vm = host.add(**fields)
    host.simulator.reset()
    error = host.failure("VM.start", vm, False)
    is_(error[:len(want)] if isinstance(error, list) else error, want, f"start: {name}")
    is_(host.failure("VM.assert_can_boot_here", vm, host.ref)[:2], error[:2], f"assert_can_boot_here: {name}")
    is_(host.session.VM.get_possible_hosts(vm), [], f"get_possible_hosts: {name}")
    is_(host.simulator.calls(), {}, "and no domain was begun")
    check_no_domain(host, vm, "Halted", name)
    host.remove(vm)


def test_checks(host):
    memory = {"memory_static_max": str(13 * GIB), "memory_dynamic_max": str(13 * GIB), "memory_dynamic_min": str(13 * GIB)}
    vm = host.add(**memory)
    overhead = int(host.record(vm)["memory_overhead"])
    host.remove(vm)
    free = host.simulator.state()["memory_free"]
    refused_start(host, "too little memory", ["HOST_NOT_ENOUGH_FREE_MEMORY", str(13 * GIB + overhead), str(free)], **memory)
    refused_start(host, "no memory at all", ["INVALID_VALUE"], memory_static_min="0", memory_dynamic_min="0")
    refused_start(host, "more vCPUs than CPUs", ["HOST_NOT_ENOUGH_PCPUS", "5", "4"], VCPUs_max="5",
                  platform={"vcpu-unrestricted": "false"})
    for field in ("PV_kernel", "PV_ramdisk"):
        for path in ("/etc/passwd", "/boot/../etc/passwd", "/bootless/kernel", "boot/kernel", "/boot"):
            refused_start(host, f"{field} {path}", ["VALUE_NOT_SUPPORTED", field, path], **{field: path})
    for path in ("/bin/sh", "py", "pygrub xl", "grub"):
        refused_start(host, f"boot loader {path}", ["VALUE_NOT_SUPPORTED", "PV_bootloader", path], PV_bootloader=path)
    for name, fields in (("more vCPUs than CPUs", {"VCPUs_max": "5"}), ("a kernel where they are allowed", {"PV_kernel": "/boot/k"}),
                         ("pygrub", {"PV_bootloader": "pygrub", "domain_type": "pv"})):
        vm = host.add("Running", **fields)
        is_(host.differences(vm), [], f"start: {name}")
        host.remove(vm)
    host.session.host.disable(host.ref)
    refused_start(host, "the host is disabled", ["HOST_DISABLED", host.ref])
    host.crash()
    refused_start(host, "the host is disabled, the daemon crashed", ["HOST_DISABLED", host.ref])
    host.session.host.enable(host.ref)
    host.remove(host.add("Running"))


def store_of(host, **fields):
    """What the domain of such a VM has in its part of xenstore."""
    vm = host.add("Running", **fields)
    found = host.domain(vm)["built_from"]["store"]
    host.remove(vm)
    return found


def test_store(host):
    data = {"vm-data/a/b": "1", "vm-data/g": "", "other": "not for the guest", "vm-dat": "x"}
    bios = {"bios-vendor": "Grüße 😀", "oem-1": "x" * 1024}
    is_(store_of(host, xenstore_data=data, domain_type="pv"), {"vm-data/a/b": "1", "vm-data/g": ""}, "xenstore_data below vm-data/")
    vm = host.add(domain_type="hvm", HVM_boot_policy="BIOS order", xenstore_data=data)
    host.session.VM.set_bios_strings(vm, bios)
    is_(host.failure("VM.copy_bios_strings", vm, host.ref), ["VM_BIOS_STRINGS_ALREADY_SET", vm], "bios_strings are not copied twice")
    host.session.VM.start(vm, False)
    is_(host.domain(vm)["built_from"]["store"], {"vm-data/a/b": "1", "vm-data/g": "",
                                                 **{"bios-strings/" + key: value for key, value in bios.items()}},
        "an HVM guest has its bios_strings too")
    host.remove(vm)
    vm = host.add()
    host.session.VM.copy_bios_strings(vm, host.ref)
    is_(host.record(vm)["bios_strings"], host.session.host.get_bios_strings(host.ref), "copied from the host")
    host.remove(vm)
    for path in ("vm-data/", "vm-data//a", "vm-data/a/", "vm-data/a b", "vm-data/ä", "vm-data/" + "a" * 256, "vm-data/../x"):
        refused_start(host, path, ["INVALID_VALUE", "xenstore_data, bios_strings: keys that are paths of letters, digits, - _ and @", path],
                      xenstore_data={path: "x"})
    refused_start(host, "a long value", ["INVALID_VALUE", "xenstore_data, bios_strings: values of at most 1024 bytes", "vm-data/a"],
                  xenstore_data={"vm-data/a": "x" * 1025})


def data_uri(content):
    return "data:application/octet-stream;base64," + base64.b64encode(content).decode()


def test_data_uris(host):
    """A kernel in the record is a file for as long as a domain is built from it."""
    for uri in ("data:", "data:,abc", "data:;base64,", "data:;base64,AAA", "data:;base64,A===", "data:;base64,AA AA", "data:;base64,AA=A",
                "DATA:text/plain;base64,AAAA="):
        refused_start(host, uri, ["VALUE_NOT_SUPPORTED", "PV_kernel", uri, "a data: URI has to be base64"], PV_kernel=uri)
    for length in range(1, 6):
        kernel = bytes(range(256)) * 200 + b"\xff" * length
        vm = host.add(PV_kernel=data_uri(kernel), PV_ramdisk=data_uri(b"ramdisk"), domain_type="pv")
        host.simulator.delay("start", 600_000)
        call = host.background("VM.start", vm, False)
        until(lambda: host.simulator.calls().get("start"))
        found = {}
        for suffix in ("kernel", "ramdisk"):
            with open(f"{host.image(vm)}.{suffix}", "rb") as file:
                found[suffix] = file.read()
                is_(os.fstat(file.fileno()).st_mode & 0o777, 0o600, f"the {suffix} is nobody else's")
        is_(found, {"kernel": kernel, "ramdisk": b"ramdisk"}, f"while it starts they are files ({length})")
        if length == 1:
            host.crash()
            call.wait()
        else:
            host.simulator.clear()
            is_(call.wait(), "", "it starts")
        is_([n for n in os.listdir(os.path.dirname(host.image(vm)))], [], "afterwards they are not, after kill -9 neither")
        host.simulator.reset()
        host.remove(vm)
    vm = host.add(PV_kernel=data_uri(b"kernel"), PV_ramdisk="/etc/passwd")
    is_(host.failure("VM.start", vm, False)[:2], ["VALUE_NOT_SUPPORTED", "PV_ramdisk"], "a path beside one is still judged")
    host.remove(vm)


def test_reboot(host):
    for message in ("clean_reboot", "hard_reboot"):
        vm = host.add("Running")
        before = host.record(vm)
        host.session.VM.set_VCPUs_at_startup(vm, "4")
        host.session.VM.set_name_description(vm, "next")
        is_(host.domain(vm)["vcpus_online"], 2, f"{message}: what is for the next boot is not there before")
        host.session.call("VM." + message, vm)
        after = check_running(host, vm, "Running", message)
        is_(host.domain(vm)["vcpus_online"], 4, f"{message}: the next boot's settings are there")
        ok(after["domid"] != before["domid"], f"{message}: another domain")
        is_(host.session.VM.get_boot_record(vm)["name_description"], "next", f"{message}: get_boot_record is the new one")
        host.simulator.fail("start")
        has(str(host.failure("VM." + message, vm)), "HYPERVISOR_ERROR", f"{message}: a domain that cannot be built again")
        check_no_domain(host, vm, "Halted", f"{message}, failed")
        host.remove(vm)


def test_cancel(host):
    """A guest that does not listen."""
    for message in ("clean_shutdown", "clean_reboot", "shutdown"):
        for how, state in (("hard_shutdown", "Halted"), ("hard_reboot", "Running")):
            if message == "shutdown" and how == "hard_reboot":
                continue  # that one waits
            vm = host.add("Running")
            host.simulator.guest(host.session.VM.get_uuid(vm), "ignore-shutdown")
            call = host.background("VM." + message, vm)
            task = next(iter(until(lambda vm=vm: host.record(vm)["current_operations"])))
            host.session.call("VM." + how, vm)
            is_(error_of(call.wait()), ["TASK_CANCELLED", task], f"{how} ends {message}: TASK_CANCELLED to who called that")
            ok(host.wait_state(vm, state), f"{how} ends {message}: {state}")
            is_(host.differences(vm), [], f"{how} ends {message}: record, disk and domain agree")
            host.remove(vm)


def test_timeout(host):
    host.kill()
    host.server.settings.update({"shutdown-timeout": "200ms", "operation-wait": "100ms"})
    host.start()
    vm = host.add("Running")
    host.simulator.guest(host.session.VM.get_uuid(vm), "ignore-shutdown")
    for message in ("clean_shutdown", "clean_reboot"):
        is_(host.failure("VM." + message, vm), ["VM_SHUTDOWN_TIMEOUT", vm, "0.2"], f"{message}: the guest takes too long")
        check_running(host, vm, "Running", message)
    is_(host.failure("VM.shutdown", vm), "", "shutdown: hard in the end")
    check_no_domain(host, vm, "Halted", "shutdown")
    host.remove(vm)


def test_other_operation(host):
    """With an operation-wait of 100 ms."""
    vm, other = host.add("Running"), host.add()
    host.simulator.delay("pause", 600000)
    first = host.background("VM.pause", vm)
    current = until(lambda: host.record(vm)["current_operations"])
    is_(list(current.values()), ["pause"], "current_operations says what is under way")
    task = next(iter(current))
    is_(host.session.task.get_status(task), "pending", "and its task is one")
    ok("pause" not in host.record(vm)["allowed_operations"], "allowed_operations says nothing that would have to wait")
    for message, arguments in (("clean_shutdown", []), ("set_memory_target", [str(300 * MIB)]), ("set_VCPUs_number", ["1"]),
                               ("pause", []), ("hard_reboot", [])):
        is_(host.failure("VM." + message, vm, *arguments), ["OTHER_OPERATION_IN_PROGRESS", "VM", vm, "pause", task],
            f"{message} waits, and not for ever")
    is_(host.failure("VM.set_is_a_template", vm, True)[0], "VM_BAD_POWER_STATE", "the power state comes first")
    host.session.VM.start(other, False)
    is_(host.state(other), "Running", "operations on another VM do not wait")
    host.simulator.clear()
    is_(first.wait(), "", "the first one ends well")
    check_running(host, vm, "Paused", "after that")
    for ref in (vm, other):
        host.remove(ref)
    vm = host.add()
    host.simulator.delay("start", 600000)
    first = host.background("VM.start", vm, False)
    task = next(iter(until(lambda: host.record(vm)["current_operations"])))
    for message, arguments in (("set_is_a_template", [True]), ("set_domain_type", ["pv"]), ("set_NVRAM", [{"a": "b"}]),
                               ("set_memory_static_max", [str(GIB)]), ("destroy", []), ("clone", ["other"])):
        is_(host.failure("VM." + message, vm, *arguments), ["OTHER_OPERATION_IN_PROGRESS", "VM", vm, "start", task],
            f"{message} while it starts")
    host.simulator.clear()
    is_(first.wait(), "", "the start ends well")
    is_(host.differences(vm), [], "record, disk and domain agree")
    host.remove(vm)


def test_waiting(host):
    """With an operation-wait of 30 s: whoever waits has its turn, in the order of coming."""
    vm = host.add("Running")
    host.simulator.delay("pause", 600000)
    calls = [host.background("VM.pause", vm)]
    until(lambda: host.record(vm)["current_operations"])
    calls += [host.background("VM.pause", vm)]
    ok(calls[1].is_alive(), "the second one waits")
    host.simulator.clear()
    results = [error_of(call.wait()) for call in calls]
    is_(results[0], "", "the first one is done")
    is_(results[1][0], "VM_BAD_POWER_STATE", "the second one is judged when it is its turn")
    is_(host.differences(vm), [], "record, disk and domain agree")
    host.remove(vm)


def test_disk_full(host):
    """At the commit behind the first call of the adapter."""
    for message, arguments, state, op, after in (("hard_shutdown", [], "Running", "destroy", "Halted"),
                                                 ("start", [False], "Halted", "start", "Halted"),
                                                 ("pause", [], "Running", "pause", "Running"),
                                                 ("unpause", [], "Paused", "unpause", "Paused"),
                                                 ("suspend", [], "Running", "suspend", "Running"),
                                                 ("resume", [False], "Suspended", "resume", "Suspended"),
                                                 ("hard_reboot", [], "Running", "destroy", "Halted")):
        host.restart()
        vm = host.add(state)
        host.simulator.reset()
        host.simulator.delay(op, 600000, 1)
        call = host.background("VM." + message, vm, *arguments)
        until(lambda op=op: host.simulator.calls().get(op))
        host.fill_disk()
        host.simulator.clear()
        error = error_of(call.wait())
        host.fill_disk(False)
        is_(error[:1], ["INTERNAL_ERROR"], f"{message}, the disk is full at the commit: refused")
        ok(host.wait_state(vm, after), f"{message}: {after} when there is room")
        host.session.VM.set_name_label(vm, "again")
        found = [line for line in host.differences(vm) if "an intent" not in line]
        is_(found, [], f"{message}: record, disk and domain agree")
        is_(host.failure("VM." + ("start" if after == "Halted" else message), vm, *(arguments or [False] * (after == "Halted"))),
            "", f"{message}: the VM goes on being usable")
        is_(host.differences(vm), [], f"{message}: record, disk and domain agree then")
        host.remove(vm)


def test_workers(host):
    """Guests that do not listen keep nobody else waiting, however many there are."""
    vms = [host.add("Running") for _ in range(40)]
    other = host.add()
    for vm in vms:
        host.simulator.guest(host.session.VM.get_uuid(vm), "ignore-shutdown")
    calls = [host.background("VM.clean_shutdown", vm) for vm in vms]
    until(lambda: all(host.record(vm)["current_operations"] for vm in vms))
    start = host.background("VM.start", other, False)
    is_(error_of(start.wait(20)), "", "40 guests ignore clean_shutdown: another VM starts")
    stop = [host.background("VM.hard_shutdown", vm) for vm in vms]
    is_([r for r in (error_of(c.wait(20)) for c in stop) if r != ""], [], "and hard_shutdown ends them all")
    ok(all(re.match("TASK_CANCELLED", str(c.wait(20))) for c in calls), "who waited is told")
    for vm in (*vms, other):
        host.remove(vm)


if not program():
    skip_all("no xenapid to test (XENAPID)")
with Host(simulator_memory="16g", simulator_pcpus="4", kernel_folders="/boot") as running:
    for test in (test_start, test_states, test_images, test_checks, test_data_uris, test_store, test_reboot, test_cancel, test_waiting,
                 test_workers, test_disk_full, test_timeout, test_other_operation):
        test(running)
done()
