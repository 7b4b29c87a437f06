"""Lengths given as quantiles: the distribution through them, the planned minutes, a device's slack."""

import datetime as dt
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.schedule.booking import synthesise_day
from edge.schedule.domain import GRID_MINUTES, Appointment, Plan, Span, StageAssignment, Stages
from edge.schedule.durations import Duration, LogNormal, through, together
from edge.schedule.encode import Encoding
from edge.schedule.engine.compiled import CompiledEngine
from edge.schedule.engine.problem import Effort
from edge.schedule.errors import InvalidClinic
from edge.schedule.ids import AppointmentId, ProviderId, RoomId, ServiceId, UnitId
from edge.schedule.objective import objective
from edge.schedule.planning import asked
from edge.schedule.registry import Registry, parse_registry
from edge.schedule.services import Stage
from edge.schedule.slack import LEAST_SLACK, MOST_SLACK, slack_of
from edge.schedule.weights import Weights
from shared.ids import ClientId
from tests.edge.schedule.test_registry import DEMO

FORM = "duration = { p50 = 24, p80 = 33, p95 = 45 }"
LENGTHS = st.builds(LogNormal, st.floats(5, 120), st.floats(0.01, 0.9))
SHARES = st.floats(0.05, 0.95)


@given(LENGTHS, SHARES, SHARES)
def test_a_larger_share_never_takes_less(length: LogNormal, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert length.quantile(low) <= length.quantile(high)
    assert length.planned(low) <= length.planned(high)


@given(LENGTHS, SHARES)
def test_planned_minutes_are_the_quantile_on_the_next_step_of_the_grid(length: LogNormal, share: float) -> None:
    planned, quantile = length.planned(share), length.quantile(share)
    assert planned % GRID_MINUTES == 0
    assert planned >= GRID_MINUTES
    assert quantile - 1e-6 <= planned < max(quantile, GRID_MINUTES - 1e-6) + GRID_MINUTES


@given(LENGTHS)
def test_the_quantiles_of_a_log_normal_give_it_back(length: LogNormal) -> None:
    fitted = Duration.of(length).distribution
    assert math.isclose(fitted.median, length.median, rel_tol=1e-9)
    assert math.isclose(fitted.sigma, length.sigma, rel_tol=1e-6)


@given(st.floats(1, 200), st.floats(1.01, 3), st.floats(1.01, 3))
def test_a_fit_ascends_through_any_ascending_quantiles_and_meets_two_exactly(
    p50: float, more: float, most: float
) -> None:
    three = through({0.5: p50, 0.8: p50 * more, 0.95: p50 * more * most})
    assert three.sigma > 0
    two = through({0.5: p50, 0.8: p50 * more})
    assert math.isclose(two.quantile(0.5), p50)
    assert math.isclose(two.quantile(0.8), p50 * more)


@given(st.lists(LENGTHS, min_size=1, max_size=4))
def test_stages_together_take_the_sum_of_their_medians_and_long_ends(parts: list[LogNormal]) -> None:
    whole = together(parts)
    for share in (0.5, 0.9):
        assert math.isclose(whole.quantile(share), sum(part.quantile(share) for part in parts))


@pytest.mark.parametrize(
    ("form", "field", "fix"),
    [
        ("minutes = 30, " + FORM, "services.0.stages.0.minutes", "`minutes` or `duration`, and not both"),
        ("licence = 'x'", "services.0.stages.0.minutes", "write how long it takes"),
        ("duration = { p50 = 30 }", "services.0.stages.0.duration", "give `p80` or `p95`, too"),
        ("duration = { p80 = 30, p95 = 40 }", "services.0.stages.0.duration.p50", "required"),
        ("duration = { p50 = 30, p80 = 30 }", "services.0.stages.0.duration", "must ascend"),
        ("duration = { p50 = 30, p80 = 40, p95 = 35 }", "services.0.stages.0.duration", "must ascend"),
        ("duration = { p50 = 0, p80 = 40 }", "services.0.stages.0.duration.p50", "greater than 0"),
        ("duration = { p50 = -5, p80 = 40 }", "services.0.stages.0.duration.p50", "greater than 0"),
        ("duration = { p50 = 1, p80 = 600, p95 = 601 }", "services.0.stages.0.duration", "no log-normal comes near"),
        ("duration = { p50 = 9, p99 = 60 }", "services.0.stages.0.duration.p99", "not permitted"),
        ("duration = 30", "services.0.stages.0.duration", "dictionary"),
    ],
)
def test_a_length_that_is_wrong_is_refused_with_field_and_fix(form: str, field: str, fix: str) -> None:
    assert FORM in DEMO
    with pytest.raises(InvalidClinic) as refusal:
        parse_registry(DEMO.replace(FORM, form, 1), "demo.toml")
    assert field in refusal.value.sentence
    assert fix in refusal.value.sentence


def test_the_clinic_plans_more_cautiously_with_a_higher_quantile() -> None:
    lengths = {}
    for share in ("0.5", "0.68", "0.8", "0.95"):
        shop = parse_registry(f"planning_quantile = {share}\n{DEMO}")
        lengths[share] = shop.service(ServiceId("consultation")).minutes
    assert lengths == {"0.5": 25, "0.68": 30, "0.8": 35, "0.95": 45}
    with pytest.raises(InvalidClinic, match="planning_quantile"):
        parse_registry(f"planning_quantile = 0.99\n{DEMO}")


def test_quantiles_that_plan_more_than_twelve_hours_are_refused() -> None:
    long = DEMO.replace(FORM, "duration = { p50 = 240, p80 = 500, p95 = 720 }", 1)
    assert parse_registry(long).service(ServiceId("consultation")).minutes < 720
    longer = DEMO.replace(FORM, "duration = { p50 = 240, p80 = 719, p95 = 720 }", 1)
    with pytest.raises(InvalidClinic, match="over 12 hours"):
        parse_registry(f"planning_quantile = 0.95\n{longer}")


def test_a_clinic_is_the_same_after_it_was_written_and_read_again(clinic: Registry) -> None:
    assert Registry.model_validate_json(clinic.model_dump_json()) == clinic
    written = clinic.service(ServiceId("laser-hair")).model_dump()["stages"]
    assert [("minutes" in stage, "duration" in stage) for stage in written] == [(True, False), (False, True)]


def with_stage(clinic: Registry, service: str, **changes: object) -> Registry:
    """Return the clinic with each stage of a service that has a device changed."""
    services = tuple(
        item.model_copy(update={"stages": tuple(changed(stage, changes) for stage in item.stages)})
        if item.id == service
        else item
        for item in clinic.services
    )
    return clinic.model_copy(update={"services": services})


def changed(stage: Stage, changes: dict[str, object]) -> Stage:
    return stage.model_copy(update=changes).planned_for(0.68) if stage.device else stage


def test_a_device_gets_the_slack_that_its_long_uses_need(clinic: Registry) -> None:
    light, hydra = UnitId("light-a"), UnitId("hydra-a")
    assert slack_of(clinic, 10)[light] == 5  # planned with 20 minutes, one in ten takes over 23
    assert slack_of(clinic, 10)[hydra] == 10  # no quantiles: what the weights say
    assert slack_of(clinic, 25)[hydra] == 25
    wide = with_stage(clinic, "photofacial", duration=Duration(p50=18, p80=30))
    assert slack_of(wide, 10)[light] == math.ceil((LogNormal(18, 0.607).quantile(0.9) - 25) / 5) * 5
    assert slack_of(with_stage(clinic, "photofacial", duration=Duration(p50=18, p80=60)), 10)[light] == MOST_SLACK
    assert slack_of(with_stage(clinic, "photofacial", duration=Duration(p50=18, p95=18.1)), 10)[light] == LEAST_SLACK


def test_the_longest_slack_of_a_devices_services_counts(clinic: Registry) -> None:
    laser = UnitId("laser-a")
    wide = with_stage(clinic, "laser-hair", duration=Duration(p50=25, p80=45))
    assert slack_of(wide, 10)[laser] > slack_of(clinic, 10)[laser]
    assert slack_of(wide, 10)[laser] == slack_of(wide, 10)[UnitId("laser-b")]


def test_a_use_within_the_slack_of_its_device_is_brittle_and_one_behind_it_is_not(clinic: Registry) -> None:
    hydra = clinic.service(ServiceId("hydra-facial"))
    visits = [
        Appointment(AppointmentId(name), ClientId(name), hydra.id, Span(540, 1140), stages=facial(start))
        for name, start in (("one", 600), ("two", 660))  # the device rests until 650 and is used again from 670 on
    ]
    plan = Plan(dt.date(2026, 11, 23), {visit.id: visit for visit in visits})

    def brittle(shop: Registry) -> int:
        return objective(asked(shop, plan, []), plan, Weights(brittle=1)).terms["brittle"]

    assert brittle(clinic) == 0
    assert brittle(with_stage(clinic, "hydra-facial", duration=Duration(p50=25, p80=38))) == 0
    assert brittle(with_stage(clinic, "hydra-facial", duration=Duration(p50=25, p80=60))) == 100


def facial(start: int) -> Stages:
    hazel, room = ProviderId("hazel"), RoomId("treatment-1")
    return (
        StageAssignment("cleansing", start, start + 10, hazel, room, None),
        StageAssignment("hydra", start + 10, start + 40, hazel, room, UnitId("hydra-a")),
    )


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 50),
    wide=st.lists(st.one_of(st.none(), st.floats(1.05, 2.5)), min_size=5, max_size=5),
    otherwise=st.sampled_from([0, 5, 10, 20]),
)
def test_engine_and_objective_count_every_slack_alike(
    clinic: Registry, seed: int, wide: list[float | None], otherwise: int
) -> None:
    shop = clinic
    names = ("laser-hair", "laser-resurfacing", "photofacial", "microneedling", "hydra-facial")
    for name, factor in zip(names, wide, strict=True):
        length = None if factor is None else Duration(p50=20, p80=20 * factor)
        shop = with_stage(shop, name, duration=length, minutes=25)
    weights = Weights(brittle=9, brittle_minutes=otherwise)
    date = dt.date(2026, 11, 23)
    situation = asked(shop, Plan(date), synthesise_day(shop, date, seed, 60))
    encoding = Encoding(situation, weights)
    engine = CompiledEngine(encoding.problem, seed, encoding.clinic.flat)
    engine.repair()
    engine.search(Effort(iterations=300, temperature=20_000))
    worth = objective(situation, encoding.plan(engine.best()), weights)
    assert (worth.cost, encoding.rank(worth)) == (engine.best().worth.cost, engine.best().worth.rank)
