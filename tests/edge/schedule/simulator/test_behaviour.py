"""The figures that the simulator starts from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.schedule.simulator.behaviour import Behaviour, figures


def test_every_figure_says_where_it_is_from() -> None:
    for name, _, what in figures(Behaviour()):
        assert any(word in what for word in ("Zenoti", "Cerruti", "Neurodiem", "Assumed")), name


def test_early_cancellations_have_left_the_plan_by_the_morning() -> None:
    assert Behaviour(cancellation=0.16, late_share=0.5).late_cancellation == pytest.approx(0.08 / 0.92)
    assert Behaviour(cancellation=1, late_share=0).late_cancellation == 1


@given(show=st.floats(0, 1, exclude_max=True), usual=st.floats(0, 1), cancelled=st.floats(0, 1))
def test_a_known_chance_is_kept_however_it_is_split(show: float, usual: float, cancelled: float) -> None:
    missing, late = Behaviour(no_show=usual, cancellation=cancelled).absences(show)
    assert missing + late == pytest.approx(1 - show)
    assert min(missing, late) >= 0
