"""Where nobody has a pace of their own, every day is planned bit for bit as it was before there were any."""

import pytest

from tests.edge.schedule.unpaced import digest

RECORDED = {
    "S": (12, "4bd497ac9727b880ab618efb10ff7d81a0e0e2bc0d39b51b54590e9c7b92be5d"),
    "M": (6, "2447e9e6e35fa77959c7233876a75d98d8eb4a72f5381e622dab584c4e4c7079"),
    "L": (2, "08a6cd5b6f642c75c94f8fbd843857fc837e6c26fbe3e30060d3124bdf0375f9"),
}
"""Made with the planner that knew no paces; a change of the planner itself records them anew."""


@pytest.mark.parametrize("name", RECORDED)
def test_questions_places_and_answers_of_a_frozen_day_are_what_they_were(name: str) -> None:
    count, recorded = RECORDED[name]
    assert digest(name, count) == recorded
