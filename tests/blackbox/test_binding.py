"""The option channel-binding: clients that cannot do it, and those that can."""

import os
import stat

import pytest

from box import Box
from sasl import alice, begin, scram, session
from terminal import in_terminal

PLUS = "SCRAM-SHA-256-PLUS"
SERVICES = ("submission", "smtps", "pop3", "pop3s")


@pytest.fixture
def plain_lab(share):
    """As an administrator's first server is: no such option is given."""
    return share("unbound", options=["channel-binding no"])


def secure(lab, service):
    """A session in TLS, and the mechanisms that it is offered."""
    if service.startswith("pop3"):
        s = lab.pop3(service=service)
        if service == "pop3":
            s.starttls()
        for line in s.multi("CAPA").decode().split("\r\n"):
            if line.startswith("SASL "):
                return s, line.split(" ")[1:]
        raise AssertionError("no SASL")
    s = lab.smtp(service)
    s.ehlo()
    if service == "submission":
        s.starttls()
        s.ehlo()
    return s, s.extensions["AUTH"]


@pytest.mark.parametrize("service", SERVICES)
def test_offered_where_it_is_wanted(plain_lab, lab, service):
    for one, wanted in ((plain_lab, False), (lab, True)):
        s, mechs = secure(one, service)
        with s:
            assert (PLUS in mechs) == wanted
            assert "SCRAM-SHA-256" in mechs


def test_of_one_profile(make_lab):
    lab = make_lab(options=["channel-binding no",
                            "bound.channel-binding yes"],
                   services=["bound:submissions"])
    with lab.smtp("bound", tls=True) as s:
        s.ehlo()
        assert PLUS in s.extensions["AUTH"]
    with lab.smtp("smtps") as s:
        s.ehlo()
        assert PLUS not in s.extensions["AUTH"]


def test_not_taken_where_it_is_not_offered(plain_lab):
    """Nor does a client that says so lie: "y" is what it heard."""
    lab = plain_lab
    with session(lab, "smtps") as s:
        assert begin(s, alice(lab, flag="p=tls-exporter",
                              binding=os.urandom(32)), PLUS).code == 504
        assert scram(s, alice(lab, flag="y")).code == 235
    with lab.pop3(service="pop3s") as p:
        assert b"Unknown mechanism" in p.err(f"AUTH {PLUS}")
    assert "bad-witness" not in lab.log()


# --- mutt

def muttrc(lab, tmp_path, *more):
    """What its users write, and not more."""
    rc = tmp_path / "muttrc"
    rc.write_text("\n".join((
        f"set from={lab.address('alice')}", "set use_from=yes",
        f"set smtp_pass={lab.users['alice']}",
        f"set pop_pass={lab.users['alice']}",
        f"set ssl_ca_certificates_file={lab.env['CA_FILE']}",
        "set ssl_force_tls=yes", "set charset=utf-8", "unset record",
        f"set folder={tmp_path}", "set mbox_type=Maildir", "set quit=yes",
        "set confirmcreate=no", "set confirmappend=no", "set delete=yes",
        "set pop_delete=yes", "set pop_reconnect=no", "set wait_key=no",
        'set message_cachedir=""', *more, "")))
    rc.chmod(0o600)
    return rc


def send(lab, tmp_path, service, *more):
    scheme = "smtps" if service == "smtps" else "smtp"
    rc = muttrc(lab, tmp_path, f"set smtp_url={scheme}://alice@localhost:"
                f"{lab.port(service)}/", *more)
    for dir in (tmp_path, *tmp_path.parents[:2]):
        dir.chmod(dir.stat().st_mode | stat.S_IXOTH | stat.S_IROTH)
    return lab.run("mutt", "-n", "-F", rc, "-s", "by mutt", "--",
                   lab.address("bob"), input=b"Over the wire.\n")


def fetch(lab, tmp_path, service, *more):
    """What mutt shows on the way, and what it has copied."""
    scheme = "pops" if service == "pop3s" else "pop"
    drawn = in_terminal(
        ["mutt", "-n", "-F", muttrc(lab, tmp_path, *more), "-f",
         f"{scheme}://alice@localhost:{lab.port(service)}/", "-e",
         f'push "<tag-pattern>.<enter><tag-prefix><copy-message>{tmp_path}/out'
         '<enter><tag-prefix><delete-message><quit>"'], tmp_path)
    out = tmp_path / "out"
    return drawn, [f.read_bytes() for sub in ("new", "cur")
                   if (out / sub).is_dir() for f in (out / sub).iterdir()]


@pytest.mark.parametrize("service", ["submission", "smtps"])
def test_mutt_sends(plain_lab, tmp_path, service):
    lab = plain_lab
    r = send(lab, tmp_path, service)
    assert r.returncode == 0, (r.stdout, r.stderr)
    text = lab.wait_files("bob", 1)[0].read_bytes()
    assert b"\nSubject: by mutt\n" in text and b" with ESMTPSA id " in text
    assert "mech=SCRAM-SHA-256" in lab.wait_log("event=login ")[-1]


@pytest.mark.parametrize("service", ["pop3", "pop3s"])
def test_mutt_fetches(plain_lab, tmp_path, service):
    lab = plain_lab
    Box(lab).put(b"Subject: for mutt\n\nOver the wire.\n")
    drawn, got = fetch(lab, tmp_path, service)
    assert len(got) == 1 and b"Over the wire.\n" in got[0], drawn[-3000:]
    assert Box(lab).names() == []


def test_mutt_where_it_is_offered(lab, tmp_path):
    """Whose administrator wants it tells his users what the page says."""
    r = send(lab, tmp_path, "smtps", 'set smtp_authenticators="scram-sha-256"')
    assert r.returncode == 0, (r.stdout, r.stderr)
    lab.wait_files("bob", 1)
    Box(lab).put(b"Subject: for mutt\n\nOver the wire.\n")
    drawn, got = fetch(lab, tmp_path, "pop3s",
                       'set pop_authenticators="scram-sha-256"')
    assert len(got) == 1, drawn[-3000:]
