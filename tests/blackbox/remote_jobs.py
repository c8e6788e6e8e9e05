"""queued's end of the job channel, for tests that drive remote themselves."""

import os
import shutil
import socket
import struct
import subprocess
import tempfile
from types import SimpleNamespace

import jobs
import suite
import tools
from jobs import crc32c, strings, text

MESSAGE, _, OUTCOME, HOP, READY = range(5)
OK, TEMP, PERM = range(3)
RELAYED, DOWN, BUSY, OURS = 1, 2, 4, 8
NONE, MAY, ENCRYPT, VERIFY = range(4)
BIT8, UTF8, REPORT, BINARY = 1, 2, 4, 8


class Place:
    """Compiled tables with settings.  There are no daemons."""

    def __init__(self, *settings):
        conf = tools.Conf("log stderr")
        self.base = suite.open_dir()
        try:
            conf.write("postrider.conf", *conf.lines, "log stderr",
                       f"hostname {tools.HOST}", f"run-dir {self.base}",
                       *settings)
            conf("apply")
            self.tables = self.base / "tables.cdb"
            shutil.copy(conf.tables, self.tables)
        finally:
            conf.close()
        self.tables.chmod(0o644)

    def remote(self, hop, way=(), **more):
        """way: extensions; with BINARYMIME all is binary, and goes by BDAT."""
        return Remote(self, getattr(hop, "hop", hop),
                      flags=BINARY if "BINARYMIME" in way else 0, **more)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        shutil.rmtree(self.base)


class Remote:
    """A running remote, with queued's end of its channel."""

    def __init__(self, place, hop, tls=MAY, wrap=(), flags=0, routed=True):
        self.jobs, self.flags = 0, flags
        self.sock, theirs = socket.socketpair(socket.AF_UNIX,
                                              socket.SOCK_SEQPACKET)
        self.sock.settimeout(suite.PATIENCE)
        self.stderr = tempfile.TemporaryFile()
        uid = 65534 if os.getuid() == 0 else None
        with theirs:
            fd = theirs.fileno()
            self.process = subprocess.Popen(
                [*suite.as_uid(uid), "/bin/bash", "-c",
                 f'exec "$@" 3<&{fd} {"" if fd == 3 else f"{fd}<&-"}', "sh",
                 *wrap, str(suite.programs() / "remote"), "-t",
                 str(place.tables)],
                env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"},
                stdin=subprocess.DEVNULL, stderr=self.stderr, pass_fds=(fd,))
        self.sock.send(struct.pack(">H", HOP) + text(hop) +
                       struct.pack(">LLL", tls, 0, routed) + text(""))

    def send(self, content, rcpts=("bob@example.net",), sender="a@x.test",
             flags=0, ret=0, envid="", **odd):
        """One job; rcpts are addresses, or tuples of address, notify and
        orcpt."""
        self.jobs += 1
        number = self.jobs
        crc = odd["crc"] if "crc" in odd else crc32c(content)
        with tempfile.TemporaryFile() as f:
            f.write(b"envelope\n" + content)
            f.flush()
            head = struct.pack(">HLLLLLQQQ", MESSAGE, number, len(rcpts), crc,
                               ret, flags | self.flags, 9,
                               odd.get("size", len(content)), 0)
            socket.send_fds(self.sock, [head + text("2ab") + text(sender) +
                                        text(envid) + text("")], [f.fileno()])
        for i, rcpt in enumerate(rcpts):
            address, notify, orcpt = rcpt if isinstance(rcpt, tuple) else \
                (rcpt, 0, "")
            self.sock.send(jobs.rcpt(number, i, address, notify=notify,
                                     orcpt=orcpt))
        return number

    def outcome(self):
        """None when remote has gone."""
        life = data = struct.pack(">HL", READY, 0)
        while data == life:
            try:
                data = self.sock.recv(16384)
            except ConnectionResetError:
                return None
        if not data:
            return None
        kind, number, index, outcome, flags, code = struct.unpack(
            ">HLLLLL", data[:22])
        assert kind == OUTCOME
        mta, dsn, words = strings(data[22:])
        return SimpleNamespace(job=number, index=index, outcome=outcome,
                               flags=flags, code=code, mta=mta, dsn=dsn,
                               text=words)

    def outcomes(self, number, count):
        found = [self.outcome() for _ in range(count)]
        assert all(o is not None and o.job == number for o in found), \
            (found, self.log())
        return sorted(found, key=lambda o: o.index)

    def deliver(self, content=b"Subject: x\n\nbody\n",
                rcpts=("bob@example.net",), **more):
        """One job; the outcomes in the recipients' order."""
        return self.outcomes(self.send(content, rcpts, **more), len(rcpts))

    def end(self):
        """Closes the channel; the status."""
        self.sock.close()
        return self.process.wait(suite.PATIENCE)

    def log(self):
        self.stderr.seek(0)
        return self.stderr.read().decode()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.sock.close()
        try:
            status = self.process.wait(suite.PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        log = self.log()
        for word in suite.SANITIZER_WORDS:
            assert word.decode() not in log, log
        if exc[0] is None:
            assert status == 0, log
