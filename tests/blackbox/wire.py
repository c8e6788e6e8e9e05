"""SMTP and POP3 spoken byte by byte; nothing here is forgiving."""

import base64
import socket
import ssl

LOCALHOST = "127.0.0.1"
TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def tls_context(ca=None, version=None, ciphers=None, certificate=None):
    """How a client speaks TLS: ca, a file that the server's certificate is
    checked with, or None for no check; version, the only one; ciphers, of TLS
    1.2; certificate, a file with the client's own and its key."""
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca is None:
        c.check_hostname = False
        c.verify_mode = ssl.CERT_NONE
    else:
        c.load_verify_locations(ca)
    if version is not None:
        c.minimum_version = c.maximum_version = version
    if ciphers is not None:
        c.set_ciphers(ciphers)
    if certificate is not None:
        c.load_cert_chain(certificate)
    return c


def b64(text):
    return base64.b64encode(text.encode()).decode()


def stuff(content):
    """Content with CRLF line ends as DATA and RETR carry it, with the end."""
    out = content.replace(b"\r\n.", b"\r\n..")
    if out.startswith(b"."):
        out = b"." + out
    if out and not out.endswith(b"\r\n"):
        out += b"\r\n"
    return out + b".\r\n"


class Line:
    """A connection that is read by lines; they must end in CRLF.

    With tls, an SSLContext, it begins with the handshake.  That and starttls()
    take further: name, whose certificate is wanted; session, to resume.
    source: the client's address.  sock: what is connected already."""

    context = None

    def __init__(self, port, timeout, tls=None, source=LOCALHOST, sock=None,
                 **more):
        if sock is None:
            sock = socket.create_connection((LOCALHOST, port), timeout,
                                            (source, 0))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.file = self.sock.makefile("rb", buffering=65536)
        if tls is not None:
            self.handshake(tls, **more)

    def handshake(self, context=None, name="localhost", session=None):
        """Nothing may have been said in plaintext since the last line."""
        timeout = self.sock.gettimeout()
        self.sock.setblocking(False)
        early = self.file.peek(1)
        self.sock.settimeout(timeout)
        assert early == b"", early
        self.file.close()
        try:
            self.sock = (context or self.context).wrap_socket(
                self.sock, server_hostname=name, session=session)
        except BaseException:
            self.sock.close()
            raise
        self.file = self.sock.makefile("rb", buffering=65536)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self.file.close()
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def line(self):
        got = self.file.readline(1 << 26)
        if not got:
            raise ConnectionError("the server has closed the connection")
        assert got.endswith(b"\r\n"), got
        assert b"\r" not in got[:-2] and b"\0" not in got, got
        return got[:-2]

    def at_eof(self):
        """Waits for the server to close; true if it said nothing before."""
        try:
            return self.file.read(1) == b""
        except (ConnectionResetError, ssl.SSLEOFError):
            return True


class Reply(tuple):
    """(code, [texts]) with the parts of an SMTP reply by name."""

    def __new__(cls, code, texts):
        return super().__new__(cls, (code, texts))

    code = property(lambda self: self[0])
    lines = property(lambda self: self[1])
    text = property(lambda self: self[1][-1])
    dsn = property(lambda self: self[1][-1].split(" ")[0])


class Smtp(Line):
    def __init__(self, port, timeout=30, greet=True, **more):
        super().__init__(port, timeout, **more)
        if greet:
            self.greeting = self.reply()
            assert self.greeting.code == 220, self.greeting

    def reply(self):
        texts = []
        while True:
            got = self.line().decode("ascii")
            assert len(got) <= 510 and got[:3].isdigit(), got
            assert len(got) == 3 or got[3] in " -", got
            texts.append(got[4:])
            if got[3:4] != "-":
                return Reply(int(got[:3]), texts)

    def cmd(self, line):
        if isinstance(line, str):
            line = line.encode()
        self.send(line + b"\r\n")
        return self.reply()

    def ok(self, line, code=250):
        r = self.cmd(line)
        assert r.code == code, (line, r)
        return r

    def ehlo(self, name="client.example.org"):
        r = self.ok(f"EHLO {name}")
        self.extensions = {e.split(" ")[0]: e.split(" ")[1:]
                           for e in r.lines[1:]}
        return r

    def starttls(self, context=None, **more):
        """STARTTLS and the handshake; EHLO is up to the caller."""
        r = self.ok("STARTTLS", 220)
        self.handshake(context, **more)
        return r

    def auth_login(self, user, password):
        self.ok("AUTH LOGIN", 334)
        self.ok(b64(user), 334)
        return self.cmd(b64(password))

    def auth_plain(self, user, password):
        return self.cmd("AUTH PLAIN " + b64(f"\0{user}\0{password}"))

    def data(self, content):
        """Sends content, whose lines end in CRLF; the reply at its end."""
        self.ok("DATA", 354)
        self.send(stuff(content))
        return self.reply()

    def quit(self):
        r = self.ok("QUIT", 221)
        assert self.at_eof()
        return r


class Pop3(Line):
    def __init__(self, port, timeout=30, greet=True, **more):
        super().__init__(port, timeout, **more)
        if greet:
            self.greeting = self.line()
            assert self.greeting.startswith(b"+OK"), self.greeting

    def cmd(self, line):
        """One line out, one line back."""
        if isinstance(line, str):
            line = line.encode()
        self.send(line + b"\r\n")
        return self.line()

    def ok(self, line):
        r = self.cmd(line)
        assert r.startswith(b"+OK"), (line, r)
        return r

    def err(self, line):
        r = self.cmd(line)
        assert r.startswith(b"-ERR"), (line, r)
        return r

    def rest(self):
        """The lines of a multi-line answer, with the dots taken away."""
        out = []
        while True:
            got = self.file.readline(1 << 26)
            assert got.endswith(b"\r\n"), got
            if got == b".\r\n":
                return b"".join(out)
            out.append(got[1:] if got.startswith(b".") else got)

    def multi(self, line):
        self.ok(line)
        return self.rest()

    def starttls(self, context=None, **more):
        """STLS and the handshake."""
        r = self.ok("STLS")
        self.handshake(context, **more)
        return r

    def login(self, user, password):
        self.ok(f"USER {user}")
        return self.ok(f"PASS {password}")

    def stat(self):
        _, count, size = self.ok("STAT").split(b" ")[:3]
        return int(count), int(size)

    def listing(self, verb="LIST"):
        """{number: size or id} of LIST or UIDL."""
        rows = (row.split(b" ", 1)
                for row in self.multi(verb).splitlines())
        return {int(n): int(what) if verb == "LIST" else what.decode()
                for n, what in rows}

    def retr(self, n):
        return self.multi(f"RETR {n}")

    def quit(self):
        r = self.ok("QUIT")
        assert self.at_eof()
        return r


TRACE = (b"return-path:", b"delivered-to:", b"received:")


def below_trace(message):
    """A delivered message without the fields that the way added on top."""
    while True:
        line, nl, rest = message.partition(b"\n")
        if not line.lower().startswith(TRACE):
            return message
        while rest[:1] in (b" ", b"\t"):
            rest = rest.partition(b"\n")[2]
        message = rest
