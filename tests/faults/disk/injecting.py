"""Runs a workload in a process of its own with faults injected into its system calls.

The process is forked from one that has imported all there is, and strace is attached before it begins: a start of
Python for each of a thousand places to be killed at would cost an hour.
"""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from tests.faults.disk.folders import quick_folder
from tests.faults.disk.trace import ACKNOWLEDGED
from tests.faults.disk.workloads import PROGRAMS, WORKLOADS

CALLS: Final = "pwrite64,write,fdatasync,fsync,ftruncate,rename,unlink"
_STEP_LIMIT: Final = 2000
_PATIENCE_SECONDS: Final = 60.0
_SET_PTRACER: Final = 0x59616D61
_ANYBODY: Final = -1


@dataclass(frozen=True, slots=True)
class Run:
    """How a process ended and what it said."""

    returncode: int
    stdout: bytes
    stderr: bytes

    def acknowledged(self) -> tuple[str, ...]:
        """Return what the program had acknowledged."""
        return tuple(line.decode() for line in re.findall(ACKNOWLEDGED + rb"(.*)", self.stdout))

    def events(self) -> int:
        """Return how many events the program had acknowledged."""
        return sum(line.startswith("seq ") for line in self.acknowledged())


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
    return _traced(lambda: PROGRAMS[name](folder), ["-o", os.devnull, *fault.options(folder)])


def kill_at(name: str, ready: Path, place: int) -> tuple[bool, int]:
    """Kill a workload at a call and hold what it left to what it had acknowledged.

    Returns:
        Whether it was killed, and the events it had acknowledged.
    """
    with quick_folder() as parent:
        folder = parent / "box"
        shutil.copytree(ready, folder)
        run = suffer(name, folder, Fault(f"signal=SIGKILL:when={place}"))
        try:
            WORKLOADS[name].check(folder, run.acknowledged())
        except Exception as error:
            raise AssertionError(f"killed at call {place}: {error!r}") from error
        return run.returncode == -signal.SIGKILL, run.events()


def calls_of(name: str, ready: Path) -> int:
    """Return how often one thread makes one call in a whole run, which is what strace counts."""
    with quick_folder() as parent:
        folder, trace = parent / "box", parent / "trace"
        shutil.copytree(ready, folder)
        fault = Fault(f"delay_enter=0:when={_STEP_LIMIT}")
        run = _traced(lambda: PROGRAMS[name](folder), ["-o", str(trace), *fault.options(folder)])
        assert run.returncode == 0, run.stderr.decode()[-1000:]
        lines = trace.read_text(encoding="latin-1").splitlines()
        made = Counter(tuple(re.findall(r"^(\d+) +(\w+)\(", line)) for line in lines)
        return max(count for call, count in made.items() if call)


def _traced(work: Callable[[], None], options: Sequence[str]) -> Run:
    with quick_folder() as folder:
        said = [folder / "stdout", folder / "stderr"]
        child = os.fork()
        if child == 0:
            _be_the_program(work, said)
        os.waitpid(child, os.WUNTRACED)
        tracer = subprocess.Popen(["strace", "-f", "-qq", *options, "-p", str(child)], stderr=subprocess.DEVNULL)
        try:
            _until(lambda: _traced_by(child) or None)
            os.kill(child, signal.SIGCONT)
            status = _until(lambda: _ended(child))
        except BaseException:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise
        finally:
            tracer.kill()
            tracer.wait()
        return Run(os.waitstatus_to_exitcode(status), *(path.read_bytes() for path in said))


def _be_the_program(work: Callable[[], None], said: Sequence[Path]) -> NoReturn:
    """Wait for strace, work, and end without a look at what the process was before."""
    for descriptor, path in enumerate(said, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), descriptor)
    # Many kernels let nobody but a process's parents trace it, and strace is none of them here.
    ctypes.CDLL(None).prctl(_SET_PTRACER, _ANYBODY)
    os.kill(os.getpid(), signal.SIGSTOP)
    try:
        work()
    except BaseException:  # noqa: BLE001 - this process's boundary: what it says of an error is read by the test
        os.write(2, traceback.format_exc().encode())
        os._exit(1)
    os._exit(0)


def _traced_by(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(status.partition("TracerPid:")[2].split()[0])


def _ended(process: int) -> int | None:
    ended, status = os.waitpid(process, os.WNOHANG)
    return status if ended else None


def _until(look: Callable[[], int | None]) -> int:
    end = time.monotonic() + _PATIENCE_SECONDS
    while (seen := look()) is None:
        if time.monotonic() > end:
            raise TimeoutError("a process that is traced has come to no end")
        time.sleep(0.002)
    return seen
