"""Finding captures that look alike: exact, within what clients allow, and gone with their key or their consent."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edge.analysis.domain import AnalysisResult, Box, BundleUsed, Finding
from edge.consent.desk import ConsentMissing
from edge.keys.clients import DataKeyGone
from edge.progress import similar as module
from edge.progress.embedding import Vector, direction, summary
from edge.progress.sealed_vector import embedded, open_summary
from edge.progress.similar import SimilarAnswer, SimilarCases
from edge.store.events import BoxIdentity
from edge.visits.library import CaptureLibrary, CaptureUnknown
from shared.crypto.aead import CannotOpen
from shared.errors import Corrupt
from shared.events.catalogue.progress import SimilarSearched
from shared.events.envelope import EventDraft
from shared.events.sealing import close_payload
from shared.ids import ClientId, TenantId
from shared.vocabulary import ConsentDecision, ConsentPurpose, FindingType, Sensitivity
from tests.support.records import IDENTITY, BoxRecord, open_box_record
from tests.support.reviews import finding
from tests.support.visits import Values, Visits

SIDE = 24
PICTURE = np.full((40, 40, 3), 127, dtype=np.uint8)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


def look(seed: int) -> Vector:
    return np.abs(np.random.default_rng(seed).normal(1, 1, SIDE)).astype(np.float32)


def client(box: BoxRecord, name: str = "Ada", *, findable: bool = False) -> ClientId:
    made = box.new_client(name)
    if findable:
        decide(box, made, ConsentDecision.GRANTED)
    return made


def decide(box: BoxRecord, who: ClientId, decision: ConsentDecision) -> None:
    version = box.consent.texts.text("en").version
    box.consent.record(who, "en", version, [(ConsentPurpose.SIMILAR_CASES, decision)], "[]", "tester")


def seen(box: BoxRecord, who: ClientId, *looks: Vector, version: str = "1.0.0") -> str:
    findings = [finding(FindingType.SPOT, x=10 + 30 * i) for i in range(len(looks))]
    return Visits(box, who).add(PICTURE, findings, days=1, values=Values(), version=version, looks=looks)


def cases(box: BoxRecord, average: Vector | None = None) -> SimilarCases:
    return SimilarCases(box.store, box.clients, box.consent, lambda _space: average)


def find(box: BoxRecord, capture: str, limit: int = 10) -> SimilarAnswer:
    stored = CaptureLibrary(box.store, box.vault, box.clients).get(capture)
    return cases(box).find(stored, limit, "provider-7")


def test_the_most_alike_comes_first_and_the_capture_itself_is_left_out(box: BoxRecord) -> None:
    ada = client(box)
    asked = seen(box, ada, look(1))
    near, far = seen(box, ada, look(1) + 0.05 * look(2)), seen(box, ada, look(9))
    answer = find(box, asked)
    assert [case.capture for case in answer.cases] == [near, far]
    assert answer.cases[0].similarity > 0.99 > answer.cases[1].similarity
    assert answer.searched == 2
    assert all(case.own for case in answer.cases)


def test_other_clients_are_found_only_after_they_said_so_and_never_by_default(box: BoxRecord) -> None:
    asked = seen(box, client(box, "Ada"), look(1))
    silent = seen(box, client(box, "Ben"), look(1))
    willing = seen(box, client(box, "Cleo", findable=True), look(1))
    answer = find(box, asked)
    assert [(case.capture, case.own) for case in answer.cases] == [(willing, False)]
    assert answer.searched == 1
    assert silent not in str(answer)


def test_a_refusal_and_a_withdrawal_count_at_once(box: BoxRecord) -> None:
    asked, cleo = seen(box, client(box, "Ada"), look(1)), client(box, "Cleo", findable=True)
    found = seen(box, cleo, look(1))
    library = CaptureLibrary(box.store, box.vault, box.clients)
    assert [case.capture for case in find(box, asked).cases] == [found]
    cases(box).require(library.get(asked), library.get(found))
    box.consent.withdraw(cleo, ConsentPurpose.SIMILAR_CASES, "", "tester")
    assert find(box, asked).cases == ()
    with pytest.raises(ConsentMissing):
        cases(box).require(library.get(asked), library.get(found))
    decide(box, cleo, ConsentDecision.GRANTED)
    assert [case.capture for case in find(box, asked).cases] == [found]
    decide(box, cleo, ConsentDecision.DENIED)
    assert find(box, asked).cases == ()


def test_whoever_withdrew_the_record_itself_is_not_found_either(box: BoxRecord) -> None:
    asked, cleo = seen(box, client(box, "Ada"), look(1)), client(box, "Cleo", findable=True)
    seen(box, cleo, look(1))
    box.consent.withdraw(cleo, ConsentPurpose.TREATMENT_RECORD, "", "tester")
    assert find(box, asked).cases == ()


def test_a_grant_that_ran_out_no_longer_counts(box: BoxRecord) -> None:
    cleo = client(box, "Cleo", findable=True)
    seen(box, cleo, look(1))
    box.clock.advance(366 * 86_400)
    asked = seen(box, client(box, "Ada"), look(1))
    assert find(box, asked).cases == ()


def test_who_withdraws_while_a_search_runs_is_not_in_its_answer(
    box: BoxRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, cleo = seen(box, client(box, "Ada"), look(1)), client(box, "Cleo", findable=True)
    seen(box, cleo, look(1))

    searching = cases(box)
    stored = CaptureLibrary(box.store, box.vault, box.clients).get(asked)
    original = searching._open  # the step between asking for consent and answering

    def withdraw_while_opening(row: tuple[object, ...], average: Vector | None) -> Vector | None:
        box.consent.withdraw(cleo, ConsentPurpose.SIMILAR_CASES, "", "tester")
        return original(row, average)

    monkeypatch.setattr(searching, "_open", withdraw_while_opening)
    assert searching.find(stored, 10, "provider-7").cases == ()


def test_without_the_clients_own_consent_nothing_is_searched(box: BoxRecord) -> None:
    ada = client(box)
    asked = seen(box, ada, look(1))
    box.consent.withdraw(ada, ConsentPurpose.TREATMENT_RECORD, "", "tester")
    start = box.store.head()
    with pytest.raises(ConsentMissing):
        find(box, asked)
    assert box.store.head() == start


def test_every_search_is_on_record_with_what_was_shown(box: BoxRecord) -> None:
    asked, found = seen(box, client(box, "Ada"), look(1)), seen(box, client(box, "Cleo", findable=True), look(2))
    find(box, asked)
    last = box.store.read(box.store.head().seq - 1, 1)[0].fields
    assert (last.type, last.actor, last.aggregate) == (
        SimilarSearched.event_type,
        "provider-7",
        f"capture/{asked}",
    )
    assert [item["capture"] for item in last.payload["found"]] == [found]


def test_erasing_a_client_destroys_the_embedding_and_the_search_goes_on(box: BoxRecord) -> None:
    asked, cleo = seen(box, client(box, "Ada", findable=True), look(1)), client(box, "Cleo", findable=True)
    seen(box, cleo, look(1))
    kept = seen(box, client(box, "Dora", findable=True), look(3))
    box.clients.destroy(cleo)
    library = CaptureLibrary(box.store, box.vault, box.clients)
    answer = SimilarCases(box.store, box.clients, box.consent, lambda _space: None).find(library.get(asked), 10, "t")
    assert [case.capture for case in answer.cases] == [kept]
    with pytest.raises(DataKeyGone):
        box.clients.key_of(cleo)


def test_vectors_of_other_models_and_other_tenants_are_not_compared(box: BoxRecord, tmp_path: Path) -> None:
    ada = client(box)
    asked = seen(box, ada, look(1))
    seen(box, ada, look(1), version="2.0.0")
    foreign = seen(box, ada, look(1))
    box.store._database.write(
        lambda connection: connection.execute("UPDATE embeddings SET tenant = 'other' WHERE capture = ?", (foreign,))
    )
    assert find(box, asked) == SimilarAnswer((), 0, embedded=True)
    elsewhere = BoxIdentity(TenantId("other"), IDENTITY.location, IDENTITY.device)
    other = open_box_record(tmp_path / "other", box.clock, elsewhere)
    assert other.store.identity.tenant == "other"
    other.store.close()


def test_a_capture_on_which_nothing_was_outlined_cannot_be_compared_by_look(box: BoxRecord) -> None:
    ada = client(box)
    bare, known = seen(box, ada), seen(box, ada, look(1))
    assert find(box, bare) == SimilarAnswer((), 0, embedded=False)
    library = CaptureLibrary(box.store, box.vault, box.clients)
    with pytest.raises(CaptureUnknown):
        cases(box).require(library.get(known), library.get(bare))


def test_a_later_analysis_replaces_the_embedding(box: BoxRecord) -> None:
    rows = "SELECT space FROM embeddings"
    capture = seen(box, client(box), look(1))
    stored = CaptureLibrary(box.store, box.vault, box.clients).get(capture)
    again = embedded(result([look(5)], version="2.0.0"))
    assert again is not None
    event = box.store.stream(f"capture/{capture}")[0].fields
    draft = EventDraft(event.aggregate, again, "tester", "t", Sensitivity.HEALTH, stored.client)
    box.store.append([draft])
    assert box.store.rows(rows) == [("open 2.0.0",)]
    (report,) = [report for report in box.store.rebuild() if report.name == "embeddings"]
    assert report.digest_before == report.digest_after


def test_searching_in_small_batches_gives_what_comparing_everything_at_once_does(
    box: BoxRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = client(box)
    asked = seen(box, ada, look(0))
    captures = {seen(box, ada, look(seed), look(seed + 50)): seed for seed in range(1, 12)}
    query = direction(np.concatenate([look(0), counts(1)]))
    scores = {
        capture: float(direction(np.concatenate([(look(seed) + look(seed + 50)) / 2, counts(2)])) @ query)
        for capture, seed in captures.items()
    }
    monkeypatch.setattr(module, "_BATCH", 3)
    answer = find(box, asked, limit=5)
    assert [case.capture for case in answer.cases] == sorted(scores, key=lambda name: -scores[name])[:5]
    for case in answer.cases:
        assert case.similarity == pytest.approx(scores[case.capture], abs=2e-3)  # kept in half precision
    assert answer.searched == 11


def counts(spots: int) -> Vector:
    return np.array([spots if kind is FindingType.SPOT else 0 for kind in FindingType], dtype=np.float32)


def result(looks: list[Vector], kind: FindingType | None = FindingType.SPOT, version: str = "1.0.0") -> AnalysisResult:
    findings = tuple(Finding(kind, 0.9, Box(0, 0, 1, 1), None, embedding=item) for item in looks)
    return AnalysisResult(findings, (), (), 1, 1, bundle=BundleUsed("open", version, "x", "y"))


def test_moles_and_other_growths_are_never_compared_by_look() -> None:
    assert summary(result([look(1)], None).findings) is None
    assert embedded(result([look(1)], None)) is None
    mixed = (*result([look(1)]).findings, *result([look(2)], None).findings)
    together = summary(mixed)
    assert together is not None
    assert np.array_equal(together[:SIDE], look(1))


def test_an_analysis_without_a_bundle_has_no_space_to_be_compared_in() -> None:
    found = result([look(1)])
    assert embedded(AnalysisResult(found.findings, (), (), 1, 1)) is None


@given(arrays.arrays(np.float32, (5, SIDE), elements=st.floats(0, 50, width=32)), st.permutations(range(5)))
def test_the_order_of_findings_does_not_matter_and_directions_have_length_one(looks: Vector, order: list[int]) -> None:
    one = summary(result(list(looks)).findings)
    two = summary(result([looks[place] for place in order]).findings)
    assert one is not None
    assert two is not None
    assert np.allclose(one, two, rtol=1e-5, atol=1e-5)
    assert np.linalg.norm(direction(one)) == pytest.approx(1, abs=1e-5)
    assert direction(one) @ direction(one) == pytest.approx(1, abs=1e-5)


def test_what_the_classifier_always_sees_is_taken_away_before_comparing() -> None:
    common = np.full(SIDE, 40, dtype=np.float32)
    one, two = (np.concatenate([common + look(seed), counts(1)]) for seed in (1, 2))
    alike = float(direction(one) @ direction(two))
    told_apart = float(direction(one, common) @ direction(two, common))
    assert alike > 0.99 > told_apart


def test_nothing_of_a_vector_is_readable_without_the_clients_key() -> None:
    payload = embedded(result([look(1)]))
    assert payload is not None
    key, wrong = b"k" * 32, b"w" * 32
    closed = close_payload(payload, "event-1", key)
    assert "vector" not in closed
    assert payload.vector not in str(closed)
    opened = open_summary(as_json(closed), "event-1", key)
    assert np.allclose(opened[:SIDE], look(1), rtol=1e-3)
    with pytest.raises(CannotOpen):
        open_summary(as_json(closed), "event-1", wrong)
    with pytest.raises(CannotOpen):
        open_summary(as_json(closed), "event-2", key)


def test_a_vector_that_is_not_as_long_as_recorded_is_said_to_be_damaged() -> None:
    payload = embedded(result([look(1)]))
    assert payload is not None
    closed = close_payload(payload.model_copy(update={"dimensions": 3}), "event-1", b"k" * 32)
    with pytest.raises(Corrupt, match="embedding_damaged"):
        open_summary(as_json(closed), "event-1", b"k" * 32)


def as_json(payload: dict[str, object]) -> str:
    return json.dumps(payload)
