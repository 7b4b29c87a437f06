from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.store.events import HUB_CURSOR, SqlcipherEventStore
from edge.sync.cursor import HubCursor
from shared.sync.position import Position
from tests.support.records import open_box_record

EPOCH, NEXT = "a" * 16, "b" * 16


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlcipherEventStore]:
    record = open_box_record(tmp_path)
    yield record.store
    record.store.close()


def at(seq: int, epoch: str = EPOCH) -> Position:
    return Position(epoch, seq, f"{seq:064x}")


@pytest.mark.req("P-2")
def test_a_cursor_moves_on_with_each_acknowledgement_and_is_stored_once_a_second(store: SqlcipherEventStore) -> None:
    cursor = HubCursor(store)
    for seq in (1, 2, 3, 4):
        cursor.move(at(seq))
        cursor.store(10.0 + seq / 10)
    assert (cursor.position, store.cursor(HUB_CURSOR)) == (at(4), at(2))
    cursor.store(11.3)
    assert store.cursor(HUB_CURSOR) == at(4)
    cursor.move(at(5))
    cursor.store(float("inf"))
    assert HubCursor(store).position == at(5)


@pytest.mark.req("P-4", "I-17")
def test_a_cursor_that_goes_back_or_to_another_epoch_is_stored_before_anything_is_sent_from_there(
    store: SqlcipherEventStore,
) -> None:
    cursor = HubCursor(store)
    for position in (at(9), at(4), at(1, NEXT)):
        cursor.move(position)
        assert store.cursor(HUB_CURSOR) == position


@pytest.mark.req("P-2", "I-06")
def test_a_crash_finds_the_stored_cursor_where_the_hub_is_or_before_never_beyond(store: SqlcipherEventStore) -> None:
    cursor, acknowledged = HubCursor(store), [3, 7, 8, 2, 5, 11]
    for number, seq in enumerate(acknowledged):
        cursor.move(at(seq))
        cursor.store(number * 0.4)
        stored = HubCursor(store).position
        assert stored is not None
        assert stored.seq <= seq
