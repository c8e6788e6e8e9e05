"""Logins with what accounts have in the file passwords: which mechanisms can
succeed, and which are offered."""

import base64

import pytest

import suite
from sasl import (Scram, alice, cram, repr_short, respond, scram,
                  scram_word, session, token)
from suite import wait_for
from wire import b64

WORDS = {
    "scram": scram_word("scram-secret"),
    "both": f"{scram_word('both-secret')} plain:{b64('both-secret')}",
    "utf8": scram_word("IX"),  # of U+2168, as it is prepared
    "cert": "certificate:" + "0123456789abcdef" * 4,
}


@pytest.fixture(scope="module")
def words_lab(request):
    """Accounts whose words somebody has brought along."""
    lab = suite.Lab().start()
    request.addfinalizer(lab.close)
    for name in WORDS:
        r = lab.postrider("user", "add", "--no-password", lab.address(name))
        assert r.returncode == 0, r.stderr
    with open(lab.conf / "passwords", "a") as f:
        for name, words in WORDS.items():
            f.write(f"{lab.address(name)} {words}\n")
    r = lab.postrider("apply")
    assert r.returncode == 0, r.stderr
    return lab


@pytest.mark.parametrize("name,how,code", (
    ("scram", "plain", 235), ("scram", "scram", 235), ("scram", "cram", 535),
    ("both", "plain", 235), ("both", "scram", 235), ("both", "cram", 235),
    ("alice", "plain", 235), ("alice", "scram", 235), ("alice", "cram", 535),
    ("cert", "plain", 535), ("cert", "scram", 535), ("cert", "cram", 535)))
def test_words(words_lab, name, how, code):
    lab = words_lab
    for good in (True, False):
        password = f"{name}-secret" + ("" if good else "x")
        with session(lab) as s:
            if how == "plain":
                r = s.auth_plain(name, password)
            elif how == "scram":
                r = scram(s, Scram(name, password))
            else:
                r = cram(s, name, password)
            assert r.code == (code if good else 535), (good, r)


def test_prepared_passwords(words_lab):
    """RFC 4013: what looks the same is the same, when it is sent, too."""
    for password in ("IX", "\u2168", "I\u00adX"):
        with session(words_lab) as s:
            assert s.auth_plain("utf8", password).code == 235
    with session(words_lab) as s:
        assert s.auth_plain("utf8", "ix").code == 535
        assert s.cmd(b"AUTH PLAIN " + base64.b64encode(
            b"\0utf8\0\xff\xfe")).code == 535


def test_a_password_that_is_kept(make_lab):
    """And nothing else: no SCRAM for anybody, as some would fail with it."""
    lab = make_lab()
    assert lab.postrider("user", "add", "--no-password",
                         lab.address("plain")).returncode == 0
    with open(lab.conf / "passwords", "a") as f:
        f.write(f"{lab.address('plain')} plain:{b64('plain-secret')}\n")
    assert lab.postrider("apply").returncode == 0

    def offered():
        with session(lab) as s:
            return s.extensions["AUTH"]

    wait_for(lambda: offered() == ["PLAIN", "LOGIN", "CRAM-MD5"], "CRAM-MD5")
    for good in (True, False):
        password = "plain-secret" if good else "plain-secre"
        with session(lab) as s:
            assert s.auth_plain("plain", password).code == \
                (235 if good else 535)
        with session(lab) as s:
            assert cram(s, "plain", password).code == (235 if good else 535)
    with session(lab) as s:
        assert scram(s, alice(lab)).code == 504
        assert s.auth_plain("alice", lab.users["alice"]).code == 235


def test_offered_as_accounts_can(words_lab, lab):
    with session(words_lab) as s:
        assert s.extensions["AUTH"] == [
            "SCRAM-SHA-256", "PLAIN", "LOGIN", "CRAM-MD5"]
    with session(lab) as s:
        assert s.extensions["AUTH"] == ["SCRAM-SHA-256", "PLAIN", "LOGIN"]
        for mech in ("CRAM-MD5", "EXTERNAL", "APOP", "ANONYMOUS",
                     "SCRAM-SHA-1", "SCRAM-SHA-256-PLUS"):
            assert s.cmd(f"AUTH {mech}").code == 504


@pytest.mark.parametrize("data", ids=repr_short, argvalues=(
    b"", b"x", b"alice", b" ", b"alice 0123", b"\0" * 50, b"\xff" * 9000,
    b"alice " + b"g" * 32, b"both " + b"0" * 32, b"x" * 9000 + b" " +
    b"0" * 32))
def test_malformed_cram(words_lab, data):
    lab = words_lab
    with session(lab) as s:
        challenge = token(s.cmd("AUTH CRAM-MD5"))
        assert challenge.startswith(b"<") and challenge.endswith(b">")
        r = respond(s, data)
        if r.code == 334:
            r = s.cmd("*")
        assert r.code in (501, 535), r
        assert cram(s, "both", "both-secret").code == 235


def test_secrets_are_not_logged(words_lab):
    lab = words_lab
    with session(lab) as s:
        cram(s, "both", "both-secret")
    log = lab.log()
    for secret in ("both-secret", b64("both-secret"), WORDS["scram"][-44:]):
        assert secret not in log
