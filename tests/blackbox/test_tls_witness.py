"""What tlsd testifies of a client's certificate, and what a session that has
been taken over can make of it.  The tests play that session."""

import hashlib
import os
import ssl

import pytest

import certs
import secrets_in
import suite
import tls_talk
from tls_talk import Connection, login


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A lab that trusts a CA for clients, and the CA."""
    work = tmp_path_factory.mktemp("witness")
    ca = certs.Ca(work)
    lab = suite.Lab()
    try:
        lab.start().stop()
        file = lab.dir / "tls/client-ca.pem"
        file.write_bytes(ca.pem.read_bytes())
        suite.own_like(file, lab.env["CA_FILE"])
        lab.start("-o", f"tls-client-ca {file}", "-o",
                  "tls-client-certificates yes")
        yield lab, ca, work
    finally:
        lab.close()


def client(made, user="alice"):
    """What a session hears of a client with a certificate of the CA."""
    lab, ca, work = made
    pem = ca.issue(work, f"email:{lab.address(user)}")
    c = Connection(lab, lab.tls(certificate=pem), profile="submission")
    c.close()
    return c.ready


def own_server(lab, pem):
    """By the certificate's fingerprint."""
    der = ssl.PEM_cert_to_DER_cert(
        certs.openssl("x509", "-in", pem).decode())
    digest = hashlib.sha256(der).digest()
    ready = tls_talk.own_server(lab, pem, verify=tls_talk.PINS,
                                pins=tls_talk.PIN_CERTIFICATE + digest)
    assert ready["certificate"] == digest
    return ready


def test_client(made):
    """An honest session logs in whom tlsd has seen, and nobody else."""
    lab = made[0]
    ready = client(made)
    assert ready["email"] == lab.address("alice")
    assert login(lab, ready) == lab.address("alice")
    assert login(lab, ready, email=lab.address("bob")) is None
    assert login(lab, ready, exporter=bytes(32)) is None
    assert login(lab, ready, witness=b"") is None
    for byte in range(len(ready["witness"])):
        false = bytearray(ready["witness"])
        false[byte] ^= 1
        assert login(lab, ready, witness=bytes(false)) is None
    # Nor by what was testified of another one.
    other = client(made, "bob")
    assert login(lab, other) == lab.address("bob")
    assert login(lab, ready, witness=other["witness"]) is None


@pytest.mark.parametrize("signed", (False, True))
def test_own_server_is_no_client(made, signed, tmp_path):
    """It may have anybody's address: nobody is logged in by that."""
    lab, ca, work = made
    if not signed:
        (tmp_path / "ca").mkdir()
        ca, work = certs.Ca(tmp_path / "ca"), tmp_path
    ready = own_server(lab, ca.issue(
        work, "DNS:x.example", f"email:{lab.address('alice')}"))
    assert ready["email"] == ""
    assert login(lab, ready) is None
    assert login(lab, ready, certificate=b"") is None
    assert login(lab, ready, email=lab.address("alice")) is None
    # Nor with the words that tlsd has for somebody else.
    said = client(made, "bob")["witness"]
    assert login(lab, ready, email=lab.address("alice"),
                 witness=said) is None


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
@pytest.mark.skipif(suite.SAN, reason="sanitizers leave copies of all")
@pytest.mark.parametrize("name", ("witness", "hops"))
def test_key_is_in_two_processes_only(made, name):
    """It is where it is needed, and not where strangers' bytes are read."""
    lab = made[0]
    master, = lab.pids("postriderd")
    keys = []
    for fd in os.listdir(f"/proc/{master}/fd"):
        path = f"/proc/{master}/fd/{fd}"
        if f"memfd:{name}" in os.readlink(path):
            with open(path, "rb") as f:
                keys.append(f.read())
    key, = keys
    assert len(key) == 32
    wanted = {}
    for mask in 0, 0x36, 0x5c:  # as it is, and as HMAC pads it
        masked = bytes(c ^ mask for c in key)
        words = b"".join(masked[i:i + 4][::-1] for i in range(0, 32, 4))
        for at in 0, 16:
            wanted[f"{mask:#x} at {at}"] = masked[at:at + 16]
            wanted[f"{mask:#x} at {at}, as words"] = words[at:at + 16]
    held = [Connection(lab, profile="submission") for _ in range(3)]
    assert login(lab, client(made)) is not None
    keeper, acceptor, connections = tls_talk.processes(lab)
    authd = {pid for pid in lab.pids("authd")}
    main = {pid for pid in authd if tls_talk.parent(pid) == master}
    assert len(connections) >= 3 and len(main) == 1 and len(authd) > 2
    other = {"witness": acceptor, "hops": lab.pids("queued")[0]}
    have = {pid for pid in lab.pids() if secrets_in.found(pid, wanted)}
    assert have == main | {other[name]}
    # Those that are forked later, too.
    for pid in authd - main:
        os.kill(pid, 9)
    again = suite.wait_for(
        lambda: len(new := set(lab.pids("authd")) - authd) == len(
            authd - main) and new, "new workers")
    for pid in again:
        assert not secrets_in.found(pid, wanted)
    for c in held:
        c.close()
