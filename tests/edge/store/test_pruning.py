from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.store.pruning import HeldImage, Moment, PruningPolicy, choose, may_go
from shared.ids import BlobName
from shared.vocabulary import ImageKind

TODAY = date(2026, 3, 2)
POLICY = PruningPolicy(min_age_days=30, keep_newest=3)
MOMENT = Moment(TODAY, 100)

images = st.builds(
    HeldImage,
    name=st.uuids().map(lambda value: BlobName(value.hex)),
    kind=st.sampled_from(ImageKind),
    size=st.integers(1, 1000),
    capture=st.just("c"),
    place=st.integers(1, 100),
    taken_on=st.integers(-5, 60).map(lambda days: TODAY - timedelta(days=days)),
    confirmed=st.booleans(),
    under_review=st.booleans(),
)


@pytest.mark.req("P-7", "I-06")
@given(st.lists(images), st.integers(0, 20_000))
def test_whatever_the_pressure_only_derived_images_and_kept_originals_go(held: list[HeldImage], need: int) -> None:
    chosen, found = choose(held, need, MOMENT, POLICY)
    assert found == sum(image.size for image in chosen)
    for image in chosen:
        assert image.taken_on < TODAY
        assert not image.under_review
        if image.kind is ImageKind.ORIGINAL:
            assert image.confirmed
            assert (TODAY - image.taken_on).days >= POLICY.min_age_days
            assert image.place <= MOMENT.newest_place - POLICY.keep_newest


@pytest.mark.req("P-7")
@given(st.lists(images), st.integers(0, 20_000))
def test_no_more_goes_than_is_needed_and_no_less_than_may(held: list[HeldImage], need: int) -> None:
    chosen, found = choose(held, need, MOMENT, POLICY)
    if chosen:
        assert found - chosen[-1].size < need
    if found < need:
        assert chosen == [image for image in held if may_go(image, MOMENT, POLICY)]


@pytest.mark.req("I-11", "F-09")
def test_a_clock_that_jumps_years_ahead_makes_the_newest_photographs_not_old() -> None:
    fresh = HeldImage(BlobName("a" * 64), ImageKind.ORIGINAL, 1, "c", 99, TODAY, confirmed=True, under_review=False)
    assert not may_go(fresh, Moment(TODAY + timedelta(days=3650), 100), POLICY)
