"""A session's end of the channel to tlsd (common/msg_tls.h), and a client."""

import os
import pwd
import socket
import ssl
import struct
import threading

import suite

START, NOW, ACCEPTED, GO, READY, FAILED, STATUS, STATE, BEGUN = range(9)
CONNECT = 1
NAME, PINS, PIN_CERTIFICATE = 1, 2, b"\0"

# Of common/msg_auth.h.
AUTH_START, AUTH_SUCCESS, AUTH_FAILURE = 0, 4, 5
AUTH_TLS, AUTH_INITIAL = 1, 2


def _text(s):
    b = s if isinstance(s, bytes) else s.encode()
    return struct.pack(">H", len(b)) + b


def _fields(data, spec):
    """Takes a message apart: u and q are numbers, s strings, b bytes."""
    values, at = {}, 0
    for kind, name in spec:
        if kind in "uq":
            size = 4 if kind == "u" else 8
            values[name] = int.from_bytes(data[at:at + size], "big")
            at += size
        else:
            n, = struct.unpack_from(">H", data, at)
            value = data[at + 2:at + 2 + n]
            values[name] = value.decode() if kind == "s" else value
            at += 2 + n
    assert at == len(data), (data, spec)
    return values


FIELDS = {
    ACCEPTED: (("u", "zero"),),
    BEGUN: (("u", "zero"),),
    READY: (("u", "flags"), ("s", "version"), ("s", "cipher"), ("u", "bits"),
            ("s", "sni"), ("b", "exporter"), ("b", "certificate"),
            ("s", "subject"), ("s", "email"), ("b", "witness")),
    FAILED: (("s", "reason"),),
    STATE: (("u", "certificates"), ("u", "connections"), ("q", "handshakes"),
            ("q", "failures"), ("q", "expires"), ("u", "refused"),
            ("u", "stalled")),
}


def connect(lab, name="tls", user="postrider-net"):
    """As that user, in the group postrider-net, when the suite has users of its
    own."""
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(suite.PATIENCE)
    if os.getuid() != 0 or lab.uid is not None:
        s.connect(str(lab.dir / "run" / name))
        return s
    net = pwd.getpwnam("postrider-net")
    os.setegid(net.pw_gid)
    os.seteuid(pwd.getpwnam(user).pw_uid)
    try:
        s.connect(str(lab.dir / "run" / name))
    finally:
        os.seteuid(0)
        os.setegid(0)
    return s


class Session:
    def __init__(self, lab, chan=None):
        self.chan = chan or connect(lab)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.chan.close()

    def send(self, type_, body=b"\0\0\0\0", fds=()):
        socket.send_fds(self.chan, [struct.pack(">H", type_) + body],
                        [f if isinstance(f, int) else f.fileno()
                         for f in fds])

    def start(self, sock, type_=START, profile="mx", service="smtp",
              peer="192.0.2.1", flags=0, name="", verify=0, pins=b""):
        self.send(type_, struct.pack(">I", flags) + _text(service) +
                  _text(profile) + _text(peer) +
                  struct.pack(">I", verify) + _text(name) + _text(pins),
                  [sock])

    def hear(self, skip=(BEGUN,)):
        """The next message that is none of skip: type, fields, descriptor;
        None at the end."""
        while True:
            try:
                data, fds, _, _ = socket.recv_fds(self.chan, 16384, 4)
            except ConnectionResetError:
                return None
            if not data:
                return None
            type_, = struct.unpack_from(">H", data)
            if type_ not in skip:
                return type_, _fields(data[2:], FIELDS[type_]), fds

    def wait(self, wanted):
        got = self.hear()
        assert got is not None and got[0] == wanted, got
        return got[1], got[2]

    def failed(self):
        return self.wait(FAILED)[0]["reason"]

    def state(self):
        self.send(STATUS)
        return self.wait(STATE)[0]


def login(lab, ready, mech="EXTERNAL", token=b"", **lies):
    """A session with what tlsd told it, or something else, asks authd."""
    about = {**ready, **lies}
    with connect(lab, "auth") as chan:
        chan.send(struct.pack(">HI", AUTH_START, AUTH_TLS | AUTH_INITIAL) +
                  b"".join(map(_text, (
                      "smtp", mech, "192.0.2.1", "submission",
                      about["exporter"], about["certificate"],
                      about["email"], about["witness"], "", token))))
        data = chan.recv(16384)
    type_, = struct.unpack_from(">H", data)
    if type_ == AUTH_SUCCESS:
        return _fields(data[2:], (("s", "login"),))["login"]
    assert type_ == AUTH_FAILURE, data
    return None


def pair():
    """A connected pair of TCP sockets: the client's, the server's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
    for s in client, server:
        s.settimeout(suite.PATIENCE)
    return client, server


class Client(threading.Thread):
    """Shakes hands in the background; join() raises what it raised."""

    def __init__(self, sock, context, name="localhost"):
        super().__init__(daemon=True)
        self.sock, self.context, self.name_ = sock, context, name
        self.error = self.tls = None
        self.start()

    def run(self):
        try:
            self.tls = self.context.wrap_socket(
                self.sock, server_hostname=self.name_)
        except OSError as e:
            self.error = e
            self.sock.close()

    def join(self, timeout=suite.PATIENCE):
        super().join(timeout)
        assert not self.is_alive()
        if self.error is not None:
            raise self.error
        return self.tls


class Connection:
    """One connection through tlsd: the client's end and the session's."""

    def __init__(self, lab, context=None, **start):
        sock, server = pair()
        with Session(lab) as s, server:
            s.start(server, NOW, **start)
            client = Client(sock, context or lab.trust)
            self.ready, (fd,) = s.wait(READY)
        self.plain = socket.socket(fileno=fd)
        self.plain.settimeout(suite.PATIENCE)
        self.tls = client.join()

    def works(self):
        for a, b in ((self.tls, self.plain), (self.plain, self.tls)):
            a.sendall(b"over and out")
            got = b""
            while len(got) < 12:
                part = b.recv(12)
                assert part, got
                got += part
            assert got == b"over and out"
        return True

    def close(self):
        self.tls.close()
        self.plain.close()


def parent(pid):
    with open(f"/proc/{pid}/stat") as f:
        return int(f.read().rsplit(")", 1)[1].split()[1])


def own_server(lab, pem, **start):
    """What a session of remote, which may have been taken over, hears of a
    server that is its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    inside, outside = pair()

    def serve():
        with context.wrap_socket(inside, server_side=True) as tls:
            tls.recv(1)

    server = threading.Thread(target=serve)
    server.start()
    with Session(lab, connect(lab, user="postrider-out")) as s, outside:
        s.start(outside, NOW, flags=CONNECT, **start)
        ready, (fd,) = s.wait(READY)
    socket.socket(fileno=fd).close()
    server.join(suite.PATIENCE)
    assert not server.is_alive()
    return ready


def processes(lab):
    """The keeper, the acceptor, and a set of connections' processes."""
    pids = {}
    for pid in lab.pids("tlsd"):
        try:
            pids[pid] = parent(pid)
        except (FileNotFoundError, ProcessLookupError):
            pass  # it has just ended
    master, = lab.pids("postriderd")
    keeper = [p for p in pids if pids[p] == master]
    acceptor = [p for p in pids if pids[p] in keeper]
    if len(keeper) != 1 or len(acceptor) != 1:
        return None
    return keeper[0], acceptor[0], set(pids) - {keeper[0], acceptor[0]}
