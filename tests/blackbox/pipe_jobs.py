"""queued's end of the job channel, for tests that drive pipe themselves."""

import os
import socket
import struct
import subprocess
import tempfile

import jobs
import suite

BINARY = 8  # of msg_intake.h


class Outcome:
    """Of one recipient, with the members that were said before."""

    def __init__(self, outcome, flags, dsn, text, forwards):
        self.outcome = outcome
        self.flags = flags
        self.dsn = dsn
        self.text = text
        self.forwards = forwards

    def __repr__(self):
        return f"<{self.dsn} {self.text!r} {self.flags}>"


class Pipe:
    """A running pipe, of a user or of aliases."""

    def __init__(self, place, user=None, wrap=(), fds=()):
        self.place = place
        self.jobs = 0
        self.sock, theirs = socket.socketpair(socket.AF_UNIX,
                                              socket.SOCK_SEQPACKET)
        self.sock.settimeout(suite.PATIENCE)
        self.stderr = tempfile.TemporaryFile()
        who = [] if user is None else ["-u", user]
        with theirs:
            fd = theirs.fileno()
            self.process = subprocess.Popen(
                [*suite.as_uid(place.uid), "/bin/bash", "-c",
                 f'exec "$@" 3<&{fd} {"" if fd == 3 else f"{fd}<&-"}', "sh",
                 *wrap, str(suite.programs() / "pipe"), "-t",
                 str(place.tables), *who],
                env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"},
                cwd=place.root, stdin=subprocess.DEVNULL, stderr=self.stderr,
                pass_fds=(fd, *fds))

    def send(self, content, *rcpts, sender="a@x.test", tag="", orcpt="",
             binary=False, **odd):
        """One job; rcpts are pairs of address and way."""
        self.jobs += 1
        number = self.jobs
        crc = odd["crc"] if "crc" in odd else jobs.crc32c(content)
        with tempfile.TemporaryFile() as f:
            f.write(b"envelope\n" + content)
            f.flush()
            head = struct.pack(">HLLLLLQQQ", jobs.MESSAGE, number, len(rcpts), crc,
                               0, BINARY if binary else 0, 9,
                               odd.get("size", len(content)), 0)
            socket.send_fds(self.sock,
                            [head + b"".join(map(jobs.text, ("2ab", sender, "",
                                                             "")))],
                            [f.fileno()])
        for i, (address, via) in enumerate(rcpts):
            self.sock.send(jobs.rcpt(number, i, address, via=via, tag=tag,
                                     orcpt=orcpt))
        return number

    def outcome(self, number):
        """The next one, and what was said before it; None: pipe is gone."""
        forwards = []
        while True:
            try:
                data = self.sock.recv(16384)
            except ConnectionResetError:
                return None
            if not data:
                return None
            kind, job, index = struct.unpack(">HLL", data[:10])
            assert job == number
            if kind == jobs.FORWARD:
                letter, = struct.unpack(">L", data[10:14])
                forwards.append((index, chr(letter) +
                                 jobs.strings(data[14:])[0]))
                continue
            assert kind == jobs.OUTCOME
            outcome, flags, code = struct.unpack(">LLL", data[10:22])
            mta, dsn, words = jobs.strings(data[22:])
            assert mta == "" and code == 0
            assert all(i == index for i, _ in forwards)
            return index, Outcome(outcome, flags, dsn, words,
                                  [m for _, m in forwards])

    def deliver(self, content, *rcpts, **more):
        """One job and its outcomes, in the recipients' order."""
        number = self.send(content, *rcpts, **more)
        found = dict(self.outcome(number) for _ in rcpts)
        assert len(found) == len(rcpts)
        return [found[i] for i in range(len(rcpts))]

    def one(self, content, via, address="bob@example.org", **more):
        return self.deliver(content, (address, via), **more)[0]

    def end(self):
        """Closes the channel; the status."""
        self.sock.close()
        return self.process.wait(suite.PATIENCE)

    def end_well(self):
        assert self.end() == 0, self.log()
        assert "Sanitizer" not in self.log()

    def log(self):
        self.stderr.seek(0)
        return self.stderr.read().decode()

    def errors(self):
        return [line for line in self.log().splitlines()
                if "event=error" in line]
