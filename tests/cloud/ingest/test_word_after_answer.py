"""A restored hub may hear a box's answer first and its own word, handed back, after it: the order leaves no trace."""

from typing import Any

import pytest

from cloud.fleet.twin import TwinDesk
from cloud.ingest.handback import apply_down
from cloud.side import rebuild_tenant
from cloud.storage.down import HUB_DEVICE
from cloud.storage.erasures import ErasureRepository
from shared.events.catalogue.erasure import ErasureAsked, ErasureRefused, ErasureRequested
from shared.events.catalogue.twin import ConfigurationDesired, ConfigurationReported, TwinState
from shared.events.envelope import GENESIS_HASH, Event
from shared.events.payload import PayloadModel
from shared.ids import TenantId, Uuid7Source
from shared.vocabulary import ErasureReason, LegalBasis, RefusalReason
from tests.cloud.conftest import HubParts
from tests.support.box import FakeBox

pytestmark = pytest.mark.req("P-4", "I-17", "F-13")
LUMEN = TenantId("lumen")


def word_of_hub(box: FakeBox, payload: PayloadModel, aggregate: str) -> Event:
    fields: dict[str, Any] = {
        "id": "019a0000-0000-7000-8000-000000000001", "tenant": box.tenant, "location": box.location,
        "device": HUB_DEVICE, "epoch": "0123456789abcdef", "seq": 1, "prev_hash": GENESIS_HASH, "aggregate": aggregate,
        "version": 1, "hlc": "0" * 16, "wall_time": "2026-03-01T09:00:00+00:00", "clock_quality": "synchronised",
        "type": payload.event_type, "schema_version": 1, "actor": "operator", "purpose": "operation",
        "sensitivity": "operational", "payload": payload.model_dump(mode="json"),
    }  # fmt: skip
    return Event.seal_in_chain(fields)


def answer(hub: HubParts, box: FakeBox, *payloads: PayloadModel) -> None:
    for payload in payloads:
        box.record(payload.event_type, payload.model_dump(mode="json"), "answer/1")
    assert hub.ack(box, box.batch(1, len(payloads))).applied.seq == len(payloads)


def hand_back(hub: HubParts, box: FakeBox, payload: PayloadModel) -> None:
    with hub.database.write(box.tenant) as connection:
        apply_down(connection, box.tenant, [word_of_hub(box, payload, "word/1")])


def test_report_of_a_wish_that_the_hub_has_forgotten_is_shown_once_the_wish_is_back(hub: HubParts) -> None:
    box, desk = hub.box(), TwinDesk(hub.database, hub.clock, Uuid7Source(hub.clock))
    answer(hub, box, ConfigurationReported(version=3, state=TwinState.APPLIED, reason="", digest="0" * 64))
    assert desk.all(LUMEN) == []
    wish = ConfigurationDesired(device=box.device, version=3, values={"hub.keepalive_seconds": 20}, deadline_seconds=60)
    hand_back(hub, box, wish)
    (twin,) = desk.all(LUMEN)
    assert (twin.wanted_version, twin.reported_version, twin.state) == (3, 3, "applied")


def test_next_wish_is_later_than_one_that_only_the_box_remembers(hub: HubParts) -> None:
    box, desk = hub.box(), TwinDesk(hub.database, hub.clock, Uuid7Source(hub.clock))
    answer(hub, box, ConfigurationReported(version=3, state=TwinState.APPLIED, reason="", digest="0" * 64))
    assert desk.want(LUMEN, box.device, {"hub.keepalive_seconds": 25}, 60) == 4


def test_refusal_heard_before_the_request_of_the_portal_stays_a_refusal(hub: HubParts) -> None:
    box, request, client = hub.box(), "request-1", "client-1"
    why = {"reason": ErasureReason.CLIENT_ASKED, "legal_basis": LegalBasis.GDPR_ARTICLE_17}
    asked = ErasureRequested(request=request, client=client, requested_by="manager", **why)
    refused = ErasureRefused(request=request, client=client, refused_by="owner", reason=next(iter(RefusalReason)))
    answer(hub, box, asked, refused)
    hand_back(hub, box, ErasureAsked(request=request, client=client, requested_by="manager", **why))
    with hub.database.read(box.tenant) as connection:
        (row,) = ErasureRepository(connection, box.tenant).requests()
    assert (row.state, row.origin, row.decided_by) == ("refused", "portal", "owner")
    assert rebuild_tenant(hub.database, box.tenant)
