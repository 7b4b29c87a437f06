"""The clinic's registry on record: what counts, folded from the log; until the first change, the clinic's file."""

import datetime as dt
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from edge.schedule.changing.revision import Revision, Trace
from edge.schedule.changing.revisions import AGGREGATE, PURPOSE, Revisions
from edge.schedule.errors import InvalidClinic, NotAllowed
from edge.schedule.registry import Registry, demo_registry, load_registry
from edge.store.events import SqlcipherEventStore
from shared.clock import Clock
from shared.events.aggregates import payload_of
from shared.events.catalogue import clinic as said
from shared.events.envelope import EventDraft
from shared.events.payload import Catalogue, PayloadModel
from shared.ids import IdSource

_SHOWN: Final = 20
_TRIAL: Final = "trial"
Today = Callable[[], dt.date]
_CHANGED: Final = "somebody changed the clinic since this page was opened; look at it again, then decide"


@dataclass(frozen=True, slots=True)
class FileState:
    """How the clinic's file stands to what is on record.

    Attributes:
        registry: what it says, or none where it cannot be read.
        fault: why it cannot be read.
        news: whether it differs and nobody has decided on that yet.
    """

    registry: Registry | None
    fault: str = ""
    news: bool = False


def clinic_date(clock: Clock, timezone: str) -> Today:
    """Return what tells the date at a clinic, in its own time zone."""
    zone = ZoneInfo(timezone)
    return lambda: clock.wall().astimezone(zone).date()


@dataclass(frozen=True, slots=True)
class Timeline:
    """What the days from today on are planned with: each registry with its first day, in order."""

    parts: tuple[tuple[dt.date, Registry], ...]

    def on(self, day: dt.date) -> Registry:
        """Return what a day from today on is planned with."""
        return next(registry for begins, registry in reversed(self.parts) if begins <= day)


class RegistryBook:
    """The registry that counts; a `ClinicSource`, safe to share by threads."""

    def __init__(self, store: SqlcipherEventStore, ids: IdSource, file: Path | None, today: Today) -> None:
        """Open the registry, and say in the log of the process where the file differs from what counts.

        Args:
            store: the log.
            ids: names of changes.
            file: the clinic's file; without one, the example clinic.
            today: returns the clinic's date; what is planned for a date counts from its midnight on.

        Raises:
            InvalidClinic: the file is wrong, and nothing is on record that counts in its place.
        """
        self._store = store
        self._ids = ids
        self._today = today
        self._catalogue = Catalogue(said.PAYLOADS)
        self._revisions = Revisions()
        self._lock = threading.RLock()
        self._catch_up()
        try:
            self._file = FileState(load_registry(file) if file is not None else demo_registry())
        except InvalidClinic as error:
            if self._revisions.on(today(), today()) is None:
                raise
            self._file = FileState(None, error.sentence)
            structlog.get_logger().warning("clinic_file_unreadable", code=error.code)
        if self.file.news:
            structlog.get_logger().warning("clinic_file_differs", version=self.version)

    def current(self) -> Registry:
        """Return the registry that counts now."""
        return self.on(self._today())

    def on(self, day: dt.date) -> Registry:
        """Return what a day is planned with; of a day that is over, the registry that counted at its end."""
        with self._lock:
            return self._revisions.on(day, self._today()) or self._readable()

    def ahead(self) -> Sequence[Registry]:
        """Return the registry that counts now and those that are yet to come, in order."""
        with self._lock:
            return [self.current(), *(one.registry for one in self._revisions.to_come(self._today()))]

    def everybody(self) -> Mapping[str, str]:
        """Return the names of the providers of now and before, by id."""
        with self._lock:
            known = [*self._revisions.known(), self.current()]
        return {name: called for registry in known for name, called in registry.everybody().items()}

    @property
    def version(self) -> int:
        """Grows with each change; a change is refused that was decided on at another version."""
        return self._revisions.version

    @property
    def file(self) -> FileState:
        """How the clinic's file, as it was at the start, stands to what is on record."""
        says = self._file.registry
        with self._lock:
            news = says is not None and self._revisions.file_is_news(says, self._today())
        return FileState(says, self._file.fault, news)

    def latest(self) -> Sequence[Revision]:
        """Return the latest changes that are not yet to come, the latest first."""
        with self._lock:
            made = [one for one in self._revisions.made if not one.is_to_come(self._today())]
            return list(reversed(made[-_SHOWN:]))

    def to_come(self) -> Sequence[Revision]:
        """Return the changes that are yet to come, the first to count first."""
        with self._lock:
            return self._revisions.to_come(self._today())

    def standing(self) -> str | None:
        """Return the id of the latest change that counts, or none."""
        with self._lock:
            latest = self._revisions.standing(self._today())
        return None if latest is None else latest.changed.change

    def with_change(self, wanted: Registry, valid_from: dt.date | None = None) -> Timeline:
        """Return what each day would be planned with after a change, nothing recorded; raises as `change`."""
        return self._trial(lambda known, today: known.change(self._seed(), wanted, _TRIAL, today, valid_from))

    def without_change(self, change: str) -> Timeline:
        """Return what each day would be planned with without a change; raises as `undo`."""
        return self._trial(lambda known, today: known.undo(change, today))

    def change(self, wanted: Registry, version: int, actor: str, valid_from: dt.date | None = None) -> bool:
        """Plan with another registry from now, or from a date on; tell whether it differs from the one before.

        Raises:
            NotAllowed: somebody else was faster, or as `Revisions.change`; nothing was recorded.
        """
        return self._command(
            lambda known, today: known.change(self._seed(), wanted, self._ids.new(), today, valid_from), version, actor
        )

    def undo(self, change: str, version: int, actor: str) -> bool:
        """Take a change back; idempotent by its id, and raises as `change` and `Revisions.undo`."""
        return self._command(lambda known, today: known.undo(change, today), version, actor)

    def take_file(self, version: int, actor: str) -> bool:
        """Plan with what the file says from now on; raises as `change` and `Revisions.take_file`."""
        return self._command(
            lambda known, today: known.take_file(self._readable(), self._ids.new(), today), version, actor
        )

    def leave_file(self, version: int, actor: str) -> bool:
        """Keep what counts although the file differs; raises as `change`."""
        return self._command(lambda known, _: known.leave_file(self._readable()), version, actor)

    def _trial(self, decide: Callable[[Revisions, dt.date], list[PayloadModel]]) -> Timeline:
        with self._lock:
            self._catch_up()
            today, counts = self._today(), self.current()
            trial = self._revisions.with_payloads(decide(self._revisions, today))
        begins = (today, *(one.begins for one in trial.to_come(today)))
        return Timeline(tuple((day, trial.on(day, today) or counts) for day in dict.fromkeys(begins)))

    def _command(self, decide: Callable[[Revisions, dt.date], list[PayloadModel]], version: int, actor: str) -> bool:
        with self._lock:
            self._catch_up()
            known = self._revisions
            payloads = decide(known, self._today())
            if payloads and version != known.version:
                raise NotAllowed("clinic_changed", _CHANGED)
            if payloads:
                drafts = [
                    EventDraft(AGGREGATE, payload, actor, PURPOSE, expected_version=known.version + number)
                    for number, payload in enumerate(payloads)
                ]
                self._store.append(drafts)
                self._catch_up()
            return bool(payloads)

    def _catch_up(self) -> None:
        for event in self._store.stream(AGGREGATE)[self._revisions.version :]:
            self._revisions.apply(payload_of(event, self._catalogue), Trace(event.fields.actor, event.fields.wall_time))

    def _seed(self) -> Registry:
        """Return what counts before the first change: the file; later it is not asked for."""
        return self._file.registry or self.current()

    def _readable(self) -> Registry:
        if self._file.registry is None:
            raise NotAllowed("file_unreadable", f"the clinic's file cannot be taken over: {self._file.fault}")
        return self._file.registry
