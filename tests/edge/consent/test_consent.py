"""Consent: deny wins, expiry ends it, and every answer names the text that was shown."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.consent.desk import ConsentMissing, TextOutdated
from edge.consent.rules import Decision, is_granted
from edge.consent.texts import NoSuchText
from shared.errors import Rejected
from shared.ids import ClientId
from shared.vocabulary import ConsentDecision, ConsentPurpose
from tests.support.records import BoxRecord, open_box_record

NOW = datetime(2026, 3, 2, tzinfo=UTC)
RECORD = ConsentPurpose.TREATMENT_RECORD
GRANT, DENY = ConsentDecision.GRANTED, ConsentDecision.DENIED


def decision(name: str, answer: ConsentDecision, *known: str, expires: datetime | None = None) -> Decision:
    return Decision(name, RECORD, answer, NOW, expires, frozenset(known))


def test_nothing_recorded_allows_nothing() -> None:
    assert not is_granted([], RECORD, NOW)


def test_concurrent_denial_wins_over_a_grant_in_whatever_order_they_arrive() -> None:
    history = [decision("a", GRANT), decision("b", GRANT, "a"), decision("c", DENY, "a")]
    assert not is_granted(history, RECORD, NOW)
    assert not is_granted(reversed(history), RECORD, NOW)


def test_grant_that_knew_the_denial_stands_again() -> None:
    assert is_granted([decision("a", DENY), decision("b", GRANT, "a")], RECORD, NOW)


@given(st.permutations(range(5)), st.lists(st.booleans(), min_size=5, max_size=5))
def test_merging_histories_gives_the_same_answer_in_any_order(order: list[int], grants: list[bool]) -> None:
    history = [
        decision(str(number), GRANT if grants[number] else DENY, *([str(number - 2)] if number >= 2 else []))
        for number in range(5)
    ]
    assert is_granted([history[place] for place in order], RECORD, NOW) == (grants[3] and grants[4])


def test_expired_grant_allows_nothing() -> None:
    history = [decision("a", GRANT, expires=NOW + timedelta(days=1))]
    assert is_granted(history, RECORD, NOW)
    assert not is_granted(history, RECORD, NOW + timedelta(days=1))


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


def grant(box: BoxRecord, client: ClientId) -> None:
    version = box.consent.texts.text("en").version
    box.consent.record(client, "en", version, [(RECORD, GRANT)], "[]", "tester")


def test_grant_withdrawal_and_new_grant_follow_each_other(box: BoxRecord) -> None:
    client = box.new_client(consents=False)
    with pytest.raises(ConsentMissing):
        box.consent.require(client, RECORD)
    grant(box, client)
    box.consent.require(client, RECORD)
    assert box.consent.granted(client) == [RECORD]
    box.consent.withdraw(client, RECORD, "changed my mind", "tester")
    with pytest.raises(ConsentMissing):
        box.consent.require(client, RECORD)
    grant(box, client)
    box.consent.require(client, RECORD)


def test_grant_expires_after_the_days_its_text_says(box: BoxRecord) -> None:
    client = box.new_client()
    box.clock.advance(366 * 86_400)
    with pytest.raises(ConsentMissing):
        box.consent.require(client, RECORD)


def test_answer_to_an_outdated_unknown_or_unasked_text_is_refused_whole(box: BoxRecord) -> None:
    client = box.new_client(consents=False)
    before = box.store.head()
    version = box.consent.texts.text("en").version
    with pytest.raises(TextOutdated):
        box.consent.record(client, "en", "1999", [(RECORD, GRANT)], "[]", "tester")
    with pytest.raises(NoSuchText):
        box.consent.record(client, "xx", version, [(RECORD, GRANT)], "[]", "tester")
    words = box.consent.texts.by_language["en"]
    box.consent.texts.by_language["en"] = words.model_copy(update={"purposes": words.purposes[:1]})
    with pytest.raises(Rejected, match="purpose_not_asked"):
        box.consent.record(client, "en", version, [(RECORD, GRANT), (ConsentPurpose.MARKETING, GRANT)], "[]", "tester")
    assert box.store.head() == before


def test_both_languages_ask_for_the_same_purposes(box: BoxRecord) -> None:
    english, spanish = box.consent.texts.text("en"), box.consent.texts.text("es")
    assert [item.purpose for item in english.purposes] == [item.purpose for item in spanish.purposes]
    assert english.sha256 != spanish.sha256


def test_withdrawal_reason_and_signature_never_stand_in_clear(box: BoxRecord) -> None:
    client = box.new_client()
    box.consent.withdraw(client, RECORD, "Canary reason", "tester")
    bodies = b"".join(event.body for event in box.store.read(0, 100))
    assert b"Canary" not in bodies
