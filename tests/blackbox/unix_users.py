"""Unix users of this machine, for tests that run as root."""

import os
import pwd
import subprocess
from contextlib import contextmanager

import pytest

import suite

root_only = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


def account_tool(*argv, text=None):
    """useradd and its like; they refuse while another one runs."""
    def done():
        r = subprocess.run([str(a) for a in argv], input=text, text=True,
                           capture_output=True)
        assert r.returncode == 0 or "lock" in r.stderr, r.stderr
        return r.returncode == 0
    suite.wait_for(done, argv[0], every=0.2)


class User:
    def __init__(self, name, home):
        self.name, self.home = name, home
        self.uid = pwd.getpwnam(name).pw_uid
        self.gid = pwd.getpwnam(name).pw_gid

    def write(self, name, text, mode=0o600):
        """A file in the home directory, of the user."""
        path = self.home / name
        path.write_text(text)
        os.chown(path, self.uid, self.gid)
        path.chmod(mode)
        return path

    def mail(self, folder=""):
        """The messages in new/, oldest first."""
        place = self.home / "Maildir" / folder / "new"
        return sorted(place.iterdir()) if place.is_dir() else []


@contextmanager
def unix_user(letter="a"):
    """Made before a lab is, so that no agent of his runs at the end."""
    name = f"pr-{letter}-{os.getpid() % 100000}"
    home = suite.open_dir() / name
    account_tool("useradd", "-m", "-d", home, "-s", "/bin/sh", "-p", "*", name)
    try:
        home.chmod(0o755)
        yield User(name, home)
    finally:
        account_tool("userdel", "-r", name)
        home.parent.rmdir()
