from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.staff.permissions import BEHIND_GLASS, PERMITTED, Action, rights
from edge.staff.rules import SignInRules, check_pin, pause_after, seconds_left
from shared.http.errors import Refused
from shared.vocabulary import StaffRole

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RULES = SignInRules()


def test_the_pause_doubles_after_the_free_failures_up_to_its_limit() -> None:
    assert [pause_after(count, RULES) for count in range(1, 8)] == [0, 0, 0, 30, 60, 120, 240]
    assert pause_after(10_000, RULES) == RULES.longest_pause_seconds


@given(st.integers(0, 100))
def test_one_more_failure_never_shortens_the_pause(failures: int) -> None:
    assert pause_after(failures + 1, RULES) >= pause_after(failures, RULES)


@pytest.mark.req("I-11")
@given(st.integers(1, 100_000), st.integers(-(10**8), 10**8))
def test_a_clock_that_went_back_never_shortens_a_pause(pause: int, moved: int) -> None:
    left = seconds_left(NOW, pause, NOW + timedelta(seconds=moved))
    assert 0 <= left <= pause
    if moved < 0:
        assert left == pause


@pytest.mark.parametrize(
    "pin", ["12345", "123456", "654321", "111111", "121212", "12345a", "1234567890123", "٣٤٥٦٧٩", ""]
)
def test_a_pin_that_is_short_no_number_or_guessable_is_refused_and_not_repeated(pin: str) -> None:
    with pytest.raises(Refused) as caught:
        check_pin(pin, RULES)
    assert not pin or pin not in caught.value.sentence


def test_a_good_pin_passes() -> None:
    check_pin("271828", RULES)


def test_the_table_states_every_role_and_only_managers_manage() -> None:
    assert set(PERMITTED) == set(StaffRole)
    assert [role for role in StaffRole if Action.MANAGE_STAFF in rights(role, glass_broken=True)] == [StaffRole.MANAGER]
    assert [role for role in StaffRole if Action.REVIEW in rights(role, glass_broken=True)] == [StaffRole.PROVIDER]


def test_break_glass_lets_the_front_desk_look_and_photograph_and_nothing_else() -> None:
    desk = StaffRole.FRONT_DESK
    added = rights(desk, glass_broken=True) - PERMITTED[desk]
    assert added == set(BEHIND_GLASS)
    assert Action.READ_PHOTO not in rights(desk, glass_broken=False)
