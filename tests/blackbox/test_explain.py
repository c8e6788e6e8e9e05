"""postrider explain: every step of what would happen, while nothing does."""

import json
import os

import pytest

from dnsserver import zone

ALIASES = b"team: alice, bob@lab.example, far@order.test\n"
ZONE = {
    "order.test": {"MX": ["10 h1.test", "20 h2.test"]},
    "null.test": {"MX": ["0 ."]},
    "h1.test": {"A": ["203.0.113.1"]},
    "h2.test": {"A": ["203.0.113.2"]},
}
OPTIONS = ["ip-preference ipv4", "route routed.test [192.0.2.9]:2525",
           "tls-policy routed.test encrypt", "relay-clients 198.51.100.0/24"]


@pytest.fixture(scope="module")
def names():
    with zone(ZONE) as port:
        yield port


@pytest.fixture
def lab(share, names):
    lab = share("explain", options=[
        f"dns-server 127.0.0.1@{names}", *OPTIONS])
    aliases = lab.conf / "aliases"
    if ALIASES not in aliases.read_bytes():
        with aliases.open("ab") as f:
            f.write(ALIASES)
        assert lab.postrider("apply").returncode == 0
    return lab


def explain(lab, *args, status=0):
    r = lab.postrider("explain", "--json", *args)
    assert r.returncode == status, (r.stdout, r.stderr)
    return json.loads(r.stdout)


def of(steps, name):
    return [s for s in steps if s["step"] == name]


def replies(steps):
    return [s["reply"].split()[0] for s in of(steps, "smtp")]


def test_account(lab):
    steps = explain(lab, "alice@lab.example")
    assert replies(steps) == ["250", "250"]
    assert [s["address"] for s in of(steps, "recipient")] == [
        "alice@lab.example"]
    account, = of(steps, "account")
    assert account["mailbox"] == "lab.example/alice/Maildir"
    assert {"step": "lookup", "table": "domains", "key": "lab.example",
            "found": "virtual"} in steps
    assert {"step": "lookup", "table": "aliases", "key": "alice@lab.example",
            "found": None} in steps


def test_alias(lab):
    steps = explain(lab, "team@lab.example")
    found = [s["found"] for s in of(steps, "lookup") if s["key"] == "team"]
    assert found == ["alice, bob@lab.example, far@order.test"]
    assert [s["address"] for s in of(steps, "recipient")] == [
        "alice@lab.example", "bob@lab.example", "far@order.test"]
    assert len(of(steps, "account")) == 2
    assert [s["address"] for s in of(steps, "target")] == [
        "203.0.113.1", "203.0.113.2"]


def test_away(lab):
    steps = explain(lab, "x@order.test")
    hop, = of(steps, "hop")
    assert (hop["hop"], hop["by"], hop["tls"], hop["tls-by"]) == (
        "order.test", "the domain itself", "may", "tls-policy")
    assert of(steps, "target") == [
        {"step": "target", "host": f"h{i}.test", "address": f"203.0.113.{i}",
         "port": "25", "dnssec": "insecure"} for i in (1, 2)]
    steps = explain(lab, "x@routed.test")
    hop, = of(steps, "hop")
    assert (hop["hop"], hop["by"], hop["tls"], hop["tls-by"]) == (
        "[192.0.2.9]:2525", "route routed.test", "encrypt",
        "tls-policy routed.test")
    assert of(steps, "target")[0]["port"] == "2525"


@pytest.mark.parametrize("domain, reason", [
    ("null.test", "5.1.10"), ("none.test", "5.1.2")])
def test_nowhere_away(lab, domain, reason):
    steps = explain(lab, f"x@{domain}", status=65)
    target, = of(steps, "target")
    assert target["reason"].startswith(reason)


def test_nobody(lab):
    steps = explain(lab, "nobody@lab.example", status=65)
    assert replies(steps) == ["250", "550"]
    nowhere, = of(steps, "nowhere")
    assert nowhere["dsn"] == "5.1.1"


@pytest.mark.parametrize("client, code", [
    (None, "250"), ("192.0.2.7", "550"), ("198.51.100.7", "250"),
    ("2001:db8::1", "550")])
def test_clients(lab, client, code):
    """Whoever sends decides what smtpd says; the rest is told all the same."""
    args = ["x@routed.test"] + (["--client", client] if client else [])
    steps = explain(lab, *args, status=0 if code == "250" else 65)
    assert replies(steps) == ["250", code]
    assert of(steps, "hop")


def test_sender(lab):
    steps = explain(lab, "--from", "x@far.example", "alice", "--client",
                    "192.0.2.7")
    assert of(steps, "smtp")[0]["command"] == "MAIL FROM:<x@far.example>"
    assert of(steps, "smtp")[1]["command"] == "RCPT TO:<alice@lab.example>"


def test_words(lab):
    r = lab.postrider("explain", "team")
    assert r.returncode == 0
    lines = r.stdout.decode().splitlines()
    assert "lookup     aliases: key team, found alice, bob@lab.example, " \
        "far@order.test" in lines
    assert "target     h1.test: address 203.0.113.1, port 25, dnssec insecure" \
        in lines


def test_nothing_happens(lab):
    before = sorted(os.listdir(lab.spool / "queue"))
    for address in ("alice", "team", "x@order.test"):
        assert lab.postrider("explain", address).returncode == 0
    assert not lab.queued()
    assert sorted(os.listdir(lab.spool / "queue")) == before
    assert not lab.files("alice") and not lab.files("bob")


@pytest.mark.parametrize("args", [
    [], ["a", "b"], ["--client", "alice"], ["--client", "host.test", "alice"],
    ["--from"], ["--colour", "alice"]])
def test_usage(lab, args):
    assert lab.postrider("explain", *args).returncode == 64


@pytest.mark.parametrize("address", ["a b@c", "<x>", "a@b@c", "x@-", ""])
def test_no_address(lab, address):
    assert lab.postrider("explain", address).returncode == 65


def test_down(make_lab):
    """What cannot be asked is told as that."""
    lab = make_lab()
    lab.stop()
    r = lab.postrider("explain", "--json", "alice")
    steps = json.loads(r.stdout)
    assert of(steps, "smtp")[0]["reply"].startswith("451")
    assert of(steps, "account")
