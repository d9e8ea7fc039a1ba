# SPDX-License-Identifier: LGPL-2.1-or-later
"""table.py – samples to medians, quartiles and ratios, and these to markdown.

    table = Table()
    line = table.line("Reads", "get_record", "xenapid", unit="/s")
    line.add({"rate": 80000.0, "cpu": 9.1})
    table.ratio(line, peer)                    # median of the ratios of rounds that were run side by side
"""
import statistics

# column → its heading, how its figures look, and the key of the samples
COLUMNS = (
    ("CPU µs per call", "cpu", "{:.1f}"),
    ("p50 ms", "p50", "{:.2f}"),
    ("p99 ms", "p99", "{:.2f}"),
    ("p99.9 ms", "p99.9", "{:.2f}"),
    ("resident MB", "rss", "{:.0f}"),
)
SCALES = {"cpu": 1, "p50": 1e-3, "p99": 1e-3, "p99.9": 1e-3, "rss": 1e-6}


def figure(number):
    """As many digits as say something."""
    if abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:.3g}" if number else "0"


def quartiles(numbers):
    """Lower quartile, median, upper quartile."""
    if len(numbers) == 1:
        return (numbers[0],) * 3
    return tuple(statistics.quantiles(numbers, n=4, method="inclusive"))


class Line:
    """One side of one row: a sample of each round. A sample's `rate` (more is better) or `ms` is what is compared."""

    def __init__(self, row, side, unit, key):
        self.row = row
        self.side = side
        self.unit = unit
        self.key = key
        self.samples = []
        self.note = ""
        self.against = None

    def add(self, sample):
        self.samples.append(sample)

    def fail(self, error):
        self.samples = []
        self.note = f"failed: {str(error).rpartition(': ')[2]}"

    def values(self, key=None):
        return [sample[key or self.key] for sample in self.samples if (key or self.key) in sample]

    def median(self, key=None):
        values = self.values(key)
        return statistics.median(values) if values else None

    def cells(self):
        if not self.samples:
            return [self.row, self.side, self.note, "", ""] + [""] * len(COLUMNS)
        low, middle, high = quartiles(self.values())
        spread = f" ({figure(low)} – {figure(high)})" if len(self.samples) > 1 else ""
        ratio = ratio_of(self.against, self) if self.against else None
        more = [format_.format(self.median(key) * SCALES[key]) if self.values(key) else "" for _, key, format_ in COLUMNS]
        return [self.row, self.side, figure(middle) + " " + self.unit, spread.strip(" ()"),
                "" if ratio is None else figure(ratio)] + more


def ratio_of(line, other):
    """The median over the rounds; of rates and of times alike, line ÷ other. None: one of them was not measured."""
    ratios = [mine / theirs for mine, theirs in zip(line.values(), other.values()) if theirs]
    return statistics.median(ratios) if ratios else None


class Table:
    """Sections of lines, in the order in which they were asked for."""

    def __init__(self):
        self.sections = {}

    def line(self, section, row, side, unit="/s", key="rate", against=None):
        """The line of that name, made when it is new."""
        lines = self.sections.setdefault(section, [])
        for line in lines:
            if (line.row, line.side) == (row, side):
                return line
        line = Line(row, side, unit, key)
        line.against = against
        lines.append(line)
        return line

    def find(self, section, row, side):
        """None when there is none, or when it has no samples."""
        found = [line for line in self.sections.get(section, []) if (line.row, line.side) == (row, side) and line.samples]
        return found[0] if found else None

    def ratio(self, section, row, side, other_section, other_row, other_side):
        line, other = self.find(section, row, side), self.find(other_section, other_row, other_side)
        return ratio_of(line, other) if line and other else None

    def samples(self):
        """All that was measured, for whoever wants more than medians."""
        return [{"section": section, "row": line.row, "side": line.side, "unit": line.unit, "note": line.note,
                 "samples": line.samples} for section, lines in self.sections.items() for line in lines]

    def markdown(self):
        return "\n".join(text for title, lines in self.sections.items() for text in _section(title, lines))


def _section(title, lines):
    """A table with those columns that some line has something in."""
    headings = ["", "side", "median", "quartiles", "xenapid ÷ this"] + [heading for heading, *_ in COLUMNS]
    rows = [line.cells() for line in lines]
    for previous, row in zip(rows[-2::-1], rows[:0:-1]):
        row[0] = "" if row[0] == previous[0] else row[0]
    used = [i for i in range(len(headings)) if i < 3 or any(row[i] for row in rows)]
    yield f"\n### {title}\n"
    yield markdown_row([headings[i] for i in used])
    yield markdown_row(["---"] * 2 + ["---:"] * (len(used) - 2))
    for row in rows:
        yield markdown_row([row[i] for i in used])


def markdown_row(cells):
    return "| " + " | ".join(cells) + " |"
