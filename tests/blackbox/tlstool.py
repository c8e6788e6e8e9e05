"""What tests of postrider's certificates share: a configuration without a
suite, a CA's files, and openssl(1)."""

import json
import subprocess

import pytest

import suite
from tools import HOST, Conf

USAGE, DATAERR, UNAVAILABLE, CANTCREAT = 64, 65, 69, 73
DAY = 86400


@pytest.fixture
def conf():
    c = Conf()
    c.tls = c.base / "tls"
    c.write("postrider.conf", *c.lines, f"tls-dir {c.tls}")
    c("apply")
    yield c
    c.close()


def openssl(*args, **more):
    return subprocess.run(["openssl", *map(str, args)], text=True, check=True,
                          capture_output=True, timeout=suite.PATIENCE,
                          **more).stdout


def show(conf, status=0):
    found = json.loads(conf("tls", "show", "--json", status=status).stdout)
    found["profiles"] = {p["profile"]: p for p in found["profiles"]}
    return found


def san(path):
    text = openssl("x509", "-in", path, "-noout", "-ext", "subjectAltName")
    return text.split("\n")[1].strip()


def mode(path):
    return path.stat().st_mode & 0o7777


@pytest.fixture
def given(conf):
    """What an ACME client has: a chain with an intermediate CA, and a key."""
    d = conf.base / "acme"
    root, sub = d / "root", d / "sub"
    for p in (root, sub):
        p.mkdir(parents=True)
    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *new, "-keyout", root / "ca.key", "-out",
            root / "ca.pem", "-subj", "/CN=root", "-addext",
            "keyUsage=critical,keyCertSign")
    openssl("req", *new, "-keyout", sub / "ca.key", "-out", d / "sub.csr",
            "-subj", "/CN=sub")
    (d / "ext").write_text("basicConstraints=critical,CA:TRUE\n"
                           "subjectKeyIdentifier=hash\n"
                           "authorityKeyIdentifier=keyid\n")
    openssl("x509", "-req", "-in", d / "sub.csr", "-CA", root / "ca.pem",
            "-CAkey", root / "ca.key", "-days", "30", "-extfile", d / "ext",
            "-out", sub / "ca.pem", "-CAcreateserial")
    conf("tls", "make-cert", "--ca", sub, "--name", "made", HOST, "alt.example")
    made = conf.tls / "made.pem"
    openssl("pkey", "-in", made, "-out", d / "key.pem")
    text = made.read_text()
    d.joinpath("chain.pem").write_text(text[text.index("-----BEGIN CERT"):])
    made.unlink()
    conf("apply")
    return d
