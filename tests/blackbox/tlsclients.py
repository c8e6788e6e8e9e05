"""TLS as real clients do it: what each is told, and what it is to refuse."""

import os
import shutil
import socket
import subprocess
import threading
import time

import wire
from suite import PATIENCE, new_source, open_dir, wait_for

VERSIONS = ("1.2", "1.3")


def gnutls(version):
    """The priorities of clients that use GnuTLS."""
    return f"NORMAL:-VERS-ALL:+VERS-TLS{version}"


def openssl_conf(version=None, algorithms=None):
    """A configuration for all that OpenSSL does in a process."""
    lines = ["openssl_conf = top", "[top]", "ssl_conf = ssl", "[ssl]",
             "system_default = all", "[all]", "CipherString = DEFAULT"]
    if version is not None:
        lines += [f"MinProtocol = TLSv{version}",
                  f"MaxProtocol = TLSv{version}"]
    if algorithms is not None:
        lines.append(f"SignatureAlgorithms = {algorithms}")
    return "\n".join(lines) + "\n"


class Client:
    """Somebody's home directory, with a lab to talk to and a TLS version."""

    def __init__(self, lab, version, uid=None):
        self.lab = lab
        self.version = version
        self.uid = uid
        self.home = open_dir("postrider-client-")
        self.ca = lab.env["CA_FILE"]
        self.file("openssl.cnf", openssl_conf(version))
        self.environ = {
            "PATH": os.environ["PATH"], "LANG": "C.UTF-8",
            "HOME": str(self.home), "FETCHMAILHOME": str(self.home),
            "OPENSSL_CONF": str(self.home / "openssl.cnf")}

    def file(self, name, text):
        path = self.home / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def own(self):
        if self.uid is not None:
            for path in (self.home, *self.home.rglob("*")):
                os.chown(path, self.uid, self.uid)

    def run(self, *argv, **more):
        """A process that ended, whatever it said."""
        if "input" not in more:
            more["stdin"] = subprocess.DEVNULL
        self.own()
        return subprocess.run(
            [str(a) for a in argv], capture_output=True, env=self.environ,
            cwd=self.home, timeout=2 * PATIENCE,
            **({} if self.uid is None else
               {"user": self.uid, "group": self.uid, "extra_groups": []}),
            **more)

    def close(self):
        shutil.rmtree(self.home)


class SClient:
    """openssl s_client, spoken through; args are its further ones."""

    def __init__(self, port, *args, starttls=None, environ=None):
        self.sock, end = socket.socketpair()
        self.sock.settimeout(PATIENCE)
        with end:
            self.process = subprocess.Popen(
                ["openssl", "s_client", "-quiet", "-connect",
                 f"{wire.LOCALHOST}:{port}",
                 *(["-starttls", starttls] if starttls else []),
                 *map(str, args)],
                stdin=end, stdout=end, stderr=subprocess.PIPE,
                env=environ or {"PATH": os.environ["PATH"]})

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def smtp(self, greet):
        return wire.Smtp(None, None, greet=greet, sock=self.sock)

    def pop3(self, greet):
        return wire.Pop3(None, None, greet=greet, sock=self.sock)

    def close(self):
        """Ends it; what it said of itself."""
        self.sock.close()
        self.process.kill()
        return self.process.communicate()[1].decode()


def s_client_says(lab, service, *args, talk=b"", after=b""):
    """All that openssl s_client says, of itself and of the server; it is told
    talk when it has said after."""
    with subprocess.Popen(
            ["openssl", "s_client", "-connect",
             f"{wire.LOCALHOST}:{lab.port(service)}", *args],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, bufsize=0) as p:
        late = threading.Timer(PATIENCE, p.kill)
        late.start()
        try:
            said = b""
            while after not in said:
                part = p.stdout.read(65536)
                assert part, said
                said += part
            said += p.communicate(talk)[0]
        finally:
            late.cancel()
    return p.returncode, said.decode(errors="replace")


def connect(lab, service="smtps"):
    return socket.create_connection((wire.LOCALHOST, lab.port(service)),
                                    PATIENCE, (new_source(), 0))


def ends(s):
    """All that comes until the server closes, which it must do."""
    got = b""
    try:
        while data := s.recv(65536):
            got += data
    except ConnectionResetError:
        pass
    return got


def serves(lab):
    """Another client is served, and soon."""
    began = time.monotonic()
    with lab.smtp("smtps", source=new_source()) as s:
        s.ehlo()
        s.quit()
    with lab.pop3(source=new_source()) as p:
        p.starttls()
        p.quit()
    assert time.monotonic() - began < PATIENCE / 6


def two_left(lab):
    """No process is left of a connection: the keeper and the acceptor."""
    wait_for(lambda: len(lab.pids("tlsd")) == 2, "the end of connections")
