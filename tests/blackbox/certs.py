"""Certificates for tests, signed by a lab's CA or by another; made with the
command openssl."""

import os
import shutil
import subprocess

KEYS = {"rsa": ["rsa:2048"],
        "ecdsa": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]}


def openssl(*argv, **more):
    r = subprocess.run(["openssl", *map(str, argv)], capture_output=True,
                       stdin=subprocess.DEVNULL, **more)
    assert r.returncode == 0, r.stderr.decode()
    return r.stdout


class Ca:
    """A CA in a directory: ca.pem and ca.key, made when missing."""

    def __init__(self, place):
        self.pem, self.key = place / "ca.pem", place / "ca.key"
        if not self.pem.exists():
            openssl("req", "-x509", "-newkey", *KEYS["ecdsa"], "-nodes",
                    "-subj", "/CN=another CA", "-days", "100",
                    "-keyout", self.key, "-out", self.pem)

    def issue(self, work, *names, kind="ecdsa", subject="/CN=test", days=30,
              extension=None):
        """A certificate for names such as DNS:a.example or email:a@b: one
        file with the key behind it, in the directory work.  extension: what
        stands in place of names."""
        base = work / f"issued-{len(list(work.iterdir()))}"
        crt, key, both = (base.with_suffix(s) for s in
                          (".crt", ".key", ".pem"))
        extensions = base.with_suffix(".ext")
        extension = extension or ",".join(names)
        extensions.write_text(
            f"subjectAltName={extension}\n" if extension else "")
        openssl("req", "-new", "-newkey", *KEYS[kind], "-nodes", "-subj",
                subject, "-keyout", key, "-out", base.with_suffix(".csr"))
        openssl("x509", "-req", "-in", base.with_suffix(".csr"), "-CA",
                self.pem, "-CAkey", self.key, "-CAcreateserial", "-days",
                days, "-extfile", extensions, "-out", crt)
        both.write_bytes(crt.read_bytes() + key.read_bytes())
        return both

    def staple(self, work, certificate, status="good"):
        """An OCSP response for a certificate, good or revoked."""
        serial = openssl("x509", "-in", certificate, "-noout", "-serial")
        serial = serial.decode().strip().partition("=")[2]
        index, request, out = (work / f"ocsp.{s}" for s in
                               ("index", "request", "response"))
        index.write_text(
            f"V\t300101000000Z\t\t{serial}\tunknown\t/CN=x\n"
            if status == "good" else
            f"R\t300101000000Z\t260101000000Z\t{serial}\tunknown\t/CN=x\n")
        openssl("ocsp", "-issuer", self.pem, "-cert", certificate, "-no_nonce",
                "-reqout", request)
        openssl("ocsp", "-index", index, "-CA", self.pem, "-rsigner",
                self.pem, "-rkey", self.key, "-reqin", request, "-respout",
                out, "-ndays", "2")
        return out


def fingerprint(pem):
    """SHA-256 of a certificate in lower-case hex."""
    out = openssl("x509", "-in", pem, "-noout", "-fingerprint", "-sha256")
    return out.decode().strip().partition("=")[2].replace(":", "").lower()


def put(lab, source, name):
    """A file in tls-dir, there from one moment to the next."""
    place = lab.dir / "tls"
    new = place / f".{name}.new"
    shutil.copyfile(source, new)
    model = place / "ecdsa.pem"
    if os.geteuid() == 0:
        os.chown(new, model.stat().st_uid, model.stat().st_gid)
    new.chmod(0o640)
    new.rename(place / name)
