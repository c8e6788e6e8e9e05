"""A mail server by script, SMTP or LMTP, that keeps what it was sent.

    with Sink(answers={"RCPT": ["250 fine", "450 not now"]}) as sink:
        ... deliver to sink.hop ...
        message = sink.messages()[0]

answers has replies by verb, and for GREETING, END (of data) and LINE (anything
else).  A reply is text, its line end is added; a list of replies is used up and
its last one stays; a function is given the session and the command's line.
CLOSE instead of a reply closes the connection at once, CUT resets it, and NOTHING
says nothing; a tuple is a sequence of all these.

script, a function that is given the session, replaces all of that: for servers
that keep to no protocol.
"""

import os
import re
import socket
import ssl
import struct
import tempfile
import threading

CLOSE, CUT, NOTHING = "<close>", "<cut>", "<nothing>"
EXTENSIONS = ("PIPELINING", "SIZE 100000000", "8BITMIME", "DSN", "SMTPUTF8",
              "ENHANCEDSTATUSCODES")
BDAT = EXTENSIONS + ("CHUNKING", "BINARYMIME")


class Ended(Exception):
    """The connection is no more."""


class Message:
    """A transaction: params are of MAIL, rcpts pairs of address and params."""

    def __init__(self, sender, params):
        self.sender, self.params = sender, params
        self.rcpts = []
        self.content = None

    @property
    def addresses(self):
        return [address for address, _ in self.rcpts]


class Session:
    """One connection.  said: the command lines; ends: how many messages were
    sent to their end; reads: the sizes of what came at once."""

    def __init__(self, sink, sock):
        self.sink, self.sock = sink, sock
        self.said, self.messages, self.reads = [], [], []
        self.buffer = b""
        self.message = None
        self.ends = 0  # of data
        self.ended = False

    def more(self):
        try:
            got = self.sock.recv(1 << 20)
        except OSError:
            got = b""
        if not got:
            raise Ended
        self.reads.append(len(got))
        self.buffer += got

    def line(self):
        """Without its end, which must be CRLF."""
        while b"\n" not in self.buffer:
            self.more()
        line, _, self.buffer = self.buffer.partition(b"\n")
        assert line.endswith(b"\r"), line
        assert b"\r" not in line[:-1] and b"\0" not in line, line
        return line[:-1]

    def exactly(self, n):
        data = bytearray(self.buffer)
        while len(data) < n:
            self.buffer = b""
            self.more()
            data += self.buffer
        self.buffer = bytes(data[n:])
        return bytes(data[:n])

    def until_dot(self):
        """DATA's content, as RFC 5321 section 4.5.2 has it read."""
        data = bytearray(b"\r\n" + self.buffer)
        seen = 0
        while (end := data.find(b"\r\n.\r\n", seen)) == -1:
            seen = max(0, len(data) - 4)
            self.buffer = b""
            self.more()
            data += self.buffer
        raw, self.buffer = bytes(data[2:end + 2]), bytes(data[end + 5:])
        assert not re.search(rb"\r(?!\n)|(?<!\r)\n", raw), "bare line end"
        assert not re.search(rb"(\A|\r\n)\.(?!\.)", raw), "unstuffed dot"
        return re.sub(rb"(\A|\r\n)\.", rb"\1", raw)

    def send(self, data):
        try:
            self.sock.sendall(data)
        except OSError as e:
            raise Ended from e

    def pick(self, what, default, line=b""):
        """The reply that is due."""
        reply = self.sink.answers.get(what, default)
        if isinstance(reply, list):
            reply = reply.pop(0) if len(reply) > 1 else reply[0]
        return reply(self, line) if callable(reply) else reply

    def say(self, reply):
        """A reply as the module's text has it."""
        if callable(reply):
            reply = reply(self, b"")
        if isinstance(reply, tuple):
            for one in reply:
                self.say(one)
        elif reply in (CLOSE, CUT):
            if reply == CUT:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                     struct.pack("ii", 1, 0))
            raise Ended
        elif reply != NOTHING:
            if isinstance(reply, str):
                reply = reply.encode()
            self.send(reply + b"\r\n")

    def answer(self, what, default, line=b""):
        self.say(self.pick(what, default, line))

    # --- the commands

    def hello(self, _):
        """Named by the sink, so that its words can be a test's."""
        lines = ["sink.test", *self.sink.extensions]
        if self.sink.starttls and not isinstance(self.sock, ssl.SSLSocket):
            lines.append("STARTTLS")
        return "\r\n".join(f"250{' ' if i == len(lines) - 1 else '-'}{one}"
                           for i, one in enumerate(lines))

    def mail(self, line):
        if self.message is not None:
            return "503 5.5.1 one at a time"
        found = re.fullmatch(rb"MAIL FROM:<(.*?)>(.*)", line)
        assert found, line
        self.message = Message(found[1].decode(), found[2].decode().split())
        return "250 2.1.0 sender"

    def rcpt(self, line):
        found = re.fullmatch(rb"RCPT TO:<(.+?)>(.*)", line)
        assert found, line
        if self.message is None:
            return "503 5.5.1 MAIL first"
        self.message.rcpts.append((found[1].decode(),
                                   found[2].decode().split()))
        return "250 2.1.5 recipient"

    def end(self, content):
        """The answers to the end of a message."""
        message, self.message = self.message, None
        if message is None or not message.rcpts:
            self.say("503 5.5.1 no recipients")
            return
        message.content = content
        with self.sink.changed:
            self.messages.append(message)
            self.sink.changed.notify_all()
        for _ in message.rcpts if self.sink.lmtp else [0]:
            self.answer("END", "250 2.0.0 taken")

    def data(self, line):
        """Content comes after a 354 alone."""
        if (self.message is None or not self.message.rcpts) and \
                not self.sink.always_data:
            return self.say("554 5.5.1 no valid recipients")
        reply = self.pick("DATA", "354 go ahead", line)
        self.say(reply)
        if str(reply).startswith("354"):
            content = self.until_dot()
            self.ends += 1
            self.end(content)
        return None

    def bdat(self, line):
        found = re.fullmatch(rb"BDAT (\d+) LAST", line)
        assert found, line
        content = self.exactly(int(found[1]))
        self.ends += 1
        self.end(content)

    def starttls(self, line):
        """By the context that the sink has for it."""
        if isinstance(self.sock, ssl.SSLSocket):
            self.say("502 5.5.1 not here")
            return
        reply = self.pick("STARTTLS", "220 2.0.0 go ahead", line)
        self.say(reply)
        if not str(reply).startswith("220"):
            return
        assert self.buffer == b"", "text before TLS"
        self.message = None
        try:
            self.sock = self.sink.starttls.wrap_socket(self.sock,
                                                       server_side=True)
        except (OSError, ssl.SSLError) as e:
            raise Ended from e

    def rset(self, _):
        self.message = None
        return "250 2.0.0 forgotten"

    COMMANDS = {b"EHLO": hello, b"LHLO": hello, b"HELO": hello, b"MAIL": mail,
                b"RCPT": rcpt, b"RSET": rset}

    def command(self):
        line = self.line()
        self.said.append(line.decode())
        verb = line.split(b" ")[0].upper()
        if verb == b"DATA":
            self.data(line)
        elif verb == b"BDAT":
            self.bdat(line)
        elif verb == b"STARTTLS" and self.sink.starttls is not None:
            self.starttls(line)
        elif verb == b"QUIT":
            self.say("221 2.0.0 bye")
            raise Ended
        elif verb not in self.COMMANDS:
            self.answer("LINE", "500 5.5.2 what?", line)
        else:
            wanted = self.pick(verb.decode(), None, line)
            if wanted is None or not str(wanted).startswith(("4", "5")):
                default = self.COMMANDS[verb](self, line)
                wanted = default if wanted is None else wanted
            self.say(wanted)

    def run(self):
        if self.sink.script is not None:
            self.sink.script(self)
            return
        self.answer("GREETING", "220 sink.test ESMTP")
        while True:
            self.command()


class Sink:
    def __init__(self, extensions=EXTENSIONS, answers=None, script=None,
                 lmtp=False, unix=False, always_data=False, context=None,
                 starttls=None,
                 buffer=None, address=("127.0.0.1", 0)):
        """unix: on a Unix socket.  address: else there.  always_data: 354
        without recipients, too.  context: TLS from the first byte; starttls:
        a context for STARTTLS.  buffer: of the kernel, so that the
        other side often waits."""
        self.extensions, self.answers = extensions, dict(answers or {})
        self.script, self.lmtp, self.always_data = script, lmtp, always_data
        self.context, self.starttls = context, starttls
        self.sessions, self.faults, self.threads = [], [], []
        self.changed = threading.Condition()
        self.dir = None
        if unix:
            self.dir = tempfile.TemporaryDirectory()
            os.chmod(self.dir.name, 0o755)
            self.path = self.dir.name + "/socket"
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(self.path)
            os.chmod(self.path, 0o777)
        else:
            self.listener = socket.socket()
            if buffer is not None:
                for side in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                    self.listener.setsockopt(socket.SOL_SOCKET, side, buffer)
            self.listener.bind(address)
            self.port = self.listener.getsockname()[1]
        self.listener.listen(50)
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    @property
    def hop(self):
        if self.dir is not None:
            return f"lmtp:{self.path}"
        return f"{'lmtp:' if self.lmtp else ''}[127.0.0.1]:{self.port}"

    def accept(self):
        while True:
            try:
                sock = self.listener.accept()[0]
            except OSError:
                return
            t = threading.Thread(target=self.serve, args=(sock,), daemon=True)
            self.threads.append(t)
            t.start()

    def serve(self, sock):
        one = Session(self, sock)
        with self.changed:
            self.sessions.append(one)
            self.changed.notify_all()
        try:
            if self.context is not None:
                one.sock = self.context.wrap_socket(sock, server_side=True)
            one.run()
        except Ended:
            pass
        except Exception as e:  # pylint: disable=broad-except
            self.faults.append(e)
        finally:
            one.sock.close()
            with self.changed:
                one.ended = True
                self.changed.notify_all()

    def wait(self, condition, timeout=30):
        with self.changed:
            assert self.changed.wait_for(condition, timeout), "nothing came"

    def messages(self):
        return [m for s in self.sessions for m in s.messages]

    def all_ended(self, count):
        """Waits until so many connections have come and gone."""
        self.wait(lambda: len(self.sessions) >= count and
                  all(s.ended for s in self.sessions))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()
        if exc[0] is None and self.faults:
            raise self.faults[0]

    def close(self):
        # Closing alone does not wake who accepts.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)
        for s in self.sessions:
            try:
                s.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for t in self.threads:
            t.join(5)
        if self.dir is not None:
            self.dir.cleanup()
