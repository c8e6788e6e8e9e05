"""Clients that people use send and fetch mail over TLS.

Each of them in each of its modes, with an RSA and an ECDSA certificate, in TLS
1.2 and 1.3.  All check the certificate: they refuse that of a CA which they do
not know."""

import contextlib
import re
import socket
import subprocess
import threading

import pytest

import wire
from box import Box
from messages import plain
from suite import PATIENCE
from tlsclients import VERSIONS, Client, SClient, gnutls

KINDS = ("rsa", "ecdsa")
HOST = "localhost"
STORED = plain("by-tls", b"Over the wire.\r\n.\r\n..\r\n").replace(
    b"\r\n", b"\n")
MAIL = STORED.replace(b"\n", b"\r\n")


@pytest.fixture
def client_of():
    """client_of(lab, version, uid=): somebody with a home directory."""
    made = []

    def make(lab, version, uid=None):
        made.append(Client(lab, version, uid))
        return made[-1]

    yield make
    for one in made:
        one.close()


def done(r):
    assert r.returncode == 0, (r.returncode, r.stdout[-2000:],
                               r.stderr[-2000:])
    return r.stdout


def s_client(c, protocol, implicit, service):
    return SClient(
        c.lab.port(service), "-verify_return_error", "-verify_hostname", HOST,
        "-CAfile", c.ca, starttls=None if implicit else protocol,
        environ=c.environ)


# --- who sends MAIL from alice to bob; they raise when they cannot

def port(c, implicit):
    return c.lab.port("smtps" if implicit else "submission")


def swaks(c, implicit):
    done(c.run(
        "swaks", "--server", HOST, "--port", port(c, implicit),
        "--tls-on-connect" if implicit else "--tls", "--tls-verify",
        "--tls-ca-path", c.ca, "--auth", "PLAIN", "--auth-user", "alice",
        "--auth-password", c.lab.users["alice"], "--from",
        c.lab.address("alice"), "--to", c.lab.address("bob"),
        "--data", f"@{c.file('mail', MAIL.decode())}"))


def curl(c, implicit):
    scheme = "smtps" if implicit else "smtp"
    done(c.run(
        "curl", "-sS", "--ssl-reqd", "--cacert", c.ca,
        f"--tlsv{c.version}", "--tls-max", c.version,
        f"{scheme}://{HOST}:{port(c, implicit)}/client.example",
        "--user", f"alice:{c.lab.users['alice']}",
        "--mail-from", c.lab.address("alice"),
        "--mail-rcpt", c.lab.address("bob"),
        "--upload-file", c.file("mail", MAIL.decode())))


def msmtp(c, implicit, auth="plain"):
    rc = c.file("msmtprc", "".join(line + "\n" for line in (
        "account default", f"host {HOST}", f"port {port(c, implicit)}",
        f"auth {auth}", "user alice", f"password {c.lab.users['alice']}",
        f"from {c.lab.address('alice')}", "tls on",
        f"tls_starttls {'off' if implicit else 'on'}",
        f"tls_trust_file {c.ca}", f"tls_priorities {gnutls(c.version)}")))
    done(c.run("msmtp", "-C", rc, c.lab.address("bob"), input=STORED))


def smtplib(c, implicit):
    begin = f"s = smtplib.SMTP_SSL({HOST!r}, {port(c, True)}, context=ctx)" \
        if implicit else f"s = smtplib.SMTP({HOST!r}, {port(c, False)}); " \
        "s.starttls(context=ctx)"
    done(c.run("/usr/bin/python3", "-c", f"""
import smtplib, ssl
ctx = ssl.create_default_context(cafile={c.ca!r})
{begin}
assert s.sock.version() == "TLSv{c.version}", s.sock.version()
s.login("alice", {c.lab.users["alice"]!r})
s.sendmail({c.lab.address("alice")!r}, [{c.lab.address("bob")!r}], {MAIL!r})
s.quit()
"""))


def openssl(c, implicit):
    with s_client(c, "smtp", implicit,
                  "smtps" if implicit else "submission") as o:
        s = o.smtp(greet=implicit)
        s.ehlo()
        assert s.auth_plain("alice", c.lab.users["alice"]).code == 235
        s.ok(f"MAIL FROM:<{c.lab.address('alice')}>")
        s.ok(f"RCPT TO:<{c.lab.address('bob')}>")
        assert s.data(MAIL).code == 250
        s.quit()


SENDERS = {f.__name__: f for f in (swaks, curl, msmtp, smtplib, openssl)}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("implicit", (False, True), ids=("starttls", "smtps"))
@pytest.mark.parametrize("name", SENDERS)
def test_sends(kinds, client_of, name, implicit, kind, version):
    lab = kinds(kind)
    SENDERS[name](client_of(lab, version), implicit)
    raw = lab.wait_files("bob", 1)[0].read_bytes()
    # swaks ends the data with an empty line.
    assert raw.rstrip(b"\n").endswith(STORED.rstrip(b"\n")), raw
    trace = re.search(rb"\bwith ESMTPSA\b.*?;", raw, re.S)
    assert trace and b"TLSv" + version.encode() in trace[0], raw
    if version == "1.2":
        assert kind.upper().encode() in trace[0], raw


# --- who fetches the one message of alice; they raise when they cannot

def pop_port(c, implicit):
    return c.lab.port("pop3s" if implicit else "pop3")


def got(c):
    """A Maildir's messages."""
    place = c.home / "got"
    if not place.exists():
        for sub in ("tmp", "new", "cur"):
            (place / sub).mkdir(parents=True)
    return [f.read_bytes() for f in (place / "new").iterdir()]


def curl_pop3(c, implicit):
    scheme = "pop3s" if implicit else "pop3"
    return [done(c.run(
        "curl", "-sS", "--ssl-reqd", "--cacert", c.ca, f"--tlsv{c.version}",
        "--tls-max", c.version, f"{scheme}://{HOST}:{pop_port(c, implicit)}/1",
        "--user", f"alice:{c.lab.users['alice']}"))]


def mpop(c, implicit, auth="plain"):
    got(c)
    done(c.run(
        "mpop", f"--host={HOST}", f"--port={pop_port(c, implicit)}",
        "--user=alice", f"--passwordeval=echo {c.lab.users['alice']}",
        "--tls=on", f"--tls-starttls={'off' if implicit else 'on'}",
        f"--tls-trust-file={c.ca}", f"--tls-priorities={gnutls(c.version)}",
        f"--auth={auth}", f"--delivery=maildir,{c.home}/got",
        "--received-header=off", f"--uidls-file={c.home}/uidls"))
    return got(c)


def fetchmail(c, implicit):
    rc = c.file("rc", (
        f"defaults protocol pop3\n"
        f"poll {HOST} port {pop_port(c, implicit)} auth password uidl\n"
        f'  user alice password "{c.lab.users["alice"]}"\n'
        f'  sslproto "TLS{c.version}" {"ssl" if implicit else ""}\n'
        f'  sslcertck sslcertfile "{c.ca}"\n'
        f'  no rewrite mda "cat >\'{c.home}\'/fetched"\n'))
    done(c.run("fetchmail", "-f", rc, "-i", c.home / "ids", "--nosyslog",
               "--invisible", "--pidfile", c.home / "pid", "--keep"))
    return [(c.home / "fetched").read_bytes()]


def getmail(c, implicit):
    """It knows no STLS, and does not deliver as root."""
    assert implicit
    got(c)
    rc = c.file("getmailrc", (
        f"[retriever]\ntype = SimplePOP3SSLRetriever\nserver = {HOST}\n"
        f"port = {pop_port(c, True)}\nusername = alice\n"
        f"password = {c.lab.users['alice']}\nca_certs = {c.ca}\n"
        f"[destination]\ntype = Maildir\npath = {c.home}/got/\n"
        f"[options]\nreceived = false\ndelivered_to = false\n"))
    done(c.run("getmail", f"--getmaildir={c.home}", f"--rcfile={rc}"))
    return got(c)


def poplib(c, implicit):
    begin = f"p = poplib.POP3_SSL({HOST!r}, {pop_port(c, True)}, context=x)" \
        if implicit else f"p = poplib.POP3({HOST!r}, {pop_port(c, False)}); " \
        "assert 'STLS' in p.capa(); p.stls(x)"
    return [done(c.run("/usr/bin/python3", "-c", f"""
import poplib, ssl, sys
x = ssl.create_default_context(cafile={c.ca!r})
{begin}
assert p.sock.version() == "TLSv{c.version}", p.sock.version()
assert 'STLS' not in p.capa()
p.user("alice"); p.pass_({c.lab.users["alice"]!r})
for line in p.retr(1)[1]: sys.stdout.buffer.write(line + b"\\r\\n")
p.quit()
"""))]


def openssl_pop3(c, implicit):
    with s_client(c, "pop3", implicit,
                  "pop3s" if implicit else "pop3") as o:
        p = o.pop3(greet=implicit)
        p.login("alice", c.lab.users["alice"])
        out = p.retr(1)
        p.quit()
        return [out]


FETCHERS = {f.__name__: f for f in (
    curl_pop3, mpop, fetchmail, getmail, poplib, openssl_pop3)}
# getmail has no STLS.
FETCHES = [(name, implicit) for name in FETCHERS for implicit in (False, True)
           if implicit or name != "getmail"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name,implicit", FETCHES)
def test_fetches(kinds, client_of, nobody, name, implicit, kind, version):
    lab = kinds(kind)
    Box(lab).put(STORED)
    c = client_of(lab, version, nobody if name == "getmail" else None)
    fetched = FETCHERS[name](c, implicit)
    assert len(fetched) == 1
    # fetchmail puts a field of its own on top.
    assert fetched[0].replace(b"\r\n", b"\n").endswith(STORED)


# --- all of them check

def foreign_ca(client):
    """A CA that has signed nothing here."""
    path = client.home / "foreign.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=stranger",
         "-keyout", "/dev/null", "-out", path], check=True,
        capture_output=True)
    return str(path)


@pytest.mark.parametrize("implicit", (False, True), ids=("starttls", "smtps"))
@pytest.mark.parametrize("name", SENDERS)
def test_sends_nothing_to_a_stranger(lab, client_of, name, implicit):
    c = client_of(lab, "1.3")
    c.ca = foreign_ca(c)
    with pytest.raises((AssertionError, OSError)):
        SENDERS[name](c, implicit)
    lab.wait_idle()
    assert lab.files("bob") == []


@pytest.mark.parametrize("name,implicit", FETCHES)
def test_fetches_nothing_from_a_stranger(lab, client_of, nobody, name,
                                         implicit):
    Box(lab).put(STORED)
    c = client_of(lab, "1.3", nobody if name == "getmail" else None)
    c.ca = foreign_ca(c)
    with pytest.raises((AssertionError, OSError)):
        FETCHERS[name](c, implicit)


# --- mechanisms of today's clients

@pytest.mark.parametrize("auth", ("plain", "login", "scram-sha-256"))
def test_msmtp_logs_in(lab, client_of, auth):
    msmtp(client_of(lab, "1.3"), False, auth)
    lab.wait_files("bob", 1)


@pytest.mark.parametrize("auth", ("user", "plain", "login", "scram-sha-256"))
def test_mpop_logs_in(lab, client_of, auth):
    Box(lab).put(STORED)
    assert mpop(client_of(lab, "1.3"), True, auth) == [STORED]


@contextlib.contextmanager
def greeted(port):
    """A port behind which EHLO has been said: gsasl begins with STARTTLS."""
    def copy(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # both ends see it

    def serve():
        client, _ = listener.accept()
        with client, wire.Smtp(port, PATIENCE) as server:
            server.ehlo()
            client.sendall(b"220 after EHLO\r\n")
            back = threading.Thread(target=copy, args=(server.sock, client))
            back.start()
            copy(client, server.sock)
            back.join()

    with socket.create_server((wire.LOCALHOST, 0)) as listener:
        t = threading.Thread(target=serve)
        t.start()
        yield listener.getsockname()[1]
        t.join()


def gsasl(c, mechanism, *more):
    with greeted(c.lab.port("submission")) as port:
        return c.run(
            "gsasl", "--smtp", "--connect", f"{HOST}:{port}", "--starttls",
            "--x509-ca-file", c.ca, "--authentication-id", "alice",
            "--authorization-id", "", "--password", c.lab.users["alice"],
            "--mechanism", mechanism, *more)


@pytest.mark.parametrize("more", ([], ["--no-cb"]), ids=("bound", "unbound"))
@pytest.mark.parametrize("mechanism", (
    "PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"))
def test_gsasl_logs_in(lab, client_of, mechanism, more):
    """GNU SASL's own client.  What can bind to TLS must: SCRAM without PLUS
    says that it could, and finds out that somebody has hidden PLUS from it
    (RFC 5802 section 6)."""
    out = gsasl(client_of(lab, "1.3"), mechanism, *more)
    assert f"AUTH {mechanism}".encode() in out.stdout
    bound = more == []
    if bound == (mechanism == "SCRAM-SHA-256-PLUS") or \
            mechanism in ("PLAIN", "LOGIN"):
        assert b"\n235 " in done(out), out
        lab.wait_log(f"mech={mechanism} by=")
    else:
        assert out.returncode != 0 and b"\n235 " not in out.stdout, out


# --- each super-server hands over connections in its own way

def test_each_super_server(any_lab):
    lab = any_lab
    with lab.smtp("smtps") as s:
        s.ehlo()
        assert s.auth_plain("alice", lab.users["alice"]).code == 235
        s.quit()
    with lab.smtp("submission") as s:
        s.ehlo()
        s.starttls()
        s.ehlo()
        assert s.auth_plain("alice", lab.users["alice"]).code == 235
        s.quit()
    with lab.pop3("alice", "pop3s") as p:
        assert p.stat() == (0, 0)
        p.quit()
    with lab.pop3() as p:
        p.starttls()
        p.login("alice", lab.users["alice"])
        p.quit()
