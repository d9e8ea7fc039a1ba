#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_list.py – what xm shows: list in all forms, vcpu-list, uptime, info."""
import json

from lib.tap import done, has, is_, ok, skip_all
from lib.xm import MIB, Date, FakeServer, Refusal, program

HEADER = "Name                                      ID   Mem VCPUs      State   Time(s)\n"
DEMO = "demo                                           410     1                 0.0\n"
RUNNING = {
    "power_state": "Running", "domid": 22, "memory_target": 500 * MIB, "VCPUs_max": 8,
    "VCPUs_params": {"mask": "0,2;1"},
    "metrics": {"memory_actual": 500 * MIB, "VCPUs_number": 7, "state": ["blocked"],
                "VCPUs_CPU": {"0": 3}, "VCPUs_flags": {"0": ["online", "blocked"]},
                "start_time": Date("20260101T01:02:03Z"),
                "VCPUs_params": {"cpu_time": "0.7", "vcpu_time:0": "0.6"}},
}


def test_table():
    with FakeServer() as server:
        is_(server.xm("list"), (0, HEADER, ""), "an empty host")
        server.add()
        is_(server.xm("list", "demo"), (0, HEADER + DEMO, ""), "the line of the walk, halted")
        is_(server.messages(), ["VM.get_by_name_label", "VM.get_record", "VM_metrics.get_record"],
            "one VM is asked for, not all")
        server.vms.clear()
        server.add(**RUNNING)
        is_(server.xm("list", "demo")[1], HEADER +
            "demo                                      22   500     7     -b----      0.7\n",
            "a running one")
        is_(server.messages()[0], "VM.get_by_name_label", "by name")
        is_(server.xm("list")[1].count("\n"), 2, "all")
        selections = ["VM.get_all_fields_where", "VM_metrics.get_all_fields_where"]
        is_(server.messages(), selections, "two calls for all, with the fields that are shown")
        is_([server.calls[0][0], server.calls[-1][0]],
            ["session.login_with_password", "session.logout"], "signs in and out")
        table = server.xm("list")
        for selection in selections:
            server.refusals[selection] = Refusal("MESSAGE_METHOD_UNKNOWN", selection)
        is_(server.xm("list"), table, "the same from a server that cannot leave fields out")
        is_(server.messages(), [selections[0], "VM.get_all_records", selections[1], "VM_metrics.get_all_records"],
            "which is asked for whole records")


def test_order():
    with FakeServer() as server:
        for name, domid in (("b", 7), ("a", 9), ("c", -1), ("Domain-0", 0)):
            server.add(name_label=name, domid=domid, is_control_domain=domid == 0,
                       power_state="Running" if domid >= 0 else "Halted")
        server.add(name_label="pattern", is_a_template=True)
        server.add(name_label="shot", is_a_template=True, is_a_snapshot=True)
        server.add(name_label="asleep", power_state="Suspended")
        server.add(name_label="waits", power_state="Paused", domid=3)
        names = [line.split()[0] for line in server.xm("list")[1].splitlines()[1:]]
        is_(names, ["Domain-0", "waits", "b", "a", "asleep", "c"], "Domain-0, by id, then by name")
        table = server.xm("list", "--templates")[1]
        ok("pattern" in table and "shot" in table, "--templates")
        has(server.xm("list", "pattern")[1], "pattern", "a template by its name")
        has(server.xm("list", "asleep")[1], " ---s-- ", "a suspended one")
        has(server.xm("list", "waits")[1], " --p--- ", "a paused one")
        for state, want in (("running", 3), ("Halted", 1), ("suspended", 1), ("paused", 1)):
            is_(server.xm("list", f"--state={state}")[1].count("\n") - 1, want, f"--state={state}")
        is_(server.xm("list", "--state", "running", "b")[1].count("\n"), 2, "--state with a name")
        status, _, err = server.xm("list", "--state=asleep")
        is_(status, 2, "no such state")
        has(err, 'Error: "asleep" is no state: running, paused, suspended or halted', "and says so")
        status, out, err = server.xm("list", "b", "nobody", "c")
        is_((status, out.count("\n"), err), (1, 3, 'Error: no domain "nobody"\n'),
            "those that were found are shown")


def test_names():
    with FakeServer() as server:
        server.add(name_label="evil\x1b".replace("\x1b", "\u009b") + "31m\nx\t\\\u202e")
        _, out, _ = server.xm("list")
        has(out, "evil\\u009b31m\\nx\\t\\\\\\u202e", "control characters are escaped")
        is_(out.count("\n"), 2, "one line")
        server.vms.clear()
        server.add(name_label="日本")
        is_(len(server.xm("list")[1].splitlines()[1]), len(DEMO) - 3, "wide characters take two columns")
        server.vms.clear()
        long = "n" * 60
        server.add(name_label=long)
        has(server.xm("list")[1], long + " ", "a long name is not cut")


def test_long():
    with FakeServer() as server:
        server.add()
        _, out, _ = server.xm("list", "--long", "demo")
        is_([line for line in out.splitlines() if "mem" in line],
            ["    (memory 410)", "    (maxmem 800)", "    (shadow_memory 0)",
             "    (memory_dynamic_min 410)", "    (memory_dynamic_max 800)"], "grep mem, as in the walk")
        is_([line for line in out.splitlines() if "vcpu" in line],
            ["    (vcpus 1)", "    (online_vcpus 1)"], "grep vcpu")
        ok(out.startswith("(domain\n") and out.endswith("\n)\n"), "an S-expression")
        ok("domid" not in out, "no domid when it is halted")
        server.vms.clear()
        server.add(**RUNNING, name_label='a "b" (c)\n', memory_dynamic_min=MIB + 1, PV_args="ro x",
                   platform={"acpi": "true", "a b": ""}, HVM_shadow_multiplier=1.6)
        _, out, _ = server.xm("list", "-l")
        for part in ('(name "a \\"b\\" (c)\\n")', "(domid 22)", "(online_vcpus 7)", "(vcpus 8)",
                     '(args "ro x")', '(platform ("a b" "") (acpi true))', "(state -b----)",
                     "(cpu_time 0.700)", "(start_time 1767229323)", "(memory_dynamic_min 1.000001)",
                     "(status Running)"):
            has(out, "    " + part + "\n", part)


def test_json():
    with FakeServer() as server:
        is_(server.xm("list", "--json"), (0, "[]\n", ""), "nothing")
        name = "emoji 😀\n\x7f\u202e \ue000\ue400 end"
        server.add(**RUNNING, name_label=name, is_a_template=False)
        server.add(name_label="second")
        found = json.loads(server.xm("list", "--json")[1])
        is_(len(found), 2, "an array")
        is_(found[0]["name_label"], name, "texts come through whole")
        is_(found[0]["memory_target"], 500 * MIB, "ints are numbers")
        is_(found[0]["is_a_template"], False, "flags are flags")
        is_(found[0]["metrics_record"]["VCPUs_number"], 7, "with the metrics")
        is_(found[0]["metrics_record"]["start_time"], "20260101T01:02:03Z", "dates are texts")
        is_(server.xm("list", "--json", "--long")[0], 2, "not with --long")


def test_many():
    with FakeServer() as server:
        for i in range(3000):
            server.add(name_label=f"vm{i:05}")
        status, out, _ = server.xm("list")
        is_((status, out.count("\n")), (0, 3001), "a reply of several megabytes")


def test_others():
    with FakeServer() as server:
        server.add(**RUNNING)
        server.add(name_label="off")
        lines = server.xm("vcpu-list")[1].splitlines()
        is_(len(lines), 1 + 8 + 1, "a line for each vCPU")
        is_(lines[1].split(), ["demo", "22", "0", "3", "-b-", "0.6", "0,2"],
            "the first, with its own affinity")
        is_(lines[2].split()[-1], "1", "the second")
        is_(lines[-1].split(), ["off", "0", "-", "0.0", "any"], "one of a halted VM")
        has(server.xm("uptime")[1], "demo                                      22 1 day,  2:02:02\n",
            "uptime, by the server's clock")
        ok("off" not in server.xm("uptime")[1], "only those that run")
        status, out, _ = server.xm("info")
        is_(status, 0, "info")
        for part in ("host                   : xenhost", "nr_cpus                : 2",
                     "total_memory           : 65536", "free_memory            : 60000",
                     "xen_caps               : xen-3.0-x86_64 hvm-3.0", "xen_version            : 4.17"):
            has(out, part + "\n", part)
        is_(server.xm("domid", "demo"), (0, "22\n", ""), "domid")
        is_(server.xm("domid", "off"), (1, "", "Error: off is Halted; it has no id\n"), "domid of none")
        is_(server.xm("domname", "22"), (0, "demo\n", ""), "domname")


def test_drift():
    def entry(field, record, domain, name="demo"):
        return {"VM": "OpaqueRef:x", "uuid": "u", "name_label": name, "field": field, "record": record, "domain": domain}

    header = "Name                                   Field                Record       Domain\n"
    with FakeServer() as server:
        server.refusals["host.get_drift"] = lambda *_: []
        is_(server.xm("drift"), (0, header, ""), "nothing differs: no lines")
        is_(server.messages()[-1], "host.get_drift", "asks the server")
        server.refusals["host.get_drift"] = lambda *_: [
            entry("memory_target", str(400 * MIB), str(300 * MIB + 1024)), entry("VCPUs_at_startup", "2", "1"),
            entry("name_label", "a", "b\tc", "a\nb")]
        is_(server.xm("drift"), (0, header +
            "demo                                   memory_target        400          300.000977\n"
            "demo                                   VCPUs_at_startup     2            1\n"
            "a\\nb                                   name_label           a            b\\tc\n", ""), "a line for each")
        server.refusals["host.get_drift"] = Refusal("HYPERVISOR_ERROR", "list_domains", "OpaqueRef:host", "not there")
        status, out, err = server.xm("drift")
        is_((status, out), (1, ""), "one that was refused")
        has(err, "not there", "says why")
        is_(server.xm("drift", "demo")[0], 2, "it takes no argument")


if not program():
    skip_all("XM names no program")
test_table()
test_order()
test_names()
test_long()
test_json()
test_many()
test_others()
test_drift()
done()
