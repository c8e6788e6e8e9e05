"""What TLS remembers and who is who: tickets, names, client certificates,
stapled responses, and files that change."""

import os
import signal
import ssl

import pytest

import certs
import wire
from messages import plain
from suite import new_source, wait_for
from tlsclients import SClient
from wire import TLS12, TLS13, b64

VERSIONS = {"1.2": TLS12, "1.3": TLS13}
SERVICES = ("smtp", "submission", "smtps", "second", "pop3", "pop3s")
IMPLICIT = ("smtps", "second", "pop3s")
POP3 = ("pop3", "pop3s")


@pytest.fixture
def own(share):
    """A lab with one more service, where the others ask for certificates."""
    return share("tls-sessions", services=["second:submissions"], options=[
        *(f"{profile}.tls-client-certificates yes"
          for profile in ("submission", "submissions", "pop3", "pop3s")),
        "second.tls-client-certificates no"])


@pytest.fixture
def ca(own):
    return certs.Ca(own.dir / "ca")


def encrypted(lab, service, context, session=None):
    """A line of any service, in TLS, that has heard something there."""
    kind = lab.pop3 if service in POP3 else lab.smtp
    if service in IMPLICIT:
        line = kind(service=service, tls=context, session=session,
                    source=new_source())
    else:
        line = kind(service=service, source=new_source())
        if service not in POP3:
            line.ehlo()
        line.starttls(context, session=session)
    if service in POP3:
        line.multi("CAPA")
    else:
        line.ehlo()
    return line


# --- tickets

@pytest.mark.parametrize("version", VERSIONS)
def test_resumes_in_one_service_and_in_no_other(own, version):
    context = own.tls(version=VERSIONS[version])
    for first in SERVICES:
        with encrypted(own, first, context) as one:
            assert not one.sock.session_reused
            session = one.sock.session
        assert session.has_ticket
        for service in SERVICES:
            with encrypted(own, service, context, session) as other:
                assert other.sock.session_reused == (service == first), \
                    (first, service)


@pytest.mark.parametrize("version", VERSIONS)
def test_resumes_under_each_super_server(any_lab, version):
    """Sessions have nothing in common but tlsd."""
    context = any_lab.tls(version=VERSIONS[version])
    with encrypted(any_lab, "smtps", context) as s:
        session = s.sock.session
    for _ in range(3):
        with encrypted(any_lab, "smtps", context, session) as s:
            assert s.sock.session_reused
            session = s.sock.session
    assert any_lab.wait_log("resumed=yes")


def test_a_resumed_session_serves(own):
    context = own.tls()
    with encrypted(own, "smtps", context) as s:
        session = s.sock.session
    with encrypted(own, "smtps", context, session) as s:
        assert s.sock.session_reused
        assert s.auth_plain("alice", own.users["alice"]).code == 235
        s.ok(f"MAIL FROM:<{own.address('alice')}>")
        s.ok(f"RCPT TO:<{own.address('bob')}>")
        assert s.data(plain("resumed")).code == 250
    own.wait_files("bob", 1)


@pytest.mark.parametrize("version", VERSIONS)
def test_tickets_end_with_tlsd(make_lab, version):
    """Their keys are in memory only; the client has a full handshake."""
    lab = make_lab()
    context = lab.tls(version=VERSIONS[version])
    with encrypted(lab, "smtps", context) as s:
        session = s.sock.session
    before = lab.pids("tlsd")
    for pid in before:
        os.kill(pid, signal.SIGKILL)

    def works():
        try:
            with encrypted(lab, "smtps", context, session) as s:
                return not s.sock.session_reused
        except (OSError, AssertionError):
            return False

    wait_for(works, "a full handshake")


@pytest.mark.parametrize("at", (10, 40, 100, -1))
def test_a_forged_ticket_is_a_full_handshake(own, tmp_path, at):
    """A byte of the ticket is another one."""
    out = tmp_path / "session"
    with SClient(own.port("smtps"), "-tls1_2", "-sess_out", out) as o:
        o.smtp(True).quit()
        wait_for(out.exists, "the session's file")
    pem = certs.openssl("sess_id", "-in", out, "-outform", "DER")
    text = certs.openssl("sess_id", "-in", out, "-noout", "-text").decode()
    ticket = bytes.fromhex("".join(
        line[11:58].replace("-", " ") for line in
        text.partition("session ticket:\n")[2].partition("\n\n")[0]
        .splitlines()))
    assert ticket and ticket in pem
    forged = bytearray(ticket)
    forged[at] ^= 1
    der = pem.replace(ticket, bytes(forged))
    (tmp_path / "der").write_bytes(der)
    (tmp_path / "forged").write_bytes(
        certs.openssl("sess_id", "-inform", "DER", "-in", tmp_path / "der"))
    for name, resumed in (("session", "yes"), ("forged", "no")):
        n = len(own.log().splitlines())
        with SClient(own.port("smtps"), "-tls1_2", "-sess_in",
                     tmp_path / name) as o:
            o.smtp(True).quit()
        line = wait_for(
            lambda: [one for one in own.log().splitlines()[n:]
                     if "event=tls " in one], "the handshake in the log")[0]
        assert f"resumed={resumed}" in line, (name, line)


# --- what is told of a connection

@pytest.mark.parametrize("version", VERSIONS)
def test_received_says_how(own, version):
    context = own.tls(version=VERSIONS[version])
    for service, word in (("smtp", "ESMTPS"), ("smtps", "ESMTPSA")):
        own.empty()
        with encrypted(own, service, context) as s:
            cipher = s.sock.cipher()[0]
            if service == "smtps":
                s.auth_plain("alice", own.users["alice"])
            s.ok(f"MAIL FROM:<{own.address('alice')}>")
            s.ok(f"RCPT TO:<{own.address('bob')}>")
            assert s.data(plain("how")).code == 250
        raw = own.wait_files("bob", 1)[0].read_text()
        trace = raw[:raw.index("\nFrom:")]
        assert f"with {word} " in trace, trace
        assert f"TLSv{version}" in trace, trace
        assert version == "1.2" or cipher in trace, trace


# --- names

def subject(line):
    return {pair[0][0]: pair[0][1]
            for pair in line.sock.getpeercert()["subject"]}["commonName"]


def asked(lab, name, context=None):
    """The subject that is shown for a name, whether it is right or not."""
    context = context or lab.tls()
    context.check_hostname = False
    with lab.smtp("smtps", name=name, tls=context) as s:
        return subject(s)


def wait_subject(lab, name, wanted, context=None):
    wait_for(lambda: asked(lab, name, context) == wanted,
             f"{wanted} for {name}")


def test_sni_chooses(own, ca, tmp_path):
    """By name, by wildcard, and the usual one for all others."""
    certs.put(own, ca.issue(tmp_path, "DNS:other.example", "DNS:third.example",
                            subject="/CN=other"), "other.pem")
    certs.put(own, ca.issue(tmp_path, "DNS:*.wild.example",
                            subject="/CN=wild"), "wild.pem")
    wait_subject(own, "a.wild.example", "wild")
    for name, wanted in (("other.example", "other"),
                         ("third.example", "other"),
                         ("OTHER.Example", "other"),
                         ("b.wild.example", "wild")):
        with own.smtp("smtps", name=name) as s:
            assert subject(s) == wanted
        with own.pop3() as p:
            p.starttls(name=name)
            assert subject(p) == wanted
    for name in ("nobody.example", "a.b.wild.example", "wild.example",
                 "lab.example.other.example", None):
        assert asked(own, name) not in ("other", "wild"), name


def test_sni_chooses_among_kinds(own, ca, tmp_path):
    """A name may have an RSA and an ECDSA certificate side by side."""
    for kind in ("rsa", "ecdsa"):
        certs.put(own, ca.issue(tmp_path, "DNS:both.example", kind=kind,
                                subject=f"/CN=both {kind}"),
                  f"both-{kind}.pem")
    for kind in ("rsa", "ecdsa"):
        wait_subject(own, "both.example", f"both {kind}", context=own.tls(
            version=TLS12,
            ciphers=f"ECDHE-{kind.upper()}-AES128-GCM-SHA256"))


# --- client certificates

def external(line, who=""):
    """AUTH EXTERNAL as SMTP and POP3 say it; the first word of the answer."""
    answer = line.cmd(f"AUTH EXTERNAL {b64(who) if who else '='}")
    return answer.code if isinstance(answer, wire.Reply) \
        else answer.split(b" ")[0]


GOOD = {"submission": 235, "smtps": 235, "pop3": b"+OK", "pop3s": b"+OK"}
BAD = {"submission": 535, "smtps": 535, "pop3": b"-ERR", "pop3s": b"-ERR"}


def offers_external(line):
    if isinstance(line, wire.Smtp):
        line.ehlo()
        return "EXTERNAL" in line.extensions.get("AUTH", [])
    return b"EXTERNAL" in line.multi("CAPA").partition(b"SASL")[2] \
        .partition(b"\r\n")[0]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("service", GOOD)
def test_external_by_name_in_the_certificate(own, ca, tmp_path, service,
                                             version):
    """Signed by a CA of tls-client-ca for the address; resumed, too."""
    own.wait_idle()
    context = own.tls(version=VERSIONS[version], certificate=ca.issue(
        tmp_path, f"email:{own.address('alice')}"))
    with encrypted(own, service, context) as line:
        assert offers_external(line)
        assert external(line, own.address("bob")) == BAD[service]
    with encrypted(own, service, context) as line:
        assert external(line) == GOOD[service]
        session = line.sock.session
    with encrypted(own, service, context, session) as line:
        assert line.sock.session_reused
        assert offers_external(line)
        assert external(line, own.address("alice")) == GOOD[service]


@pytest.mark.parametrize("service", GOOD)
def test_external_by_fingerprint(own, tmp_path, service):
    """An account keeps a certificate that no CA has signed."""
    place = tmp_path / "ca"
    place.mkdir()
    pem = certs.Ca(place).issue(tmp_path, "email:whoever@elsewhere.example")
    context = own.tls(certificate=pem)
    address = own.address("bob")
    with encrypted(own, service, context) as line:
        assert external(line, address) == BAD[service]
    r = own.postrider("user", "certificate", address, certs.fingerprint(pem))
    assert r.returncode == 0, r.stderr
    try:
        with encrypted(own, service, context) as line:
            assert external(line, address) == GOOD[service]
        with encrypted(own, service, context) as line:
            assert external(line, own.address("alice")) == BAD[service]
    finally:
        own.postrider("user", "certificate", "--remove", address,
                      certs.fingerprint(pem))
    with encrypted(own, service, context) as line:
        assert external(line, address) == BAD[service]


@pytest.mark.parametrize("service", GOOD)
def test_external_without_a_certificate(own, service):
    """Nor is it offered."""
    with encrypted(own, service, own.trust) as line:
        assert not offers_external(line)
        assert external(line, own.address("alice")) not in (GOOD[service],)


def test_external_only_where_it_is_asked(own, ca, tmp_path):
    """A service that does not ask for certificates gets none."""
    context = own.tls(certificate=ca.issue(
        tmp_path, f"email:{own.address('alice')}"))
    with encrypted(own, "second", context) as line:
        assert not offers_external(line)
        assert external(line) != 235


def names_of(own):
    alice = own.address("alice")
    return {
        # T16: what a name ends with, or what is before it, is not the name.
        "suffix": [f"email:x{alice}"],
        "prefix": [f"email:{alice}.evil.example"],
        "domain": [f"DNS:{alice.partition('@')[2]}"],
        "nobody": ["email:nobody@" + own.domain],
        "none": [],
    }


@pytest.mark.parametrize("case", ("suffix", "prefix", "domain", "nobody",
                                  "none", "common-name", "expired",
                                  "other-ca", "server"))
def test_external_with_a_wrong_certificate(own, ca, tmp_path, case):
    alice = own.address("alice")
    if case == "common-name":
        pem = ca.issue(tmp_path, subject=f"/CN={alice}/emailAddress={alice}")
    elif case == "expired":
        pem = ca.issue(tmp_path, f"email:{alice}", days=-1)
    elif case == "other-ca":
        (tmp_path / "ca").mkdir()
        pem = certs.Ca(tmp_path / "ca").issue(tmp_path, f"email:{alice}")
    elif case == "server":
        pem = own.dir / "tls/ecdsa.pem"
    else:
        pem = ca.issue(tmp_path, *names_of(own)[case])
    try:
        context = own.tls(certificate=pem)
    except ssl.SSLError:
        pytest.skip("openssl made no such certificate")
    for service in GOOD:
        for who in ("", alice):
            try:
                with encrypted(own, service, context) as line:
                    assert external(line, who) == BAD[service] or \
                        external(line, who) == 504, (service, who)
            except (ConnectionError, ssl.SSLError):
                pass  # the handshake may be refused, too


# --- OCSP

def stapled(lab, name="localhost"):
    return certs.openssl(
        "s_client", "-connect", f"{wire.LOCALHOST}:{lab.port('smtps')}",
        "-servername", name, "-status", "-CAfile", lab.env["CA_FILE"]
    ).decode()


def test_ocsp_response_is_stapled(own, ca, tmp_path):
    pem = ca.issue(tmp_path, "DNS:staple.example", subject="/CN=staple")
    certs.put(own, pem, "staple.pem")
    wait_subject(own, "staple.example", "staple")
    assert "OCSP response: no response sent" in stapled(own, "staple.example")
    certs.put(own, ca.staple(tmp_path, pem), "staple.ocsp")
    wait_for(lambda: "Cert Status: good" in stapled(own, "staple.example"),
             "a stapled response")
    # Of no other certificate.
    assert "OCSP response: no response sent" in stapled(own)
    # One of another certificate, or none at all, is reported and not used.
    other = ca.issue(tmp_path, "DNS:other.example")
    certs.put(own, ca.staple(tmp_path, other), "staple.ocsp")
    assert "kept=old-state" in own.wait_log("staple.ocsp")[-1]
    (tmp_path / "junk").write_bytes(b"junk")
    certs.put(own, tmp_path / "junk", "staple.ocsp")
    wait_for(lambda: len(own.wait_log("staple.ocsp")) == 2, "the other line")
    assert "Cert Status: good" in stapled(own, "staple.example")
    (own.dir / "tls/staple.ocsp").unlink()
    wait_for(lambda: "no response sent" in stapled(own, "staple.example"),
             "no stapled response")
    assert asked(own, "staple.example") == "staple"


# --- files that change

def serial(line):
    return line.sock.getpeercert()["serialNumber"]


def wait_serial(lab, name, old):
    def changed():
        with lab.smtp("smtps", name=name) as s:
            return serial(s) != old and serial(s)

    return wait_for(changed, "the new certificate")


def test_a_new_certificate_is_served_without_a_restart(own, ca, tmp_path):
    """And sessions that are open stay."""
    certs.put(own, ca.issue(tmp_path, "DNS:renewed.example",
                            subject="/CN=renewed"), "renewed.pem")
    wait_subject(own, "renewed.example", "renewed")
    before = own.pids("tlsd")
    with own.smtp("smtps", name="renewed.example") as s:
        s.ehlo()
        old = serial(s)
        certs.put(own, ca.issue(tmp_path, "DNS:renewed.example",
                                subject="/CN=renewed"), "renewed.pem")
        wait_serial(own, "renewed.example", old)
        assert s.auth_plain("alice", own.users["alice"]).code == 235
        with own.pop3() as p:
            p.starttls(name="renewed.example")
            assert serial(p) != old
    assert set(own.pids("tlsd")) & set(before)


def break_file(lab, case, name, good, other):
    """What becomes of a good certificate's file."""
    text = good.read_bytes()
    crt, key = (good.with_suffix(s).read_bytes() for s in (".crt", ".key"))
    contents = {
        "junk": b"\0\1\2junk\n" * 100, "empty": b"", "half":
        text[:len(text) // 2], "no-key": crt, "no-certificate": key,
        "other-key": crt + other.with_suffix(".key").read_bytes()}
    if case == "directory":
        (lab.dir / "tls" / name).unlink()
        (lab.dir / "tls" / name).mkdir()
        return
    bad = good.with_suffix(".bad")
    bad.write_bytes(contents[case])
    certs.put(lab, bad, name)


BROKEN = ("junk", "empty", "half", "no-key", "no-certificate", "other-key",
          "directory")


def test_a_broken_certificate_changes_nothing(make_lab, tmp_path):
    """The old ones stay, and the log says what is wrong with which file."""
    lab = make_lab()
    ca = certs.Ca(lab.dir / "ca")
    good = {case: ca.issue(tmp_path, f"DNS:{case}.example",
                           subject=f"/CN={case}") for case in BROKEN}
    other = ca.issue(tmp_path)
    for case in BROKEN:
        certs.put(lab, good[case], f"{case}.pem")
    for case in BROKEN:
        wait_subject(lab, f"{case}.example", case)
    for case in BROKEN:
        break_file(lab, case, f"{case}.pem", good[case], other)
    for case in BROKEN:
        line = lab.wait_log(f"tls/{case}.")[-1]
        assert "wanted=" in line and "kept=old-state" in line, line
    for case in BROKEN:
        assert asked(lab, f"{case}.example") == case
    with lab.smtp("smtps") as s:
        s.quit()
    # And they are mended as they were broken; each was reported once.
    (lab.dir / "tls/directory.pem").rmdir()
    for case in BROKEN:
        certs.put(lab, ca.issue(tmp_path, f"DNS:{case}.example",
                                subject="/CN=mended"), f"{case}.pem")
    for case in BROKEN:
        wait_subject(lab, f"{case}.example", "mended")
        assert len(lab.wait_log(f"tls/{case}.")) == 1


def test_key_that_others_may_read_is_refused(own, ca, tmp_path):
    certs.put(own, ca.issue(tmp_path, "DNS:open.example"), "open.pem")
    wait_for(lambda: any("name=open " in one for one in
                         own.log().splitlines()), "the certificate")
    certs.put(own, ca.issue(tmp_path, "DNS:open2.example",
                            subject="/CN=open2"), "open2.key")
    (own.dir / "tls/open2.key").chmod(0o644)
    (own.dir / "tls/open2.key").rename(own.dir / "tls/open2.pem")
    assert "wanted=" in own.wait_log("tls/open2.pem")[-1]


# --- ALPN

@pytest.mark.parametrize("service,word", (("smtps", "smtp"),
                                          ("pop3s", "pop3")))
def test_alpn(own, service, word):
    """What is for another protocol does not get in (RFC 7301)."""
    context = own.tls()
    context.set_alpn_protocols([word])
    with encrypted(own, service, context) as line:
        assert line.sock.selected_alpn_protocol() == word
    context.set_alpn_protocols(["h2", word])
    with encrypted(own, service, context) as line:
        assert line.sock.selected_alpn_protocol() == word
    for others in (["http/1.1"], ["h2", "http/1.1"],
                   ["pop3" if word == "smtp" else "smtp"]):
        context.set_alpn_protocols(others)
        with pytest.raises(ssl.SSLError):
            encrypted(own, service, context).close()
