"""Disks that fail at a chosen step."""

from collections.abc import Callable
from pathlib import Path

from shared.durable import SystemDisk


class PowerCut(BaseException):
    """Ends the program at once: nothing may catch it and tidy up."""


def cut() -> None:
    raise PowerCut


class FailingDisk(SystemDisk):
    """The machine's disk until its n-th step, where it calls `fail`, before or after doing what was asked."""

    def __init__(self, step: int, *, after: bool = False, fail: Callable[[], None] = cut) -> None:
        self.steps = 0
        self.failed = False
        self._step = step
        self._after = after
        self._fail = fail

    def write(self, path: Path, data: bytes) -> None:
        self._do(lambda: super(FailingDisk, self).write(path, data))

    def destroy(self, path: Path) -> None:
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
