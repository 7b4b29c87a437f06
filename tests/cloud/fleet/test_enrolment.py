import base64
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from cloud.fleet.api import RateLimit, TooManyTries, fleet_router
from cloud.fleet.keys import TenantKeys
from cloud.storage.tables import invitations
from shared.crypto.aead import CannotOpen
from shared.crypto.identity import DeviceIdentity
from shared.crypto.keyfile import SealedKeyFolder
from shared.crypto.pki import make_request, new_key
from shared.errors import MedSpaError, Rejected
from shared.http.errors import NotFound, install_error_handlers
from shared.ids import DeviceId, LocationId, TenantId
from tests.cloud.conftest import HubParts
from tests.cloud.web import call

LUMEN, ONE = TenantId("lumen"), LocationId("lumen-one")


def a_request() -> bytes:
    return make_request(new_key())


def refusal(hub: HubParts, code: str) -> str:
    with pytest.raises(MedSpaError) as refused:
        hub.enrolment.enrol(code, "Room", DeviceIdentity.generate().public, a_request())
    return refused.value.code


def test_the_transport_key_reaches_the_box_alone(hub: HubParts) -> None:
    identity, other = DeviceIdentity.generate(), DeviceIdentity.generate()
    done = hub.enrolment.enrol(hub.enrolment.invite(LUMEN, ONE, 60), "Room", identity.public, a_request())
    context = f"enrol/lumen/{done.device}".encode()
    assert identity.receive(done.delivery, context) == hub.keys.transport(LUMEN, done.device)
    with pytest.raises(CannotOpen):
        other.receive(done.delivery, context)
    assert (done.tenant, done.location) == (LUMEN, ONE)


def test_a_code_works_once(hub: HubParts) -> None:
    code = hub.enrolment.invite(LUMEN, ONE, 60)
    hub.enrolment.enrol(code, "Room", DeviceIdentity.generate().public, a_request())
    assert refusal(hub, code) == "code_used"
    assert len(hub.enrolment.devices(LUMEN)) == 1


def test_a_box_whose_answer_was_lost_asks_again_and_is_the_same_box(hub: HubParts) -> None:
    code, identity = hub.enrolment.invite(LUMEN, ONE, 60), DeviceIdentity.generate()
    first = hub.enrolment.enrol(code, "Room", identity.public, a_request())
    again = hub.enrolment.enrol(code, "Room", identity.public, a_request())
    assert again.device == first.device
    context = f"enrol/lumen/{first.device}".encode()
    assert identity.receive(again.delivery, context) == hub.keys.transport(LUMEN, first.device)
    assert len(hub.enrolment.devices(LUMEN)) == 1
    hub.enrolment.revoke(LUMEN, first.device, "stolen")
    with pytest.raises(MedSpaError):
        hub.enrolment.enrol(code, "Room", identity.public, a_request())


def test_a_code_expires(hub: HubParts) -> None:
    code = hub.enrolment.invite(LUMEN, ONE, 60)
    hub.clock.advance(61)
    assert refusal(hub, code) == "code_expired"
    assert hub.enrolment.devices(LUMEN) == []


@pytest.mark.parametrize("code", ["lumen.guessed", "nobody.guessed", "", "lumen"])
def test_a_guessed_code_is_refused(hub: HubParts, code: str) -> None:
    hub.enrolment.invite(LUMEN, ONE, 60)
    assert refusal(hub, code) == "code_unknown"


def test_a_code_is_stored_as_a_hash_only(hub: HubParts) -> None:
    code = hub.enrolment.invite(LUMEN, ONE, 60)
    with hub.database.read(LUMEN) as connection:
        stored = repr(connection.execute(select(invitations)).all())
    assert code not in stored
    assert code.partition(".")[2] not in stored


def test_invitations_name_what_is_wrong(hub: HubParts) -> None:
    with pytest.raises(NotFound):
        hub.enrolment.invite(LUMEN, LocationId("elsewhere"), 60)
    with pytest.raises(NotFound):
        hub.enrolment.invite(TenantId("nobody"), ONE, 60)
    for life in (0, 31 * 24 * 3600):
        with pytest.raises(Rejected):
            hub.enrolment.invite(LUMEN, ONE, life)


def test_a_revoked_device_stays_out(hub: HubParts) -> None:
    box = hub.box()
    hub.enrolment.revoke(LUMEN, box.device, "")
    assert hub.enrolment.devices(LUMEN)[0].reason == "revoked by a person"
    with pytest.raises(Rejected):
        hub.enrolment.readmit(LUMEN, box.device)
    with pytest.raises(NotFound):
        hub.enrolment.revoke(LUMEN, DeviceId("box-unknown"), "")


@pytest.mark.req("P-5", "F-17")
@pytest.mark.parametrize("revoked", [False, True])
def test_a_new_machine_takes_a_lost_devices_place_with_keys_the_old_one_never_had(hub: HubParts, revoked: bool) -> None:
    old, new = DeviceIdentity.generate(), DeviceIdentity.generate()
    lost = hub.enrolment.enrol(hub.enrolment.invite(LUMEN, ONE, 60), "Room", old.public, a_request())
    assert not lost.replaces
    if revoked:
        hub.enrolment.revoke(LUMEN, lost.device, "stolen")
    code = hub.enrolment.invite_replacement(LUMEN, lost.device, 60)
    (before,) = hub.enrolment.devices(LUMEN)
    assert before.signing_key == old.public.signing, "a code alone changes nothing"
    done = hub.enrolment.enrol(code, "New room", new.public, a_request())
    again = hub.enrolment.enrol(code, "New room", new.public, a_request())
    assert (done.device, done.location, done.replaces) == (again.device, again.location, again.replaces)
    assert (done.device, done.location, done.replaces) == (lost.device, ONE, True)
    assert new.receive(done.delivery, f"enrol/lumen/{lost.device}".encode())
    (record,) = hub.enrolment.devices(LUMEN)
    assert (record.state, record.signing_key, record.label) == ("active", new.public.signing, "New room")
    assert refusal(hub, code) == "code_used"
    request = a_request()
    with pytest.raises(MedSpaError):
        hub.enrolment.renew(lost.device, request, old.sign_renewal(lost.device, request))
    assert hub.enrolment.renew(lost.device, request, new.sign_renewal(lost.device, request))


def test_only_a_device_of_the_tenant_is_replaced_and_an_expired_code_replaces_none(hub: HubParts) -> None:
    box = hub.box()
    with pytest.raises(NotFound):
        hub.enrolment.invite_replacement(LUMEN, DeviceId("box-unknown"), 60)
    with pytest.raises(NotFound):
        hub.enrolment.invite_replacement(TenantId("aurora"), box.device, 60)
    code = hub.enrolment.invite_replacement(LUMEN, box.device, 60)
    hub.clock.advance(61)
    before = hub.enrolment.devices(LUMEN)
    assert refusal(hub, code) == "code_expired"
    assert hub.enrolment.devices(LUMEN) == before


def application(hub: HubParts) -> FastAPI:
    app = FastAPI()
    app.include_router(fleet_router(hub.enrolment, hub.authority, RateLimit(hub.clock, tries=3)))
    install_error_handlers(app, {TooManyTries: 429})
    return app


def body(code: str, signing: bytes, receiving: bytes) -> dict[str, str]:
    keys = {"signing_key": base64.b64encode(signing).decode(), "receiving_key": base64.b64encode(receiving).decode()}
    return {"code": code, "label": "Room", "request": a_request().decode(), **keys}


def test_the_address_answers_refusals_with_code_and_sentence(hub: HubParts) -> None:
    public = DeviceIdentity.generate().public
    app = application(hub)
    unknown = call(app, "POST", "/api/enrol", body("lumen.x", public.signing, public.receiving))
    assert (unknown.status_code, unknown.json()["code"]) == (403, "code_unknown")
    short = call(app, "POST", "/api/enrol", body("lumen.x", b"short", public.receiving))
    assert (short.status_code, short.json()["code"]) == (422, "bad_key")
    extra = call(app, "POST", "/api/enrol", {"code": "x", "secret": "planted"})
    assert extra.status_code == 422
    assert "planted" not in extra.text


def test_a_receiving_key_that_cannot_receive_does_not_use_up_the_code(hub: HubParts) -> None:
    code = hub.enrolment.invite(LUMEN, ONE, 60)
    public = DeviceIdentity.generate().public
    app = application(hub)
    assert call(app, "POST", "/api/enrol", body(code, public.signing, bytes(32))).status_code == 422
    assert call(app, "POST", "/api/enrol", body(code, public.signing, public.receiving)).status_code == 200


def test_tries_are_limited_for_each_address_and_the_limit_passes(hub: HubParts) -> None:
    app, public = application(hub), DeviceIdentity.generate().public
    wrong = body("lumen.x", public.signing, public.receiving)
    statuses = [call(app, "POST", "/api/enrol", wrong).status_code for _ in range(4)]
    assert statuses == [403, 403, 403, 429]
    assert call(app, "POST", "/api/enrol", wrong, host="127.0.0.2").status_code == 403
    hub.clock.advance(61)
    assert call(app, "POST", "/api/enrol", wrong).status_code == 403


def test_tenants_keys_survive_a_restart_and_differ(tmp_path: Path) -> None:
    served = frozenset({LUMEN, TenantId("aurora")})
    first = TenantKeys(SealedKeyFolder(tmp_path), served)
    again = TenantKeys(SealedKeyFolder(tmp_path), served)
    device = DeviceId("box-1")
    assert first.transport(LUMEN, device) == again.transport(LUMEN, device)
    assert len({first.transport(tenant, device) for tenant in served}) == 2
    assert not first.knows(TenantId("nobody"))
