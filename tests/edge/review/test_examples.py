"""Labelled examples: only signed, only while the client allows it, and with nothing that names a person."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from edge.review.domain import Standing
from edge.review.examples import LabelledExamples
from edge.review.groups import ToneGroup
from edge.review.reviews import Reviews
from edge.review.signed import SignedReviews
from shared.ids import ClientId
from shared.vocabulary import ConsentDecision, ConsentPurpose, FindingType
from tests.edge.review.test_reviews import TwoSigners, remove, retype
from tests.support.records import BoxRecord, open_box_record
from tests.support.reviews import analysis, finding, store_capture

TRAINING = ConsentPurpose.MODEL_TRAINING


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


@pytest.fixture
def reviews(box: BoxRecord) -> Reviews:
    return Reviews(box.store, box.clients, TwoSigners(), box.clock)


@pytest.fixture
def examples(box: BoxRecord, reviews: Reviews) -> LabelledExamples:
    return LabelledExamples(SignedReviews(reviews), box.consent, box.clients)


def allow(box: BoxRecord, client: ClientId, decision: ConsentDecision = ConsentDecision.GRANTED) -> None:
    version = box.consent.texts.text("en").version
    box.consent.record(client, "en", version, [(TRAINING, decision)], "[]", "tester")


def signed_capture(box: BoxRecord, reviews: Reviews, client: ClientId) -> str:
    capture = store_capture(box, client, analysis(finding(x=10), finding(x=60), finding(x=110)), tone=9)
    reviews.correct(capture, [remove(1), retype(2)], 0, "nurse")
    reviews.sign(capture, "aspen", 2, "nurse")
    return capture


def test_an_example_holds_boxes_types_tone_group_and_models_and_no_person(
    box: BoxRecord, reviews: Reviews, examples: LabelledExamples
) -> None:
    client = box.new_client("Ada Canary")
    allow(box, client)
    capture = signed_capture(box, reviews, client)
    (found,) = examples.labelled_examples()
    assert (found.capture, found.tone, found.bundle.version, found.width) == (capture, ToneGroup.DEEP, "1.0.0", 400)
    assert [(item.type, item.standing, item.proposed) for item in found.labels] == [
        (FindingType.BLEMISH, Standing.CHANGED, FindingType.SPOT),
        (FindingType.SPOT, Standing.PROPOSED, FindingType.SPOT),
    ]
    assert [(item.standing, item.box.x) for item in found.removed] == [(Standing.REMOVED, 10)]
    text = repr(asdict(found))
    assert client not in text
    assert "Canary" not in text


def test_without_the_clients_consent_to_training_there_is_no_example(
    box: BoxRecord, reviews: Reviews, examples: LabelledExamples
) -> None:
    client = box.new_client()
    signed_capture(box, reviews, client)
    assert list(examples.labelled_examples()) == []
    assert examples.states() == (0, 1)
    allow(box, client)
    assert len(list(examples.labelled_examples())) == 1
    assert examples.states() == (1, 0)
    box.consent.withdraw(client, TRAINING, "", "tester")
    assert list(examples.labelled_examples()) == []


def test_an_expired_consent_ends_it_too(box: BoxRecord, reviews: Reviews, examples: LabelledExamples) -> None:
    client = box.new_client()
    allow(box, client)
    signed_capture(box, reviews, client)
    box.clock.advance(366 * 24 * 3600)
    assert list(examples.labelled_examples()) == []


def test_who_withdraws_while_examples_are_written_out_is_left_out_from_then_on(
    box: BoxRecord, reviews: Reviews, examples: LabelledExamples
) -> None:
    first, second = box.new_client(), box.new_client()
    for client in (first, second):
        allow(box, client)
        signed_capture(box, reviews, client)
    export = examples.labelled_examples()
    assert next(export).bundle.name == "open"
    allow(box, second, ConsentDecision.DENIED)
    assert list(export) == []


def test_an_erased_client_is_no_example_whatever_they_once_allowed(
    box: BoxRecord, reviews: Reviews, examples: LabelledExamples
) -> None:
    client = box.new_client()
    allow(box, client)
    signed_capture(box, reviews, client)
    box.clients.destroy(client)
    assert list(examples.labelled_examples()) == []


def test_a_review_under_way_or_reopened_is_no_example(
    box: BoxRecord, reviews: Reviews, examples: LabelledExamples
) -> None:
    client = box.new_client()
    allow(box, client)
    capture = signed_capture(box, reviews, client)
    assert len(list(examples.labelled_examples())) == 1
    reviews.reopen(capture, "", 3, "nurse")
    assert list(examples.labelled_examples()) == []
