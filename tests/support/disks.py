"""Disks that fail at a chosen step."""

from collections.abc import Callable
from pathlib import Path

from shared.durable import UNFINISHED, SystemDisk

# Before a step, after it, and in the middle of those that remove a file: `after` and `half` of a `FailingDisk`.
MOMENTS = ((False, False), (True, False), (False, True))


class PowerCut(BaseException):
    """Ends the program at once: nothing may catch it and tidy up."""


def cut() -> None:
    raise PowerCut


class FailingDisk(SystemDisk):
    """The machine's disk until its n-th step, where it calls `fail`, before or after doing what was asked.

    With `half` a file that was to be destroyed has lost its name and some of its contents by then.
    """

    def __init__(self, step: int, *, after: bool = False, half: bool = False, fail: Callable[[], None] = cut) -> None:
        self.steps = 0
        self.failed = False
        self._step = step
        self._after = after
        self._half = half
        self._fail = fail

    def write(self, path: Path, data: bytes) -> None:
        self._do(lambda: super(FailingDisk, self).write(path, data))

    def destroy(self, path: Path) -> None:
        if self.steps + 1 == self._step and self._half and path.exists():
            doomed = (
                path if path.suffix == UNFINISHED else path.rename(path.with_name(f".{path.name}.half{UNFINISHED}"))
            )
            doomed.write_bytes(b"x" * (doomed.stat().st_size // 2))
        self._do(lambda: super(FailingDisk, self).destroy(path))

    def settle(self, path: Path) -> None:
        self._do(lambda: super(FailingDisk, self).settle(path))

    def keep(self, path: Path, also: Path) -> None:
        self._do(lambda: super(FailingDisk, self).keep(path, also))

    def replace(self, source: Path, target: Path) -> None:
        self._do(lambda: super(FailingDisk, self).replace(source, target))

    def _do(self, action: Callable[[], None]) -> None:
        self.steps += 1
        if self.steps == self._step and not self._after:
            self._break()
        action()
        if self.steps == self._step and self._after:
            self._break()

    def _break(self) -> None:
        self.failed = True
        self._fail()
