"""A user's Maildir, filled behind the suite's back, as other programs do."""

import os


class Box:
    def __init__(self, lab, user="alice"):
        self.lab = lab
        self.user = user
        self.dir = lab.maildir(user)
        with lab.pop3(user) as p:
            p.quit()  # makes the Maildir
        self.owner = self.dir.stat().st_uid
        self.serial = 0

    def give(self, path):
        if os.geteuid() == 0:
            os.chown(path, self.owner, -1, follow_symlinks=False)
        return path

    def put(self, content, name=None, sub="new"):
        """A message as it lies on disk; named in the order of arrival."""
        self.serial += 1
        if name is None:
            name = f"1700000000.M{self.serial:06}P1.host"
        path = self.dir / sub / name
        path.write_bytes(content)
        return self.give(path)

    def put_all(self, n, content=b"Subject: %d\n\nbody %d\n"):
        return [self.put(content.replace(b"%d", b"%d" % (i + 1)))
                for i in range(n)]

    def names(self):
        return sorted(f"{sub}/{f.name}" for sub in ("new", "cur")
                      for f in (self.dir / sub).iterdir())

    def log_of_last(self):
        """The line that tells how the last session of this user ended."""
        lines = self.lab.wait_log(
            f"event=closed account={self.lab.address(self.user)}")
        return lines[-1]


def wire_form(stored):
    """What RETR must give for a file, with the dots taken away."""
    out = stored.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    if out and not out.endswith(b"\n"):
        out += b"\r\n"
    return out
