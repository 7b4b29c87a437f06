"""Where people sign in, whoever is signed in acts: what a request says of it counts for nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.faces.actors import StationActors
from shared.events.catalogue.audit import AccessRefused
from shared.events.catalogue.erasure import ErasureApproved, ErasureRequested
from shared.events.catalogue.review import ReviewCorrected, ReviewSigned
from shared.http.errors import Refused
from shared.vocabulary import Route, StaffRole
from tests.edge.staff.test_routes import routes
from tests.support.reviews import analysis, finding, store_capture
from tests.support.staffed import StaffedClinic, staffed_clinic

WISH = {"reason": "client_asked", "legal_basis": "gdpr_article_17"}
# Entries of a request that say in whose name it is made. A new one belongs here and in a test below.
IN_WHOSE_NAME = {"person_id", "signer_id"}
SUSPECTS = ("person", "signer", "actor", "reviewer", "approver", "approved", "requested", "signed", "author", "by")


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[StaffedClinic]:
    with staffed_clinic(tmp_path) as clinic:
        yield clinic


def last(clinic: StaffedClinic, kind: str) -> tuple[str, dict[str, object]]:
    event = next(item for item in reversed(clinic.log()) if item.fields.type == kind)
    return event.fields.actor, dict(event.fields.payload)


def test_a_review_is_signed_by_who_is_signed_in(clinic: StaffedClinic) -> None:
    capture = store_capture(clinic.record, clinic.record.new_client(), analysis(finding(route=Route.REVIEW_REQUIRED)))
    manager = clinic.enter(StaffRole.MANAGER, "Mara Canary")
    provider = clinic.enter()
    address = f"/api/captures/{capture}/review"
    confirm = {"action": "confirm", "reason": "agreed", "finding": 1}
    assert clinic.browser.post(f"{address}/corrections", json={"revision": 0, "corrections": [confirm]}).is_success
    assert last(clinic, ReviewCorrected.event_type)[0] == provider
    for other in (manager, "cedar"):
        refused = clinic.browser.post(f"{address}/sign", json={"revision": 1, "signer_id": other})
        assert (refused.status_code, refused.json()["code"]) == (403, "another_person")
    actor, entry = last(clinic, AccessRefused.event_type)
    assert (actor, entry["action"]) == (provider, "act_as_another")
    signed = clinic.browser.post(f"{address}/sign", json={"revision": 1}).json()
    assert (signed["signed"]["signer_id"], signed["signed"]["signer_name"]) == (provider, "Jo Canary")
    assert [item["id"] for item in signed["signers"]] == [provider]
    actor, entry = last(clinic, ReviewSigned.event_type)
    assert (actor, entry["signer"]) == (provider, provider)


def test_a_deletion_is_asked_for_and_decided_by_who_is_signed_in(clinic: StaffedClinic) -> None:
    client = clinic.record.new_client()
    asker = clinic.enter(StaffRole.FRONT_DESK, "Flo Canary")
    asked = clinic.browser.post("/api/erasures", json={**WISH, "client_id": client}).json()
    assert (asked["requested_by"], last(clinic, ErasureRequested.event_type)[0]) == ("Flo Canary", asker)
    manager = clinic.enter(StaffRole.MANAGER, "Mara Canary")
    approve = f"/api/erasures/{asked['id']}/approve"
    refused = clinic.browser.post(approve, json={"person_id": asker})
    assert (refused.status_code, refused.json()["code"]) == (403, "another_person")
    assert clinic.browser.post(approve, json={"person_id": manager}).json()["decided_by"] == "Mara Canary"
    actor, entry = last(clinic, ErasureApproved.event_type)
    assert (actor, entry["approved_by"]) == (manager, manager)


def test_nobody_decides_on_what_they_asked_for_under_another_name(clinic: StaffedClinic) -> None:
    client = clinic.record.new_client()
    clinic.enter(StaffRole.PROVIDER, "Ida Canary")
    other = clinic.enter(StaffRole.MANAGER, "Mara Canary")
    clinic.browser.post("/api/sign-in/end")
    asker = clinic.enter()
    asked = clinic.browser.post("/api/erasures", json={**WISH, "client_id": client, "person_id": asker}).json()
    for words, code in (({"person_id": other}, "another_person"), ({}, "same_person")):
        answer = clinic.browser.post(f"/api/erasures/{asked['id']}/approve", json=words)
        assert (answer.is_success, answer.json()["code"]) == (False, code)
    answer = clinic.browser.post(
        f"/api/erasures/{asked['id']}/refuse", json={"person_id": other, "reason": "record_must_be_kept"}
    )
    assert answer.json()["code"] == "another_person"


def test_who_has_left_keeps_their_name_on_what_they_signed(clinic: StaffedClinic) -> None:
    capture = store_capture(clinic.record, clinic.record.new_client(), analysis(finding()))
    provider = clinic.enter()
    assert clinic.browser.post(f"/api/captures/{capture}/review/sign", json={"revision": 0}).is_success
    clinic.enter(StaffRole.MANAGER, "Mara Canary")
    assert clinic.browser.post(f"/api/staff/{provider}/deactivate").is_success
    shown = clinic.browser.get(f"/api/captures/{capture}/review").json()
    assert (shown["signed"]["signer_name"], shown["signers"]) == ("Jo Canary", [])


def test_no_request_says_in_whose_name_it_is_made_but_by_the_entries_checked_above(clinic: StaffedClinic) -> None:
    found = {
        name
        for route in routes(clinic.browser.app)
        for body in getattr(getattr(route, "dependant", None), "body_params", ())
        for name in getattr(body.field_info.annotation, "model_fields", {})
        if any(part in SUSPECTS for part in name.split("_"))
    }
    assert found == IN_WHOSE_NAME


def test_without_sign_in_the_request_names_the_person_and_must() -> None:
    station = StationActors("box-1")
    assert station.acting({}, "cedar") == "cedar"
    with pytest.raises(Refused):
        station.acting({}, None)
