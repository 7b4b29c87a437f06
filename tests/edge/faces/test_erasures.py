"""Deleting a client as the tablet does it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.api import erasure_schemas as shown
from edge.api.ports import Actor
from edge.audit.trail import AuditTrail
from edge.clients.erasure_desk import NothingToErase
from edge.faces.erasures import ErasureFace
from edge.faces.people import FilePeople
from edge.schedule.registry import demo_registry
from shared.erasure.rules import ErasureState, SamePerson
from shared.http.errors import Forbidden, NotFound
from shared.ids import ClientId
from shared.vocabulary import ErasureReason, LegalBasis, RefusalReason
from tests.support.erasing import desk_of, eraser_of
from tests.support.records import BoxRecord, open_box_record

STAFF = demo_registry().providers
ONE, OTHER = (str(item.id) for item in STAFF[:2])


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


@pytest.fixture
def face(box: BoxRecord) -> ErasureFace:
    return ErasureFace(desk_of(box), box.register, FilePeople(demo_registry()), AuditTrail(box.store, box.clock))


def wish(client: ClientId) -> shown.NewErasure:
    return shown.NewErasure(client_id=client, reason=ErasureReason.CLIENT_ASKED, legal_basis=LegalBasis.GDPR_ARTICLE_17)


@pytest.mark.req("P-8", "F-25")
def test_name_is_shown_until_the_client_is_erased_and_the_staffs_names_stay(box: BoxRecord, face: ErasureFace) -> None:
    asked = face.request(wish(box.new_client()), ONE)
    assert (asked.client_name, asked.requested_by) == ("Ada Canary", STAFF[0].name)
    with pytest.raises(SamePerson):
        face.approve(asked.id, ONE)
    face.approve(asked.id, OTHER)
    eraser_of(box).complete_pending()
    (done,) = face.erasures().items
    assert (done.client_name, done.state, done.decided_by) == (None, ErasureState.ERASED, STAFF[1].name)
    with pytest.raises(NotFound):
        face.receipt(done.id, Actor(ONE, "Jo"))


def test_only_the_staff_asks_and_decides(box: BoxRecord, face: ErasureFace) -> None:
    client = box.new_client()
    with pytest.raises(Forbidden):
        face.request(wish(client), "stranger")
    asked = face.request(wish(client), ONE)
    refused = face.refuse(asked.id, OTHER, RefusalReason.RECORD_MUST_BE_KEPT)
    assert refused.state is ErasureState.REFUSED
    with pytest.raises(NothingToErase):
        face.request(wish(ClientId("nobody")), ONE)
