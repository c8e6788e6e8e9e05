"""The processes of POP3 sessions: who takes clients, and who serves them."""

from pathlib import Path


def _stat(pid):
    """Name, parent and start of a process; None when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    name = text[text.index("(") + 1:text.rindex(")")]
    fields = text[text.rindex(")") + 2:].split()
    return name, int(fields[1]), int(fields[19])


def _is_session(pid):
    about = _stat(pid)
    if about is None:
        return False
    parent = _stat(about[1])
    return parent is not None and parent[0] == "pop3-mailbox"


def takers(lab):
    """Those that take clients."""
    return [p for p in lab.pids("pop3-mailbox") if not _is_session(p)]


def sessions(lab, taker=None):
    """Those that serve one, in the order of their start."""
    pids = [p for p in lab.pids("pop3-mailbox") if _is_session(p)]
    about = {p: _stat(p) for p in pids}
    return sorted((p for p in pids if about[p] is not None and
                   taker in (None, about[p][1])),
                  key=lambda p: (about[p][2], p))
