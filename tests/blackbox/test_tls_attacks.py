"""TLS as attackers speak it.

Bytes in plaintext around the handshake are in test_smtp_tls and test_pop3_tls;
names and certificates in test_tls_names; who is no session, and handshakes that
fail again and again, in test_tlsd."""

import os
import re
import struct
import subprocess
import threading
import time

import pytest

import suite
import wire
from rawtls import ALERT, DATA, HANDSHAKE, HEARTBEAT, Raw, client_hello
from sasl import scram_word
from suite import PATIENCE, new_source, wait_for
from tlsclients import connect, ends, s_client_says, serves, two_left
from wire import TLS13, b64

LOAD = suite.BUILD / "tests/bench/tlsload"


@pytest.fixture
def raw(lab):
    """Connections of TLS 1.3 whose records we make; all ends well after."""
    made = []

    def make():
        made.append(Raw(lab.port("smtps"), lab.tls(version=TLS13),
                        new_source(), PATIENCE))
        assert made[-1].line().startswith(b"220 ")
        return made[-1]

    yield make
    for one in made:
        one.sock.close()
    serves(lab)
    two_left(lab)


# --- what is not spoken (T09, T10, T24)

@pytest.mark.parametrize("service,greeting", (
    ("smtps", b"\n220 "), ("pop3s", b"\n+OK ")))
def test_renegotiation_is_refused(lab, service, greeting):
    """CVE-2009-3555; the session does not go on under another handshake."""
    # s_client takes data in its own handshake for the fault.
    status, said = s_client_says(lab, service, "-tls1_2", talk=b"R\n",
                                 after=greeting)
    assert "RENEGOTIATING" in said
    assert "no renegotiation" in said, said
    assert status != 0


@pytest.mark.parametrize("service", ("smtps", "pop3s"))
def test_what_old_attacks_want_is_not_offered(lab, service):
    for version in ("-tls1_2", "-tls1_3"):
        _, said = s_client_says(lab, service, version, "-tlsextdebug", "-comp")
        assert "Compression: NONE" in said
        assert "heartbeat" not in said
        assert "Secure Renegotiation IS" in said
    _, said = s_client_says(lab, service, "-tls1_2", "-tlsextdebug")
    assert "Secure Renegotiation IS supported" in said
    assert "extended master secret" in said


def test_early_data_is_not_taken(lab, tmp_path):
    """No ticket allows it, and who sends it all the same is not heard."""
    session, early = tmp_path / "session", tmp_path / "early"
    early.write_bytes(b"EHLO early.example\r\n")
    with subprocess.Popen(
            ["openssl", "s_client", "-connect",
             f"{wire.LOCALHOST}:{lab.port('smtps')}", "-tls1_3", "-crlf",
             "-sess_out", session], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as p:
        p.stdin.write(b"NOOP\n")
        p.stdin.flush()
        wait_for(session.exists, "a ticket")
        p.stdin.write(b"QUIT\n")
        said = p.communicate(timeout=PATIENCE)[0].decode()
    assert "Max Early Data: 0" in said
    _, said = s_client_says(lab, "smtps", "-tls1_3", "-sess_in", session,
                       "-early_data", early)
    assert "Reused, TLSv1.3" in said, said
    assert "Early data was accepted" not in said
    # The same by hand: early_data in a hello, and a record behind it.
    with connect(lab) as s:
        s.sendall(client_hello(extensions=struct.pack(">HH", 42, 0)))
        s.sendall(struct.pack(">BHH", DATA, 0x303, 40) + os.urandom(40))
        ends(s)
    assert "early.example" not in lab.log()
    serves(lab)


# --- old versions and ciphers

WEAK = {
    "TLS 1.0": ["-tls1", "-cipher", "ALL:@SECLEVEL=0"],
    "TLS 1.1": ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
    "RSA key exchange": ["-tls1_2", "-cipher", "kRSA:@SECLEVEL=0"],
    "finite-field DH": ["-tls1_2", "-cipher", "DHE:@SECLEVEL=0"],
    "CBC": ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA:"
            "ECDHE-RSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0"],
    "no encryption": ["-tls1_2", "-cipher", "eNULL:@SECLEVEL=0"],
    "no certificate": ["-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"],
    "pre-shared keys": ["-tls1_2", "-cipher", "PSK:@SECLEVEL=0", "-psk",
                        "00"],
    "SHA-1": ["-tls1_2", "-cipher", "DEFAULT:@SECLEVEL=0", "-sigalgs",
              "RSA+SHA1:ECDSA+SHA1"],
    "small curves": ["-tls1_2", "-cipher", "DEFAULT:@SECLEVEL=0", "-groups",
                     "sect163k1:secp192r1"],
}


@pytest.mark.parametrize("case", WEAK)
def test_weak_is_refused(lab, case):
    for service in ("smtps", "pop3s"):
        status, said = s_client_says(lab, service, *WEAK[case])
        assert status != 0 and "220 " not in said and "+OK" not in said, said
        # The server has answered with an alert, and not the client.
        assert re.search(r"alert|wrong version|no protocols|no cipher match",
                         said), said


def test_profiles(make_lab):
    """strict is TLS 1.3 alone, old has CBC for those of TLS 1.2's youth."""
    lab = make_lab(services=["firm:submissions", "elder:submissions"],
                   options=["firm.tls-profile strict",
                            "elder.tls-profile old"])
    cbc = "ECDHE-RSA-AES128-SHA"
    for service, new, plain12, old in (
            ("smtps", True, True, False), ("firm", True, False, False),
            ("elder", True, True, True)):
        for works, args in ((new, ["-tls1_3"]), (plain12, ["-tls1_2"]),
                            (old, ["-tls1_2", "-cipher", cbc])):
            status, said = s_client_says(lab, service, *args)
            assert (status == 0) == works, (service, args, said)
    for case in ("TLS 1.0", "TLS 1.1", "RSA key exchange", "SHA-1",
                 "no certificate", "no encryption"):
        assert s_client_says(lab, "elder", *WEAK[case])[0] != 0, case


# --- bytes that are no handshake

GARBAGE = {
    "random": os.urandom(3000),
    "zeros": bytes(20000),
    "smtp": b"EHLO x\r\nMAIL FROM:<x@example.org>\r\n" * 50,
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "sslv2": b"\x80\x2e\1\0\2\0\x15\0\0\0\x10" + os.urandom(37),
    "sslv3": struct.pack(">BHH", 22, 0x300, 4) + b"\1\0\0\0",
    "huge record": struct.pack(">BHH", 22, 0x301, 0xffff) + bytes(70000),
    "empty records": struct.pack(">BHH", 22, 0x301, 0) * 100000,
    "alerts": (struct.pack(">BHH", 21, 0x301, 2) + b"\1\0") * 100000,
    "heartbeat": struct.pack(">BHH", 24, 0x302, 3) + b"\1\x40\0",
    "data first": struct.pack(">BHH", 23, 0x303, 100) + bytes(100),
    "hello of 16 MB": struct.pack(">BHH", 22, 0x301, 16384) + b"\1\xff\xff"
                      b"\xff" + bytes(16380) + (
                          struct.pack(">BHH", 22, 0x301, 16384) +
                          bytes(16384)) * 20,
    "hello that lies": b"\x16\3\1\0\x30\1\0\0\x2c\3\3" + bytes(32) +
                       b"\xff" * 10,
}


@pytest.mark.parametrize("case", GARBAGE)
def test_garbage(lab, case):
    """The connection ends at once; what is said is an alert at most."""
    for service in ("smtps", "pop3s"):
        with connect(lab, service) as s:
            began = time.monotonic()
            try:
                s.sendall(GARBAGE[case])
            except (BrokenPipeError, ConnectionResetError):
                pass
            got = ends(s)
            assert time.monotonic() - began < PATIENCE / 3
            assert got == b"" or (got[0] == 21 and len(got) < 50), got[:100]
    serves(lab)
    two_left(lab)


# --- records (T12)

def test_records_of_one_byte(raw):
    r = raw()
    for byte in b"EHLO client.example\r\n":
        r.send(DATA, bytes([byte]))
        r.send(DATA, b"")  # one at a time is no flood
    assert r.line().startswith(b"250-")
    r.send(DATA, b"QUIT\r\n", padding=1000)
    assert r.line().startswith(b"221 ")


def test_largest_record(raw):
    """16384 bytes are one, and no line; one more is too many."""
    r = raw()
    r.send(DATA, b"NOOP\r\n" * 2 + b"X" * (16384 - 12))
    assert r.read().startswith(b"250 ")
    r = raw()
    r.send(DATA, b"NOOP\r\n" * 2 + b"X" * (16385 - 12))
    assert "OVERFLOW" in r.refused() or "LENGTH" in r.refused()


FLOODS = {
    "empty": (DATA, b""),
    "key-update": (HANDSHAKE, b"\x18\0\0\1\0"),
    "key-update-wanted": (HANDSHAKE, b"\x18\0\0\1\1"),
    "warnings": (ALERT, b"\1\x5a"),
    "hellos": (HANDSHAKE, client_hello()[5:]),
    "heartbeats": (HEARTBEAT, b"\1\0\4xxxx"),
    "no-kind": (0, b""),
}


@pytest.mark.parametrize("case", FLOODS)
def test_floods(raw, case):
    """Far fewer than are sent are taken; then the connection ends."""
    r = raw()
    kind, content = FLOODS[case]
    sent = 0
    try:
        while sent < 20000:
            r.send(kind, content, padding=0 if kind else 5)
            sent += 1
            if sent % 64 == 0:  # gives it the time to end
                r.sock.settimeout(0.01)
                try:
                    if r.sock.recv(65536) == b"":
                        break
                except TimeoutError:
                    pass
                r.sock.settimeout(PATIENCE)
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert sent < 20000


def test_a_record_that_was_changed(raw):
    r = raw()
    record = bytearray(r.record(DATA, b"EHLO client.example\r\n"))
    record[-1] ^= 1
    r.sock.sendall(record)
    assert "BAD_RECORD_MAC" in str(r.refused())


def test_a_record_said_twice(raw):
    r = raw()
    record = r.record(DATA, b"NOOP\r\n")
    r.sock.sendall(record)
    assert r.line().startswith((b"250 ", b"503 ", b"220"))
    r.sock.sendall(record)
    assert "BAD_RECORD_MAC" in str(r.refused())


def test_plaintext_after_the_handshake(raw):
    r = raw()
    r.sock.sendall(b"EHLO client.example\r\n")
    r.refused()
    r = raw()
    r.sock.sendall(struct.pack(">BHH", DATA, 0x303, 6) + b"NOOP\r\n")
    r.refused()


def test_cut_without_a_word(lab, raw):
    """Nothing half is taken when the stream ends without close_notify."""
    r = raw()
    for line in (b"EHLO client.example\r\n",
                 b"AUTH PLAIN " + b64("\0alice\0" + lab.users["alice"])
                 .encode() + b"\r\n",
                 b"MAIL FROM:<%s>\r\n" % lab.address("alice").encode(),
                 b"RCPT TO:<%s>\r\n" % lab.address("bob").encode(),
                 b"DATA\r\n"):
        r.send(DATA, line)
        assert r.line()[:1] in b"23"
    r.send(DATA, b"Subject: half\r\n\r\nhalf of it\r\n.\r")
    r.sock.close()
    two_left(lab)
    lab.wait_idle_but_incomplete()
    assert lab.files("bob") == []


# --- silence (T13)

def test_silent_handshakes(make_lab):
    """They disturb nobody, and end when their time is over."""
    lab = make_lab()
    hello = client_hello()
    held = []
    began = time.monotonic()
    for service in ("smtps", "pop3s"):
        for said in (b"", hello[:1], hello[:40], hello):
            s = connect(lab, service)
            s.sendall(said)
            held.append(s)
    plain = lab.smtp("submission", source=new_source())
    plain.ehlo()
    plain.ok("STARTTLS", 220)
    held.append(plain.sock)
    slow = connect(lab)
    stop = threading.Event()

    def drip():
        try:
            for byte in hello:
                if stop.wait(2):
                    break
                slow.sendall(bytes([byte]))
        except OSError:
            pass  # closed, as it is to be

    t = threading.Thread(target=drip)
    t.start()
    try:
        for _ in range(10):
            serves(lab)
        for s in (*held, slow):
            s.settimeout(2 * PATIENCE)
            ends(s)
            s.close()
        took = time.monotonic() - began
        assert 25 < took < 30 + PATIENCE / 2, took
    finally:
        stop.set()
        t.join()
    two_left(lab)


# --- load

def test_handshakes_that_fail_beside_good_ones(make_lab):
    """100 that fail, from as many clients, cost the others nothing."""
    lab = make_lab()
    with subprocess.Popen(
            [LOAD, str(lab.port("smtps")), "4", "200"],
            stdout=subprocess.PIPE) as load:
        for n in range(100):
            with connect(lab) as s:
                s.sendall(client_hello()[:50] + os.urandom(200))
                ends(s)
        out = load.communicate(timeout=2 * PATIENCE)[0].decode()
    assert load.returncode == 0 and " per-s " in out
    serves(lab)
    two_left(lab)


# --- names of users (U09)

GUESSES = suite.BUILD / "tests/bench/guesses"


@pytest.mark.parametrize("protocol,service,known", (
    ("smtp", "submission", "t%d"), ("pop3", "pop3", "s%d")))
def test_unknown_users_take_as_long(share, protocol, service, known):
    """Wrong passwords and names of nobody are answered alike.  "make bench"
    measures it; here a difference that can be seen on a busy machine fails."""
    def start(lab):
        lab.start()
        # Many accounts, so that none has failures enough for a delay.
        words = dict(line.split(" ", 1) for line in
                     (lab.conf / "passwords").read_text().splitlines())
        usual = words[lab.address("alice")]
        brought = [scram_word("secret", iterations=n) for n in (20000, 4096)]
        with open(lab.conf / "users", "a") as users, \
                open(lab.conf / "passwords", "a") as passwords:
            for n in range(60):
                for kind, secret in (("t", usual), ("s", brought[n % 2])):
                    who = lab.address(f"{kind}{n}")
                    users.write(f"{who}\n")
                    passwords.write(f"{who} {secret}\n")
        assert lab.postrider("apply").returncode == 0

    lab = share("guesses", start)
    r = subprocess.run(
        [GUESSES, str(lab.port(service)), "4", "120", protocol, known, "n%d",
         "60", *map(str, lab.pids("authd"))], capture_output=True, text=True,
        timeout=4 * PATIENCE)
    assert r.returncode == 0, r.stderr
    words = r.stdout.split()
    value = {name: float(v) for name, v in zip(words[::2], words[1::2])}
    assert value["apart-ms"] < 5 or value["chance"] > 1e-6, r.stdout
    # Answers are held back alike; the work for them must be alike, too.
    ratio = value["known-cpu-ms"] / value["unknown-cpu-ms"]
    assert 0.75 < ratio < 1.33, r.stdout
