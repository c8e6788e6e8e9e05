"""postrider(8): what is said of certificates and of what ports offer."""

import os
import signal
import socket
import ssl
import time

import pytest

import suite
from tlstool import UNAVAILABLE, conf, given, openssl, show
from tools import DOMAIN, HOST

def test_show_what_cannot_be_used(conf):
    conf("tls", "make-cert", "--name", "one")
    conf("tls", "make-cert", "--name", "two")
    one, two = (conf.tls / f"{n}.pem" for n in ("one", "two"))
    at = "-----BEGIN CERT"
    key, _ = one.read_text().split(at)
    two.write_text(key + at + two.read_text().split(at)[1])
    (conf.tls / "three.pem").write_text("nothing\n")
    (conf.tls / "f our.pem").write_text("")
    (conf.tls / "one.ocsp").write_text("nothing\n")
    (conf.tls / "notes.txt").write_text("")
    found = {c["file"].rsplit("/")[-1]: c
             for c in show(conf, UNAVAILABLE)["certificates"]}
    assert sorted(found) == ["f our.pem", "one.pem", "three.pem", "two.pem"]
    assert found["one.pem"]["usable"]
    assert not found["one.pem"]["ocsp"]["good"]
    assert not found["two.pem"]["key-matches"]
    assert "not that of the first" in found["two.pem"]["problem"]
    assert "wanted a certificate" in found["three.pem"]["problem"]
    assert "wanted a name" in found["f our.pem"]["problem"]
    text = conf("tls", "show", status=UNAVAILABLE).stdout
    assert text.count("UNUSABLE") == 3 and "does not match" in text
    # Others than tlsd may not have a key.
    one.chmod(0o604)
    text = conf("tls", "show", status=UNAVAILABLE).stdout
    assert text.count("UNUSABLE") == 4 and "hidden from others" in text
    # A key in a file of its own comes first.
    one.chmod(0o600)
    conf.tls.joinpath("one.key").write_text(key)
    conf.tls.joinpath("one.key").chmod(0o600)
    assert conf("tls", "show", status=UNAVAILABLE).stdout.count(
        "UNUSABLE") == 3


def test_show_a_key_file_without_a_key(conf):
    """tlsd does not take the key beside the certificate for it."""
    conf("tls", "make-cert", "--name", "one")
    pem = (conf.tls / "one.pem").read_text()
    key = conf.tls / "one.key"
    key.write_text(pem[pem.index("-----BEGIN CERT"):])
    key.chmod(0o600)
    [one] = show(conf, UNAVAILABLE)["certificates"]
    assert not one["usable"]
    assert one["problem"] == \
        f"{key}: wanted a private key in PEM, found: none"


def test_show_dates_that_are_none(conf):
    conf("tls", "make-cert", "--name", "one", "--days", "7")
    pem = conf.tls / "one.pem"
    key, cert = pem.read_text().split("-----BEGIN CERTIFICATE-----")
    der = ssl.PEM_cert_to_DER_cert("-----BEGIN CERTIFICATE-----" + cert)
    # The second UTCTime (RFC 5280 section 4.1.2.5): its month is 99.
    at = der.index(b"\x17\x0d", der.index(b"\x17\x0d") + 15) + 4
    der = der[:at] + b"99" + der[at + 2:]
    pem.write_text(key + ssl.DER_cert_to_PEM_cert(der))
    [one] = show(conf, UNAVAILABLE)["certificates"]
    assert one["problem"] == "wanted its dates, found unreadable ones"
    assert "days-left" not in one and "not-after" not in one
    text = conf("tls", "show", status=UNAVAILABLE).stdout
    assert "    ends      unreadable\n" in text and "days left" not in text


def test_show_what_profiles_offer(conf):
    conf("tls", "make-cert")
    conf("domain", "add", DOMAIN)
    conf("user", "add", f"a@{DOMAIN}", data="secret\n")
    conf.write("postrider.conf", *conf.lines, f"tls-dir {conf.tls}",
               "submission.tls required", "pop3.plaintext-auth always",
               "mx.tls no", "profile mine pop3", "mine.tls-profile old",
               "mine.plaintext-auth never", "submission.channel-binding yes")
    conf("apply")
    p = show(conf)["profiles"]
    some = ["SCRAM-SHA-256", "PLAIN", "LOGIN"]
    every = ["SCRAM-SHA-256-PLUS", *some]
    assert [(n, p[n].get("port")) for n in p] == [
        ("mx", 25), ("submission", 587), ("submissions", 465),
        ("local", None), ("pop3", 110), ("pop3s", 995), ("mine", None)]
    assert not p["mx"]["starttls"] and p["mx"]["tls"] == "no"
    assert p["mx"]["mechanisms-encrypted"] == []
    one = p["submission"]
    assert one["starttls"] and one["mechanisms-plaintext-loopback"] == []
    assert one["mechanisms-encrypted"] == every
    assert p["submissions"]["tls"] == "implicit"
    assert not p["submissions"]["starttls"]
    assert p["pop3"]["mechanisms-plaintext"] == [*some, "USER"]
    assert p["pop3"]["mechanisms-encrypted"] == [*some, "USER"]
    assert p["mine"]["protocol"] == "POP3"
    assert p["mine"]["tls-profile"] == "old"
    assert p["mine"]["mechanisms-plaintext-loopback"] == []
    text = conf("tls", "show").stdout
    assert "submission     SMTP, port 587: tls required, tls-profile modern\n" \
        "    encrypted    logins: SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN " \
        "LOGIN\n    in plaintext logins: none\n" in text


@pytest.mark.skipif(os.getuid() != 0, reason="needs another user")
def test_show_by_anybody(conf):
    conf("tls", "make-cert")
    conf.base.chmod(0o755)
    conf.tls.chmod(0o755)
    text = conf("tls", "show", user="nobody").stdout
    assert f"{HOST}.pem: not looked at (root can)" in text
    assert "submission " in text
    conf.tls.chmod(0o700)
    assert f"{conf.tls}: not looked at (root can)" in \
        conf("tls", "show", user="nobody").stdout


def test_show_without_one_that_is_usable(conf):
    conf("tls", "make-cert")
    conf("domain", "add", DOMAIN)
    conf("user", "add", f"a@{DOMAIN}", data="secret")
    pem = conf.tls / f"{HOST}.pem"
    text = pem.read_text()
    pem.write_text(text[text.index("-----BEGIN CERT"):])  # without its key
    found = show(conf, UNAVAILABLE)
    assert found["profiles"]["submission"]["mechanisms-encrypted"] == []
    said = conf("tls", "show", status=UNAVAILABLE).stdout
    assert "EC-P-256, no private key" in said
    assert "encrypted    nobody: no certificate can be used" in said
    said = conf("apply").stderr
    assert f"{pem}: warning: cannot be served: " in said
    assert "tls-dir: wanted a certificate" in said
    assert "no certificate" in conf("tls", "show", status=UNAVAILABLE).stdout
    pem.write_text(text)
    assert "at the last apply (run: postrider apply)" in \
        conf("tls", "show", status=UNAVAILABLE).stdout
    assert f"{conf.tls}: there is a certificate now that tlsd can use (run: " \
        "postrider apply)" in conf("check").stderr
    conf("apply")
    said = conf("check").stderr
    assert "tls-dir" not in said and str(conf.tls) not in said
    conf("tls", "show")


def test_show_what_has_ended(conf):
    conf.tls.mkdir(mode=0o700)
    pem = conf.tls / "x.pem"
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", pem, "-out", conf.base / "csr", "-subj", "/")
    (conf.base / "ext").write_text("subjectAltName=DNS:x\n")
    openssl("x509", "-req", "-in", conf.base / "csr", "-signkey", pem, "-days",
            "-1", "-extfile", conf.base / "ext", "-out", conf.base / "crt")
    pem.write_text(pem.read_text() + (conf.base / "crt").read_text())
    pem.chmod(0o600)
    said = conf("tls", "show", status=UNAVAILABLE).stdout
    assert "    ended     20" in said and ", 1 day ago" in said
    assert "left" not in said


def test_leaf_without_its_chain(conf, given):
    chain, key = given / "chain.pem", given / "key.pem"
    leaf = given / "cert.pem"
    end = "-----END CERTIFICATE-----\n"
    leaf.write_text(chain.read_text().split(end)[0] + end)
    said = conf("tls", "install", leaf, key).stderr
    assert f"warning: {leaf}: no CA's certificate behind it: who does not " \
        'know "CN = sub" itself cannot check it (fullchain.pem?)' in said
    assert "    WARNING   no CA's certificate" in conf("tls", "show").stdout
    conf("tls", "install", chain, key)
    assert "WARNING" not in conf("tls", "show").stdout
    assert not show(conf)["certificates"][0]["alone"]


def test_which_of_two_is_served(conf, given):
    """One that a CA has signed, whatever the file's name."""
    conf("tls", "make-cert", "--name", "0")
    said = conf("tls", "install", given / "chain.pem", given / "key.pem")
    assert f"{HOST} is in {conf.tls}/0.pem, too; served is {HOST}.pem" \
        in said.stderr
    said = conf("tls", "make-cert", "--name", "1").stderr
    assert f"served is {HOST}.pem (remove what is not wanted)" in said
    assert conf("tls", "make-cert", "--name", "2", "--rsa").stderr == ""


needs_users = pytest.mark.skipif(
    os.getuid() != 0, reason="the suite's users are root's to be")


@needs_users
def test_key_that_tlsd_cannot_read(make_lab):
    """What root can read is not what is served."""
    lab = make_lab()
    live = lab.base / "live"
    live.mkdir(mode=0o700)
    for p in (lab.dir / "tls").glob("*.pem"):
        p.rename(live / p.name)
        p.symlink_to(live / p.name)
    r = lab.postrider("tls", "show")
    assert r.returncode == UNAVAILABLE
    assert b"UNUSABLE  postrider-tls cannot read " in r.stdout
    assert b"(use: postrider tls install CHAIN KEY)" in r.stdout
    assert b"logins: SCRAM" not in r.stdout.split(b"encrypted", 1)[1].split(
        b"in plaintext")[0]
    said = lab.postrider("check").stderr
    assert said.count(b"cannot be served: postrider-tls cannot read") == 2
    assert b"no certificate any more that tlsd can use" in said
    deadline = time.monotonic() + suite.PATIENCE
    while b"2 files refused" not in (r := lab.postrider("status")).stdout:
        assert time.monotonic() < deadline, r
        time.sleep(0.2)
    # What was served is served on; who comes later finds nothing.
    assert b"tlsd         WARN" in r.stdout and r.returncode == 0
    for pid in lab.pids("tlsd"):
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + suite.PATIENCE
    while b"DOWN  answers: no certificates, and TLS is offered" not in (
            r := lab.postrider("status")).stdout:
        assert time.monotonic() < deadline, r
        time.sleep(0.2)
    assert lab.postrider("apply").returncode == 0
    with socket.create_connection(("127.0.0.1", lab.port("SMTP"))) as s:
        s.settimeout(suite.PATIENCE)
        s.recv(1000)
        s.sendall(b"EHLO x\r\nQUIT\r\n")
        said = b""
        while more := s.recv(1000):
            said += more
    assert b"STARTTLS" not in said


def test_first_certificate_is_served_when_it_is_offered(make_lab):
    lab = make_lab()
    for p in (lab.dir / "tls").glob("*.pem"):
        p.unlink()
    assert lab.postrider("apply").returncode == 0
    deadline = time.monotonic() + suite.PATIENCE
    while b"answers: no certificates" not in lab.postrider("status").stdout:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    r = lab.postrider("tls", "make-cert", "first.example")
    assert (r.returncode, r.stderr) == (0, b"")
    assert b" 1 certificate," in lab.postrider("status").stdout
