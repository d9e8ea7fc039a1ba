# SPDX-License-Identifier: LGPL-2.1-or-later
"""scrape.py – /metrics as Prometheus reads it: beside a load, and what it has counted."""
import http.client
import re
import threading
import time


def scrape(port):
    """The text of /metrics."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/metrics")
    reply = connection.getresponse()
    text = reply.read().decode()
    connection.close()
    if reply.status != 200 or not text.endswith("# EOF\n"):
        raise RuntimeError(f"/metrics: status {reply.status}, {len(text)} characters")
    return text


def answered(text):
    """method → calls that were answered without an error, as /metrics says."""
    return {method: int(count) for method, count in
            re.findall(r'^xenapid_requests_total\{method="([^"]+)",outcome="done"\} (\d+)$', text, re.M)}


class Scraper:
    """Within the `with` /metrics is read once a second, the first time at once. `took`: milliseconds of each."""

    def __init__(self, port):
        self.port, self.took, self.problem = port, [], None
        self.end = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        while True:
            begun = time.monotonic()
            try:
                scrape(self.port)
            except (OSError, RuntimeError, http.client.HTTPException) as error:
                self.problem = error
                return
            self.took.append((time.monotonic() - begun) * 1000)
            if self.end.wait(max(0, begun + 1 - time.monotonic())):
                return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.end.set()
        self.thread.join()
        if self.problem and not kind:
            raise RuntimeError(f"/metrics: {self.problem}")
