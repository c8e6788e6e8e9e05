"""Fixtures: labs under each super-server.

lab      the suite under openbsd-inetd "wait", shared by the tests of a worker
labs     labs(via): the same under another super-server
kinds    kinds(kind): the same with a certificate of that kind only, rsa or
         ecdsa
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
def labs(shared):
    def get(via="inetd-wait"):
        if via not in shared:
            one = suite.Lab(via=via)
            try:
                one.start()
            except BaseException:
                one.close()
                raise
            shared[via] = one
        shared[via].empty()
        return shared[via]

    return get


@pytest.fixture
def lab(labs):
    return labs()


def only(kind):
    """A lab that serves the one certificate."""
    one = suite.Lab()
    one.start().stop()
    place = one.dir / "only"
    place.mkdir(mode=0o755)
    shutil.copy(one.dir / f"tls/{kind}.pem", place)
    suite.own_like(place, one.dir / "tls")
    suite.own_like(place / f"{kind}.pem", one.dir / f"tls/{kind}.pem")
    return one.start("-o", f"tls-dir {place}")


@pytest.fixture
def kinds(shared):
    def get(kind):
        if kind not in shared:
            shared[kind] = only(kind)
        shared[kind].empty()
        return shared[kind]

    return get


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
