"""Private keys, and where in the memory of processes they lie."""

import re
import subprocess

WINDOW = 16  # bytes that tell a secret from chance
# Where address sanitizer keeps its notes is as large as the address space.
LARGEST = 1 << 30


def _der(data, at=0):
    """The tag, content and end of the DER element at a place."""
    tag, n = data[at], data[at + 1]
    at += 2
    if n & 0x80:
        size = n & 0x7f
        n = int.from_bytes(data[at:at + size], "big")
        at += size
    return tag, data[at:at + n], at + n


def _sequence(data):
    out, at = [], 0
    while at < len(data):
        tag, content, at = _der(data, at)
        out.append((tag, content))
    return out


def _numbers(pem):
    """What is secret of a key, as bytes, most significant first."""
    der = subprocess.run(["openssl", "pkcs8", "-topk8", "-nocrypt", "-in",
                          pem, "-outform", "DER"],
                         capture_output=True, check=True).stdout
    # PKCS #8: version, algorithm, key.
    parts = _sequence(_der(der)[1])
    inner = _sequence(_der(parts[2][1])[1])
    if inner[1][0] == 4:  # RFC 5915: version, privateKey
        return {"scalar": inner[1][1]}
    # RFC 8017: version, n, e, d, p, q, dP, dQ, qInv
    names = ("d", "p", "q", "dP", "dQ", "qInv")
    return {name: content.lstrip(b"\0")
            for name, (_, content) in zip(names, inner[3:])}


def needles(pem):
    """{what: bytes} that no process but the keeper may have of a key file."""
    out = {}
    for name, number in _numbers(pem).items():
        # The ends, too: a copy may have lost one of them.
        for at in {0, (len(number) - WINDOW) // 2, len(number) - WINDOW}:
            part = number[at:at + WINDOW]
            out[f"{name} at {at}"] = part
            out[f"{name} at {at}, as limbs"] = part[::-1]
    text = open(pem, "rb").read()
    key = re.search(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\n(.*?)\n-----END",
                    text, re.S)[1]
    # The first line of an ECDSA key says only what kind of key it is.
    for n, line in enumerate(key.split(b"\n")[1:], 2):
        if len(line) >= 48:
            out[f"line {n} of the PEM text"] = line[-WINDOW:]
    return out


def memory(pid):
    """What can be read of a process; nothing if it has ended."""
    try:
        with open(f"/proc/{pid}/maps") as f:
            maps = f.readlines()
        with open(f"/proc/{pid}/mem", "rb", 0) as mem:
            for line in maps:
                first, last = (int(a, 16)
                               for a in line.split(" ")[0].split("-"))
                if line.split(" ")[1][0] != "r" or last - first > LARGEST:
                    continue
                try:
                    mem.seek(first)
                    yield mem.read(last - first)
                except (OSError, ValueError, OverflowError):
                    pass  # what is the kernel's own
    except (FileNotFoundError, ProcessLookupError):
        pass


def found(pid, wanted):
    """Which of {what: bytes} are in a process."""
    hits = set()
    for part in memory(pid):
        hits.update(what for what, data in wanted.items() if data in part)
    return hits
