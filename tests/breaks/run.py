#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""run.py – breaks the promises on purpose, one at a time, and wants to see the test that turns red.

A break replaces one piece of one source file in a copy, compiles that copy, and links the test, or the daemon that it starts,
with it in the place of the library's own. `make check` tries the first five, `make breaks` all (XENAPID_BREAKS=all).
"""
import os
import shlex
import subprocess
import sys
import tempfile
from typing import NamedTuple

from lib.tap import diag, done, is_, ok, skip_all

SHORT = 5
TOP = os.environ.get("TOP_SRCDIR", ".")
BUILD = os.path.dirname(os.path.abspath(os.environ.get("XENAPID", "xenapid")))
SECONDS = 250


class Break(NamedTuple):
    name: str
    source: str
    old: str
    new: str
    test: str  # a program of C is linked anew; of Python, the daemon is
    environment: dict = {}


STORE = "server/store/"
POWER_CUT, FAULTS = "tests/store/power_cut", "tests/store/test_faults"

BREAKS = [
    Break("nothing is synced", STORE + "database.c", "synchronous=FULL", "synchronous=OFF", POWER_CUT),
    Break("a change is answered before it is committed", STORE + "commit.c",
          "database_commit(store->database);", "true;", "tests/e2e/kills.py"),
    Break("a commit whose sync failed is taken for one", STORE + "database.c",
          "database->in_doubt = !run_prepared(database, STATEMENT_COMMIT, \"COMMIT\");",
          "run_prepared(database, STATEMENT_COMMIT, \"COMMIT\");", FAULTS),
    Break("a commit whose sync failed is not taken back", STORE + "database.c",
          "if (database->in_doubt)\n\t\ttake_back_commit(database);", "(void)take_back_commit;", FAULTS),
    Break("two commits for one change", STORE + "rows.c", "write_row(database, old, new, revision) &&",
          "write_row(database, old, new, revision) && database_commit(database) && database_begin(database) &&", POWER_CUT),
    Break("a rollback is skipped", STORE + "commit.c", "\tdatabase_rollback(store->database);\n\toverlay",
          "\toverlay", FAULTS),
    Break("what was refused stays in the batch", STORE + "commit.c",
          "\toverlay_clear(&store->accepted);\n\tstore->next_revision = revision;",
          "\tstore->next_revision = revision;", FAULTS),
    Break("what was refused is published", STORE + "commit.c",
          "mutation = mutation->next)\n\t\tforget(mutation);", "mutation = NULL)\n\t\t(void)forget;", FAULTS),
    Break("a copy has its name before it is whole", STORE + "tables.c", "%s.copy-under-way", "%s.before-upgrade-now",
          POWER_CUT),
    Break("no copy before an upgrade", STORE + "tables.c", "(!needs_copy || back_up(database, path))",
          "(!needs_copy || back_up)", POWER_CUT),
    Break("revisions are not reserved", STORE + "database.c", "if (revision < database->reserved_revision)",
          "if (revision)", POWER_CUT),
    Break("a deletion leaves no tombstone", STORE + "tombstone_rows.c",
          "return database_step(database, statement, \"tombstones\");", "sqlite3_reset(statement);\n\treturn true;", POWER_CUT),
    Break("a change of several fields stores half of them", STORE + "rows.c",
          "\t\tparameter++;\n", "\t\tif (++parameter % 2)\n\t\t\tcontinue;\n", "tests/e2e/kills.py"),
    Break("damage is not looked for", STORE + "store.c", "\tif (damage)\n", "\tif (damage && !path)\n",
          "tests/store/test_damage"),
    Break("the rest of a file is taken for a new one", STORE + "tables.c", "status.st_size > 0 &&",
          "status.st_size < 0 &&", "tests/store/test_damage"),
    Break("a user may have any number of sessions", "server/api/session.c",
          "\tmake_room(transaction, record_ref(user)", "\t(void)make_room;\n\t(void)(transaction, record_ref(user)",
          "tests/api/sessions.py"),
    Break("sessions follow the wall clock", "server/api/session.c", "return clock_ms() / 1000;",
          "return now_seconds();", "tests/e2e/faults.py"),
]


def flags():
    """What make compiles and links with: name → words."""
    with open(os.path.join(BUILD, "tests/breaks/flags"), encoding="utf-8") as file:
        lines = (line.rstrip("\n").split("=", 1) for line in file)
        return {name: shlex.split(value) for name, value in lines}


def compile_broken(item, words, folder):
    """The object of the broken copy, or None."""
    with open(os.path.join(TOP, item.source), encoding="utf-8") as file:
        text = file.read()
    if text.count(item.old) != 1:
        diag(f"{item.source} has {text.count(item.old)} times: {item.old}")
        return None
    copy = os.path.join(folder, os.path.basename(item.source))
    with open(copy, "w", encoding="utf-8") as file:
        file.write(text.replace(item.old, item.new))
    command = [*words["COMPILE"], "-Wno-error", "-w", "-c", copy, "-o", copy + ".o"]
    if subprocess.run(command, cwd=BUILD, check=False).returncode:
        return None
    return copy + ".o"


def link(program, broken, words, folder):
    """The program with the broken object before the libraries, or None."""
    out = os.path.join(folder, os.path.basename(program))
    own = words[program]
    at = own.index("-")  # between the program's own objects and the libraries
    command = [*words["LINK"], "-o", out, *own[:at], broken, *own[at + 1:]]
    return None if subprocess.run(command, cwd=BUILD, check=False).returncode else out


def run(item, program, folder):
    """The first thing that the test finds wrong, or None."""
    environment = dict(os.environ, TMPDIR=folder, XENAPID_STOP_AT_FIRST="1", XENAPID_SEED="1", **item.environment)
    command = [program]
    if item.test.endswith(".py"):
        environment["XENAPID"] = program
        command = [sys.executable, os.path.join(TOP, item.test)]
    try:
        process = subprocess.run(command, cwd=folder, env=environment, text=True, errors="replace", timeout=SECONDS,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    except subprocess.TimeoutExpired:
        return "it does not end"
    lines = process.stdout.splitlines()
    found = [line for line in lines if line.lstrip().startswith(("not ok", "Bail out!"))] or lines[-1:]
    return f"exit status {process.returncode}: {found[0].strip()}" if process.returncode else None


def try_break(item, words):
    with tempfile.TemporaryDirectory(prefix="xenapid") as folder:
        broken = compile_broken(item, words, folder)
        program = broken and link("xenapid" if item.test.endswith(".py") else os.path.basename(item.test), broken, words,
                                  folder)
        if not ok(program, f"{item.name}: it can be built"):
            return
        found = run(item, program, folder)
        ok(found, f"{item.name}: {item.test} finds it")
        diag(found)


def check_document():
    with open(os.path.join(TOP, "docs/durability.md"), encoding="utf-8") as file:
        text = file.read()
    missing = [f"| {item.name} | {item.test} |" for item in BREAKS if f"| {item.name} | {item.test} |" not in text]
    is_(missing, [], "docs/durability.md has every break")


def main():
    if not os.path.exists(os.path.join(BUILD, "tests/breaks/flags")):
        skip_all("make has not written tests/breaks/flags")
    wanted = os.environ.get("XENAPID_BREAKS")
    items = [b for b in BREAKS if wanted in ("all", b.name)] if wanted else BREAKS[:SHORT]
    words = flags()
    check_document()
    for item in items:
        try_break(item, words)
    done()


main()
