"""Whether a client had withdrawn when a photograph was taken."""

from hypothesis import given
from hypothesis import strategies as st

from cloud.erasure.rules import KnownDecision, withdrawn_at


def decision(number: int, *, granted: bool, after: tuple[int, ...] = ()) -> KnownDecision:
    return KnownDecision(str(number), granted, f"{number:016x}", frozenset(map(str, after)))


def at(number: int) -> str:
    return f"{number:016x}"


def test_withdrawal_counts_from_when_it_was_recorded_until_it_is_taken_back() -> None:
    known = [
        decision(1, granted=True),
        decision(5, granted=False, after=(1,)),
        decision(9, granted=True, after=(5,)),
    ]
    assert [withdrawn_at(known, at(moment)) for moment in (0, 3, 5, 6, 8, 10)] == [
        False, False, False, True, True, False,
    ]  # fmt: skip


def test_grant_that_did_not_know_of_a_withdrawal_does_not_lift_it() -> None:
    known = [decision(1, granted=True), decision(5, granted=False, after=(1,)), decision(6, granted=True, after=(1,))]
    assert withdrawn_at(known, at(7))


@given(st.permutations([(1, True, ()), (2, False, (1,)), (3, True, (2,)), (4, False, (3,))]), st.integers(0, 6))
def test_order_of_arrival_does_not_matter(arrived: list[tuple[int, bool, tuple[int, ...]]], moment: int) -> None:
    known = [decision(number, granted=granted, after=after) for number, granted, after in arrived]
    assert withdrawn_at(known, at(moment)) == withdrawn_at(sorted(known, key=lambda item: item.hlc), at(moment))


def test_unknown_consent_is_no_withdrawal() -> None:
    assert not withdrawn_at([], at(1))
