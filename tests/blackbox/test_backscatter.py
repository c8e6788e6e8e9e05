"""Mail with forged senders: who never wrote gets no report (ATTACKS H07, H08)."""

from concurrent.futures import ThreadPoolExecutor

FORGED = 1000
EACH = 10  # of a session; more refused ones end it


def attempts(lab, first):
    """Codes for mail to users who do not exist, with senders who did not
    write it."""
    codes = []
    with lab.smtp() as c:
        c.ehlo()
        for i in range(first, first + EACH):
            c.ok(f"MAIL FROM:<victim{i}@innocent{i}.test>")
            codes.append(c.cmd(f"RCPT TO:<nobody{i}@{lab.domain}>").code)
            c.ok("RSET")
        c.quit()
    return codes


def test_forged_senders(lab):
    """Refused while the forger listens, so nothing is queued, ever."""
    before = lab.log().count("event=queued")
    with ThreadPoolExecutor(4) as pool:
        codes = [code for some in pool.map(
            lambda first: attempts(lab, first), range(0, FORGED, EACH))
            for code in some]
    assert codes == [550] * FORGED
    assert not lab.queued()
    assert lab.log().count("event=queued") == before


def test_null_sender(lab):
    """A report for nobody is refused, and no report of that is made."""
    with lab.smtp() as c:
        c.ehlo()
        c.ok("MAIL FROM:<>")
        assert c.cmd(f"RCPT TO:<nobody@{lab.domain}>").code == 550
        assert c.cmd("DATA").code == 503
        c.quit()
    assert not lab.queued()
