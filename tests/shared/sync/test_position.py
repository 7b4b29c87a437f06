from hypothesis import given
from hypothesis import strategies as st

from shared.sync.position import Position, count_behind, place_of

lengths = st.lists(st.integers(0, 50), min_size=1, max_size=5)


@given(lengths, st.data())
def test_what_is_behind_a_place_is_what_was_written_after_it(counts: list[int], data: st.DataObject) -> None:
    epochs = [Position(f"{number:016x}", count) for number, count in enumerate(counts)]
    places = [(at, seq) for at, count in enumerate(counts) for seq in range(1, count + 1)]
    if not places:
        assert count_behind(None, epochs) == 0
        return
    read = data.draw(st.integers(1, len(places)))
    at, seq = places[read - 1]
    position = Position(epochs[at].epoch, seq)
    assert place_of(position, epochs) == at
    assert count_behind(position, epochs) == len(places) - read


@given(lengths)
def test_somebody_who_stands_nowhere_in_the_log_has_all_of_it_before_him(counts: list[int]) -> None:
    epochs = [Position(f"{number:016x}", count) for number, count in enumerate(counts)]
    for position in (None, Position("f" * 16, 3)):
        assert (place_of(position, epochs), count_behind(position, epochs)) == (0, sum(counts))


def test_a_receiver_who_is_further_than_the_log_has_nothing_behind_him() -> None:
    assert count_behind(Position("a" * 16, 9), [Position("a" * 16, 5)]) == 0
