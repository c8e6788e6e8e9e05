"""What the SMTP tests have in common."""

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
