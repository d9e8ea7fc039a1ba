#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_maintenance.py – backup, restore and doctor: copies under load, and a table of damages."""
import glob
import os
import shutil
import sqlite3
import stat
import subprocess
import threading

from lib.server import Failure, Server, program
from lib.tap import diag, done, has, is_, ok, raises, skip_all, subtest

if not program():
    skip_all("xenapid is not built")

MIB = 1 << 20


def run(server, *words, database=None):
    """xenapid with this server's database: exit status, what it prints, what it logs."""
    command = [server.program, "--config", "/dev/null", "--hypervisor", server.hypervisor,
               "--database", database or server.path("xenapid.db"), *words]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return ran.returncode, ran.stdout, ran.stderr


def add_vm(session, name):
    return session.VM.create({"name_label": name, "memory_static_max": str(64 * MIB)})


class Writer(threading.Thread):
    """Changes both limits of one VM at once, to the same number again and again: a copy has both or neither."""

    def __init__(self, server, vm):
        super().__init__()
        self.session = server.login()
        self.vm = vm
        self.sent = self.answered = 0
        self.stop = False

    def run(self):
        while not self.stop:
            self.sent += 1
            size = str(self.sent * MIB)
            self.session.VM.set_memory_limits(self.vm, "0", size, size, size)
            self.answered = self.sent


def check_copy(server, copy, writers, before, after):
    """What was answered before the copy was asked for is in it, what was sent after it was there is not."""
    with Server(start=False) as other:
        is_(run(other, "restore", copy)[0], 0, "it can be put in place")
        other.start()
        session = other.login()
        for writer, least, most in zip(writers, before, after):
            vm = session.VM.get_record(writer.vm)
            numbers = {int(vm[f"memory_{name}"]) // MIB for name in ("dynamic_min", "dynamic_max", "static_max")}
            ok(len(numbers) == 1 and least <= min(numbers) <= most, f"{least} <= {numbers} <= {most}")
        is_(run(other, "doctor")[0], 0, "it is sound")


def test_under_load():
    with Server() as server:
        session = server.login()
        writers = [Writer(server, add_vm(session, f"load{i}")) for i in range(4)]
        for writer in writers:
            writer.start()
        while min(writer.answered for writer in writers) < 5:
            pass
        for round in range(4):
            before = [writer.answered for writer in writers]
            copy = server.path(f"copy{round}.db")
            if round % 2:
                copy = session.pool.backup_database(f"copy{round}.db")
            else:
                is_(run(server, "backup", copy)[0], 0, "xenapid backup beside the daemon")
            after = [writer.sent for writer in writers]
            is_(stat.S_IMODE(os.stat(copy).st_mode), 0o600, "it is its owner's only")
            check_copy(server, copy, writers, before, after)
        for writer in writers:
            writer.stop = True
            writer.join()
        ok(all(writer.sent == writer.answered for writer in writers), "no change failed meanwhile")
        is_(glob.glob(server.path("**/*.part*"), recursive=True), [], "nothing else is left")


def failure(function, *arguments):
    error = raises(Failure, lambda: function(*arguments), f"{arguments} is refused")
    return [error.code, *error.params] if error else None


def test_refusals():
    with Server() as server:
        session = server.login()
        copy = session.pool.backup_database("a.db")
        is_(copy, server.path("backup/a.db"), "the message says where the copy is")
        bytes_before = open(copy, "rb").read()
        is_(failure(session.pool.backup_database, "a.db"), ["INVALID_VALUE", "name: of no file in the backup-folder", "a.db"],
            "a copy is not overwritten")
        for name in ("", ".db", "x", "../x.db", "-x.db", "a b.db", "x.db\n", "x/y.db", "xenapid.db-journal", "a" * 200 + ".db"):
            is_(failure(session.pool.backup_database, name)[0], "INVALID_VALUE", "no name for a copy")
        status, _, log = run(server, "backup", copy)
        ok(status == 1 and "is there already" in log, "nor by the command")
        is_(open(copy, "rb").read(), bytes_before, "it is what it was")
        has(run(server, "backup", "/proc/x.db")[2], "/proc/x.db", "a folder that takes none")
        for words in (("restore", copy), ("doctor", "--repair")):
            status, _, log = run(server, *words)
            ok(status == 1 and "another xenapid uses the database" in log, f"{words[0]} while the daemon runs is refused")
        is_(run(server, "doctor")[0], 0, "looking is not")
        is_(run(server, "backup")[0], 2, "backup without a file")
        has(run(server, "--repair")[2], "goes with doctor", "--repair alone")
        has(run(server, "backup", server.path("x.db"), database=server.path("none.db"))[2], "unable to open", "no database")
        tasks = [session.call("Async.pool.backup_database", f"many{i}.db") for i in range(20)]
        while any(session.task.get_status(task) == "pending" for task in tasks):
            pass
        failures = [session.task.get_error_info(task) for task in tasks if session.task.get_status(task) == "failure"]
        is_(len(failures) + len(glob.glob(server.path("backup/many*.db"))), 20, "of many at once each is made or refused")
        ok(all(failure[0] == "OTHER_OPERATION_IN_PROGRESS" for failure in failures), f"{len(failures)} since one was under way")
        os.mkdir(server.path("rest"))
        server.stop()
        os.rename(server.path("backup"), server.path("rest/backup"))
        with open(server.path("backup"), "w"):
            pass
        server.start()
        code = failure(server.login().pool.backup_database, "b.db")
        ok(code[0] == "INTERNAL_ERROR" and "backup" in code[1], "a folder that cannot be made is named")


def test_restore():
    with Server() as server:
        session = server.login()
        old = add_vm(session, "old")
        event = session.call("event.from", ["VM"], "", 0.0)
        copy = session.pool.backup_database("a.db")
        new = add_vm(session, "new")
        token = session.call("event.from", ["VM"], "", 0.0)["token"]
        server.kill()
        status, said, _ = run(server, "restore", copy)
        is_(status, 0, "restored after a crash")
        kept = said.split("what was there is ")[1].strip()
        ok(os.path.exists(kept), "what was there is kept")
        is_([path for path in os.listdir(server.folder) if path.endswith(("-wal", "-shm", ".part"))], [], "no WAL is left beside it")
        server.start()
        session = server.login()
        is_(session.VM.get_name_label(old), "old", "what was there before the copy is there")
        is_(failure(session.VM.get_uuid, new)[0], "HANDLE_INVALID", "what came after it is not")
        is_(failure(session.call, "event.from", ["VM"], token, 0.0), ["EVENTS_LOST"], "who followed what happens has to read all again")
        is_(failure(session.call, "event.from", ["VM"], event["token"], 0.0), ["EVENTS_LOST"], "whoever it is")
        add_vm(session, "newer")
        ok(int(session.call("event.from", ["VM"], "", 0.0)["token"].split(",")[0].lstrip("0") or 0) >=
           int(token.split(",")[0].lstrip("0") or 0), "revisions do not go back")
        server.kill()
        if os.getuid() == 0:
            os.chown(server.path("xenapid.db"), 12345, 12345)
        is_(run(server, "restore", kept)[0], 0, "and back again")
        if os.getuid() == 0:
            is_(os.stat(server.path("xenapid.db")).st_uid, 12345, "for who had it before")
            os.chown(server.path("xenapid.db"), 0, 0)
        server.start()
        is_(server.login().VM.get_name_label(new), "new", "nothing was lost")
        server.stop()
        with open(server.path("letter.db"), "w") as file:
            file.write("This is a letter. " * 1000)
        for file, part in (("letter.db", "not a database"), ("none.db", "No such file")):
            before = open(server.path("xenapid.db"), "rb").read()
            status, _, log = run(server, "restore", server.path(file))
            ok(status == 1 and part in log, f"{file} is not taken: {part}")
            is_(open(server.path("xenapid.db"), "rb").read(), before, "the database is what it was")


def sql(text):
    def change(path):
        with sqlite3.connect(path) as database:
            for statement in text.split(";"):
                database.execute(statement)
        database.close()
    return change


def overwrite(table, at, data):
    """Bytes in the first page of a table."""
    def change(path):
        database = sqlite3.connect(path)
        page, = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", [table]).fetchone() or [1]
        size, = database.execute("PRAGMA page_size").fetchone()
        database.close()
        with open(path, "r+b") as file:
            file.seek((page - 1) * size + at)
            file.write(data)
    return change


def truncate(path):
    os.truncate(path, os.path.getsize(path) // 2)


def replace(data):
    def change(path):
        with open(path, "wb") as file:
            file.write(data)
    return change


OUT, SERVED = "It is not served", "It is served without that"
# what is done to the database, what the doctor says, whether --repair mends all of it, VMs (with Domain-0) that are there then
DAMAGES = {
    "an impossible enum": (sql("UPDATE VM SET power_state = 'Odd' WHERE name_label = 'one'"),
                           ["power_state is not a value of its enumeration", OUT, 'sets power_state to "Halted"'], True, 4),
    "a map that is no JSON": (sql("UPDATE VM SET other_config = '{' WHERE name_label = 'one'"), ["other_config is", OUT], True, 4),
    "several at once": (sql("UPDATE VM SET power_state = 'Odd', other_config = '{', tags = 'x', uuid = '' WHERE name_label <> 'Domain-0'"),
                        ["power_state"], True, 4),
    "no uuid": (sql("UPDATE VM SET uuid = '' WHERE name_label = 'one'"), ["it has no uuid", OUT, "a new uuid"], True, 4),
    "two of one uuid": (sql("UPDATE VM SET uuid = (SELECT uuid FROM VM WHERE name_label = 'two') WHERE name_label = 'one'"),
                        ["its uuid belongs to another row as well", OUT, "a new uuid"], True, 4),
    "an odd _ref": (sql("UPDATE VM SET _ref = 'x' WHERE name_label = 'one'"), ["does not start with OpaqueRef:", OUT, "a new _ref"], True, 4),
    "a _ref with a NUL in it": (sql("UPDATE VM SET _ref = _ref || char(0) || 'x' WHERE name_label = 'one'"),
                                ["its _ref has a NUL in it", OUT, "a new _ref"], True, 4),
    "a reference to nothing": (sql("UPDATE VM SET appliance = 'OpaqueRef:gone' WHERE name_label = 'one'"),
                               ["names a VM_appliance that is not there", SERVED], True, 4),
    "a page of rubbish": (overwrite("VM", 0, b"\xff" * 300), ["The file is damaged", "A start is refused"], True, None),
    "a damaged table of settings": (overwrite("xenapid_setting", 0, b"\xff" * 300), ["The file is damaged"], True, 4),
    "a damaged list of tables": (overwrite("sqlite_schema", 100, b"\xff" * 300), ["A start is refused"], False, None),
    "half of the file": (truncate, ["The file is damaged", "A start is refused"], True, None),
    "a letter": (replace(b"Dear Sir! " * 1000), ["A start is refused", "not a database"], False, None),
    "a newer format": (sql("PRAGMA user_version = 99"), ["A start is refused", "newer xenapid"], False, None),
    "an unknown column": (sql("ALTER TABLE VM ADD COLUMN colour TEXT NOT NULL DEFAULT ''"), ["VM.colour"], False, None),
    "somebody else's": (sql("PRAGMA application_id = 1"), ["not one of xenapid"], False, None),
    "another hypervisor's": (sql("UPDATE xenapid_setting SET value = 'xen' WHERE name = 'hypervisor'"),
                             ["belongs to the hypervisor xen", "--force-adapter"], False, 4),
    "readable by all": (lambda path: os.chmod(path, 0o644), ["chmod 600"], None, 4),
}


def check_damage(server, whole, name):
    change, says, mends, vms = DAMAGES[name]
    path = server.path("xenapid.db")
    for file in glob.glob(path + "*"):
        os.unlink(file)
    shutil.copy(whole, path)
    change(path)
    damaged = open(path, "rb").read()
    status, said, _ = run(server, "doctor")
    ok(status == 1, "the doctor is not content")
    for part in says:
        has(said, part, "and says why")
    is_(open(path, "rb").read(), damaged, "looking changes nothing")
    if mends is None:
        return
    status, mended, log = run(server, "doctor", "--repair")
    is_(status, 0 if mends else 1, "--repair mends it" if mends else "--repair cannot mend it")
    if not mends:
        return
    kept = mended.split("what was there is ")[1].split("\n")[0]
    is_(open(kept, "rb").read(), damaged, "what was there is kept")
    server.start()
    session = server.login()
    if vms:
        is_(len(session.VM.get_all()), vms, "all VMs are there")
    ok("left out" not in server.stderr().split("listening on")[-2], "nothing is left out")
    add_vm(session, "more")
    server.stop()


def test_damages():
    with Server() as server:
        session = server.login()
        for name in ("one", "two", "three"):
            add_vm(session, name)
        whole = session.pool.backup_database("whole.db")
        server.stop()
        for name in DAMAGES:
            subtest(lambda: check_damage(server, whole, name), name)


def test_images():
    with Server() as server:
        session = server.login()
        vms = [add_vm(session, name) for name in ("kept", "lost")]
        for vm in vms:
            session.VM.start(vm, False, False)
            session.VM.suspend(vm)
        uuids = [session.VM.get_uuid(vm) for vm in vms]
        is_(run(server, "doctor")[0], 0, "suspended VMs with their images are fine")
        server.stop()
        os.rename(server.path("suspend/" + uuids[1]), server.path("suspend/4b8b8ae2-0000-4000-8000-000000000000"))
        status, said, _ = run(server, "doctor")
        is_(status, 1, "not so without")
        has(said, f"{uuids[1]} (lost) is Suspended, but its memory", "a VM without its image is named")
        has(said, "type: rm " + server.path("suspend/4b8b8ae2"), "an image of nobody too")
        ok(uuids[0] not in said, "the other VM is not")


def test_images_of_left_out():
    """What a row that cannot be read may need is not tidied away."""
    with Server() as server:
        session = server.login()
        vm = add_vm(session, "snapped")
        session.VM.start(vm, False, False)
        snapshot = session.VM.checkpoint(vm, "point")
        uuid = session.VM.get_uuid(snapshot)
        server.stop()
        images = sorted(os.listdir(server.path("suspend")))
        diag(images)
        sql(f"UPDATE VM SET tags = 'x' WHERE uuid = '{uuid}'")(server.path("xenapid.db"))
        server.start()
        is_(failure(server.login().VM.get_record, snapshot)[0], "HANDLE_INVALID", "a checkpoint is left out")
        server.stop()
        is_(sorted(os.listdir(server.path("suspend"))), images, "its memory is kept")
        is_(run(server, "doctor", "--repair")[0], 0, "mended")
        server.start()
        session = server.login()
        session.VM.revert(snapshot)
        is_(session.VM.get_power_state(vm), "Suspended", "it can be reverted to")


test_under_load()
test_refusals()
test_restore()
test_damages()
test_images()
test_images_of_left_out()
done()
