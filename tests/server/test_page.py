#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_page.py – the web page's files as HTTP serves them."""
import os
import re
import shutil

from lib.server import Server, standin
from lib.tap import done, has, is_, ok, skip_all
from lib.wire import Wire, call, post

if not standin():
    skip_all("tests/server/standin is not built")

TOP = os.environ["TOP_SRCDIR"]
FOLDER = os.path.join(TOP, "page")
TYPES = {"html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")


def start(page="yes", folder=FOLDER):
    return Server(program_path=standin(), settings={"page": page, "page-folder": folder})


def get(wire, path, *headers, method="GET"):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers, "", ""]
    return wire.ask("\r\n".join(lines).encode(), method != "HEAD")


def listed(path, pattern):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return sorted(re.findall(pattern, file.read(), re.M))


def content(name):
    with open(os.path.join(FOLDER, name), "rb") as file:
        return file.read()


def test_files(server):
    names = listed("page/local.mk", r"^dist_page_DATA \+= %D%/(\S+)$")
    is_(listed("server/http/page_files.def", r'^PAGE_FILE\("(.*)"\)$'), names, "what is installed is what is served")
    with Wire(server.port) as wire:
        for name in names:
            reply = get(wire, "/" + name)
            is_((reply.status, reply.headers["content-type"], reply.body),
                (200, TYPES.get(name.rsplit(".", 1)[1], "text/plain; charset=utf-8"), content(name)), f"/{name}")
        is_(get(wire, "/").body, content("index.html"), "/ is index.html")
        is_(get(wire, "/?a=b").body, content("index.html"), "whatever stands behind a question mark")
        is_(get(wire, "/healthz").text, "ok\n", "other pages are there as well")
        is_(wire.ask(post(call("echo", "x"))).value, ["x"], "a call to / is a call")


def test_headers(server):
    with Wire(server.port) as wire:
        reply = get(wire, "/")
        is_(reply.headers["content-security-policy"], POLICY, "a browser takes nothing from elsewhere")
        is_([reply.headers[name] for name in ("x-content-type-options", "referrer-policy",
                                              "cross-origin-opener-policy", "cross-origin-resource-policy")],
            ["nosniff", "no-referrer", "same-origin", "same-origin"], "guesses no types, tells nobody, shares nothing")
        is_(reply.headers.get("access-control-allow-origin"), None, "not with pages of others either")
        is_(reply.headers["cache-control"], "no-cache", "it asks again each time")
        head = get(wire, "/", method="HEAD")
        is_((head.status, head.headers["content-length"]), (200, str(len(content("index.html")))), "HEAD")
        tag = reply.headers["etag"]
        for known in (tag, f'W/"x", {tag}'):
            again = get(wire, "/", f"If-None-Match: {known}")
            is_((again.status, again.body, again.headers["etag"]), (304, b"", tag), "and is told when nothing changed")
        is_(get(wire, "/", 'If-None-Match: "other"').body, content("index.html"), "or gets what is new")
        ok(get(wire, "/style.css").headers["etag"] != tag, "each file has a tag of its own")


def test_nothing_else(server):
    """A path only ever chooses among what was read at the start."""
    with Wire(server.port) as wire:
        for path in ("/local.mk", "/../page/index.html", "/..%2f..%2fetc/passwd", "/%2e%2e/xenapid.db", "//index.html",
                     "/index.html/", "/./index.html", "/INDEX.HTML", "/vendor", "/style.css/x"):
            is_(get(wire, path).status, 404, f"{path}: no such page")
        body = b"x" * 100000
        reply = wire.ask(b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        is_((reply.status, get(wire, "/").status), (200, 200), "a body that nobody wants is dropped")
    is_(Wire(server.port).ask(b"GET /index.html HTTP/1.1\r\nHost: evil.example\r\n\r\n").status, 403,
        "without sign-in no other site's name leads here")


def test_other_folders(server):
    folder = server.path("page")
    shutil.copytree(FOLDER, folder)
    with open(os.path.join(folder, "index.html"), "w", encoding="utf-8") as file:
        file.write("mine")
    with start(folder=folder) as other:
        with Wire(other.port) as wire:
            is_(get(wire, "/").text, "mine", "another folder's page")
            shutil.rmtree(folder)
            is_(get(wire, "/").text, "mine", "which is in memory")
        other.restart()
        with Wire(other.port) as wire:
            reply = get(wire, "/")
            has(reply.headers["content-type"], "text/plain", "without its files there is a sentence instead")
            is_(get(wire, "/style.css").status, 404, "and no half of a page")
        has(other.stderr(), f"there is no web page, {folder}/", "the log says why")
    with start(page="no") as other, Wire(other.port) as wire:
        has(get(wire, "/").headers["content-type"], "text/plain", "page = no: none")
        is_("no web page" in other.stderr(), False, "which is nothing to complain about")


with start() as daemon:
    test_files(daemon)
    test_headers(daemon)
    test_nothing_else(daemon)
    test_other_folders(daemon)
done()
