"""The clinic's registry, for the pages, with the names of who changed it."""

import datetime as dt
from typing import Final

from edge.api import registry_schemas as shown
from edge.api.ports import Actor
from edge.faces.people import People
from edge.schedule.changing.differences import differences
from edge.schedule.changing.document import FaultyDocument, document_of
from edge.schedule.changing.editor import Draft, Effect, RegistryEditor
from edge.schedule.changing.harm import Hurt
from edge.schedule.changing.revision import Revision
from edge.schedule.pace_words import pace_text
from edge.schedule.paces import in_force
from shared.http.errors import Refused

_SOMEBODY: Final = "Clinic staff"


class RegistryDesk:
    """The registry as the tablet shows and changes it."""

    def __init__(self, editor: RegistryEditor, people: People) -> None:
        self._editor = editor
        self._book = editor.book
        self._people = people

    def registry(self, on: dt.date | None = None) -> shown.RegistryState:
        """Return what today, or a day to come, is planned with, and the latest changes."""
        with self._editor.schedule.exclusively():
            standing, today = self._book.standing(), self._editor.schedule.today()
            day = today if on is None else max(on, today)
            return shown.RegistryState(
                version=self._book.version,
                timezone=str(self._editor.schedule.zone),
                today=today,
                shown_on=day,
                document=document_of(self._book.on(day)),
                file=self._file(),
                changes=[self._change(one, undoable=one.changed.change == standing) for one in self._book.latest()],
                to_come=[self._change(one, undoable=True) for one in self._book.to_come()],
                paces=self._paces(),
            )

    def check(self, wish: shown.RegistryWish) -> shown.RegistryEffect:
        """Return what a change would do; faults are an answer, and no refusal."""
        try:
            if wish.document is not None:
                draft = Draft(wish.document, wish.drafted_on, wish.valid_from)
                return self._effect(self._editor.check(draft))
            if wish.undo is not None:
                return self._effect(self._editor.check_undo(wish.undo))
            return self._effect(self._editor.check_file())
        except FaultyDocument as error:
            faults = [
                shown.RegistryFault(section=one.section, entry=one.entry, field=one.field, message=one.message)
                for one in error.faults
            ]
            return shown.RegistryEffect(faults=faults)

    def change(self, edit: shown.RegistryEdit, actor: Actor) -> shown.RegistryState:
        """Plan with a document from now, or from its date on.

        Raises:
            Refused: it describes no clinic; the first field that is wrong is named.
        """
        try:
            draft = Draft(edit.document, edit.drafted_on, edit.valid_from)
            self._editor.save(draft, edit.version, edit.confirmed, actor.id)
        except FaultyDocument as error:
            first = error.faults[0]
            field = ".".join(part for part in (first.section, first.entry, first.field) if part)
            raise Refused(error.code, error.sentence, field or None) from error
        return self.registry()

    def undo(self, what: shown.RegistryUndo, actor: Actor) -> shown.RegistryState:
        """Take the latest change, or one that is yet to come, back."""
        self._editor.undo(what.change, what.version, what.confirmed, actor.id)
        return self.registry()

    def decide_file(self, what: shown.RegistryFileDecision, actor: Actor) -> shown.RegistryState:
        """Take the clinic's file over, or leave it."""
        if what.take:
            self._editor.take_file(what.version, what.confirmed, actor.id)
        else:
            self._book.leave_file(what.version, actor.id)
        return self.registry()

    def _paces(self) -> list[shown.ProviderPace]:
        counts = self._book.current()
        known = {provider.id for provider in counts.providers}
        return [
            shown.ProviderPace(
                provider=one.provider, service=one.service, counts=one.counts, text=pace_text(counts, one)
            )
            for one in in_force(counts, self._editor.schedule.learnt.paces)
            if one.provider in known
        ]

    def _file(self) -> shown.RegistryFile:
        file, counts = self._book.file, self._book.current()
        if file.registry is None:
            return shown.RegistryFile(state=shown.ClinicFile.UNREADABLE, news=True, sentences=[file.fault])
        if self._book.version == 0:
            return shown.RegistryFile(state=shown.ClinicFile.COUNTS)
        sentences = differences(counts, file.registry)
        state = shown.ClinicFile.DIFFERS if sentences else shown.ClinicFile.SAME
        return shown.RegistryFile(state=state, news=file.news, sentences=list(sentences))

    def _change(self, one: Revision, *, undoable: bool) -> shown.RegistryChange:
        made = one.changed
        return shown.RegistryChange(
            id=made.change,
            made_at=one.by.at,
            made_by=self._name(one.by.actor),
            origin=made.origin,
            sentences=list(made.sentences),
            valid_from=one.begins if one.planned else None,
            undoable=undoable,
            undone_at=one.undone_by.at if one.undone_by is not None else None,
            undone_by=self._name(one.undone_by.actor) if one.undone_by is not None else None,
        )

    def _name(self, actor: str) -> str:
        """Return who it was; without sign-in no more is known than that it was somebody of the clinic."""
        return self._people.names().get(actor, _SOMEBODY)

    def _effect(self, effect: Effect) -> shown.RegistryEffect:
        return shown.RegistryEffect(
            sentences=list(effect.sentences),
            needed=list(effect.needed),
            hurt=[self._hurt(one) for one in sorted(effect.hurt, key=lambda one: (one.day, one.start))],
        )

    def _hurt(self, one: Hurt) -> shown.HurtVisit:
        midnight = dt.datetime.combine(one.day, dt.time(), self._editor.schedule.zone)
        return shown.HurtVisit(
            id=one.id,
            day=one.day,
            starts_at=(midnight + dt.timedelta(minutes=one.start)).astimezone(dt.UTC),
            service=one.service,
            providers=list(one.providers),
            why=one.why,
        )
