"""What the tests of SMTP and POP3 sessions have in common."""

import contextlib
import fcntl
import os
import signal
import struct
import termios

from suite import wait_for

FOREIGN = "someone@foreign.example"
MESSAGE = b"Subject: x\r\n\r\nbody\r\n"


def hello(lab, service="smtp"):
    s = lab.smtp(service)
    s.ehlo()
    return s


def login(lab, user="alice"):
    s = hello(lab, "submission")
    assert s.auth_plain(user, lab.users[user]).code == 235
    return s


def begin(s, lab, sender="", rcpt="bob"):
    """A message up to where its text goes."""
    s.ok(f"MAIL FROM:<{sender}>")
    s.ok(f"RCPT TO:<{lab.address(rcpt)}>")
    s.ok("DATA", 354)


# --- what was sent, and how far it has come

def arrived(line):
    """Waits until all that was sent has reached the server's host."""
    wait_for(lambda: struct.unpack("i", fcntl.ioctl(
        line.sock, termios.TIOCOUTQ, bytes(4)))[0] == 0, "the bytes' arrival")


def unread(line):
    """How many bytes the kernel keeps for the server at the other end."""
    ends = [f"{int.from_bytes(bytes(map(int, ip.split('.'))), 'little'):08X}"
            f":{port:04X}" for ip, port in (line.sock.getpeername(),
                                            line.sock.getsockname())]
    with open("/proc/net/tcp", encoding="ascii") as rows:
        for row in rows:
            field = row.split()
            if field[1:3] == ends:
                return int(field[4].split(":")[1], 16)
    raise AssertionError("the server has closed the connection")


def read(line):
    """Waits until the server has taken all that was sent."""
    arrived(line)
    wait_for(lambda: unread(line) == 0, "the server's reading")


@contextlib.contextmanager
def stopped(lab, program):
    """Its processes do nothing for the time; the first ones at the end."""
    pids = lab.pids(program)
    assert pids
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def injected(lab, line, said, cut):
    """Sends what begins with a command for TLS, in two parts, all of it
    before the server can answer the command."""
    with stopped(lab, "tlsd"):
        line.send(said[:cut])
        if 0 < cut <= said.index(b"\n") + 1:
            read(line)  # and what is behind the command stays in the kernel
        line.send(said[cut:])
        arrived(line)
