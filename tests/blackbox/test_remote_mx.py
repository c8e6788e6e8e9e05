"""Which hosts mail goes to, by a real dnsd and a DNS server of the test's: the
hosts are loopback addresses, with one port for all."""

import pytest

from dnsserver import zone
from sink import Sink

BODY = b"Subject: x\n\nbody\n"
ZONE = {
    # The best is away, of the others the better one gets it.
    "order.test": {"MX": ["10 h9.test", "20 h2.test", "30 h3.test"]},
    "implicit.test": {"A": ["127.0.0.2"]},
    "null.test": {"MX": ["0 ."], "A": ["127.0.0.2"]},
    "fails.test": "SERVFAIL",
    "half.test": {"MX": ["10 broken.test", "20 h2.test"]},
    "broken.test": "SERVFAIL",
    "nowhere.test": {"MX": ["10 missing.test"]},
    "us.test": {"MX": ["10 mail.lab.example", "20 h2.test"]},
    "us-by-address.test": {"MX": ["10 h2.test", "20 h1.test", "30 h3.test"]},
    "only-us.test": {"A": ["127.0.0.1"]},
    "alias.test": {"CNAME": ["implicit.test"]},
    "text.test": {"MX": ["10 127.0.0.3", "20 h2.test"]},
    # The best eight are no more.
    "gone.test": {"MX": [f"{i} gone{i}.test" for i in range(8)] +
                  ["50 h2.test"]},
    "all-gone.test": {"MX": [f"{i} gone{i}.test" for i in range(17)]},
    **{f"h{i}.test": {"A": [f"127.0.0.{i}"]} for i in (1, 2, 3, 9)},
}


def two_sinks():
    """On 127.0.0.2 and 127.0.0.3, with one port."""
    for _ in range(50):
        first = Sink(address=("127.0.0.2", 0))
        try:
            return {2: first, 3: Sink(address=("127.0.0.3", first.port))}
        except OSError:  # somebody else has it there
            first.close()
    raise AssertionError("no port that is free on both")


@pytest.fixture(scope="module")
def hosts():
    sinks = two_sinks()
    yield sinks
    for s in sinks.values():
        s.close()


@pytest.fixture(scope="module")
def names():
    with zone(ZONE) as port:
        yield port


@pytest.fixture
def lab(share, hosts, names):
    lab = share("remote-mx", options=[
        f"dns-server 127.0.0.1@{names}", "loopback-delivery yes",
        f"remote-port {hosts[2].port}", "ip-preference ipv4"])
    yield lab
    if lab.queued():
        assert lab.postrider("queue", "drop", "--all").returncode == 0


def send(lab, domain):
    r = lab.sendmail("-i", "-f", lab.address("alice"), f"bob@{domain}",
                     data=BODY)
    assert r.returncode == 0, r.stderr


def went_to(hosts, domain):
    return [i for i, s in hosts.items() for m in s.messages()
            if m.addresses == [f"bob@{domain}"]]


@pytest.mark.parametrize("domain", [
    "order.test", "implicit.test", "half.test", "us-by-address.test",
    "alias.test", "text.test", "gone.test"])
def test_goes(lab, hosts, domain):
    send(lab, domain)
    lab.wait_log(f"event=delivered to=bob@{domain}")
    assert went_to(hosts, domain) == [2]


@pytest.mark.parametrize("domain, dsn", [
    ("missing.test", "5.1.2"), ("null.test", "5.1.10"),
    ("us.test", "5.4.6"), ("only-us.test", "5.4.6"),
    ("nowhere.test", "5.4.4"), ("[127.0.0.1]", "5.4.6"),
    ("[0.0.0.0]", "5.4.4"), ("[IPv6:::]", "5.4.4"),
])
def test_comes_back(lab, hosts, domain, dsn):
    send(lab, domain)
    text = lab.wait_files("alice", 1)[0].read_text()
    assert f"Status: {dsn}" in text
    assert went_to(hosts, domain) == []
    lab.wait_idle()


@pytest.mark.parametrize("domain, dsn", [
    ("fails.test", "4.4.3"), ("all-gone.test", "4.4.4")])
def test_waits(lab, hosts, domain, dsn):
    send(lab, domain)
    assert dsn in lab.wait_log(f"event=deferred to=bob@{domain}")[0]
    assert went_to(hosts, domain) == []
    assert lab.files("alice") == []


def test_missing_host_is_named(lab):
    send(lab, "nowhere.test")
    line = lab.wait_log("event=failed to=bob@nowhere.test")[0]
    assert "nowhere.test: its mail hosts have no address in DNS: " \
        "missing.test (no such host)" in line, line
    assert "host=" not in line and "code=" not in line
    lab.wait_idle()


def test_loopback_is_refused(make_lab, hosts, names):
    """unless the option says otherwise."""
    lab = make_lab(options=[f"dns-server 127.0.0.1@{names}",
                            f"remote-port {hosts[2].port}"])
    before = went_to(hosts, "implicit.test")
    send(lab, "implicit.test")
    text = lab.wait_files("alice", 1)[0].read_text()
    assert "Status: 5.4.4" in text
    assert went_to(hosts, "implicit.test") == before
    send(lab, "[127.0.0.2]")
    text = lab.wait_files("alice", 2)[1].read_text()
    assert "Status: 5.4.4" in text
