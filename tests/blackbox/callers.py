"""Programs of Debian that call sendmail, in a root of their own.

The root is the system's with the unpacked packages laid over it (see peers.py),
our sendmail as /usr/sbin/sendmail, and a lab's tables where it looks for them.
Nothing is installed, and whatever runs there ends with its namespace.
"""

import os
import shutil
import subprocess
from pathlib import Path

import suite

PACKAGES = ("cron", "at", "anacron", "bsd-mailx", "alpine", "logwatch",
            "procmail", "maildrop", "courier-authlib", "sudo", "git-email",
            "libmailtools-perl", "php8.2-cli")


class Root:
    def __init__(self, lab):
        self.lab = lab
        self.base = suite.open_dir("postrider-callers-")
        for sub in ("upper", "work", "root"):
            (self.base / sub).mkdir(mode=0o755)
        self.upper = self.base / "upper"
        for p in PACKAGES:
            shutil.copytree(suite.BUILD / "peers" / p, self.upper,
                            symlinks=True, dirs_exist_ok=True)
        for name in ("sendmail", "rmail", "newaliases"):
            self.place(f"usr/sbin/{name}")
        self.place("usr/bin/mailq")
        self.place("usr/lib/sendmail")
        tables = self.upper / "var/lib/postrider"
        tables.mkdir(parents=True)
        (tables / "tables.cdb").symlink_to(lab.dir / "state/tables.cdb")

    def place(self, path):
        """One of the names that sendmail is installed under."""
        to = self.upper / path
        to.parent.mkdir(parents=True, exist_ok=True)
        if to.name == "sendmail" and to.parent.name == "sbin":
            shutil.copy(suite.programs() / "sendmail", to)
        else:
            to.symlink_to("/usr/sbin/sendmail")

    def put(self, path, text, mode=0o644, uid=0):
        place = self.upper / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        place.chmod(mode)
        os.chown(place, uid, uid)

    def directory(self, path, mode=0o755, uid=0):
        place = self.upper / path.lstrip("/")
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(mode)
        os.chown(place, uid, uid)

    def popen(self, script, uid=None, **more):
        """A shell script in the root, as root or as uid."""
        self.put("/caller.sh", script + "\n", 0o755)
        become = " ".join(suite.as_uid(uid))
        outer = f"""
            set -e
            mount -t overlay overlay -o \
lowerdir=/,upperdir={self.upper},workdir={self.base}/work {self.base}/root
            cd {self.base}/root
            mkdir -p proc dev tmp run
            mount -t proc proc proc
            mount --rbind /dev dev
            mount --rbind /tmp tmp
            mount -t tmpfs tmpfs run
            exec chroot . /usr/bin/env {become} /bin/sh /caller.sh
        """
        return subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh",
             "-c", outer], start_new_session=True,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
                 "HOME": "/root", "TERM": "vt100"}, **more)

    def run(self, script, uid=None, data=b""):
        with self.popen(script, uid, stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.STDOUT) as p:
            try:
                out, _ = p.communicate(data, suite.PATIENCE)
            except subprocess.TimeoutExpired:
                p.kill()
                raise
        return p.returncode, out.decode(errors="replace")

    def close(self):
        shutil.rmtree(self.base, ignore_errors=True)


def unpacked():
    return all((Path(suite.BUILD) / "peers" / p).exists() for p in PACKAGES)
