# SPDX-License-Identifier: LGPL-2.1-or-later
"""world.py – a daemon with at least one object of every class: a Halted and a Running VM with a VIF and a VBD each, an
appliance without VMs, and a pending task.

    with World() as world:                         # World(users=…): with passwords, root's is ""
        world.session.VM.get_record(world.halted)
        world.refs("console")                      # all objects of a class
        world.crash()                              # kill -9, start, sign in, a task again; guests go on
"""
import http.client
import threading
import xmlrpc.client

from lib.api import NULL_REF
from lib.rpc import Failure, Session
from lib.server import Server
from lib.simulator import Simulator
from lib.storage import Makers

MIB = 1 << 20


def answer(function, *arguments):
    """What a call ends with: (code, parameter…) of its failure, or None."""
    try:
        function(*arguments)
    except Failure as failure:
        return (failure.code, *failure.params)
    return None


class World:
    """server, session, simulator; halted, running: references of two VMs; task: of what keeps a third one busy; own_task: a client's."""

    def __init__(self, users=None, **settings):
        names = {name.replace("_", "-"): value for name, value in settings.items()}
        self.server = Server(start=False, users=users, settings={"metrics-interval": "24h", **names})
        self.server.hypervisor = "simulator:" + self.server.path("domains")
        self.server.settings["simulator-control"] = self.server.path("control")
        self.busy_thread = None
        try:
            self._start()
            self.halted, self.running, self.busy = (
                self.session.VM.create({"name_label": name, "memory_static_max": str(256 * MIB)})
                for name in ("halted", "running", "busy"))
            self.session.subject.create({"subject_identifier": "somebody"})
            pool = self.session.pool.get_all()[0]
            self.session.message.create("NOTE", "5", "Pool", self.session.pool.get_uuid(pool), "")
            network = self.session.network.get_all()[0]
            for vm in (self.halted, self.running):
                self.session.VIF.create({"device": "0", "network": network, "VM": vm})
            self.session.token.create("program", self.session.role.get_by_name_label("read-only")[0], xmlrpc.client.DateTime("20991231T00:00:00Z"))
            self.session.VM_appliance.create({"name_label": "together"})
            self.session.DPCI.create({"VM": self.halted, "PPCI": self.refs("PPCI")[2]})
            tagged = self.session.network.create({"name_label": "tagged"})
            self.session.VLAN.create(self.session.PIF.get_all()[0], "5", tagged)
            makers = Makers(self.session, self.refs("host")[0], self.server.path)
            for vm in (self.halted, self.running):
                makers.vbd(vm)
            self.session.VM.start(self.running, False, False)
            self._begin_task()
        except BaseException:
            self.server.close()
            raise

    def _start(self):
        self.server.start()
        self.session = self.server.login()
        self.simulator = Simulator(self.server.path("control"))

    def _begin_task(self):
        """A start that takes as long as the world lasts."""
        self.simulator.delay("start", 600_000)
        other = Session(self.server.http)
        self.busy_thread = threading.Thread(target=self._start_busy, args=(other,))
        self.busy_thread.start()
        while not self.session.VM.get_current_operations(self.busy):
            pass
        self.task = next(iter(self.session.VM.get_current_operations(self.busy)))
        self.own_task = self.session.task.create("own", "made by a client")

    def _start_busy(self, session):
        try:
            answer(session.VM.start, self.busy, False, False)
        except (OSError, http.client.HTTPException):
            pass  # the daemon was killed meanwhile

    def crash(self):
        self.server.kill()
        self.busy_thread.join()
        self.simulator.close()
        self._start()
        if self.session.VM.get_power_state(self.busy) != "Halted":
            self.session.VM.hard_shutdown(self.busy)
        self._begin_task()

    def close(self):
        if self.busy_thread and self.server.process:
            self.simulator.clear()
            self.busy_thread.join()
            self.simulator.close()
        self.server.close()

    def refs(self, cls):
        """The objects of a class, those that cannot be listed included."""
        if cls == "session":
            return [self.session.ref]
        if cls == "user":
            return [self.session.session.get_this_user(self.session.ref)]
        return [ref for ref in self.session.call(f"{cls}.get_all") if ref != NULL_REF]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
