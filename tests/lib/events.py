# SPDX-License-Identifier: LGPL-2.1-or-later
"""events.py – a client's view of the world, kept by event.from alone.

    mirror = Mirror(session, ["VM"])
    mirror.update()                            # waits for the next events
    mirror.records["VM"]                       # ref → record
"""


def summary(events):
    """[(operation, class, ref)]"""
    return [(e["operation"], e["class"], e["ref"]) for e in events]


class Mirror:
    """records: class in lower case → ref → record; token: that of the last answer."""

    def __init__(self, session, classes, token=""):
        self.session = session
        self.classes = classes
        self.token = token
        self.records = {}
        self.counts = {}

    def update(self, timeout=60.0):
        """One event.from; returns its events."""
        answer = self.session.call("event.from", self.classes, self.token, timeout)
        self.token = answer["token"]
        self.counts = answer["valid_ref_counts"]
        for event in answer["events"]:
            records = self.records.setdefault(event["class"], {})
            if event["operation"] == "del":
                records.pop(event["ref"], None)
            else:
                records[event["ref"]] = event["snapshot"]
        return answer["events"]

    def wait_for(self, condition):
        """Until condition(self) is true of what it knows."""
        while not condition(self):
            self.update()
