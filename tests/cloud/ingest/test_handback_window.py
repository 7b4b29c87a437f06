"""So long a restored hub takes back what boxes remember of its log: counted in time it ran, whatever the clock says."""

from datetime import timedelta

import pytest

from cloud.ingest.handback import HandBackRefused, HandBacks, HandedBack
from cloud.ingest.running_time import RunningTime
from cloud.storage.hub_epoch import begin_life
from shared.events.catalogue import complete_catalogue
from tests.cloud.conftest import HubParts
from tests.support.box import FakeBox

pytestmark = pytest.mark.req("P-4", "I-11", "I-17", "F-09", "F-13")
DAY = timedelta(days=1).total_seconds()


def is_closed(hub: HubParts, box: FakeBox) -> bool:
    with pytest.raises(HandBackRefused) as refused:  # for it is no former epoch of this hub's
        HandBacks(hub.database, complete_catalogue()).take(box.tenant, box.device, HandedBack("f" * 16, 1, []))
    return refused.value.code == "hand_back_closed"


def test_a_hub_takes_words_back_for_35_days_of_running_after_its_restore(hub: HubParts) -> None:
    box = hub.box()
    assert is_closed(hub, box)
    with hub.database.directory() as connection:
        begin_life(connection, 0)  # by a clock without a battery
    running = RunningTime(hub.database, hub.clock)
    for days, closed in ((0, False), (34, False), (2, True)):
        hub.clock.advance(days * DAY)
        running.step()
        assert is_closed(hub, box) is closed


def test_the_time_that_a_hub_ran_is_kept_when_it_starts_again_and_begins_anew_with_a_restore(hub: HubParts) -> None:
    box = hub.box()
    with hub.database.directory() as connection:
        begin_life(connection, 0)
    for _ in range(2):
        running = RunningTime(hub.database, hub.clock)
        hub.clock.advance(20 * DAY)
        running.step()
    assert is_closed(hub, box)
    with hub.database.directory() as connection:
        begin_life(connection, 0)
    assert not is_closed(hub, box)
