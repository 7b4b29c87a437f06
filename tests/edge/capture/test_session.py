from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge.capture.session import (
    ENDED,
    Cancelled,
    Capture,
    CaptureSession,
    ConsentGranted,
    ConsentRefused,
    Effect,
    Ended,
    FrameAssessed,
    Instruct,
    KeepFrame,
    Phase,
    ReleaseFrame,
    SessionEvent,
    SessionRules,
    Tick,
)
from edge.capture.verdict import GateCode, GateFailure, GateVerdict
from shared.vocabulary import GateProfileName, View

RULES = SessionRules(views=(View.FRONT, View.LEFT), hold_seconds=0.7, best_of=3)


def verdict(*codes: GateCode, sharpness: float = 100.0) -> GateVerdict:
    failures = tuple(GateFailure(code, f"Please fix {code}.", None, "") for code in codes)
    return GateVerdict(not codes, failures, {"sharpness": sharpness}, GateProfileName.KIOSK)


def play(session: CaptureSession, *events: SessionEvent) -> tuple[CaptureSession, list[Effect]]:
    effects: list[Effect] = []
    for event in events:
        session, more = session.advance(event)
        effects += more
    return session, effects


def consented() -> CaptureSession:
    return CaptureSession.begin(RULES, 0.0).advance(ConsentGranted(0.0))[0]


def passing(start: float, sharpness: list[float], first: int = 0, step: float = 0.1) -> list[FrameAssessed]:
    return [
        FrameAssessed(start + step * index, first + index, verdict(sharpness=value))
        for index, value in enumerate(sharpness)
    ]


def test_no_frame_counts_before_consent() -> None:
    session = CaptureSession.begin(RULES, 0.0)
    after, effects = play(session, *passing(0.0, [100.0] * 20))
    assert after.phase is Phase.CONSENT
    assert effects == []


def test_refused_consent_ends_the_session() -> None:
    session, effects = play(CaptureSession.begin(RULES, 0.0), ConsentRefused(1.0))
    assert effects == [Ended(Phase.CANCELLED)]
    assert play(session, ConsentGranted(2.0)) == (session, [])


def test_nothing_is_kept_before_the_gate_held_for_seven_hundred_milliseconds() -> None:
    _, effects = play(consented(), *passing(0.0, [100.0] * 3, step=0.25))
    assert effects == []
    _, effects = play(consented(), *passing(0.0, [100.0] * 4, step=0.25))
    assert effects == [KeepFrame(3)]


def test_the_sharpest_of_the_frames_after_the_hold_is_captured() -> None:
    frames = passing(0.0, [900.0, 100.0, 100.0, 100.0, 50.0, 80.0, 60.0], step=0.25)
    session, effects = play(consented(), *frames)
    # The hold is over from frame 3 on; frames 3, 4, 5 compete and 6 belongs to the next view.
    assert [effect for effect in effects if isinstance(effect, Capture)] == [Capture(View.FRONT, 3)]
    assert session.view is View.LEFT


def test_a_sharper_frame_replaces_and_releases_the_one_before() -> None:
    frames = passing(0.0, [1.0, 1.0, 1.0, 10.0, 30.0, 20.0], step=0.25)
    _, effects = play(consented(), *frames)
    assert effects[:4] == [KeepFrame(3), ReleaseFrame(3), KeepFrame(4), Capture(View.FRONT, 4)]


def test_one_failing_frame_starts_the_hold_again_and_frees_what_was_kept() -> None:
    frames = passing(0.0, [10.0] * 4, step=0.25)
    session, effects = play(consented(), *frames, FrameAssessed(1.0, 4, verdict(GateCode.BLURRED)))
    assert effects == [KeepFrame(3), ReleaseFrame(3), Instruct(View.FRONT, "Please fix blurred.")]
    _, effects = play(session, *passing(1.1, [10.0] * 3, first=5, step=0.25))
    assert effects == []


def test_a_silent_gap_breaks_the_hold() -> None:
    _, effects = play(consented(), *passing(0.0, [10.0] * 10, step=0.6))
    assert effects == []


def test_framing_lasts_until_the_face_is_in_place() -> None:
    session, effects = play(consented(), FrameAssessed(0.1, 1, verdict(GateCode.TOO_FAR, GateCode.BLURRED)))
    assert session.phase is Phase.FRAMING
    assert effects == [Instruct(View.FRONT, "Please fix too_far.")]
    session, _ = play(session, FrameAssessed(0.2, 2, verdict(GateCode.BLURRED)))
    assert session.phase is Phase.VIEW


def test_all_views_in_order_then_done_and_nothing_after() -> None:
    session, effects = play(consented(), *passing(0.0, [10.0] * 30))
    captures = [effect.view for effect in effects if isinstance(effect, Capture)]
    assert captures == [View.FRONT, View.LEFT]
    assert session.phase is Phase.DONE
    assert effects[-1] == Ended(Phase.DONE)
    assert play(session, Cancelled(9.0)) == (session, [])


def test_a_session_nobody_stands_at_expires() -> None:
    nobody = [FrameAssessed(float(at), at, verdict(GateCode.NO_FACE)) for at in range(1, 121)]
    session, _ = play(consented(), *nobody)
    assert session.phase is Phase.FRAMING
    session, effects = play(session, Tick(120.5))
    assert session.phase is Phase.EXPIRED
    assert effects == [Ended(Phase.EXPIRED)]


def test_cancelling_releases_the_frame_that_was_kept() -> None:
    session, _ = play(consented(), *passing(0.0, [10.0] * 4, step=0.25))
    assert session.advance(Cancelled(1.0))[1] == (ReleaseFrame(3), Ended(Phase.CANCELLED))


@pytest.mark.parametrize(
    "wrong", [{"views": ()}, {"views": (View.FRONT, View.FRONT)}, {"best_of": 0}, {"idle_seconds": -1.0}]
)
def test_a_protocol_that_cannot_be_followed_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"protocol|positive"):
        replace(RULES, **wrong)  # type: ignore[arg-type]


class AnyCapture(RuleBasedStateMachine):
    """Whatever happens: consent first, each view once and in order, no frame forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.session = CaptureSession.begin(SessionRules(best_of=2), 0.0)
        self.now, self.frame = 0.0, 0
        self.consent = False
        self.kept: set[int] = set()
        self.captured: list[View] = []
        self.ends = 0

    def send(self, event: SessionEvent) -> None:
        was_over = self.session.phase in ENDED
        self.session, effects = self.session.advance(event)
        assert not (was_over and effects)
        for effect in effects:
            match effect:
                case KeepFrame(frame):
                    self.kept.add(frame)
                case ReleaseFrame(frame):
                    self.kept.remove(frame)
                case Capture(view, frame):
                    self.kept.remove(frame)
                    self.captured.append(view)
                case Ended(phase):
                    assert phase is self.session.phase
                    self.ends += 1
                case Instruct(_, sentence):
                    assert sentence

    @rule()
    def grant(self) -> None:
        self.consent = self.consent or self.session.phase is Phase.CONSENT
        self.send(ConsentGranted(self.now))

    @precondition(lambda self: self.frame % 7 == 6)
    @rule(refuse=st.booleans())
    def stop(self, refuse: bool) -> None:
        self.send(ConsentRefused(self.now) if refuse else Cancelled(self.now))

    @rule(seconds=st.sampled_from([0.0, 0.1, 0.4, 0.6, 130.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.send(Tick(self.now))

    @rule(
        count=st.integers(1, 14),
        step=st.sampled_from([0.05, 0.1, 0.3]),
        sharpness=st.floats(0, 1000),
    )
    def good_frames(self, count: int, step: float, sharpness: float) -> None:
        for _ in range(count):
            self.now += step
            self.frame += 1
            self.send(FrameAssessed(self.now, self.frame, verdict(sharpness=sharpness)))

    @rule(code=st.sampled_from(GateCode))
    def bad_frame(self, code: GateCode) -> None:
        self.frame += 1
        self.send(FrameAssessed(self.now, self.frame, verdict(code)))

    @invariant()
    def views_come_once_and_in_order_after_consent(self) -> None:
        assert self.captured == list(self.session.rules.views[: len(self.captured)])
        assert self.consent or not self.captured
        assert (self.session.phase is Phase.DONE) == (len(self.captured) == 3)

    @invariant()
    def at_most_one_frame_is_held_and_none_after_the_end(self) -> None:
        over = self.session.phase in ENDED
        assert len(self.kept) <= (0 if over else 1)
        assert self.ends == int(over)


TestAnyCapture = AnyCapture.TestCase
TestAnyCapture.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
