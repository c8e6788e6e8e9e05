"""queued's end of the job channel, for tests that drive local themselves."""

import os
import shutil
import socket
import struct
import subprocess
import tempfile

import suite
import tools

MESSAGE, RCPT, OUTCOME, HOP, READY, FORWARD, MEASURE, MEASURED = range(8)
OK, TEMP, PERM = range(3)
READ_FORWARD, TAG_FOLDER, FULL_DEFER = 1, 2, 4
FORWARDED = 32


def crc32c(data, table=[]):  # pylint: disable=dangerous-default-value
    """The Castagnoli checksum, RFC 3720 appendix B.4."""
    if not table:
        for n in range(256):
            for _ in range(8):
                n = n >> 1 ^ (0x82f63b78 if n & 1 else 0)
            table.append(n)
    crc = 0xffffffff
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xffffffff


def text(s):
    b = s.encode()
    return struct.pack(">H", len(b)) + b


def strings(data):
    """The strings that a message ends with."""
    found = []
    while data:
        n = struct.unpack(">H", data[:2])[0]
        found.append(data[2:2 + n].decode())
        data = data[2 + n:]
    return found


def rcpt(number, index, address, **more):
    """The message that names one; more: the other fields."""
    get = more.get
    return (struct.pack(">HLLLLQL", RCPT, number, index, get("report", 0),
                        get("notify", 0), get("until", 0), get("code", 0)) +
            text(get("mta", "")) + text(address) + text(get("orcpt", "")) +
            text(get("maildir", "")) + struct.pack(">L", get("flags", 0)) +
            text(get("tag", "")) +
            struct.pack(">QQ", get("quota", 0), get("quota_messages", 0)) +
            text(get("via", "")) + text(get("dsn", "")) + text(get("text", "")))


class Place:
    """Compiled tables and a directory for Maildirs, owned by uid."""

    def __init__(self, uid=None, hostname=tools.HOST, options=()):
        self.uid = uid
        conf = tools.Conf("log stderr")
        self.base = suite.open_dir()
        try:
            conf.write("postrider.conf", *conf.lines, "log stderr",
                       f"hostname {hostname}", *options)
            conf("apply")
            self.tables = self.base / "tables.cdb"
            shutil.copy(conf.tables, self.tables)
        finally:
            conf.close()
        self.tables.chmod(0o644)
        self.root = self.base / "root"
        self.root.mkdir()
        if uid is not None:
            os.chown(self.root, uid, uid)

    def local(self, wrap=(), **more):
        return Local(self, wrap, **more)

    def files(self, maildir, sub="new"):
        where = self.root / maildir / sub
        return sorted(where.iterdir()) if where.is_dir() else []

    def close(self):
        for top, dirs, _ in os.walk(self.root):
            for d in dirs:
                if not os.path.islink(os.path.join(top, d)):
                    os.chmod(os.path.join(top, d), 0o700)
        shutil.rmtree(self.base)


class Local:
    """A running local, with queued's end of its channel."""

    def __init__(self, place, wrap=()):
        self.place = place
        self.jobs = 0
        self.text = []
        self.members = []  # that were said, as (index, letter + text)
        self.sock, theirs = socket.socketpair(socket.AF_UNIX,
                                              socket.SOCK_SEQPACKET)
        self.sock.settimeout(suite.PATIENCE)
        self.stderr = tempfile.TemporaryFile()
        with theirs:
            fd = theirs.fileno()
            self.process = subprocess.Popen(
                [*suite.as_uid(place.uid), "/bin/bash", "-c",
                 f'exec "$@" 3<&{fd} {"" if fd == 3 else f"{fd}<&-"}', "sh",
                 *wrap, str(suite.programs() / "local"), "-t",
                 str(place.tables)],
                # Looking for leaks needs ptrace, which strace has.
                env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"},
                cwd=place.root, stdin=subprocess.DEVNULL, stderr=self.stderr,
                pass_fds=(fd,))

    def send(self, content, rcpts, sender="a@x.test", **odd):
        """One job; rcpts are pairs of address and Maildir, and more fields."""
        self.jobs += 1
        number = self.jobs
        crc = odd["crc"] if "crc" in odd else crc32c(content)
        with tempfile.TemporaryFile() as f:
            f.write(b"envelope\n" + content)
            f.flush()
            head = struct.pack(">HLLLLLQQQ", MESSAGE, number, len(rcpts), crc,
                               0, 0, 9, odd.get("size", len(content)), 0)
            socket.send_fds(self.sock, [head + text("2ab") + text(sender) +
                                        text("") + text("")], [f.fileno()])
        for i, (address, maildir, *more) in enumerate(rcpts):
            self.sock.send(rcpt(number, i, address, maildir=maildir,
                                **(more[0] if more else {})))
        return number

    def outcome(self):
        """(job, index, outcome, dsn, text), or None when local has gone."""
        kind = FORWARD
        while kind == FORWARD:
            try:
                data = self.sock.recv(16384)
            except ConnectionResetError:
                return None
            if not data:
                return None
            kind, number, index, outcome = struct.unpack(">HLLL", data[:14])
            if kind == FORWARD:
                self.members.append((index,
                                     chr(outcome) + strings(data[14:])[0]))
        flags, code = struct.unpack(">LL", data[14:22])
        said = any(i == index for i, _ in self.members)
        assert kind == OUTCOME and code == 0
        assert flags == (FORWARDED if said else 0)
        mta, dsn, words = strings(data[22:])
        assert mta == ""
        return number, index, outcome, dsn, words

    def deliver(self, content, *rcpts, **odd):
        """One job and its outcomes' codes, in the recipients' order."""
        self.members = []
        number = self.send(content, rcpts, **odd)
        found = [self.outcome() for _ in rcpts]
        assert all(o is not None and o[0] == number for o in found), found
        self.text = [o[4] for o in sorted(found)]
        return [o[3] for o in sorted(found)]

    def end(self):
        """Closes the channel; the status."""
        self.sock.close()
        return self.process.wait(suite.PATIENCE)

    def log(self):
        self.stderr.seek(0)
        return self.stderr.read().decode()
