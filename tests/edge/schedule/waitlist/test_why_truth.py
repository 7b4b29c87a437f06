"""What is told to be in the way is in the way, all of it, and nothing else."""

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from edge.schedule.waitlist.asking import Bar, Try
from edge.schedule.waitlist.clinic import offerable
from edge.schedule.waitlist.why import why_nothing, why_text
from tests.edge.schedule.waitlist.worlds import World, worlds

over_worlds = settings(deadline=None, suppress_health_check=list(HealthCheck))


def has_place(world: World) -> bool:
    view = world.view
    return any(
        any(offerable(view.clinic, view.waitlist, world.entry, view.gaps(date), world.now)) for date in view.plans
    )


@settings(over_worlds, max_examples=800)
@given(data=st.data())
def test_a_start_is_free_if_and_only_if_nothing_is_in_its_way(data: st.DataObject) -> None:
    world = data.draw(worlds(displaced=True))
    for date in world.plans:
        asking = world.asking(date)
        free = {(place.window, place.start) for place in asking.gaps.places(world.entry)}
        for one in asking.tries():
            told = asking.against(one).reasons
            of_the_day = [reason for reason in told if reason.obstacle is not None]
            assert ((one.hours, one.start) in free) == (not of_the_day)


@settings(over_worlds, max_examples=150)
@given(data=st.data())
def test_a_start_may_be_offered_if_and_only_if_nothing_is_told_of_it(data: st.DataObject) -> None:
    world = data.draw(worlds())
    for date in world.plans:
        asking = world.asking(date)
        places = offerable(world.clinic, world.waitlist, world.entry, asking.gaps, world.now)
        free = {(place.window, place.start) for place in places}
        for one in asking.tries():
            assert ((one.hours, one.start) in free) == (not asking.against(one).reasons)


@settings(over_worlds, max_examples=800)
@given(data=st.data())
def test_with_all_that_is_told_of_a_day_gone_there_is_a_place_and_each_of_it_is_necessary(data: st.DataObject) -> None:
    world = data.draw(worlds())
    told = why_nothing(world.view, world.entry)
    assert bool(told) == (not has_place(world))
    for why in told:
        if not why.days:
            assert why.reasons[0].kind in (Bar.NO_TIME_LEFT, Bar.SERVICE_GONE)
            continue
        date = why.days[0]
        event(f"{len(why.reasons)} reasons: {sorted({str(reason.kind) for reason in why.reasons})}")
        assert has_place(world.without(date, why.reasons))
        if why.start is None:
            continue
        for kept in why.reasons:
            without = world.without(date, [reason for reason in why.reasons if reason is not kept])
            for hours in without.entry.hours_on(date):
                assert without.asking(date).against(Try(why.start, hours)).reasons


@settings(over_worlds, max_examples=80)
@given(data=st.data())
def test_no_word_of_it_names_a_client_or_a_visit(data: st.DataObject) -> None:
    world = data.draw(worlds(displaced=True))
    said = why_text(why_nothing(world.view, world.entry))
    visits = [visit for plan in world.plans.values() for visit in (*plan.active, *plan.lent)]
    assert not any(name in said for visit in visits for name in (visit.client, visit.id))
    assert world.entry.client not in said
