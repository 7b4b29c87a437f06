"""F-02, F-03, F-24: the program killed at a system call, and a disk that refuses, fails or is slow from one on."""

import os
import random
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.disk.box_work import check, prepare
from tests.faults.disk.trace import ACKNOWLEDGED, strace
from tests.faults.disk.workloads import WORKLOADS
from tests.support.promises import Tally

pytestmark = pytest.mark.system

LONG = bool(os.environ.get("LONG"))
SEED = int(os.environ.get("SEED", "1"))
_CALLS = "pwrite64,write,fdatasync,fsync,ftruncate,rename,unlink"
_SHORT_KILLS = 2
_STEP_LIMIT = 2000


def inject(folder: Path, name: str, what: str, calls: str = _CALLS) -> subprocess.CompletedProcess[bytes]:
    """Run a workload with a fault injected into every call of these names."""
    return strace(_options(folder, what, calls), "tests.faults.disk.workloads", name, str(folder))


def inject_into_record(folder: Path, name: str, what: str, calls: str) -> subprocess.CompletedProcess[bytes]:
    """Run a workload with a fault injected into the calls that concern the database and its write-ahead log."""
    record = folder / "data" / "record.db"
    options = [*_options(folder, what, calls), "-P", str(record), "-P", f"{record}-wal"]
    return strace(options, "tests.faults.disk.workloads", name, str(folder))


def _options(folder: Path, what: str, calls: str) -> list[str]:
    return ["-o", str(folder.with_suffix(".trace")), "-e", f"trace={calls}", "-e", f"inject={calls}:{what}"]


def told(run: subprocess.CompletedProcess[bytes]) -> tuple[str, ...]:
    """Return what the program had acknowledged."""
    pattern = ACKNOWLEDGED + rb"(.*)"
    return tuple(line.decode() for line in re.findall(pattern, run.stdout))


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    folder = tmp_path / "ready"
    prepare(folder)
    return folder


@pytest.mark.req("P-1", "I-01", "I-02", "F-02", "F-15")
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", sorted(WORKLOADS))
def test_a_kill_at_a_system_call_loses_nothing_acknowledged(name: str, tmp_path: Path, tally: Tally) -> None:
    ready = tmp_path / "ready"
    WORKLOADS[name].prepare(ready)
    last = calls_of(ready, name)
    places = range(1, last + 1) if LONG else sorted(random.Random(SEED).sample(range(1, last + 1), _SHORT_KILLS))
    killed = 0
    for place in places:
        folder = ready.with_name(f"kill-{place}")
        shutil.copytree(ready, folder)
        run = inject(folder, name, f"signal=SIGKILL:when={place}")
        killed += run.returncode != 0
        WORKLOADS[name].check(folder, told(run))
        tally.acknowledged(sum(line.startswith("seq ") for line in told(run)))
        shutil.rmtree(folder)
    assert killed == len(places)
    tally.injected(killed)
    tally.lost(0)
    tally.doubled(0)


def calls_of(ready: Path, name: str) -> int:
    """Return how often one thread makes one call in a whole run, which is what strace counts."""
    folder = ready.with_name("counted")
    shutil.copytree(ready, folder)
    run = inject(folder, name, f"delay_enter=0:when={_STEP_LIMIT}")
    assert run.returncode == 0, run.stderr.decode()[-1000:]
    lines = folder.with_suffix(".trace").read_text(encoding="latin-1").splitlines()
    shutil.rmtree(folder)
    made = Counter(tuple(re.findall(r"^(\d+) +(\w+)\(", line)) for line in lines)
    return max(count for call, count in made.items() if call)


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
    calls: str, what: str, ready: Path, tally: Tally
) -> None:
    run = inject_into_record(ready, "commit", what, calls)
    tally.injected(1)
    if run.returncode:
        assert re.search(rb"edge\.store\.errors\.\w+: ", run.stderr), run.stderr.decode()[-2000:]
    check(ready, told(run))
    tally.acknowledged(sum(line.startswith("seq ") for line in told(run)))


@pytest.mark.req("F-03", "F-24")
def test_a_disk_that_recovers_is_worked_with_again_without_a_restart(ready: Path, tally: Tally) -> None:
    run = inject_into_record(ready, "persist", "error=ENOSPC:when=5..30", "pwrite64")
    assert run.returncode == 0, run.stderr.decode()[-2000:]
    refused, kept = (int(number) for number in re.findall(rb"(\d+) refused, (\d+) kept", run.stdout)[0])
    assert refused > 0
    check(ready, told(run))
    tally.injected(refused)
    tally.acknowledged(kept)


@pytest.mark.req("F-24", "I-09")
def test_a_slow_disk_slows_the_writer_and_breaks_nothing(ready: Path, tally: Tally) -> None:
    run = inject_into_record(ready, "commit", "delay_enter=50000", "fdatasync")
    assert run.returncode == 0, run.stderr.decode()[-2000:]
    check(ready, told(run))
    tally.injected(1)
    tally.acknowledged(sum(line.startswith("seq ") for line in told(run)))
