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
    """names: all of the Xen-API; served: class → kind → names."""

    def __init__(self, api):
        self.names = list(read_names())
        self.served = {cls.name: {"fields": {field.short_name for field in cls.fields},
                                  "messages": {message.short_name for message in cls.messages}} for cls in api.classes}

    def is_served(self, name):
        return name.cls in self.served and name.name in self.served[name.cls][name.kind]

    def count(self, kind, generation, cls=None):
        """Of how many how many are served."""
        those = [name for name in self.names
                 if name.kind == kind and generation in name.generations and cls in (None, name.cls)]
        return f"{sum(map(self.is_served, those))} of {len(those)}"

    def classes(self, generation):
        those = {name.cls for name in self.names if generation in name.generations}
        return f"{len(those & set(self.served))} of {len(those)}"

    def missing(self):
        """Class or Class.name of all that is not served."""
        return sorted({name.cls if name.cls not in self.served else f"{name.cls}.{name.name}"
                       for name in self.names if not self.is_served(name)})

    def figures(self):
        """The two tables of the document."""
        lines = ["| | classes | fields | messages |", "|---|---|---|---|"]
        lines += [f"| Xen-API {generation} | {self.classes(generation)} | {self.count('fields', generation)} |"
                  f" {self.count('messages', generation)} |" for generation in GENERATIONS]
        heads = [f"{kind}, {generation}" for generation in GENERATIONS for kind in ("fields", "messages")]
        lines += ["", "| class | " + " | ".join(heads) + " |", "|---|---|---|---|---|"]
        for cls in {name.cls: 0 for name in self.names if name.cls in self.served}:
            counts = [self.count(kind, generation, cls) for generation in GENERATIONS for kind in ("fields", "messages")]
            lines.append(f"| {cls} | " + " | ".join(counts) + " |")
        return "\n".join(lines) + "\n"


def split(text):
    """What stands before the figures, they, and what follows."""
    before, rest = text.split(BEGIN)
    figures, after = rest.split(END)
    return before, figures, after


def reasons(text):
    """The patterns in the first column of the last table."""
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return [pattern for row in rows for pattern in re.findall("`([^`]+)`", row)]


def write(comparison):
    with open(DOCUMENT, encoding="utf-8") as file:
        before, _, after = split(file.read())
    with open(DOCUMENT, "w", encoding="utf-8") as file:
        file.write(before + BEGIN + comparison.figures() + END + after)


def test(comparison):
    with open(DOCUMENT, encoding="utf-8") as file:
        _, figures, after = split(file.read())
    is_(figures, comparison.figures(), "the figures are true (make docs writes them)")
    patterns, missing = reasons(after), comparison.missing()
    ok(len(patterns) > 10, "there are reasons")
    is_([name for name in missing if not any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)], [],
        "all that is not served has a reason")
    is_([pattern for pattern in patterns if not fnmatch.filter(missing, pattern)], [], "and no reason is for what is served")
    is_(len(patterns), len(set(patterns)), "nothing is named twice")


def main():
    if not program():
        skip_all("XENAPID names no program")
    comparison = Comparison(Api())
    if sys.argv[1:] == ["--write"]:
        write(comparison)
        return
    test(comparison)
    done()


main()
