"""aliases(5), domains, forwards and limits: what the tools read and write, and
what a running suite makes of it."""

import json
import os
import shutil
import subprocess
import time

import pytest

import suite
from tools import DOMAIN, Conf

USAGE, DATAERR, CONFIG = 64, 65, 78


@pytest.fixture
def conf():
    c = Conf()
    yield c
    c.close()


@pytest.fixture
def users(conf):
    conf.write("domains", DOMAIN)
    conf.write("users", "# who", f"alice@{DOMAIN} tags=no  # first",
               f"bob@{DOMAIN}")
    return conf


def text(conf, name):
    return (conf.dir / name).read_text()


def listed(conf):
    found = json.loads(conf("user", "list", "--json").stdout)
    return {u["user"]: u for u in found}


# --- domains

def test_kinds_of_domains(conf):
    conf("domain", "add", DOMAIN)
    conf("domain", "add", "b.example", "alias", DOMAIN.upper())
    conf("domain", "add", "relay.example", "relay")
    conf("domain", "add", "listed.example", "relay", "listed")
    assert text(conf, "domains") == (
        f"{DOMAIN} virtual\nb.example alias {DOMAIN}\n"
        "relay.example relay\nlisted.example relay listed\n")
    for words, said in (
            (("alias",), 'found "alias"'), (("alias", "a_b"), "alias a_b"),
            (("alias", "nosuch.example"), "wanted a domain of ours"),
            (("alias", "b.example"), "wanted a domain of ours"),
            (("relay", "some"), 'found "relay some"')):
        r = conf("domain", "add", "c.example", *words, status=DATAERR)
        assert said in r.stderr
    conf("user", "add", "X@listed.example")  # asks for no password
    assert text(conf, "users") == "x@listed.example\n"
    assert listed(conf)["x@listed.example"]["kind"] == "relay"
    assert "of kind alias" in conf(
        "user", "add", "x@b.example", status=DATAERR).stderr
    assert "of kind relay" in conf(
        "user", "add", "x@relay.example", status=DATAERR).stderr
    found = {d["domain"]: (d["kind"], d["names"]) for d in json.loads(
        conf("domain", "list", "--json").stdout)}
    assert found["listed.example"] == ("relay listed", 1)
    assert found["b.example"] == (f"alias {DOMAIN}", 0)
    assert "b.example" in conf(
        "domain", "del", DOMAIN, status=DATAERR).stderr
    assert "x@listed.example" in conf(
        "domain", "del", "listed.example", status=DATAERR).stderr
    assert "Maildir" not in conf("user", "del", "x@listed.example").stdout
    conf("domain", "del", "b.example")
    conf("domain", "del", DOMAIN)


# --- quotas

def test_quota(users):
    alice, bob = f"alice@{DOMAIN}", f"bob@{DOMAIN}"
    users("user", "quota", alice, "1G")
    users("user", "quota", bob, "1536k", "1000")
    assert text(users, "users") == (
        f"# who\n{alice} quota=1G tags=no\n{bob} quota=1536k messages=1000\n")
    assert users("user", "quota", bob).stdout == "quota=1536k messages=1000\n"
    users("user", "quota", bob, "default", "5")
    assert users("user", "quota", bob).stdout == "messages=5\n"
    users("user", "quota", "nobody", "0")
    found = listed(users)
    assert (found[alice]["quota"], found[alice]["tags"]) == (1 << 30, False)
    assert (found[bob]["quota"], found[bob]["quota-messages"]) == (None, 5)
    assert (found["nobody"]["kind"], found["nobody"]["quota"]) == ("unix", 0)
    lines = users("user", "list").stdout.splitlines()
    assert lines[0].endswith("/alice/Maildir quota=1g tags=no")
    users("user", "quota", "nobody", "default")
    users("user", "quota", bob, "default", "default")
    assert text(users, "users").endswith(f"\n{bob}\n")
    for words in (("5q",), ("1g", "many"), ("-1",)):
        before = text(users, "users")
        said = users("user", "quota", alice, *words, status=DATAERR).stderr
        assert f'found "{words[-1]}"' in said
        assert text(users, "users") == before
    assert "nearest" in users(
        "user", "quota", f"alic@{DOMAIN}", "1g", status=DATAERR).stderr


# --- forwards

def test_forward(users):
    alice, bob = f"alice@{DOMAIN}", f"bob@{DOMAIN}"
    users.write("forwards", "# theirs", f"{alice}: x@y.example,",
                "   z@y.example  # and more", f"{bob}: a@b.example")
    users("user", "forward", "--keep", alice, bob, 'q@y.example',
          '|/bin/cat -a, "b c"')
    assert text(users, "forwards") == (
        f'# theirs\n{alice}: {bob}, q@y.example, '
        f'"|/bin/cat -a, \\"b c\\"", \\{alice}\n{bob}: a@b.example\n')
    shown = [bob, "q@y.example", '"|/bin/cat -a, \\"b c\\""', f"\\{alice}"]
    assert users("user", "forward", alice).stdout.splitlines() == shown
    assert listed(users)[alice]["forward"] == shown
    assert f" forward: {', '.join(shown)}\n" in users("user", "list").stdout
    users("user", "forward", bob, "--remove")
    assert bob not in text(users, "forwards").replace(f"{bob},", "")
    users("user", "forward", "nobody", "/var/mail/elsewhere")
    assert listed(users)["nobody"]["forward"] == ["/var/mail/elsewhere"]
    users("user", "del", alice)
    assert text(users, "forwards") == "# theirs\nnobody: /var/mail/elsewhere\n"


@pytest.mark.parametrize("members,status,said", [
    (["a b"], DATAERR, 'found "a b"'),
    ([f"bob@{DOMAIN}"], DATAERR, "leads into a circle"),
    (["a@b.example,c@d.example"], DATAERR, "wanted one member in each"),
    (["error:550 x", "a@b.example"], DATAERR, "nothing beside error:"),
    ([":include:x"], DATAERR, "absolute path"),
    (["--keep"], USAGE, "wanted members beside --keep"),
    (["--remove", "x"], USAGE, "wanted fewer arguments"),
    (["--force", "x"], USAGE, '"--force"'),
])
def test_forward_that_cannot_be(users, members, status, said):
    users.write("forwards", f"bob@{DOMAIN}: alice@{DOMAIN}")
    before = text(users, "forwards")
    r = users("user", "forward", f"alice@{DOMAIN}", *members, status=status)
    assert said in r.stderr
    assert text(users, "forwards") == before


# --- what cannot be

def test_unix_users(users):
    """They are known by their names, and must be there."""
    for words in (("quota", "nosuchuser", "2g"),
                  ("forward", "nosuchuser", "a@b.example")):
        said = users("user", *words, status=DATAERR).stderr
        assert 'a Unix user, found "nosuchuser"' in said
    users.write("domains", DOMAIN, "host.example unix")
    users("user", "quota", "nobody@host.example", "5k")
    assert text(users, "users").endswith("\nnobody quota=5k\n")
    for name in ("nobody", "nobody@host.example"):
        assert users("user", "quota", name).stdout == "quota=5k\n"
        [row] = json.loads(users("quota", "--json", name).stdout)
        assert (row["account"], row["quota-bytes"]) == ("nobody", 5 << 10)
    users("quota", "nosuchuser", status=DATAERR)
    users.write("users", "nosuchuser quota=1k")
    said = users("apply").stderr
    assert 'no Unix user "nosuchuser"' in users("quota").stderr  # and goes on
    assert 'user "nosuchuser": there is no such Unix user' in said
    users("user", "quota", "nosuchuser", "default")  # it may go
    assert text(users, "users") == ""


def test_inline_accounts_are_not_edited(users):
    """A line in the file beside them would be a mistake for ever after."""
    new = f"newu@{DOMAIN}"
    users.write("postrider.conf", *users.lines,
                f"lookup users inline:{{{new}=OK}}",
                "lookup domains inline:{in.example=virtual}")
    before = text(users, "users")
    for words in (("user", "quota", new, "5k"), ("user", "del", new),
                  ("user", "forward", new, "a@b.example"),
                  ("domain", "del", "in.example")):
        said = users(*words, status=DATAERR).stderr
        assert "postrider.conf, not in the file" in said, words
    assert text(users, "users") == before
    assert not (users.dir / "forwards").exists()
    users("apply")


def test_what_cannot_be_applied_is_put_back(users):
    users("apply")
    users.state.joinpath("tables.cdb").unlink()
    users.state.joinpath("tables.cdb").mkdir()  # no table takes its place
    users.write("passwords")
    names = ("users", "domains", "passwords")
    before = [text(users, n) for n in names]
    for words, data in ((("domain", "add", "new.example"), ""),
                        (("user", "quota", f"alice@{DOMAIN}", "1g"), ""),
                        (("user", "forward", f"bob@{DOMAIN}", "a@b.example"),
                         ""),
                        (("user", "del", f"bob@{DOMAIN}"), ""),
                        (("user", "add", f"new@{DOMAIN}"), "secret word\n"),
                        (("relay", "add", "mx.example", "me"), "secret\n")):
        r = subprocess.run(users.argv(*words), input=data, text=True,
                           capture_output=True, env=users.environ,
                           timeout=suite.PATIENCE)
        assert r.returncode != 0, words
        assert "what was edited is put back" in r.stderr, (words, r.stderr)
        assert [text(users, n) for n in names] == before, words
        assert not (users.dir / "forwards").exists()
        assert not (users.dir / "relay-passwords").exists()


@pytest.mark.parametrize("line,said", [
    ("srs-domain elsewhere.example", "srs-domain: wanted a domain of the file"),
    ("tag-separators +x", "tag-separators: wanted signs"),
    ("command_time_limit 5m", "here it is pipe-timeout"),
])
def test_options_that_cannot_be(users, line, said):
    users.write("postrider.conf", *users.lines, line)
    assert said in users("apply", status=CONFIG).stderr


def test_files_that_others_write(users):
    users("apply")
    assert "writable" not in users("apply").stderr
    (users.dir / "users").chmod(0o666)
    said = users("apply").stderr
    assert f"{users.dir}/users: warning: wanted writable for its owner" in said


def test_mail_name_without_unix_users(users):
    said = "what Unix users and cron send"
    assert said not in users("apply").stderr
    users.write("domains", DOMAIN, "host.example unix")
    assert said in users("apply").stderr


def test_config_shows_lines(users):
    users.write("postrider.conf", *users.lines,
                f"lookup users inline:{{a@{DOMAIN}=OK}}",
                "sender-route a@b.example [192.0.2.1]")
    said = users("config").stdout
    assert f"inline:{{a@{DOMAIN}=OK}}\n" in said
    assert users("config", "sender-route", "A@b.example").stdout == \
        "[192.0.2.1]\n"
    assert "lookup users" in users("config", "lookup").stdout


# --- the system's aliases

def test_system_aliases(users):
    """A mistake in what other packages write is told, and its line left out."""
    system = users.base / "aliases"
    system.write_text("root: alice@example.org\nnonsense\na: b\nb: a\n")
    users.write("postrider.conf", *users.lines, f"system-aliases {system}")
    said = users("apply").stderr
    assert f"{system}:2: warning: wanted \"name: member, member\"" in said
    assert f'{system}:3: warning: alias "a@{DOMAIN}" leads into a circle' \
        in said
    said = users.sendmail("-bi", name="newaliases")
    assert said.returncode == 0


def test_user_mode_does_not_read_the_hosts_aliases(users):
    tracer = shutil.which("strace")
    if tracer is None or suite.SAN:
        pytest.skip("needs strace")
    trace = users.base / "trace"
    for lines, reads in (((), False), (("system-aliases",), False),
                         (("system-aliases /etc/aliases",), True)):
        users.write("postrider.conf", *users.lines, *lines)
        subprocess.run([tracer, "-f", "-qq", "-o", trace, "-e", "trace=openat",
                        *users.argv("apply")], env=users.environ, check=True,
                       capture_output=True, timeout=suite.PATIENCE)
        assert ('"/etc/aliases"' in trace.read_text()) == reads


# --- what is not in force yet

def test_status_tells_what_changed_since_apply(users):
    users("apply")

    def said():
        r = subprocess.run(users.argv("status"), env=users.environ,
                           capture_output=True, text=True,
                           timeout=suite.PATIENCE)
        return r.stdout + r.stderr

    assert "changed since" not in said()
    (users.dir / "aliases.d").mkdir()
    for name in ("users", "aliases", f"aliases.d/{DOMAIN}", "rewrite",
                 "forwards", "postrider.conf"):
        path = users.dir / name
        path.touch()
        later = time.time_ns() + 10 ** 9
        os.utime(path, ns=(later, later))
        assert f"{path} has changed since apply" in said(), name
        os.utime(path, ns=(0, 0))
        assert "changed since" not in said()


# --- the ceiling

def test_a_list_of_ten_thousand(users):
    members = [f"m{n}@elsewhere.example" for n in range(10000)]
    users.write("aliases", "list: " + ",\n  ".join(members))
    before = time.monotonic()
    assert "warning: alias" not in users("apply").stderr
    assert time.monotonic() - before < (30 if suite.SAN else 3)


# --- a running suite

def test_delivered_by_aliases():
    lab = suite.Lab().start()
    try:
        d = lab.domain
        (lab.conf / "domains").write_text(
            f"{d} virtual\nother.example alias {d}\n")
        (lab.conf / "aliases").write_text(
            f"root: alice@{d}\nstaff: alice@{d},\n\tbob@{d}, staff@{d}\n"
            f"@{d}: bob@{d}\ngone: \"error:550 5.1.6 moved, far away\"\n")
        (lab.conf / "aliases.d").mkdir()
        (lab.conf / f"aliases.d/{d}").write_text("sales: alice\n")
        r = lab.postrider("apply")
        assert r.returncode == 0, r.stderr
        with lab.smtp() as s:
            s.ehlo()
            s.ok("MAIL FROM:<x@y.example>")
            for to in (f"staff@{d}", "STAFF@other.example", f"sales@{d}",
                       "whoever@other.example"):
                s.ok(f"RCPT TO:<{to}>")
            r = s.ok(f"RCPT TO:<gone@{d}>", 550)
            assert "5.1.6" in str(r) and "moved, far away" in str(r)
            assert s.data(b"Subject: to all\r\n\r\nhello\r\n").code == 250
        for user in ("alice", "bob"):
            lab.wait_files(user, 1)
        lab.wait_idle()
        assert [len(lab.files(u)) for u in ("alice", "bob")] == [1, 1]
    finally:
        lab.close()
