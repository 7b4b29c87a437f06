from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.schedule.waitlist.ranking import Facts, RankingWeights, chance, terms, total

WEIGHTS = RankingWeights(tiers={"gold": 6.0, "silver": 3.0})
PLAIN = Facts(
    filled=20, freed=60, accepted=1, answered=3, clinic_accepted=10, clinic_answered=20, preferred=None, again=False,
    provider="Dr. Cedar", spare=45, leave_at=600, price=100, highest_price=400, waited=3, tier=None,
)  # fmt: skip
FACTS = st.builds(
    Facts,
    filled=st.integers(0, 60), freed=st.integers(60, 240), accepted=st.integers(0, 5), answered=st.integers(5, 9),
    clinic_accepted=st.integers(0, 50), clinic_answered=st.integers(50, 90),
    preferred=st.sampled_from([None, True, False]), again=st.booleans(), provider=st.just("Dr. Cedar"),
    spare=st.floats(0, 9000), leave_at=st.integers(0, 1440), price=st.floats(0, 500), highest_price=st.just(500.0),
    waited=st.floats(0, 90), tier=st.sampled_from([None, "silver", "gold", "unheard-of"]),
)  # fmt: skip


def points(facts: Facts) -> float:
    return total(terms(facts, WEIGHTS))


@given(
    facts=FACTS,
    better=st.sampled_from(
        [
            ("filled", 1), ("accepted", 1), ("clinic_accepted", 1), ("spare", 5.0), ("price", 10.0), ("waited", 1.0),
            ("freed", -1), ("answered", -1), ("clinic_answered", -1),
        ]
    ),
)  # fmt: skip
def test_more_of_what_speaks_for_somebody_never_costs_a_place(facts: Facts, better: tuple[str, float]) -> None:
    name, step = better
    changed: dict[str, Any] = {name: getattr(facts, name) + step}
    after = replace(facts, **changed)
    if after.accepted <= after.answered and after.clinic_accepted <= after.clinic_answered:
        assert points(after) >= points(facts) - 1e-9


@given(facts=FACTS)
def test_the_wished_provider_beats_the_last_one_and_that_beats_a_stranger(facts: Facts) -> None:
    wished, again, nobody, other = (
        points(replace(facts, preferred=True)),
        points(replace(facts, preferred=False, again=True)),
        points(replace(facts, preferred=None, again=False)),
        points(replace(facts, preferred=False, again=False)),
    )
    assert wished > again > nobody > other


@given(facts=FACTS)
def test_every_share_is_at_most_its_weight_and_every_term_has_words(facts: Facts) -> None:
    found = terms(facts, WEIGHTS)
    limits = {
        name: getattr(WEIGHTS, name) for name in ("fit", "response", "continuity", "travel", "revenue", "waiting")
    }
    limits["tier"] = 6.0
    assert all(0 <= term.points <= limits[term.name] and term.sentence for term in found)
    assert len({term.name for term in found}) == len(found)
    assert total(found) == pytest.approx(sum(term.points for term in found))


def test_the_reasons_say_what_was_counted() -> None:
    said = {term.name: term.sentence for term in terms(replace(PLAIN, preferred=True, tier="gold"), WEIGHTS)}
    assert said == {
        "fit": "Fills 20 of the 60 free minutes, 40 are left",
        "response": "Took 1 of 3 offers so far; likely to take it: 42 %",
        "continuity": "Would see Dr. Cedar, as wished",
        "travel": "Has to leave by 10:00, in 45 min",
        "waiting": "Waiting for 3 days",
        "revenue": "Brings 100; the clinic's highest price is 400",
        "tier": "Member: gold",
    }


def test_the_chance_starts_at_the_prior_and_moves_to_what_is_seen() -> None:
    new = replace(PLAIN, accepted=0, answered=0, clinic_accepted=0, clinic_answered=0)
    assert chance(new, WEIGHTS) == pytest.approx(WEIGHTS.prior_rate)
    assert chance(replace(new, clinic_accepted=900, clinic_answered=1000), WEIGHTS) == pytest.approx(0.9, abs=0.01)
    assert chance(replace(new, accepted=90, answered=100), WEIGHTS) == pytest.approx(0.9, abs=0.03)
    assert chance(replace(new, answered=3), WEIGHTS) == pytest.approx(0.4 * 4 / 7)


def test_a_clinic_without_prices_does_not_speak_of_revenue() -> None:
    assert "revenue" not in {term.name for term in terms(replace(PLAIN, price=0, highest_price=0), WEIGHTS)}


@pytest.mark.parametrize(
    "wrong", [{"fit": -1}, {"tiers": {"gold": -1.0}}, {"prior_rate": 1.5}, {"prior_offers": 0}, {"travel_half": 0}]
)
def test_weights_that_would_turn_a_term_round_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="0"):
        RankingWeights(**wrong)
