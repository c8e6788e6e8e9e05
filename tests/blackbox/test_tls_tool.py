"""postrider(8): certificates that are made and taken over, what accounts can do
with them, and whether the suite lives."""

import json
import socket
import struct
import threading
import time

import pytest

import suite
from tlstool import (CANTCREAT, DATAERR, DAY, UNAVAILABLE, USAGE, conf, given,
                     mode, openssl, san, show)
from tools import DOMAIN, HOST

# --- make-cert

def test_self_signed(conf):
    assert not show(conf, UNAVAILABLE)["profiles"]["mx"]["starttls"]
    said = conf("tls", "make-cert").stdout
    pem = conf.tls / f"{HOST}.pem"
    assert said.startswith(
        f"{pem}: EC-P-256 for {HOST}, signed by itself, until 20")
    assert mode(conf.tls) == 0o700 and mode(pem) == 0o600
    assert san(pem) == f"DNS:{HOST}"
    text = openssl("x509", "-in", pem, "-noout", "-text")
    assert "CA:FALSE" in text and "TLS Web Server Authentication" in text
    assert openssl("verify", "-CAfile", pem, "-purpose", "sslserver",
                   "-verify_hostname", HOST, pem).endswith(": OK\n")
    found = show(conf)  # and it was applied
    assert found["profiles"]["mx"]["starttls"]
    [one] = found["certificates"]
    assert one["usable"] and one["key-matches"] and one["names"] == [HOST]
    assert one["days-left"] in (364, 365) and one["issuer"] == "itself"
    assert one["ocsp"] == {"there": False}
    before = pem.read_bytes()
    assert "File exists (--force replaces it)" in \
        conf("tls", "make-cert", status=CANTCREAT).stderr
    assert pem.read_bytes() == before
    conf("tls", "make-cert", "--force")
    assert pem.read_bytes() != before
    assert [p.name for p in conf.tls.iterdir()] == [pem.name]


def test_by_a_ca(conf):
    ca = conf.base / "ca"
    conf("tls", "make-cert", "--ca", ca, "a.example.org", "*.example.org",
         "127.0.0.1", "::1", "--days", "7")
    assert mode(ca / "ca.key") == 0o600
    conf("tls", "make-cert", "--rsa", "--name", "rsa", "--ca", ca)
    assert sorted(p.name for p in conf.tls.iterdir()) == \
        ["a.example.org.pem", "rsa.pem"]
    for name, host in (("a.example.org.pem", "x.example.org"),
                       ("rsa.pem", HOST)):
        assert openssl("verify", "-x509_strict", "-CAfile", ca / "ca.pem",
                       "-purpose", "sslserver", "-verify_hostname", host,
                       conf.tls / name).endswith(": OK\n")
    assert san(conf.tls / "a.example.org.pem") == \
        "DNS:a.example.org, DNS:*.example.org, IP Address:127.0.0.1, " \
        "IP Address:0:0:0:0:0:0:0:1"
    one, two = show(conf)["certificates"]
    assert one["names"] == ["a.example.org", "*.example.org", "127.0.0.1",
                            "::1"]
    assert one["days-left"] in (6, 7) and one["key"] == "EC-P-256"
    assert two["key"] == "RSA-2048" and two["usable"]
    assert "Postrider CA of" in one["issuer"]
    (ca / "ca.key").unlink()
    assert "ca.key: wanted a file, found: none" in conf(
        "tls", "make-cert", "--ca", ca, "b.example", status=DATAERR).stderr
    assert not (conf.tls / "b.example.pem").exists()


@pytest.mark.parametrize("args,said,status", [
    (("make-cert", "a b"), 'found "a b"', DATAERR),
    (("make-cert", "x,DNS:y.example"), "wanted a host name", DATAERR),
    (("make-cert", "*"), "wanted a host name", DATAERR),
    (("make-cert", "--days", "0"), "a number from 1 to 3650", USAGE),
    (("make-cert", "--days"), 'wanted a value behind "--days"', USAGE),
    (("make-cert", "--rsaa"), 'unknown option "--rsaa"', USAGE),
    (("make-cert", "--name", ".x"), "does not begin with a dot", DATAERR),
    (("make-cert", "--name", "x.pem"), 'without .pem, found "x.pem"', DATAERR),
    (("install", "/none"), "the files of a chain and of its private key",
     USAGE),
    (("install", "/none", "/none"), "/none: wanted a file, found: none",
     DATAERR),
    (("show", "x"), "wanted fewer arguments", USAGE),
])
def test_misuse(conf, args, said, status):
    assert said in conf("tls", *args, status=status).stderr
    assert not conf.tls.exists()


def test_names_are_no_paths(conf):
    conf("tls", "make-cert", "--name", "x/../../y", "*.example.org")
    conf("tls", "make-cert", "*.example.org", "--name", "n" * 100)
    conf("tls", "make-cert", f"{'l' * 60}.{'m' * 60}.example")
    assert sorted(p.name for p in conf.tls.iterdir()) == \
        [f"{'l' * 59}.pem", f"{'n' * 59}.pem", "x_.._.._y.pem"]
    assert all(c["usable"] for c in show(conf)["certificates"])


# --- install

def test_install(conf, given):
    chain, key = given / "chain.pem", given / "key.pem"
    assert chain.read_text().count("BEGIN CERTIFICATE") == 2
    assert not show(conf, UNAVAILABLE)["profiles"]["mx"]["starttls"]
    said = conf("tls", "install", chain, key)
    assert f"for {HOST}, alt.example, signed by CN = sub" in said.stdout
    assert said.stderr == ""
    pem = conf.tls / f"{HOST}.pem"
    assert mode(pem) == 0o600
    text = pem.read_text()
    assert text.count("BEGIN CERTIFICATE") == 2 and "PRIVATE KEY" in text
    found = show(conf)
    assert found["certificates"][0]["usable"]
    assert found["profiles"]["mx"]["starttls"]
    before = pem.stat().st_ino
    conf("tls", "install", chain, key)  # a renewal
    assert pem.stat().st_ino != before
    said = conf("tls", "install", chain, key, "--name", "other").stderr
    assert f"warning: {HOST} is in {pem}, too; served is {HOST}.pem" in said
    assert len(show(conf)["certificates"]) == 2
    # tlsd would take the key from there
    conf.tls.joinpath("third.key").write_text("")
    assert "third.key: wanted no such file" in conf(
        "tls", "install", "--name", "third", chain, key,
        status=CANTCREAT).stderr


def test_install_checks(conf, given):
    chain, key = given / "chain.pem", given / "key.pem"
    leaf, sub = chain.read_text().split("-----END CERTIFICATE-----\n")[:2]
    end = "-----END CERTIFICATE-----\n"
    turned = given / "turned.pem"
    turned.write_text(sub + end + leaf + end)
    odd = given / "odd.pem"
    odd.write_text(leaf + end + given.joinpath("root/ca.pem").read_text())
    locked = given / "locked.pem"
    openssl("pkey", "-in", key, "-aes128", "-passout", "pass:x", "-out",
            locked)
    for c, k, said in (
            (chain, given / "root/ca.key", "not that of the first"),
            (turned, key, "is that of certificate 2 in the file: put that "
             "one first"),
            (odd, key, "each certificate's signer behind it"),
            (given / "root/ca.pem", given / "root/ca.key",
             "wanted names in subjectAltName"),
            (chain, chain, "wanted a private key in PEM, found: none"),
            (key, key, "wanted a certificate in PEM, found: none"),
            (chain, locked, "password"),
            (chain, "/dev/null", "wanted a file, found: another kind")):
        assert said in conf("tls", "install", c, k, status=DATAERR).stderr
    assert list(conf.tls.iterdir()) == []
    conf.write("postrider.conf", *conf.lines, f"tls-dir {conf.tls}",
               "hostname elsewhere.example")
    assert "is not for this host's name elsewhere.example" in \
        conf("tls", "install", chain, key).stderr


# --- accounts

def words(conf, user):
    for line in (conf.dir / "passwords").read_text().splitlines():
        if line.startswith(f"{user}@{DOMAIN} "):
            return line.split(" ")[1:]
    return []


def mechanisms(conf):
    found = json.loads(conf("user", "list", "--json").stdout)
    return {u["user"].split("@")[0]: u["mechanisms"] for u in found}


def test_plain_secret(conf):
    conf("domain", "add", DOMAIN)
    said = conf("user", "add", "--plain-secret", f"a@{DOMAIN}", data="secret")
    assert "whoever reads" in said.stdout and "CRAM-MD5" in said.stdout
    assert words(conf, "a")[2] == "plain:c2VjcmV0"
    assert mechanisms(conf) == {
        "a": ["PLAIN", "LOGIN", "SCRAM-SHA-256", "CRAM-MD5", "APOP"]}
    none = UNAVAILABLE  # there is no certificate
    assert show(conf, none)["profiles"]["pop3"][
        "mechanisms-plaintext-loopback"] == [
            "SCRAM-SHA-256", "PLAIN", "LOGIN", "CRAM-MD5", "USER", "APOP"]
    said = conf("user", "passwd", f"a@{DOMAIN}", data="other").stdout
    assert "CRAM-MD5 and APOP: no more" in said
    assert len(words(conf, "a")) == 2
    said = conf("user", "add", "--plain-secret", f"c@{DOMAIN}", data="s")
    assert "for 1 other account they fail" in said.stdout
    conf("user", "del", f"c@{DOMAIN}")
    # SCRAM would fail for b.
    assert "offered to nobody" in conf(
        "user", "add", f"b@{DOMAIN}", data=b"\xff".decode(
            "utf-8", "surrogateescape"), errors="surrogateescape").stdout
    assert show(conf, none)["profiles"]["pop3"][
        "mechanisms-plaintext-loopback"] == ["PLAIN", "LOGIN", "USER"]
    why = f"b@{DOMAIN} has no SCRAM word (set the password again)"
    assert show(conf, none)["no-scram"] == why
    line = f"SCRAM-SHA-256 is not offered: {why}\n"
    assert conf("tls", "show", status=none).stdout.endswith("\n" + line)
    listed = conf("user", "list")
    assert listed.stderr.endswith(line) and "SCRAM-SHA-256 is" not in \
        listed.stdout
    conf("user", "passwd", f"b@{DOMAIN}", data="better")
    assert "no-scram" not in show(conf, none)
    assert "not offered" not in conf("tls", "show", status=none).stdout
    assert conf("user", "list").stderr == ""


def test_client_certificates(conf):
    conf("domain", "add", DOMAIN)
    conf("user", "add", f"a@{DOMAIN}", data="secret")
    conf("user", "add", "--no-password", f"b@{DOMAIN}")
    conf("tls", "make-cert", "client.example")
    pem = conf.tls / "client.example.pem"
    colons = openssl("x509", "-in", pem, "-noout", "-fingerprint",
                     "-sha256").strip().split("=")[1]
    digest = colons.replace(":", "").lower()
    said = conf("user", "certificate", f"a@{DOMAIN}", pem).stdout
    assert "No profile asks clients for certificates yet: set tls-client-" \
        in said
    assert f" certificate:{digest[:16]}\n" in conf("user", "list").stdout
    assert [u["certificates"] for u in json.loads(
        conf("user", "list", "--json").stdout)] == [[digest], []]
    assert words(conf, "a")[2] == f"certificate:{digest}"
    assert mechanisms(conf)["a"][-1] == "EXTERNAL"
    assert f'is that of user "a@{DOMAIN}" already' in conf(
        "user", "certificate", f"b@{DOMAIN}", colons, status=DATAERR).stderr
    assert "does not have yet" in conf(
        "user", "certificate", f"a@{DOMAIN}", digest, status=DATAERR).stderr
    assert digest.encode() in (conf.state / "auth/verifiers.cdb").read_bytes()
    conf("user", "passwd", f"a@{DOMAIN}", data="other")
    assert words(conf, "a")[2] == f"certificate:{digest}"
    conf("user", "certificate", "--remove", f"a@{DOMAIN}", colons)
    assert len(words(conf, "a")) == 2
    conf.write("postrider.conf", *conf.lines, f"tls-dir {conf.tls}",
               "submissions.tls-client-certificates yes")
    assert conf("user", "certificate", f"b@{DOMAIN}",
                f"sha256 Fingerprint={colons}").stdout == ""
    assert words(conf, "b") == [f"certificate:{digest}"]
    assert mechanisms(conf)["b"] == ["EXTERNAL"]
    conf("user", "certificate", "--remove", f"b@{DOMAIN}")
    assert words(conf, "b") == []
    for args, said in ((("--remove", f"b@{DOMAIN}"), "that it has"),
                       ((f"b@{DOMAIN}", "/none"), "/none: wanted a file, found: none (wanted a file "
                        "or 64 hexadecimal digits)"),
                       ((f"c@{DOMAIN}", digest), "no user")):
        assert said in conf("user", "certificate", *args,
                            status=DATAERR).stderr


def test_ca_of_clients_that_is_none(conf):
    ca = conf.base / "client-ca.pem"
    lines = [*conf.lines, f"tls-dir {conf.tls}", f"tls-client-ca {ca}"]
    conf.write("postrider.conf", *lines)
    assert "client-ca" not in conf("apply").stderr  # it may be missing
    ca.write_text("nothing\n")
    assert f"{ca}: warning: no client is verified with it: {ca}: wanted " \
        "certificates in PEM, found none" in conf("apply").stderr
    conf("tls", "make-cert", "--ca", conf.base / "ca")
    ca.write_text((conf.base / "ca/ca.pem").read_text())
    assert "client-ca" not in conf("apply").stderr


# --- status

class Tlsd(threading.Thread):
    """Answers questions for the state: msg_tls.h, status and state."""

    def __init__(self, path, *state, stalled=0):
        super().__init__(daemon=True)
        self.state = struct.pack("!HIIQQQII", 7, *state, stalled)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(str(path))
        self.listener.listen()
        self.listener.settimeout(suite.PATIENCE)
        self.start()

    def run(self):
        conn, _ = self.listener.accept()
        with self.listener, conn:
            conn.settimeout(suite.PATIENCE)
            self.asked = conn.recv(100)
            conn.send(self.state)


@pytest.mark.parametrize("certificates,days,refused,state,text", [
    (0, None, 0, "ok", "answers: no certificates (see: postrider tls "
     "make-cert); 3 connections"),
    (1, 15.5, 0, "ok", "1 certificate, which ends in 15 days; 3 connections, "
     "20 handshakes, 1 failed"),
    (2, 13.5, 0, "WARN", "2 certificates, the first ends in 13 days (see: "
     "postrider tls show)"),
    (2, -0.5, 0, "DOWN", "one has ended (see: postrider tls show)"),
    (2, 90.5, 1, "WARN", "ends in 90 days, 1 file refused (see: postrider tls "
     "show)"),
    (0, None, 2, "WARN", "no certificates, 2 files refused (see: postrider"),
])
def test_status(conf, certificates, days, refused, state, text):
    path = conf.run_dir / "tls"
    expires = 0 if days is None else int(time.time() + days * DAY)
    for args in ((), ("--json",)):
        tlsd = Tlsd(path, certificates, 3, 20, 1, expires, refused)
        said = conf("status", *args, status=UNAVAILABLE).stdout
        tlsd.join(suite.PATIENCE)
        path.unlink()
        assert tlsd.asked == struct.pack("!HI", 6, 0)
        if not args:
            line = [x for x in said.splitlines() if x.startswith("tlsd ")][0]
            assert line.split()[1] == state and text in line
            assert "(run: postriderd)" in said
            assert "(see the log; postriderd starts it)" in said
    part = json.loads(said)["tlsd"]
    assert part["ok"] == (state != "DOWN")
    assert part["warn"] == (state == "WARN")
    figures = json.loads(said)["tls"]
    assert figures["certificates"] == certificates
    assert figures["refused"] == refused
    assert figures.get("expires", 0) == expires


def test_status_without_what_is_offered(conf):
    """Sessions offer STARTTLS, and nobody can serve it."""
    conf("tls", "make-cert")
    tlsd = Tlsd(conf.run_dir / "tls", 0, 0, 0, 0, 0, 1)
    said = conf("status", status=UNAVAILABLE).stdout
    tlsd.join(suite.PATIENCE)
    line = [x for x in said.splitlines() if x.startswith("tlsd ")][0]
    assert line.split()[1] == "DOWN"
    assert "no certificates, and TLS is offered, 1 file refused (see: " \
        "postrider tls show)" in line


def test_status_of_a_keeper_that_hangs(conf):
    path = conf.run_dir / "tls"
    for args in (), ("--json",):
        tlsd = Tlsd(path, 2, 3, 20, 1, int(time.time() + 5 * DAY), 0,
                    stalled=17)
        said = conf("status", *args, status=UNAVAILABLE).stdout
        tlsd.join(suite.PATIENCE)
        path.unlink()
        if not args:
            line = [x for x in said.splitlines() if x.startswith("tlsd ")][0]
            assert line.split()[1:3] == ["DOWN", "hangs:"]
            assert "has not answered for 17 seconds" in line
    said = json.loads(said)
    assert said["tls"]["stalled"] == 17
    assert not said["tlsd"]["ok"] and not said["tlsd"]["warn"]


def test_status_does_not_wait_long(conf):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.bind(str(conf.run_dir / "tls"))
        s.listen()
        before = time.monotonic()
        conf("status", status=UNAVAILABLE)
        assert time.monotonic() - before < 8


def test_status_of_a_suite(make_lab):
    """A certificate that ends soon is seen without a restart."""
    lab = make_lab()
    found = json.loads(lab.postrider("status", "--json").stdout)
    assert found["tlsd"]["ok"] and not found["tlsd"]["warn"]
    assert found["tls"]["certificates"] == 2
    r = lab.postrider("tls", "make-cert", "--days", "5", "soon.example")
    assert r.returncode == 0, r
    deadline = time.monotonic() + suite.PATIENCE
    while b"tlsd         WARN" not in lab.postrider("status").stdout:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    r = lab.postrider("status", "--json")
    assert r.returncode == 0
    assert json.loads(r.stdout)["tls"]["certificates"] == 3
