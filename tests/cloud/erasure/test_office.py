"""Asking for a deletion in the portal: it goes to the client's clinic, and another person approves."""

import pytest

from cloud.erasure.office import ErasureOffice
from cloud.ingest.down_writer import DownWriter
from cloud.side import rebuild_tenant
from cloud.storage.down import DownLog
from shared.erasure.rules import AlreadyDecided, ErasureState, SamePerson
from shared.events.envelope import Event
from shared.http.errors import Conflict, NotFound
from shared.ids import LocationId, TenantId, Uuid7Source
from shared.vocabulary import ErasureReason, LegalBasis
from tests.cloud.conftest import HubParts
from tests.support.box import FakeBox
from tests.support.promises import Tally

TENANT, OTHER, LOCATION = TenantId("lumen"), TenantId("aurora"), LocationId("lumen-one")
WHY = (ErasureReason.CLIENT_ASKED, LegalBasis.GDPR_ARTICLE_17)


@pytest.fixture
def office(hub: HubParts) -> ErasureOffice:
    ids = Uuid7Source(hub.clock)
    return ErasureOffice(hub.database, DownWriter(hub.clock, ids), ids, lambda: None)


@pytest.fixture
def box(hub: HubParts) -> FakeBox:
    box = hub.box()
    box.record("client.registered", {"language": "en", "tone_monk": None}, "client/c1", client="c1")
    sync(hub, box)
    return box


def sync(hub: HubParts, box: FakeBox) -> None:
    hub.ack(box, box.hello())
    hub.ack(box, box.batch(1, len(box.log)))


def told(hub: HubParts) -> list[str]:
    with hub.database.read(TENANT) as connection:
        down = DownLog(connection, TENANT)
        ends = down.ends(LOCATION)
        return [Event.from_body(row.body).fields.type for end in ends for row in down.rows(LOCATION, end.epoch)]


@pytest.mark.req("P-8", "F-25")
def test_request_goes_to_the_clients_clinic_and_only_another_person_approves(
    hub: HubParts, office: ErasureOffice, box: FakeBox
) -> None:
    asked = office.request(TENANT, "c1", *WHY, "anna")
    assert office.request(TENANT, "c1", *WHY, "ben").request == asked.request
    with pytest.raises(SamePerson):
        office.approve(TENANT, asked.request, "anna")
    assert told(hub) == ["erasure.asked"]
    approved = office.approve(TENANT, asked.request, "ben")
    assert (approved.state, approved.decided_by) == (ErasureState.APPROVED, "ben")
    with pytest.raises(AlreadyDecided):
        office.approve(TENANT, asked.request, "carl")
    assert told(hub) == ["erasure.asked", "erasure.agreed"]


@pytest.mark.req("I-13")
def test_client_of_another_tenant_or_of_nobody_is_not_found(office: ErasureOffice, box: FakeBox) -> None:
    for tenant, client in ((OTHER, "c1"), (TENANT, "nobody")):
        with pytest.raises(NotFound):
            office.request(tenant, client, *WHY, "anna")
    with pytest.raises(NotFound):
        office.approve(TENANT, "no-such-request", "ben")
    with pytest.raises(NotFound):
        office.receipt(TENANT, "c1")


def test_what_the_clinic_asked_for_is_decided_there_and_its_refusal_counts(
    hub: HubParts, office: ErasureOffice, box: FakeBox
) -> None:
    payload = {
        "request": "r1", "client": "c1", "reason": "client_asked", "legal_basis": "gdpr_article_17",
        "requested_by": "dora",
    }  # fmt: skip
    box.record("erasure.requested", payload, "erasure/r1")
    sync(hub, box)
    with pytest.raises(Conflict):
        office.approve(TENANT, "r1", "ben")
    refused = {"request": "r1", "client": "c1", "refused_by": "emil", "reason": "legal_hold"}
    box.record("erasure.refused", refused, "erasure/r1", version=2)
    sync(hub, box)
    assert [(row.state, row.decided_by) for row in office.requests(TENANT)[0]] == [("refused", "emil")]


def test_requests_are_the_same_after_a_rebuild(
    hub: HubParts, office: ErasureOffice, box: FakeBox, tally: Tally
) -> None:
    asked = office.request(TENANT, "c1", *WHY, "anna")
    office.approve(TENANT, asked.request, "ben")
    reports = rebuild_tenant(hub.database, TENANT)
    changed = [item.name for item in reports if item.digest_before != item.digest_after]
    tally.lost(len(changed))
    assert changed == []
