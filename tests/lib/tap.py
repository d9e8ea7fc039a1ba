# SPDX-License-Identifier: LGPL-2.1-or-later
"""tap.py – what a Python test says, in the Test Anything Protocol.

    from lib.tap import ok, is_, done
    is_(1 + 1, 2, "sums")
    done()
"""
import sys
import traceback

_count = 0
_failed = 0
_indent = ""


def diag(text):
    """Lines for the reader of the log; they are no result."""
    for line in str(text).splitlines():
        print(f"{_indent}# {line}", flush=True)


def ok(condition, description):
    """One result. Returns whether it passed."""
    global _count, _failed
    _count += 1
    if not condition:
        _failed += 1
    print(f"{_indent}{'ok' if condition else 'not ok'} {_count} - {description}", flush=True)
    if not condition:
        caller = next(f for f in reversed(traceback.extract_stack()) if f.filename != __file__)
        diag(f"failed at {caller.filename}:{caller.lineno}")
    return bool(condition)


def is_(got, want, description):
    """Passes when both are equal, shows both when not."""
    if not ok(got == want, description):
        diag(f"got  {got!r}\nwant {want!r}")
    return got == want


def has(text, part, description):
    """Passes when `part` is in `text`."""
    if not ok(part in text, description):
        diag(f"{part!r} is not in\n{text!r}")
    return part in text


def raises(exception, function, description):
    """Passes when calling `function` raises `exception`; returns what was raised."""
    try:
        got = function()
    except exception as raised:
        ok(True, description)
        return raised
    except Exception as raised:  # any other one is what the reader wants to see
        ok(False, description)
        diag(f"raised {raised!r}")
        return None
    ok(False, description)
    diag(f"returned {got!r}")
    return None


def _passes(function):
    global _count, _failed
    _count, _failed = 0, 0
    try:
        function()
    except Exception:
        _failed += 1
        diag(traceback.format_exc())
    print(f"{_indent}1..{_count}", flush=True)
    return _count > 0 and not _failed


def subtest(function, description, again=lambda: False):
    """One result for all those of `function`, which are shown indented; one that raises has failed. again() is asked when some
    have failed: whether to do it all once more."""
    global _count, _failed, _indent
    outer, _indent = (_count, _failed, _indent), _indent + "    "
    passed = _passes(function) or (again() and _passes(function))
    _count, _failed, _indent = outer
    return ok(passed, description)


def skip(reason):
    """One result that is skipped, and why."""
    global _count
    _count += 1
    print(f"{_indent}ok {_count} # SKIP {reason}", flush=True)


def skip_all(reason):
    """Ends the program: none of its tests can run here."""
    print(f"1..0 # SKIP {reason}", flush=True)
    sys.exit(0)


def go_on(count):
    """So many results have another program's numbers."""
    global _count
    _count = count


def done(plan=True):
    """Prints the plan and ends the program."""
    if plan:
        print(f"1..{_count}", flush=True)
    sys.exit(_failed > 0)
