from edge.capture.gate import QualityGate
from edge.capture.limits import KIOSK_LIMITS
from edge.capture.rendered_face import render_face
from edge.capture.session import (
    Capture,
    CaptureSession,
    ConsentGranted,
    FrameAssessed,
    KeepFrame,
    Phase,
    SessionRules,
)
from edge.capture.synthetic_camera import Sway, SyntheticCamera
from shared.vocabulary import View
from tests.edge.capture.camera_contract import CountingClock
from tests.support.faces import landmarker


def run(sway: Sway, most_frames: int) -> tuple[CaptureSession, list[Capture], set[str]]:
    """A front-only session at a synthetic camera: the session, what it captured, and what the gate said."""
    camera, gate = SyntheticCamera(render_face(720, 960), CountingClock(), seed=3, sway=sway), QualityGate(KIOSK_LIMITS)
    camera.open()
    session = CaptureSession.begin(SessionRules(views=(View.FRONT,)), 0.0).advance(ConsentGranted(0.0))[0]
    kept: dict[int, object] = {}
    captured: list[Capture] = []
    said: set[str] = set()
    previous = None
    for number in range(most_frames):
        frame = camera.read()
        faces = landmarker().detect(frame.image)
        verdict = gate.assess(frame.image, faces, session.view, previous)
        said |= {failure.code.value for failure in verdict.failures}
        previous = faces[0] if len(faces) == 1 else None
        session, effects = session.advance(FrameAssessed(frame.taken_at_monotonic, number, verdict))
        kept |= {effect.frame: frame.image for effect in effects if isinstance(effect, KeepFrame)}
        captured += [effect for effect in effects if isinstance(effect, Capture)]
        if session.phase is Phase.DONE:
            break
    assert all(capture.frame in kept for capture in captured)
    return session, captured, said


def test_somebody_standing_still_is_photographed_under_the_strict_kiosk_limits() -> None:
    session, captured, said = run(Sway(pixels=2, degrees=0.2, noise=2), most_frames=40)
    assert session.phase is Phase.DONE, said
    assert [capture.view for capture in captured] == [View.FRONT]


def test_somebody_who_keeps_moving_is_asked_to_hold_still_and_not_photographed() -> None:
    session, captured, said = run(Sway(pixels=25, degrees=0, period_frames=9, noise=2), most_frames=20)
    assert captured == []
    assert session.phase is Phase.VIEW
    assert "moving" in said
