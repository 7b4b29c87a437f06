"""Runs a workload in a process of its own with faults injected into its system calls.

Work for the processes of `Cores`, for it forks.
"""

import os
import re
import shutil
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.faults.disk.folders import quick_folder
from tests.faults.disk.forked import Run, traced
from tests.faults.disk.trace import acknowledged_in, events_in
from tests.faults.disk.workloads import PROGRAMS, WORKLOADS

CALLS: Final = "pwrite64,write,fdatasync,fsync,ftruncate,rename,unlink"
_STEP_LIMIT: Final = 2000


@dataclass(frozen=True, slots=True)
class Fault:
    """What is done to which calls, in strace's words; only to the record's files where asked for."""

    what: str
    calls: str = CALLS
    record_only: bool = False

    def options(self, folder: Path) -> list[str]:
        """Return strace's options."""
        record = folder / "data" / "record.db"
        only = ["-P", str(record), "-P", f"{record}-wal"] if self.record_only else []
        return [*only, "-e", f"trace={self.calls}", "-e", f"inject={self.calls}:{self.what}"]


def suffer(name: str, folder: Path, fault: Fault) -> Run:
    """Run a workload in its folder with a fault injected."""
    return traced(lambda: PROGRAMS[name](folder), ["-o", os.devnull, *fault.options(folder)])


def kill_at(name: str, ready: Path, place: int) -> tuple[bool, int]:
    """Kill a workload at a call and hold what it left to what it had acknowledged.

    Returns:
        Whether it was killed, and the events it had acknowledged.
    """
    with quick_folder() as parent:
        folder = parent / "box"
        shutil.copytree(ready, folder)
        try:
            run = suffer(name, folder, Fault(f"signal=SIGKILL:when={place}"))
            WORKLOADS[name].check(folder, acknowledged_in(run.stdout))
        except Exception as error:
            raise AssertionError(f"killed at call {place}: {error!r}") from error
        return run.returncode == -signal.SIGKILL, events_in(run.stdout)


def calls_of(name: str, ready: Path) -> int:
    """Return how often one thread makes one call in a whole run, which is what strace counts."""
    with quick_folder() as parent:
        folder, trace = parent / "box", parent / "trace"
        shutil.copytree(ready, folder)
        fault = Fault(f"delay_enter=0:when={_STEP_LIMIT}")
        run = traced(lambda: PROGRAMS[name](folder), ["-o", str(trace), *fault.options(folder)])
        assert run.returncode == 0, run.stderr.decode()[-1000:]
        lines = trace.read_text(encoding="latin-1").splitlines()
        made = Counter(tuple(re.findall(r"^(\d+) +(\w+)\(", line)) for line in lines)
        return max(count for call, count in made.items() if call)
