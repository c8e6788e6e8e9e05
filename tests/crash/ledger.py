"""What was sent, what was acknowledged, and what is there.

A survey looks at the files of a spool and of Maildirs as spool(5) and local(8)
describe them, without any part of the suite; it is taken before and after the
suite has recovered what a power cut left.
"""

import random
import re
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "blackbox"))
import wire  # noqa: E402

TRAILER = 79
TRAILER_FORM = re.compile(rb"\nPostrider-End: 1 ([0-9a-f]{16}) ")
DOMAIN = "lab.example"
TOKEN = re.compile(rb"^X-Token: (\S+)$", re.M)

# Recipients with a domain of their own are of another host: they wait.
KINDS = (
    (["alice"], 2000),
    (["alice", "bob"], 12000),
    (["bob"], 90),
    (["carol", "far@example.net"], 8000),
    (["bob"], 60000),
    (["far@example.net"], 4000),
    (["alice", "bob", "carol"], 4096),
    (["carol"], 300000),
)


class Message:
    """One message, the same for the same number."""

    def __init__(self, number):
        rcpts, size = KINDS[number % len(KINDS)]
        rnd = random.Random(number)
        self.token = f"m{number}"
        self.rcpts = [r if "@" in r else f"{r}@{DOMAIN}" for r in rcpts]
        head = f"From: a@example.org\nX-Token: {self.token}\n\n".encode()
        body = rnd.randbytes(size // 2).hex().encode()
        lines = [body[n:n + 72] for n in range(0, len(body), 72)]
        self.content = head + b"\n".join(lines) + b"\n"

    def wire(self):
        return self.content.replace(b"\n", b"\r\n")


def is_local(rcpt):
    return rcpt.endswith("@" + DOMAIN)


class Ledger:
    """All that is sent, by token."""

    def __init__(self, count):
        self.messages = [Message(n) for n in range(count)]
        self.by_token = {m.token: m for m in self.messages}

    def whole(self, data):
        """The message of which data is a whole copy, below what was added."""
        content = wire.below_trace(data)
        found = TOKEN.search(content[:400])
        message = self.by_token.get(found[1].decode()) if found else None
        return message if message and content == message.content else None


class Queued:
    """A file of the queue; message is None when it was never completed."""

    def __init__(self, path, ledger):
        data = path.read_bytes()
        envelope = data.partition(b"\n\n")[0] + b"\n\n"
        end = TRAILER_FORM.match(data[-TRAILER:])
        content = data[len(envelope):-TRAILER]
        complete = end is not None and int(end[1], 16) == len(content)
        self.path = path
        self.message = ledger.whole(content) if complete else None
        self.foreign = complete and self.message is None
        self.status = {}
        for line in envelope.decode("ascii", "replace").splitlines():
            if line.startswith("Rcpt: "):
                _, status, _, _, rcpt = line.split(" ")
                self.status[rcpt] = status

    def waits_for(self, rcpt):
        return self.message is not None and self.status.get(rcpt) == "Q"


class Survey:
    """The copies of each message: (token, rcpt) to a number."""

    def __init__(self, lab, ledger):
        self.mailboxes, self.waiting = Counter(), Counter()
        self.wrong = []
        for user in lab.users:
            self.look_at_mailbox(lab, user, ledger)
        self.look_at_queue(lab, ledger)

    def look_at_mailbox(self, lab, user, ledger):
        rcpt = f"{user}@{DOMAIN}"
        for file in lab.files(user):
            message = ledger.whole(file.read_bytes())
            if message is None or rcpt not in message.rcpts:
                self.wrong.append(f"damaged in a mailbox: {file}")
            else:
                self.mailboxes[message.token, rcpt] += 1

    def look_at_queue(self, lab, ledger):
        for file in lab.queued():
            try:
                queued = Queued(file, ledger)
            except FileNotFoundError:  # just done with
                continue
            if queued.foreign:
                self.wrong.append(f"damaged in the queue: {file}")
            for rcpt in queued.status:
                if queued.waits_for(rcpt):
                    self.waiting[queued.message.token, rcpt] += 1
        if (lab.spool / "damaged").is_dir():
            for file in (lab.spool / "damaged").iterdir():
                self.wrong.append(f"set aside as damaged: {file}")

    def undelivered(self):
        """Copies that wait though nothing hinders their delivery."""
        return [key for key in self.waiting if is_local(key[1])]


def lost(ledger, acknowledged, survey):
    """What was acknowledged and is nowhere."""
    return [f"lost: {token} for {rcpt}" for token in acknowledged
            for rcpt in ledger.by_token[token].rcpts
            if survey.mailboxes[token, rcpt] + survey.waiting[token, rcpt] == 0]


def duplicates(before, after):
    """How many there are, and those that spool(5) does not allow.

    A copy may come twice when it was in the mailbox and still in the queue.
    """
    count, wrong = 0, []
    for key in after.mailboxes | after.waiting:
        copies = after.mailboxes[key] + after.waiting[key]
        count += max(copies - 1, 0)
        if copies > before.mailboxes[key] + before.waiting[key]:
            wrong.append(f"more than before: {key}: {copies}")
        if copies > 2:
            wrong.append(f"more than twice: {key}: {copies}")
    return count, wrong
