#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""web_page.py – the web page in Chromium: what somebody does with it, by mouse and by keyboard, and what it shows.

XENAPID_SCREENSHOTS=FOLDER: pictures too (make page-screenshots). XENAPID_PAGE_VMS=10000: so many VMs in the long list, with figures.
"""
import json
import os
import time

from lib.browser import Browser
from lib.browser import program as chromium
from lib.server import Server, program
from lib.simulator import Simulator
from lib.tap import diag, done, has, is_, ok, skip_all

MIB = 1 << 20
TOP = os.environ["TOP_SRCDIR"]
PICTURES = os.environ.get("XENAPID_SCREENSHOTS")
MANY = int(os.environ.get("XENAPID_PAGE_VMS", "300"))
CONFIG = 'name = "from a file"\nmemory = 128\nmaxmem = 256\nkernel = "/boot/vmlinuz"\n'


def start(**settings):
    server = Server(users={"root": "secret"}, start=False, settings={
        "page": "yes", "page-folder": os.path.join(TOP, "page"), **{k.replace("_", "-"): v for k, v in settings.items()}})
    server.settings["simulator-control"] = server.path("control")
    server.start()
    return server


def picture(page, name):
    if PICTURES:
        page.screenshot(os.path.join(PICTURES, f"page-{name}.png"))


def make(session, name, least, most, vcpus=2, **more):
    return session.VM.create({
        "name_label": name, "memory_static_min": str(64 * MIB), "memory_dynamic_min": str(least * MIB), "memory_dynamic_max": str(most * MIB),
        "memory_static_max": str(most * MIB), "VCPUs_max": str(vcpus * 2), "VCPUs_at_startup": str(vcpus), **more})


def until(function, wanted, what, seconds=20):
    """What another client sees in the end."""
    end = time.monotonic() + seconds
    while (found := function()) != wanted and time.monotonic() < end:
        time.sleep(0.02)
    is_(found, wanted, what)


def sign_in(page, password="secret"):
    page.wait("document.querySelector('input[name=user]')")
    page.write("input[name=user]", "root")
    page.write("input[name=password]", password)
    page.press("Enter")


def row_of(name):
    return f"[...document.querySelectorAll('.rows .row')].find((row) => row.innerText.includes({json.dumps(name)}))"


def test_sign_in(page):
    sign_in(page, "wrong")
    ok(page.has("is not right", "[role=alert]"), "a wrong password is told in words")
    is_(page.value("sessionStorage.length"), 0, "and nothing is kept")
    picture(page, "sign-in")
    sign_in(page)
    ok(page.wait("document.querySelector('[role=table]')"), "a right one leads to the VMs")


def test_list(page, session, vms):
    ok(page.wait(row_of("web-front")), "the VMs are there")
    ok(page.wait("document.querySelector('.host [role=meter]').getAttribute('aria-valuetext').includes('GiB')"), "and the host's memory")
    session.VM.set_name_label(vms["mail"], "mail-relay")
    ok(page.wait(row_of("mail-relay")), "what another client changes is seen")
    page.write("input[type=search]", "WEB")
    ok(page.wait("document.querySelector('output').innerText.startsWith('2 of ')"), "the filter leaves those that are meant")
    page.value("document.querySelector('input[type=search]').select()")
    page.ask("Input.dispatchKeyEvent", type="keyDown", key="Delete", code="Delete", windowsVirtualKeyCode=46)
    page.click("[role=columnheader] button", "Memory")
    page.click("[role=columnheader] button", "Memory")
    ok(page.wait("document.querySelector('.rows .row').innerText.includes('Domain-0')"), "sorted by memory, the most first")
    is_(page.value("document.querySelectorAll('[aria-sort=descending]').length"), 1, "which is said, too")
    page.click("[role=columnheader] button", "Name")
    picture(page, "list")


def test_open_by_keyboard(page):
    page.write("input[type=search]", "web")
    page.wait("document.querySelectorAll('.rows .row').length === 2")
    page.focus(".rows .row")
    page.press("ArrowDown")
    ok(page.wait("document.activeElement.dataset.index === '1'"), "the arrow keys go through the rows")
    page.press("ArrowUp")
    page.wait("document.activeElement.dataset.index === '0'")
    page.press("Enter")
    ok(page.has("web-back", "main") and page.wait("document.querySelector('.vm h1').innerText === 'web-back'"), "Enter opens one")


def test_memory(page, session, vm):
    handle = ".memory_dynamic_max.handle"
    page.wait(f"document.querySelector('{handle}')")
    page.focus(handle)
    before = int(session.VM.get_memory_dynamic_max(vm))
    page.press("ArrowRight", 3)
    is_(page.value(f"Number(document.querySelector('{handle}').getAttribute('aria-valuenow'))"), before // MIB,
        "a limit stays between its neighbours")
    page.press("ArrowLeft", 4)
    shown = page.value(f"Number(document.querySelector('{handle}').getAttribute('aria-valuenow'))")
    ok(shown < before // MIB, "the arrow keys move it")
    page.press("Enter")
    until(lambda: int(session.VM.get_memory_dynamic_max(vm)), shown * MIB, "Enter applies it")
    is_(session.VM.history(vm, {"limit": "1"})[0]["call"], "VM.update", "in one call")
    page.wait("document.querySelector('section[aria-labelledby=memory] button.primary').disabled")
    page.drag(".memory_dynamic_max.handle", -60)
    page.drag(".memory_static_max.handle", 80)
    page.click("button", "Apply memory")
    ok(page.has("Changed", "[role=status]"), "dragged limits are applied")
    is_([int(session.VM.get_memory_dynamic_max(vm)) < shown * MIB, int(session.VM.get_memory_static_max(vm)) > before], [True, True],
        "both at once")
    page.write(".typed .memory_dynamic_min input", "200")
    page.press("Enter")
    page.click("button", "Apply memory")
    until(lambda: int(session.VM.get_memory_dynamic_min(vm)), 200 * MIB, "or typed")


def test_undo(page, session, vm):
    ok(page.has("→ 200 MiB", ".history"), "the history is there")
    least = int(session.VM.get_memory_dynamic_min(vm))
    page.click(".history button", "Undo")
    ok(page.has("→", ".plan") and least == int(session.VM.get_memory_dynamic_min(vm)), "an undo says first what it would change")
    page.click(".plan button", "Undo this")
    until(lambda: int(session.VM.get_memory_dynamic_min(vm)) != least, True, "and then does it")


def test_power(page, session, vm):
    page.click("button", "Start")
    until(lambda: session.VM.get_power_state(vm), "Running", "a click starts it")
    ok(page.has("Running", ".title"), "which is seen")
    page.wait("document.querySelector('.bar .actual')")
    page.click("button", "Power off")
    ok(page.has("lose", "[role=alertdialog]"), "what is harsh is asked first")
    page.click(".plan button", "Leave it")
    is_(session.VM.get_power_state(vm), "Running", "and can be left")


def test_pending(page, session, vm):
    most = int(session.VM.get_memory_static_max(vm))
    page.write(".typed .memory_static_max input", str(most // MIB + 256))
    page.press("Enter")
    page.click("button", "Apply memory")
    ok(page.has("With the next start", "main"), "what a running guest cannot take waits")
    picture(page, "vm")
    is_(list(session.VM.get_pending(vm)), ["memory_static_max"], "on the server")
    page.click("section[aria-labelledby=pending] button", "Drop")
    until(lambda: session.VM.get_pending(vm), {}, "and can be dropped")
    ok(page.wait("!document.querySelector('section[aria-labelledby=pending]')"), "then it is gone")


def test_error(page, session, vm, simulator):
    simulator.fail("set_vcpus", text="no such luck")
    page.write("section[aria-labelledby=vcpus] input", "1")
    page.click("button", "Apply vCPUs")
    ok(page.has("no such luck", "[role=alert]"), "an error is told in words")
    ok("HYPERVISOR_ERROR" not in page.text("[role=alert]"), "not as a code")
    is_(int(session.VM.get_VCPUs_at_startup(vm)), 2, "and nothing has changed")
    picture(page, "error")
    page.click("[role=alert] button")
    ok(page.wait("!document.querySelector('[role=alert] p')"), "it can be closed")


def test_tasks(page, session, vm, simulator):
    page.click("button", "Shut down")
    until(lambda: session.VM.get_power_state(vm), "Halted", "it is shut down")
    simulator.delay("start", 600_000)
    page.click("button", "Start")
    ok(page.has("VM.start", ".tasks"), "what is under way is shown")
    ok(page.wait("document.querySelector('.tasks progress')"), "with its progress")
    simulator.clear()
    until(lambda: session.VM.get_power_state(vm), "Running", "until it is done")
    ok(page.wait("!document.querySelector('.tasks li')"), "and then no more")


def is_narrow(page, what):
    is_(page.value("[document.documentElement.scrollWidth, innerWidth].join()"), "360,360", f"{what} fits on a phone")


def test_last_hour(page, session, vm):
    """As it was sampled."""
    image = "document.querySelector('.plot svg[role=img]')"
    ok(page.wait(f"{image}.getAttribute('aria-label').startsWith('CPU in the last hour: ')"), "the last hour is a plot, which says in words what it shows")
    ok(page.wait("document.querySelectorAll('.plot').length === 2 && [...document.querySelectorAll('.plot .line')].length >= 2"), "of CPU and of memory")
    said = page.value("document.querySelectorAll('.plot svg')[1].getAttribute('aria-label')")
    has(said, f"{int(session.VM.query_data_source(vm, 'memory')) // MIB} MiB at its end", f"memory is that of the VM: {said}")
    ok(page.wait("document.querySelectorAll('.plot .mark').length === 1"), "with its target")
    page.click("nav a", "Host")
    ok(page.wait("document.querySelector('main h1') && document.querySelectorAll('.plot').length === 2"), "the host has one as well")
    ok(page.wait("document.querySelector('main .note').innerText.includes('64 GiB of memory')"), "beside what it has")


HOUR = """(() => {
    const now = Date.now() / 1000, time = [], cpu = [], memory = [];
    for (let i = 180; i > 0; i--) {
        if (i > 60 && i % 4 || i > 118 && i < 146) continue;
        time.push(now - 20 * i);
        cpu.push(Math.min(1, 0.08 + (i < 90 && i > 60 ? 0.55 : 0) + 0.06 * Math.sin(i / 2) + 0.05 * Math.sin(i * 1.7)));
        memory.push((i < 60 ? 256 : i < 90 ? 512 : 700) * 1048576);
    }
    return {time, cpu, memory};
})()"""


def test_an_hour(page, uuid):
    """An hour that is made up: nobody waits for one."""
    page.value(f"""window.asked = window.fetch, window.fetch = async (url, options) => options?.body?.includes("get_data_source_archives") ?
        new Response(JSON.stringify({{jsonrpc: "2.0", id: 1, result: {HOUR}}})) : window.asked(url, options), 0""")
    page.value(f"location.hash = '#/vm/{uuid}'")
    page.wait("document.querySelectorAll('.plot').length === 2")
    is_(page.value("document.querySelector('.plot').querySelectorAll('.line').length"), 2, "a time without samples is a gap, not a line")
    points = page.value("document.querySelector('.plot .line').getAttribute('d').match(/[0-9.]+ [0-9.]+/g).map((p) => p.split(' ').map(Number))")
    ok(0 <= points[0][0] < 6 and all(a[0] < b[0] for a, b in zip(points, points[1:])) and all(0 <= y <= 100 for _, y in points), "from the left, in time, within the plot")
    last = page.value("document.querySelector('.plot').querySelectorAll('.line')[1].getAttribute('d').match(/[0-9.]+ [0-9.]+/g).at(-1).split(' ')[0] / 360")
    ok(0.99 < last <= 1, f"until now: {last}")
    box = page.value("(() => { const s = document.querySelector('.plot svg'); s.scrollIntoView({block: 'center'}); const b = s.getBoundingClientRect(); return [b.left, b.top, b.width, b.height]; })()")
    page.ask("Input.dispatchMouseEvent", type="mouseMoved", x=box[0] + box[2] / 2, y=box[1] + box[3] / 2)
    ok(page.wait("/^\\d.*: \\d+ %$/.test(document.querySelector('.plot .number').innerText)"), "what is pointed at is told: " + page.text(".plot .number"))
    picture(page, "last-hour")
    page.ask("Input.dispatchMouseEvent", type="mouseMoved", x=1, y=1)
    page.size(360, 740, 2)
    is_narrow(page, "the plot")
    page.value("document.querySelector('.plots').scrollIntoView()")
    picture(page, "phone-last-hour")
    page.size(1200, 850)
    page.value("window.fetch = window.asked, 0")


def test_create(page, session):
    page.click("nav a", "New VM")
    page.wait("document.querySelector('textarea')")
    page.write("textarea", CONFIG)
    page.click("button", "Make it")
    ok(page.has("Open the new VM", "main"), "an xl.cfg makes a VM")
    is_(len(session.VM.get_by_name_label("from a file")), 1, "that others see")
    page.click("main a", "Open the new VM")
    ok(page.wait("document.querySelector('.vm h1').innerText === 'from a file'"), "and that can be opened")
    page.click("nav a", "New VM")
    page.wait("document.querySelector('textarea')")
    page.write("textarea", "name = (((")
    page.click("button", "Make it")
    ok(page.wait("document.querySelector('[role=alert] p')"), "one that is none is refused")


def test_phone_and_dark(page, uuid):
    page.value(f"location.hash = '#/vm/{uuid}'")
    page.wait("document.querySelector('.vm h1')")
    page.size(360, 740, 2)
    is_narrow(page, "a VM")
    picture(page, "phone-vm")
    light = page.value("getComputedStyle(document.body).backgroundColor")
    page.size(1200, 850)
    page.dark(True)
    dark = page.value("getComputedStyle(document.body).backgroundColor")
    ok(light != dark, f"dark where that is wished: {light}, {dark}")
    picture(page, "dark")
    page.dark(False)
    page.value("location.hash = '#/'")
    page.wait("document.querySelector('.rows .row')")
    page.size(360, 740, 2)
    is_narrow(page, "the list")
    picture(page, "phone-list")
    page.size(1200, 850)


def test_names(page):
    """What a screen reader says."""
    tree = page.ask("Accessibility.getFullAXTree")["nodes"]
    roles = {}
    for node in tree:
        if not node.get("ignored"):
            roles.setdefault(node["role"]["value"], []).append(node.get("name", {}).get("value", ""))
    for role in ("button", "link", "slider", "textbox", "searchbox", "spinbutton", "combobox", "meter"):
        is_([name for name in roles.get(role, []) if not name], [], f"every {role} has a name ({len(roles.get(role, []))})")
    for role in ("main", "banner", "navigation"):
        ok(role in roles, f"there is a {role}")
    return roles


def test_end(page, server):
    page.click("nav button", "Sign out")
    ok(page.wait("document.querySelector('input[name=user]')"), "signing out")
    is_(page.value("sessionStorage.length"), 0, "forgets the session")
    origin = server.http + "/"
    is_([url for url in page.requests if not url.startswith((origin, "data:"))], [], "no other host was asked for anything")
    is_(page.complaints, [], "and the browser has nothing to complain about, the policy included")


def test_policy(page, server):
    """That complaints would be noticed, and that the policy holds."""
    before = len(page.complaints)
    page.value("document.body.setAttribute('style', 'color: red')")
    page.value(f"fetch('{server.http.replace('127.0.0.1', 'localhost')}/healthz').catch(() => 0)")
    page.wait("true")
    ok(len(page.complaints) > before, "what the policy forbids is refused")


def test_all(browser):
    with start(metrics_interval="200ms") as server:
        session = server.login("root", "secret")
        vms = {name: make(session, name, *sizes) for name, sizes in {
            "web-front": (256, 512), "web-back": (256, 1024), "database": (2048, 8192, 8), "mail": (256, 512), "build": (1024, 4096, 4)}.items()}
        for name in ("web-front", "database"):
            session.VM.start(vms[name], False, False)
        vm = vms["web-back"]
        page = browser.page(server.http + "/")
        test_sign_in(page)
        test_list(page, session, vms)
        test_names(page)
        test_open_by_keyboard(page)
        test_memory(page, session, vm)
        test_undo(page, session, vm)
        test_names(page)
        with Simulator(server.path("control")) as simulator:
            test_power(page, session, vm)
            test_pending(page, session, vm)
            test_error(page, session, vm, simulator)
            test_tasks(page, session, vm, simulator)
        test_last_hour(page, session, vm)
        test_an_hour(page, session.VM.get_uuid(vm))
        test_create(page, session)
        test_phone_and_dark(page, session.VM.get_uuid(vm))
        test_end(page, server)
        test_policy(page, server)


def test_many(browser):
    with start() as server:
        session = server.login("root", "secret")
        for i in range(MANY):
            last = make(session, f"vm-{i:05}", 256, 512)
        page = browser.page("about:blank")
        before = browser.memory()
        page.ask("Page.navigate", url=server.http + "/")
        page.wait("document.querySelector('input[name=user]')")
        page.value("window.began = 0; addEventListener('submit', () => { window.began = performance.now(); }, true)")
        sign_in(page)
        page.wait("document.querySelector('.rows .row')")
        first = page.value("performance.now() - window.began")
        ok(page.wait(f"document.querySelector('[role=table]').getAttribute('aria-rowcount') === '{MANY + 2}'"), f"{MANY} VMs and Domain-0")
        whole = page.value("performance.now() - window.began")
        ok(page.value("document.querySelectorAll('.rows .row').length") < 60, "of which only the rows in sight exist")
        page.focus(".rows .row")
        page.press("End")
        ok(page.wait(f"document.activeElement.innerText.includes('vm-{MANY - 1:05}')"), "the End key goes to the last")
        page.value(f"""window.seen = new Promise((resolve) => new MutationObserver(() => document.querySelector('.rows').innerText.includes('vm-99999') &&
            resolve(performance.now())).observe(document.querySelector('.rows'), {{subtree: true, characterData: true, childList: true}})), 0""")
        asked = page.value("performance.now()")
        session.VM.set_name_label(last, "vm-99999")
        took = page.value("window.seen") - asked
        page.ask("HeapProfiler.collectGarbage")
        heap = page.value("performance.memory.usedJSHeapSize")
        diag(f"{MANY} VMs: first row {first:.0f} ms after the sign-in, all {whole:.0f} ms, a change is seen after {took:.0f} ms, heap {heap / MIB:.1f} MiB, "
             f"Chromium {(browser.memory() - before) / MIB:.0f} MiB more than with an empty page")


if not program():
    skip_all("there is no xenapid")
if not chromium():
    skip_all("there is no chromium")
with Browser() as shared_browser:
    test_all(shared_browser)
    test_many(shared_browser)
done()
