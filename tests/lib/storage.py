# SPDX-License-Identifier: LGPL-2.1-or-later
"""storage.py – SRs, PBDs and VDIs as arguments: what a message of these classes can be called with, made anew for each call.

    makers = Makers(session, host, server.path)
    makers.sr(), makers.vdi()                      # references: an attached SR, a VDI in it
    makers.arguments("VDI.resize")                 # those behind the session; None: the message needs nothing of its own
"""
import itertools

_numbers = itertools.count()
SIZE = 1 << 20


class Makers:
    def __init__(self, session, host, path):
        self.session, self.host, self.path = session, host, path

    def _location(self):
        return {"location": self.path(f"sr/images-{next(_numbers)}")}

    def _described(self):
        return ["files", "", "file", "user", False, {}]

    def _create_sr(self):
        return [self.host, self._location(), "0", *self._described()]

    def sr(self):
        return self.session.SR.create(*self._create_sr())

    def _detached_sr(self):
        return self.session.SR.introduce("", *self._described())

    def _pbd(self):
        return {"host": self.host, "SR": self._detached_sr(), "device_config": self._location()}

    def _unplugged_pbd(self):
        ref = self._plugged_pbd()
        self.session.PBD.unplug(ref)
        return ref

    def _plugged_pbd(self):
        return self.session.SR.get_PBDs(self.sr())[0]

    def _disk(self):
        return {"name_label": "disk", "SR": self.sr(), "virtual_size": str(SIZE), "type": "user"}

    def vdi(self):
        return self.session.VDI.create(self._disk())

    def vbd(self, vm, **fields):
        """A disk drive of the VM, with a VDI of its own."""
        return self.session.VBD.create({"VM": vm, "VDI": self.vdi(), "userdevice": "autodetect", "mode": "RW", "type": "Disk", **fields})

    def _found(self):
        """A VDI of an image whose record was forgotten."""
        ref = self.vdi()
        record = self.session.VDI.get_record(ref)
        self.session.VDI.forget(ref)
        return ["", "disk", "", record["SR"], "user", False, False, {}, record["location"]]

    def arguments(self, message):
        make = {
            "SR.create": self._create_sr,
            "SR.introduce": lambda: ["", *self._described()],
            "SR.forget": lambda: [self._detached_sr()],
            "SR.destroy": lambda: [self._detached_sr()],
            "SR.scan": lambda: [self.sr()],
            "SR.update": lambda: [self.sr()],
            "SR.query_data_source": lambda: [self.sr(), "physical_size"],
            "PBD.create": lambda: [self._pbd()],
            "PBD.destroy": lambda: [self._unplugged_pbd()],
            "PBD.plug": lambda: [self._unplugged_pbd()],
            "PBD.unplug": lambda: [self._plugged_pbd()],
            "PBD.set_device_config": lambda: [self._unplugged_pbd(), self._location()],
            "VDI.create": lambda: [self._disk()],
            "VDI.introduce": self._found,
            "VDI.destroy": lambda: [self.vdi()],
            "VDI.forget": lambda: [self.vdi()],
            "VDI.update": lambda: [self.vdi()],
            "VDI.resize": lambda: [self.vdi(), str(2 * SIZE)],
            "VDI.set_virtual_size": lambda: [self.vdi(), str(2 * SIZE)],
            "VDI.clone": lambda: [self.vdi()],
            "VDI.snapshot": lambda: [self.vdi()],
            "VDI.copy": lambda: [self.vdi(), self.sr()],
        }.get(message)
        return make and make()
