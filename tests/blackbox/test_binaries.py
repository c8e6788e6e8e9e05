"""What the linker made: hardening, libraries, and an install tree."""
import os
import pathlib
import re
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
OBJ = TOP / os.environ.get("O", "obj")
SAN = bool(os.environ.get("SAN"))

PROGRAMS = {
    "common/postriderd", "common/authd", "smtpd/smtpd", "pop3d/pop3d",
    "pop3d/pop3-mailbox", "queue/queued", "queue/bounce", "queue/postrider",
    "queue/sendmail", "delivery/local",
}
# Nothing else may be mapped where text of the network or of users is parsed.
LEAN = {"smtpd/smtpd", "pop3d/pop3d", "pop3d/pop3-mailbox", "delivery/local"}
LEAN_LIBS = {"libc.so.6", "libcdb.so.1", "libbsd.so.0"}
# Started for every connection by inetd "nowait": nothing is looked up, mapped
# or bound at run time.
STATIC = {"smtpd/smtpd", "pop3d/pop3d"}

plain_build = pytest.mark.skipif(SAN, reason="sanitizers link differently")


def readelf(option, program):
    return subprocess.run(["readelf", "-W", option, str(OBJ / program)],
                          check=True, capture_output=True, text=True).stdout


@plain_build
@pytest.mark.parametrize("program", sorted(PROGRAMS))
def test_hardening(program):
    assert re.search(r"Type:\s+DYN", readelf("-h", program))
    segments = readelf("-l", program)
    assert "GNU_RELRO" in segments
    stack = re.search(r"GNU_STACK.*", segments).group(0)
    assert "RWE" not in stack
    dynamic = readelf("-d", program)
    assert "BIND_NOW" in dynamic or "NOW" in dynamic
    symbols = readelf("-s", program)
    assert "__stack_chk_fail" in symbols


@plain_build
@pytest.mark.parametrize("program", sorted(LEAN))
def test_lean_programs_link_little(program):
    needed = set(re.findall(r"NEEDED.*\[(.*)\]", readelf("-d", program)))
    assert needed <= LEAN_LIBS


@plain_build
@pytest.mark.parametrize("program", sorted(STATIC))
def test_session_programs_link_nothing(program):
    assert "NEEDED" not in readelf("-d", program)
    assert "INTERP" not in readelf("-l", program)
    # What __builtin_cpu_supports() brings: it asks the processor at every
    # start, which in a virtual machine takes longer than the banner.
    assert "__cpu_indicator_init" not in readelf("-s", program)


@plain_build
def test_install_tree(tmp_path):
    subprocess.run(["make", "-s", "install", f"DESTDIR={tmp_path}"], cwd=TOP,
                   check=True, capture_output=True)
    have = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*")
            if not p.is_dir()}
    want = {
        "usr/sbin/postriderd", "usr/sbin/sendmail", "usr/sbin/newaliases",
        "usr/sbin/rmail", "usr/lib/sendmail",
        "usr/bin/mailq", "usr/bin/postrider",
        "usr/libexec/postrider/smtpd", "usr/libexec/postrider/pop3d",
        "usr/libexec/postrider/pop3-mailbox", "usr/libexec/postrider/queued",
        "usr/libexec/postrider/authd", "usr/libexec/postrider/bounce",
        "usr/libexec/postrider/local", "usr/libexec/postrider/lab",
        "usr/share/man/man8/smtpd.8", "usr/share/man/man8/queued.8",
        "usr/share/man/man5/spool.5", "usr/share/man/man7/postrider.7",
        "etc/postrider/postrider.conf.sample",
    }
    assert want <= have
    for path in have:
        mode = (tmp_path / path).lstat().st_mode
        assert not mode & 0o6000, f"{path} is set-id"
