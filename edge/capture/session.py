"""One client's capture as a state machine: consent, framing, one view after the other, done.

    CONSENT ──granted──> FRAMING ──face in place──> VIEW ──last view captured──> DONE
       │                    │                         │
       └── refused, cancelled: CANCELLED    nothing for too long: EXPIRED

Pure: time comes with each event, images stay with the caller under a frame number of its own. Every effect
is an order to the caller; a frame that was kept is later either captured or released, never forgotten.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from edge.capture.verdict import GateCode, GateVerdict
from shared.vocabulary import View


class Phase(StrEnum):
    """Where a session is."""

    CONSENT = "consent"
    FRAMING = "framing"
    VIEW = "view"
    DONE = "done"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


ENDED = frozenset({Phase.DONE, Phase.CANCELLED, Phase.EXPIRED})
_FRAMING_CODES = frozenset(
    {
        *(GateCode.NO_FACE, GateCode.SEVERAL_FACES, GateCode.TOO_FAR, GateCode.TOO_CLOSE),
        *(GateCode.OFF_CENTRE, GateCode.CUT_OFF, GateCode.LOW_RESOLUTION),
    }
)


@dataclass(frozen=True, slots=True)
class SessionRules:
    """What a protocol asks for.

    Attributes:
        views: views to take, in order.
        hold_seconds: how long the gate must hold before frames are chosen from.
        best_of: passing frames, after the hold, of which the sharpest is taken.
        longest_gap_seconds: a longer silence between two frames breaks the hold.
        idle_seconds: without any sign of a client for this long the session expires.
    """

    views: tuple[View, ...] = (View.FRONT, View.LEFT, View.RIGHT)
    hold_seconds: float = 0.7
    best_of: int = 5
    longest_gap_seconds: float = 0.5
    idle_seconds: float = 120.0

    def __post_init__(self) -> None:
        if not self.views or len(set(self.views)) != len(self.views):
            raise ValueError("a protocol needs at least one view, and each only once")
        if self.best_of < 1 or min(self.hold_seconds, self.longest_gap_seconds, self.idle_seconds) < 0:
            raise ValueError("best_of must be positive and no duration negative")


@dataclass(frozen=True, slots=True)
class ConsentGranted:
    """The client consented; the consent event is already stored."""

    at: float


@dataclass(frozen=True, slots=True)
class ConsentRefused:
    """The client said no."""

    at: float


@dataclass(frozen=True, slots=True)
class FrameAssessed:
    """The gate judged a frame, for `CaptureSession.view`; `frame` is the caller's number for it."""

    at: float
    frame: int
    verdict: GateVerdict


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Client or staff ended the session."""

    at: float


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed and nothing else."""

    at: float


SessionEvent: TypeAlias = ConsentGranted | ConsentRefused | FrameAssessed | Cancelled | Tick


@dataclass(frozen=True, slots=True)
class KeepFrame:
    """Hold on to this frame's picture: it is the best so far."""

    frame: int


@dataclass(frozen=True, slots=True)
class ReleaseFrame:
    """Forget the picture of a frame kept before."""

    frame: int


@dataclass(frozen=True, slots=True)
class Capture:
    """Store this kept frame as the photograph of a view; it need not be released."""

    view: View
    frame: int


@dataclass(frozen=True, slots=True)
class Instruct:
    """Show the client what to do for a view."""

    view: View
    sentence: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The session is over; no event changes it any more."""

    phase: Phase


Effect: TypeAlias = KeepFrame | ReleaseFrame | Capture | Instruct | Ended
Step: TypeAlias = tuple["CaptureSession", tuple[Effect, ...]]

_VIEW_SENTENCES = {
    View.FRONT: "Please look straight into the camera.",
    View.LEFT: "Please turn your head to your right, so that your left cheek shows.",
    View.RIGHT: "Please turn your head to your left, so that your right cheek shows.",
}


@dataclass(frozen=True, slots=True)
class _Hold:
    """An unbroken run of passing frames; `best` is the frame kept, with its sharpness."""

    since: float
    last: float
    seen: int = 0
    best: int | None = None
    best_sharpness: float = 0.0


@dataclass(frozen=True, slots=True)
class CaptureSession:
    """State of one capture; start with `CaptureSession.begin`."""

    rules: SessionRules
    phase: Phase
    last_sign: float
    index: int = 0
    hold: _Hold | None = None

    @classmethod
    def begin(cls, rules: SessionRules, at: float) -> "CaptureSession":
        """Return a session that waits for consent."""
        return cls(rules, Phase.CONSENT, at)

    @property
    def view(self) -> View:
        """The view frames are to be assessed for; the last one when the session is done."""
        return self.rules.views[min(self.index, len(self.rules.views) - 1)]

    def advance(self, event: SessionEvent) -> Step:
        """Return the state after an event, and what the caller must do, in order.

        Events that do not fit the phase change nothing, so a late frame or a doubled click is harmless.
        """
        if self.phase in ENDED:
            return self, ()
        if isinstance(event, Cancelled | ConsentRefused):
            refused_late = isinstance(event, ConsentRefused) and self.phase is not Phase.CONSENT
            return (self, ()) if refused_late else _end(self, Phase.CANCELLED)
        if event.at - self.last_sign > self.rules.idle_seconds:
            return _end(self, Phase.EXPIRED)
        if isinstance(event, ConsentGranted) and self.phase is Phase.CONSENT:
            state = replace(self, phase=Phase.FRAMING, last_sign=event.at)
            return state, (Instruct(self.view, _VIEW_SENTENCES[self.view]),)
        if isinstance(event, FrameAssessed) and self.phase is not Phase.CONSENT:
            return _frame(self, event)
        return self, ()


def _frame(before: CaptureSession, event: FrameAssessed) -> Step:
    codes = {failure.code for failure in event.verdict.failures}
    state = before if GateCode.NO_FACE in codes else replace(before, last_sign=event.at)
    if state.phase is Phase.FRAMING:
        if codes & _FRAMING_CODES:
            return state, (Instruct(state.view, event.verdict.failures[0].sentence),)
        state = replace(state, phase=Phase.VIEW)
    if not event.verdict.passed:
        sentence = event.verdict.failures[0].sentence
        return replace(state, hold=None), (*_release(state), Instruct(state.view, sentence))
    return _passing(state, event)


def _passing(state: CaptureSession, event: FrameAssessed) -> Step:
    effects: list[Effect] = []
    hold = state.hold
    if hold is None or not 0 <= event.at - hold.last <= state.rules.longest_gap_seconds:
        effects += _release(state)
        hold = _Hold(since=event.at, last=event.at)
    hold = replace(hold, last=event.at)
    if event.at - hold.since < state.rules.hold_seconds:
        return replace(state, hold=hold), tuple(effects)
    sharpness = event.verdict.measures["sharpness"]
    best = hold.best
    if best is None or sharpness > hold.best_sharpness:
        effects += [ReleaseFrame(best)] if best is not None else []
        effects.append(KeepFrame(event.frame))
        hold, best = replace(hold, best=event.frame, best_sharpness=sharpness), event.frame
    hold = replace(hold, seen=hold.seen + 1)
    if hold.seen < state.rules.best_of:
        return replace(state, hold=hold), tuple(effects)
    after, more = _captured(state, best)
    return after, (*effects, *more)


def _captured(state: CaptureSession, best: int) -> Step:
    capture = Capture(state.view, best)
    after = replace(state, index=state.index + 1, hold=None)
    if after.index == len(state.rules.views):
        return replace(after, phase=Phase.DONE), (capture, Ended(Phase.DONE))
    return after, (capture, Instruct(after.view, _VIEW_SENTENCES[after.view]))


def _end(state: CaptureSession, phase: Phase) -> Step:
    return replace(state, phase=phase, hold=None), (*_release(state), Ended(phase))


def _release(state: CaptureSession) -> tuple[Effect, ...]:
    if state.hold is None or state.hold.best is None:
        return ()
    return (ReleaseFrame(state.hold.best),)
