"""Logins that TLS has a part in: SCRAM that is bound to the connection (RFC
9266), and client certificates."""

import base64
import os
import socket
import ssl
import subprocess
import threading

import pytest

import suite
import wire
from sasl import (alice, begin, in_is, new_source, scram,
                  self_signed, session, token)
from suite import wait_for
from wire import b64


# --- bound to the connection

def test_bound_to_another_connection(lab):
    for binding in (b"", os.urandom(32), bytes(32), os.urandom(31)):
        with session(lab, "smtps") as s:
            assert "SCRAM-SHA-256-PLUS" in s.extensions["AUTH"]
            r = scram(s, alice(lab, flag="p=tls-exporter", binding=binding),
                      "SCRAM-SHA-256-PLUS")
            assert (r.code, r.dsn) == (535, "5.7.8")
            # Nor does it help to say so without PLUS.
            r = scram(s, alice(lab, flag="p=tls-exporter", binding=binding))
            assert r.code == 535


def test_who_heard_of_no_binding(lab):
    """A client says "y" when it could bind, but was offered nothing that is
    bound; with TLS that was not what we said."""
    with session(lab, "smtps") as s:
        r = begin(s, alice(lab, flag="y"))
        assert (r.code, r.dsn) == (535, "5.7.8")
        assert begin(s, alice(lab, flag="y"),
                     "SCRAM-SHA-256-PLUS").code == 535
        assert scram(s, alice(lab)).code == 235  # it cannot bind
    with session(lab) as s:
        assert "SCRAM-SHA-256-PLUS" not in s.extensions["AUTH"]
        assert begin(s, alice(lab), "SCRAM-SHA-256-PLUS").code == 504
        assert scram(s, alice(lab, flag="y")).code == 235


class Between(threading.Thread):
    """Somebody between client and server, whose certificate the client
    takes.  Without PLUS, it is not offered to the client."""

    def __init__(self, lab, certificate, plus):
        super().__init__()
        self.lab, self.plus, self.replies = lab, plus, []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.listener = socket.create_server((wire.LOCALHOST, 0))
        self.listener.settimeout(suite.PATIENCE)
        self.port = self.listener.getsockname()[1]

    def run(self):
        client, _ = self.listener.accept()
        with client, self.lab.smtp("smtps", source=new_source()) as server:
            client.settimeout(suite.PATIENCE)
            client.sendall(b"220 hello\r\n")
            said = b""
            while not said.endswith(b"\n"):
                said += client.recv(1)
            assert said == b"STARTTLS\r\n"
            client.sendall(b"220 go\r\n")
            with self.context.wrap_socket(client, server_side=True) as tls:
                for line in tls.makefile("rb"):
                    server.send(line)
                    r = server.reply()
                    self.replies.append(r)
                    tls.sendall(self.text(r))

    def text(self, r):
        out = ""
        for n, text in enumerate(r.lines):
            if not self.plus:
                text = text.replace("SCRAM-SHA-256-PLUS ", "")
            out += f"{r.code}{' ' if n + 1 == len(r.lines) else '-'}{text}\r\n"
        return out.encode()


def gsasl(lab, port, ca, mech):
    return subprocess.run(
        ["gsasl", "--smtp", "--connect", f"localhost:{port}", "--starttls",
         "--x509-ca-file", str(ca), "--authentication-id", "alice",
         "--authorization-id", "", "--password", lab.users["alice"],
         "--mechanism", mech], stdin=subprocess.DEVNULL, capture_output=True,
        timeout=suite.PATIENCE)


def test_somebody_between(lab, tmp_path):
    """A real client that is bound to his TLS, and not to ours, is safe."""
    certificate = self_signed(tmp_path / "between")
    for plus, mech in ((True, "SCRAM-SHA-256-PLUS"),
                       (False, "SCRAM-SHA-256")):
        between = Between(lab, certificate, plus)
        between.start()
        r = gsasl(lab, between.port, f"{certificate}.crt", mech)
        between.join()
        between.listener.close()
        assert r.returncode != 0, r.stdout
        assert 235 not in [reply.code for reply in between.replies]
        if plus:
            assert 535 in [reply.code for reply in between.replies]


# --- certificates

@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Self-signed ones, and some of a CA, by the address in them."""
    dir = tmp_path_factory.mktemp("certificates")
    made = {name: self_signed(dir / name, f"/CN={name}")
            for name in ("alice", "other")}
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
         "/CN=client CA", "-out", dir / "ca.pem", "-keyout", dir / "ca.key"],
        check=True, capture_output=True)
    for name, address in (("bob", "bob@lab.example"),
                          ("nobody", "nobody@lab.example")):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
             f"/CN={name}", "-addext", f"subjectAltName=email:{address}",
             "-CA", dir / "ca.pem", "-CAkey", dir / "ca.key",
             "-out", dir / f"{name}.crt", "-keyout", dir / f"{name}.key"],
            check=True, capture_output=True)
        made[name] = dir / name
        made[name].write_bytes((dir / f"{name}.crt").read_bytes() +
                               (dir / f"{name}.key").read_bytes())
    made["ca"] = dir / "ca.pem"
    return made


@pytest.fixture(scope="module")
def certificate_lab(request, certificates):
    """Alice's certificate is listed, bob's is of a CA that is trusted."""
    lab = suite.Lab()
    request.addfinalizer(lab.close)
    lab.start().stop()
    ca = lab.dir / "tls/client-ca.pem"
    ca.write_bytes(certificates["ca"].read_bytes())
    suite.own_like(ca, lab.env["CA_FILE"])
    lab.start("-o", f"tls-client-ca {ca}", "-o",
              "tls-client-certificates yes")
    r = lab.postrider("user", "certificate", lab.address("alice"),
                      f"{certificates['alice']}.crt")
    assert r.returncode == 0, r.stderr
    return lab


def with_certificate(lab, path, service="smtps"):
    return session(lab, service, tls=lab.tls(certificate=path))


def external(s, authzid=""):
    return s.cmd("AUTH EXTERNAL " + (b64(authzid) or "="))


@pytest.fixture
def addresses(certificate_lab):
    """Those of the CA's certificates must be of the lab."""
    if certificate_lab.domain != "lab.example":
        pytest.skip(certificate_lab.domain)


def test_external(certificate_lab, certificates):
    lab = certificate_lab
    for authzid, code in (("", 235), ("alice", 235),
                          (lab.address("alice"), 235), ("bob", 535),
                          ("root", 535)):
        with with_certificate(lab, certificates["alice"]) as s:
            assert s.extensions["AUTH"][0] == "EXTERNAL"
            assert external(s, authzid).code == code
            assert in_is(s) == (code == 235)
    line = lab.wait_log("mech=EXTERNAL by=certificate")[0]
    assert f"account={lab.address('alice')} " in line


def test_external_in_two_steps(certificate_lab, certificates):
    with with_certificate(certificate_lab, certificates["alice"]) as s:
        assert token(s.cmd("AUTH EXTERNAL")) == b""
        assert s.cmd("").code == 235


def test_external_by_starttls_and_pop3(certificate_lab, certificates):
    lab = certificate_lab
    context = lab.tls(certificate=certificates["alice"])
    with lab.smtp("submission", source=new_source()) as s:
        s.ehlo()
        assert "EXTERNAL" not in s.extensions["AUTH"]
        s.starttls(context)
        s.ehlo()
        assert external(s).code == 235
    for implicit in (True, False):
        with lab.pop3(service="pop3s" if implicit else "pop3",
                      tls=context if implicit else None,
                      source=new_source()) as p:
            if not implicit:
                p.starttls(context)
            p.ok("AUTH EXTERNAL =")
            p.stat()
            p.quit()


def test_external_by_an_address(certificate_lab, certificates, addresses):
    lab = certificate_lab
    with with_certificate(lab, certificates["bob"]) as s:
        assert external(s).code == 235
    with with_certificate(lab, certificates["nobody"]) as s:
        r = external(s)
        assert (r.code, r.dsn) == (535, "5.7.8")


def test_certificates_of_strangers(certificate_lab, certificates):
    lab = certificate_lab
    with with_certificate(lab, certificates["other"]) as s:
        for authzid in ("", "alice", lab.address("alice")):
            assert external(s, authzid).code == 535
        assert s.auth_plain("alice", lab.users["alice"]).code == 235
    with session(lab, "smtps") as s:
        assert "EXTERNAL" not in s.extensions["AUTH"]
        assert external(s).code == 504
    for data in (b"alice\0", b"\xff", b"x" * 9000):
        with with_certificate(lab, certificates["alice"]) as s:
            assert s.cmd(b"AUTH EXTERNAL " +
                         base64.b64encode(data)).code == 535


def test_a_certificate_that_is_no_longer_listed(make_lab, certificates):
    lab = make_lab(options=["tls-client-certificates yes",
                            "tls-client-ca /nonexistent/ca.pem"])
    path = certificates["alice"]

    def change(*args):
        r = lab.postrider("user", "certificate", *args)
        assert r.returncode == 0, r.stderr

    change(lab.address("alice"), f"{path}.crt")
    with with_certificate(lab, path) as s:
        change("--remove", lab.address("alice"))
        assert external(s).code in (501, 504, 535)
        assert not in_is(s)
    with with_certificate(lab, path) as s:
        assert "EXTERNAL" not in s.extensions["AUTH"]
    change(lab.address("bob"), f"{path}.crt")
    wait_for(lambda: "EXTERNAL" in lab_auth(lab, path), "EXTERNAL")
    with with_certificate(lab, path) as s:
        assert external(s, "alice").code == 535
        assert external(s, "bob").code == 235


def lab_auth(lab, path):
    with with_certificate(lab, path) as s:
        return s.extensions["AUTH"]
