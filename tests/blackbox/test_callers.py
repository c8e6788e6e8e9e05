"""The programs of Debian that call sendmail, and their exact calls."""

import email
import email.policy
import os
import pty
import select
import subprocess
import time

import pytest

import callers
import suite

ROOT = pytest.mark.skipif(
    os.getuid() != 0 or suite.SAN or not callers.unpacked(),
    reason="wants namespaces, the packages, and programs without sanitizers")
UNPRIVILEGED = 65534


def parsed(path):
    return email.message_from_bytes(path.read_bytes(),
                                    policy=email.policy.default)


def body(m):
    return m.get_content().replace("\r\n", "\n")


# --- the programs themselves

@pytest.fixture
def root(lab):
    one = callers.Root(lab)
    yield one
    one.close()


@pytest.fixture
def bob(lab):
    return lab.address("bob")


def ran(result):
    status, said = result
    assert status == 0, said
    return said


def got(lab, user="bob", n=1):
    """The one message of a mailbox."""
    found = [parsed(f) for f in lab.wait_files(user, n)]
    for m in found:
        for name in ("From", "Date", "Message-ID", "Return-Path"):
            assert len(m.get_all(name)) == 1, name
        assert m["Bcc"] is None
    lab.wait_idle()
    return found[0]


@ROOT
@pytest.mark.parametrize("to", ["bob", "root"])
def test_cron(root, lab, bob, to):
    root.directory("/var/spool/cron/crontabs", 0o1730)
    mailto = bob if to == "bob" else "root"
    root.put("/etc/cron.d/test", f"MAILTO={mailto}\n"
             "@reboot root printf 'hello\\n.\\n\\303\\266\\n'\n")
    with root.popen("exec cron -f -L 15") as p:
        try:
            # root is the first user's by an alias.
            m = got(lab, "bob" if to == "bob" else "alice")
        finally:
            p.kill()
    assert m["From"].addresses[0].addr_spec == f"root@{lab.domain}"
    assert m["Subject"].startswith("Cron <root@")
    assert body(m) == "hello\n.\n\u00f6\n"


@ROOT
def test_at(root, lab):
    for place in ("atjobs", "atspool"):
        root.directory(f"/var/spool/cron/{place}", 0o1770, 1)
    root.put("/var/spool/cron/atjobs/.SEQ", "0", 0o600, 1)
    root.put("/etc/at.deny", "")
    with root.popen("echo 'echo hello; echo .' | at -m now;"
                    "exec atd -f -b 1 -l 100",
                    stderr=subprocess.DEVNULL) as p:
        try:
            m = got(lab, "alice")
        finally:
            p.kill()
    assert m["Subject"].startswith("Output from your job")
    assert body(m) == "hello\n.\n"


@ROOT
def test_anacron(root, lab, bob):
    root.put("/etc/anacrontab.test",
             f"MAILTO={bob}\nSHELL=/bin/sh\n1 0 job echo hello\n")
    root.directory("/var/spool/anacron")
    ran(root.run("anacron -d -f -n -t /etc/anacrontab.test "
                 "-S /var/spool/anacron job"))
    m = got(lab)
    assert m["From"].addresses[0].display_name == "Anacron"
    assert m["Subject"].startswith("Anacron job 'job'")
    assert body(m) == "hello\n"


@ROOT
def test_mutt(root, lab, bob):
    alice = lab.address("alice")
    settings = (f"set from={alice}; set use_envelope_from; set copy=no;"
                "set dsn_notify=failure,delay; set dsn_return=hdrs")
    ran(root.run(f"mutt -F /dev/null -n -e '{settings}' -s subject "
                 f"-b {alice} -- {bob}", data=b"hello\n.\n\xc3\xb6\n"))
    m = got(lab)
    assert m["Return-Path"] == f"<{alice}>"
    assert body(m) == "hello\n.\n\u00f6\n"
    assert got(lab, "alice")["To"] == bob


@ROOT
def test_mutt_bounces(root, lab, bob):
    """Sent again by ^B: the Resent- fields are mutt's, and whole."""
    root.put("/var/tmp/box", "From a@b Mon Jan  1 00:00:00 2024\n"
             "From: a@b\nTo: c@d\nDate: Mon, 1 Jan 2024 00:00:00 +0000\n"
             "Message-ID: <x@y>\nSubject: old\n\nhello\n", 0o666)
    ran(root.run(
        f"script -qec \"mutt -F /dev/null -n -e 'set quit=yes; set "
        f"from={lab.address('alice')}; push <bounce-message>{bob}<enter>y"
        "<quit>' -f /var/tmp/box\" /dev/null </dev/null"))
    m = got(lab)
    assert m["From"] == "a@b" and m["Subject"] == "old"
    assert m["Resent-To"] == bob
    for name in ("Resent-From", "Resent-Date", "Resent-Message-ID"):
        assert len(m.get_all(name)) == 1


@ROOT
@pytest.mark.parametrize("uid", [None, UNPRIVILEGED])
def test_mailx(root, lab, bob, uid):
    ran(root.run(f"cd /tmp; bsd-mailx -s subject -c {lab.address('alice')} "
                 f"{bob}", uid, b"hello\n"))
    m = got(lab)
    assert m["Subject"] == "subject" and body(m).strip() == "hello"
    login = "root" if uid is None else "nobody"
    assert m["Return-Path"] == f"<{login}@{lab.domain}>"
    got(lab, "alice")


@ROOT
def test_smartd(root, lab, bob):
    """It calls /usr/bin/mail, which is one of the two."""
    ran(root.run(f"bsd-mailx -s 'SMART error' {bob} <<EOF\nhello\nEOF"))
    assert got(lab)["Subject"] == "SMART error"


@ROOT
def test_s_nail(root, lab, bob):
    alice = lab.address("alice")
    ran(root.run(f"s-nail -s subject -S mta=/usr/sbin/sendmail -r {alice} "
                 f"-b {alice} {bob}", data=b"hello\n"))
    m = got(lab)
    assert m["Return-Path"] == f"<{alice}>" and m["From"] == alice
    got(lab, "alice")


@ROOT
@pytest.mark.parametrize("envelope", [False, True])
def test_git_send_email(root, lab, bob, envelope):
    alice = lab.address("alice")
    root.put("/root/0001.patch", "From 1234567890123456789012345678901234567890"
             f" Mon Sep 17 00:00:00 2001\nFrom: Al <{alice}>\n"
             "Date: Sun, 22 Nov 2026 18:15:15 +0000\n"
             f"Subject: [PATCH] a change\n\ntext\n---\n a | 1 +\n.\n")
    more = f"--envelope-sender={alice}" if envelope else ""
    said = ran(root.run(
        f"cd /root && git send-email --confirm=never {more} --to={bob} "
        f"--from='Al <{alice}>' --suppress-cc=all 0001.patch"))
    assert "Result: OK" in said
    m = got(lab)
    sender = alice if envelope else f"root@{lab.domain}"
    assert m["Return-Path"] == f"<{sender}>"
    assert body(m).endswith("+\n.\n")


@ROOT
def test_php(root, lab, bob):
    alice = lab.address("alice")
    said = ran(root.run(
        f"""php8.2 -n -r 'var_dump(mail("{bob}", "subject",
        "one\\ntwo\\r\\nthree\\n.\\nend", "From: web@{lab.domain}\\r\\n" .
        "Bcc: {alice}\\nX-Last: y", "-f{alice}"));'"""))
    assert "bool(true)" in said
    m = got(lab)
    assert m["Return-Path"] == f"<{alice}>"
    assert m["X-Last"] == "y" and m["From"] == f"web@{lab.domain}"
    assert body(m) == "one\ntwo\nthree\n.\nend\n"
    got(lab, "alice")


@ROOT
def test_php_hears_of_failure(root, lab):
    said = ran(root.run(
        """php8.2 -n -r 'var_dump(mail("nobody-at-all", "s", "b"));'"""))
    assert "bool(false)" in said


@ROOT
def test_logwatch(root, lab, bob):
    root.put("/var/log/dpkg.log", time.strftime(
        "%Y-%m-%d 00:00:01 install logwatch:all <none> 7.7-1\n"
        "%Y-%m-%d 00:00:02 status installed logwatch:all 7.7-1\n"))
    ran(root.run("mkdir -p /var/cache/logwatch; logwatch --output mail "
                 f"--mailto {bob} --range today --service dpkg"))
    m = got(lab)
    assert m["Subject"].startswith("Logwatch for ")
    assert "logwatch:all 7.7-1" in body(m)


@ROOT
def test_procmail(root, lab, bob):
    root.put("/root/rc", f":0 w\n! {bob}\n")
    ran(root.run("procmail -m /root/rc", data=(
        b"From a@b Mon Jan  1 00:00:00 2024\nFrom: a@b\nSubject: s\n\n"
        b"hello\n.\nend\n")))
    assert body(got(lab)) == "hello\n.\nend\n\n"


@ROOT
def test_maildrop(root, lab, bob):
    root.put("/root/filter", f'to "!{bob}"\n', 0o600)
    ran(root.run("HOME=/root maildrop /root/filter",
                 data=b"From: a@b\nSubject: s\n\nhello\n.\nend\n"))
    m = got(lab)
    assert m["Return-Path"] == "<>" and body(m) == "hello\n.\nend\n"


@ROOT
def test_sudo(root, lab, bob):
    root.put("/etc/sudoers", f'Defaults mail_always, mailto="{bob}"\n'
             "root ALL=(ALL) ALL\n", 0o440)
    # It mails at the beginning and at the end, from a process of its own.
    with root.popen("sudo true; exec sleep 60") as p:
        try:
            m = got(lab, n=2)
        finally:
            p.kill()
    assert m["Subject"].startswith("*** SECURITY information for ")
    assert "COMMAND=/usr/bin/true" in body(m)


class Screen:
    """A program that draws, at the other end of a terminal."""

    def __init__(self, fd):
        self.fd, self.drawn = fd, b""

    def wait(self, text, quiet=0.5):
        """Until it has drawn text, and then draws no more."""
        end = time.monotonic() + suite.PATIENCE
        while time.monotonic() < end:
            if select.select([self.fd], [], [], quiet)[0]:
                try:
                    self.drawn += os.read(self.fd, 65536).replace(b"\0", b"")
                except OSError:
                    break
            elif text in self.drawn:
                self.drawn = b""
                return
        assert text in self.drawn, self.drawn

    def type(self, text):
        os.write(self.fd, text)


@ROOT
def test_alpine(root, lab, bob):
    """It speaks SMTP with "sendmail -bs -odb -oem"."""
    root.put("/root/.pinerc", f"user-domain={lab.domain}\nuser-id=root\n"
             'smtp-server=\ndefault-fcc=""\n'
             "feature-list=quell-user-lookup-in-passwd-file\n")
    ours, its = pty.openpty()
    with root.popen("stty rows 24 cols 80; exec alpine -p /root/.pinerc "
                    f"{bob}", stdin=its, stdout=its, stderr=its) as p:
        os.close(its)
        screen = Screen(ours)
        try:
            screen.wait(b"COMPOSE MESSAGE")
            screen.type(b"\x18")
            screen.wait(b"Send message")
            screen.type(b"y")
            m = got(lab)
        finally:
            p.kill()
            os.close(ours)
    assert m["To"] == bob
    assert m["From"].addresses[0].addr_spec == f"root@{lab.domain}"


@ROOT
def test_callers_while_it_is_down(make_lab):
    """Their mail comes when it is back, and none of them has failed."""
    lab = make_lab(via="inetd-wait")
    lab.stop()
    root = callers.Root(lab)
    try:
        bob = lab.address("bob")
        ran(root.run(f"bsd-mailx -s one {bob}", data=b"hello\n"))
        assert "bool(true)" in ran(root.run(
            f"""php8.2 -n -r 'var_dump(mail("{bob}", "two", "hello"));'""",
            UNPRIVILEGED))
    finally:
        root.close()
    lab.restart()
    found = [parsed(f) for f in lab.wait_files("bob", 2)]
    assert sorted(m["Subject"] for m in found) == ["one", "two"]
    assert sorted(m["Return-Path"] for m in found) == [
        f"<nobody@{lab.domain}>", f"<root@{lab.domain}>"]


# --- exact calls of those that want more than their package to run

TEXT = "To: {bob}\nSubject: {name}\n"
CALLS = {
    "systemd-cron": (("-i", "-B8BITMIME", "{bob}"),
                     "Content-Transfer-Encoding: 8bit\n\n\u00f6\n.\nend\n"),
    "unattended-upgrades": (("-oi", "-t"), "From: root\n"
                            "Auto-Submitted: auto-generated\n"
                            "MIME-Version: 1.0\n\nhello\n.\nend\n"),
    "apt-listchanges": (("-oi", "-t"), "Auto-Submitted: auto-generated\n"
                        "MIME-Version: 1.0\nFrom: root@{domain}\n\nx\n"),
    "mdadm": (("-t",), "From: mdadm monitoring <root@{domain}>\n\n"
              "This is an automatically generated mail message.\n"),
    "fail2ban": (("-f", "{alice}", "{bob}"), "Date: Sun, 22 Nov 2026 "
                 "18:15:15 +0000\nFrom: Fail2Ban <{alice}>\n\nHi,\n"),
    "fail2ban with brackets": (("-f", "<{alice}>", "<{bob}>"), "\nHi,\n"),
    "reportbug": (("-t", "-oi", "-oem"), "X-Debbugs-Cc: x\n\nPackage: y\n"),
    "devscripts": (("-t",), "\nclose 1\nthanks\n"),
    "mailman": (("-f", "{alice}", "-oi", "{bob}"), "\nhello\n.\nend\n"),
    "sqwebmail": (("-oi", "-t", "-f", "{alice}",
                   "-Nsuccess,delay,failure"), "\nhello\n"),
    "smartmontools": (("-t",), "\nhello\n"),
    "procmail": (("-oi", "{bob}"), "\nhello\n.\nend\n"),
    "maildrop": (("-oi", "-f", "", "{bob}"), "\nhello\n.\nend\n"),
    "cron": (("-FCronDaemon", "-i", "-B8BITMIME", "-oem", "{bob}"),
             "From: root@{domain} (Cron Daemon)\n\n\u00f6\n.\n"),
    "anacron": (("-FAnacron", "-odi", "{bob}"), "\nhello\n"),
    "at": (("-i", "{bob}"), "\nhello\n.\n"),
    "mutt": (("-oem", "-oi", "-f", "{alice}", "-N", "failure,delay", "-R",
              "hdrs", "--", "{bob}"), "\nhello\n.\n"),
    "bsd-mailx": (("-i", "-f{alice}", "{bob}"), "\nhello\n.\n"),
    "s-nail": (("-i", "-r", "{alice}", "--", "{bob}"), "\nhello\n.\n"),
    "git": (("-f", "{alice}", "-i", "{bob}"), "\n---\n.\n"),
    "PHP": (("-t", "-i", "-f{alice}"), "X: y\r\n\none\r\ntwo\n.\n"),
}


@pytest.mark.parametrize("name", CALLS)
def test_call(lab, name):
    args, text = CALLS[name]
    words = {"alice": lab.address("alice"), "bob": lab.address("bob"),
             "domain": lab.domain, "name": name}
    text = (TEXT + text).format(**words)
    r = lab.sendmail(*(a.format(**words) for a in args), data=text.encode())
    assert (r.returncode, r.stdout, r.stderr) == (0, b"", b"")
    stored = lab.wait_files("bob", 1)[0].read_bytes()
    wanted = text.partition("\n\n")[2].replace("\r\n", "\n").encode()
    if not {"-i", "-oi", "-ti"} & set(args):
        wanted = wanted.partition(b"\n.\n")[0]
    assert stored.partition(b"\n\n")[2].rstrip(b"\n") == wanted.rstrip(b"\n")
    m = got(lab)
    assert m["Subject"] == name
    if any("{alice}" in a for a in args):
        assert m["Return-Path"] == f"<{lab.address('alice')}>"


# --- what came by UUCP

def test_rmail(lab):
    r = subprocess.run(
        ["rmail", "-C", lab.dir / "state/tables.cdb", lab.address("bob")],
        executable=suite.programs() / "sendmail", capture_output=True,
        env=lab.environ, timeout=suite.PATIENCE, input=(
            b"From uucp Sun Nov 22 18:15:15 2026 remote from near\n"
            b">From carl Sun Nov 22 18:15:15 2026 remote from far\n"
            b"From: carl@far.example\nSubject: s\n\nhello\n.\nend\n"))
    assert (r.returncode, r.stderr) == (0, b"")
    text = lab.wait_files("bob", 1)[0].read_bytes()
    assert text.startswith(b"Return-Path: <far!carl@near>\n")
    assert text.endswith(b"\n\nhello\n.\nend\n")
    assert b"remote from" not in text
    lab.wait_idle()
