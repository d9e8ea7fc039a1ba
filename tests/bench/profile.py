# SPDX-License-Identifier: LGPL-2.1-or-later
"""profile.py – make bench-profile: where a call's time goes, in figures that are the same on a busy machine: instructions by
library (valgrind's callgrind) and system calls (strace), as markdown.

memset is told apart: most of it is libmicrohttpd clearing a connection's memory, which valgrind counts byte by byte.
"""
import collections
import os
import re
import signal
import subprocess
import tempfile

from bench import sides
from bench.table import figure, markdown_row

VMS, CONNECTIONS, WARM_UP, CALLS, TRACED = 200, 16, 200, 2000, 5000
ROWS = (("small read", "small"), ("get_record", "record"), ("durable set", "memory"))
LIBRARIES = (("malloc", r"\b(malloc|calloc|realloc|free|_int_\w+|cfree)\b"), ("memset", r"memset"))


def by_library(text):
    """callgrind_annotate's list to library → instructions."""
    counts = collections.Counter()
    for line in text.splitlines():
        match = re.match(r"\s*([\d,]+) \([ \d.]+%\)\s+(\S*:.*)", line)
        if match:
            counts[library_of(match.group(2))] += int(match.group(1).replace(",", ""))
    return counts


def library_of(function):
    """Of `file:function [object]`."""
    for name, pattern in LIBRARIES:
        if re.search(pattern, function):
            return name
    found = re.search(r"\[.*?([^/\]]+)\]$", function)
    return re.sub(r"(-\d.*)?\.so.*", "", found.group(1)) if found else "other"


def by_call(text):
    """strace -c's table to system call → how often."""
    rows = (line.split() for line in text.splitlines())
    return {row[-1]: int(row[3]) for row in rows if len(row) >= 5 and row[3].isdigit() and row[-1] != "total"}


def count_instructions(ours, turn):
    subprocess.run(["callgrind_control", "-i", turn, str(ours.pid)], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def instructions(ours, call, folder):
    """Of one call, by library."""
    output, wrapper, real = os.path.join(folder, "callgrind"), os.path.join(folder, "wrapper"), ours.server.program
    with open(wrapper, "w") as file:
        file.write(f'#!/bin/sh\nexec valgrind -q --tool=callgrind --instr-atstart=no --callgrind-out-file={output} {real} "$@"\n')
    os.chmod(wrapper, 0o755)
    ours.server.program = wrapper
    ours.start()
    options = {"connections": CONNECTIONS, "refs": ours.refs}
    ours.load(getattr(ours.calls, call), requests=WARM_UP, **options)
    count_instructions(ours, "on")
    ours.load(getattr(ours.calls, call), requests=CALLS, number=10 ** 6, **options)
    count_instructions(ours, "off")
    ours.stop()
    ours.server.program = real
    annotated = subprocess.run(["callgrind_annotate", "--threshold=100", "--auto=no", output], check=True,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return by_library(annotated.stdout)


def system_calls(ours, call, connections, folder):
    """Of one call; those that fewer than one in fifty makes are left out."""
    output = os.path.join(folder, "strace")
    tracer = subprocess.Popen(["strace", "-f", "-c", "-o", output, "-p", str(ours.pid)], stderr=subprocess.PIPE, text=True)
    tracer.stderr.readline()  # attached
    ours.load(getattr(ours.calls, call), requests=TRACED, connections=connections, refs=ours.some_refs(connections),
              number=connections * 10 ** 6)
    tracer.send_signal(signal.SIGINT)
    tracer.communicate()
    with open(output) as file:
        counts = by_call(file.read())
    return {name: count / TRACED for name, count in counts.items() if count * 50 >= TRACED}


def print_table(title, columns):
    """columns: heading → name → figure; the largest first."""
    names = sorted({name for column in columns.values() for name in column},
                   key=lambda name: -sum(column.get(name, 0) for column in columns.values()))
    print(markdown_row([title, *columns]))
    print(markdown_row(["---"] + ["---:"] * len(columns)))
    for name in names:
        print(markdown_row([name] + [figure(column[name]) if name in column else "" for column in columns.values()]))
    print()


def main():
    with tempfile.TemporaryDirectory(prefix="bench", dir=".") as folder:
        ours = sides.Ours(folder, VMS)
        try:
            columns = {}
            for title, call in ROWS:
                counts = instructions(ours, call, folder)
                columns[title] = {name: count / CALLS for name, count in counts.items() if count * 200 >= sum(counts.values())}
            print_table("instructions per call", columns)
            ours.start()
            print_table("system calls per call", {
                f"{title}, {count} client{'s' * (count > 1)}": system_calls(ours, call, count, folder)
                for title, call in (ROWS[0], ROWS[2]) for count in (1, 8, 64)})
        finally:
            ours.close()


if __name__ == "__main__":
    main()
