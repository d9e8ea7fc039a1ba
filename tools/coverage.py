#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# coverage.py – how many lines the tests reached, per file, from gcov where lcov is not installed

import gzip
import json
import os
import subprocess
import sys


def reports(gcov, folder):
    """Yields (source, line, count) for every line of every object that ran."""
    for path, _, names in os.walk(folder):
        for name in names:
            if not name.endswith(".gcda"):
                continue
            run = subprocess.run([gcov, "--json-format", "--stdout", os.path.join(path, name)],
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
            data = run.stdout
            if data[:2] == b"\x1f\x8b":
                data = gzip.decompress(data)
            for text in data.splitlines():
                report = json.loads(text)
                for source in report["files"]:
                    for line in source["lines"]:
                        yield (os.path.join(report["current_working_directory"], source["file"]),
                               line["line_number"], line["count"])


def main():
    gcov, folder = sys.argv[1:]
    top = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    lines = {}
    for source, line, count in reports(gcov, folder):
        source = os.path.relpath(os.path.realpath(source), top)
        if not source.startswith(("..", "tests/", "/")):
            counts = lines.setdefault(source, {})
            counts[line] = counts.get(line, 0) + count

    reached = everything = 0
    for source, counts in sorted(lines.items()):
        hit = sum(count > 0 for count in counts.values())
        reached += hit
        everything += len(counts)
        print(f"{100 * hit / len(counts):5.1f} %  {hit:5} of {len(counts):5}  {source}")
    if not everything:
        sys.exit("coverage: nothing ran")
    print(f"{100 * reached / everything:5.1f} %  {reached:5} of {everything:5}  altogether")


main()
