"""Who may send to whom, and logging in."""

import pytest

import suite
from talk import FOREIGN, hello, login
from wire import b64


def test_recipients(lab):
    d = lab.domain
    with hello(lab) as s:
        s.ok(f"MAIL FROM:<{FOREIGN}>")
        for rcpt, code, dsn in (
                (f"bob@{d}", 250, "2.1.5"), (f"BOB@{d.upper()}", 250, "2.1.5"),
                (f"bob+tag@{d}", 250, "2.1.5"), ("postmaster", 250, "2.1.5"),
                (f"nobody@{d}", 550, "5.1.1"), ("", 501, "5.1.3"),
                ("bob", 501, "5.1.3"), (FOREIGN, 550, "5.7.1"),
                (f"u%foreign.example@{d}", 550, "5.1.1"),
                (f"foreign.example!u@{d}", 550, "5.1.1"),
                ("bob@[127.0.0.1]", 550, "5.7.1"),
                (f"@{d}:{FOREIGN}", 550, "5.7.1"),
                (f"bob@{d}@foreign.example", 501, "5.1.3"),
                (f'"{FOREIGN}"@{d}', 550, "5.1.1"),
                (f"x/../../etc/passwd@{d}", 501, "5.1.3"),
                (f"etc/passwd@{d}", 550, "5.1.1")):
            r = s.cmd(f"RCPT TO:<{rcpt}>")
            assert (r.code, r.dsn) == (code, dsn), rcpt


def test_relaying_needs_a_login(lab):
    with hello(lab, "submission") as s:
        r = s.cmd(f"MAIL FROM:<{lab.address('alice')}>")
        assert (r.code, r.dsn) == (530, "5.7.0")
    with login(lab) as s:
        s.ok(f"MAIL FROM:<{lab.address('alice')}>")
        s.ok(f"RCPT TO:<{FOREIGN}>")
        s.ok(f"RCPT TO:<nobody@{lab.domain}>", 550)


def test_senders_of_a_login(lab):
    with login(lab) as s:
        for sender, code in ((lab.address("alice"), 250), ("", 250),
                             (f"alice+x@{lab.domain}", 250), ("alice", 250),
                             (lab.address("bob"), 553), (FOREIGN, 553),
                             (f"nobody@{lab.domain}", 553)):
            assert s.cmd(f"MAIL FROM:<{sender}>").code == code, sender
            s.ok("RSET")


def test_listed_clients_relay(make_lab):
    lab = make_lab(options=["relay-clients 127.0.0.0/8"])
    with hello(lab) as s:
        s.ok(f"MAIL FROM:<{FOREIGN}>")
        s.ok(f"RCPT TO:<{FOREIGN}>")
        s.ok("RCPT TO:<bob>", 501)


def test_login_variants(lab):
    user, password = "alice", lab.users["alice"]
    token = b64(f"\0{user}\0{password}")
    with hello(lab, "submission") as s:
        assert s.auth_login(user, password).code == 235
        assert s.cmd("AUTH LOGIN").code == 503
        assert "AUTH" not in s.ehlo().lines
    with hello(lab, "submission") as s:
        s.ok(f"AUTH LOGIN {b64(user)}", 334)
        s.ok(b64(password), 235)
    with hello(lab, "submission") as s:
        assert s.cmd("AUTH PLAIN") == (334, [""])
        s.ok(token, 235)
    with hello(lab, "submission") as s:
        s.ok(f"auth plain {token}", 235)
    with hello(lab, "submission") as s:
        s.ok("AUTH PLAIN " + b64(f"\0{lab.address(user)}\0{password}"), 235)
    with lab.smtp("submission") as s:
        s.send(f"EHLO c\r\nAUTH LOGIN\r\n{b64(user)}\r\n{b64(password)}\r\n"
               "NOOP\r\n".encode())
        assert [s.reply().code for _ in range(5)] == [250, 334, 334, 235, 250]


@pytest.fixture(scope="module")
def guessed(request):
    """A lab for wrong passwords, whose delays no other test shall feel."""
    lab = suite.Lab(options=["auth-delay 1s"])
    request.addfinalizer(lab.close)
    return lab.start()


def test_login_refused(guessed):
    lab = guessed
    with hello(lab, "submission") as s:
        r = s.auth_plain("alice", "wrong")
        assert (r.code, r.dsn) == (535, "5.7.8")
        s.ok(f"MAIL FROM:<{lab.address('alice')}>", 530)
    with hello(lab, "submission") as s:
        s.ok("AUTH CRAM-MD5", 504)
        s.ok("AUTH", 501)
        s.ok("AUTH PLAIN a b", 501)
    with hello(lab) as s:
        assert "587" in s.ok("AUTH PLAIN", 502).text


@pytest.mark.parametrize("text", ["A", "AA", "AAA", "=AAA", "A=AA", "====",
                                  "AA=A", "AA AA", "AA\tAA", "AA*A", "!",
                                  "AB==", pytest.param("A" * 12288 + "!",
                                                       id="long")])
def test_login_is_not_base64(lab, text):
    """Refused without a word to authd; the session goes on."""
    with hello(lab, "submission") as s:
        s.ok("AUTH LOGIN", 334)
        assert s.cmd(text).code in (500, 501)
        s.ok("AUTH PLAIN " + text, 500 if len(text) > 12000 else 501)
        assert s.auth_plain("alice", lab.users["alice"]).code == 235


def test_login_cancelled(lab):
    with hello(lab, "submission") as s:
        for _ in range(2):
            s.ok("AUTH LOGIN", 334)
            s.ok("*", 501)
        s.ok("AUTH LOGIN", 334)
        s.ok(b64("alice"), 334)
        s.ok("*", 501)
        assert s.auth_plain("alice", lab.users["alice"]).code == 235


def test_strange_users(guessed):
    for user in ("%d", "a\nb", "..", "a/b", "\x80", "x" * 5000, "root", ""):
        with hello(guessed, "submission") as s:
            r = s.auth_plain(user, "password")
            assert r.code in (501, 535), r
    with hello(guessed, "submission") as s:
        assert s.auth_plain("alice", guessed.users["alice"]).code == 235


def test_no_password_in_the_log(guessed):
    lab = guessed
    secret = "xyzzy-Plugh-42"
    with hello(lab, "submission") as s:
        s.auth_plain("alice", secret)
        s.auth_login("alice", secret)
        s.cmd(b64(secret))
        s.cmd("AUTH " + b64(f"\0alice\0{secret}"))
        s.quit()
    lab.wait_log("event=disconnected")
    log = lab.log()
    for form in (secret, b64(secret), b64(f"\0alice\0{secret}")):
        assert form not in log


def test_plaintext_refused(make_lab):
    lab = make_lab(options=["plaintext-auth never"])
    with hello(lab, "submission") as s:
        assert "AUTH" not in s.extensions
        r = s.cmd("AUTH PLAIN")
        assert (r.code, r.dsn) == (538, "5.7.11")
        assert "TLS" in r.text
        r = s.cmd("MAIL FROM:<alice>")
        assert (r.code, r.dsn) == (530, "5.7.0") and "TLS" in r.text
