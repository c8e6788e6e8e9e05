"""postrider lab: every super-server, every way to end, every wrong order."""

import os
import shlex
import signal
import socket
import subprocess

import pytest

import suite
from conftest import VIAS
from messages import plain
from suite import wait_for

SERVICES = ("smtp", "submission", "pop3", "smtps", "pop3s")
root_only = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


def test_each_super_server(any_lab):
    """All services greet, with their own words."""
    for service, word in (("smtp", "220"), ("submission", "220"),
                          ("pop3", "+OK")):
        with socket.create_connection(("127.0.0.1", any_lab.port(service)),
                                      10) as s:
            assert s.recv(1000).decode().startswith(word)
    for service, word in (("smtps", "220"), ("pop3s", "+OK")):
        with any_lab.trust.wrap_socket(
                socket.create_connection(
                    ("127.0.0.1", any_lab.port(service)), 10),
                server_hostname=any_lab.env["HOSTNAME"]) as s:
            assert s.recv(1000).decode().startswith(word)


@root_only
@pytest.mark.parametrize("via", VIAS)
def test_as_anyone(make_lab, nobody, via):
    """Without root everything runs as the invoking user, and works."""
    lab = make_lab(via=via, uid=nobody)
    assert lab.send(plain("user-mode")).code == 250
    lab.wait_files("bob", 1)
    with lab.pop3("bob", "pop3s") as p:
        assert p.stat()[0] == 1
    for pid in lab.pids():
        assert os.stat(f"/proc/{pid}").st_uid in (nobody, 0)
        with open(f"/proc/{pid}/status") as f:
            uids = [line for line in f if line.startswith("Uid:")]
        assert set(uids[0].split()[1:]) == {str(nobody)}


@root_only
def test_as_a_uid_without_a_name(make_lab):
    """inetd and xinetd want names; systemd does not."""
    lab = make_lab(start=False, uid=54321)
    r = lab.command("start")
    assert r.returncode == 1
    assert "uid 54321: wanted a user with a name, for inetd-wait" in r.stderr
    lab.start("--via", "systemd")
    assert lab.send(plain("nameless")).code == 250
    lab.wait_files("bob", 1)


def uid_of(pid):
    with open(f"/proc/{pid}/status") as f:
        line = [line for line in f if line.startswith("Uid:")][0]
    return set(line.split()[1:])


@root_only
def test_as_root_with_the_real_users(lab):
    """No two roles share a uid, and only postriderd is root."""
    import pwd
    assert lab.send(plain("users")).code == 250
    lab.wait_files("bob", 1)
    with lab.smtp() as s, lab.pop3("bob", "pop3s") as p:
        s.ehlo()
        assert p.stat()[0] == 1
        for program, user in (("postriderd", "root"), ("queued", "postrider"),
                              ("authd", "postrider-auth"),
                              ("tlsd", "postrider-tls"),
                              ("dnsd", "postrider-dns"),
                              ("smtpd", "postrider-net"),
                              ("pop3d", "postrider-net"),
                              ("pop3-mailbox", "postrider-mail")):
            pids = lab.pids(program)
            assert pids, program
            for pid in pids:
                assert uid_of(pid) == {str(pwd.getpwnam(user).pw_uid)}, program
    assert lab.maildir("bob").owner() == "postrider-mail"


@pytest.mark.parametrize("via", ("inetd-wait", "systemd"))
def test_stop_and_resume(make_lab, via):
    """Mail, accounts, ports and options are there again."""
    lab = make_lab(via=via, options=["smtp-banner Moment"],
                   services=["old:submission"])
    ports = [lab.port(s) for s in (*SERVICES, "old")]
    assert lab.send(plain("kept")).code == 250
    lab.wait_files("bob", 1)
    lab.stop()
    assert lab.pids() == []
    assert [f for f in (lab.dir / "run").iterdir() if f.is_socket()] == []
    certificates = {f: f.read_bytes() for f in (lab.dir / "tls").iterdir()}
    lab.start()
    assert certificates == {f: f.read_bytes() for f in certificates}
    assert ports == [lab.port(s) for s in (*SERVICES, "old")]
    with lab.smtp() as s:
        assert "Moment" in s.greeting.text
    with lab.pop3("bob") as p:
        assert p.stat()[0] == 1


def test_old_certificates_are_made_anew(make_lab):
    """By the same CA: who trusts it need not be told."""
    lab = make_lab()
    ca = lab.env["CA_FILE"], open(lab.env["CA_FILE"]).read()
    lab.stop()
    before = {f: f.read_bytes() for f in (lab.dir / "tls").iterdir()}
    assert len(before) == 2
    for f in before:
        os.utime(f, (0, os.stat(f).st_mtime - 301 * 86400))
    lab.start()
    assert ca == (lab.env["CA_FILE"], open(lab.env["CA_FILE"]).read())
    for f, old in before.items():
        assert f.read_bytes() != old
    with lab.smtp("smtps") as s:
        s.quit()


def test_started_twice(lab):
    r = lab.command("start")
    assert r.returncode == 1
    assert f"{lab.dir}: wanted a lab that is not running" in r.stderr
    with lab.smtp() as s:
        s.quit()


def free_block(count):
    """The first of count free ports, as things are now."""
    for first in range(31500, 32700, count):
        try:
            for port in range(first, first + count):
                with socket.socket() as s:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise AssertionError("no free ports")


def test_first_port(make_lab):
    lab = make_lab(start=False, services=["extra:pop3"])
    first = free_block(6)
    lab.start("-p", str(first))
    assert [lab.port(s) for s in (*SERVICES, "extra")] == \
        list(range(first, first + 6))


def test_occupied_port(make_lab):
    lab = make_lab(start=False)
    first = free_block(5)
    with socket.socket() as s:
        s.bind(("127.0.0.1", first + 1))
        s.listen()
        r = lab.command("start", "-p", str(first))
    assert r.returncode == 1
    assert f"port {first + 1}: wanted a free port, found process " \
        f"{os.getpid()} (" in r.stderr
    assert len(r.stderr.splitlines()) == 1


def test_recorded_port_is_taken(make_lab):
    """A resumed lab moves, and says so."""
    lab = make_lab()
    taken = lab.port("smtp")
    lab.stop()
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", taken))
        s.listen()
        lab.start()
        assert lab.port("smtp") != taken
        with lab.smtp() as smtp:
            smtp.quit()


WRONG = {
    "via": (["--via", "nosuch"], "--via: wanted inetd, inetd-wait, xinetd"),
    "user": (["--user", "nopassword"], "--user number 1: wanted name:password"),
    "service": (["--service", "x:nosuch"], "--service: wanted NAME:mx"),
    "taken": (["--service", "smtp:mx"], "--service: wanted a new name"),
    "profile": (["--service", "submissions:mx"],
                "--service: wanted a new name"),
    "port": (["-p", "70000"], "-p: wanted a port number, found 70000"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_option(make_lab, case):
    args, text = WRONG[case]
    lab = make_lab(start=False)
    r = lab.command("start", *args)
    assert r.returncode == 64
    assert text in r.stderr
    assert len(r.stderr.splitlines()) == 1
    assert not lab.dir.exists()


def test_wrong_directory():
    r = subprocess.run([suite.programs() / "postrider", "lab", "start", "-d",
                        "/tmp/a b"], capture_output=True, text=True)
    assert r.returncode == 64
    assert "/tmp/a b: wanted a path of letters" in r.stderr


@pytest.mark.parametrize("args", ([], ["frobnicate"], ["start"],
                                  ["env", "-d"], ["start", "--frobnicate"]))
def test_usage(args):
    r = subprocess.run([suite.programs() / "postrider", "lab", *args],
                       capture_output=True, text=True)
    assert r.returncode == 64
    assert "wanted" in r.stderr and "--help" in r.stderr


def test_foreign_directory(make_lab):
    lab = make_lab(start=False)
    lab.dir.mkdir()
    (lab.dir / "thesis.txt").write_text("do not touch")
    if lab.uid is not None:
        os.chown(lab.dir, lab.uid, lab.uid)
    r = lab.command("start")
    assert r.returncode == 1
    assert "wanted a lab's directory" in r.stderr
    assert [f.name for f in lab.dir.iterdir()] == ["thesis.txt"]


def test_missing_package(make_lab, tmp_path):
    """xinetd is neither on the PATH nor beside the build."""
    lab = make_lab(start=False)
    programs = suite.open_dir()
    try:
        subprocess.run(["cp", "-R", suite.programs(), programs / "libexec"],
                       check=True)
        if subprocess.run(["sh", "-c", "command -v xinetd"],
                          capture_output=True).returncode == 0:
            pytest.skip("xinetd is installed")
        r = subprocess.run(
            [programs / "libexec/postrider", "lab", "start", "-d", lab.dir,
             "--via", "xinetd"], capture_output=True, text=True)
        assert r.returncode == 1
        assert "--via xinetd: wanted the program xinetd, found none " \
            "(install xinetd)" in r.stderr
        assert not lab.dir.exists()
    finally:
        subprocess.run(["rm", "-rf", programs], check=True)


def test_from_an_installed_suite(make_lab):
    """Programs are found where "make install" puts them."""
    lab = make_lab(start=False)
    tree = suite.open_dir()
    try:
        libexec = tree / "usr/libexec/postrider"
        for place in (libexec, tree / "usr/sbin", tree / "usr/bin"):
            place.mkdir(parents=True)
        for f in suite.programs().iterdir():
            place = {"postriderd": tree / "usr/sbin",
                     "sendmail": tree / "usr/sbin",
                     "postrider": tree / "usr/bin"}.get(f.name, libexec)
            subprocess.run(["cp", f, place], check=True)
        (tree / "postrider.conf").write_text(f"libexec-dir {libexec}\n")
        r = subprocess.run(
            [tree / "usr/bin/postrider", "-c", tree, "lab", "start", "-d",
             lab.dir, *lab.args], env=lab.environ, capture_output=True,
            text=True)
        assert r.returncode == 0, r.stderr
        lab.read_env()
        assert lab.send(plain("installed")).code == 250
        lab.wait_files("bob", 1)
    finally:
        subprocess.run(["rm", "-rf", tree], check=True)


@root_only
def test_closed_parent(make_lab):
    """The suite's users cannot come to their places."""
    lab = make_lab(start=False)
    lab.base.chmod(0o700)
    r = lab.command("start")
    lab.base.chmod(0o755)
    assert r.returncode == 1
    assert f"{lab.base}: wanted a directory that user postrider may pass" \
        in r.stderr


def test_env_is_shell(make_lab):
    """Values come back from a shell as they are, whatever is in them."""
    lab = make_lab(users={"carol": "it's $HOME`x`\\\"&|;*?".replace(" ", "_")})
    r = lab.command("env")
    out = subprocess.run(
        ["sh", "-euc", 'eval "$1"; printf %s "$USERS"', "sh", r.stdout],
        capture_output=True, text=True, check=True).stdout
    assert out == "carol:" + lab.users["carol"]
    with lab.pop3("carol") as p:
        assert p.stat() == (0, 0)


def test_user_added_later(make_lab):
    lab = make_lab()
    lab.stop()
    lab.start("--user", "dora:secret-of-dora")
    lab.users["dora"] = "secret-of-dora"
    with lab.pop3("dora") as p:
        assert p.stat() == (0, 0)
    with lab.pop3("alice") as p:
        assert p.stat() == (0, 0)


def test_service_with_its_own_profile(make_lab):
    lab = make_lab(services=["old:submission", "second:mx"],
                   options=["old.auth no", "second.smtp-banner Second"])
    with lab.smtp("old") as s:
        s.ehlo()
        assert "AUTH" not in s.extensions
    with lab.smtp("submission") as s:
        s.ehlo()
        assert "AUTH" in s.extensions
    with lab.smtp("second") as s:
        assert "Second" in s.greeting.text


@pytest.mark.parametrize("program", ("postriderd", "queued", "authd", "tlsd",
                                     "smtpd", "pop3d", "inetd"))
def test_killed_comes_back(lab, program):
    """Each process of the suite, once; then all of it still works."""
    with lab.smtp() as s, lab.pop3() as p:
        s.ehlo()
        p.ok("CAPA")
        killed = lab.pids(program)
        assert killed
        for pid in killed:
            os.kill(pid, signal.SIGKILL)

    def works():
        try:
            if lab.send(plain("again")).code != 250:
                return False
            with lab.pop3("bob", "pop3s") as p:
                return p.ok("STAT")
        except (OSError, AssertionError):
            return False

    wait_for(works, f"mail after the end of {program}")
    wait_for(lambda: set(lab.pids(program)) - set(killed) or
             program in ("smtpd", "pop3d"), f"{program} is back")


@root_only
def test_inetd_leaves_the_systems_pid_file_alone(make_lab):
    at = "/run/inetd.pid"
    before = os.stat(at).st_mtime_ns if os.path.exists(at) else None
    lab = make_lab(via="inetd")
    lab.stop()
    lab.start()
    after = os.stat(at).st_mtime_ns if os.path.exists(at) else None
    assert before == after


@pytest.mark.parametrize("via", ("inetd", "xinetd", "systemd-accept"))
def test_no_brakes(labs, via):
    """300 quick connections turn no super-server's brake on."""
    lab = labs(via)
    for _ in range(300):
        with socket.create_connection(("127.0.0.1", lab.port("smtp")), 10):
            pass
    with lab.smtp() as s:
        s.ehlo()
        s.quit()


def mentioning(text):
    """Command lines of processes that hold a text."""
    found = []
    for pid in os.listdir("/proc"):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                line = f.read()
        except (OSError, ValueError):
            continue
        if text.encode() in line:
            found.append(line)
    return found


@pytest.mark.parametrize("as_nobody", (False, True))
def test_run(as_nobody, nobody):
    """The demonstration: both messages come back, Ctrl-C leaves nothing."""
    if as_nobody and nobody is None:
        pytest.skip("is nobody special already")
    tmp = suite.open_dir()
    if as_nobody:
        os.chown(tmp, nobody, nobody)
    process = None
    try:
        process = subprocess.Popen(
            [*suite.as_uid(nobody if as_nobody else None),
             suite.programs() / "postrider", "lab", "run"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
            env={"PATH": os.environ["PATH"], "TMPDIR": str(tmp),
                 "ASAN_OPTIONS": "detect_leaks=0"})
        said = []
        for line in process.stdout:
            said.append(line)
            if "Ctrl-C" in line:
                break
        text = "".join(said)
        for word in ("AUTH LOGIN", "334", "235", "354", "USER", "PASS", "STAT",
                     "UIDL", "LIST", "RETR", "DELE", "QUIT", "127.0.0.1",
                     "RSA-2048", "EC-P-256", "SCRAM-SHA-256-PLUS", "ca.pem"):
            assert word in text, text + process.stderr.read()
        assert len(list(tmp.glob("postrider-lab.*"))) == 1
        assert mentioning(str(tmp))
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=suite.PATIENCE)
        assert process.returncode == 0, out + err
        assert err == ""
        assert list(tmp.iterdir()) == []
        assert mentioning(str(tmp)) == []
    finally:
        if process is not None:
            process.terminate()
            process.communicate(timeout=suite.PATIENCE)
        subprocess.run(["rm", "-rf", tmp], check=True)


def test_run_in_a_directory_keeps_it(make_lab):
    lab = make_lab(start=False)
    process = subprocess.Popen(
        [*suite.as_uid(lab.uid), suite.programs() / "postrider", "lab", "run",
         "-d", lab.dir], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env=lab.environ)
    for line in process.stdout:
        if "Ctrl-C" in line:
            break
    lab.read_env()
    assert lab.pids()
    assert shlex.split(lab.command("env").stdout)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=suite.PATIENCE)
    assert process.returncode == 0
    assert lab.pids() == []
    assert (lab.dir / "spool").is_dir()
