"""The tools without a suite: a configuration of one's own, a scripted smtpd."""

import os
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import suite

HOST = "mx.example.org"
DOMAIN = "example.org"


class Conf:
    """A directory of text configuration, in user mode, and its commands."""

    def __init__(self, *lines):
        self.base = suite.open_dir("postrider-tools-")
        self.dir = self.base / "conf"
        self.state = self.base / "state"
        self.run_dir = self.base / "run"
        self.tables = self.state / "tables.cdb"
        for d in (self.dir, self.run_dir):
            d.mkdir()
        self.lines = ["user-mode yes", f"hostname {HOST}",
                      f"mail-name {DOMAIN}", "postmaster me@elsewhere.example"]
        for name in ("state", "spool", "run"):
            self.lines.append(f"{name}-dir {self.base}/{name}")
        self.write("postrider.conf", *self.lines, *lines)
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(self.base),
                        "TZ": "UTC", "LANG": "C.UTF-8"}

    def write(self, name, *lines):
        (self.dir / name).write_text("".join(f"{x}\n" for x in lines))
        if name == "passwords":
            (self.dir / name).chmod(0o600)

    def argv(self, *args):
        return [str(suite.programs() / "postrider"), "-c", str(self.dir),
                *map(str, args)]

    def __call__(self, *args, data="", status=0, **more):
        """Runs a command and checks its status."""
        r = subprocess.run(self.argv(*args), input=data, capture_output=True,
                           text=True, env=self.environ,
                           timeout=suite.PATIENCE, **more)
        assert r.returncode == status, (r.returncode, r.stdout, r.stderr)
        return r

    def sendmail(self, *args, data=b"", name="sendmail", **more):
        argv = [name, "-C", str(self.tables), *map(str, args)]
        return subprocess.run(
            argv, executable=str(suite.programs() / "sendmail"), input=data,
            capture_output=True, env=self.environ, timeout=suite.PATIENCE,
            **more)

    def close(self):
        shutil.rmtree(self.base, ignore_errors=True)


class Smtpd(threading.Thread):
    """Answers one connection to the submit socket as it is told.

    replies maps a verb ("greeting", "EHLO", ..., "." for the end of the data)
    to what is sent, or to None: then the connection is closed instead.
    """

    DEFAULT = {
        "greeting": "220 fake", "MAIL": "250 2.1.0 ok", "RCPT": "250 2.1.5 ok",
        "EHLO": "250-fake\r\n250-SIZE 100\r\n250-8BITMIME\r\n250 DSN",
        "DATA": "354 go", ".": "250 2.0.0 queued", "QUIT": "221 bye",
    }

    def __init__(self, path, replies=None, before_end=None):
        super().__init__(daemon=True)
        self.replies = {**self.DEFAULT, **(replies or {})}
        self.before_end = before_end
        self.commands = []
        self.data = None
        Path(path).unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.listener.settimeout(suite.PATIENCE)
        self.start()

    def run(self):
        try:
            self.conn, _ = self.listener.accept()
        except (TimeoutError, OSError):
            return
        self.conn.settimeout(suite.PATIENCE)
        self.file = self.conn.makefile("rb")
        try:
            if self.say("greeting"):
                while self.command():
                    pass
        except OSError:
            pass  # the client has gone
        finally:
            self.file.close()
            self.conn.close()
            self.listener.close()

    def say(self, verb):
        reply = self.replies.get(verb, "500 5.5.1 what")
        if isinstance(reply, list):
            reply = reply.pop(0)
        if reply is None:
            return False
        self.conn.sendall(reply.encode() + b"\r\n")
        return not reply.startswith("221")

    def command(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            return False
        line = line[:-2].decode("utf-8", "surrogateescape")
        self.commands.append(line)
        verb = line.split(" ")[0]
        if not self.say(verb):
            return False
        if verb == "DATA" and self.replies["DATA"].startswith("354"):
            return self.take_data()
        return True

    def take_data(self):
        taken = []
        while (line := self.file.readline()) != b".\r\n":
            if not line:
                return False
            taken.append(line)
        self.data = b"".join(taken)
        if self.before_end:
            self.before_end()
        return self.say(".")

    def finish(self):
        """Waits for the end; returns the commands without QUIT."""
        self.join(suite.PATIENCE)
        assert not self.is_alive()
        return [c for c in self.commands if c != "QUIT"]

    def drop(self):
        """Nobody will come."""
        self.listener.close()


def crc32c(data, crc=0):
    crc ^= 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def dropped(envelope, content):
    """A file of drop/ as sendmail writes it."""
    end = b"\nPostrider-End: 1 %016x %016x %08x %08x " % (
        len(content), content.count(b"\n"), crc32c(envelope), crc32c(content))
    return envelope + content + end + b"%08x\n" % crc32c(end)
