"""Which replans happen by themselves: the clinic's policy, and that more harm is never decided more easily."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.schedule.deciding import Harm, decide
from edge.schedule.deciding_policy import Deciding, KindLimits, Mode
from edge.schedule.errors import InvalidClinic
from edge.schedule.registry import Registry, parse_registry

KINDS = [name for name, field in Deciding.model_fields.items() if field.annotation is KindLimits]
POLICY = Deciding()
harms = st.builds(
    Harm,
    lunches=st.integers(0, 2),
    dropped=st.integers(0, 2),
    urgent_refused=st.integers(0, 1),
    refused=st.integers(0, 1),
    notified=st.integers(0, 8),
    shifted=st.integers(0, 8),
    points=st.floats(0, 2000),
)
limits = st.builds(
    KindLimits,
    at_least=st.sampled_from(Mode),
    execute_shifted=st.none() | st.integers(0, 8),
    suggest_notified=st.none() | st.integers(0, 8),
    suggest_points=st.none() | st.floats(0, 2000),
)
policies = st.builds(
    lambda shifted, notified, points, kind, own: Deciding(
        execute_shifted=shifted, suggest_notified=notified, suggest_points=points, **{kind: own}
    ),
    st.integers(0, 8),
    st.integers(0, 8),
    st.floats(0, 2000),
    st.sampled_from(KINDS),
    limits,
)


@given(policy=policies, kind=st.sampled_from(KINDS), harm=harms, data=st.data())
def test_more_harm_is_never_decided_more_automatically(
    policy: Deciding, kind: str, harm: Harm, data: st.DataObject
) -> None:
    worse = harm
    for name in data.draw(st.lists(st.sampled_from([field.name for field in fields(Harm)]), min_size=1)):
        worse = replace(worse, **{name: getattr(worse, name) + data.draw(st.integers(1, 500))})
    less, more = decide(policy, kind, harm), decide(policy, kind, worse)
    assert more.mode.caution >= less.mode.caution
    assert less.why.endswith(".")


@pytest.mark.parametrize(
    ("harm", "mode", "said"),
    [
        (Harm(), Mode.EXECUTE, "Nobody who was told"),
        (Harm(shifted=3), Mode.EXECUTE, "Nobody who was told"),
        (Harm(shifted=4), Mode.SUGGEST, "4 clients who were told no time"),
        (Harm(notified=1), Mode.SUGGEST, "1 client who was told a time would be moved."),
        (Harm(refused=1), Mode.SUGGEST, "no place"),
        (Harm(notified=5), Mode.ESCALATE, "more than the desk may"),
        (Harm(dropped=1), Mode.ESCALATE, "1 visit would have no place. A manager decides."),
        (Harm(lunches=1), Mode.ESCALATE, "1 provider would get no lunch. A manager decides."),
        (Harm(points=601), Mode.ESCALATE, "601 points"),
        (Harm(urgent_refused=1), Mode.ESCALATE, "urgent"),
    ],
)
def test_without_a_policy_of_its_own_a_clinic_gets_a_sane_one(harm: Harm, mode: Mode, said: str) -> None:
    decision = decide(POLICY, "late", harm)
    assert decision.mode is mode
    assert said in decision.why


def test_one_kind_of_disruption_can_be_decided_differently() -> None:
    policy = Deciding(late=KindLimits(suggest_notified=0), no_show=KindLimits(at_least=Mode.SUGGEST))
    assert decide(policy, "late", Harm(notified=1)).mode is Mode.ESCALATE
    assert decide(policy, "overrun", Harm(notified=1)).mode is Mode.SUGGEST
    looked_at = decide(policy, "no_show", Harm())
    assert (looked_at.mode, looked_at.why) == (Mode.SUGGEST, "The clinic has somebody look at every no show.")


def test_a_kind_that_does_not_exist_is_no_kind_to_decide() -> None:
    with pytest.raises(KeyError):
        decide(POLICY, "weather", Harm())


def clinic_text(clinic: Registry, **deciding: Any) -> str:
    """Return a clinic's file with a policy."""
    provider = clinic.providers[-1]
    table = "\n".join(f"{name} = {value}" for name, value in deciding.items())
    return f"""
clinic = "Small"
hours = {{ start = "09:00", end = "17:00" }}
providers = [
  {{ id = "{provider.id}", name = "Rowan", skills = ["facial"], shift = {{ start = "09:00", end = "17:00" }} }},
]
rooms = [{{ id = "r", name = "Room", type = "treatment" }}]
[[services]]
id = "facial"
name = "Facial"
category = "facial"
stages = [{{ name = "facial", minutes = 30, skill = "facial", room = "treatment" }}]
[deciding]
{table}
"""


def test_the_policy_is_read_from_the_clinics_file(clinic: Registry) -> None:
    read = parse_registry(clinic_text(clinic, execute_shifted=0, add_on='{ at_least = "suggest" }'))
    assert (read.deciding.execute_shifted, read.deciding.suggest_notified) == (0, POLICY.suggest_notified)
    assert read.deciding.limits("add_on").at_least is Mode.SUGGEST
    assert clinic.deciding == POLICY


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"execute_shifted": -1}, "deciding.execute_shifted: Input should be greater than or equal to 0"),
        ({"weather": 3}, "deciding.weather: Extra inputs are not permitted"),
        ({"late": '{ at_least = "maybe" }'}, "deciding.late.at_least: Input should be 'execute', 'suggest'"),
    ],
)
def test_a_policy_that_is_wrong_is_refused_by_its_field(clinic: Registry, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidClinic, match="deciding") as caught:
        parse_registry(clinic_text(clinic, **wrong))
    assert said in caught.value.sentence
