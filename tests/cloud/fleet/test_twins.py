"""The hub's half of a box's twin: wishes go down as events, reports come up, and both can be built anew."""

import pytest

from cloud.fleet.twin import TwinDesk
from cloud.side import rebuild_tenant
from shared.errors import Rejected
from shared.events.catalogue.twin import ConfigurationReported, TwinState
from shared.http.errors import NotFound
from shared.ids import DeviceId, TenantId, Uuid7Source
from tests.cloud.conftest import HubParts

LUMEN = TenantId("lumen")


def desk_of(hub: HubParts) -> TwinDesk:
    return TwinDesk(hub.database, hub.clock, Uuid7Source(hub.clock))


def test_a_wish_goes_down_once_for_its_box_and_the_report_is_shown_beside_it(hub: HubParts) -> None:
    box, desk = hub.box(), desk_of(hub)
    assert desk.want(LUMEN, box.device, {"hub.keepalive_seconds": 20, "clinic.name": "Harbour"}, 60) == 1
    assert desk.want(LUMEN, box.device, {"hub.keepalive_seconds": 25}, 60) == 2
    report = ConfigurationReported(version=2, state=TwinState.ROLLED_BACK, reason="not healthy", digest="0" * 64)
    box.record(report.event_type, report.model_dump(mode="json"))
    hub.ack(box, box.batch(1, 1))
    (twin,) = desk.all(LUMEN)
    assert (twin.wanted_version, twin.wanted) == (2, {"hub.keepalive_seconds": 25})
    assert (twin.reported_version, twin.state, twin.reason) == (2, "rolled_back", "not healthy")
    reports = {item.name: item for item in rebuild_tenant(hub.database, LUMEN)}
    assert reports["lumen/twins"].digest_before == reports["lumen/twins"].digest_after
    assert desk.all(LUMEN) == [twin]


def test_wishes_without_an_acceptable_form_or_a_box_are_refused(hub: HubParts) -> None:
    box, desk = hub.box(), desk_of(hub)
    with pytest.raises(NotFound):
        desk.want(LUMEN, DeviceId("box-unknown"), {}, 60)
    with pytest.raises(NotFound):
        desk.want(TenantId("aurora"), box.device, {}, 60)
    for values in ({"Not a name": 1}, {"clinic.name": "x" * 300}):
        with pytest.raises(Rejected):
            desk.want(LUMEN, box.device, values, 60)
    with pytest.raises(Rejected):
        desk.want(LUMEN, box.device, {"clinic.name": "x"}, 1)
    hub.enrolment.revoke(LUMEN, box.device, "stolen")
    with pytest.raises(Rejected):
        desk.want(LUMEN, box.device, {"clinic.name": "x"}, 60)
    assert desk.all(LUMEN) == []
