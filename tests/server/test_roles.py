#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_roles.py – roles by the configuration: of users, of groups, of whom a socket or a certificate shows; beside those of subjects."""
import grp
import hashlib
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import xmlrpc.client

from lib.rpc import Failure, value
from lib.server import Server, program
from lib.tap import done, has, is_, ok, skip, skip_all
from lib.tls import Authority, reload, trusting, write_settings
from lib.world import answer

USERS = {"root": "r", "anna": "a", "berta": "b"}


def may(session):
    """The session's highest role, by what it may do."""
    record = session.session.get_record(session.ref)
    if record["is_local_superuser"]:
        return "superuser"
    marks = {"read-only": "vm.get_all", "vm-operator": "vm.start", "vm-admin": "vm.create", "vm-power-admin": "vm.snapshot",
             "pool-operator": "host.disable", "pool-admin": "subject.create"}
    return [role for role, mark in marks.items() if mark in record["rbac_permissions"]][-1]


def test_users():
    with Server(users=USERS, settings={"login-delay": "1ms"}, start=False) as server:
        server.write_users(USERS, subjects=("anna", "berta"))
        write_settings(server, role=["anna vm-operator", "anna read-only", "@root pool-admin"])
        server.start()
        root, anna = server.login("root", "r"), server.login("anna", "a")
        is_((may(root), may(anna)), ("superuser", "vm-operator"), "the highest of several rows")
        is_(anna.session.get_subject(anna.ref), "OpaqueRef:NULL", "without a subject")
        is_(answer(server.login, "berta", "b")[0], "SESSION_AUTHENTICATION_FAILED", "whom no row names is not let in")
        is_(answer(server.login, "anna", "b")[0], "SESSION_AUTHENTICATION_FAILED", "nor who has no password")
        roles = {r["name_label"]: ref for ref, r in root.role.get_all_records().items()}
        subject = root.subject.create({"subject_identifier": "anna"})
        root.subject.add_to_roles(subject, roles["pool-operator"])
        other = server.login("anna", "a")
        is_((may(other), other.session.get_subject(other.ref)), ("pool-operator", subject), "the subject's role, where that is more")
        root.subject.add_to_roles(subject, roles["read-only"])
        root.subject.remove_from_roles(subject, roles["pool-operator"])
        is_(may(other), "vm-operator", "and what the configuration gives, where the subject's is less, at once")
        root.subject.destroy(subject)
        is_((may(other), other.session.get_subject(other.ref)), ("vm-operator", "OpaqueRef:NULL"), "or where there is no subject any more")
        write_settings(server, role="berta pool-admin")
        reload(server)
        is_((answer(server.login, "anna", "a")[0], may(server.login("berta", "b"))), ("SESSION_AUTHENTICATION_FAILED", "pool-admin"),
            "a changed configuration holds from the next sign-in on")


def test_wrong():
    for text in ("anna", "anna emperor", "vm-admin", "@ vm-admin", "anna vm_admin"):
        done_ = subprocess.run([program(), "--config", "/dev/null", "--check-config", "--set", f"role={text}"], capture_output=True, text=True)
        is_(done_.returncode, 2, f"role = {text}")
    has(done_.stderr, "pool-operator or pool-admin", "what is accepted is named")


def as_user(account, folder, action):
    """What action() returns, in a process of that user whose working folder is the server's."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.chdir(folder)
        os.setgroups([])
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)
        try:
            said = action()
        except BaseException as error:
            said = repr(error)
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as file:
        return file.read()


def sign_in_here(user, password=""):
    """On the socket "socket" of the working folder."""
    with socket.socket(socket.AF_UNIX) as wire:
        wire.connect("socket")
        body = xmlrpc.client.dumps((user, password), "session.login_with_password").encode()
        wire.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        reply = b""
        while piece := wire.recv(65536):
            reply += piece
    answer_ = xmlrpc.client.loads(reply.split(b"\r\n\r\n", 1)[1])[0][0]
    return answer_["Value"] if answer_["Status"] == "Success" else answer_["ErrorDescription"][0]


def role_of(server, ref):
    if not ref.startswith("OpaqueRef:"):
        return ref
    session = server.login("root", "", server.unix)
    session.ref = ref
    record = session.session.get_record(ref)
    return record["auth_user_name"], may(session)


def test_socket():
    """With PAM the users of the socket are accounts of the system, and it says itself who they are."""
    account, other = pwd.getpwnam("daemon"), pwd.getpwnam("bin")
    group = grp.getgrgid(account.pw_gid).gr_name
    with Server(auth="pam", settings={"login-delay": "1ms"}, start=False) as server:
        write_settings(server, socket_group=group, role=[f"@{group} vm-operator", "bin vm-admin", "root read-only"])
        os.chmod(server.folder, 0o711)
        server.start()
        cases = {"its own name": ("daemon", ""), "no name": ("", "")}
        for name, arguments in cases.items():
            is_(role_of(server, as_user(account, server.folder, lambda a=arguments: sign_in_here(*a))), ("daemon", "vm-operator"), f"{name}, by a group")
        for name in ("root", "bin", "nobody"):
            is_(as_user(account, server.folder, lambda n=name: sign_in_here(n)), "SESSION_AUTHENTICATION_FAILED", f"not as {name}")
        is_(as_user(account, server.folder, lambda: sign_in_here("daemon", "x")), "SESSION_AUTHENTICATION_FAILED", "with a password that is asked for")
        ok("Permission" in as_user(other, server.folder, lambda: sign_in_here("bin")), "whom the socket does not let in does not get so far")
        is_(role_of(server, server.login("root", "", server.unix).ref)[1], "superuser", "root is what it was")
        write_settings(server, socket_group=group, role="bin vm-admin")
        reload(server)
        is_(as_user(account, server.folder, lambda: sign_in_here("")), "SESSION_AUTHENTICATION_FAILED", "without a role nobody is let in")
        write_settings(server, socket_group=group, admin_group=group)
        reload(server)
        is_(role_of(server, as_user(account, server.folder, lambda: sign_in_here(""))), ("daemon", "superuser"), "admin-group")


def over_tls(server, certificate, user="", password=""):
    """The role of who signs in with that certificate."""
    context = trusting(server.path("tls.pem"), check_hostname=False)
    if certificate:
        context.load_cert_chain(*certificate)
    rpc = xmlrpc.client.ServerProxy(server.http, context=context)
    try:
        ref = value(rpc.session.login_with_password(user, password))
        record = value(rpc.session.get_record(ref, ref))
        return record["auth_user_name"], record["client_certificate"], len(record["rbac_permissions"])
    except Failure as failure:
        return failure.code
    finally:
        rpc("close")()


def test_certificates():
    with Server(users=USERS, listen=["https://127.0.0.1:0", "unix:SOCKET"], settings={"login-delay": "1ms"}, start=False) as server:
        server.listen[1] = "unix:" + server.path("socket")
        ours, theirs = Authority(server.folder, "ours"), Authority(server.folder, "theirs")
        anna, berta, stranger = ours.issue("anna"), ours.issue("berta"), theirs.issue("anna")
        with open(berta[0], encoding="ascii") as file:
            fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(file.read())).hexdigest().upper()
        colons = ":".join(fingerprint[i:i + 2] for i in range(0, 64, 2))
        rows = ["CN=anna vm-operator", f"sha256:{colons} read-only", "CN=nobody pool-admin"]
        write_settings(server, tls_client_ca=ours.path("pem"), certificate_role=rows)
        server.start()
        root = server.login("root", "", server.unix)
        counts = {r["name_label"]: len(root.role.get_permissions_name_label(ref)) for ref, r in root.role.get_all_records().items()}
        is_(over_tls(server, anna), ("CN=anna", True, counts["vm-operator"]), "by its name, without a user or password")
        is_(over_tls(server, anna, "CN=anna"), ("CN=anna", True, counts["vm-operator"]), "or with its name as the user's")
        is_(over_tls(server, berta), ("CN=berta", True, counts["read-only"]), "by its fingerprint")
        for user, password in (("root", ""), ("CN=berta", ""), ("CN=nobody", ""), ("", "x"), ("CN=anna", "x")):
            is_(over_tls(server, anna, user, password), "SESSION_AUTHENTICATION_FAILED", f"not as {user!r} with password {password!r}")
        is_(over_tls(server, None), "SESSION_AUTHENTICATION_FAILED", "nor without a certificate")
        is_(over_tls(server, anna, "root", "r")[:2], ("root", False), "a password counts as ever")
        is_(server.login("", "", server.unix).ref.startswith("OpaqueRef:"), True, "root on the socket")
        subject = root.subject.create({"subject_identifier": "CN=anna"})
        root.subject.add_to_roles(subject, root.role.get_by_name_label("pool-operator")[0])
        is_(over_tls(server, anna), ("CN=anna", True, counts["pool-operator"]), "a subject of that name may give more")
        write_settings(server, certificate_role=rows)
        reload(server)
        is_([over_tls(server, c) for c in (anna, stranger)], ["SESSION_AUTHENTICATION_FAILED"] * 2, "without tls-client-ca certificates mean nothing")
        write_settings(server, tls_client_ca=theirs.path("pem"), certificate_role=rows)
        reload(server)
        is_(over_tls(server, stranger)[0], "CN=anna", "a name is as good as the authority that gives it")


def main():
    if not program():
        skip_all("XENAPID names no program")
    test_users()
    test_wrong()
    if os.geteuid() == 0:
        test_socket()
    else:
        skip("only root can become others")
    if shutil.which("openssl"):
        test_certificates()
    else:
        skip("openssl is not installed")
    done()


main()
