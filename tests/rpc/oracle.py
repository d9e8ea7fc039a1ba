#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# oracle.py – Python's xmlrpc.client against the codec: what it writes is read, what is written it reads

import os
import random
import subprocess
import xmlrpc.client

from lib.tap import diag, done, is_, ok

ECHO_CALL = os.environ.get("ECHO_CALL", "tests/rpc/echo_call")
ROUNDS = 200
LEVELS = 5
CHARACTERS = "aZ0 <>&\"'\n\té€中\u00a0\ufffd😀𐍈\U0010ffff"

def echo(call):
    ran = subprocess.run([ECHO_CALL], input=call, stdout=subprocess.PIPE, check=True, timeout=60)
    return ran.stdout


def draw_text(rng):
    return "".join(rng.choices(CHARACTERS, k=rng.randrange(12)))


def draw_float(rng):
    return rng.choice([0.0, -1.5, 0.1, 1e-7, 1e300, 5e-324, rng.uniform(-1000, 1000), rng.random() * 1e-9])


def draw_scalar(rng):
    return rng.choice([
        lambda: None,
        lambda: rng.randrange(-2**31, 2**31),
        lambda: str(rng.randrange(-2**63, 2**63)),
        lambda: draw_float(rng),
        lambda: rng.random() < 0.5,
        lambda: xmlrpc.client.DateTime("20061215T10:20:30"),
        lambda: draw_text(rng),
    ])()


def draw_value(rng, levels):
    kind = rng.randrange(4) if levels > 1 else 3
    if kind == 0:
        return [draw_value(rng, levels - 1) for _ in range(rng.randrange(6))]
    if kind == 1:
        return {draw_text(rng): draw_value(rng, levels - 1) for _ in range(rng.randrange(6))}
    return draw_scalar(rng)


def expected(value):
    """What comes back: every int is a string."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [expected(item) for item in value]
    if isinstance(value, dict):
        return {key: expected(item) for key, item in value.items()}
    return value


def check_random_values():
    rng = random.Random(20061215)
    good = 0
    for _ in range(ROUNDS):
        parameters = tuple(draw_value(rng, LEVELS) for _ in range(rng.randrange(4)))
        call = xmlrpc.client.dumps(parameters, "VM.test", allow_none=True).encode()
        (reply,), _ = xmlrpc.client.loads(echo(call))
        if reply == {"Status": "Success", "Value": expected(parameters)}:
            good += 1
        else:
            diag(f"sent {parameters!r}")
            diag(f"got  {reply!r}")
    is_(good, ROUNDS, "random calls come back as they were sent")


def check_carriage_return():
    reply = echo(b"<methodCall><methodName>m</methodName><params><param><value>a&#13;b</value>"
                 b"</param></params></methodCall>")
    (struct,), _ = xmlrpc.client.loads(reply)
    is_(struct["Value"], ["a\rb"], "a carriage return comes back")
    ok(b">a&#13;b<" in reply, "as a number")


check_random_values()
check_carriage_return()
done()
