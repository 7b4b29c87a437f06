import pytest

from cloud.history.lineage import NotContinued, Stretch, stretches
from cloud.storage.log import EpochRecord
from shared.sync.position import Position

A, B, C = "a" * 16, "b" * 16, "c" * 16


def epochs(*ends: tuple[str, int, str, int]) -> list[EpochRecord]:
    return [
        EpochRecord(Position(name, seq, "f" * 64), number, parent, parent_seq)
        for number, (name, seq, parent, parent_seq) in enumerate(ends, start=1)
    ]


STRAIGHT = epochs((A, 9, "", 0), (B, 4, A, 9), (C, 2, B, 4))


@pytest.mark.parametrize(
    ("epoch", "after", "expected"),
    [
        ("", 0, [Stretch(A, 1, 9), Stretch(B, 1, 4), Stretch(C, 1, 2)]),
        (A, 6, [Stretch(A, 7, 9), Stretch(B, 1, 4), Stretch(C, 1, 2)]),
        (A, 9, [Stretch(A, 10, 9), Stretch(B, 1, 4), Stretch(C, 1, 2)]),
        (C, 2, [Stretch(C, 3, 2)]),
    ],
)
def test_everything_behind_an_event_is_on_the_way(epoch: str, after: int, expected: list[Stretch]) -> None:
    assert stretches(STRAIGHT, epoch, after) == expected


def test_a_box_that_is_ahead_gets_nothing() -> None:
    assert stretches(STRAIGHT, C, 5) == []
    assert stretches(STRAIGHT, "d" * 16, 1) == []
    assert stretches([], A, 3) == []
    assert stretches([], "", 0) == []


def test_events_that_a_later_epoch_left_out_are_not_on_the_way() -> None:
    forked = epochs((A, 9, "", 0), (B, 4, A, 6))
    assert stretches(forked, A, 2) == [Stretch(A, 3, 6), Stretch(B, 1, 4)]
    with pytest.raises(NotContinued, match="without the hub"):
        stretches(forked, A, 8)
