# SPDX-License-Identifier: LGPL-2.1-or-later
"""goals.py – what is to be reached, and whether it was: a floor and an aim for the ratio of two lines of the table."""
from bench.table import figure, markdown_row

READS, LISTS, CHANGES, STATE = "Reads", "Lists", "Durable changes", "Start, memory, database"
OURS, BARE, PYTHON, SQLITE, LIBVIRT = "xenapid", "bare libmicrohttpd", "Python's xmlrpc.server", "bare SQLite", "libvirtd"
DISTINCT, ONE_VM = "VMs of their own", "one VM"


def clients(count, objects=DISTINCT):
    """The name of a row of changes."""
    return f"{count} client{'s' if count > 1 else ''}, {objects}" if count > 1 else f"1 client, {ONE_VM}"


class Goal:
    """line and other: (section, row, side) of the table; without other it is the value of `key`, in that scale."""

    def __init__(self, text, floor, aim, line, other=None, key="ms", scale=1.0, less=False):
        self.text, self.floor, self.aim, self.less = text, floor, aim, less
        self.line, self.other, self.key, self.scale = line, other, key, scale

    def result(self, table):
        """None when it was not measured."""
        if self.other:
            return table.ratio(*self.line, *self.other)
        line = table.find(*self.line)
        return line.median(self.key) * self.scale if line else None

    def verdict(self, result):
        if result is None:
            return "not measured"

        def reached(bound):
            return result <= bound if self.less else result >= bound
        return "aim" if reached(self.aim) else "floor" if reached(self.floor) else "**missed**"


def goals(size):
    """Those of a run of that size."""
    first, *_ = size.clients
    middle = size.clients[1:3]
    many = f"get_all_records, {size.vms:,} VMs"
    start = f"start with {size.vms:,} VMs"
    resident = f"resident with {size.vms:,} VMs"
    yield Goal("small read ÷ bare libmicrohttpd", 0.5, 0.75, (READS, "small read", OURS), (READS, "small read", BARE))
    yield Goal("get_record ÷ bare libmicrohttpd with as long a body", 0.5, 0.7,
               (READS, "get_record", OURS), (READS, "get_record", BARE))
    yield Goal("small read ÷ Python's xmlrpc.server", 15, 25, (READS, "small read", OURS), (READS, "small read", PYTHON))
    for count in middle:
        yield Goal(f"durable set ÷ bare SQLite group commit, {count} clients", 0.8, 1.1,
                   (CHANGES, clients(count), OURS), (CHANGES, clients(count), SQLITE))
    for count, floor, aim in ((first, 2, 2.7), (middle[0], 3.5, 5)):
        yield Goal(f"durable set ÷ libvirt's persistent change, {count} client{'s' * (count > 1)}", floor, aim,
                   (CHANGES, clients(count), OURS), (CHANGES, clients(count), LIBVIRT))
    yield Goal(f"p99 of a durable set at {middle[1]} clients, ms", 10, 4, (CHANGES, clients(middle[1]), OURS),
               key="p99", scale=1e-3, less=True)
    yield Goal(f"get_all_records of {size.vms:,} VMs, warm ÷ memcpy into fresh memory", 3, 1.5,
               (LISTS, many, f"{OURS}, warm"), (LISTS, many, "memcpy"), less=True)
    yield Goal(f"start with {size.vms:,} VMs until it answers ÷ libvirtd's", 0.25, 0.1,
               (STATE, start, OURS), (STATE, start, LIBVIRT), less=True)
    yield Goal(f"resident memory with {size.vms:,} VMs, just started ÷ libvirtd's", 1, 0.5,
               (STATE, resident, OURS), (STATE, resident, LIBVIRT), less=True)


def markdown(table, size):
    lines = ["### Goals\n", markdown_row(["", "floor", "aim", "result", "reached"]),
             markdown_row(["---", "---:", "---:", "---:", "---"])]
    for goal in goals(size):
        result = goal.result(table)
        lines.append(markdown_row([goal.text, figure(goal.floor), figure(goal.aim),
                                   "" if result is None else figure(result), goal.verdict(result)]))
    return "\n".join(lines)
