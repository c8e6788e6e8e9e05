"""The private keys are in one process only, whatever handshakes there were."""

import os
import subprocess

import pytest

import secrets_in
import suite
import wire
from suite import wait_for
from tlsclients import SClient

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root")

LOAD = suite.BUILD / "tests/bench/tlsload"
RSA = "rsa_pss_rsae_sha256"
ECDSA = "ecdsa_secp256r1_sha256"


def parent(pid):
    with open(f"/proc/{pid}/stat") as f:
        return int(f.read().rpartition(")")[2].split()[1])


def keeper(lab):
    """The tlsd that postriderd has started."""
    started = [pid for pid in lab.pids("tlsd")
               if parent(pid) in lab.pids("postriderd")]
    assert len(started) == 1, started
    return started[0]


def full_handshakes(lab, n):
    """Of both kinds and versions, on both services of implicit TLS."""
    for service in ("smtps", "pop3s"):
        for args in (["-v", "1.3", "-a", RSA], ["-v", "1.3", "-a", ECDSA],
                     ["-v", "1.2", "-a", "RSA-PSS+SHA256"],
                     ["-v", "1.2", "-a", ECDSA]):
            subprocess.run([LOAD, *args, str(lab.port(service)), "2",
                            str(n // 8)], check=True, capture_output=True,
                           timeout=suite.PATIENCE)


def left_open(lab):
    """Connections of each kind, version and way that stay."""
    held = []
    for version, ciphers in ((wire.TLS13, None),
                             (wire.TLS12, "ECDHE-RSA-AES128-GCM-SHA256"),
                             (wire.TLS12, "ECDHE-ECDSA-AES128-GCM-SHA256")):
        ctx = lab.tls(version=version, ciphers=ciphers)
        for service in ("smtp", "submission"):
            s = lab.smtp(service)
            s.ehlo()
            s.starttls(ctx)
            held.append(s)
        p = lab.pop3()
        p.starttls(ctx)
        held += [p, lab.smtp("smtps", tls=ctx),
                 lab.pop3(service="pop3s", tls=ctx)]
    # A mailbox has one session at a time.
    held.append(lab.pop3("alice", "pop3s"))
    for service in ("smtps", "pop3s"):
        o = SClient(lab.port(service), "-sigalgs", RSA)
        assert o.sock.recv(3) in (b"220", b"+OK")
        held.append(o)
    return held


def key_files(lab):
    files = sorted((lab.dir / "tls").glob("*.pem"))
    assert len(files) == 2
    return files


def test_keys_are_found_where_they_are(tmp_path):
    """The search itself: it sees a key in a process that has loaded it."""
    for args in (["rsa:2048"], ["ec", "-pkeyopt",
                                "ec_paramgen_curve:P-256"]):
        pem = tmp_path / "x.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-nodes", "-subj", "/CN=x",
             "-newkey", *args, "-keyout", pem, "-out", "/dev/null"],
            check=True, capture_output=True)
        wanted = secrets_in.needles(pem)
        code = ("import ssl, sys; c = ssl.SSLContext(); "
                f"c.load_cert_chain({str(tmp_path / 'both')!r}); "
                "print(flush=True); sys.stdin.read()")
        subprocess.run(["openssl", "req", "-x509", "-key", pem, "-subj",
                        "/CN=x", "-out", tmp_path / "crt"], check=True,
                       capture_output=True)
        (tmp_path / "both").write_bytes(
            (tmp_path / "crt").read_bytes() + pem.read_bytes())
        with subprocess.Popen(["/usr/bin/python3", "-c", code],
                              stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as p:
            p.stdout.readline()
            hits = secrets_in.found(p.pid, wanted)
            p.stdin.close()
        names = {what.split(" ")[0] for what in wanted} - {"line"}
        assert names <= {what.split(" ")[0] for what in hits}


def test_only_the_keeper_has_private_keys(make_lab):
    """After more than 200 handshakes, and while connections are open."""
    lab = make_lab()
    full_handshakes(lab, 200)
    held = left_open(lab)
    wanted = {f.name: secrets_in.needles(f) for f in key_files(lab)}
    kept = keeper(lab)
    pids = lab.pids()
    names = {open(f"/proc/{pid}/comm").read().strip() for pid in pids}
    assert {"tlsd", "smtpd", "pop3d", "authd", "queued", "postriderd",
            "pop3-mailbox"} <= names
    # The keeper, the acceptor, and one for each connection that is open.
    assert len(lab.pids("tlsd")) >= 2 + len(held)
    for name, secret in wanted.items():
        assert secrets_in.found(kept, secret), name
        for pid in pids:
            if pid != kept:
                assert not secrets_in.found(pid, secret), (name, pid, open(
                    f"/proc/{pid}/comm").read())
    for one in held:
        one.close()


def test_memory_is_nobodys_to_read(lab):
    """No user of the suite may look into the keeper, not even its own."""
    kept = keeper(lab)
    for user in ("postrider-tls", "postrider-net", "postrider-auth",
                 "nobody"):
        r = subprocess.run(["setpriv", f"--reuid={user}", f"--regid={user}",
                            "--clear-groups", "cat", f"/proc/{kept}/mem"],
                           capture_output=True)
        assert r.returncode != 0, user


def test_others_cannot_open_the_key_files(lab):
    """None of the processes that hear the network may."""
    for f in key_files(lab):
        for user in ("postrider-net", "postrider-auth", "postrider",
                     "postrider-mail", "nobody"):
            r = subprocess.run(
                ["setpriv", f"--reuid={user}", f"--regid={user}",
                 "--clear-groups", "cat", f], capture_output=True)
            assert r.returncode != 0 and r.stdout == b"", (f, user)


def test_every_tlsd_has_its_own_user(lab):
    with lab.smtp("smtps"):
        uids = {os.stat(f"/proc/{pid}").st_uid for pid in lab.pids("tlsd")}
        for pid in lab.pids("tlsd"):
            with open(f"/proc/{pid}/status") as f:
                uids.update(int(u) for line in f if line.startswith("Uid:")
                            for u in line.split()[1:])
    import pwd
    assert uids - {0} == {pwd.getpwnam("postrider-tls").pw_uid}


def test_keeper_is_replaced(make_lab):
    """Killed, it takes the acceptor with it; both come back and serve."""
    lab = make_lab()
    with lab.smtp("smtps"):
        before = set(lab.pids("tlsd"))
        os.kill(keeper(lab), 9)

    def works():
        try:
            with lab.smtp("smtps", timeout=5):
                return True
        except (OSError, AssertionError):
            return False

    wait_for(works, "TLS after the end of the keeper")
    wait_for(lambda: not before & set(lab.pids("tlsd")),
             "the end of what belonged to it")
