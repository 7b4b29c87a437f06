import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import edge.faces.kiosk
from edge.api import kiosk_schemas as shown
from edge.api.schemas import CaptureMetadata
from edge.consent.desk import TextOutdated
from edge.store.errors import StorageFull
from shared.vocabulary import Concern, ConsentDecision, View
from tests.edge.faces.station import Stage, build
from tests.support.hubs import eventually
from tests.support.records import open_box_record

PHASE = shown.KioskPhase


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Stage]]:
    for name in ("_FRAME_SECONDS", "_IDLE_SECONDS", "_CAMERA_AGAIN_SECONDS"):
        monkeypatch.setattr(edge.faces.kiosk, name, 0.002)
    record = open_box_record(tmp_path)
    record.appointments = {"visit-1": record.new_client("Ada Canary", consents=False)}
    made: list[Stage] = []

    def make_stage(*views: View) -> Stage:
        made.append(build(record, *([views] if views else [])))
        made[-1].station.start()
        return made[-1]

    yield make_stage
    for stage in made:
        stage.station.stop()
    record.store.close()


@pytest.fixture
def stage(make: Callable[..., Stage]) -> Stage:
    return make()


async def test_a_walk_in_consents_and_is_photographed_from_three_sides(stage: Stage) -> None:
    await stage.connect()
    assert (await stage.until_state()).phase is PHASE.WELCOME
    metadata = CaptureMetadata(concerns=[Concern.GENERAL], reason="a planted note")
    await stage.say(shown.Begin(metadata=metadata))
    asked = await stage.until_state(phase=PHASE.CONSENT)
    assert asked.consent is not None
    assert asked.first_name is None
    await stage.say(stage.answer())
    ended = await stage.until_state(ended="completed")
    assert ended.phase is PHASE.DONE
    views = [View.FRONT, View.LEFT, View.RIGHT]
    assert [(shot.view, shot.accepted) for shot in stage.shots()] == [(view, True) for view in views]
    captures = stage.library.latest(None, 10)[::-1]
    assert [capture.id for capture in captures] == [shot.capture_id for shot in stage.shots()]
    assert [capture.stored.metadata.view for capture in captures] == views
    for capture in captures:
        assert capture.stored.metadata.source == "kiosk"
        assert (capture.stored.metadata.camera, capture.stored.metadata.camera_settings) == (
            "scripted",
            {"exposure": "0.5"},
        )
        assert capture.analysis is not None
        assert len(capture.analysis.findings) == 1
    assert len({capture.client for capture in captures}) == 1
    assert b"planted" not in b"".join(event.body for event in stage.record.store.read(0, 100))


async def test_of_the_frames_in_a_hold_the_sharpest_is_kept(stage: Stage) -> None:
    await stage.connect()
    await stage.to_framing()
    await stage.until_state(ended="completed")
    kept = [capture.stored.gate.measures["sharpness"] for capture in stage.library.latest(None, 10)[::-1]]
    # Sharpness falls by one a frame; two frames are chosen from, once the hold of two frames is over.
    assert [first - second for first, second in itertools.pairwise(kept)] == [4.0, 4.0]


async def test_the_page_is_told_each_step_and_each_frame_is_judged_for_its_view(stage: Stage) -> None:
    await stage.connect()
    await stage.to_framing()
    await stage.until_state(ended="completed")
    states = [message for message in stage.heard if message.type == "state" and message.phase is PHASE.FRAMING]
    taken = [sum(item.state is shown.ViewState.TAKEN for item in state.views) for state in states]
    assert taken == sorted(taken)
    assert set(taken) == {0, 1, 2}
    assert [state.view for state in states if state.view][-1] is View.RIGHT
    seen = list(dict.fromkeys(stage.eyes.views))
    assert seen == [View.FRONT, View.LEFT, View.RIGHT]


async def test_a_protocol_with_one_view_takes_one_photograph(make: Callable[..., Stage]) -> None:
    stage = make(View.FRONT)
    await stage.connect()
    await stage.to_framing()
    await stage.until_state(ended="completed")
    assert len(stage.library.latest(None, 10)) == 1


async def test_a_guest_with_an_appointment_is_greeted_by_first_name_only(stage: Stage) -> None:
    await stage.connect()
    await stage.say(shown.Begin(appointment_id="visit-1"))
    asked = await stage.until_state(phase=PHASE.CONSENT)
    assert asked.first_name == "Ada"
    await stage.say(stage.answer())
    await stage.until_state(ended="completed")
    assert {capture.client for capture in stage.library.latest(None, 9)} == {stage.record.appointments["visit-1"]}
    assert "Canary" not in "".join(message.model_dump_json() for message in stage.heard)


async def test_a_client_who_refuses_is_not_looked_at(stage: Stage) -> None:
    await stage.connect()
    await stage.say(shown.Begin())
    await stage.until_state(phase=PHASE.CONSENT)
    await stage.say(stage.answer(ConsentDecision.DENIED))
    ended = await stage.until_state(ended="cancelled")
    assert ended.phase is PHASE.WELCOME
    assert (stage.camera.frames, stage.library.latest(None, 1)) == (0, [])


async def test_an_outdated_text_changes_nothing_and_can_be_answered_again(stage: Stage) -> None:
    await stage.connect()
    await stage.say(shown.Begin())
    await stage.until_state(phase=PHASE.CONSENT)
    with pytest.raises(TextOutdated):
        await stage.say(stage.answer(version="of last year"))
    assert stage.camera.frames == 0
    await stage.say(stage.answer())
    await stage.until_state(ended="completed")


async def test_an_unplugged_camera_is_told_and_the_visit_goes_on_when_it_is_back(stage: Stage) -> None:
    await stage.connect()
    stage.camera.shows = "unplugged"
    await stage.to_framing()
    problem = await stage.until(lambda message: message.type == "problem")
    assert (problem.code, "staff" in problem.sentence) == ("camera_unavailable", True)
    assert not stage.station.camera_ready()
    assert not stage.camera.is_open
    stage.camera.shows = "face"
    await stage.until_state(ended="completed")
    assert stage.station.camera_ready()
    assert len(stage.shots()) == 3


async def test_a_visit_before_a_dead_camera_expires_too(stage: Stage) -> None:
    await stage.connect()
    stage.camera.shows = "unplugged"
    await stage.to_framing()
    await stage.until(lambda message: message.type == "problem")
    stage.record.clock.advance(121)
    await stage.until_state(ended="expired")


async def test_a_client_who_walks_away_lets_the_visit_expire(stage: Stage) -> None:
    await stage.connect()
    stage.camera.shows = "empty"
    await stage.to_framing()
    eventually(lambda: stage.camera.frames > 3)
    stage.record.clock.advance(121)
    ended = await stage.until_state(ended="expired")
    assert (ended.phase, ended.first_name, stage.library.latest(None, 1)) == (PHASE.WELCOME, None, [])
    eventually(lambda: not stage.camera.is_open)


async def test_a_consent_nobody_answers_expires(stage: Stage) -> None:
    await stage.connect()
    await stage.say(shown.Begin())
    await stage.until_state(phase=PHASE.CONSENT)
    stage.record.clock.advance(121)
    await stage.until_state(ended="expired")


async def test_a_client_who_cancels_leaves_nothing_more_on_record(stage: Stage) -> None:
    await stage.connect()
    stage.camera.shows = "empty"
    await stage.to_framing()
    await stage.say(shown.Cancel())
    await stage.until_state(ended="cancelled")
    eventually(lambda: not stage.camera.is_open)
    assert stage.library.latest(None, 1) == []


async def test_a_view_can_be_taken_again_and_the_first_photograph_stays(make: Callable[..., Stage]) -> None:
    stage = make(View.FRONT)
    await stage.connect()
    await stage.to_framing()
    await stage.until_state(ended="completed")
    await stage.say(shown.Retake(view=View.LEFT))
    assert stage.station._visit.ended
    await stage.say(shown.Retake(view=View.FRONT))
    await stage.until(lambda message: message.type == "shot" and len(stage.shots()) == 2)
    await stage.until_state(ended="completed")
    assert len({capture.id for capture in stage.library.latest(None, 9)}) == 2


@pytest.mark.parametrize("failure", [StorageFull("storage_full", "The disk is full."), RuntimeError("Ada Canary")])
async def test_a_photograph_that_could_not_be_kept_is_taken_anew(stage: Stage, failure: Exception) -> None:
    stage.eyes.fails = [failure]
    await stage.connect()
    await stage.to_framing()
    await stage.until_state(ended="completed")
    accepted = [shot.view for shot in stage.shots() if shot.accepted]
    assert accepted == [View.FRONT, View.LEFT, View.RIGHT]
    assert len(stage.library.latest(None, 9)) == 3
    assert "Canary" not in "".join(message.model_dump_json() for message in stage.heard)


@pytest.mark.req("P-7", "I-09", "F-03")
async def test_visitors_are_told_that_there_is_no_room_before_they_begin_and_once_there_is(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage.record.vault, "free_bytes", lambda: 0)
    await stage.connect()
    problem = await stage.until(lambda message: message.type == "problem")
    assert problem.code == "storage_full"
    monkeypatch.undo()
    assert (await stage.until_state()).phase is PHASE.WELCOME
    await stage.to_framing()
    await stage.until_state(ended="completed")


@pytest.mark.req("P-7", "I-09", "F-03")
async def test_a_visit_waits_with_the_camera_closed_while_there_is_no_room_and_goes_on_by_itself(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.connect()
    stage.camera.shows = "empty"
    await stage.to_framing()
    monkeypatch.setattr(stage.record.vault, "free_bytes", lambda: 0)
    await stage.until(lambda message: message.type == "problem")
    eventually(lambda: not stage.camera.is_open)
    seen, logged = stage.camera.frames, stage.record.store.head().seq
    stage.camera.shows = "face"
    for _ in range(3):
        await stage.until(lambda message: message.type == "problem")
    assert (stage.camera.frames, stage.record.store.head().seq) == (seen, logged)
    monkeypatch.undo()
    assert (await stage.until_state(phase=PHASE.FRAMING)).view is View.FRONT
    await stage.until_state(ended="completed")


async def test_a_page_that_comes_back_finds_the_visit_where_it_was(stage: Stage) -> None:
    await stage.connect()
    stage.camera.shows = "empty"
    await stage.to_framing()
    first = stage.page
    await stage.connect()
    state = await stage.until_state()
    assert (state.phase, state.view) == (PHASE.FRAMING, View.FRONT)
    await first.close()
    stage.camera.shows = "face"
    await stage.until_state(ended="completed")


async def test_the_preview_shows_points_target_and_hint_in_shares_of_the_frame(stage: Stage) -> None:
    await stage.connect()
    stage.camera.shows = "empty"
    await stage.to_framing()
    frame = await stage.page.next_frame()
    assert (frame.header.hint.code, frame.header.matched, frame.header.points) == ("no_face", False, [])
    stage.camera.shows = "face"
    while not frame.header.matched:
        frame = await stage.page.next_frame()
    assert frame.jpeg[:2] == b"\xff\xd8"
    assert set(frame.header.points) == {(0.5, 0.5)}
    assert 0 <= frame.header.hold <= 1
