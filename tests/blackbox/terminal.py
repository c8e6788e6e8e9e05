"""Programs that people use in a terminal."""

import os
import pty
import select
import time

from suite import PATIENCE, wait_for


def in_terminal(argv, home):
    """Runs a program that wants a terminal; returns what it drew."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update({"HOME": str(home), "TERM": "xterm",
                           "LANG": "C.UTF-8"})
        os.chdir(home)
        os.execvp(argv[0], [str(a) for a in argv])
    drawn = b""
    end = time.monotonic() + 2 * PATIENCE
    try:
        while time.monotonic() < end:
            if fd in select.select([fd], [], [], 1)[0]:
                try:
                    data = os.read(fd, 65536)
                except OSError:  # it has ended
                    break
                if not data:
                    break
                drawn += data
    finally:
        os.close(fd)
        wait_for(lambda: os.waitpid(pid, os.WNOHANG)[0], "the end of " +
                 argv[0])
    return drawn
