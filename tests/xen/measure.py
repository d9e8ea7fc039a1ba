# SPDX-License-Identifier: LGPL-2.1-or-later
"""measure.py – point 10: how long live changes and starts take, through xenapid and through xl, in turns."""
import statistics
import time

from lib.tap import diag, ok
from xen.host import MIB, MOST, PREFIX

ROUNDS = 4
CHANGES = 5  # in each round
STARTS = 3


def seconds(function):
    before = time.monotonic()
    function()
    return time.monotonic() - before


class Taken:
    """What each way took, in ms."""

    def __init__(self):
        self.rows = {}

    def add(self, what, way, *values):
        self.rows.setdefault(what, {}).setdefault(way, []).extend(1000 * value for value in values)

    def show(self):
        diag(f"{'median (quartiles), ms':34}{'xenapid':>24}{'xl':>24}{'ratio':>8}")
        for what, ways in self.rows.items():
            cells = []
            for way in ("xenapid", "xl"):
                low, middle, high = statistics.quantiles(ways[way], n=4)
                cells.append(f"{middle:.0f} ({low:.0f}–{high:.0f})")
            ratio = statistics.median(ways["xl"]) / statistics.median(ways["xenapid"])
            diag(f"{what:34}{cells[0]:>24}{cells[1]:>24}{ratio:>8.1f}")


def xl(host, *commands):
    """What one of the commands takes, each after the other in one shell; what the shell takes is left out."""
    alone = seconds(lambda: host.dom0.run(":"))
    return (seconds(lambda: host.dom0.run("\n".join(f"xl {command} || exit 1" for command in commands))) - alone) / len(commands)


def measure_changes(host, vm, taken):
    name = host.session.VM.get_name_label(vm)
    for _ in range(ROUNDS):
        for number in range(CHANGES):
            mib = 120 + 8 * (number % 2)
            taken.add("mem-set", "xenapid", seconds(lambda mib=mib: host.session.VM.set_memory_target(vm, str(mib * MIB))))
        taken.add("mem-set", "xl", xl(host, *(f"mem-set {name} {120 + 8 * (n % 2)}" for n in range(CHANGES))))
        for number in range(CHANGES):
            vcpus = 2 - number % 2
            taken.add("vcpu-set", "xenapid", seconds(lambda vcpus=vcpus: host.session.VM.set_VCPUs_number(vm, str(vcpus))))
        taken.add("vcpu-set", "xl", xl(host, *(f"vcpu-set {name} {2 - n % 2}" for n in range(CHANGES))))


def measure_starts(host, taken):
    vm = host.add("pv", "measure")
    config = host.put("measure", host.config("pv", "measure-xl", memory=128, maxmem=MOST, vcpus=1, maxvcpus=2))
    for _ in range(STARTS):
        taken.add("start of a PV guest", "xenapid", seconds(lambda: host.session.VM.start(vm, False)))
        host.session.VM.hard_shutdown(vm)
        taken.add("start of a PV guest", "xl", xl(host, f"create -q {config}"))
        host.dom0.run(f"xl destroy {PREFIX}measure-xl")
    host.remove(vm)


def run(host):
    taken = Taken()
    vm = host.running("pv")
    measure_changes(host, vm, taken)
    # as it was: xl has changed what the record does not know
    host.session.VM.set_memory_target(vm, str(128 * MIB))
    host.session.VM.set_VCPUs_number(vm, "2")
    measure_starts(host, taken)
    taken.show()
    ok(len(taken.rows) == 3, "mem-set, vcpu-set and start were measured")
    host.agree(vm, "after it")
