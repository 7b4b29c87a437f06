"""What commands need of a box: its schedule, whether the box runs or not."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.schedule.book import ScheduleBook
    from edge.schedule.night_book import NightBook


@dataclass(frozen=True, slots=True)
class Box:
    """The days on a box's record."""

    book: "ScheduleBook"
    nights: "NightBook"


@contextmanager
def box_of(config: Path) -> Iterator[Box]:
    """Open the schedule of the box that a TOML file configures.

    Raises:
        MedSpaError: there is no such box, or its record cannot be opened.
    """
    from edge.config import EdgeSettings  # noqa: PLC0415 - what is given in a file needs no box
    from edge.record import open_record  # noqa: PLC0415
    from edge.schedule.book import ScheduleBook  # noqa: PLC0415
    from edge.schedule.changing.book import RegistryBook, clinic_date  # noqa: PLC0415
    from edge.schedule.night_book import NightBook  # noqa: PLC0415
    from edge.threads import ThreadBudget  # noqa: PLC0415
    from shared.clock import SystemClock  # noqa: PLC0415
    from shared.config import load_settings  # noqa: PLC0415
    from shared.ids import Uuid7Source  # noqa: PLC0415

    settings, clock = load_settings(config, EdgeSettings), SystemClock()
    ids = Uuid7Source(clock)
    record = open_record(settings.store, clock, ids)
    threads = ThreadBudget(settings.analysis.budget_threads or len(os.sched_getaffinity(0)))
    try:
        clinic = RegistryBook(record.store, ids, settings.clinic.registry, clinic_date(clock, settings.clinic.timezone))
        book = ScheduleBook(record.store, clinic, ids, clock, settings.clinic.timezone, threads)
        yield Box(book, NightBook(record.store, book, ids, clock, threads, settings.rolling))
    finally:
        record.store.close()
