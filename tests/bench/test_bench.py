# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_bench.py – every row of make bench runs, both sides of each answer rightly, and wrong answers are noticed. No figures."""
import os
import tempfile

from bench import goals, profile, rows, run, scrape, sides
from bench.table import Line, Table, figure, ratio_of
from lib.tap import done, is_, ok, raises, skip, skip_all, subtest

if not os.access(sides.program("load"), os.X_OK):
    skip_all(f"{sides.program('load')} is not there: make check builds it")


def figures():
    """Quartiles and ratios are those of the rounds."""
    ours, theirs = Line("row", "ours", "/s", "rate"), Line("row", "theirs", "/s", "rate")
    for mine, other in ((10, 5), (30, 10), (4, 4)):
        ours.add({"rate": mine})
        theirs.add({"rate": other})
    is_(ratio_of(ours, theirs), 2, "the median of the rounds' ratios, not the ratio of the medians")
    theirs.against = ours
    is_(theirs.cells()[2:5], ["5 /s", "4.5 – 7.5", "2"], "median, quartiles, ratio")
    theirs.fail(RuntimeError("load --host 1: no answer"))
    is_(theirs.cells()[2:5], ["failed: no answer", "", ""], "a side that fails says so instead")
    is_(ratio_of(ours, theirs), None, "and has no ratio")
    is_([figure(n) for n in (123456.7, 12.345, 0.5, 0)], ["123,457", "12.3", "0.5", "0"], "no more digits than say something")


def verdicts():
    table = Table()
    table.line("s", "r", "ours").add({"rate": 6})
    table.line("s", "r", "peer").add({"rate": 10})
    lines = ("s", "r", "ours"), ("s", "r", "peer")
    for floor, aim, less, want in ((0.5, 0.6, False, "aim"), (0.5, 0.7, False, "floor"), (0.61, 0.7, False, "**missed**"),
                                   (0.6, 0.5, True, "floor"), (0.59, 0.5, True, "**missed**")):
        goal = goals.Goal("", floor, aim, *lines, less=less)
        is_(goal.verdict(goal.result(table)), want, f"0.6 is {want} of {floor} and {aim}{', less is better' if less else ''}")
    is_(goals.Goal("", 1, 1, lines[0], ("s", "r", "nobody")).result(table), None, "what was not run has no result")


def page():
    """make bench-docs writes between the markers of the page, and nothing else."""
    with open(os.path.join(os.environ["TOP_SRCDIR"], "docs/performance.md"), encoding="utf-8") as file:
        text = file.read()
    with tempfile.NamedTemporaryFile("w+", suffix=".md") as file:
        file.write(text)
        file.flush()
        for figures_ in ("| 1 |", "| 2 |"):
            run.write(file.name, figures_)
        file.seek(0)
        before, _, rest = text.partition(run.BEGIN)
        is_(file.read(), f"{before}{run.BEGIN}\n| 2 |\n{run.END}{rest.partition(run.END)[2]}", "only the last figures are there")
        file.truncate(0)
        raises(SystemExit, lambda: run.write(file.name, ""), "a page without markers is refused")
        is_(os.path.getsize(file.name), 0, "and left alone")


def profiles():
    """What valgrind and strace print is read."""
    counts = profile.by_library("""--------------------------------------------------------------------------------
1,100 (100.0%)  PROGRAM TOTALS
  500 (45.45%)  ???:0x0000000000016a00 [/usr/lib/x86_64-linux-gnu/libexpat.so.1.8.10]
  100 ( 9.09%)  ???:XML_ParserReset [/usr/lib/x86_64-linux-gnu/libexpat.so.1.8.10]
  300 (27.27%)  ./string/../sysdeps/memset-vec.S:__memset_avx2_unaligned_erms [/usr/lib/x86_64-linux-gnu/libc.so.6]
  150 (13.64%)  ./malloc/./malloc/malloc.c:_int_free [/usr/lib/x86_64-linux-gnu/libc.so.6]
   50 ( 4.55%)  /src/server/store/table.c:find_slot [/build/xenapid]
""")
    is_(counts, {"libexpat": 600, "memset": 300, "malloc": 150, "xenapid": 50}, "instructions by library")
    is_(profile.by_call("""% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.000600           1       600           fdatasync
 40.00    0.000400           1       400        20 recvfrom
------ ----------- ----------- --------- --------- ----------------
100.00    0.001000           1      1000        20 total
"""), {"fdatasync": 600, "recvfrom": 400}, "system calls")


def failing_group(folder):
    """What was measured before and after is still there."""
    def fails(_):
        raise RuntimeError("no answer")

    def works(bench):
        bench.table.line("s", "r", "ours").add({"rate": 6})
    fails.__name__ = "fails"
    table, problems = run.measure(run.SHORT, folder, [fails, works], lambda _: None)
    is_(problems, ["fails: no answer"], "it is told at the end")
    is_([line["samples"] for line in table.samples()], [[{"rate": 6}]], "the next group has run")


def every_row(folder):
    table = Table()
    bench = rows.Bench(run.SHORT, table, folder)
    try:
        for group in rows.GROUPS:
            group(bench)
            ok(True, f"{group.__name__} ran")
        wrong_answers(bench)
    finally:
        bench.close()
    for lines in table.sections.values():
        for line in lines:
            every_line(line)
    for goal in goals.goals(run.SHORT):
        if goal.result(table) is None and bench.libvirt.problem and goals.LIBVIRT in str(goal.other):
            skip(f"{goal.text}: {bench.libvirt.problem}")
        else:
            ok(goal.result(table) is not None, f"a goal, {goal.text}, finds its rows")


def every_line(line):
    name = f"{line.row}: {line.side}"
    if line.note and not line.note.startswith("failed"):
        skip(f"{name}: {line.note}")
    else:
        ok(line.samples and all(sample.get("requests", 1) > 0 for sample in line.samples), name)


def wrong_answers(bench):
    """The load generator gives up on a reply that is not what it should be."""
    ours = bench.world(run.SHORT.vms)
    ours.start()
    refs = ours.refs_file("none", ["OpaqueRef:00000000-0000-0000-0000-000000000000"])
    error = raises(RuntimeError, lambda: ours.load(ours.calls.small, connections=1, requests=1, refs=refs),
                   "a failure instead of a name ends the benchmark")
    ok("HANDLE_INVALID" in str(error), "and it says what came")
    counted = scrape.answered(scrape.scrape(ours.port))
    is_(counted.get("VM.get_name_label", 0), 0, "a call that failed is not counted as one that was answered")
    ours.load(ours.calls.small, connections=1, requests=1, refs=ours.refs)
    is_(scrape.answered(scrape.scrape(ours.port)).get("VM.get_name_label"), 1, "one that was answered is")
    rows.answered, kept = lambda _: {}, rows.answered
    error = raises(RuntimeError, lambda: rows.check_counts(ours, run.SHORT), "so does /metrics when it counts otherwise")
    rows.answered = kept
    ok("counts 0 of VM.get_name_label" in str(error), "and it says of what")
    ours.stop()
    error = raises(RuntimeError, lambda: sides.sqlite(ours.database, 1, run.SHORT.vms * 10, 0.1), "so does a database without those VMs")
    ok("only" in str(error), "and it says why")


subtest(figures, "figures")
subtest(verdicts, "floors and aims")
subtest(page, "docs/performance.md")
subtest(profiles, "profiles")
with tempfile.TemporaryDirectory(prefix="bench", dir=".") as private:
    os.chmod(private, 0o711)
    subtest(lambda: failing_group(private), "a group that fails")
    subtest(lambda: every_row(os.path.abspath(private)), "every row of the short form")
done()
