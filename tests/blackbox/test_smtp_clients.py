"""Mail clients of Debian send through smtpd, as their users would."""

import email
import smtplib
import threading
from email.message import EmailMessage

import pytest

from suite import PATIENCE
from wire import LOCALHOST

BODY = "Grüße\n.\n..two dots\nFrom here\n" + "long " * 400 + "\n"
FILE = bytes(range(256)) * 50


def received(lab, user="bob"):
    """The only message of a mailbox, parsed, and its bytes."""
    raw = lab.wait_files(user, 1)[0].read_bytes()
    return email.message_from_bytes(raw), raw


def text_of(message):
    part = next(p for p in message.walk()
                if p.get_content_type() == "text/plain")
    return part.get_payload(decode=True).decode(part.get_content_charset())


def attachment_of(message):
    part = next(p for p in message.walk() if p.get_filename() == "file.bin")
    return part.get_payload(decode=True)


@pytest.fixture
def files(lab, tmp_path):
    """What clients attach or send, where the lab's user can read it."""
    place = lab.base / "client"
    place.mkdir(exist_ok=True)
    (place / "file.bin").write_bytes(FILE)
    (place / "body").write_text(BODY)
    return place


def check_run(r):
    assert r.returncode == 0, (r.stdout, r.stderr)


# --- swaks

@pytest.mark.parametrize("auth", ["PLAIN", "LOGIN"])
def test_swaks(lab, files, auth):
    check_run(lab.run(
        "swaks", "--server", LOCALHOST, "--port", lab.port("submission"),
        "--auth", auth, "--auth-user", "alice",
        "--auth-password", lab.users["alice"],
        "--from", lab.address("alice"), "--to", lab.address("bob"),
        "--header", "Subject: swaks", "--body", "plain text",
        "--attach", f"@{files}/file.bin"))
    message, raw = received(lab)
    assert message["Subject"] == "swaks"
    assert attachment_of(message) == FILE
    assert b" with ESMTPA id " in raw


def test_swaks_pipelines(lab):
    check_run(lab.run(
        "swaks", "--server", LOCALHOST, "--port", lab.port("smtp"),
        "--pipeline", "--from", "x@foreign.example",
        "--to", lab.address("bob"), "--header", "Subject: pipe"))
    assert received(lab)[0]["Subject"] == "pipe"


def test_swaks_is_told(lab):
    """What refuses a client is on its screen."""
    r = lab.run("swaks", "--server", LOCALHOST, "--port", lab.port("smtp"),
                "--from", "x@foreign.example", "--to", "y@foreign.example")
    assert r.returncode == 24  # no recipient was accepted
    assert b"550 5.7.1" in r.stdout
    r = lab.run("swaks", "--server", LOCALHOST, "--port",
                lab.port("submission"), "--to", lab.address("bob"),
                "--from", lab.address("alice"))
    assert r.returncode == 23 and b"530 5.7.0" in r.stdout


# --- curl

def test_curl(lab, files):
    (files / "message").write_bytes(
        b"Subject: curl\r\n\r\n.dots\r\n" + BODY.encode().replace(
            b"\n", b"\r\n"))
    check_run(lab.run(
        "curl", "-sS", f"smtp://{LOCALHOST}:{lab.port('submission')}/curl",
        "--user", f"alice:{lab.users['alice']}",
        "--mail-from", lab.address("alice"), "--mail-rcpt",
        lab.address("bob"), "--mail-rcpt", lab.address("alice"),
        "--upload-file", files / "message"))
    message, raw = received(lab)
    assert raw.endswith(b"\nSubject: curl\n\n.dots\n" + BODY.encode())
    assert received(lab, "alice")[0]["Subject"] == "curl"


@pytest.mark.parametrize("mech", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("initial", [True, False])
def test_curl_logs_in(lab, files, mech, initial):
    (files / "message").write_bytes(b"Subject: curl\r\n\r\nx\r\n")
    check_run(lab.run(
        "curl", "-sS", f"smtp://{LOCALHOST}:{lab.port('submission')}/curl",
        *(["--sasl-ir"] if initial else []),
        "--login-options", f"AUTH={mech}",
        "--user", f"alice:{lab.users['alice']}",
        "--mail-from", lab.address("alice"),
        "--mail-rcpt", lab.address("bob"), "--upload-file",
        files / "message"))
    assert received(lab)[0]["Subject"] == "curl"


# --- msmtp

def msmtp_config(lab, files, **more):
    settings = {"account": "default", "host": LOCALHOST,
                "port": lab.port("submission"), "auth": "plain",
                "user": "alice", "password": lab.users["alice"],
                "from": lab.address("alice"), "tls": "off", **more}
    path = files / "msmtprc"
    path.write_text("".join(f"{k} {v}\n" for k, v in settings.items()))
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("auth", ["plain", "login"])
def test_msmtp(lab, files, auth):
    check_run(lab.run(
        "msmtp", "-C", msmtp_config(lab, files, auth=auth),
        lab.address("bob"),
        input=b"Subject: msmtp\n\n" + BODY.encode()))
    message, raw = received(lab)
    assert message["Subject"] == "msmtp"
    assert raw.endswith(b"Subject: msmtp\n\n" + BODY.encode())


def test_msmtp_with_dsn(lab, files):
    check_run(lab.run(
        "msmtp", "-C", msmtp_config(
            lab, files, dsn_notify="failure,delay", dsn_return="headers"),
        lab.address("bob"), input=b"Subject: dsn\n\nx\n"))
    assert received(lab)[0]["Subject"] == "dsn"


def test_msmtp_is_told(lab, files):
    r = lab.run("msmtp", "-C", msmtp_config(lab, files),
                f"--from=bob@{lab.domain}", lab.address("bob"),
                input=b"Subject: x\n\nx\n")
    assert r.returncode == 65  # EX_DATAERR
    assert b"553 5.7.1" in r.stderr
    r = lab.run("msmtp", "-C", msmtp_config(lab, files),
                f"nobody@{lab.domain}", input=b"Subject: x\n\nx\n")
    assert r.returncode == 65 and b"550 5.1.1" in r.stderr


# --- s-nail and mutt

def test_s_nail(lab, files):
    mta = (f"smtp://alice:{lab.users['alice']}@{LOCALHOST}:"
           f"{lab.port('submission')}")
    check_run(lab.run(
        "s-nail", "-:/", "-Sv15-compat", "-Ssendwait", "-Sttycharset=utf-8",
        "-Ssmtp-auth=login", f"-Smta={mta}", f"-Sfrom={lab.address('alice')}",
        "-Shostname=client.example", "-s", "s-nail",
        "-a", f"{files}/file.bin", lab.address("bob"), input=BODY.encode()))
    message, _ = received(lab)
    assert message["Subject"] == "s-nail"
    assert text_of(message) == BODY
    assert attachment_of(message) == FILE


def test_mutt(lab, files):
    rc = files / "muttrc"
    rc.write_text(
        f"set from={lab.address('alice')}\nset use_from=yes\n"
        f"set smtp_url=smtp://alice@{LOCALHOST}:{lab.port('submission')}/\n"
        f"set smtp_pass={lab.users['alice']}\nset ssl_starttls=no\n"
        "set ssl_force_tls=no\nset charset=utf-8\nunset record\n")
    rc.chmod(0o600)
    check_run(lab.run(
        "mutt", "-n", "-F", rc, "-s", "mutt", "-a", files / "file.bin", "--",
        lab.address("bob"), input=BODY.encode()))
    message, _ = received(lab)
    assert message["Subject"] == "mutt"
    assert text_of(message) == BODY
    assert attachment_of(message) == FILE


# --- smtplib

def letter(lab, subject):
    m = EmailMessage()
    m["From"] = lab.address("alice")
    m["To"] = lab.address("bob")
    m["Subject"] = subject
    m.set_content(BODY, cte="8bit")
    m.add_attachment(FILE, "application", "octet-stream", filename="file.bin")
    return m


def test_smtplib(any_lab):
    lab = any_lab
    with smtplib.SMTP(LOCALHOST, lab.port("submission"), timeout=PATIENCE) \
            as s:
        s.login("alice", lab.users["alice"])
        assert s.send_message(letter(lab, "smtplib")) == {}
        assert s.noop()[0] == 250
    message, raw = received(lab)
    assert message["Subject"] == "smtplib"
    # Python writes its messages as for an mbox.
    assert text_of(message) == BODY.replace("\nFrom", "\n>From")
    assert attachment_of(message) == FILE
    assert raw.count(b"\nDate: ") == raw.count(b"\nMessage-ID: ") == 1


def test_smtplib_reuses_a_session(lab):
    with smtplib.SMTP(LOCALHOST, lab.port("smtp"), timeout=PATIENCE) as s:
        for n in range(20):
            assert s.sendmail("x@foreign.example", [
                lab.address("bob"), lab.address("alice"),
                f"nobody@{lab.domain}"], f"Subject: {n}\n\nx\n") == {
                    f"nobody@{lab.domain}": (
                        550, b"5.1.1 There is no such mailbox here; check "
                        b"the spelling of the address")}
    lab.wait_files("bob", 20)
    lab.wait_files("alice", 20)


def test_many_at_once(lab):
    """Thirty sessions side by side."""
    failed = []

    def send(n):
        try:
            with smtplib.SMTP(LOCALHOST, lab.port("submission"),
                              timeout=2 * PATIENCE) as s:
                s.login("alice", lab.users["alice"])
                s.send_message(letter(lab, f"n {n}"))
        except Exception as e:
            failed.append(e)

    threads = [threading.Thread(target=send, args=(n,)) for n in range(30)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert failed == []
    found = {email.message_from_bytes(f.read_bytes())["Subject"]
             for f in lab.wait_files("bob", 30)}
    assert found == {f"n {n}" for n in range(30)}
