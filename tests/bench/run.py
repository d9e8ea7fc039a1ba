# SPDX-License-Identifier: LGPL-2.1-or-later
"""run.py – make bench: our server beside the limits and peers of docs/performance.md, as markdown.

    run.py [--short] [--write FILE] [--samples FILE] [--folder FOLDER] [GROUP...]

--write puts the tables between the two markers of FILE, --samples leaves all that was measured in FILE, as JSON. GROUP is one of the functions in rows.py's GROUPS; all without. The
folder is where databases are made: on a disk, or durable changes cost nothing.
"""
import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

from bench import goals, rows, sides
from bench.table import Table

BEGIN, END = "<!-- make bench: begin -->", "<!-- make bench: end -->"


@dataclass
class Size:
    """How much of everything."""
    vms: int
    many: int             # once
    rounds: int
    seconds: float        # of each side in each round
    connections: int
    clients: tuple        # that make durable changes
    crowd: int            # that waits for events beside a mixed load
    waiters: tuple        # for one event
    event_rounds: int
    sessions: int
    changes: int


LONG = Size(vms=10_000, many=100_000, rounds=5, seconds=2, connections=64, clients=(1, 8, 64, 256), crowd=1000,
            waiters=(1, 100, 10_000), event_rounds=15, sessions=10_000, changes=20_000)
# Only shows that every row runs and that everybody answers rightly.
SHORT = Size(vms=40, many=80, rounds=1, seconds=0.05, connections=8, clients=(1, 2, 4, 8), crowd=5,
             waiters=(1, 3, 20), event_rounds=1, sessions=20, changes=50)


def first_line(*command):
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[0].strip()
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "not installed"


def version_of(package):
    return first_line("pkg-config", "--modversion", package)


def processor():
    with open("/proc/cpuinfo") as file:
        name = re.search(r"^model name\s*:\s*(.*)$", file.read(), re.M)
    return name.group(1) if name else platform.machine()


def machine(folder):
    """Lines about where it ran."""
    source, kind = (first_line("findmnt", "-n", "-o", column, "-T", folder) for column in ("SOURCE", "FSTYPE"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    yield f"- {time.strftime('%Y-%m-%d')}; {processor()}, {os.cpu_count()} CPUs, {memory:.0f} GiB; Linux {platform.release()}"
    yield f"- databases on {source}, {kind}; servers and load generator on the same machine, over loopback"
    yield f"- {first_line(sides.Server(start=False).program, '--version')} at {first_line('git', '-C', os.environ['TOP_SRCDIR'], 'rev-parse', '--short', 'HEAD')}"
    yield (f"- libmicrohttpd {version_of('libmicrohttpd')}, SQLite {version_of('sqlite3')}, Python {platform.python_version()}, "
           f"{first_line('libvirtd', '--version')}")


def measure(size, folder, groups, tell):
    """The table of a run, and what went wrong: a group that fails leaves out its rows."""
    table, problems = Table(), []
    bench = rows.Bench(size, table, folder)
    try:
        for group in groups:
            tell(group.__name__)
            try:
                group(bench)
            except (RuntimeError, OSError) as error:
                problems.append(f"{group.__name__}: {error}")
            bench.stop()
    finally:
        bench.close()
    return table, problems


def write(path, text):
    with open(path, encoding="utf-8") as file:
        before, _, rest = file.read().partition(BEGIN)
    _, _, after = rest.partition(END)
    if not after:
        sys.exit(f"{path} lacks the markers {BEGIN} and {END}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN}\n{text}\n{END}{after}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--write", metavar="FILE")
    parser.add_argument("--samples", metavar="FILE")
    parser.add_argument("--folder", default=".")
    parser.add_argument("group", nargs="*", choices=[[], *(group.__name__ for group in rows.GROUPS)])
    arguments = parser.parse_args()
    groups = [group for group in rows.GROUPS if not arguments.group or group.__name__ in arguments.group]
    begun = time.monotonic()

    def tell(name):
        print(f"{time.monotonic() - begun:5.0f} s  {name}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="bench", dir=arguments.folder) as folder:
        os.chmod(folder, 0o711)  # libvirtd is another user
        size = SHORT if arguments.short else LONG
        table, problems = measure(size, os.path.abspath(folder), groups, tell)
        text = "\n".join([*machine(folder), "", goals.markdown(table, size), table.markdown()])
    print(text)
    if arguments.samples:
        with open(arguments.samples, "w", encoding="utf-8") as file:
            json.dump(table.samples(), file, indent=1)
    if problems:
        sys.exit("\n".join(problems))
    if arguments.write:
        write(arguments.write, text)


if __name__ == "__main__":
    main()
