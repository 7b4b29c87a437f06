"""A candidate in the shadow: resumed by the log, allowed by the client, compared in sums only."""

import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.analysis import domain as analysed
from edge.review.domain import Box, BundleRef
from edge.review.groups import Circumstances, Dimension, ToneGroup
from edge.review.reviews import Reviews
from edge.review.shadow import Run, Seen, ShadowCase, compare, iou, matches
from edge.review.shadow_log import ShadowLog
from edge.review.shadow_worker import ShadowWorker, VaultPhotographs
from edge.review.signed import SignedReviews
from edge.store.events import SqlcipherEventStore
from edge.threads import NoThreadFree, Priority, ThreadBudget
from edge.visits.library import CaptureLibrary
from shared.errors import Rejected
from shared.events.catalogue.review import ShadowCompleted, ShadowSwitched
from shared.ids import ClientId
from shared.imaging.decode import ImageLimits
from shared.logging import configure_logging
from shared.vocabulary import ConsentDecision, ConsentPurpose, FindingType, GateProfileName, View
from tests.edge.review.test_reviews import TwoSigners, remove
from tests.support.records import BoxRecord, open_box_record
from tests.support.reviews import HEIGHT, WIDTH, analysis, finding, store_capture

CANDIDATE = BundleRef("open", "2.0.0", "c" * 64)
OTHER = BundleRef("open", "3.0.0", "d" * 64)
LIVE = BundleRef("open", "1", "a" * 64)
SPOT, BLEMISH = FindingType.SPOT, FindingType.BLEMISH
AROUND = Circumstances(ToneGroup.BROWN, View.FRONT, GateProfileName.KIOSK)


class Candidate:
    """Outlines one spot in each photograph; `before` runs first, and may fail or do harm."""

    def __init__(self, bundle: BundleRef = CANDIDATE) -> None:
        self.bundle = bundle
        self.seen = 0
        self.before = lambda: None

    def analyse(self, image: np.ndarray) -> analysed.AnalysisResult:
        assert image.shape == (HEIGHT, WIDTH, 3)
        self.seen += 1
        self.before()
        spot = analysed.Finding(SPOT, 0.5, analysed.Box(60, 30, 20, 20), None)
        return analysed.AnalysisResult((spot,), (), (), WIDTH, HEIGHT)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


@pytest.fixture
def candidate() -> Candidate:
    return Candidate()


def worker(box: BoxRecord, candidate: Candidate, threads: ThreadBudget | None = None) -> ShadowWorker:
    photographs = VaultPhotographs(CaptureLibrary(box.store, box.vault, box.clients), ImageLimits())
    threads = threads or ThreadBudget(2)
    return ShadowWorker(ShadowLog(box.store), candidate, photographs, box.consent.granted, threads, box.clock)


def willing(box: BoxRecord) -> ClientId:
    client = box.new_client()
    version = box.consent.texts.text("en").version
    choices = [(ConsentPurpose.MODEL_TRAINING, ConsentDecision.GRANTED)]
    box.consent.record(client, "en", version, choices, "[]", "tester")
    return client


def completed(store: SqlcipherEventStore) -> list[str]:
    return [
        event.fields.payload["capture"]
        for event in store.read(0, 9999)
        if event.fields.type == ShadowCompleted.event_type
    ]


def switched_on(box: BoxRecord, bundle: BundleRef = CANDIDATE) -> ShadowLog:
    log = ShadowLog(box.store)
    log.switch(bundle)
    return log


def test_only_captures_taken_after_it_was_switched_on_are_run_and_each_once(
    box: BoxRecord, candidate: Candidate
) -> None:
    client = willing(box)
    store_capture(box, client, analysis(finding()))
    switched_on(box)
    wanted = [store_capture(box, client, analysis(finding())) for _ in range(3)]
    store_capture(box, client)
    assert worker(box, candidate).run_waiting() == 3
    assert worker(box, candidate).run_waiting() == 0
    assert completed(box.store) == wanted


def test_after_a_crash_the_log_says_what_still_waits(box: BoxRecord, candidate: Candidate) -> None:
    client = willing(box)
    switched_on(box)
    wanted = [store_capture(box, client, analysis(finding())) for _ in range(3)]

    def die_at_the_second() -> None:
        if candidate.seen == 2:
            raise KeyboardInterrupt

    candidate.before = die_at_the_second
    with pytest.raises(KeyboardInterrupt):
        worker(box, candidate).run_waiting()
    assert completed(box.store) == wanted[:1]
    candidate.before = lambda: None
    box.store.rebuild()
    assert switched_on(box).waiting(CANDIDATE, 9)[0].capture == wanted[1]
    assert worker(box, candidate).run_waiting() == 2
    assert completed(box.store) == wanted


def test_switching_to_another_candidate_starts_with_what_is_taken_from_then_on(box: BoxRecord) -> None:
    client = willing(box)
    switched_on(box)
    old = store_capture(box, client, analysis(finding()))
    switched_on(box, OTHER)
    new = store_capture(box, client, analysis(finding()))
    assert worker(box, Candidate(OTHER)).run_waiting() == 1
    assert completed(box.store) == [new]
    log = switched_on(box)
    assert [item.capture for item in log.waiting(CANDIDATE, 9)] == []
    log.switch(None)
    log.switch(None)
    switches = [event for event in box.store.read(0, 999) if event.fields.type == ShadowSwitched.event_type]
    assert [item.fields.payload["bundle"] and item.fields.payload["bundle"]["version"] for item in switches] == [
        "2.0.0", "3.0.0", "2.0.0", None,
    ]  # fmt: skip
    assert old not in completed(box.store)


def test_nothing_waits_before_any_candidate_was_switched_on(box: BoxRecord) -> None:
    store_capture(box, willing(box), analysis(finding()))
    assert ShadowLog(box.store).waiting(CANDIDATE, 9) == []


@pytest.mark.parametrize("purpose", [ConsentPurpose.MODEL_TRAINING, ConsentPurpose.TREATMENT_RECORD])
def test_a_client_who_withdrew_is_not_run(box: BoxRecord, candidate: Candidate, purpose: ConsentPurpose) -> None:
    client, other = willing(box), willing(box)
    switched_on(box)
    store_capture(box, client, analysis(finding()))
    wanted = store_capture(box, other, analysis(finding()))
    box.consent.withdraw(client, purpose, "", "tester")
    assert worker(box, candidate).run_waiting() == 1
    assert completed(box.store) == [wanted]
    assert candidate.seen == 1


def test_a_client_who_never_allowed_it_is_not_even_looked_at(box: BoxRecord, candidate: Candidate) -> None:
    switched_on(box)
    capture = store_capture(box, box.new_client(), analysis(finding()))
    assert worker(box, candidate).run_waiting() == 0
    assert [event.fields.type for event in box.store.stream(f"capture/{capture}")] == [
        "capture.stored", "analysis.completed",
    ]  # fmt: skip


def test_a_client_who_withdraws_while_it_runs_leaves_no_result(box: BoxRecord, candidate: Candidate) -> None:
    client = willing(box)
    switched_on(box)
    store_capture(box, client, analysis(finding()))
    candidate.before = lambda: box.consent.withdraw(client, ConsentPurpose.MODEL_TRAINING, "", "tester")
    assert worker(box, candidate).run_waiting() == 0
    assert completed(box.store) == []


def test_many_who_withdrew_do_not_hide_the_one_behind_them(box: BoxRecord, candidate: Candidate) -> None:
    client, other = willing(box), willing(box)
    switched_on(box)
    for _ in range(40):
        store_capture(box, client, analysis(finding()))
    wanted = store_capture(box, other, analysis(finding()))
    box.consent.withdraw(client, ConsentPurpose.MODEL_TRAINING, "", "tester")
    assert worker(box, candidate).run_waiting() == 1
    assert completed(box.store) == [wanted]


def test_a_photograph_that_is_gone_is_set_aside_and_the_next_ones_are_run(box: BoxRecord, candidate: Candidate) -> None:
    client = willing(box)
    switched_on(box)
    lost = store_capture(box, client, analysis(finding()))
    for file in (box.folder / "data" / "vault").rglob("*"):
        if file.is_file():
            file.unlink()
    wanted = store_capture(box, willing(box), analysis(finding(x=70)))
    running = worker(box, candidate)
    assert running.run_waiting() == 1
    assert running.set_aside == {lost: "image_missing"}
    assert completed(box.store) == [wanted]


def test_a_photograph_that_breaks_the_candidate_blocks_no_other(box: BoxRecord, candidate: Candidate) -> None:
    client = willing(box)
    switched_on(box)
    captures = [store_capture(box, client, analysis(finding())) for _ in range(3)]
    failures: list[Exception] = [RuntimeError("the graph fell over"), Rejected("model_breaks_contract", "No.")]

    def fail() -> None:
        if failures:
            raise failures.pop(0)

    candidate.before = fail
    running = worker(box, candidate)
    with pytest.raises(RuntimeError):
        running.run_waiting()
    assert running.run_waiting() == 1
    assert running.set_aside == {captures[0]: "unfinished", captures[1]: "model_breaks_contract"}
    assert worker(box, candidate).run_waiting() == 2


def test_a_busy_machine_makes_it_wait_and_forgets_nothing(
    box: BoxRecord, candidate: Candidate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.review.shadow_worker._PATIENCE_SECONDS", 0.0)
    client = willing(box)
    switched_on(box)
    store_capture(box, client, analysis(finding()))
    threads = ThreadBudget(1)
    running = worker(box, candidate, threads)
    with threads.take(Priority.LIVE, 1, 0), pytest.raises(NoThreadFree):
        running.run_waiting()
    assert running.set_aside == {}
    assert running.run_waiting() == 1


def test_the_thread_takes_new_captures_by_itself_and_says_nothing_about_a_client(
    box: BoxRecord, candidate: Candidate
) -> None:
    lines = io.StringIO()
    guard = configure_logging(stream=lines)
    client = willing(box)
    done = threading.Event()
    box.store.on_append(lambda _: done.set() if completed(box.store) else None)
    running = worker(box, candidate)
    box.store.on_append(running.wake)
    running.start()
    try:
        capture = store_capture(box, client, analysis(finding()))
        assert done.wait(20)
    finally:
        running.stop()
    assert completed(box.store) == [capture]
    assert guard.redactions == 0
    assert client not in lines.getvalue()
    for line in lines.getvalue().splitlines():
        assert json.loads(line)["event"] == "shadow_runs_completed"


def case(
    confirmed: list[Seen], live: list[Seen], candidate: list[Seen], removed: list[Seen] | None = None
) -> ShadowCase:
    return ShadowCase(
        LIVE, AROUND, Run(tuple(live), 100), Run(tuple(candidate), 40), tuple(confirmed), tuple(removed or ())
    )


def seen(x: float, kind: FindingType | None = SPOT, side: float = 20) -> Seen:
    return Seen(Box(x, 0, side, side), kind)


def test_both_sides_are_held_against_the_reviewer() -> None:
    cases = [
        case([seen(0), seen(100)], [seen(0), seen(300)], [seen(2, BLEMISH), seen(101)], removed=[seen(300)]),
        case([seen(0)], [seen(0)], [seen(300), seen(400), seen(0)]),
    ]
    (report,) = compare(CANDIDATE, cases)
    both = report.overall
    assert (report.candidate, report.live, both.captures) == (CANDIDATE, LIVE, 2)
    assert (both.live.recall.count, both.candidate.recall.count, both.live.recall.of) == (2, 3, 3)
    assert (both.live.removed_again.value, both.candidate.removed_again.value) == (1.0, 0.0)
    assert (both.live.same_type.value, both.candidate.same_type.count, both.candidate.same_type.of) == (1.0, 2, 3)
    assert (both.live.count_difference, both.candidate.count_difference) == (0, 1)
    assert (both.live.median_ms, both.candidate.p95_ms) == (100, 40)
    assert list(report.groups[Dimension.TONE]) == ["brown"]


def test_a_comparison_of_nothing_divides_by_nothing() -> None:
    assert compare(CANDIDATE, []) == ()
    (report,) = compare(CANDIDATE, [case([], [], [])])
    assert (report.overall.live.recall.value, report.overall.candidate.types.value) == (None, None)


outlines = st.lists(
    st.builds(
        Seen,
        st.builds(Box, st.integers(0, 60), st.integers(0, 60), st.integers(1, 40), st.integers(1, 40)),
        st.sampled_from([None, *FindingType]),
    ),
    max_size=8,
)


@given(outlines, outlines)
def test_each_outline_is_matched_once_at_most_and_a_side_matches_itself(ours: list[Seen], theirs: list[Seen]) -> None:
    pairs = matches(ours, theirs)
    assert len(pairs) <= min(len(ours), len(theirs))
    assert all(0.3 <= iou(a.box, b.box) <= 1 for a, b in pairs)
    assert len(matches(ours, ours)) == len(ours)
    assert iou(Box(0, 0, 1, 1), Box(1, 0, 1, 1)) == 0


def test_the_report_counts_signed_results_with_a_run_and_no_others(box: BoxRecord, candidate: Candidate) -> None:
    client = willing(box)
    log = switched_on(box)
    reviews = Reviews(box.store, box.clients, TwoSigners(), box.clock)
    signed = SignedReviews(reviews)
    first, second = (store_capture(box, client, analysis(finding(x=10), finding(x=60))) for _ in range(2))
    assert worker(box, candidate).run_waiting() == 2
    assert log.reports(signed) == []
    reviews.correct(first, [remove(1)], 0, "nurse")
    reviews.sign(first, "aspen", 1, "nurse")
    (report,) = log.reports(signed)
    assert (report.overall.captures, report.overall.candidate.recall.count) == (1, 1)
    assert (report.overall.live.removed_again.count, report.overall.candidate.removed_again.count) == (1, 0)
    reviews.sign(second, "aspen", 0, "nurse")
    assert log.reports(signed)[0].overall.captures == 2
