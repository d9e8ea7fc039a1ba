#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_commands.py – every command of xm that changes something, its arguments, and what it calls."""
import os
import re
import subprocess

from lib.tap import done, has, is_, ok, skip_all
from lib.xm import MIB, FakeServer, Refusal, program, run

UUID = "0004fb00-0000-0003-0000-0000000000ab"


def test_power():
    with FakeServer() as server:
        ref = server.add()
        for arguments, message, state in (
                (["start"], "VM.start", "Running"), (["pause"], "VM.pause", "Paused"),
                (["unpause"], "VM.unpause", "Running"), (["suspend"], "VM.suspend", "Suspended"),
                (["resume"], "VM.resume", "Running"), (["reboot", "-w"], "VM.clean_reboot", "Running"),
                (["shutdown", "--wait"], "VM.clean_shutdown", "Halted"),
                (["start", "-p"], "VM.start", "Paused"), (["destroy"], "VM.hard_shutdown", "Halted")):
            is_(server.xm(*arguments, "demo"), (0, "", ""), " ".join(arguments))
            is_(server.messages(), ["VM.get_by_name_label", message], "finds it and sends one message")
            is_(server.vms[ref]["power_state"], state, f"now {state}")
        is_(server.xm("start", "demo")[0], 0, "start again")
        is_([server.xm(c, "demo") for c in ("reboot", "shutdown")], [(0, "", "")] * 2, "without waiting")
        is_(server.messages(), ["VM.get_by_name_label", "Async.VM.clean_shutdown", "task.get_record",
                                "task.destroy"], "as a task")
        is_(server.xm("shutdown", "demo"), (1, "", "Error: demo is Halted; it must be Running for this "
                                            "(VM_BAD_POWER_STATE)\n  xm start demo (VM.start) makes it Running\n"), "a refusal is heard all the same")
        server.tasks.clear()
        server.refusals["Async.VM.clean_shutdown"] = lambda *_: "OpaqueRef:slow"
        server.tasks["OpaqueRef:slow"] = {"status": "pending", "error_info": []}
        is_(server.xm("shutdown", "demo"), (0, "", ""), "a guest that takes its time")
        ok("session.logout" not in [m for m, _ in server.calls], "the task's session stays")
        is_(server.xm("delete", "demo"), (0, "", ""), "delete")
        is_(server.vms, {}, "it is gone")


def test_domains():
    with FakeServer() as server:
        ref = server.add(uuid=UUID, power_state="Running", domid=5)
        for argument in ("demo", UUID, UUID.upper().lower(), "5"):
            is_(server.xm("pause", argument)[0], 0, f"found as {argument}")
            server.vms[ref].update(power_state="Running", domid=5)
        is_(server.xm("pause", "nobody"), (1, "", 'Error: no domain "nobody"\n'), "nobody")
        is_(server.xm("pause", "7"), (1, "", 'Error: no domain "7"\n'), "no such id")
        is_(server.xm("pause", UUID[:-1] + "c"), (1, "", f'Error: no domain "{UUID[:-1]}c"\n'), "no such uuid")
        is_(server.xm("pause", ""), (1, "", 'Error: no domain ""\n'), "nothing")
        server.add(name_label="7")
        is_(server.xm("domname", "7"), (0, "7\n", ""), "a number may be a name")
        server.add(name_label="5")
        status, _, err = server.xm("pause", "5")
        ok(status == 1 and err.startswith('Error: "5" is 2 domains; say which by its uuid:\n'),
           "but not of one and the id of another")
        server.add(name_label=UUID[:-1] + "d")
        is_(server.xm("domname", UUID[:-1] + "d")[0], 0, "what looks like a uuid may be a name")


def test_ambiguity():
    with FakeServer() as server:
        first, second = server.add(), server.add(power_state="Running", domid=3)
        status, out, err = server.xm("destroy", "demo")
        is_((status, out), (1, ""), "a name that two share")
        has(err, 'Error: "demo" is 2 domains; say which by its uuid:\n', "is an error")
        has(err, f"  {server.vms[first]['uuid']}  Halted     demo\n", "that lists them")
        has(err, f"  {server.vms[second]['uuid']}  Running    id 3  demo\n", "with their ids")
        is_(server.vms[second]["power_state"], "Running", "and nothing was done")
        server.vms[first]["is_a_template"] = True
        is_(server.xm("destroy", "demo")[0], 0, "a template does not count beside a VM")
        server.vms.pop(second)
        is_(server.xm("rename", "demo", "b")[0], 0, "alone it does")


def test_sizes():
    with FakeServer() as server:
        ref = server.add()
        is_(server.xm("mem-set", "demo", "500"), (0, "", ""), "mem-set, as in the walk")
        is_(server.calls[2], ("VM.set_memory_target", ["OpaqueRef:session", ref, str(500 * MIB)]), "bytes")
        is_(server.xm("mem-max", "demo", "1000"), (0, "", ""), "mem-max")
        is_(server.xm("mem-set", "demo", "1200")[2],
            "demo: memory_dynamic_max changed too, from 1000 MiB to 1200 MiB\n", "what else changed is said")
        server.vms[ref]["memory_dynamic_max"] = 600 * MIB + 512 * 1024
        is_(server.xm("mem-max", "demo", "2000")[2],
            "demo: memory_dynamic_max changed too, from 600.50 MiB to 2000 MiB\n", "of mem-max")
        is_(server.xm("vcpu-set", "demo", "8"),
            (0, "", "demo: VCPUs_max changed too, from 1 to 8\n"), "vcpu-set")
        is_(server.xm("vcpu-set", "demo", "2"), (0, "", ""), "fewer")
        is_(server.vms[ref]["VCPUs_at_startup"], 2, "are set")
        for text, size in (("512m", 512 * MIB), ("1G", 1 << 30), ("2t", 2 << 40), ("1048576K", 1 << 30),
                           ("123456789b", 123456789), ("0", 0), ("8796093022207", (2**43 - 1) * MIB)):
            is_(server.xm("mem-set", "demo", text)[0], 0, f"mem-set {text}")
            is_(server.calls[2][1][2], str(size), f"is {size} bytes")
        for text in ("", "-5", "5x", "mm", "1.5g", "8796093022208", "99999999999999999999", "9e3", "1gb",
                     "0x10", " 5", "５", "9223372036854775808b", "\x1b[31m"):
            status, out, err = server.xm("mem-set", "demo", text)
            is_((status, out), (2, ""), f"mem-set {text!r} is bad usage")
            has(err, "is no amount of memory; it must be a whole number of MiB, or one with b, k, m, g or t",
                "and says what is accepted")
            ok("\x1b" not in err, "safely")
            is_(server.calls, [], "without asking the server")
        for text in ("0", "-1", "x", "", "2147483648", "1.0"):
            status, _, err = server.xm("vcpu-set", "demo", text)
            is_(status, 2, f"vcpu-set {text!r} is bad usage")
            has(err, "must be a whole number from 1", "and says so")


def test_new():
    with FakeServer() as server:
        with open(server.path("demo"), "w", encoding="utf-8") as file:
            file.write('name = "demo"\nmemory = 410')
        is_(server.xm("new", "demo"), (0, "", ""), "new")
        is_(server.calls[1][1][1], 'name = "demo"\nmemory = 410', "sends the text as it is")
        is_(server.messages(), ["VM.create_from_config"], "in one message")
        server.xm("new", "demo", "memory=500", "name=a \"b\"\\", "vif=['x']", "on_crash='destroy'", "x=")
        is_(server.calls[1][1][1].splitlines()[2:],
            ["memory = 500", 'name = "a \\"b\\"\\\\"', "vif = ['x']", "on_crash = 'destroy'", 'x = ""'],
            "arguments follow, quoted where they must be")
        is_(server.xm("new", "demo", "x")[0], 2, "what is not KEY=VALUE")
        status, _, err = server.xm("new", "nothing")
        is_((status, err), (1, "Error: nothing: there is no such file, nor /etc/xen/nothing\n"), "no file")
        os.mkdir(server.path("folder"))
        is_(server.xm("new", "folder")[0], 1, "a folder")
        is_(server.xm("new", server.path("folder"))[2],
            f"Error: {server.path('folder')}: Is a directory\n", "and its name")
        has(server.xm("new", "-", stdin="name = 'x'\ndisk = []\n", )[2],
            "standard input: 1 taken, 1 ignored\n  line 2: disk is ignored: no disks yet\n",
            "nothing is swallowed")
        has(server.xm("new", "demo", "disk=[]")[2], "  command line: disk is ignored: no disks yet\n",
            "nor from the command line")
        with open(server.path("binary"), "wb") as file:
            file.write(b"name = '\xff'\n")
        is_(server.xm("new", "binary")[0], 1, "bytes that are not UTF-8")
        with open(server.path("binary"), "wb") as file:
            file.write(b"name = '\0'\n")
        has(server.xm("new", "binary")[2], "no text file", "NUL")
        with open(server.path("large"), "wb") as file:
            file.write(b"#" * (1 << 20) + b"\n")
        has(server.xm("new", "large")[2], "larger than 1 MiB", "a large one")
        server.refusals["VM.create_from_config"] = Refusal(
            "INVALID_VALUE", "config (line 2: near `x': syntax error; line 5: near `y': lexical error)", "x y\x1b"
            .replace("\x1b", "\u009b"))
        is_(server.xm("new", "demo"),
            (1, "", "Error: demo: line 2: near `x': syntax error; line 5: near `y': lexical error\n"
             "  x y\\u009b\n"), "errors name the file")


def test_import():
    with FakeServer() as server:
        for name, text in (("a", 'name = "a"\ndisk = []\n'), ("b", 'name = "b"\n')):
            with open(server.path(name), "w", encoding="utf-8") as file:
                file.write(text)
        status, out, err = server.xm("import", "a", "b")
        is_((status, err), (0, ""), "import of two files")
        is_(out, "a (xl): 1 taken over, 1 not supported\n"
            "     1  name                          taken over     name_label\n"
            "     2  disk                          not supported  no disks yet\n"
            "b (xl): 1 taken over\n"
            "     1  name                          taken over     name_label\n", "tells all of both")
        is_(server.calls[1][1][2], {"format": "auto", "dry_run": False}, "the format is found out")
        is_(len(server.vms), 2, "each is a VM")
        status, out, _ = server.xm("import", "-n", "--format=xl", "a")
        is_((status, out.splitlines()[-1]), (0, "nothing is changed"), "a dry run")
        is_((server.calls[1][1][2], len(server.vms)), ({"format": "xl", "dry_run": True}, 2), "makes nothing")
        is_(server.xm("-n", "import", "a")[0], 0, "nor does")
        is_((server.calls[1][1][2]["dry_run"], len(server.vms)), (True, 2), "-n before the command")
        status, out, err = server.xm("import", "nothing", "b")
        is_((status, err), (1, "Error: nothing: there is no such file, nor /etc/xen/nothing\n"
                            "1 of 2 files did not become a VM.\n"), "one that is not there fails")
        has(out, "b (xl): 1 taken over\n", "and the other is made")
        server.refusals["VM.create_from_config"] = Refusal("INVALID_VALUE", "config (line 2: memory must be a whole number)", "much")
        is_(server.xm("import", "a"), (1, "", "Error: a: line 2: memory must be a whole number\n  much\n"), "one that is refused")


def test_export():
    with FakeServer() as server:
        server.add()
        is_(server.xm("export", "demo"), (0, "xl of demo\n", ""), "export prints what the server says")
        is_(server.xm("export", "--format=sxp", "demo"), (0, "sxp of demo\n", ""), "in another format")
        is_(server.xm("export", "nobody")[0], 1, "of nobody")


def test_create():
    with FakeServer() as server:
        with open(server.path("demo"), "w", encoding="utf-8") as file:
            file.write('name = "demo"\nmemory = 410')
        is_(server.xm("create", "-p", "demo"), (0, "", ""), "create")
        is_([vm["power_state"] for vm in server.vms.values()], ["Paused"], "makes and starts")
        server.refusals["VM.start"] = Refusal("HOST_NOT_ENOUGH_FREE_MEMORY", str(500 * MIB), str(100 * MIB))
        is_(server.xm("create", "demo"),
            (1, "", "Error: the host has only 100 MiB free, and 500 MiB are needed "
             "(HOST_NOT_ENOUGH_FREE_MEMORY)\n  400 MiB are lacking: give it less (xm mem-set, VM.set_memory_target), or take some from those "
             "that run (xm list shows what they have)\ndemo is there, but not started; see xm start, xm delete.\n"),
            "one that does not start is not lost")


def test_texts():
    with FakeServer() as server:
        ref = server.add()
        for name in ("😀", "a\r\nb\rc", "\ue000\ue400 \ue800 \ue800r \uf8ff", "\U0010ffff\U00010000",
                     "&#x1F600; <![CDATA[ & ]]>", "tab\tand\nline", "é日本", " blanks ", "\U000f0000"):
            status, _, err = server.xm("rename", "demo", name)
            is_((status, err), (0, ""), f"rename to {name!r}")
            is_(server.vms[ref]["name_label"], name, "arrives whole")
            server.vms[ref]["name_label"] = "demo"
        is_(server.xm("rename", "demo", "bell\a")[2], "Error: control characters cannot be sent\n", "BEL")
        is_(server.xm("rename", "demo", "\ufffe")[0], 1, "U+FFFE")
        is_(server.xm("rename", "demo", "")[0], 2, "an empty name")
        done_ = subprocess.run([program(), "rename", "demo", b"\xff\xfe"], check=False,
                               env=dict(os.environ, XM_SERVER="unix:" + server.path("socket")),
                               stderr=subprocess.PIPE)
        is_(done_.returncode, 1, "bytes that are not UTF-8")
        has(done_.stderr.decode(), "Error: ", "are an error")


def test_console():
    with FakeServer() as server:
        ref = server.add(power_state="Running", domid=5, consoles=["OpaqueRef:screen", "OpaqueRef:text"])
        os.mkdir(server.path("bin"))
        with open(server.path("bin/xl"), "w", encoding="utf-8") as file:
            file.write('#!/bin/sh\necho "xl $*"\nexit 7\n')
        os.chmod(server.path("bin/xl"), 0o755)
        with_xl = {"PATH": server.path("bin") + ":" + os.environ["PATH"]}
        is_(server.xm("console", "demo", env=with_xl), (7, "xl console 5\n", ""), "console becomes xl")
        is_(server.calls[-1][0], "session.logout", "after having signed out")
        is_(server.xm("console", "demo", env={"PATH": server.path("")}), (1, "", "Error: xl can not be run: No such file or directory\n"),
            "without xl")
        is_(run("console", "demo", server=server.listen_tcp(), env=with_xl),
            (1, "", "Error: the console of demo is on the server's host: xl console 5 there\n"), "nor is it tried from elsewhere")
        server.console = "xl console 5; reboot"
        is_(server.xm("console", "demo", env=with_xl)[1:], ("", "Error: the console of demo is none that xl could show\n"),
            "nothing else that a server says is run")
        server.vms[ref]["consoles"] = ["OpaqueRef:screen"]
        is_(server.xm("console", "demo", env=with_xl)[2], "Error: demo has no console: it does not run\n", "no text console")


def test_usage():
    with FakeServer() as server:
        for arguments, part in (
                ([], "Usage: xm"), (["frobnicate"], 'there is no command "frobnicate"'),
                (["start"], "start needs more"), (["start", "a", "b"], '"b" is too much'),
                (["start", "--wait", "a"], '"--wait" is not understood'), (["--frob"], '"--frob" is not'),
                (["list", "--state"], '"--state" is not understood'), (["list", "--long=x"], "not understood"),
                (["info", "x"], '"x" is too much'), (["help", "x"], 'no command "x"'), (["--server"], "not")):
            status, out, err = server.xm(*arguments)
            is_((status, out), (2, ""), f"xm {' '.join(arguments)} is bad usage")
            has(err, part, "and says why")
            is_(server.calls, [], "the server is not asked")
        status, out, err = server.xm("help")
        is_((status, err), (0, ""), "help")
        commands = re.findall(r"^  ([a-z]\S+) ", out, re.M)
        with open(os.path.join(os.environ["TOP_SRCDIR"], "rpc/xm/commands.def"), encoding="utf-8") as table:
            is_(commands, re.findall(r'^COMMAND\("(.+?)"', table.read(), re.M), "shows all commands")
        for command in commands:
            status, out, _ = server.xm("help", command)
            ok(status == 0 and out.startswith(f"Usage: xm {command}"), f"help {command}")
            is_(server.xm(command, "--help")[1], out, f"{command} --help")
        is_(server.xm("--help")[0], 0, "--help")
        ok(server.xm("--version")[1].startswith("xm "), "--version")
        is_(server.xm("rename", "--", "demo", "-x")[2], 'Error: no domain "demo"\n', "-- ends options")


def test_server():
    with FakeServer() as server:
        server.add()
        server.password = "s3cret"
        status, _, err = server.xm("list")
        is_((status, err), (1, "Error: the server does not let root in: wrong password "
                            "(SESSION_AUTHENTICATION_FAILED)\n  xm --user NAME --password-file FILE says who signs in; "
                            "root needs no password over the Unix socket\n"), "a wrong password")
        with open(server.path("password"), "w", encoding="utf-8") as file:
            file.write("s3cret\nrest\n")
        os.chmod(server.path("password"), 0o600)
        is_(server.xm("--password-file", "password", "list")[0], 0, "the first line of a file")
        is_(server.xm("--user=bob", "--password-file=password", "list")[0], 0, "with =")
        is_(server.calls[0][1][0], "bob", "as another user")
        is_(server.xm("list", env={"XM_PASSWORD_FILE": "password", "XM_USER": "eve"})[0], 0, "from the environment")
        is_(server.calls[0][1][:2], ["eve", "s3cret"], "both")
        os.chmod(server.path("password"), 0o644)
        has(server.xm("--password-file=password", "list")[2], "Warning: password may be read by others", "warns")
        has(server.xm("--password-file=none", "list")[2], "Error: none: No such file", "no file")
        with open(server.path("password"), "w", encoding="utf-8") as file:
            file.write("x" * 5000)
        has(server.xm("--password-file=password", "list")[2], "its first line is too long", "a password is not cut")
    status, _, err = run("list", server="unix:/nonexistent/socket")
    is_((status, err), (1, "Error: cannot connect to unix:/nonexistent/socket: No such file or directory; "
                        "is xenapid running there?\n"), "no server")
    is_(run("--server=http://127.0.0.1:1", "list")[0], 1, "no server on a port")
    for server_ in ("ftp://x", "x", "unix:", "http://", "unix:x"):
        is_(run("--server", server_, "list")[0], 2, f"{server_} is no server")


if not program():
    skip_all("XM names no program")
test_power()
test_domains()
test_ambiguity()
test_sizes()
test_new()
test_import()
test_export()
test_create()
test_texts()
test_console()
test_usage()
test_server()
done()
