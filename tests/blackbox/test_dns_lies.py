"""dnsd and DNS servers that lie, group by group of what they can do."""

import struct

import pytest

from dns_talk import ask
from dnsserver import from_zone, record, serving, wire_name

NO_ANCHOR = "dns-trust-anchor /nonexistent/anchor"

MX = "10 good.lies.example"
GOOD = [(10, "good.lies.example")]


def one_bad(type_, data, good=MX):
    """A name with one record that is wrong, and one that is not."""
    return {type_: [data, good]}


def raw(*answers, **lies):
    return lambda q: q.answer([a(q) if callable(a) else a for a in answers],
                              **lies)


def mx_of(q):
    return record(q.name, "MX", MX)


LONG = b"".join(b"\x3f" + b"a" * 63 for _ in range(4)) + b"\0"  # 257 bytes

# name: (what the server says, kind, status, records)
LIES = {
    # Data of a wrong length.  Of some, libunbound takes nothing at all.
    "mx0": (one_bad("MX", b""), "MX", "insecure", GOOD),
    "mx1": (one_bad("MX", b"\0"), "MX", "tempfail", []),
    "mx2": (one_bad("MX", b"\0\x0a"), "MX", "insecure", GOOD),
    "mx-all": ({"MX": [b"\0\x0a", b"\0"]}, "MX", "tempfail", []),
    "mx-more": (one_bad("MX", b"\0\x0a\x01x\0more"), "MX", "insecure", GOOD),
    "mx-open": (one_bad("MX", b"\0\x0a\x3fx"), "MX", "tempfail", []),
    "mx-long": (one_bad("MX", b"\0\x0a" + LONG), "MX", "tempfail", []),
    "mx-itself": (one_bad("MX", b"\0\x0a\xc0\xff"), "MX", "tempfail", []),
    "mx-ahead": (one_bad("MX", b"\0\x0a\xff\xff"), "MX", "tempfail", []),
    "a3": ({"A": [b"\x7f\0\0", "192.0.2.7"]}, "A", "insecure", ["192.0.2.7"]),
    "a5": ({"A": [b"\x7f\0\0\1\1"]}, "A", "tempfail", []),
    "aaaa4": ({"AAAA": [b"\x7f\0\0\1"]}, "AAAA", "tempfail", []),
    "a4-both": ({"A": ["192.0.2.7"], "AAAA": [b"x" * 15]}, "ADDRESS",
                "insecure", ["192.0.2.7"]),
    "txt-over": ({"TXT": [b"\xffshort", "fine"]}, "TXT", "insecure",
                 [b"fine"]),
    "txt-none": ({"TXT": [b"", "fine"]}, "TXT", "insecure", [b"fine"]),
    "txt-big": ({"TXT": ["x" * 5000, "fine"]}, "TXT", "insecure", [b"fine"]),
    "txt-4096": ({"TXT": ["x" * 4096]}, "TXT", "insecure", [b"x" * 4096]),
    "tlsa0": ({"TLSA": [b"", "3 1 1 aa"]}, "TLSA", "insecure",
              [(3, 1, 1, b"\xaa")]),
    "tlsa3": ({"TLSA": [b"\3\1\1", "3 1 1 aa"]}, "TLSA", "insecure",
              [(3, 1, 1, b"\xaa")]),
    "tlsa-big": ({"TLSA": [b"\3\0\0" + b"x" * 513, "3 1 1 aa"]}, "TLSA",
                 "insecure", [(3, 1, 1, b"\xaa")]),
    # Names that nobody should see.
    "mx-space": (one_bad("MX", b"\0\x0a\x03a b\0"), "MX", "insecure", GOOD),
    "mx-crlf": (one_bad("MX", b"\0\x0a\x04a\r\nb\0"), "MX", "insecure", GOOD),
    "mx-nul": (one_bad("MX", b"\0\x0a\x03a\0b\0"), "MX", "insecure", GOOD),
    "mx-dot": (one_bad("MX", b"\0\x0a\x03a.b\0"), "MX", "insecure", GOOD),
    "mx-utf8": (one_bad("MX", b"\0\x0a\x02\xc3\xa9\0"), "MX", "insecure",
                GOOD),
    "mx-option": (one_bad("MX", b"\0\x0a\x03-oX\0"), "MX", "insecure", GOOD),
    # Lengths and counts that are not true.
    "length": (raw(mx_of, lambda q: record(q.name, "MX", MX, length=500)),
               "MX", "tempfail", []),
    "count": (raw(mx_of, counts=(50, 0, 0)), "MX", "tempfail", []),
    "count-many": (raw(mx_of, counts=(65535, 65535, 65535)), "MX", "tempfail",
                   []),
    # Of another question.
    "question": (raw(mx_of, question=wire_name("other.example") +
                     struct.pack(">HH", 15, 1)), "MX", "tempfail", []),
    "owner": (raw(record("other.lies.example", "MX", MX)), "MX", "nodata",
              []),
    # An answer with another ID or question comes first, and does not count.
    "id": (lambda q: [q.answer([record(q.name, "MX", "1 evil.example")],
                               id_=q.id ^ 1),
                      q.answer([mx_of(q)])], "MX", "insecure", GOOD),
    # Aliases.
    "loop": ({"CNAME": ["loop.lies.example"]}, "MX", "tempfail", []),
    "two": ({"CNAME": ["three.lies.example"]}, "MX", "tempfail", []),
    "three": ({"CNAME": ["two.lies.example"]}, "MX", "tempfail", []),
    "chain0": ({"CNAME": ["chain1.lies.example"]}, "MX", "tempfail", []),
    "few0": ({"CNAME": ["few1.lies.example"]}, "MX", "insecure", GOOD),
    # Failures.
    "servfail": ("SERVFAIL", "MX", "tempfail", []),
    "refused": ("REFUSED", "MX", "tempfail", []),
    "notimp": ("NOTIMP", "MX", "tempfail", []),
    "formerr": ("FORMERR", "MX", "tempfail", []),
    "garbage": (lambda q: q.data[:2] + b"\x85\x80" + b"\xff" * 40, "MX",
                "tempfail", []),
    "null": ({"MX": ["0 ."]}, "MX", "insecure", [(0, "")]),
}


def lying():
    names = {f"{name}.lies.example": what
             for name, (what, _, _, _) in LIES.items()}
    for n in range(1, 100):
        names[f"chain{n}.lies.example"] = {
            "CNAME": [f"chain{n + 1}.lies.example"]}
    for n in range(1, 8):
        names[f"few{n}.lies.example"] = {"CNAME": [f"few{n + 1}.lies.example"]}
    names["few8.lies.example"] = {"MX": [MX]}
    names["many.lies.example"] = {
        "MX": [f"{n} m{n}.lies.example" for n in range(1000)],
        "TXT": [f"text {n:4} " + "x" * 20 for n in range(1000)]}
    names["1.2.0.192.in-addr.arpa"] = {
        "PTR": [f"p{n}.lies.example" for n in range(1000)]}
    names["cut.lies.example"] = lambda q: q.answer(flags=0x8780)
    names["fine.lies.example"] = {"MX": [MX]}
    return names


@pytest.fixture(scope="module")
def liar():
    with serving(lambda q, names=lying(): from_zone(names, q)) as server:
        yield server


@pytest.fixture
def lied_to(share, liar):
    return share("dns-lied-to", options=[f"dns-server 127.0.0.1@{liar.port}",
                                         NO_ANCHOR])


@pytest.mark.parametrize("name", LIES)
def test_lies(lied_to, name):
    _, kind, status, records = LIES[name]
    pids = lied_to.pids("dnsd")
    got = ask(lied_to, kind, f"{name}.lies.example")
    assert (got.status, got.records) == (status, records), got
    assert lied_to.pids("dnsd") == pids


def test_thousand_records(lied_to):
    """64 KiB over TCP; so many are told, and no more."""
    for kind, name in (("MX", "many.lies.example"),
                       ("TXT", "many.lies.example"), ("PTR", "192.0.2.1")):
        got = ask(lied_to, kind, name)
        assert got.status == "insecure" and len(got.records) == 100, got
        assert len(set(got.records)) == 100


def test_cut_answer(lied_to):
    """TC, and TC again over TCP."""
    got = ask(lied_to, "MX", "cut.lies.example")
    assert got.status in ("tempfail", "nodata"), got


def test_many_with_another_id(make_lab):
    """Ten thousand guesses before the answer."""
    def reply(query):
        if query.name != "guessed.example":
            return query.answer(rcode=3)
        evil = [record(query.name, "MX", "1 evil.example")]
        return [query.answer(evil, id_=(query.id + n) & 0xffff)
                for n in range(1, 3000)] + \
            [query.answer([record(query.name, "MX", MX)])]

    with serving(reply) as server:
        lab = make_lab(options=[f"dns-server 127.0.0.1@{server.port}",
                                NO_ANCHOR])
        got = ask(lab, "MX", "guessed.example")
        # Unbound takes so many for an attack, and asks again later.
        assert got.records in ([], GOOD), got
        assert got.status in ("insecure", "tempfail")


# --- names that are asked for

@pytest.mark.parametrize("kind,name", (
    ("MX", ""), ("MX", "."), ("MX", ".."), ("MX", "a..b"), ("MX", ".a"),
    ("MX", "a" * 64 + ".example"), ("MX", "a." * 127 + "b"),
    ("MX", "a b.example"), ("MX", "a\n.example"), ("MX", "-a.example"),
    ("MX", "é.example"), ("MX", "a\\.b"), ("ADDRESS", "*.example"),
    ("PTR", "mx.example"), ("PTR", "192.0.2.1.5"), ("PTR", ""),
    ("PTR", "fe80::1%lo"), ("TXT", "a/b"), ("TLSA", "_25._tcp.")))
def test_no_names(lied_to, liar, kind, name):
    """Nobody is asked for what cannot exist, but for the last, which can."""
    before = len(liar.asked)
    got = ask(lied_to, kind, name)
    assert got.status == "nxdomain" and not got.proved
    if kind != "TLSA":
        assert len(liar.asked) == before


def test_hosts(lied_to):
    got = ask(lied_to, "ADDRESS", "localhost")
    assert got.status == "insecure" and "127.0.0.1" in got.records


