"""What a day's events tell about the weights: what was taken before what, and which decisions tell nothing."""

import datetime as dt

import pytest

from edge.schedule.choices import LeftOut, chosen, decisions_of
from edge.schedule.weights import LEARNT, UNIT, Weights, unit_points
from shared.events.catalogue import proposals as told
from shared.events.catalogue import schedule as said
from shared.events.payload import PayloadModel
from tests.edge.schedule.decided import options

DAY = dt.date(2026, 3, 2)
NAMES = (UNIT, *LEARNT)


def worth(moved: int = 0, **terms: float) -> said.ObjectivePart:
    return said.ObjectivePart(dropped=0, urgent_unplaced=0, moved=moved, walk_ins_unplaced=0, terms=terms)


def proposed(*answers: said.ObjectivePart, name: str = "p", pinned: bool = False, weights: bool = True) -> PayloadModel:
    parts = tuple(
        told.AnswerPart(
            title="As proposed",
            mode="suggest",
            why="",
            visits=(),
            moves=(),
            objective_before=worth(),
            objective_after=answer,
            solver_status="repair",
            milliseconds=1,
        )
        for answer in answers
    )
    return told.ReplanProposed(
        day=DAY,
        proposal=name,
        base=0,
        cause="",
        disruption=told.DisruptionPart(kind="cancelled", at=600, appointment="a"),
        answers=parts,
        pins=(told.PinPart(appointment="a"),) if pinned else (),
        unit_points=unit_points(Weights(preference=40)) if weights else {},
    )


def accepted(choice: int = 0, name: str = "p") -> PayloadModel:
    return told.ProposalAccepted(day=DAY, proposal=name, choice=choice)


def test_an_accepted_answer_stands_against_the_others_of_its_first_level_in_units() -> None:
    shown = (worth(wait=35, preference=40, idle=20), worth(wait=90, add_on_adjacency=12), worth(1, wait=5))
    (choice,) = decisions_of([proposed(*shown), accepted(1)]).choices
    assert (choice.taken.first, choice.taken.other) == (False, 12)
    assert dict(zip(NAMES, choice.taken.units, strict=True)) == {**dict.fromkeys(NAMES, 0.0), "wait": 90}
    (other,) = choice.others
    expected = {**dict.fromkeys(NAMES, 0.0), "wait": 35, "preference": 1, "idle": 100}
    assert (other.first, dict(zip(NAMES, other.units, strict=True))) == (True, pytest.approx(expected))


TWO = (worth(wait=5), worth(idle=5))


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([proposed(worth(wait=5)), accepted()], LeftOut.ONE_ANSWER),
        ([proposed(worth(wait=5), worth(1)), accepted(1)], LeftOut.FIRST_LEVEL),
        ([proposed(worth(wait=5), pinned=True), accepted()], LeftOut.EDITED),
        ([proposed(*TWO), told.ProposalRejected(day=DAY, proposal="p")], LeftOut.REJECTED),
        ([proposed(*TWO, weights=False), accepted()], LeftOut.NOT_RECORDED),
        (
            [proposed(*TWO), accepted(), said.ReplanUndone(day=DAY, replan="p", restored=(), removed=())],
            LeftOut.TAKEN_BACK,
        ),
    ],
)
def test_a_decision_that_tells_nothing_is_counted_with_its_reason(events: list[PayloadModel], reason: LeftOut) -> None:
    found = decisions_of(events)
    assert (found.choices, found.left_out) == ((), {reason: 1})


@pytest.mark.parametrize(
    "events",
    [
        [proposed(*TWO)],
        [proposed(*TWO), told.ProposalExpired(day=DAY, proposal="p")],
        [proposed(*TWO), proposed(*TWO, name="q"), told.ProposalSuperseded(day=DAY, proposal="p", by="q")],
        [said.ReplanUndone(day=DAY, replan="reported", restored=(), removed=())],
    ],
)
def test_what_nobody_has_decided_is_no_decision(events: list[PayloadModel]) -> None:
    found = decisions_of(events)
    assert (found.choices, found.left_out) == ((), {})


def test_a_proposal_worked_out_again_counts_once() -> None:
    events = [
        proposed(*TWO),
        proposed(*TWO, name="q"),
        told.ProposalSuperseded(day=DAY, proposal="p", by="q"),
        accepted(1, "q"),
    ]
    found = decisions_of(events)
    assert (len(found.choices), found.left_out) == (1, {})


def test_the_order_of_the_other_answers_is_not_in_a_choice() -> None:
    one, two, three = options([[1.0] * 7, [2.0] * 7, [3.0] * 7])
    assert chosen([one, two, three], 0) == chosen([three, two, one], 2)
