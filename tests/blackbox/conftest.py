"""Fixtures: labs under each super-server.

lab      the suite under openbsd-inetd "wait", shared by the tests of a worker
labs     labs(via): the same under another super-server
kinds    kinds(kind): the same with a certificate of that kind only, rsa or
         ecdsa
share    share(name, **settings): one with settings, shared under a name
make_lab make_lab(via=, options=, users=, services=, uid=, start=): one of the
         test's own

Shared ones are handed out with empty mailboxes and an empty queue, and must be
left running.
"""

import os
import shutil

import pytest

import suite

NOBODY = 65534
VIAS = ("inetd", "inetd-wait", "xinetd", "systemd", "systemd-accept")


def pytest_configure(config):
    if os.environ.get("PYTEST_XDIST_WORKER") is None and \
            not (suite.BUILD / "libexec/postrider").exists():
        raise pytest.UsageError(f"{suite.BUILD}: no build, run make first")


@pytest.fixture(scope="session", autouse=True)
def programs():
    """Whoever copied them, the copies go last."""
    yield
    suite.remove_programs()


@pytest.fixture(scope="session")
def shared(programs):
    running = {}
    yield running
    for one in running.values():
        one.close()


@pytest.fixture
def share(shared):
    """share(name, start, **settings): the lab of that name, started by start
    when it is wanted first."""
    def get(name, start=suite.Lab.start, **settings):
        if name not in shared:
            one = suite.Lab(**settings)
            try:
                start(one)
            except BaseException:
                one.close()
                raise
            shared[name] = one
        shared[name].empty()
        return shared[name]

    return get


@pytest.fixture
def labs(share):
    return lambda via="inetd-wait": share(via, via=via)


@pytest.fixture
def lab(labs):
    return labs()


@pytest.fixture
def kinds(share):
    def start(one, kind):
        one.start().stop()
        place = one.dir / "only"
        place.mkdir()
        for name in ("", f"{kind}.pem"):
            if name:
                shutil.copy(one.dir / "tls" / name, place)
            suite.own_like(place / name, one.dir / "tls" / name)
        one.start("-o", f"tls-dir {place}")

    return lambda kind: share(kind, lambda one: start(one, kind))


@pytest.fixture(params=VIAS)
def any_lab(request, labs):
    """The same test under each super-server."""
    return labs(request.param)


@pytest.fixture
def make_lab(shared):
    made = []

    def make(start=True, **settings):
        one = suite.Lab(**settings)
        made.append(one)
        if start:
            one.start()
        return one

    yield make
    for one in made:
        one.close()


@pytest.fixture
def nobody():
    """An unprivileged uid to run a lab as; without root, everybody's own."""
    return NOBODY if os.getuid() == 0 else None
