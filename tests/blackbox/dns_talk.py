"""An asker's end of the channel to dnsd (common/msg_dns.h)."""

import contextlib
import socket
import struct

import tls_talk
from tls_talk import _fields, _text

ASK, MX, ADDRESS, NAME, TEXT, TLSA_, DONE, STATUS, STATE = range(9)
KINDS = {"MX": 1, "ADDRESS": 2, "PTR": 3, "TXT": 4, "TLSA": 5, "A": 6,
         "AAAA": 7}
STATUSES = ("secure", "insecure", "bogus", "nxdomain", "nodata", "tempfail")
WINDOW = 16

FIELDS = {
    MX: (("u", "serial"), ("u", "preference"), ("s", "name")),
    ADDRESS: (("u", "serial"), ("s", "ip")),
    NAME: (("u", "serial"), ("s", "name")),
    TEXT: (("u", "serial"), ("b", "text")),
    TLSA_: (("u", "serial"), ("u", "usage"), ("u", "selector"),
            ("u", "matching"), ("b", "data")),
    DONE: (("u", "serial"), ("u", "status"), ("u", "proved"), ("u", "ttl"),
           ("s", "text")),
    STATE: (("q", "questions"), ("q", "cached"), ("q", "failures"),
            ("q", "bogus"), ("u", "open"), ("u", "oldest"), ("u", "validates"),
            ("s", "trouble")),
}
VALUES = {
    MX: lambda m: (m["preference"], m["name"]),
    ADDRESS: lambda m: m["ip"],
    NAME: lambda m: m["name"],
    TEXT: lambda m: m["text"],
    TLSA_: lambda m: (m["usage"], m["selector"], m["matching"], m["data"]),
}


class Answer:
    """status and proved of done, and the records, sorted."""

    def __init__(self, done, records):
        self.status = STATUSES[done["status"]]
        self.proved = bool(done["proved"])
        self.ttl, self.text = done["ttl"], done["text"]
        self.records = sorted(records)

    def __repr__(self):
        return (f"<{self.status} proved={self.proved} ttl={self.ttl} "
                f"{self.text!r} {self.records}>")


class Asker:
    def __init__(self, lab):
        self.chan = tls_talk.connect(lab, "dns")
        self.chan.settimeout(60)
        self.serial = 0
        self.records, self.answers = {}, {}

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.chan.close()

    def send(self, kind, name, serial=None):
        if serial is None:
            self.serial += 1
            serial = self.serial
        self.chan.send(struct.pack(">HII", ASK, serial,
                                   KINDS.get(kind, kind)) + _text(name))
        return serial

    def hear(self):
        """One message; False at the end."""
        try:
            data = self.chan.recv(16384)
        except ConnectionResetError:
            return False
        if not data:
            return False
        type_, = struct.unpack_from(">H", data)
        m = _fields(data[2:], FIELDS[type_])
        if type_ == STATE:
            self.state_ = m
        elif type_ == DONE:
            assert m["serial"] not in self.answers
            self.answers[m["serial"]] = Answer(
                m, self.records.pop(m["serial"], []))
        else:
            self.records.setdefault(m["serial"], []).append(VALUES[type_](m))
        return True

    def wait(self, serial):
        while serial not in self.answers:
            assert self.hear(), "dnsd has closed the channel"
        return self.answers.pop(serial)

    def ask(self, kind, name):
        return self.wait(self.send(kind, name))

    def state(self):
        self.state_ = None
        self.chan.send(struct.pack(">HI", STATUS, 0))
        while self.state_ is None:
            assert self.hear(), "dnsd has closed the channel"
        return self.state_

    def is_closed(self):
        with contextlib.suppress(socket.timeout):
            self.chan.settimeout(10)
            while self.hear():
                pass
            return True
        return False


def ask(lab, kind, name):
    with Asker(lab) as a:
        return a.ask(kind, name)


def state(lab):
    with Asker(lab) as a:
        return a.state()
