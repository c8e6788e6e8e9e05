"""Where mail for other hosts goes: routes, the smart host, and what "apply"
and "config" make of them."""

import base64
import json
import os
import socket

import pytest

from queue_asked import queue
from sink import Sink
from suite import wait_for
from tools import DOMAIN, Conf

BODY = b"Subject: x\n\nbody\n"


def send(lab, *rcpts):
    r = lab.sendmail("-i", "-f", lab.address("alice"), *rcpts, data=BODY)
    assert r.returncode == 0, r.stderr


def set_lines(lab, *lines):
    """Those of the test, behind the lab's own."""
    conf = lab.conf / "postrider.conf"
    own = conf.read_text().split("# of the test\n")[0]
    conf.write_text(own + "# of the test\n" + "".join(f"{x}\n" for x in lines))
    return lab.postrider("apply")


def addresses(sink):
    return [a for m in sink.messages() for a in m.addresses]


def arrives(sink, *rcpts):
    wait_for(lambda: sorted(addresses(sink)) == sorted(rcpts),
             f"{rcpts} at {sink.hop}, found {addresses(sink)}")


def free_port():
    """Nobody listens there, nor will soon."""
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    return s


# --- where it goes

def test_each_by_its_route(make_lab):
    """The name, the longest name above it, all others."""
    with Sink() as name, Sink() as below, Sink() as deeper, Sink() as rest:
        lab = make_lab(options=[
            f"route example.net {name.hop}", f"route .example.net {below.hop}",
            f"route .deep.example.net {deeper.hop}", f"route * {rest.hop}",
            "smart-host [127.0.0.1]:1"])
        send(lab, "a@example.net", "b@x.example.net", "c@y.x.Example.NET",
             "d@z.deep.example.net", "e@deep.example.net", "f@elsewhere.example",
             "g@[192.0.2.1]", lab.address("bob"))
        lab.wait_files("bob", 1)
        arrives(name, "a@example.net")
        arrives(below, "b@x.example.net", "c@y.x.example.net",
                "e@deep.example.net")
        arrives(deeper, "d@z.deep.example.net")
        arrives(rest, "f@elsewhere.example", "g@[192.0.2.1]")
        lab.wait_idle()


def test_smart_host(make_lab):
    """It takes what no route takes; one for an address literal is one."""
    with Sink() as smart, Sink() as literal:
        lab = make_lab(options=[f"smart-host {smart.hop}",
                                f"route [192.0.2.1] {literal.hop}"])
        send(lab, "a@example.net", "b@[192.0.2.1]", "c@[192.0.2.2]")
        arrives(smart, "a@example.net", "c@[192.0.2.2]")
        arrives(literal, "b@[192.0.2.1]")
        lab.wait_idle()


def test_u_labels(make_lab):
    with Sink() as sink:
        lab = make_lab(options=[f"route bücher.example {sink.hop}"])
        assert b"route xn--bcher-kva.example" in \
            lab.postrider("config").stdout
        send(lab, "a@xn--bcher-kva.example")
        arrives(sink, "a@xn--bcher-kva.example")
        lab.wait_idle()


def test_lmtp(make_lab):
    """Over TCP and to a Unix socket, with an answer for each recipient."""
    answers = {"END": ["250 2.0.0 taken", "450 4.2.2 full"]}
    with Sink(lmtp=True, answers=answers) as tcp, \
            Sink(lmtp=True, unix=True) as unix:
        lab = make_lab(options=[f"route tcp.example {tcp.hop}",
                                f"route unix.example {unix.hop}",
                                "retry-first 1h"])
        send(lab, "a@unix.example", "b@unix.example")
        arrives(unix, "a@unix.example", "b@unix.example")
        send(lab, "a@tcp.example", "b@tcp.example")
        lab.wait_log("event=deferred")
        m, = queue(lab)
        assert m["state"] == "deferred"
        tcp.answers["END"] = "250 2.0.0 taken"
        assert lab.postrider("queue", "retry", m["id"]).returncode == 0
        lab.wait_idle()
        assert addresses(tcp)[-1] == "b@tcp.example"


def test_own_domain(make_lab):
    """What is ours is delivered here, whatever a route says."""
    with Sink() as sink:
        lab = make_lab()
        r = set_lines(lab, f"route {lab.domain} {sink.hop}", f"route * {sink.hop}")
        assert r.returncode == 0
        assert b"is one of our own domains" in r.stderr
        send(lab, lab.address("bob"), "a@example.net")
        lab.wait_files("bob", 1)
        arrives(sink, "a@example.net")
        lab.wait_idle()


def test_changes(make_lab):
    """A next hop that is not there keeps mail in the queue; a route to
    another one takes what waits, without a restart."""
    lab = make_lab(options=["retry-first 1h"])
    with free_port() as nobody, Sink() as sink:
        port = nobody.getsockname()[1]
        assert set_lines(lab, f"route * [127.0.0.1]:{port}").returncode == 0
        send(lab, "a@example.net")
        lab.wait_log("event=deferred")
        m, = queue(lab)
        assert m["state"] == "deferred"
        assert set_lines(lab, f"route * {sink.hop}").returncode == 0
        assert lab.postrider("queue", "retry", m["id"]).returncode == 0
        arrives(sink, "a@example.net")
        lab.wait_idle()


# --- what is written

@pytest.fixture
def conf():
    c = Conf("route example.net [10.0.0.2]", "route .example.net x.example:26",
             "tls-policy example.net Verify".lower(), "smart-host [y.example]")
    yield c
    c.close()


def test_config_shows(conf):
    said = conf("config").stdout
    assert "* route example.net                    [10.0.0.2]\n" in said
    assert "* route .example.net                   x.example:26\n" in said
    assert "* tls-policy example.net               verify\n" in said
    assert conf("config", "route example.net").stdout == "[10.0.0.2]\n"
    assert conf("config", "route", "Example.NET").stdout == "[10.0.0.2]\n"
    assert conf("config", "tls-policy", "example.net").stdout == "verify\n"
    said = conf("config", "route", "example.org", status=os.EX_DATAERR).stderr
    assert 'no line "route example.org"; for where mail goes see: postrider ' \
        "route ADDRESS" in said
    assert len(conf("config", "route").stdout.splitlines()) == 2
    assert conf("config", "smart-host").stdout == "[y.example]\n"
    assert conf("config", "tls-policy").stdout == "may\n"
    conf("config", "route example.org", status=os.EX_DATAERR)
    shown = {o["name"]: o for o in json.loads(conf("config", "--json").stdout)}
    assert shown["route example.net"]["value"] == "[10.0.0.2]"
    assert shown["tls-policy example.net"]["value"] == "verify"


def answers(conf, *addresses, status=0):
    return json.loads(conf("route", "--json", *addresses, status=status).stdout)


def test_route_of_an_address(conf):
    """Which line it is that says where it goes, of what is in force."""
    conf("route", "a@example.net", status=os.EX_CONFIG)
    conf.write("domains", DOMAIN, "here.example unix")
    conf.write("users", f"alice@{DOMAIN}")
    conf.write("aliases", f"all@{DOMAIN}: alice, a@example.net")
    conf("apply")
    said = conf("route", "a@Example.NET", "b@deep.x.example.net",
                f"alice+x@{DOMAIN}").stdout
    assert said == (
        "address: a@example.net\nnext hop: [10.0.0.2]\n"
        "by: route example.net\ntls: verify\ntls by: tls-policy example.net\n"
        "login: no\n\n"
        "address: b@deep.x.example.net\nnext hop: x.example:26\n"
        "by: route .example.net\ntls: may\ntls by: tls-policy\nlogin: no\n\n"
        f"address: alice+x@{DOMAIN}\naccount: alice@{DOMAIN}\n"
        f"mailbox: {DOMAIN}/alice/Maildir\n")
    both = answers(conf, f"all@{DOMAIN}")
    assert [(w["address"], w["alias"], w["kind"]) for w in both] == [
        (f"alice@{DOMAIN}", f"all@{DOMAIN}", "local"),
        ("a@example.net", f"all@{DOMAIN}", "remote")]
    [smart, literal] = answers(conf, "a@bücher.example", "b@[192.0.2.1]")
    assert (smart["address"], smart["hop"], smart["by"], smart["login"]) == \
        ("a@xn--bcher-kva.example", "[y.example]", "smart-host", False)
    assert (literal["hop"], literal["tls-by"]) == ("[y.example]", "tls-policy")
    [nobody, wrong, unix] = answers(
        conf, f"nobody@{DOMAIN}", "x@y@z", "daemon@here.example",
        status=os.EX_DATAERR)
    assert [w["kind"] for w in (nobody, wrong, unix)] == ["none"] * 3
    assert (nobody["dsn"], wrong["dsn"], unix["dsn"]) == \
        ("5.1.1", "5.1.3", "5.1.1")
    conf("route", status=os.EX_USAGE)


def test_route_by_itself_and_with_a_login(conf):
    conf.write("postrider.conf", *conf.lines,
               "route lmtp.example lmtp:/run/lmtp",
               "route relay.example [relay.example]:587",
               "route plain.example [10.0.0.3]:25",
               "tls-policy [10.0.0.3] encrypt", "tls-policy * none")
    conf.write("relay-passwords", "[relay.example]:587 alice hush")
    (conf.dir / "relay-passwords").chmod(0o600)
    conf("apply")
    own, lmtp, relay, plain = answers(
        conf, "a@far.example", "a@lmtp.example", "a@relay.example",
        "a@plain.example")
    assert (own["hop"], own["by"], own["tls"], own["tls-by"]) == \
        ("far.example", "", "none", "tls-policy *")
    assert (lmtp["hop"], lmtp["tls"], lmtp["tls-by"]) == \
        ("lmtp:/run/lmtp", "none", "")
    assert (relay["tls"], relay["tls-by"], relay["login"]) == \
        ("verify", "relay-passwords", True)
    # However the port is written that is the default.
    assert (plain["hop"], plain["tls"], plain["tls-by"]) == \
        ("[10.0.0.3]", "encrypt", "tls-policy [10.0.0.3]")
    said = conf("route", "a@far.example").stdout
    assert "\nby: the domain itself\n" in said and "hush" not in said


def test_mistakes(conf):
    """All are told at once, with their lines, and nothing changes."""
    conf("apply")
    before = conf.tables.read_bytes()
    n = len(conf.lines)
    conf.write("postrider.conf", *conf.lines, "route example.net 10.0.0.2",
               "tls-policy example.net verfy", "dns-server localhost",
               "source-address 192.0.2.300", "smart-host [x")
    conf.write("relay-passwords", "[y.example] alice hush")
    (conf.dir / "relay-passwords").chmod(0o644)
    said = conf("apply", status=os.EX_CONFIG).stderr
    for line, words in enumerate((
            'route example.net: wanted brackets around an address, as in '
            '[192.0.2.1], found "10.0.0.2"',
            'tls-policy example.net: wanted none, may, encrypt or verify, found '
            '"verfy"; nearest: verify',
            "dns-server: wanted system, recursive, or addresses",
            "source-address: wanted at most one IPv4 and one IPv6 address",
            "smart-host: wanted a domain, [host]"), n + 1):
        assert f"postrider.conf:{line}: {words}" in said
    assert "relay-passwords: wanted mode 0600, found 0644" in said
    assert "hush" not in said
    assert conf.tables.read_bytes() == before


def test_secrets(conf):
    """Passwords for next hops are in authd's own tables and nowhere else."""
    conf.write("relay-passwords", "[y.example] alice hush-hush",
               "z.example bob dont-tell")
    (conf.dir / "relay-passwords").chmod(0o600)
    said = conf("apply").stderr
    assert 'relay-passwords:2: warning: "z.example": neither smart-host nor ' \
        "a route leads there; smart-host is [y.example]" in said
    public = conf.tables.read_bytes()
    assert b"relay:[y.example]" in public
    own = conf.state / "auth/verifiers.cdb"
    assert b"aHVzaC1odXNo" in own.read_bytes()
    for secret in (b"aHVzaC1odXNo", b"hush-hush", b"dont-tell", b"alice"):
        assert secret not in public
    assert own.stat().st_mode & 0o777 == 0o400


def relays(conf):
    return json.loads(conf("relay", "list", "--json").stdout)


def test_relay_commands(conf):
    """The password is never shown, and the line is found in any spelling."""
    file = conf.dir / "relay-passwords"
    r = conf("relay", "add", "[Y.example]:25", "alice", data="hush\n")
    assert r.stdout == r.stderr == ""
    assert file.read_text() == "[y.example] alice hush\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"relay:[y.example]" in conf.tables.read_bytes()
    r = conf("relay", "add", "z.example:587", "bob@z.example",
             data=' "x# " \n')
    assert r.stdout == "Neither smart-host nor a route leads to " \
        "z.example:587 yet.\n"
    assert relays(conf) == [
        {"hop": "[y.example]", "user": "alice", "used": True},
        {"hop": "z.example:587", "user": "bob@z.example", "used": False}]
    # A comment stays, and one line of a next hop is one however it is written.
    file.write_text("# ours\n[Y.Example]:25 alice hush\n")
    conf("relay", "add", "[y.example]", "carol", data='"quoted"\n')
    assert file.read_text() == \
        '# ours\n[y.example] carol ""quoted""\n'
    verifiers = (conf.state / "auth/verifiers.cdb").read_bytes()
    assert base64.b64encode(b'"quoted"') in verifiers
    said = conf("relay", "list").stdout
    assert "[y.example]" in said and "carol" in said and "quoted" not in said
    conf("relay", "del", "[y.example]:25")
    assert file.read_text() == "# ours\n" and relays(conf) == []


def test_relay_mistakes(conf):
    conf("apply")
    for args, data, said in (
            (("add", "10.0.0.2", "alice"), "hush", "brackets around an address"),
            (("add", "y.example", "a b"), "hush", "without blanks"),
            (("add", "y.example", "alice"), "", "wanted"),
            (("add", "y.example", "alice"), "x" * 512, "at most 511 bytes"),
            (("del", "y.example"), "", 'no password for "y.example"')):
        r = conf("relay", *args, data=data, status=os.EX_DATAERR)
        assert said in r.stderr and "hush" not in r.stderr
    assert not (conf.dir / "relay-passwords").exists()
