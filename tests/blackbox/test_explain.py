"""postrider explain: every step of what would happen, while nothing does."""

import json
import os

import pytest

from dnsserver import zone
from unix_users import root_only, unix_user

ALIASES = b"""team: alice, bob@lab.example, far@order.test
list: bob, x@routed.test, "|/bin/cat -n", /etc/box, :include:%LIST%
owner-list: alice
old: "error:550 5.1.6 gone, really"
"""
FORWARDS = b"bob@lab.example: \\bob@lab.example, bob@routed.test\n"
REWRITE = b"""recipient joe@lab.example alice@lab.example
sender alice@host.lab.example alice@lab.example
"""
ZONE = {
    "order.test": {"MX": ["10 h1.test", "20 h2.test"]},
    "null.test": {"MX": ["0 ."]},
    "h1.test": {"A": ["203.0.113.1"]},
    "h2.test": {"A": ["203.0.113.2"]},
}
OPTIONS = ["ip-preference ipv4", "route routed.test [192.0.2.9]:2525",
           "tls-policy routed.test encrypt", "relay-clients 198.51.100.0/24",
           "sender-route news.test [192.0.2.8]"]


@pytest.fixture(scope="module")
def names():
    with zone(ZONE) as port:
        yield port


@pytest.fixture
def lab(share, names):
    lab = share("explain", options=[
        f"dns-server 127.0.0.1@{names}", *OPTIONS])
    lab.list = lab.base / "list"
    aliases = lab.conf / "aliases"
    text = ALIASES.replace(b"%LIST%", str(lab.list).encode())
    if text not in aliases.read_bytes():
        lab.list.write_text("alice\n")
        lab.list.chmod(0o644)
        with aliases.open("ab") as f:
            f.write(text)
        (lab.conf / "forwards").write_bytes(FORWARDS)
        (lab.conf / "rewrite").write_bytes(REWRITE)
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
        "alice@lab.example", "bob@lab.example", "bob@routed.test",
        "far@order.test"]
    assert len(of(steps, "account")) == 2
    assert [s["address"] for s in of(steps, "target")] == [
        "192.0.2.9", "203.0.113.1", "203.0.113.2"]


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


def test_ways(lab):
    """What stands behind an alias besides addresses, and its owner."""
    lab.list.write_text("alice, dan@routed.test\n")
    steps = explain(lab, "--from", "x@other.example", "list@lab.example",
                    status=65 if os.getuid() == 0 else 0)
    assert {"step": "sender", "address": "owner-list@lab.example",
            "by": "owner"} in steps
    # The list is read, the command could be run; nobody may write that file.
    for step, what in (("command", "/bin/cat -n"), ("file", "/etc/box"),
                       ("list", str(lab.list))):
        assert of(steps, step) == [
            {"step": step, "what": what, "user": "postrider-pipe"}]
    if os.getuid() == 0:
        deferred, = of(steps, "deferred")
        assert "path=/etc/box" in deferred["reason"]
    assert "dan@routed.test" in [s["address"] for s in of(steps, "recipient")]
    assert of(steps, "verdict") == steps[-1:]


def test_forward_list(lab):
    """The copy at another host leaves with a sender of ours, if it had
    another's."""
    for sender, made in ("x@other.example", True), ("alice@lab.example", False):
        steps = explain(lab, "--from", sender, "bob@lab.example")
        assert len(of(steps, "account")) == 1
        assert of(steps, "hop")[0]["hop"] == "[192.0.2.9]:2525"
        srs = [s["address"] for s in of(steps, "sender")]
        if made:
            assert srs[0].startswith("SRS0=")
            assert srs[0].endswith("=other.example=x@lab.example")
        else:
            assert not srs


def test_error(lab):
    steps = explain(lab, "old@lab.example", status=65)
    assert of(steps, "smtp")[1]["reply"] == "550 5.1.6 gone, really"


def test_rewrite(lab):
    steps = explain(lab, "--from", "alice@host.lab.example", "joe")
    assert [(s["of"], s["address"]) for s in of(steps, "rewrite")] == [
        ("sender", "alice@lab.example"), ("recipient", "alice@lab.example")]
    steps = explain(lab, "--from", "alice@host.lab.example", "joe",
                    "--client", "192.0.2.7")
    assert [s["of"] for s in of(steps, "rewrite")] == ["recipient"]


def test_sender_route(lab):
    steps = explain(lab, "--from", "a@news.test", "x@order.test")
    hop, = of(steps, "hop")
    assert (hop["hop"], hop["by"]) == ("[192.0.2.8]", "sender-route news.test")


@pytest.fixture
def user():
    with unix_user("x") as one:
        yield one


@root_only
def test_dot_forward(user, make_lab):
    """local reads it as the user whose it is."""
    lab = make_lab()
    with (lab.conf / "domains").open("ab") as f:
        f.write(b"host.lab.example unix\n")
    assert lab.postrider("apply").returncode == 0
    address = f"{user.name}@host.lab.example"
    steps = explain(lab, address)
    assert of(steps, "account")[0]["account"] == user.name
    user.write(".forward", f'\\{user.name}, alice@lab.example\n"|/bin/cat"\n')
    steps = explain(lab, address)
    assert of(steps, "forward") == [{"step": "forward", "file": ".forward"}]
    assert [a["account"] for a in of(steps, "account")] == [
        user.name, "alice@lab.example"]
    assert of(steps, "command") == [{"step": "command", "what": "/bin/cat",
                                     "user": user.name}]
    user.write(".forward", "alice@lab.example", mode=0o666)
    steps = explain(lab, address, status=65)
    assert of(steps, "forward")[0]["file"] == "deferred"


def test_unfound(make_lab):
    """Who is no Unix user has what there is for whoever is not found, as
    with queued."""
    lab = make_lab()
    with (lab.conf / "domains").open("a") as f:
        f.write("host.lab.example unix\nno.lab.example unix\n")
    with (lab.conf / "aliases").open("a") as f:
        f.write('@host.lab.example: alice\n'
                '@no.lab.example: "error:550 5.1.6 nobody of that name"\n')
    assert lab.postrider("apply").returncode == 0
    steps = explain(lab, "no-such-user@host.lab.example")
    assert of(steps, "unfound") == [{
        "step": "unfound", "user": "no-such-user",
        "instead": "@host.lab.example"}]
    assert of(steps, "account")[0]["account"] == "alice@lab.example"
    steps = explain(lab, "no-such-user@no.lab.example", status=65)
    assert of(steps, "nowhere")[0]["dsn"] == "5.1.6"


def test_full(make_lab):
    """A member whose mailbox is full, of a list that is taken."""
    lab = make_lab(options=["quota-warning 0"])
    users = lab.conf / "users"
    users.write_text(users.read_text().replace(
        "bob@lab.example", "bob@lab.example messages=1"))
    with (lab.conf / "aliases").open("a") as f:
        f.write("team: alice, bob\n")
    assert lab.postrider("apply").returncode == 0
    explain(lab, "team")
    assert lab.send(b"Subject: x\r\n\r\nx\r\n").code == 250
    lab.wait_files("bob", 1)
    steps = explain(lab, "team", status=65)
    assert of(steps, "refused")[0]["reason"].startswith("Mailbox is full")


def test_other_letters(make_lab):
    lab = make_lab()
    with (lab.conf / "users").open("a", encoding="utf-8") as f:
        f.write("jürgen@lab.example\n")
    assert lab.postrider("apply").returncode == 0
    assert replies(explain(lab, "jürgen@lab.example")) == ["250", "250"]


@root_only
def test_not_root(lab):
    """Who may not ask the daemons is told so, and no untruth."""
    r = lab.run(lab.env["POSTRIDER"], "explain", "--json", "alice", uid=65534)
    steps = json.loads(r.stdout)
    assert of(steps, "smtp")[0]["command"] == "not asked"
    assert of(steps, "account")
    assert r.returncode == 0


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
