#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# lint_tables.py – the checks of tools/lint that read the sources: layers, sizes, listed, errors, words, names

import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))

# Which folders a folder's files may include, and which libraries are only for it (docs/architecture.md).
LAYERS = {
    "schema": ["schema"],
    "rpc": ["schema", "rpc"],
    "rpc/xm": ["schema", "rpc/xm"],
    "server/store": ["schema", "server/store"],
    "server/hypervisor": ["schema", "server/hypervisor"],
    "server/host": ["schema", "server/host"],
    "server/import": ["schema", "server/import"],
    "server/api": ["schema", "server/store", "server/hypervisor", "server/import", "server/host",
                   "server/api"],
    "server/http": ["schema", "rpc", "server/store", "server/hypervisor", "server/import",
                    "server/host", "server/api", "server/http", "server"],
    "server": ["schema", "rpc", "server/store", "server/hypervisor", "server/import",
               "server/host", "server/api", "server/http", "server"],
}
LIBRARIES = [
    (r"expat(_\w+)?\.h", ["rpc"]),
    (r"xmlrpc-c/.*|xmlrpc\.h|curl/.*", ["rpc/xm"]),
    (r"sqlite3(ext)?\.h", ["server/store"]),
    (r"libxlutil\.h", ["server/import"]),
    (r"libxml/.*", ["server/import"]),
    (r"libxl\w*\.h|_libxl\w*\.h|xen\w*\.h|xen/.*|xs\.h|xs_lib\.h", ["server/hypervisor"]),
    (r"nftables/.*", ["server/hypervisor"]),
    (r"spawn\.h", ["server/host"]),
    (r"microhttpd\.h", ["server", "server/http"]),
    (r"gnutls/.*", ["server", "server/http"]),
    (r"security/.*|crypt\.h", ["server", "server/http"]),
    (r"systemd/.*", ["server", "server/http"]),
    (r"jansson\.h", ["schema", "rpc", "server", "server/store", "server/hypervisor",
                     "server/import", "server/api", "server/http"]),
]

# What is worth a look, and what fails.
FILE_AIM, FILE_LIMIT = 400, 500
HEADER_AIM, HEADER_LIMIT = 150, 200
FUNCTION_AIM, FUNCTION_LIMIT = 40, 60

problems = 0


def problem(path, line, message):
    """Prints what fails the check."""
    global problems
    problems += 1
    print(f"{path}:{line}: {message}")


def sources(*suffixes):
    """The project's files, such as sources("c", "h")."""
    run = subprocess.run([os.path.join(TOP, "tools/sources"), *suffixes], check=True,
                         stdout=subprocess.PIPE, text=True)
    return run.stdout.splitlines()


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def folder_of(path):
    """The layer a file belongs to: the longest folder of the table that it is in."""
    folders = [f for f in [*LAYERS, "tests", "tools"] if path.startswith(f + "/")]
    return max(folders, key=len, default=None)


def without_comments(text):
    """The same lines with comments blanked, strings kept."""
    token = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', re.S)

    def blank(match):
        found = match.group()
        return found if found[0] in "\"'" else re.sub(r"[^\n]", " ", found)
    return token.sub(blank, text)


# layers

def check_quoted_include(path, number, layer, name):
    if name == "config.h":
        return
    if not os.path.exists(os.path.join(TOP, name)):
        problem(path, number, f'"{name}" is not there; includes are rooted at the top folder')
    elif layer != "tests" and folder_of(name) not in LAYERS[layer]:
        problem(path, number, f'{layer} may not include "{name}", only {", ".join(LAYERS[layer])}')


def check_library_include(path, number, layer, name):
    for pattern, layers in LIBRARIES:
        if re.fullmatch(pattern, name):
            if layer != "tests" and layer not in layers:
                problem(path, number, f"<{name}> is only for {', '.join(layers)}")
            return


def check_layers():
    for path in sources("c", "h", "def"):
        layer = folder_of(path)
        if layer is None or layer == "tools":
            problem(path, 1, "C belongs in one of the folders " + ", ".join([*LAYERS, "tests"]))
            continue
        for number, line in enumerate(without_comments(read(path)).splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)', line)
            if match and match.group(1) == '"':
                check_quoted_include(path, number, layer, match.group(2))
            elif match:
                check_library_include(path, number, layer, match.group(2))


# sizes

def functions(text):
    """Yields (name, first line, number of lines); kernel braces stand in the first column."""
    lines = text.splitlines()
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line.startswith("}") and start:
            first = start - 1
            while first > 1 and lines[first - 2] and not re.search(r"[;}/\\]\s*$", lines[first - 2]):
                first -= 1
            signature = " ".join(lines[first - 1:start - 1])
            name = re.search(r"(\w+)\s*\(", re.sub(r"__attribute__\s*\(\(.*?\)\)", "", signature))
            yield name.group(1) if name else "?", first, number - first + 1
            start = None


def read_allowed():
    allowed = {}
    for number, line in enumerate(read("tools/lint-sizes.allow").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        name, _, reason = line.partition(" ")
        if not reason.strip():
            problem("tools/lint-sizes.allow", number, f"{name} needs a reason")
        allowed[name] = number
    return allowed


def check_size(path, line, what, size, aim, limit, allowed):
    if size > limit and not allowed:
        problem(path, line, f"{what} has {size} lines, the limit is {limit}")
    elif size > aim:
        print(f"{path}:{line}: note: {what} has {size} lines, the aim is {aim}")


def check_sizes():
    allowed = read_allowed()
    for path in sources("c", "h", "py"):
        text = read(path)
        aim, limit = (HEADER_AIM, HEADER_LIMIT) if path.endswith(".h") else (FILE_AIM, FILE_LIMIT)
        used = allowed.pop(path, None)
        check_size(path, 1, "the file", text.count("\n"), aim, limit, used)
        if path.endswith(".py"):
            continue
        for name, line, size in functions(text):
            used = allowed.pop(f"{path}:{name}", None)
            check_size(path, line, name + "()", size, FUNCTION_AIM, FUNCTION_LIMIT, used)
    for name, number in allowed.items():
        problem("tools/lint-sizes.allow", number, f"{name} is not there any more")


# listed

def listed_files():
    """What the build fragments list: path → (fragment, line)."""
    found = {}
    for fragment in sources("mk", "am"):
        folder = os.path.dirname(fragment)
        for number, line in enumerate(read(fragment).splitlines(), 1):
            if line.startswith("#"):
                continue
            for word in re.findall(r"[%\w./$()-]+", line):
                name = word.replace("%D%", folder)
                found.setdefault(name, (fragment, number))
                # A test, a fuzzer or a helper is named as a program, its source follows from that.
                if "%D%" in word and os.path.exists(os.path.join(TOP, name + ".c")):
                    found.setdefault(name + ".c", (fragment, number))
    return found


def check_listed():
    listed = listed_files()
    for path in sources():
        if not re.search(r"\.(c|h|def|py|sh)$", path) or path.startswith("docs/"):
            continue
        if path not in listed:
            folder = folder_of(path) or "."
            problem(path, 1, f"not listed in {folder}/local.mk, or not distributed")
    for name, (fragment, number) in listed.items():
        if re.search(r"\.(c|h|def|py)$", name) and "/" in name and "$" not in name:
            if not os.path.exists(os.path.join(TOP, name)):
                problem(fragment, number, f"{name} is not there")


# errors

def codes_in(path, line):
    """The API's errors that a line names; libxl's, which are spelled alike, are not meant."""
    if path.startswith("server/hypervisor/xen_"):
        return []
    return re.findall(r"\bERROR_([A-Z][A-Z0-9_]*)\b", line)


def check_errors():
    if not os.path.exists(os.path.join(TOP, "schema/errors.def")):
        problem("schema/errors.def", 1, "not there")
        return
    rows = {}
    for number, line in enumerate(read("schema/errors.def").splitlines(), 1):
        match = re.match(r"ERROR\(\s*(\w+)\s*[,)]", line)
        if match:
            rows[match.group(1)] = number

    # ERROR_NONE and the like.
    others = set(re.findall(r"\bERROR_(\w+)", read("schema/error.h")))
    raised = set()
    literal = re.compile('"(' + "|".join(sorted(rows)) + ')"')
    for path in sources("c", "h", "def"):
        text = without_comments(read(path))
        for number, line in enumerate(text.splitlines(), 1):
            for code in codes_in(path, line):
                if path.endswith(".c") and not path.startswith("tests/"):
                    raised.add(code)
                if code not in rows and code not in others:
                    problem(path, number, f"ERROR_{code} is no row of schema/errors.def")
            if not path.startswith(("schema/", "tests/")) and literal.search(line):
                problem(path, number, f"{literal.search(line).group()}: write ERROR_… instead")

    tested = set()
    for path in sources():
        if path.startswith("tests/"):
            tested.update(re.findall(r"\b(?:ERROR_)?([A-Z][A-Z0-9_]+)\b", read(path)))
    for code, number in rows.items():
        if code not in raised:
            problem("schema/errors.def", number, f"{code} is raised nowhere")
        if code not in tested:
            problem("schema/errors.def", number, f"{code} is named in no test")


# words

LICENCE = "SPDX-License-Identifier: LGPL-2.1-or-later"
# In two pieces, so that this file does not hold them.
LEFT_TO_DO = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
# What others have written, or a fuzzer has.
OF_OTHERS = ("tests/fuzz/corpus/", "debian/missing-sources/")
OUTSIDE = re.compile(r"\.\./sha" r"red")


def needs_licence(path, text):
    return (re.search(r"\.(c|h|def|py|sh|mk|am|ac)$", path) or text.startswith("#!")) and text.strip()


def check_words():
    for path in sources():
        with open(os.path.join(TOP, path), "rb") as file:
            if b"\0" in file.read(8192) or path == "LICENSE":
                continue
        text = read(path)
        lines = text.splitlines()
        if needs_licence(path, text) and not any(LICENCE in line for line in lines[:2]):
            problem(path, 1, f"line 1 or 2 says {LICENCE}")
        for number, line in enumerate(lines, 1):
            if OUTSIDE.search(line):
                problem(path, number, "a folder outside the project")
            if LEFT_TO_DO.search(line) and not path.startswith(OF_OTHERS):
                problem(path, number, f"{LEFT_TO_DO.search(line).group()}: do it, or make it an issue")


# names

DOCUMENTED_FILE = re.compile(r"\b(?:schema|rpc|server|tests|tools|docs)/[\w./-]*\.(?:c|h|def|py|md|mk|conf)\b")


def function_names():
    """Every function and function-like macro of the C sources outside tests/."""
    names = set()
    for path in sources("c", "h"):
        if path.startswith("tests/"):
            continue
        text = without_comments(read(path))
        names.update(re.findall(r"^#\s*define\s+(\w+)\(", text, re.M))
        for signature in re.findall(r"^[a-z_][^;{}#=]*\)(?=\s*[{;])", text, re.M):
            names.update(re.findall(r"\b(\w+)\(", signature))
    return names


def check_names():
    known = function_names()
    for path in sources("md"):
        if path == "docs/api-reference.md":
            continue
        for number, line in enumerate(read(path).splitlines(), 1):
            for name in re.findall(r"`(\w+)\(\)`", line):
                if name not in known:
                    problem(path, number, f"there is no function {name}()")
            links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", line)
            files = {os.path.normpath(os.path.join(os.path.dirname(path), link)) for link in links}
            for file in sorted(files.union(DOCUMENTED_FILE.findall(line))):
                if not os.path.exists(os.path.join(TOP, file)):
                    problem(path, number, f"there is no {file}")


CHECKS = {"layers": check_layers, "sizes": check_sizes, "listed": check_listed,
          "errors": check_errors, "words": check_words, "names": check_names}

if __name__ == "__main__":
    for argument in sys.argv[1:] or CHECKS:
        CHECKS[argument]()
    sys.exit(problems > 0)
