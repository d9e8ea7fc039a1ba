#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""data_sources.py – figures of the host and of VMs by their names."""
import time

from lib.api import Api
from lib.host import GIB, MIB, Host, until
from lib.server import program
from lib.tap import done, is_, ok, skip_all

UNKNOWN = "data_source: one of get_data_sources"


def figures(host, cls, ref):
    return {row["name_label"]: row for row in host.session.call(f"{cls}.get_data_sources", ref)}


def check_rows(host, cls, ref, names):
    rows = figures(host, cls, ref)
    is_(sorted(rows), sorted(names), f"{cls}: its figures")
    fields = {field.short_name for field in Api().cls("data_source").fields}
    is_([name for name, row in rows.items() if set(row) != fields], [], f"{cls}: each with all of its fields")
    is_([name for name, row in rows.items() if not (row["enabled"] and row["standard"] and row["units"] and row["name_description"])], [],
        f"{cls}: which say what it is")
    is_([name for name, row in rows.items() if not row["min"] <= row["value"] <= row["max"]], [], f"{cls}: each between its least and its most")
    return rows


def test_host(host):
    rows = check_rows(host, "host", host.ref, ["cpu_avg", "memory_total_kib", "memory_free_kib"])
    free = int(host.session.host.compute_free_memory(host.ref))
    is_(rows["memory_free_kib"]["value"] * 1024, free, "free memory is that of the metrics")
    is_(rows["memory_total_kib"]["value"], 64 * GIB / 1024, "all memory, too")
    is_(host.session.host.query_data_source(host.ref, "memory_total_kib"), 64 * GIB / 1024, "one figure by itself")
    is_(host.failure("host.query_data_source", host.ref, "cpu9"), ["INVALID_VALUE", UNKNOWN, "cpu9"], "one that there is not")


def test_vm(host):
    session = host.session
    vm = host.add(VCPUs_max="2", VCPUs_at_startup="2")
    is_(figures(host, "VM", vm), {}, "a VM that is off has no figures")
    is_(host.failure("VM.query_data_source", vm, "memory"), ["INVALID_VALUE", UNKNOWN, "memory"], "so none can be asked for")
    host.bring(vm, "Running")
    ok(until(lambda: len(figures(host, "VM", vm)) == 4), "one that runs has some soon")
    check_rows(host, "VM", vm, ["cpu0", "cpu1", "memory", "memory_target"])
    target = int(session.VM.get_memory_target(vm)) or int(session.VM.get_memory_dynamic_min(vm))
    is_(session.VM.query_data_source(vm, "memory"), target, "its memory")
    session.VM.set_memory_dynamic_range(vm, str(target - 8 * MIB), str(target - 8 * MIB))
    ok(until(lambda: session.VM.query_data_source(vm, "memory") == target - 8 * MIB), "follows the balloon")
    ok(until(lambda: session.host.query_data_source(host.ref, "cpu_avg") > 0), "CPU time that VMs use is the host's")
    host.remove(vm)


def test_archives(host):
    session = host.session
    vm = host.add(VCPUs_max="2", VCPUs_at_startup="2", VCPUs_params={})
    is_(session.VM.get_data_source_archives(vm), {"time": [], "cpu": [], "memory": []}, "of a VM that never ran there are no samples")
    host.bring(vm, "Running")
    ok(until(lambda: len(session.VM.get_data_source_archives(vm)["time"]) > 3), "of one that runs there are more and more")
    for cls, ref, most in (("VM", vm, int(session.VM.get_memory_static_max(vm))), ("host", host.ref, 64 * GIB)):
        ok(until(lambda: len(session.call(f"{cls}.get_data_source_archives", ref)["time"]) > 3), f"{cls}: samples")
        rows = session.call(f"{cls}.get_data_source_archives", ref)
        is_({len(row) for row in rows.values()}, {len(rows["time"])}, f"{cls}: of each time a share and memory")
        ok(all(0 <= share <= 1 for share in rows["cpu"]), f"{cls}: shares")
        ok(all(0 < memory <= most for memory in rows["memory"]), f"{cls}: memory")
        ok(rows["time"] == sorted(rows["time"]) and abs(rows["time"][-1] - time.time()) < 60, f"{cls}: up to now")
    is_(session.VM.get_data_source_archives(vm)["memory"][-1], session.VM.query_data_source(vm, "memory"), "the memory is that of the metrics")
    host.bring(vm, "Halted")
    ok(session.VM.get_data_source_archives(vm)["time"], "when it has ended they are still there")
    host.remove(vm)
    is_(host.failure("VM.get_data_source_archives", vm)[0], "HANDLE_INVALID", "unless it is gone")


def main():
    if not program():
        skip_all("XENAPID names no program")
    with Host() as host:
        test_host(host)
        test_vm(host)
        test_archives(host)
    done()


main()
