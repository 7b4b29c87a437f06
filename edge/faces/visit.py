"""One visit at the kiosk: who it is, how far the protocol has come, and what the page is told about it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from edge.api import kiosk_schemas as shown
from edge.api.schemas import CaptureMetadata, ConsentAnswer
from edge.capture.camera import Frame
from edge.capture.landmarks import Face
from edge.capture.session import (
    ENDED,
    Cancelled,
    CaptureSession,
    ConsentGranted,
    ConsentRefused,
    Effect,
    Phase,
    SessionEvent,
    SessionRules,
)
from edge.capture.verdict import GateVerdict
from edge.clients.register import ClientRegister
from edge.consent.desk import ConsentDesk
from edge.faces.clients import consent_text
from shared.events.catalogue.client import ClientRegistered
from shared.ids import ClientId
from shared.vocabulary import ConsentDecision, ConsentPurpose, LightProfile, View

_ENDS: dict[Phase, Literal["completed", "cancelled", "expired"]] = {
    Phase.DONE: "completed",
    Phase.CANCELLED: "cancelled",
    Phase.EXPIRED: "expired",
}
_SHOWN_GUESTS = 12


@dataclass
class KioskVisit:
    """A visit under way; changed only under the station's lock."""

    client: ClientId
    first_name: str | None
    language: str
    metadata: CaptureMetadata
    actor: str
    session: CaptureSession
    taken: list[View] = field(default_factory=list)
    kept: dict[int, tuple[Frame, Face, GateVerdict]] = field(default_factory=dict)

    @property
    def view(self) -> View:
        """The view being photographed."""
        return self.session.view

    @property
    def ended(self) -> bool:
        """Whether nothing changes any more."""
        return self.session.phase in ENDED

    @property
    def wants_frames(self) -> bool:
        """Whether the camera is needed."""
        return self.session.phase in {Phase.FRAMING, Phase.VIEW}

    @property
    def progress(self) -> tuple[Phase, int, int]:
        """What the page must be told about when it changes."""
        return self.session.phase, self.session.index, len(self.taken)

    def advance(self, event: SessionEvent) -> tuple[Effect, ...]:
        """Take one step and return what to do."""
        self.session, effects = self.session.advance(event)
        if self.session.phase in {Phase.CANCELLED, Phase.EXPIRED}:
            self.kept.clear()
        return effects

    def retake(self, view: View, at: float) -> None:
        """Go back to a view; the photograph taken before stays on record."""
        views = self.session.rules.views
        if view not in views or self.session.phase in {Phase.CONSENT, Phase.CANCELLED, Phase.EXPIRED}:
            return
        self.kept.clear()
        self.session = replace(self.session, phase=Phase.FRAMING, index=views.index(view), hold=None, last_sign=at)

    def cancel(self, at: float) -> None:
        """The client leaves."""
        self.advance(Cancelled(at))

    def hold_share(self, at: float) -> float:
        """Return how much of the still time has been held, 0 to 1."""
        hold = self.session.hold
        if hold is None:
            return 0.0
        return min(1.0, max(0.0, (at - hold.since) / max(self.session.rules.hold_seconds, 1e-6)))


Guests = Callable[[], Sequence[shown.Guest]]
ClientOf = Callable[[str], ClientId]


class VisitDesk:
    """Begins visits, records their consent, and describes them."""

    def __init__(
        self,
        register: ClientRegister,
        consent: ConsentDesk,
        rules: SessionRules,
        guests: Guests,
        client_of: ClientOf,
        light: LightProfile = LightProfile.UNCONTROLLED,
    ) -> None:
        """Keep the collaborators.

        Args:
            register: the clinic's clients.
            consent: the clinic's consents.
            rules: what the capture protocol asks for.
            guests: returns who has arrived and was not photographed yet, by first name.
            client_of: returns the client of an appointment; raises when there is no such appointment.
            light: what the station is lit with, unless the page says otherwise.
        """
        self._register = register
        self._consent = consent
        self._rules = rules
        self._guests = guests
        self._client_of = client_of
        self._light = light

    def begin(self, message: shown.Begin, actor: str, at: float) -> KioskVisit:
        """Return a visit that waits for consent; without an appointment the guest is registered as a walk-in."""
        if message.appointment_id is not None:
            client = self._register.get(self._client_of(message.appointment_id))
        else:
            walk_in = ClientRegistered(name="Walk-in guest", language=message.language)
            client = self._register.add(walk_in, actor)
        session = CaptureSession.begin(self._rules, at)
        name = first_name(client.details.name) if message.appointment_id else None
        metadata = message.metadata
        if metadata.light is LightProfile.UNCONTROLLED:
            metadata = metadata.model_copy(update={"light": self._light})
        return KioskVisit(client.id, name, message.language, metadata, actor, session)

    def consent(self, visit: KioskVisit, answer: ConsentAnswer, at: float) -> None:
        """Record the client's answer, and go on only when the record itself is allowed.

        Raises:
            TextOutdated, NoSuchText, Rejected: nothing was recorded; the page shows the text again.
        """
        choices = [(choice.purpose, choice.decision) for choice in answer.choices]
        signature = answer.signature.model_dump_json()
        self._consent.record(visit.client, answer.language, answer.text_version, choices, signature, visit.actor)
        granted = dict(choices).get(ConsentPurpose.TREATMENT_RECORD) is ConsentDecision.GRANTED
        visit.advance(ConsentGranted(at) if granted else ConsentRefused(at))

    def state(self, visit: KioskVisit | None, now: datetime) -> shown.KioskState:
        """Return what the page shows."""
        if visit is None:
            return shown.KioskState(
                now=now, phase=shown.KioskPhase.WELCOME, guests=list(self._guests())[:_SHOWN_GUESTS]
            )
        phase = visit.session.phase
        if phase in ENDED:
            done = phase is Phase.DONE
            return shown.KioskState(
                now=now,
                phase=shown.KioskPhase.DONE if done else shown.KioskPhase.WELCOME,
                language=visit.language,
                first_name=visit.first_name if done else None,
                guests=list(self._guests())[:_SHOWN_GUESTS],
                ended=_ENDS[phase],
            )
        asked = consent_text(self._consent.texts.text(visit.language)) if phase is Phase.CONSENT else None
        return shown.KioskState(
            now=now,
            phase=shown.KioskPhase.CONSENT if phase is Phase.CONSENT else shown.KioskPhase.FRAMING,
            language=visit.language,
            first_name=visit.first_name,
            views=[_progress(visit, view, index) for index, view in enumerate(self._rules.views)],
            view=visit.view,
            consent=asked,
        )


def first_name(name: str) -> str:
    """Return what a screen in a shared room may show of a name."""
    return next(iter(name.split(maxsplit=1)), "")


def _progress(visit: KioskVisit, view: View, index: int) -> shown.ViewProgress:
    if index < visit.session.index:
        return shown.ViewProgress(view=view, state=shown.ViewState.TAKEN)
    current = index == visit.session.index
    return shown.ViewProgress(view=view, state=shown.ViewState.CURRENT if current else shown.ViewState.PENDING)
