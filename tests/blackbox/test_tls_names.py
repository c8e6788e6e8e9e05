"""Names and certificates that clients send, and that are none."""

import re
import ssl
import struct

import pytest

import certs
import suite
from rawtls import client_hello
from suite import new_source
from tlsclients import connect, s_client_says, serves, two_left
from wire import TLS12, TLS13, b64


# --- names (T15)

NAMES = {
    "path": b"../../../../etc/passwd", "slash": b"/tmp/x",
    "nul": b"localhost\0.evil.example", "empty": b"", "dot": b".",
    "format": b"%s%n%d", "spaces": b"a b\r\nevent=delivered",
    "bytes": bytes(range(128, 256)), "label": b"a" * 64 + b".example",
    "long": b"a." * 127 + b"example", "dns": b"localhost.",
    "4 KiB": b"a" * 4096, "16 KiB": b"x." * 8192, "60 KiB": b"y" * 60000,
}


@pytest.mark.parametrize("case", NAMES)
def test_names_of_servers(lab, case):
    """An alert or the usual certificate; never another one, nor a file."""
    logged = len(lab.log())
    with connect(lab) as s:
        s.sendall(client_hello(sni=NAMES[case]))
        got = s.recv(5)
        assert got[:1] in (b"", b"\x15", b"\x16"), got
    two_left(lab)
    said = lab.log()[logged:]
    assert "event=delivered" not in said.replace("?", "")
    for line in said.splitlines():
        assert re.match(r"\d{4}-\d\d-\d\dT", line), line
        assert "etc/passwd" not in line or "sni=" in line, line
    serves(lab)


def test_a_finished_handshake_shows_the_name_well(lab):
    for name in ("../../x", "%s%n", "a b"):
        status, _ = s_client_says(lab, "smtps", "-servername", name)
        assert status == 0
        line = [one for one in lab.wait_log("event=tls ")][-1]
        assert 'sni="" ' in line, line


def resident(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f
                    if line.startswith("VmRSS:"))


def test_many_names_take_no_memory(lab):
    """What the lasting processes remember does not grow with names."""
    def ask(first, count):
        for n in range(first, first + count):
            with connect(lab) as s:
                s.sendall(client_hello(sni=b"host%d.example" % n))
                assert s.recv(1) == b"\x16"

    ask(0, 50)
    two_left(lab)
    before = {pid: resident(pid) for pid in lab.pids("tlsd")}
    ask(50, 500)
    two_left(lab)
    after = {pid: resident(pid) for pid in lab.pids("tlsd")}
    assert before.keys() == after.keys()
    if not suite.SAN:
        for pid, size in after.items():
            assert size < before[pid] + 1024, (before, after)


# --- certificates of clients (T16)

@pytest.fixture
def asking(share):
    return share("tls-asking", options=[
        f"{profile}.tls-client-certificates yes"
        for profile in ("submissions", "pop3s")])


def der(tag, content):
    n = len(content)
    length = bytes([n]) if n < 128 else b"\x82" + struct.pack(">H", n)
    return bytes([tag]) + length + content


@pytest.mark.parametrize("tail", ("", "\0", "\0.evil.example", "\n", " "),
                         ids=("good", "nul", "nul-more", "lf", "space"))
def test_nul_in_a_name(asking, tmp_path, tail):
    """CVE-2009-4565: the name does not end where C would have it end."""
    good = tail == ""
    alice = asking.address("alice")
    names = der(0x30, der(0x81, (alice + tail).encode()))
    pem = certs.Ca(asking.dir / "ca").issue(
        tmp_path, extension="DER:" + names.hex(":"))
    context = asking.tls(certificate=pem)
    for service in ("smtps", "pop3s"):
        for who in ("=", b64(alice)):
            try:
                with (asking.pop3 if service == "pop3s" else asking.smtp)(
                        service=service, tls=context,
                        source=new_source()) as line:
                    if service == "smtps":
                        line.ehlo()
                        assert line.cmd(f"AUTH EXTERNAL {who}").code in (
                            (235,) if good else (535, 504))
                    else:
                        (line.ok if good else line.err)(f"AUTH EXTERNAL {who}")
            except (ConnectionError, ssl.SSLError):
                assert not good  # the handshake may be refused, too


@pytest.mark.parametrize("version", (TLS12, TLS13))
@pytest.mark.parametrize("count", (10, 100, 3000))
def test_a_long_chain(asking, tmp_path, count, version):
    """No more than 32 KiB of certificates are read."""
    ca = certs.Ca(asking.dir / "ca")
    pem = ca.issue(tmp_path, f"email:{asking.address('alice')}")
    crt = pem.with_suffix(".crt").read_bytes()
    chain = tmp_path / "chain.pem"
    chain.write_bytes(pem.read_bytes() + crt * count)
    context = asking.tls(version=version, certificate=chain)
    try:
        with asking.smtp("smtps", tls=context, source=new_source()) as s:
            s.ehlo()
            assert "EXTERNAL" in s.extensions["AUTH"]
            assert count == 10
    except (ConnectionError, ssl.SSLError):
        assert count > 10
    serves(asking)
    two_left(asking)


def test_a_certificate_that_was_not_asked_for(lab, tmp_path):
    """Nobody reads it: there is no CertificateRequest."""
    ca = certs.Ca(lab.dir / "ca")
    context = lab.tls(certificate=ca.issue(
        tmp_path, f"email:{lab.address('alice')}"))
    with lab.smtp("smtps", tls=context) as s:
        s.ehlo()
        assert "EXTERNAL" not in s.extensions["AUTH"]
    assert "certificate=none" in lab.wait_log("event=tls ")[-1]
