"""A program in a process of its own under strace, in a tenth of the time that a start of Python takes.

It is forked from a process that has imported all there is, and strace is attached before it begins.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from tests.faults.disk.folders import quick_folder

_PATIENCE_SECONDS: Final = 60.0
_SET_PTRACER: Final = 0x59616D61
_ANYBODY: Final = -1


@dataclass(frozen=True, slots=True)
class Run:
    """How a program ended and what it said."""

    returncode: int
    stdout: bytes
    stderr: bytes


def traced(work: Callable[[], None], options: Sequence[str]) -> Run:
    """Do a program's work under strace; to be called where no other thread runs.

    Raises:
        TimeoutError: it came to no end and was killed.
    """
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
    # A wake-up that the C library loses (its bug 25847; strace's pauses bring it out) must not stop Python's threads:
    # they seldom ask each other for the interpreter, which is the one wait that has no time-out.
    sys.setswitchinterval(0.5)
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
