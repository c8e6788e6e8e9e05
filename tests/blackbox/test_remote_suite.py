"""Mail to other hosts through the whole suite: from submission to a server by
script, and back as a report."""

import pytest

from sink import BDAT, EXTENSIONS, Sink
from suite import wait_for


@pytest.fixture
def out(make_lab):
    """out(sink, options...): a lab whose foreign mail goes to the sink."""
    def make(sink, *options, **more):
        return make_lab(options=[f"route * {sink.hop}", "retry-first 1s",
                                 *options], **more)
    return make


def submit(lab, content, *rcpts):
    """As a local user would."""
    done = lab.run(lab.env["SENDMAIL"], "-f", lab.address("alice"), "-i",
                   *rcpts, input=content)
    assert done.returncode == 0, done


BODY = b"Subject: x\n\nbody\n.\nQUIT\n"


@pytest.mark.parametrize("offered", [EXTENSIONS, BDAT], ids=["data", "bdat"])
def test_sendmail(out, offered):
    with Sink(offered) as s:
        lab = out(s)
        submit(lab, BODY, "a@example.net", "b@example.com")
        lab.wait_idle()
        got = s.messages()
        assert sorted(a for m in got for a in m.addresses) == \
            ["a@example.net", "b@example.com"]
        for m in got:
            assert m.sender == lab.address("alice")
            assert m.content.endswith(b"body\r\n.\r\nQUIT\r\n")
            assert m.content.startswith(b"Received: ")
