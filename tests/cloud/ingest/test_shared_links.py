import pytest

from cloud.audit.trail import HubTrail
from cloud.ingest.downlink import DownLinks
from cloud.storage.down_links import BoxAddress, DownLinkRows
from shared.events.catalogue.audit import KeyUse
from shared.ids import Uuid7Source
from shared.wire import medspa_pb2 as wire
from tests.cloud.conftest import HubParts


def greeted(hub: HubParts) -> tuple[BoxAddress, wire.Hello]:
    box = hub.box()
    address = BoxAddress(box.tenant, box.device)
    return address, hub.links.greet(address, "box-session")[0].hello


@pytest.mark.req("P-2", "F-12")
def test_another_process_goes_on_with_the_link_that_one_began(hub: HubParts) -> None:
    address, hello = greeted(hub)
    other = DownLinks(hub.database, hub.clock)
    assert other.knows(address)
    assert other.greet(address, "box-session")[0].hello.session == hello.session
    other.acknowledge(address, wire.Ack(session=hello.session, applied=wire.Position(epoch=hello.head.epoch)))
    assert hub.links.due(address) == []
    assert hub.links.greet(address, "next-session")[0].hello.session != hello.session


@pytest.mark.req("I-04")
def test_of_two_that_change_a_link_at_once_one_comes_too_late(hub: HubParts) -> None:
    address, _ = greeted(hub)
    rows = DownLinkRows(hub.database, "a" * 16)
    rows.begin(address, "{}")
    seen = rows.get(address)
    assert seen is not None
    assert rows.change(address, '{"by": "one"}', seen.version)
    assert not rows.change(address, '{"by": "other"}', seen.version)
    assert rows.get(address).text == '{"by": "one"}'  # type: ignore[union-attr]


@pytest.mark.req("I-17", "F-13")
def test_links_of_a_former_life_of_the_hub_are_forgotten(hub: HubParts) -> None:
    address, _ = greeted(hub)
    assert DownLinkRows(hub.database, "b" * 16).get(address) is None


@pytest.mark.req("I-08", "I-11", "F-09")
def test_a_clock_that_was_set_back_by_years_keeps_no_box_waiting_for_a_greeting(hub: HubParts) -> None:
    address, _ = greeted(hub)
    assert hub.links.due(address) == []
    hub.clock.jump_wall(-10 * 365 * 86_400)
    assert [message.WhichOneof("kind") for message in hub.links.due(address)] == ["hello"]
    assert hub.links.due(address) == []
    hub.clock.advance(60)
    assert len(hub.links.due(address)) == 1


@pytest.mark.req("I-08", "I-11", "F-09")
def test_what_was_on_its_way_when_the_clock_was_set_back_is_sent_again(hub: HubParts) -> None:
    address, hello = greeted(hub)
    hub.links.acknowledge(address, wire.Ack(session=hello.session, applied=wire.Position(epoch=hello.head.epoch)))
    HubTrail(hub.database, hub.clock, Uuid7Source(hub.clock)).command_used_key(
        address.tenant, "transport", KeyUse.ROTATED, "key_rotation"
    )
    assert len(hub.links.due(address)) == 1
    assert hub.links.due(address) == []
    hub.clock.jump_wall(-10 * 365 * 86_400)
    assert len(hub.links.due(address)) == 1
