"""The registry of a made-up clinic behind its port: the real rules over a log in memory, and one visit to hurt."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from edge.api import registry_schemas as r
from edge.api.ports import Actor
from edge.schedule.changing.differences import differences
from edge.schedule.changing.document import FaultyDocument, document_of, registry_of
from edge.schedule.changing.revision import Revision, Trace
from edge.schedule.changing.revisions import Revisions
from edge.schedule.registry import Registry, demo_registry
from shared.events.payload import PayloadModel
from shared.http.errors import Conflict, Refused

DAY = date(2031, 3, 12)
NOW = datetime(2031, 3, 12, 16, 40, tzinfo=UTC)


class FakeRegistry:
    """The example clinic, in which Dr. Cedar has a visit at nine."""

    def __init__(self) -> None:
        self.file = demo_registry()
        self.log = Revisions()

    @property
    def counts(self) -> Registry:
        """What is planned with."""
        return self.on(DAY)

    def on(self, day: date) -> Registry:
        """What a day is planned with."""
        return self.log.on(day, DAY) or self.file

    def registry(self, on: date | None = None) -> r.RegistryState:
        standing, day = self.log.standing(DAY), max(DAY, on or DAY)
        differs = list(differences(self.counts, self.file))
        state = r.ClinicFile.COUNTS if self.log.version == 0 else r.ClinicFile.SAME
        return r.RegistryState(
            version=self.log.version,
            timezone="America/New_York",
            today=DAY,
            shown_on=day,
            document=document_of(self.on(day)),
            file=r.RegistryFile(
                state=r.ClinicFile.DIFFERS if differs else state,
                news=self.log.file_is_news(self.file, DAY),
                sentences=differs,
            ),
            changes=[_shown(one, one is standing) for one in reversed(self.log.made) if not one.is_to_come(DAY)],
            to_come=[_shown(one, True) for one in self.log.to_come(DAY)],
        )

    def check(self, wish: r.RegistryWish) -> r.RegistryEffect:
        try:
            counts, wanted = self.on(wish.valid_from or DAY), self._wanted(wish)
        except FaultyDocument as error:
            return r.RegistryEffect(
                faults=[
                    r.RegistryFault(section=one.section, entry=one.entry, field=one.field, message=one.message)
                    for one in error.faults
                ]
            )
        gone = {one.name for one in counts.rooms} - {one.name for one in wanted.rooms}
        return r.RegistryEffect(
            sentences=list(differences(counts, wanted)),
            needed=[f"{name} cannot be removed: 1 visit uses it: 12 Mar 14:00 Peel" for name in sorted(gone)],
            hurt=self._hurt(wanted),
        )

    def change(self, edit: r.RegistryEdit, actor: Actor) -> r.RegistryState:
        try:
            wanted = registry_of(edit.document)
        except FaultyDocument as error:
            raise Refused(error.code, error.sentence) from error
        self._confirm(wanted, edit.version, edit.confirmed)
        name = f"change-{self.log.version}"
        return self._record(self.log.change(self.file, wanted, name, DAY, edit.valid_from), actor)

    def undo(self, what: r.RegistryUndo, actor: Actor) -> r.RegistryState:
        self._confirm(self._without(what.change), what.version, what.confirmed)
        return self._record(self.log.undo(what.change, DAY), actor)

    def decide_file(self, what: r.RegistryFileDecision, actor: Actor) -> r.RegistryState:
        if not what.take:
            return self._record(self.log.leave_file(self.file), actor)
        self._confirm(self.file, what.version, what.confirmed)
        return self._record(self.log.take_file(self.file, f"change-{self.log.version}", DAY), actor)

    def _wanted(self, wish: r.RegistryWish) -> Registry:
        if wish.document is not None:
            return registry_of(wish.document)
        return self._without(wish.undo) if wish.undo is not None else self.file

    def _without(self, change: str) -> Registry:
        return self.log.with_payloads(self.log.undo(change, DAY)).on(DAY, DAY) or self.file

    def _hurt(self, wanted: Registry) -> list[r.HurtVisit]:
        shifts: Mapping[str, Any] = {one.id: one.shift for one in wanted.providers}
        if "cedar" in shifts and shifts["cedar"].start <= 9 * 60:
            return []
        return [
            r.HurtVisit(
                id="visit-1",
                day=DAY + timedelta(days=1),
                starts_at=datetime(2031, 3, 13, 13, 0, tzinfo=UTC),
                service="Skin consultation",
                providers=["Dr. Cedar"],
                why="Dr. Cedar does not work then",
            )
        ]

    def _confirm(self, wanted: Registry, version: int, confirmed: list[str]) -> None:
        if version != self.log.version:
            raise Conflict("clinic_changed", "Somebody changed the clinic meanwhile. Please look again.")
        well = {one.id for one in self._hurt(self.counts)}
        if any(one.id not in {*well, *confirmed} for one in self._hurt(wanted)):
            raise Conflict("confirm_first", "1 visit would stand without what it needs.")

    def _record(self, payloads: list[PayloadModel], actor: Actor) -> r.RegistryState:
        for payload in payloads:
            self.log.apply(payload, Trace(actor.name, NOW))
        return self.registry()


def _shown(one: Revision, undoable: bool) -> r.RegistryChange:
    return r.RegistryChange(
        id=one.changed.change,
        made_at=one.by.at,
        made_by=one.by.actor,
        origin=one.changed.origin,
        sentences=list(one.changed.sentences),
        valid_from=one.begins if one.planned else None,
        undoable=undoable,
        undone_at=one.undone_by.at if one.undone_by else None,
        undone_by=one.undone_by.actor if one.undone_by else None,
    )
