"""POP3 with the clients that people use."""

import os
import poplib
import shutil
import subprocess

import pytest

from box import Box, wire_form
from messages import HARD
from suite import PATIENCE, as_uid, open_dir
from terminal import in_terminal

MAILS = [HARD[name].replace(b"\r\n", b"\n") for name in (
    "plain", "eight-bit", "line-998", "dots", "blank-lines", "empty-body",
    "folded", "white-space")]


@pytest.fixture
def box(lab):
    b = Box(lab)
    for mail in MAILS:
        b.put(mail)
    return b


def need(program):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def run(*argv, home, **more):
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8",
           "FETCHMAILHOME": str(home)}
    r = subprocess.run([str(a) for a in argv], capture_output=True, env=env,
                       stdin=subprocess.DEVNULL, cwd=home,
                       timeout=2 * PATIENCE, **more)
    assert r.returncode == 0, (r.returncode, r.stdout[-2000:], r.stderr)
    return r.stdout


def maildir(path):
    for sub in ("tmp", "new", "cur"):
        (path / sub).mkdir(parents=True)
    return path


def contents(path):
    return sorted(f.read_bytes() for f in (path / "new").iterdir())


def private(path, text):
    path.write_text(text)
    path.chmod(0o600)
    return path


# --- poplib


def test_poplib(lab, box):
    p = poplib.POP3("127.0.0.1", lab.port("pop3"), timeout=PATIENCE)
    try:
        assert "PIPELINING" in p.capa()
        p.user("alice")
        p.pass_(lab.users["alice"])
        assert p.stat()[0] == len(MAILS)
        assert len(p.list()[1]) == len(p.uidl()[1]) == len(MAILS)
        for n, mail in enumerate(MAILS, 1):
            reply, lines, octets = p.retr(n)
            wanted = wire_form(mail)
            assert b"".join(line + b"\r\n" for line in lines) == wanted
            assert reply == b"+OK %d octets" % len(wanted)
            assert p.top(n, 0)[0] == b"+OK"
        p.dele(1)
        p.rset()
        p.noop()
        for n in range(1, len(MAILS) + 1):
            p.dele(n)
        assert p.quit().startswith(b"+OK")
    finally:
        p.close()
    assert box.names() == []


# --- curl


@pytest.mark.parametrize("options", [
    [], ["--login-options", "AUTH=PLAIN"], ["--login-options", "AUTH=LOGIN"],
    ["--login-options", "AUTH=PLAIN", "--sasl-ir"],
    ["--login-options", "AUTH=LOGIN", "--sasl-ir"],
], ids=["default", "plain", "login", "plain-ir", "login-ir"])
def test_curl(lab, box, tmp_path, options):
    need("curl")
    curl = ["curl", "-sS", "--user", f"alice:{lab.users['alice']}", *options]
    url = f"pop3://127.0.0.1:{lab.port('pop3')}/"
    listed = run(*curl, url, home=tmp_path)
    assert len(listed.splitlines()) == len(MAILS)
    for n in (1, 4):
        assert run(*curl, f"{url}{n}", home=tmp_path) == \
            wire_form(MAILS[n - 1])
    top = run(*curl, "-X", "TOP 1 0", url, home=tmp_path)
    assert top == wire_form(MAILS[0].split(b"\n\n")[0] + b"\n\n")
    run(*curl, "-X", "DELE 1", "-I", url, home=tmp_path)
    assert len(box.names()) == len(MAILS) - 1


# --- mpop


@pytest.mark.parametrize("auth", ["user", "plain", "login"])
@pytest.mark.parametrize("pipelining", ["on", "off", "auto"])
def test_mpop(lab, box, tmp_path, auth, pipelining):
    need("mpop")
    got = maildir(tmp_path / "got")
    args = ["mpop", "--host=127.0.0.1", f"--port={lab.port('pop3')}",
            "--user=alice", f"--passwordeval=echo {lab.users['alice']}",
            "--tls=off", f"--auth={auth}", f"--pipelining={pipelining}",
            f"--delivery=maildir,{got}", "--received-header=off",
            f"--uidls-file={tmp_path}/uidls"]
    run(*args, "--keep=on", home=tmp_path)
    assert contents(got) == sorted(MAILS)
    # Seen once, not fetched again; then removed.
    run(*args, "--keep=on", home=tmp_path)
    assert len(contents(got)) == len(MAILS)
    run(*args, "--keep=off", "--only-new=off", home=tmp_path)
    assert box.names() == []


# --- fetchmail


def without_trace(message):
    """fetchmail adds its own fields on top."""
    while message[:9].lower() == b"received:":
        lines = message.split(b"\n")
        end = next(i for i in range(1, len(lines))
                   if lines[i][:1] not in (b" ", b"\t"))
        message = b"\n".join(lines[end:])
    return message


@pytest.mark.parametrize("auth", ["any", "password"])
def test_fetchmail(lab, box, tmp_path, auth):
    need("fetchmail")
    rc = private(tmp_path / "rc", (
        f'defaults protocol pop3\n'
        f'poll 127.0.0.1 port {lab.port("pop3")} auth {auth} uidl\n'
        f'  user alice password "{lab.users["alice"]}" sslproto ""\n'
        f'  no rewrite mda "cat >\'{tmp_path}\'/`date +%N`"\n'))
    args = ["fetchmail", "-f", rc, "-i", tmp_path / "ids", "--nosyslog",
            "--invisible", "--pidfile", tmp_path / "pid"]

    def got():
        return sorted(f for f in tmp_path.iterdir() if f.name.isdigit())

    run(*args, "--keep", home=tmp_path)
    assert len(got()) == len(MAILS)
    for f, mail in zip(sorted(without_trace(f.read_bytes()) for f in got()),
                       sorted(MAILS)):
        assert f.replace(b"\r\n", b"\n") == mail
    r = subprocess.run([*map(str, args), "--keep"], capture_output=True,
                       env={"PATH": os.environ["PATH"],
                            "FETCHMAILHOME": str(tmp_path)},
                       timeout=2 * PATIENCE, check=False)
    assert r.returncode == 1, r  # no new mail
    run(*args, "--fetchall", "--nokeep", home=tmp_path)
    assert box.names() == []


# --- getmail


@pytest.fixture
def home_of(nobody):
    """A home directory of somebody who is not root."""
    home = open_dir()
    yield lambda: chown_all(home, nobody)
    shutil.rmtree(home)


def chown_all(top, uid):
    if uid is not None:
        for path in (top, *top.rglob("*")):
            os.chown(path, uid, uid)
    return top


def test_getmail(lab, box, home_of, nobody):
    """It does not deliver as root."""
    need("getmail")
    home = home_of()
    got = maildir(home / "got")
    rc = private(home / "getmailrc", (
        f"[retriever]\ntype = SimplePOP3Retriever\nserver = 127.0.0.1\n"
        f"port = {lab.port('pop3')}\nusername = alice\n"
        f"password = {lab.users['alice']}\n"
        f"[destination]\ntype = Maildir\npath = {got}/\n"
        f"[options]\nread_all = false\nreceived = false\n"
        f"delivered_to = false\ndelete = false\n"))
    home_of()
    args = [*as_uid(nobody), shutil.which("getmail"),
            f"--getmaildir={home}", f"--rcfile={rc}"]
    run(*args, home=home)
    assert len(contents(got)) == len(MAILS)
    run(*args, home=home)
    assert len(contents(got)) == len(MAILS)
    run(*args, "--delete", home=home)
    assert box.names() == []


# --- mutt and s-nail


def test_mutt(lab, box, tmp_path):
    need("mutt")
    rc = private(tmp_path / "rc", (
        f'set pop_pass="{lab.users["alice"]}"\nset pop_checkinterval=0\n'
        f'set ssl_starttls=no\nset ssl_force_tls=no\n'
        f'set pop_reconnect=no\nset mbox_type=Maildir\nset confirmappend=no\n'
        f'set confirmcreate=no\nset delete=yes\nset auto_tag=no\n'
        f'set pop_delete=yes\nset record=""\nset message_cachedir=""\n'
        f'set wait_key=no\nset quit=yes\nset folder={tmp_path}\n'))
    drawn = in_terminal(
        ["mutt", "-n", "-F", rc, "-f",
         f"pop://alice@127.0.0.1:{lab.port('pop3')}/", "-e",
         f'push "<tag-pattern>.<enter><tag-prefix><copy-message>'
         f'{tmp_path}/out<enter><tag-prefix><delete-message><quit>"'],
        tmp_path)
    out = tmp_path / "out"
    files = [f for sub in ("new", "cur") if (out / sub).is_dir()
             for f in (out / sub).iterdir()]
    assert len(files) == len(MAILS), drawn[-3000:]
    text = b"".join(f.read_bytes() for f in files)
    assert b"Hello.\n" in text and b"\n..\n...\n.a\n" in text
    assert box.names() == [], drawn[-3000:]


def test_s_nail(lab, box, tmp_path):
    need("s-nail")
    r = subprocess.run(
        ["s-nail", "-n", "-S", "v15-compat", "-S", "tls-verify=ignore",
         "-S", "pop3-no-apop", "-f",
         f"pop3://alice:{lab.users['alice']}@127.0.0.1:{lab.port('pop3')}"],
        input=f"copy 1-{len(MAILS)} {tmp_path}/out\nxit\n".encode(),
        capture_output=True, cwd=tmp_path, timeout=2 * PATIENCE,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)}, check=False)
    assert r.returncode == 0, r
    text = (tmp_path / "out").read_bytes()
    assert text.count(b"\nSubject: ") + text.startswith(b"Subject: ") == \
        len(MAILS), r
    assert len(box.names()) == len(MAILS)
