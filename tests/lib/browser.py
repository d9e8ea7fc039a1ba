# SPDX-License-Identifier: LGPL-2.1-or-later
"""browser.py – Chromium without a window, driven by the DevTools protocol over a pipe.

    with Browser() as browser:
        page = browser.page("http://127.0.0.1:9363/")
        page.wait("document.querySelector('form')")
        page.write("input[name=user]", "root")
        page.press("Enter")
        page.requests, page.complaints             # every URL asked for; what the browser had to say
"""
import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

SECONDS = float(os.environ.get("XENAPID_BROWSER_SECONDS", "60"))
KEYS = {"Enter": 13, "Tab": 9, "ArrowRight": 39, "ArrowLeft": 37, "ArrowUp": 38, "ArrowDown": 40, "Home": 36, "End": 35,
        "PageUp": 33, "PageDown": 34, "Escape": 27}


def program():
    return shutil.which("chromium")


class Trouble(Exception):
    """What the browser, or an expression in it, failed with."""


class Browser:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="xenapid-browser")
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        # out of the way of 3 and 4, where Chromium looks for the two
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 20) for end in (theirs_in, theirs_out)]
        command = [program(), "--headless=new", "--disable-gpu", "--no-sandbox", "--no-first-run", "--disable-dev-shm-usage",
                   "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--no-proxy-server",
                   "--disable-features=Translate,OptimizationHints,MediaRouter", "--remote-debugging-pipe",
                   f"--user-data-dir={self.folder}", "about:blank"]

        def connect():
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, close_fds=False,
                                            preexec_fn=connect, env={**os.environ, "HOME": self.folder})
        for end in (theirs_in, theirs_out, *ends):
            os.close(end)
        self.read_end, self.write_end = ours_in, ours_out
        self.rest = b""
        self.last = 0
        self.pages = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.ask("Browser.close")
            self.process.wait(20)
        except (Trouble, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        os.close(self.read_end)
        os.close(self.write_end)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self, deadline):
        """The next message."""
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.read_end], [], [], max(0, deadline - time.monotonic()))
            piece = os.read(self.read_end, 1 << 20) if ready else b""
            if not piece:
                raise Trouble("no answer of Chromium in time" if not ready else "Chromium has ended")
            self.rest += piece
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, session=None, **parameters):
        self.last += 1
        request = {"id": self.last, "method": method, "params": parameters}
        if session:
            request["sessionId"] = session
        data = json.dumps(request).encode() + b"\0"
        while data:
            data = data[os.write(self.write_end, data):]
        deadline = time.monotonic() + SECONDS
        while True:
            message = self._read(deadline)
            if message.get("id") == self.last:
                if "error" in message:
                    raise Trouble(f"{method}: {message['error']['message']}")
                return message["result"]
            page = self.pages.get(message.get("sessionId"))
            if page:
                page.hear(message)

    def memory(self):
        """Bytes of all of its processes, what they share counted once."""
        parents = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                    parents[int(pid)] = int(file.read().rpartition(")")[2].split()[1])
            except OSError:
                pass  # it has ended
        tree = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in tree} - tree:
            tree |= more
        total = 0
        for pid in tree:
            try:
                with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
                    total += sum(int(line.split()[1]) << 10 for line in file if line.startswith("Pss:"))
            except OSError:
                pass
        return total

    def page(self, url, width=1200, height=850):
        context = self.ask("Target.createBrowserContext")["browserContextId"]
        target = self.ask("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self.pages[session] = Page(self, session)
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.ask(domain + ".enable")
        page.size(width, height)
        page.ask("Page.navigate", url=url)
        return page


class Page:
    def __init__(self, browser, session):
        self.browser = browser
        self.session = session
        self.requests = []
        self.complaints = []

    def ask(self, method, **parameters):
        return self.browser.ask(method, self.session, **parameters)

    def hear(self, message):
        method, params = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.complaints.append(params["entry"]["text"] + " " + params["entry"].get("url", ""))

    def size(self, width, height, scale=1):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=width < 500)

    def dark(self, is_dark):
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}])

    def value(self, expression):
        """What an expression of JavaScript is; a promise is awaited."""
        answer = self.ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise Trouble(details.get("exception", {}).get("description") or details["text"])
        return answer["result"].get("value")

    def wait(self, expression, seconds=SECONDS):
        """Whether it becomes true in time."""
        return self.value(f"""new Promise((resolve) => {{
            const end = performance.now() + {seconds * 900};
            const look = () => {{
                let found = false;
                try {{ found = Boolean({expression}); }} catch {{ }}
                if (found || performance.now() > end) resolve(found); else setTimeout(look, 10);
            }};
            look();
        }})""")

    def text(self, selector="body"):
        return self.value(f"document.querySelector({json.dumps(selector)})?.innerText ?? null")

    def has(self, text, selector="body"):
        """Waits until it is there."""
        return self.wait(f"document.querySelector({json.dumps(selector)}).innerText.includes({json.dumps(text)})")

    def focus(self, selector):
        self.value(f"document.querySelector({json.dumps(selector)}).focus()")

    def write(self, selector, text):
        """In place of what is there."""
        self.value(f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.focus(); e.select(); }})()")
        self.ask("Input.insertText", text=text)

    def press(self, key, times=1):
        for _ in range(times):
            more = {"text": "\r"} if key == "Enter" else {}
            self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, code=key, windowsVirtualKeyCode=KEYS[key], **more)
            self.ask("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, windowsVirtualKeyCode=KEYS[key])

    def click(self, selector, text=None):
        """The first of these elements, or the first with that text."""
        found = self.wait(f"""[...document.querySelectorAll({json.dumps(selector)})].find((e) => !e.disabled && e.innerText.trim().startsWith({json.dumps(text or "")}))""")
        if not found:
            raise Trouble(f"no {selector} says {text}")
        x, y = self.value(f"""(() => {{ const e = [...document.querySelectorAll({json.dumps(selector)})].find((e) => !e.disabled && e.innerText.trim().startsWith({json.dumps(text or "")}));
            e.scrollIntoView({{block: "center"}}); const b = e.getBoundingClientRect(); return [b.left + b.width / 2, b.top + b.height / 2]; }})()""")
        self.mouse("mousePressed", x, y)
        self.mouse("mouseReleased", x, y)

    def mouse(self, kind, x, y):
        self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=0 if kind == "mouseReleased" else 1, clickCount=1)

    def drag(self, selector, dx):
        """By so many pixels to the right."""
        x, y = self.value(f"""(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: "center"}});
            const b = e.getBoundingClientRect(); return [b.left + b.width / 2, b.top + b.height / 2]; }})()""")
        self.mouse("mousePressed", x, y)
        for i in range(1, 5):
            self.mouse("mouseMoved", x + dx * i / 4, y)
        self.mouse("mouseReleased", x + dx, y)

    def screenshot(self, path):
        data = self.ask("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
