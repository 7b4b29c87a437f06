"""Reviews on a real record: all or nothing, nothing readable, and only by those who may."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.keys.clients import DataKeyGone
from edge.review.domain import Box, Correction, Standing
from edge.review.errors import CorrectionRefused, NotAnalysed, NotLicensed, ReviewMoved
from edge.review.licences import RegistryLicences, Signer
from edge.review.reviews import NotedCorrection, Reviews
from edge.schedule.registry import demo_registry
from edge.visits.library import CaptureLibrary, CaptureUnknown
from shared.events.catalogue.review import ReviewCorrected, ReviewSigned
from shared.vocabulary import FindingType, ImageKind, ReviewAction, ReviewReason, Route
from tests.support.records import BoxRecord, open_box_record
from tests.support.reviews import analyse_again, analysis, finding, store_capture

CANARY = "a canary note about Ada"


class TwoSigners:
    def signers(self) -> list[Signer]:
        return [Signer("aspen", "Nurse Aspen"), Signer("cedar", "Dr. Cedar")]

    def names(self) -> dict[str, str]:
        return {item.id: item.name for item in self.signers()}


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


@pytest.fixture
def reviews(box: BoxRecord) -> Reviews:
    return Reviews(box.store, box.clients, TwoSigners(), box.clock)


@pytest.fixture
def capture(box: BoxRecord) -> str:
    return store_capture(box, box.new_client(), analysis(finding(x=10), finding(x=60), finding(x=110)))


def remove(number: int, note: str = "") -> NotedCorrection:
    return NotedCorrection(Correction(ReviewAction.REMOVE, ReviewReason.HAIR, number), note)


def retype(number: int, kind: FindingType = FindingType.BLEMISH) -> NotedCorrection:
    return NotedCorrection(Correction(ReviewAction.RETYPE, ReviewReason.WRONG_TYPE, number, kind))


def test_a_correction_is_an_event_that_names_the_models_it_corrects(
    box: BoxRecord, reviews: Reviews, capture: str
) -> None:
    after = reviews.correct(capture, [retype(2)], 0, "nurse-1")
    assert [item.standing for item in after.review.findings] == [
        Standing.PROPOSED, Standing.CHANGED, Standing.PROPOSED,
    ]  # fmt: skip
    event = box.store.stream(f"capture/{capture}")[-1]
    payload = ReviewCorrected.model_validate({k: v for k, v in event.fields.payload.items() if k != "sealed"})
    assert (event.fields.actor, payload.action, payload.finding, payload.type) == (
        "nurse-1", ReviewAction.RETYPE, 2, FindingType.BLEMISH,
    )  # fmt: skip
    assert (payload.bundle.name, payload.bundle.version, len(payload.bundle.sha256)) == ("open", "1.0.0", 64)
    assert payload.analysis == box.store.stream(f"capture/{capture}")[1].fields.id
    assert reviews.get(capture) == after


def test_one_bad_correction_among_good_ones_leaves_nothing_applied(
    box: BoxRecord, reviews: Reviews, capture: str
) -> None:
    head = box.store.head()
    outside = NotedCorrection(
        Correction(ReviewAction.REDRAW, ReviewReason.OUTLINE_MISPLACED, 3, box=Box(390, 10, 20, 20))
    )
    for bad in (remove(9), remove(0), outside, retype(3, FindingType.SPOT)):
        with pytest.raises(CorrectionRefused):
            reviews.correct(capture, [remove(1), bad], 0, "nurse-1")
    with pytest.raises(ReviewMoved, match="was removed"):
        reviews.correct(capture, [remove(1), remove(1)], 0, "nurse-1")
    assert box.store.head() == head


def test_the_note_is_sealed_and_comes_back_only_with_the_clients_key(
    box: BoxRecord, reviews: Reviews, capture: str
) -> None:
    after = reviews.correct(capture, [remove(1, CANARY)], 0, "nurse-1")
    assert CANARY.encode() not in b"".join(event.body for event in box.store.read(0, 999))
    assert list(reviews.notes(after).values()) == [CANARY]
    for (client,) in box.store.rows("SELECT client FROM clients"):
        box.clients.destroy(client)
    with pytest.raises(DataKeyGone):
        reviews.notes(after)
    with pytest.raises(DataKeyGone):
        reviews.correct(capture, [remove(2)], 1, "nurse-1")


def test_another_reason_needs_words(reviews: Reviews, capture: str) -> None:
    step = Correction(ReviewAction.REMOVE, ReviewReason.OTHER, 1)
    with pytest.raises(CorrectionRefused, match="note"):
        reviews.correct(capture, [NotedCorrection(step, "  ")], 0, "nurse-1")
    assert reviews.correct(capture, [NotedCorrection(step, "a crumb")], 0, "nurse-1").review.revision == 1


def test_what_was_decided_on_an_older_state_is_refused(reviews: Reviews, capture: str) -> None:
    reviews.correct(capture, [remove(1)], 0, "nurse-1")
    with pytest.raises(ReviewMoved, match="meanwhile"):
        reviews.correct(capture, [remove(2)], 0, "nurse-2")
    with pytest.raises(ReviewMoved, match="meanwhile"):
        reviews.sign(capture, "aspen", 0, "nurse-2")


def test_two_reviewers_at_once_never_both_win(box: BoxRecord, reviews: Reviews, capture: str) -> None:
    outcomes: list[str] = []

    def work(number: int) -> None:
        try:
            reviews.correct(capture, [remove(number)], 0, f"nurse-{number}")
            outcomes.append("done")
        except ReviewMoved:
            outcomes.append("moved")

    threads = [threading.Thread(target=work, args=(number,)) for number in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "moved", "moved"]
    assert reviews.get(capture).review.revision == 1


def test_a_look_at_the_photograph_meanwhile_does_not_disturb_a_correction(
    box: BoxRecord, reviews: Reviews, capture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = CaptureLibrary(box.store, box.vault, box.clients)
    append, looked = box.store.append, []

    def look_first(drafts: Any, *arguments: Any) -> Any:
        if not looked:
            looked.append(True)
            library.open_image(capture, ImageKind.ORIGINAL, "provider_review", "nurse-2")
        return append(drafts, *arguments)

    monkeypatch.setattr(box.store, "append", look_first)
    assert reviews.correct(capture, [remove(1)], 0, "nurse-1").review.revision == 1


def test_undo_takes_back_one_correction_and_keeps_both_on_record(reviews: Reviews, capture: str) -> None:
    before = reviews.get(capture).review
    after = reviews.correct(capture, [remove(1)], 0, "nurse-1").review
    restored = reviews.undo(capture, after.corrections[0].entry.id, 1, "nurse-1").review
    assert (restored.findings, restored.revision) == (before.findings, 2)
    assert [item.undone for item in restored.corrections] == [True]
    with pytest.raises(CorrectionRefused):
        reviews.undo(capture, "no such correction", 2, "nurse-1")


def test_only_a_licensed_person_signs_and_until_then_the_result_has_no_signature(
    box: BoxRecord, reviews: Reviews, capture: str
) -> None:
    assert reviews.signature(capture) is None
    for nobody in ("hazel", "", "station-1"):
        with pytest.raises(NotLicensed):
            reviews.sign(capture, nobody, 0, "station-1")
    reviews.sign(capture, "aspen", 0, "station-1")
    assert reviews.signature(capture) == ("aspen", box.clock.wall())
    signed = ReviewSigned.model_validate(box.store.stream(f"capture/{capture}")[-1].fields.payload)
    assert (signed.signer, signed.revision) == ("aspen", 0)
    with pytest.raises(ReviewMoved, match="Reopen"):
        reviews.sign(capture, "cedar", 1, "station-1")
    with pytest.raises(ReviewMoved, match="Reopen"):
        reviews.correct(capture, [remove(1)], 1, "station-1")
    reviews.reopen(capture, "a second look", 1, "station-1")
    assert reviews.signature(capture) is None
    assert reviews.correct(capture, [remove(1)], 2, "station-1").review.revision == 3


def test_who_may_sign_stands_in_the_clinics_file() -> None:
    assert [item.id for item in RegistryLicences(demo_registry()).signers()] == ["cedar", "laurel", "willow", "aspen"]


def test_a_new_analysis_is_reviewed_anew(box: BoxRecord, reviews: Reviews, capture: str) -> None:
    reviews.correct(capture, [remove(1)], 0, "nurse-1")
    reviews.sign(capture, "aspen", 1, "nurse-1")
    analyse_again(box.store, capture, reviews.get(capture).client, analysis(finding(x=200), version="2.0.0"))
    review = reviews.get(capture).review
    assert (review.revision, review.signed, len(review.findings)) == (0, None, 1)
    assert reviews.signature(capture) is None
    assert [item.capture for item in reviews.queue(signed=False, limit=9)] == [capture]


def test_the_queue_starts_with_what_needs_a_person_and_then_with_the_oldest(box: BoxRecord, reviews: Reviews) -> None:
    client = box.new_client()
    sure = store_capture(box, client, analysis(finding(route=Route.ACT), route=Route.ACT))
    likely = store_capture(box, client, analysis(finding()))
    unsure = store_capture(box, client, analysis(finding(route=Route.REVIEW_REQUIRED), finding(x=70)))
    unlike = store_capture(box, client, analysis(route=Route.REVIEW_REQUIRED))
    store_capture(box, client)
    done = store_capture(box, client, analysis(finding()))
    reviews.sign(done, "aspen", 0, "nurse-1")
    waiting = reviews.queue(signed=False, limit=9)
    assert [item.capture for item in waiting] == [unsure, unlike, likely, sure]
    assert [(item.route, item.to_decide, item.findings) for item in waiting[:2]] == [
        (Route.REVIEW_REQUIRED, 1, 2), (Route.REVIEW_REQUIRED, 0, 0),
    ]  # fmt: skip
    assert [(item.capture, item.signer) for item in reviews.queue(signed=True, limit=9)] == [(done, "aspen")]
    assert reviews.counts() == (4, 1)
    assert len(reviews.queue(signed=False, limit=2)) == 2


def test_what_is_not_there_or_not_analysed_cannot_be_reviewed(box: BoxRecord, reviews: Reviews) -> None:
    bare = store_capture(box, box.new_client())
    head = box.store.head()
    with pytest.raises(CaptureUnknown):
        reviews.correct("nothing", [remove(1)], 0, "nurse-1")
    with pytest.raises(NotAnalysed):
        reviews.sign(bare, "aspen", 0, "nurse-1")
    with pytest.raises(CorrectionRefused):
        reviews.correct(bare, [], 0, "nurse-1")
    assert box.store.head() == head


def test_the_tables_are_the_same_when_built_again_from_the_log(box: BoxRecord, reviews: Reviews, capture: str) -> None:
    reviews.correct(capture, [remove(1)], 0, "nurse-1")
    reviews.sign(capture, "aspen", 1, "nurse-1")
    assert all(report.digest_before == report.digest_after for report in box.store.rebuild())
