"""Power cuts, cut down; "make proof-powercut" is the long form."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SKIPPED = 77


def run(program, *args):
    r = subprocess.run([sys.executable, HERE / program, *args], text=True,
                       stdin=subprocess.DEVNULL, capture_output=True,
                       timeout=300)
    if r.returncode == SKIPPED:
        pytest.skip(r.stdout.strip())
    print(r.stdout, r.stderr)
    return r


@pytest.mark.parametrize("options", (
    [], ["-o", "early-delivery-wait 0s"]), ids=("early", "filed"))
def test_nothing_is_lost(options):
    """What was answered with 250 is there and whole, whatever was cut."""
    assert run("powercut", "-m", "16", "-n", "10", *options).returncode == 0


def test_loss_is_found():
    """Where nothing waits for the disk, mail is lost, and it is seen."""
    assert run("powercut", "-m", "8", "-n", "6", "--unsynced").returncode == 0


def test_orders():
    """The replay tells an order that keeps its word from one that does not."""
    r = run("orders", "-n", "6", "-f", "ext4", "flow", "no-dir", "none")
    rows = {row.split()[1]: row.split()
            for row in r.stdout.splitlines() if row.startswith("ext4")}
    assert rows["flow"][3::2] == ["0", "0"]
    assert int(rows["no-dir"][3]) > 0
    assert int(rows["none"][3]) > 0
