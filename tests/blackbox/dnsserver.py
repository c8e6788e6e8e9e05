"""DNS servers on loopback, for the tests of dnsd and of mail to other hosts.

	with zone({"far.example": {"MX": ["10 mx.far.example"]},
	           "mx.far.example": {"A": ["127.0.0.2"]}}) as port:
	    make_lab(options=[f"dns-server 127.0.0.1@{port}"])

zone() is this file's own small server, which can lie in every way; Knot is a
real one with a signed zone; Between stands before one and spoils DNSSEC.
"""

import contextlib
import ipaddress
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15,
         "TXT": 16, "AAAA": 28, "DS": 43, "DNSKEY": 48, "TLSA": 52}
NAMES = {v: k for k, v in TYPES.items()}
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)
RCODES = {"SERVFAIL": SERVFAIL, "REFUSED": REFUSED, "NOTIMP": NOTIMP,
          "FORMERR": FORMERR}
SILENT = "SILENT"
TTL = 300
HOST = "127.0.0.1"


def wire_name(name):
    labels = [label for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode("latin-1")
                    for label in labels) + b"\0"


def rdata(type_, value):
    """Bytes are data as they are, whatever type they are to be of."""
    if isinstance(value, bytes):
        return value
    if type_ == "MX":
        preference, name = value.split()
        return struct.pack(">H", int(preference)) + wire_name(name)
    if type_ in ("A", "AAAA"):
        return ipaddress.ip_address(value).packed
    if type_ in ("CNAME", "PTR", "NS"):
        return wire_name(value)
    if type_ == "TXT":
        return b"".join(bytes([len(part)]) + part for part in
                        (value[i:i + 255].encode()
                         for i in range(0, len(value), 255)))
    if type_ == "TLSA":
        usage, selector, matching, data = value.split()
        return bytes(map(int, (usage, selector, matching))) + \
            bytes.fromhex(data)
    raise ValueError(type_)


def record(name, type_, data, ttl=TTL, class_=1, length=None):
    """A record on the wire; length may lie."""
    number = TYPES.get(type_, type_)
    data = rdata(type_, data)
    return wire_name(name) + struct.pack(
        ">HHIH", number, class_, ttl,
        len(data) if length is None else length) + data


def soa(name):
    return record(name, "SOA", wire_name("ns." + name) + wire_name("h." + name)
                  + struct.pack(">5I", 1, 3600, 600, 86400, 60), ttl=60)


class Query:
    """A question as it came."""

    def __init__(self, data):
        self.data = data
        self.id, self.flags = struct.unpack_from(">HH", data)
        labels, at = [], 12
        while data[at]:
            labels.append(data[at + 1:at + 1 + data[at]].decode("latin-1"))
            at += 1 + data[at]
        self.name = ".".join(labels).lower()
        self.number, = struct.unpack_from(">H", data, at + 1)
        self.type = NAMES.get(self.number, self.number)
        self.question = data[12:at + 5]
        self.has_opt = bool(struct.unpack_from(">H", data, 10)[0])

    def answer(self, answers=(), authority=(), rcode=NOERROR, flags=0x8580,
               counts=None, id_=None, question=None):
        """A message; counts, ID and question may lie."""
        opt = b"\0" + struct.pack(">HHIH", 41, 1232, 0, 0) \
            if self.has_opt else b""
        counts = counts or (len(answers), len(authority), int(self.has_opt))
        return struct.pack(
            ">6H", self.id if id_ is None else id_, flags | rcode, 1,
            *counts) + (question or self.question) + \
            b"".join(answers) + b"".join(authority) + opt


def from_zone(names, query):
    """What an honest server says that has these names."""
    entry = names.get(query.name)
    if isinstance(entry, str):
        return None if entry == SILENT else query.answer(rcode=RCODES[entry])
    if callable(entry):
        return entry(query)
    apex = ".".join(query.name.split(".")[-2:])
    answers, name = [], query.name
    for _ in range(200):
        entry = names.get(name)
        if not isinstance(entry, dict):
            break
        if "CNAME" in entry and query.type != "CNAME":
            target = entry["CNAME"][0]
            answers.append(record(name, "CNAME", target))
            name = target
            if len(answers) > 150:
                break
            continue
        answers += [record(name, query.type, v)
                    for v in entry.get(query.type, ())]
        break
    else:
        entry = None
    if not isinstance(entry, dict) and \
            not any(n.endswith("." + name) for n in names):
        return query.answer(answers, [soa(apex)], NXDOMAIN)
    if not answers or NAMES.get(query.number) == "CNAME":
        return query.answer(answers, [soa(apex)])
    return query.answer(answers)


class Server:
    """UDP and TCP on one port.  reply(query) gives a message, None for
    silence, or a list of messages to be sent one after the other."""

    def __init__(self, reply, port=0):
        self.reply = reply
        self.asked = []  # (name, type, "udp" or "tcp")
        self.lock = threading.Lock()
        for _ in range(100):
            self.tcp = socket.create_server((HOST, port), backlog=50)
            self.port = self.tcp.getsockname()[1]
            self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                self.udp.bind((HOST, self.port))
                break
            except OSError:
                self.udp.close()
                self.tcp.close()
        self.ended = False
        self.threads = [threading.Thread(target=f, daemon=True)
                        for f in (self._serve_udp, self._serve_tcp)]
        for t in self.threads:
            t.start()

    def count(self, name, type_=None):
        with self.lock:
            return sum(1 for n, t, _ in self.asked
                       if n == name and type_ in (None, t))

    def _replies(self, data, how):
        query = Query(data)
        query.how = how
        with self.lock:
            self.asked.append((query.name, query.type, how))
        replies = self.reply(query)
        if replies is None:
            return []
        return replies if isinstance(replies, list) else [replies]

    def _serve_udp(self):
        while not self.ended:
            try:
                data, peer = self.udp.recvfrom(65535)
                if not data:
                    continue  # close() wakes us
                for message in self._replies(data, "udp"):
                    if len(message) > 1232:
                        message = Query(data).answer(flags=0x8780)  # TC
                    self.udp.sendto(message, peer)
            except OSError:
                continue  # it was closed, or the asker is gone

    def _serve_tcp(self):
        while not self.ended:
            try:
                s, _ = self.tcp.accept()
            except OSError:
                continue
            threading.Thread(target=self._serve_one, args=(s,),
                             daemon=True).start()

    def _serve_one(self, s):
        with s, contextlib.suppress(OSError):
            s.settimeout(10)
            f = s.makefile("rb")
            while True:
                head = f.read(2)
                if len(head) < 2:
                    return
                data = f.read(int.from_bytes(head, "big"))
                for message in self._replies(data, "tcp"):
                    s.sendall(struct.pack(">H", len(message)) + message)

    def close(self):
        self.ended = True
        # Closing alone does not wake a thread that waits.
        with contextlib.suppress(OSError):
            self.tcp.shutdown(socket.SHUT_RDWR)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"", (HOST, self.port))
        for t in self.threads:
            t.join(5)
        self.tcp.close()
        self.udp.close()


@contextlib.contextmanager
def serving(reply):
    server = Server(reply)
    try:
        yield server
    finally:
        server.close()


@contextlib.contextmanager
def zone(names):
    """A port that answers for these names: {name: {type: [data, ...]}}; a name
    may also be "SERVFAIL", "REFUSED", SILENT, or a function of the query."""
    with serving(lambda query: from_zone(names, query)) as server:
        yield server.port


def free_port():
    with socket.create_server((HOST, 0)) as s:
        return s.getsockname()[1]


class Knot:
    """knotd; anchor is a file with the DS records of its zone SIGNED."""

    SIGNED = "signed.example"

    def __init__(self, zones):
        """zones: {name: (signed, text)}; each gets SOA and NS."""
        self.dir = Path(tempfile.mkdtemp(prefix="knot-"))
        self.dir.chmod(0o711)  # dnsd reads the anchor
        self.port = free_port()
        conf = [f"server:\n  rundir: {self.dir}\n"
                f"  listen: {HOST}@{self.port}\n",
                f"database:\n  storage: {self.dir}\n",
                "log:\n  - target: stderr\n    any: warning\n",
                f"template:\n  - id: default\n    storage: {self.dir}\n",
                "zone:\n"]
        for name, (signed, text) in zones.items():
            (self.dir / f"{name}.zone").write_text(
                f"$ORIGIN {name}.\n$TTL 60\n"
                "@ SOA ns hostmaster 1 3600 600 86400 60\n"
                "@ NS ns\nns A 127.0.0.1\n" + text)
            conf.append(f"  - domain: {name}\n    file: {name}.zone\n"
                        f"    dnssec-signing: {'on' if signed else 'off'}\n")
        self.conf = self.dir / "knot.conf"
        self.conf.write_text("".join(conf))
        self.process = subprocess.Popen(
            ["/usr/sbin/knotd", "-c", str(self.conf)],
            stdout=subprocess.DEVNULL,
            stderr=open(self.dir / "log", "wb"))
        try:
            self._wait()
            self.anchor = self.dir / "anchor"
            self.anchor.write_text(self.keys("ds"))
            self.anchor.chmod(0o644)
        except BaseException:
            self.close()
            raise

    def keys(self, form):
        """As "ds" or "dnskey" records."""
        text = subprocess.run(
            ["/usr/sbin/keymgr", "-c", str(self.conf), self.SIGNED, form],
            check=True, capture_output=True, text=True).stdout
        assert form.upper() in text, text
        return text

    def _wait(self):
        """Until it answers for the signed zone with signatures."""
        question = struct.pack(">6H", 1, 0, 1, 0, 0, 1) + \
            wire_name(self.SIGNED) + struct.pack(">HH", 6, 1) + \
            b"\0" + struct.pack(">HHIH", 41, 1232, 0x8000, 0)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            assert self.process.poll() is None, \
                (self.dir / "log").read_text()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.settimeout(0.2)
                s.connect((HOST, self.port))
                with contextlib.suppress(OSError):
                    s.send(question)
                    if struct.unpack_from(">H", s.recv(4096), 6)[0] == 2:
                        return
            time.sleep(0.05)
        raise TimeoutError("knotd")

    def close(self):
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.dir)


@contextlib.contextmanager
def knot(zones):
    k = Knot(zones)
    try:
        yield k
    finally:
        k.close()


class Between(Server):
    """A forwarder that passes all to a port; with strips, DNSSEC is lost in
    it; with silent, all is."""

    def __init__(self, port):
        self.strips = self.silent = False
        self.to = port
        super().__init__(self._pass)

    def _pass(self, query):
        if self.silent:
            return None
        data = query.data
        if self.strips:
            if query.type in ("DNSKEY", "DS"):
                return query.answer()
            # Without the OPT record at the end nobody asks for DNSSEC.
            at = 12 + len(query.question)
            data = data[:10] + b"\0\0" + data[12:at]
        with socket.create_connection((HOST, self.to), 5) as s:
            s.sendall(struct.pack(">H", len(data)) + data)
            f = s.makefile("rb")
            message = f.read(int.from_bytes(f.read(2), "big"))
        if query.how == "udp" and len(message) > 1232:
            return query.answer(flags=0x8780)
        return message


@contextlib.contextmanager
def between(port):
    b = Between(port)
    try:
        yield b
    finally:
        b.close()
