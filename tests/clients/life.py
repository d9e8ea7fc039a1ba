# SPDX-License-Identifier: LGPL-2.1-or-later
"""life.py – a VM's life through any Python client; what it needs of the client is one function.

    live(call, code_of, what)    call(method, …) behind the session, raises; code_of(exception) is the error's code;
                                 what: words for the results
"""
from lib.tap import is_, subtest

MIB = 1 << 20


def live(call, code_of, what):
    subtest(lambda: live_once(call, code_of), f"{what}: a VM's life")


def live_once(call, code_of):
    def code(*arguments):
        try:
            return "done", call(*arguments)
        except Exception as error:  # each client has its own
            return code_of(error)

    vm = call("VM.create", {"name_label": "demo é😀", "memory_static_max": str(256 * MIB), "VCPUs_max": "2",
                            "VCPUs_at_startup": "2"})
    is_(call("VM.get_all_records")[vm]["name_label"], "demo é😀", "a VM is created and listed")
    change_inactive(call, vm)
    call("VM.start", vm, False, False)
    is_(call("VM.get_power_state", vm), "Running", "it starts")
    change_running(call, vm)
    is_(code("VM.set_VCPUs_max", vm, "8"), "VM_BAD_POWER_STATE", "what only a halted VM can do")
    call("VM.hard_shutdown", vm)
    is_(call("VM.get_record", vm)["power_state"], "Halted", "it is off")
    call("VM.destroy", vm)
    is_(code("VM.get_record", vm), "HANDLE_INVALID", "it is gone")
    is_(code("VM.no_such", vm), "MESSAGE_METHOD_UNKNOWN", "a message that nobody knows")
    is_(code("VM.get_uuid"), "MESSAGE_PARAMETER_COUNT_MISMATCH", "too few parameters")


def change_inactive(call, vm):
    call("VM.set_memory_dynamic_range", vm, str(128 * MIB), str(256 * MIB))
    call("VM.set_VCPUs_max", vm, "4")
    call("VM.set_VCPUs_at_startup", vm, "3")
    record = call("VM.get_record", vm)
    is_([record[name] for name in ("memory_dynamic_min", "memory_dynamic_max", "VCPUs_max", "VCPUs_at_startup")],
        [str(128 * MIB), str(256 * MIB), "4", "3"], "memory and vCPUs of a VM that does not run")


def change_running(call, vm):
    call("VM.set_memory_dynamic_range", vm, str(64 * MIB), str(192 * MIB))
    call("VM.set_VCPUs_number_live", vm, "2")
    metrics = call("VM.get_metrics", vm)
    is_([call("VM.get_memory_dynamic_max", vm), call("VM_metrics.get_VCPUs_number", metrics)],
        [str(192 * MIB), "2"], "memory and vCPUs of one that runs")
