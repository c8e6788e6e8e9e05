"""Reports of delivery: a strict reader of them, and bounce driven alone."""

import email
import email.policy
import os
import re
import socket
import struct
import subprocess
import tempfile

import jobs
import suite
import tools
from jobs import strings, text

STRICT = email.policy.default.clone(raise_on_defect=True)
ONCE = ("Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted",
        "MIME-Version", "Content-Type")
PER_MESSAGE = ["Original-Envelope-Id", "Reporting-MTA", "Received-From-MTA",
               "Arrival-Date"]
PER_RCPT = ["Original-Recipient", "Final-Recipient", "Action", "Status",
            "Remote-MTA", "Diagnostic-Code", "Last-Attempt-Date",
            "Will-Retry-Until"]
CLASSES = {"failed": "45", "delayed": "4", "delivered": "2", "relayed": "2",
           "expanded": "2"}
DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d? "
                  r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
                  r"\d\d:\d\d:\d\d \+0000")


def fields(block, known):
    """One group of fields as a dictionary; each once and of a known name."""
    found = {}
    for line in block.split("\n"):
        name, colon, value = line.partition(": ")
        assert colon and name in known and name not in found, line
        assert value == value.strip() and value, line
        found[name] = value
    return found


class Report:
    """Fails on whatever RFC 3464, 6522 or 6533 do not allow."""

    def __init__(self, data, trace=True):
        self.raw = data
        assert b"\r" not in data and b"\0" not in data
        assert max(map(len, data.split(b"\n"))) <= 998
        self.message = m = email.message_from_bytes(data, policy=STRICT)
        for name in ONCE:
            assert len(m.get_all(name, [])) == 1, name
        if trace:
            assert m["Return-Path"] == "<>"
        assert m.get_content_type() == "multipart/report"
        assert m.get_param("report-type") == "delivery-status"
        assert m["Auto-Submitted"] in ("auto-replied", "auto-generated")
        assert m["From"].startswith("Mail Delivery System <MAILER-DAEMON@")
        parts = list(m.iter_parts())
        assert len(parts) in (2, 3)
        assert parts[0].get_content_type() == "text/plain"
        self.text = parts[0].get_content()
        assert all(c.isprintable() or c == "\n" for c in self.text)
        self.words = " ".join(self.text.split())
        self.kind = parts[1].get_content_type()
        self.read_status(m.get_boundary())
        self.original = parts[2] if len(parts) == 3 else None
        for part in parts:
            if not part.as_bytes().isascii():
                assert m["Content-Transfer-Encoding"] == "8bit"

    def read_status(self, boundary):
        """The second part, from its bytes: Python parses one kind of it only."""
        part = self.raw.split(b"\n--" + boundary.encode())[2]
        head, _, body = part.partition(b"\n\n")
        if self.kind == "message/delivery-status":
            body = body.decode("ascii")
        else:
            assert self.kind == "message/global-delivery-status"
            assert b"Content-Transfer-Encoding: 8bit" in head
            body = body.decode()
        assert all(c.isprintable() or c == "\n" for c in body)
        first, *groups = body.rstrip("\n").split("\n\n")
        self.about = fields(first, PER_MESSAGE)
        assert self.about["Reporting-MTA"].startswith("dns; ")
        assert DATE.fullmatch(self.about["Arrival-Date"])
        self.rcpts = [fields(group, PER_RCPT) for group in groups]
        assert self.rcpts
        for rcpt in self.rcpts:
            for name in ("Original-Recipient", "Final-Recipient"):
                if name in rcpt or name == "Final-Recipient":
                    assert re.match(r"[^; ]+; [^ ]", rcpt[name])
            assert re.fullmatch(rf"[{CLASSES[rcpt['Action']]}]\.\d{{1,3}}\."
                                r"\d{1,3}", rcpt["Status"])
            for name in ("Last-Attempt-Date", "Will-Retry-Until"):
                assert DATE.fullmatch(rcpt.get(name, "")) or name not in rcpt
            if "Diagnostic-Code" in rcpt:
                assert re.match(r"(smtp; \d{3} |X-Postrider; )",
                                rcpt["Diagnostic-Code"])

    def rcpt(self):
        """The only one it is about."""
        [one] = self.rcpts
        return one

    def actions(self):
        return sorted((r["Action"], r["Final-Recipient"].split("; ")[1])
                      for r in self.rcpts)


def is_report(file):
    return b"report-type=delivery-status" in file.read_bytes()


def reports(lab, user="alice"):
    return [Report(f.read_bytes()) for f in lab.files(user) if is_report(f)]


def wait_reports(lab, n=1, user="alice"):
    suite.wait_for(lambda: len(list(filter(is_report, lab.files(user)))) >= n,
                   f"{n} reports for {user}")
    found = reports(lab, user)
    assert len(found) == n
    return found


def wait_report(lab, user="alice"):
    return wait_reports(lab, 1, user)[0]


# --- bounce alone

FAILED, DELAYED, DELIVERED, RELAYED, EXPANDED = range(1, 6)
FULL, HDRS = 1, 2
EIGHT, UTF8, REPORT, BINARY = 1, 2, 4, 8
OPEN, RCPT, BODY, FILE, _, COMMIT, QUEUED, REFUSED = range(8)


class Rcpt:
    """What queued says of a recipient."""

    def __init__(self, addr="bob@far.example", report=FAILED, **more):
        self.addr, self.report = addr, report
        self.code = more.get("code", 0)
        self.mta = more.get("mta", "")
        self.orcpt = more.get("orcpt", "")
        self.dsn = more.get("dsn", "5.1.1")
        self.text = more.get("text", "No such mailbox")
        self.until = more.get("until", 0)

    def encode(self, number, i):
        return jobs.rcpt(number, i, self.addr, report=self.report,
                         until=self.until, code=self.code, mta=self.mta,
                         orcpt=self.orcpt, dsn=self.dsn, text=self.text)


class Bounce:
    """A running bounce, with queued's ends of both of its channels."""

    def __init__(self, uid=None):
        self.uid = uid
        self.base = suite.open_dir()
        conf = tools.Conf()
        try:
            conf.write("postrider.conf", *conf.lines, "log stderr",
                       f"run-dir {self.base}")
            conf("apply")
            (self.base / "tables.cdb").write_bytes(conf.tables.read_bytes())
        finally:
            conf.close()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(str(self.base / "intake"))
        (self.base / "intake").chmod(0o777)
        self.listener.listen()
        self.listener.settimeout(suite.PATIENCE)
        self.sock, theirs = socket.socketpair(socket.AF_UNIX,
                                              socket.SOCK_SEQPACKET)
        self.sock.settimeout(suite.PATIENCE)
        self.stderr = tempfile.TemporaryFile()
        self.intake = None
        self.number = 0
        with theirs:
            fd = theirs.fileno()
            self.process = subprocess.Popen(
                [*suite.as_uid(uid), "/bin/bash", "-c",
                 f'exec "$@" 3<&{fd} {"" if fd == 3 else f"{fd}<&-"}', "sh",
                 str(suite.programs() / "bounce"), "-t",
                 str(self.base / "tables.cdb")],
                env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"},
                stdin=subprocess.DEVNULL, stderr=self.stderr, pass_fds=(fd,))

    def ask(self, rcpts, content=b"Subject: x\n\nbody\n", *, sender="a@x.test",
            ret=0, flags=0, envid="", client="", crc=None, size=None):
        self.number += 1
        head = struct.pack(">HLLLLLQQQ", jobs.MESSAGE, self.number, len(rcpts),
                           jobs.crc32c(content) if crc is None else crc, ret,
                           flags, 9, len(content) if size is None else size,
                           1795326681)
        with tempfile.TemporaryFile() as f:
            f.write(b"envelope\n" + content)
            f.flush()
            socket.send_fds(self.sock, [head + b"".join(map(text, (
                "2ab", sender, envid, client)))], [f.fileno()])
        for i, rcpt in enumerate(rcpts):
            self.sock.send(rcpt.encode(self.number, i))

    def expect(self, kind):
        data = self.intake.recv(65536)
        assert data and struct.unpack(">H", data[:2])[0] == kind, data[:2]
        return data[2:]

    def take(self):
        """What it hands in, as a report; then says that it is queued."""
        if self.intake is None:
            self.intake, _ = self.listener.accept()
            self.intake.settimeout(suite.PATIENCE)
        said = self.expect(OPEN)
        self.flags, = struct.unpack(">L", said[:4])
        assert strings(said[20:]) == [""] * 4  # also the reverse-path
        said = self.expect(RCPT)
        assert said[:4] == struct.pack(">L", 1)  # NOTIFY=NEVER
        self.to, orcpt = strings(said[4:])
        assert orcpt == ""
        self.expect(BODY)
        with tempfile.TemporaryFile() as f:
            socket.send_fds(self.intake, [
                struct.pack(">H", FILE) + text("3cd") +
                struct.pack(">LQQL", 1, 0, 1 << 30, 0)], [f.fileno()])
            size, _, crc = struct.unpack(">QQL", self.expect(COMMIT))
            data = os.pread(f.fileno(), 1 << 30, 0)
        assert len(data) == size and jobs.crc32c(data) == crc
        self.intake.send(struct.pack(">H", QUEUED) + text("3cd"))
        return data

    def answers(self, n):
        found = []
        for _ in range(n):
            _, number, index, outcome = struct.unpack(
                ">HLLL", self.sock.recv(65536)[:14])
            assert number == self.number
            found.append((index, outcome))
        assert sorted(i for i, _ in found) == list(range(n))
        return {outcome for _, outcome in found}

    def report(self, *rcpts, **more):
        rcpts = rcpts or (Rcpt(),)
        self.ask(rcpts, **more)
        data = self.take()
        assert self.answers(len(rcpts)) == {jobs.OK}
        return Report(data, trace=False)

    def close(self):
        self.sock.close()
        status = self.process.wait(suite.PATIENCE)
        self.listener.close()
        if self.intake is not None:
            self.intake.close()
        for f in self.base.iterdir():
            f.unlink()
        self.base.rmdir()
        self.stderr.seek(0)
        said = self.stderr.read().decode()
        assert status == 0 and "Sanitizer" not in said, said
        return said
