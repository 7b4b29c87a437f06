from collections.abc import Callable

import pytest

from shared.sync.route import BACKFILL_ABOVE, Route
from tests.edge.sync.rig import Rig, metric
from tests.support.hubs import eventually
from tests.support.promises import Tally

LONG = BACKFILL_ABOVE + 3_000


def put_by(rig: Rig, count: int) -> None:
    """Write a backlog in transactions of a thousand."""
    for _ in range(count // 1000):
        rig.append(1000)


def streamed(rig: Rig) -> float:
    """Return how many batches of this box went over the broker."""
    return sum(1 for data in rig.transport.sent if len(data) > 20_000)


@pytest.mark.req("P-2", "I-03", "I-05", "I-08", "F-10")
def test_a_long_backlog_goes_over_grpc_in_order_and_live_events_over_the_broker_after_it(
    rig: Rig, tally: Tally
) -> None:
    put_by(rig, LONG)
    rig.link.start()
    eventually(lambda: rig.link.route.route is Route.BACKFILL, 20)
    rig.wait_acknowledged()
    eventually(lambda: rig.link.route.route is Route.LIVE, 20)
    assert streamed(rig) == 0
    before = rig.link.status.sent
    rig.append(3)
    rig.wait_acknowledged()
    assert rig.link.status.sent == before + 3
    assert rig.link.route.switches == 2
    assert rig.at_hub() == rig.log()
    tally.lost(len(rig.log()) - len(rig.at_hub()))


@pytest.mark.req("P-3", "F-10")
def test_the_present_state_stays_current_while_a_backlog_drains(rig: Rig) -> None:
    put_by(rig, LONG)
    before = metric(rig.hub, "medspa_hub_messages_total", kind="now")
    rig.link.start()
    eventually(lambda: metric(rig.hub, "medspa_hub_messages_total", kind="now") > before, 10)
    rig.wait_acknowledged()


@pytest.mark.req("I-03", "I-04", "I-08", "F-06")
def test_a_backlog_whose_call_is_cut_again_and_again_arrives_complete_and_once(rig: Rig, tally: Tally) -> None:
    put_by(rig, LONG)
    rig.link.start()
    for share in (1, 2, 3):
        eventually(lambda at=share: rig.link.status.acknowledged_seq >= at * LONG // 5, 40)
        rig.network.sever()
        tally.injected(1)
        tally.acknowledged(rig.link.status.acknowledged_seq)
        rig.network.restore()
    rig.wait_acknowledged()
    assert rig.at_hub() == rig.log()
    tally.lost(len(set(rig.log()) - set(rig.at_hub())))
    tally.doubled(len(rig.at_hub()) - len(set(rig.at_hub())))


@pytest.mark.req("I-08")
def test_a_hub_without_the_bulk_service_gets_a_backlog_over_the_broker(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig()
    put_by(rig, LONG)
    rig.network._relays[1].target_port = 1  # nobody listens there
    rig.link.start()
    eventually(lambda: rig.link.route.switches >= 2, 20)
    rig.wait_acknowledged()
    assert rig.at_hub() == rig.log()
    assert streamed(rig) > 0
