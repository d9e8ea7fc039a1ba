#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""compatibility.py – docs/compatibility.md says what of the Xen-API is served: its figures, and a reason for all that is not.

    compatibility.py --write    puts the figures into the document; make docs does it
"""
import collections
import fnmatch
import os
import re
import sys

from lib.api import Api
from lib.server import program
from lib.tap import done, is_, ok, skip_all

TOP = os.environ["TOP_SRCDIR"]
DOCUMENT = os.path.join(TOP, "docs/compatibility.md")
NAMES = os.path.join(TOP, "tests/api/xen-api.names")
GENERATIONS = ("1.0", "today")
BEGIN, END = "<!-- figures: make docs -->\n", "<!-- end -->\n"
LACKING, LEFT_OUT = "## What a plain host does not have\n", "## What is not served, and why\n"
# of these a client of today's Xen-API uses the most
MAIN = ("session task event VM VM_metrics VM_guest_metrics host host_metrics host_cpu pool network VIF VIF_metrics PIF PIF_metrics"
        " SR PBD VDI VBD VBD_metrics console").split()

# cls, kind ("fields" or "messages"), name, generations
Name = collections.namedtuple("Name", "cls kind name generations")


def read_names():
    with open(NAMES, encoding="utf-8") as file:
        for line in file:
            if line.startswith(" "):
                yield from (Name(*head[:2], name, head[2:]) for name in line.split())
            elif not line.startswith("#"):
                head = line.split()


class Comparison:
    """names: all of the Xen-API; served: class → kind → names; lacking: patterns of what a plain host does not have."""

    def __init__(self, api, lacking):
        self.names = list(read_names())
        self.lacking = lacking
        self.served = {cls.name: {"fields": {field.short_name for field in cls.fields},
                                  "messages": {message.short_name for message in cls.messages}} for cls in api.classes}

    def is_served(self, name):
        return name.cls in self.served and name.name in self.served[name.cls][name.kind]

    def is_lacking(self, name):
        return any(fnmatch.fnmatchcase(text, pattern) for pattern in self.lacking for text in (name.cls, f"{name.cls}.{name.name}"))

    def those(self, kind, generation, classes=None):
        return [name for name in self.names if name.kind == kind and generation in name.generations
                and (classes is None or name.cls in classes)]

    def share(self, names):
        """Of how many how many are served."""
        return f"{sum(map(self.is_served, names))} of {len(names)}"

    def count(self, kind, generation, classes=None):
        return self.share(self.those(kind, generation, classes))

    def count_possible(self, generation, classes=None):
        """The same of the messages that a plain host can serve."""
        return self.share([name for name in self.those("messages", generation, classes) if self.is_served(name) or not self.is_lacking(name)])

    def classes(self, generation, classes=None):
        those = {name.cls for name in self.names if generation in name.generations and (classes is None or name.cls in classes)}
        return f"{len(those & set(self.served))} of {len(those)}"

    def missing(self):
        """Class or Class.name of all that is not served."""
        return sorted({name.cls if name.cls not in self.served else f"{name.cls}.{name.name}"
                       for name in self.names if not self.is_served(name)})

    def figures(self):
        """The two tables of the document."""
        lines = ["| | classes | fields | messages | of those a plain host can have |", "|---|---|---|---|---|"]
        lines += [f"| Xen-API {generation} | {self.classes(generation)} | {self.count('fields', generation)} |"
                  f" {self.count('messages', generation)} | {self.count_possible(generation)} |" for generation in GENERATIONS]
        lines.append(f"| Xen-API today, main classes | {self.classes('today', MAIN)} | {self.count('fields', 'today', MAIN)} |"
                     f" {self.count('messages', 'today', MAIN)} | {self.count_possible('today', MAIN)} |")
        heads = [f"{kind}, {generation}" for generation in GENERATIONS for kind in ("fields", "messages", "a plain host's")]
        lines += ["", "| class | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
        for cls in {name.cls: 0 for name in self.names if name.cls in self.served}:
            counts = [count for generation in GENERATIONS
                      for count in (self.count("fields", generation, [cls]), self.count("messages", generation, [cls]),
                                    self.count_possible(generation, [cls]))]
            lines.append(f"| {cls} | " + " | ".join(counts) + " |")
        return "\n".join(lines) + "\n"


def read():
    """What stands before the figures, they, what follows, and the patterns of the two tables in it."""
    with open(DOCUMENT, encoding="utf-8") as file:
        before, rest = file.read().split(BEGIN)
    figures, after = rest.split(END)
    lacking, left_out = after.split(LACKING)[1].split(LEFT_OUT)
    return before, figures, after, reasons(lacking), reasons(left_out)


def reasons(text):
    """The patterns in the first column of a table."""
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return [pattern for row in rows for pattern in re.findall("`([^`]+)`", row)]


def write(comparison, before, after):
    with open(DOCUMENT, "w", encoding="utf-8") as file:
        file.write(before + BEGIN + comparison.figures() + END + after)


def test(comparison, figures, left_out):
    is_(figures, comparison.figures(), "the figures are true (make docs writes them)")
    patterns, missing = comparison.lacking + left_out, comparison.missing()
    ok(len(comparison.lacking) > 10, "there are reasons")
    is_([name for name in missing if not any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)], [],
        "all that is not served has a reason")
    is_([pattern for pattern in patterns if not fnmatch.filter(missing, pattern)], [], "and no reason is for what is served")
    is_(len(patterns), len(set(patterns)), "nothing is named twice")


def main():
    if not program():
        skip_all("XENAPID names no program")
    before, figures, after, lacking, left_out = read()
    comparison = Comparison(Api(), lacking)
    if sys.argv[1:] == ["--write"]:
        write(comparison, before, after)
        return
    test(comparison, figures, left_out)
    done()


main()
