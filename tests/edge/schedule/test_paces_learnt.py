"""Paces are learnt from days that are over, planned with where they are known well, told in words, and taken back."""

import math
from dataclasses import replace
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.schedule.calibration import Calibration
from edge.schedule.estimates import History, OwnLength, ServiceHistory, calibrated, estimate
from edge.schedule.ids import ProviderId, ServiceId
from edge.schedule.pace import FASTEST, SLOWEST, OwnPace
from edge.schedule.pace_words import pace_rows, pace_sentences, paces_back
from edge.schedule.paces import Pace, estimate_paces, with_paces
from edge.schedule.registry import Registry, demo_registry
from tests.edge.schedule.lived import drawn_paces, lived

CEDAR, LAUREL, WILLOW = ProviderId("cedar"), ProviderId("laurel"), ProviderId("willow")
LASER, CONSULTATION, FILLER = ServiceId("laser-hair"), ServiceId("consultation"), ServiceId("filler")


def took(who: ProviderId, count: int, minutes: float, planned: float = 30, spread: float = 0.15) -> list[OwnLength]:
    """Return visits of one provider whose logarithms lie evenly around that of `minutes`."""
    steps = np.linspace(-spread, spread, count) if count > 1 else [0.0]
    return [OwnLength(who, planned, planned, minutes * math.exp(float(step))) for step in steps]


def history(**services: list[OwnLength]) -> History:
    return {
        ServiceId(name.replace("_", "-")): ServiceHistory(came=len(own), own=tuple(own))
        for name, own in services.items()
    }


def overall(paces: tuple[Pace, ...]) -> dict[ProviderId, Pace]:
    return {pace.provider: pace for pace in paces if pace.service is None}


def usual(paces: dict[ProviderId, float]) -> dict[ProviderId, float]:
    """Return true paces against their mean, which is what a usual length is."""
    middle = math.exp(fmean(map(math.log, paces.values())))
    return {who: pace / middle for who, pace in paces.items()}


def test_true_paces_of_simulated_days_lie_in_their_ranges(clinic: Registry) -> None:
    held, inside, closer, named = 0, 0, 0, 0
    for seed in range(6):
        true = usual(drawn_paces(clinic, seed, 0.12))
        for who, pace in overall(estimate_paces(clinic, lived(clinic, true, seed, 20))).items():
            held += 1
            inside += pace.low <= true[who] <= pace.high
            if pace.counts:
                named += 1
                closer += abs(math.log(pace.percent / 100 / true[who])) < abs(math.log(true[who]))
    assert held == 6 * len(clinic.providers)
    assert inside / held >= 0.9
    # Whoever is planned with a pace is planned better with it than without.
    assert named >= held / 3
    assert closer / named >= 0.9


def test_nobody_has_a_pace_where_all_take_equally_long(clinic: Registry) -> None:
    alike = dict.fromkeys((provider.id for provider in clinic.providers), 1.0)
    counted = [
        pace for seed in range(4) for pace in estimate_paces(clinic, lived(clinic, alike, seed, 16)) if pace.counts
    ]
    assert len(counted) <= 1


def test_planned_lengths_come_nearer_to_the_true_ones_of_each_provider(clinic: Registry) -> None:
    seen = history(
        consultation=[*took(CEDAR, 120, 36), *took(LAUREL, 120, 24)],
        filler=[*took(CEDAR, 80, 66, 65), *took(LAUREL, 80, 44, 65)],
    )
    paces = estimate_paces(clinic, seen)
    unlike = with_paces(clinic, paces)
    planned = calibrated(unlike, estimate(unlike, seen))
    service = planned.service(CONSULTATION)
    slow, fast = (sum(planned.lengths(service, [who] * len(service.stages))) for who in (CEDAR, LAUREL))
    assert slow > service.minutes > fast
    assert slow / fast == pytest.approx(36 / 24, rel=0.2)
    # What is left to chance is smaller once it is known who was slow.
    spread = estimate(unlike, seen)[CONSULTATION].length.distribution.sigma
    assert spread < estimate(clinic, seen)[CONSULTATION].length.distribution.sigma


def test_a_provider_with_few_visits_stays_at_the_usual_pace(clinic: Registry) -> None:
    paces = overall(estimate_paces(clinic, history(consultation=[*took(CEDAR, 90, 30), *took(LAUREL, 3, 40)])))
    assert not any(pace.counts for pace in paces.values())
    assert with_paces(clinic, tuple(paces.values())) is clinic


def test_a_service_of_one_provider_alone_says_nothing(clinic: Registry) -> None:
    assert estimate_paces(clinic, history(consultation=took(CEDAR, 200, 45))) == ()


def test_a_pace_stays_within_its_bounds(clinic: Registry) -> None:
    seen = history(consultation=[*took(CEDAR, 300, 70), *took(LAUREL, 300, 14)])
    paces = overall(estimate_paces(clinic, seen))
    assert (paces[CEDAR].percent, paces[LAUREL].percent) == (SLOWEST, FASTEST)
    told = pace_sentences(clinic, tuple(paces.values()))
    assert "Dr. Cedar takes 35% longer, the most that is planned with, from 300 visits." in told


def test_what_differs_for_one_service_alone_counts_for_that_alone(clinic: Registry) -> None:
    seen = history(
        consultation=[*took(CEDAR, 150, 30), *took(LAUREL, 150, 30)],
        follow_up=[*took(CEDAR, 150, 15, 15), *took(LAUREL, 150, 15, 15)],
        wrinkle_relaxer=[*took(CEDAR, 150, 25, 25), *took(LAUREL, 150, 25, 25)],
        laser_hair=[*took(CEDAR, 150, 40), *took(LAUREL, 150, 26)],
    )
    unlike = with_paces(clinic, estimate_paces(clinic, seen))
    cedar = unlike.provider(CEDAR)
    assert cedar.pace_for(LASER) > 110
    assert abs(cedar.pace_for(CONSULTATION) - 100) <= 5
    said = [text for text in pace_sentences(clinic, estimate_paces(clinic, seen)) if "Laser hair removal" in text]
    assert any(
        text.startswith("Dr. Cedar takes ") and "longer for Laser hair removal, from 150 visits." in text
        for text in said
    )


def test_stages_that_nobody_attends_say_nothing_of_a_pace(clinic: Registry) -> None:
    """Of 65 minutes 30 run by the clock: 77 minutes are 42 instead of 35 for whoever serves."""
    one = OwnLength(CEDAR, 65, 35, 77)
    assert one.with_provider == 47
    assert one.at_usual(120) == pytest.approx(30 + 47 / 1.2)
    mostly = [replace(visit, attended=20.0) for visit in took(CEDAR, 90, 90, 65)]
    assert estimate_paces(clinic, history(filler=[*mostly, *took(LAUREL, 90, 50, 65)])) == ()


def test_a_pace_of_the_file_is_what_was_known_before(clinic: Registry) -> None:
    entry = clinic.provider(CEDAR).model_copy(update={"pace": 120})
    given_ = clinic.model_copy(update={"providers": (entry, *clinic.providers[1:])})
    seen = history(consultation=[*took(CEDAR, 200, 36), *took(LAUREL, 200, 30)])
    assert overall(estimate_paces(given_, seen))[CEDAR].given == 120
    assert not overall(estimate_paces(given_, seen))[CEDAR].counts
    learnt = estimate_paces(clinic, history(consultation=[*took(CEDAR, 200, 40), *took(LAUREL, 200, 28)]))
    assert with_paces(clinic, learnt).provider(CEDAR).pace_for(CONSULTATION) > 105
    # Whoever writes another pace into the file since is believed.
    assert with_paces(given_, learnt).provider(CEDAR).pace_for(CONSULTATION) == 120


def test_who_has_left_is_compared_with_and_not_told_of(clinic: Registry) -> None:
    seen = history(consultation=[*took(CEDAR, 200, 38), *took(ProviderId("maple"), 200, 26)])
    paces = estimate_paces(clinic, seen)
    assert [pace.provider for pace in paces if pace.service is None] == [CEDAR]
    gone = (*paces, replace(paces[0], provider=ProviderId("maple")))
    assert len(pace_sentences(clinic, gone)) == len(paces)
    assert len(pace_rows(clinic, with_paces(clinic, gone), gone)) == len(paces)


def test_paces_are_told_in_numbers_and_in_words(clinic: Registry) -> None:
    paces = (
        Pace(CEDAR, None, 112, 100, 1.05, 1.19, 210, counts=True),
        Pace(CEDAR, LASER, 92, 100, 0.86, 0.98, 84, counts=True),
        Pace(LAUREL, None, 104, 100, 0.95, 1.13, 9, counts=False),
        Pace(WILLOW, None, 100, 100, 0.97, 1.03, 1, counts=False),
    )
    after = with_paces(clinic, paces)
    assert pace_sentences(after, paces) == (
        "Dr. Cedar takes 12% longer, from 210 visits.",
        "Dr. Cedar takes 8% less time for Laser hair removal, from 84 visits.",
        "Dr. Laurel stays at 100% of a service's length. Told by 9 visits, but not clearly: from 95% to 113%.",
        "Nurse Willow stays at 100% of a service's length, from 1 visit.",
    )
    rows = pace_rows(clinic, after, paces)
    assert [(row.provider, row.service, row.pace, row.range) for row in rows[:2]] == [
        ("Dr. Cedar", "all services", "100% → 112% (n=210)", "105% to 119%"),
        ("Dr. Cedar", "Laser hair removal", "100% → 92% (n=84)", "86% to 98%"),
    ]
    assert paces_back(after, clinic) == (
        "Dr. Cedar: 100% of a service's length instead of 112%.",
        "Dr. Cedar: 100% for Laser hair removal instead of 92%.",
    )


PERCENTS = st.integers(FASTEST, SLOWEST)
PACES = st.lists(
    st.builds(
        Pace,
        st.sampled_from([CEDAR, LAUREL, WILLOW]),
        st.sampled_from([None, LASER, FILLER]),
        PERCENTS,
        st.just(100),
        st.floats(0.5, 1),
        st.floats(1, 2),
        st.integers(0, 500),
        st.booleans(),
    ),
    max_size=4,
    unique_by=lambda pace: (pace.provider, pace.service),
).map(tuple)


@given(PACES)
def test_a_clinic_plans_with_exactly_the_paces_that_count(paces: tuple[Pace, ...]) -> None:
    clinic = demo_registry()
    unlike = with_paces(clinic, paces)
    for pace in paces:
        provider = unlike.provider(pace.provider)
        own = {one.service: one.percent for one in provider.paces}
        if pace.service is None:
            assert provider.pace == (pace.percent if pace.counts else 100)
        else:
            assert (own.get(pace.service) == pace.percent) if pace.counts else (pace.service not in own)
    assert Registry.model_validate(unlike.model_dump()) == unlike


@given(st.lists(st.one_of(PACES, st.none()), max_size=8))
def test_undoing_restores_exactly_the_paces_before(steps: list[tuple[Pace, ...] | None]) -> None:
    calibration = Calibration()
    stack: list[tuple[Pace, ...]] = [()]
    log = []
    for number, paces in enumerate(steps):
        if paces is not None:
            made = calibration.calibrate({}, f"c-{number}", None, paces)
            stack += [paces] if paces != stack[-1] else []
        elif len(stack) > 1:
            made = calibration.undo()
            stack.pop()
        else:
            continue
        for payload in made:
            calibration.apply(type(payload).model_validate_json(payload.model_dump_json()))
        log += made
        assert calibration.paces == stack[-1]
    assert Calibration.fold(log).paces == stack[-1]


def test_own_paces_of_the_file_stay_where_nothing_else_is_learnt(clinic: Registry) -> None:
    own = clinic.provider(CEDAR).model_copy(update={"paces": (OwnPace(service=FILLER, percent=90),)})
    kept = clinic.model_copy(update={"providers": (own, *clinic.providers[1:])})
    learnt = with_paces(kept, (Pace(CEDAR, None, 112, 100, 1.05, 1.2, 99, counts=True),)).provider(CEDAR)
    assert (learnt.pace_for(FILLER), learnt.pace_for(LASER)) == (90, 112)
