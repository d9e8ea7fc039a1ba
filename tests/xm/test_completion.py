#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_completion.py – what bash, zsh and `xm complete` offer."""
import os
import re
import shlex
import shutil
import socket
import subprocess
import tempfile

from lib import xm
from lib.server import Server
from lib.server import program as daemon
from lib.tap import done, has, is_, ok, skip, skip_all

if not daemon() or not xm.program():
    skip_all("no xenapid and xm to test (XENAPID, XM)")
TOP = os.environ["TOP_SRCDIR"]
BASH_COMPLETION = "/usr/share/bash-completion/bash_completion"

BASH = """
source {library}
source {script}
COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
COMP_LINE={line}; COMP_POINT=${{#COMP_LINE}}
_filedir() {{ COMPREPLY=("FILES of $cur"); }}
_xm {xm} "" "" 2>/dev/null
printf '%s\\n' "${{COMPREPLY[@]}}"
"""

ZSH = """
fpath=({folder} $fpath)
autoload -Uz _xm
words=({words}); CURRENT=$#words; PREFIX=${{words[-1]}}
compadd() {{ local -a all; all=(${{(P)@[-1]}}); (( $#all )) && print -rl -- $all; }}
compset() {{ :; }}
_files() {{ print FILES; }}
_xm
"""


def offered(*words, server=None, env=None):
    """Status, and the words, of xm complete."""
    status, out, err = xm.run("complete", *words, server=server, env=env)
    is_(err, "", f"nothing is said of {words}")
    return status, [line.split("\t")[0] for line in out.splitlines()]


def test_words():
    everything = offered("")[1]
    ok({"list", "mem-set", "event-monitor"} <= set(everything), "commands")
    ok("complete" not in everything and "manual" not in everything, "not those that are none of the user's")
    is_(offered("vcpu-")[1], ["vcpu-set", "vcpu-list"], "that begin so")
    is_(offered("--ser")[1], ["--server="], "options before the command")
    is_(offered("--insecure", "--user", "anna", "vcpu-s")[1], ["vcpu-set"], "behind options")
    is_(offered("list", "--st")[1], ["--state="], "options of the command")
    is_(offered("pause", "--st")[1], [], "which has them")
    for words in (("list", "--state=p"), ("list", "--state", "p")):
        is_([word.rpartition("=")[2] for word in offered(*words)[1]], ["paused"], f"states: {words}")
    is_(offered("drift", "--fix=")[1], ["--fix=record", "--fix=domain"], "words that an option takes")
    is_(offered("block-configure", "web", "iso", "xvda", "")[1], ["r", "w"], "words that an argument is")
    is_(offered("set", "web", "auto")[1], ["auto_power_on="], "fields")
    is_(offered("set", "web", "auto_power_on=true", "order=1", "other_c")[1], ["other_config."], "any number; a map's keys follow")
    is_(offered("set", "web", "auto_power_on=")[1], ["auto_power_on=true", "auto_power_on=false"], "values of a field")
    has(offered("set", "web", "domain_type=")[1], "domain_type=pvh", "of an enum too")
    ok("power_state=" not in offered("set", "web", "")[1], "not of what cannot be set")
    has(offered("event-monitor", "VM", "")[1], "task", "classes")
    is_(offered("help", "snapshot-d")[1], ["snapshot-delete"], "help")
    for words in (("new", "/tm"), ("--cacert", "/e"), ("--cacert=/e",), ("sr-create", "fast", "/")):
        is_(offered(*words), (2, []), f"the shell knows files: {words}")
    for words in ((), ("nonsense", ""), ("--nonsense", ""), ("list", "--state=running", "--nonsense="), ("rename", "web", "")):
        is_(offered(*words), (0, []), f"nothing for {words}")


def test_nobody():
    """No server, one that does not answer, one that refuses."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        is_(offered("start", "", server=f"unix:{folder}/none"), (0, []), "no server")
        is_(offered("start", "", server=f"http://127.0.0.1:{deaf.getsockname()[1]}"), (0, []), "one that does not answer is not waited for")
        is_(offered("start", "", server="nonsense"), (0, []), "no address")
        is_(offered("--password-file", folder + "/none", "start", ""), (0, []), "no password")
    with Server(users={"anna": "secret"}) as server:
        is_(offered("--user=anna", "start", "", server=server.http), (0, []), "a wrong password")


def make_world(server):
    session = server.login()
    refs = {name: session.VM.create({"name_label": name, "memory_static_max": str(1 << 28)})
            for name in ("web", "web two", "höhle:1", "line\nbreak", "$(touch x)")}
    session.VM.snapshot(refs["web"], "before")
    session.VM.set_is_a_template(session.VM.clone(refs["web"], "model"), True)


def test_objects(server):
    uri = server.http
    is_(set(offered("start", "", server=uri)[1]), {"Domain-0", "web", "web two", "höhle:1", "$(touch x)"},
        "domains; not what cannot be typed")
    is_(set(offered("uptime", "höhle:1", "w", server=uri)[1]), {"web", "web two"}, "any number of them")
    is_(offered(f"--server={uri}", "start", "web ")[1], ["web two"], "of the server that the command line names")
    is_(offered("clone", "mod", server=uri)[1], ["model"], "a template where nothing else has the name")
    is_(offered("revert", "web", "", server=uri)[1], ["before"], "snapshots of the domain")
    is_(offered("revert", "web two", "", server=uri)[1], [], "of no other")


def in_bash(server, *words):
    line = shlex.join(["xm", *words])
    parts = [part for word in ["xm", *words] for part in re.split("([=:])", word) if part or not word]
    script = BASH.format(library=BASH_COMPLETION, script=f"{TOP}/rpc/xm/xm.bash", xm=xm.program(), line=shlex.quote(line),
                         words=" ".join(shlex.quote(part) for part in parts))
    return run_shell(["bash", "--norc", "-c", script], server)


def in_zsh(server, *words):
    quoted = " ".join(shlex.quote(word) for word in [xm.program(), *words])
    return run_shell(["zsh", "-f", "-c", ZSH.format(folder=f"{TOP}/rpc/xm", words=quoted)], server)


def run_shell(command, server):
    done_ = subprocess.run(command, env=dict(os.environ, XM_SERVER=server.http), capture_output=True, text=True,
                           cwd=server.folder, timeout=60, check=False)
    return done_.stdout.splitlines()


def test_bash(server):
    if not os.path.exists(BASH_COMPLETION):
        skip("bash-completion is not installed")
        return
    is_(in_bash(server, "vcpu-"), ["vcpu-set", "vcpu-list"], "bash: commands")
    is_(sorted(in_bash(server, "start", "we")), ["web", r"web\ two"], "domains, quoted for the shell")
    is_(in_bash(server, "start", r"web\ t"), [r"web\ two"], "in the middle of a name")
    is_(in_bash(server, "start", "höhle:"), ["1"], "bash breaks words at :")
    is_(in_bash(server, "start", "$"), [r"\$\(touch\ x\)"], "a name is no command")
    is_(in_bash(server, "list", "--state="), ["halted", "paused", "running", "suspended"], "and at =")
    is_(in_bash(server, "set", "web", "auto_power_on=t"), ["true"], "values of a field")
    is_(in_bash(server, "new", "/e"), ["FILES of /e"], "files")
    is_(in_bash(server, "--cacert=/e"), ["FILES of /e"], "of an option")
    ok(not os.path.exists(server.path("x")), "nothing was run")


def test_zsh(server):
    if not shutil.which("zsh"):
        skip("zsh is not installed")
        return
    is_(in_zsh(server, "vcpu-"), ["vcpu-set", "vcpu-list"], "zsh: commands")
    is_(sorted(in_zsh(server, "start", "we")), ["web", "web two"], "domains")
    is_(in_zsh(server, "list", "--st"), ["--state="], "options")
    is_(in_zsh(server, "new", "/e"), ["FILES"], "files")
    ok(not os.path.exists(server.path("x")), "nothing was run")


test_words()
test_nobody()
with Server() as world:
    make_world(world)
    test_objects(world)
    test_bash(world)
    test_zsh(world)
done()
