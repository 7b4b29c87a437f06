"""What every part of the box shares."""

import os
from dataclasses import dataclass
from importlib.metadata import version

from edge.config import EdgeSettings
from edge.record import Record, open_record
from edge.threads import ThreadBudget
from shared.clock import Clock, SystemClock
from shared.ids import DeviceId, IdSource, Uuid7Source


@dataclass(frozen=True, slots=True)
class Core:
    """The settings in effect, the version, time, ids, the open record and the machine's threads."""

    settings: EdgeSettings
    software: str
    clock: Clock
    ids: IdSource
    record: Record
    threads: ThreadBudget

    @property
    def device(self) -> DeviceId:
        """This box."""
        return self.record.store.identity.device


def open_core(settings: EdgeSettings) -> Core:
    """Open the record.

    Raises:
        MedSpaError: the box is not enrolled, or the record cannot be opened.
    """
    clock = SystemClock()
    ids = Uuid7Source(clock)
    record = open_record(settings.store, clock, ids)
    record.vault.discard_unfinished()
    threads = ThreadBudget(settings.analysis.budget_threads or len(os.sched_getaffinity(0)))
    return Core(settings, version("medspasync"), clock, ids, record, threads)
