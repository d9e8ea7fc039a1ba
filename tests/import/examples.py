#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples.py – files of other systems, see examples/README: what becomes of each key of each, and that none is missing."""
import ast
import glob
import os
import re
import xml.etree.ElementTree as ElementTree

from lib.host import Host
from lib.rpc import Failure
from lib.server import program
from lib.tap import done, is_, ok, skip_all

FOLDER = os.path.join(os.environ["TOP_SRCDIR"], "tests/import/examples")
FORMATS = {".cfg": "xl", ".xm": "python", ".sxp": "sxp", ".xml": "libvirt"}
WORDS = {"taken": "taken over", "translated": "translated", "ignored": "NOT SUPPORTED", "unknown": "NOT KNOWN"}


def keys_of_xl(text):
    """Each assignment; nobody writes an = at the beginning of a line into a list."""
    text = re.sub(r"#[^\n]*", "", text)
    return re.findall(r"(?:^|;)[ \t]*([a-z_.0-9]+)[ \t]*\+?=", text, re.M)


def keys_of_python(text):
    """Each statement, also those in blocks: a name, or the first word of the line."""
    lines = text.split("\n")
    keys = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.stmt):
            line = lines[node.lineno - 1][node.col_offset:]
            keys.append((node.lineno, node.col_offset, re.match(r"\w+", line).group()))
    # else: is a line without a statement of its own; what stands behind a colon belongs to its line
    keys += [(n, 0, "else") for n, line in enumerate(lines, 1) if line.strip() == "else:"]
    return [key for number, column, key in sorted(keys)
            if not re.match(r"\w+ .*:", lines[number - 1][:column])]


def keys_of_sxp(text):
    """Innermost brackets, and those that hold a value that is a list."""
    tokens = re.findall(r"'(?:\\.|[^'])*'|\"(?:\\.|[^\"])*\"|[()]|[^\s()]+", text)
    keys, path = [], []

    def read(at):
        """(name …) at its bracket; the place behind it."""
        path.append(tokens[at + 1])
        at += 2
        if path[1:] == ["cpus"] or tokens[at] != "(" or tokens[at + 1] == "(":
            keys.append("/".join(path[1:]))
            depth = 1
            while depth:
                depth += {"(": 1, ")": -1}.get(tokens[at], 0)
                at += 1
        else:
            while tokens[at] != ")":
                at = read(at)
            at += 1
        path.pop()
        return at

    read(0)
    return keys


def keys_of_libvirt(text):
    """Each attribute, each text, and each element that has neither and nothing in it."""
    keys = []

    def name(tag):
        return re.sub(r"^\{[^}]*\}", "", tag)

    def read(element, path):
        keys.extend(f"{path}@{name(key)}" for key in element.attrib)
        if (element.text or "").strip() or not (len(element) or element.attrib):
            keys.append(path)
        for child in element:
            read(child, f"{path}/{name(child.tag)}" if path != "domain" else name(child.tag))

    read(ElementTree.fromstring(text.encode()), "domain")
    return keys


def shown(text):
    return text.replace("\n", "\\n")


def report_of(host, text):
    """What the server says of the file, as lines; and the keys that it has lines for."""
    try:
        result = host.session.VM.create_from_config(text, {"format": "auto", "dry_run": True})
    except Failure as failure:
        return ["REFUSED " + " | ".join(shown(part) for part in [failure.code, *failure.params])], None, None
    rows = result["report"]
    lines = [f"{row['line']:>4} {row['key']:<44} {WORDS[row['outcome']]:<13} {shown(row['detail'])}".rstrip() for row in rows]
    made = [change for change in result["changes"] if change["class"] in ("VM", "VIF", "VBD")]
    for change in made:
        for field, both in sorted(change["fields"].items()):
            if field not in ("uuid", "metrics", "VIFs", "VBDs", "VM", "VDI", "network", "MAC", "other_config", "allowed_operations"):
                lines.append(f"  => {change['class']}.{field} = {shown(str(both['new']))}")
    return lines, [re.sub(r"\w+:", "", row["key"]) for row in rows], result["format"]


def check_file(host, path):
    name = os.path.basename(path)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    lines, keys, read_as = report_of(host, text)
    if os.environ.get("XENAPID_WRITE_REPORTS"):
        with open(path + ".report", "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
    with open(path + ".report", encoding="utf-8") as file:
        is_("\n".join(lines) + "\n", file.read(), f"{name}: the report is as it should be")
    if name.startswith("bad."):
        ok(keys is None, f"{name}: it is refused")
        return
    is_(read_as, FORMATS[os.path.splitext(name)[1]], f"{name}: the format is found out")
    want = globals()[f"keys_of_{read_as}"](text)
    is_(sorted(keys or []), sorted(re.sub(r"\w+:", "", key) for key in want), f"{name}: there is a line for each key")


def main():
    if not program():
        skip_all("XENAPID names no program")
    with Host() as host:
        before = host.session.VM.get_all()
        files = [path for path in sorted(glob.glob(f"{FOLDER}/*.*")) if not path.endswith(".report")]
        ok(len(files) > 25, "there are examples")
        for path in files:
            check_file(host, path)
        is_(host.session.VM.get_all(), before, "a dry run makes nothing")
    done()


main()
