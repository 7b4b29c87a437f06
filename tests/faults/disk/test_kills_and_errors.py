"""F-02, F-03, F-24: the program killed at a system call, and a disk that refuses, fails or is slow from one on."""

import os
import random
import re
from functools import partial
from pathlib import Path

import pytest

from tests.faults.disk.box_work import check, prepare
from tests.faults.disk.forked import Run
from tests.faults.disk.injecting import Fault, calls_of, kill_at, suffer
from tests.faults.disk.trace import acknowledged_in, events_in
from tests.faults.disk.workloads import WORKLOADS
from tests.support.cores import Cores
from tests.support.promises import Tally

pytestmark = pytest.mark.system

LONG = bool(os.environ.get("LONG"))
SEED = int(os.environ.get("SEED", "1"))
_SHORT_KILLS = 4


def suffered(cores: Cores, name: str, folder: Path, fault: Fault) -> Run:
    """Run a workload with a fault injected, in a process that is made for it."""
    return next(cores.each(partial(suffer, name, folder), [fault], name))


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    folder = tmp_path / "ready"
    prepare(folder)
    return folder


@pytest.mark.req("P-1", "I-01", "I-02", "F-02", "F-15")
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", sorted(WORKLOADS))
def test_a_kill_at_a_system_call_loses_nothing_acknowledged(
    name: str, tmp_path: Path, cores: Cores, tally: Tally
) -> None:
    ready = tmp_path / "ready"
    WORKLOADS[name].prepare(ready)
    last = next(cores.each(partial(calls_of, name), [ready], name))
    every = range(1, last + 1)
    places = every if LONG else sorted(random.Random(SEED).sample(every, _SHORT_KILLS))
    killed = 0
    for dead, acknowledged in cores.each(partial(kill_at, name, ready), places, f"kills ({name})", len(places)):
        killed += dead
        tally.acknowledged(acknowledged)
    assert killed == len(places)
    tally.injected(killed)
    tally.lost(0)
    tally.doubled(0)


@pytest.mark.req("P-1", "I-02", "F-03")
@pytest.mark.parametrize(
    ("calls", "what"),
    [
        ("fdatasync", "error=EIO:when=3+"),
        ("pwrite64", "error=ENOSPC:when=6+"),
        ("fdatasync", "error=EIO:when=4"),
    ],
)
def test_a_disk_that_fails_from_some_call_on_is_named_and_loses_nothing(
    calls: str, what: str, ready: Path, cores: Cores, tally: Tally
) -> None:
    run = suffered(cores, "commit", ready, Fault(what, calls, record_only=True))
    tally.injected(1)
    if run.returncode:
        assert re.search(rb"edge\.store\.errors\.\w+: ", run.stderr), run.stderr.decode()[-2000:]
    check(ready, acknowledged_in(run.stdout))
    tally.acknowledged(events_in(run.stdout))


@pytest.mark.req("F-03", "F-24")
def test_a_disk_that_recovers_is_worked_with_again_without_a_restart(ready: Path, cores: Cores, tally: Tally) -> None:
    run = suffered(cores, "persist", ready, Fault("error=ENOSPC:when=5..30", "pwrite64", record_only=True))
    assert run.returncode == 0, run.stderr.decode()[-2000:]
    refused, kept = (int(number) for number in re.findall(rb"(\d+) refused, (\d+) kept", run.stdout)[0])
    assert refused > 0
    check(ready, acknowledged_in(run.stdout))
    tally.injected(refused)
    tally.acknowledged(kept)


@pytest.mark.req("F-24", "I-09")
def test_a_slow_disk_slows_the_writer_and_breaks_nothing(ready: Path, cores: Cores, tally: Tally) -> None:
    run = suffered(cores, "commit", ready, Fault("delay_enter=50000", "fdatasync", record_only=True))
    assert run.returncode == 0, run.stderr.decode()[-2000:]
    check(ready, acknowledged_in(run.stdout))
    tally.injected(1)
    tally.acknowledged(events_in(run.stdout))
