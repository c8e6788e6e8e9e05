"""postrider(8): status, queue and dialogues of a suite that runs."""

import base64
import json

import pytest

import suite
from tools import Conf

DATAERR, UNAVAILABLE, TEMPFAIL, NOPERM = 65, 69, 75, 77


@pytest.fixture
def conf():
    c = Conf()
    yield c
    c.close()


# --- status and queue

def test_status_without_daemons(conf):
    text = conf("status", status=UNAVAILABLE).stdout
    for part in ("tables", "verifiers", "postriderd", "queued", "authd"):
        assert f"{part:12} DOWN " in text
    assert text.count("run: postrider apply") == 2
    conf("apply")
    text = conf("status", status=UNAVAILABLE).stdout
    assert "postriderd   DOWN" in text and "queued       DOWN" in text
    assert "tables       ok" in text and "verifiers    ok" in text
    found = json.loads(conf("status", "--json", status=UNAVAILABLE).stdout)
    assert found["tables"]["ok"] and not found["queued"]["ok"]
    for command in ("list", "show x", "retry --all"):
        assert f"path={conf.base}/run/control" in \
            conf("queue", *command.split(), status=TEMPFAIL).stderr


def test_status(lab):
    r = lab.postrider("status", "--json")
    assert r.returncode == 0, r
    found = json.loads(r.stdout)
    for part in ("tables", "verifiers", "postriderd", "queued", "authd"):
        assert found[part]["ok"], found
    assert found["queue"]["messages"] == 0
    r = lab.postrider("status")
    assert r.returncode == 0 and b"messages" in r.stdout


def listed(lab, **more):
    r = lab.run(lab.env["POSTRIDER"], "queue", "list", "--json", **more)
    assert r.returncode == 0, r.stderr
    return json.loads(r.stdout)


def wait_state(lab, state):
    def look():
        items = listed(lab)
        return items and items[0]["state"] == state and items[0]
    return suite.wait_for(look, f"a message that is {state}")


def test_queue(make_lab, nobody):
    """Nobody takes mail for other hosts from a lab, so it waits."""
    lab = make_lab()
    assert listed(lab) == []
    content = b"Subject: waits\nFrom: a@b\nDate: x\nMessage-ID: <y>\n\nbody\n"
    r = lab.sendmail("-f", lab.address("alice"), "one@foreign.example",
                     "two@foreign.example", data=content)
    assert r.returncode == 0, r.stderr
    item = wait_state(lab, "deferred")
    assert item["sender"] == lab.address("alice")
    assert sorted(x["address"] for x in item["recipients"]) == [
        "one@foreign.example", "two@foreign.example"]
    assert item["attempts"] == 1 and item["reason"]
    one = item["id"]
    shown = lab.postrider("queue", "show", one)
    assert shown.returncode == 0 and shown.stdout.endswith(content)
    assert shown.stdout.startswith(
        f"id: {one}\nstate: deferred\narrival: 20".encode())
    assert b"\nnext attempt: 20" in shown.stdout
    assert b" next attempt 20" in lab.postrider("queue", "list").stdout
    assert b"\nrecipient: Q <one@foreign.example>\n" in shown.stdout
    for command, state in (("hold", "held"), ("release", "deferred"),
                           ("hold", "held")):
        r = lab.postrider("queue", command, one)
        assert (r.returncode, r.stdout) == (0, b"1 message\n"), r
        wait_state(lab, state)
    r = lab.postrider("queue", "retry", one)
    assert r.returncode == UNAVAILABLE
    assert f"{one}: it is held".encode() in r.stderr
    r = lab.postrider("queue", "retry", "--all")
    assert r.returncode == 0 and b"1 held message left alone" in r.stderr
    r = lab.postrider("queue", "release", one)
    r = lab.postrider("queue", "retry", "--all")
    assert (r.returncode, r.stderr) == (0, b"")
    suite.wait_for(lambda: listed(lab)[0]["attempts"] > 1, "a new attempt")
    for bad in ("0" * 20, "../../x", "x" * 100, "*"):
        r = lab.postrider("queue", "drop", bad)
        assert r.returncode == DATAERR, bad
        assert f"{bad[:60]}: ".encode() in r.stderr
    for command in ("hold", "show"):
        r = lab.postrider("queue", command, "0" * 20)
        assert r.returncode == DATAERR
        assert b"00: no such message\n" in r.stderr
    assert len(listed(lab)) == 1
    if nobody is not None:
        strangers(lab, nobody, one)
    r = lab.postrider("queue", "drop", one)
    assert (r.returncode, r.stdout) == (0, b"1 message\n"), r
    lab.wait_idle()


def strangers(lab, nobody, one):
    """See their own only, and steer nothing."""
    assert listed(lab, uid=nobody) == []
    for command in ("show", "drop", "hold"):
        r = lab.run(lab.env["POSTRIDER"], "queue", command, one, uid=nobody)
        assert r.returncode in (DATAERR, NOPERM), (command, r)
    assert lab.sendmail("own@foreign.example", data=b"S: x\n\nown\n",
                        uid=nobody).returncode == 0
    suite.wait_for(lambda: len(listed(lab)) == 2, "the other's message")
    mine = listed(lab, uid=nobody)
    assert len(mine) == 1 and mine[0]["id"] != one
    r = lab.run(lab.env["POSTRIDER"], "queue", "show", mine[0]["id"],
                uid=nobody)
    assert r.returncode == 0 and r.stdout.endswith(b"\n\nown\n")
    assert lab.postrider("queue", "drop", mine[0]["id"]).returncode == 0


# --- talk

def talk(lab, *args, script, status=0):
    r = lab.run(lab.env["POSTRIDER"], "talk", *args, input=script.encode())
    assert r.returncode == status, (r.returncode, r.stdout, r.stderr)
    return r.stdout.decode()


def b64(text):
    return base64.b64encode(text.encode()).decode()


def test_talk(lab, tmp_path):
    """The whole lesson: AUTH LOGIN, DATA, then POP3 to the end."""
    password = lab.users["alice"]
    content = b"Subject: talk\nFrom: a@b\n\n.dot\n\xff 8 bit\nlast\n"
    (tmp_path / "in").write_bytes(content)
    out = talk(lab, "smtp", "127.0.0.1", lab.port("submission"), script=(
        f"EHLO me\nAUTH LOGIN\n{b64(lab.address('alice'))}\n{b64(password)}\n"
        f"MAIL FROM:<{lab.address('alice')}> BODY=8BITMIME\n"
        f"RCPT TO:<{lab.address('bob')}>\nDATA\n.file {tmp_path}/in\nQUIT\n"))
    codes = [line[3:6] for line in out.splitlines()
             if line.startswith("S: ") and line[6:7] == " "]
    assert codes == ["220", "250", "334", "334", "235", "250", "250", "354",
                     "250", "221"]
    assert "C: AUTH LOGIN\n" in out and out.count("C: ****\n") == 2
    assert b64(password) not in out
    lab.wait_files("bob", 1)
    out = talk(lab, "pop3", "127.0.0.1", lab.port("pop3"), script=(
        f"USER bob\nPASS {lab.users['bob']}\nSTAT\nUIDL\nLIST\n"
        f".save {tmp_path}/out\nRETR 1\nTOP 1 0\nDELE 1\nQUIT\n"))
    assert "C: PASS ****\n" in out and lab.users["bob"] not in out
    assert "LF ends, saved)\nS: .\n" in out
    assert "S: Subject: talk\n" in out  # of TOP
    saved = (tmp_path / "out").read_bytes()
    assert saved.startswith(b"Return-Path: <")
    assert saved.endswith(b"\n\n.dot\n\xff 8 bit\nlast\n")
    assert lab.files("bob") == []


def test_talk_tells_refusals(lab):
    port = lab.port("smtp")
    out = talk(lab, "smtp", "127.0.0.1", port, status=1,
               script="EHLO me\nMAIL FROM:<a@b.example>\n"
                      "RCPT TO:<x@foreign.example>\nQUIT\n")
    assert "C: QUIT\nS: 221" in out
    talk(lab, "smtp", "127.0.0.1", port,
         script="EHLO me\nMAIL FROM:<a@b.example>\n.expect 55\n"
                "RCPT TO:<x@foreign.example>\nQUIT\n")
    talk(lab, "smtp", "127.0.0.1", 1, script="", status=UNAVAILABLE)
