"""Opening a box's next message while the last is answered."""

import threading
from collections.abc import Iterator

import pytest

from cloud.ingest.backfill import one_ahead
from shared.errors import Rejected


def test_every_item_comes_once_and_in_order() -> None:
    assert list(one_ahead(iter(range(100)))) == list(range(100))


def test_the_next_item_is_made_while_the_caller_is_at_work_and_no_more_than_that() -> None:
    made: list[int] = []
    second = threading.Event()

    def items() -> Iterator[int]:
        for number in range(4):
            made.append(number)
            if number == 1:
                second.set()
            yield number

    going = one_ahead(items())
    assert next(going) == 0
    assert second.wait(10)
    assert made == [0, 1]
    assert list(going) == [1, 2, 3]


def test_what_cannot_be_opened_is_told_after_those_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise Rejected("empty_message", "it says nothing")

    going = one_ahead(items())
    assert next(going) == 1
    with pytest.raises(Rejected):
        next(going)


def test_a_caller_that_gives_up_waits_for_nothing() -> None:
    never = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        never.wait(30)

    going = one_ahead(items())
    assert next(going) == 1
    going.close()  # type: ignore[attr-defined]  # a generator
    never.set()
