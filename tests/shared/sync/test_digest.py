import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.envelope import GENESIS_HASH, body_hash
from shared.sync.digest import RANGE_EVENTS, Stored, aggregates_digest, check_range, fits, runs


def chain(length: int) -> list[Stored]:
    rows, previous = [], GENESIS_HASH
    for seq in range(1, length + 1):
        body = json.dumps({"seq": seq, "prev_hash": previous}).encode()
        previous = body_hash(body)
        rows.append(Stored(seq, body, previous))
    return rows


def by_place(rows: list[Stored]) -> dict[int, Stored]:
    return {row.seq: row for row in rows}


@pytest.mark.req("I-07", "I-14")
@given(st.integers(1, 30), st.data())
def test_every_rotted_or_missing_row_is_named_and_no_other(length: int, data: st.DataObject) -> None:
    rows = chain(length)
    end, stored = rows[-1].hash, by_place(rows)
    hit = data.draw(st.sets(st.integers(1, length), max_size=length))
    for seq in hit:
        match data.draw(st.sampled_from(["body", "hash", "gone"])):
            case "body":
                stored[seq] = Stored(seq, stored[seq].body + b" ", stored[seq].hash)
            case "hash":
                stored[seq] = Stored(seq, stored[seq].body, "0" * 64)
            case _:
                del stored[seq]
    assert check_range(1, length, stored, end).damaged == tuple(sorted(hit))


def test_a_row_forged_with_its_hash_is_named_by_its_successor() -> None:
    rows = by_place(chain(5))
    body = b'{"seq": 3, "prev_hash": "' + rows[2].hash.encode() + b'", "forged": true}'
    rows[3] = Stored(3, body, body_hash(body))
    assert check_range(1, 5, rows, chain(5)[-1].hash).damaged == (3,)


def test_a_range_tells_the_hash_that_the_range_before_must_end_with() -> None:
    rows = chain(6)
    checked = check_range(4, 6, by_place(rows), rows[-1].hash)
    assert checked.before == rows[2].hash
    assert check_range(1, 3, by_place(rows), checked.before).damaged == ()


@given(st.integers(1, 12), st.integers(0, 11))
def test_only_the_very_piece_of_the_chain_fits(length: int, at: int) -> None:
    bodies = [row.body for row in chain(length)]
    end = chain(length)[-1].hash
    assert fits(bodies, end)
    bodies[at % length] += b" "
    assert not fits(bodies, end)


@given(st.sets(st.integers(1, 2000), max_size=600))
def test_runs_cover_exactly_the_places(places: set[int]) -> None:
    found = runs(places)
    assert {first + offset for first, count in found for offset in range(count)} == places
    assert all(count <= RANGE_EVENTS for _, count in found)


@pytest.mark.req("I-07")
def test_digests_of_aggregates_are_equal_when_each_has_come_to_the_same() -> None:
    ends = [("a", 1, "x"), ("a", 2, "y"), ("b", 1, "z")]
    assert aggregates_digest(ends) == aggregates_digest(ends[::-1]) == aggregates_digest(ends[1:])
    assert aggregates_digest(ends) != aggregates_digest([("a", 2, "Y"), ("b", 1, "z")])
    assert aggregates_digest(ends) != aggregates_digest(ends[:2])
