# SPDX-License-Identifier: LGPL-2.1-or-later
"""kills.py – point 4: the daemon is killed at random instants during 100 live changes; guests do not notice."""
import http.client
import os
import random
import threading
import time

from lib.rpc import Failure, Session
from lib.tap import diag, is_, ok
from xen.host import MIB, MOST, until

CHANGES = int(os.environ.get("XEN_RIG_CHANGES", "100"))
KILLS = 5
SEED = int(os.environ.get("XENAPID_SEED", str(random.SystemRandom().randrange(10**6))))


def change(rng, session, vm):
    """One live change; what it was."""
    if rng.random() < 0.5:
        mib = rng.randrange(112, MOST, 4)
        session.VM.set_memory_target(vm, str(mib * MIB))
        return f"mem-set {mib}"
    vcpus = rng.randrange(1, 3)
    session.VM.set_VCPUs_number(vm, str(vcpus))
    return f"vcpu-set {vcpus}"


def change_until_killed(host, rng, vms, done):
    """What was changed goes to `done`, what was refused too; until nobody answers."""
    try:
        with Session(host.uri, "root", host.password) as session:
            while True:
                try:
                    done.append(change(rng, session, rng.choice(vms)))
                except Failure as raised:
                    done.append(raised)
    except (OSError, http.client.HTTPException):
        pass


def run(host):
    diag(f"XENAPID_SEED={SEED}")
    rng = random.Random(SEED)
    vms = [host.running(kind) for kind in ("pv", "pvh")]
    before = [(host.record(vm)["domid"], host.guest(vm)) for vm in vms]
    made, refused = 0, []
    for _ in range(KILLS):
        done = []
        thread = threading.Thread(target=change_until_killed, args=(host, rng, vms, done), daemon=True)
        thread.start()
        until(lambda done=done: len(done) >= CHANGES / KILLS)
        time.sleep(rng.random() * 0.5)
        host.kill()
        thread.join()
        made += len(done)
        refused += [str(d) for d in done if isinstance(d, Failure)]
        host.start()
    is_(refused, [], "no change was refused")
    ok(made >= CHANGES, f"{made} changes were made, the daemon was killed {KILLS} times among them")
    for vm, (domid, guest), kind in zip(vms, before, ("pv", "pvh")):
        host.agree(vm, f"{kind}: after the last restart")
        is_(host.record(vm)["domid"], domid, f"{kind}: the domain is the same")
        after = host.guest(vm)
        ok(float(after["uptime"]) > float(guest["uptime"]) and int(after["tick"]) > int(guest["tick"]), f"{kind}: the guest ran on")
