from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from edge.api.app import create_edge_api
from edge.api.permits import Permit
from edge.faces.actors import SESSION_COOKIE, SignedInActors, StationActors
from edge.staff.opening import open_sign_in
from edge.staff.permissions import BEHIND_GLASS, PERMITTED, Action
from edge.staff.register import offer_from_command
from edge.staff.sign_in import SignIn
from shared.vocabulary import StaffRole
from tests.edge.staff.test_sign_in import OTHER, PIN, SETTINGS
from tests.support.edge_ports import fake_edge_ports
from tests.support.kiosk_ports import preview_photo
from tests.support.records import BoxRecord, open_box_record

# Probes of the box's own software; they tell nothing about clients and are answered on the loopback address.
PROBES = {"/healthz", "/readyz", "/metrics"}
CAPTURE = "/api/captures/capture-1"


@pytest.fixture
def record(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


@pytest.fixture
def sign_in(record: BoxRecord) -> SignIn:
    return open_sign_in(SETTINGS, record, record.ids, record.clock)[0]  # type: ignore[arg-type]  # its parts suffice


@pytest.fixture
def client(sign_in: SignIn) -> Iterator[TestClient]:
    ports = replace(fake_edge_ports(), actors=SignedInActors(sign_in), sign_in=sign_in)
    with TestClient(create_edge_api(ports), base_url="http://localhost") as client:
        yield client


def stated_action(route: Any) -> Action | None:
    """Return what a route says it does."""
    if isinstance(route, APIWebSocketRoute):
        found: Action | None = getattr(route.endpoint, "action", None)
        return found
    permits = [item.call for item in route.dependant.dependencies if isinstance(item.call, Permit)]
    return permits[0].action if len(permits) == 1 else None


def routes(holder: Any) -> Iterator[Any]:
    """Yield every route that FastAPI serves, whatever router it came by."""
    for route in holder.routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from routes(inner)
        elif getattr(route, "path", "") not in PROBES:
            yield route


def walk(app: Any) -> Iterator[tuple[str, str, Action | None]]:
    for route in routes(app):
        if isinstance(route, APIRoute):
            for method in sorted(route.methods):
                yield method, route.path, stated_action(route)
        elif isinstance(route, APIWebSocketRoute):
            yield "WS", route.path, stated_action(route)
        else:
            yield "?", str(getattr(route, "path", route)), None


@pytest.mark.req("I-13")
def test_every_route_states_what_it_does(client: TestClient) -> None:
    found = list(walk(client.app))
    assert len(found) > 30
    silent = [(method, path) for method, path, action in found if action is None]
    assert silent == [], "give each of these `dependencies=permits(ports, Action…)`"


@pytest.mark.req("I-13")
def test_nobody_signed_in_reaches_only_what_is_public(client: TestClient) -> None:
    for method, path, action in walk(client.app):
        if action is Action.PUBLIC or method == "WS":
            continue
        answer = client.request(method, path.replace("{", "x").replace("}", "x"))
        assert (path, answer.status_code, answer.json()["code"]) == (path, 401, "not_signed_in")


@pytest.mark.req("I-13")
@pytest.mark.parametrize("role", list(StaffRole))
def test_each_role_reaches_what_its_table_says_and_nothing_else(
    client: TestClient, sign_in: SignIn, record: BoxRecord, role: StaffRole
) -> None:
    enter(client, sign_in, record, role)
    for method, path, action in walk(client.app):
        if method == "WS" or action is None or path == "/api/sign-in/end":
            continue
        answer = client.request(method, path.replace("{", "x").replace("}", "x"))
        allowed = action in PERMITTED[role]
        assert (path, answer.status_code != 403) == (path, allowed)


def enter(client: TestClient, sign_in: SignIn, record: BoxRecord, role: StaffRole) -> None:
    code = offer_from_command(record.keys, role, 600, record.clock.wall())
    answer = client.post("/api/sign-in/set-up", json={"code": code, "name": "Jo", "pin": PIN})
    assert answer.status_code == 201
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_a_visit_from_set_up_to_signing_out(client: TestClient, sign_in: SignIn, record: BoxRecord) -> None:
    enter(client, sign_in, record, StaffRole.MANAGER)
    me = client.get("/api/sign-in").json()
    assert (me["name"], me["role"]) == ("Jo", "manager")
    assert "manage_staff" in me["actions"]
    code = client.post("/api/staff/codes", json={"role": "provider"}).json()["code"]
    assert client.post("/api/sign-in/end").status_code == 204
    assert client.get("/api/sign-in").status_code == 401
    joined = client.post("/api/sign-in/set-up", json={"code": code, "name": " Pia ", "pin": OTHER})
    assert joined.json()["role"] == "provider"
    people = client.get("/api/sign-in/people").json()
    assert [item["name"] for item in people] == ["Jo", "Pia"]
    assert client.get(f"{CAPTURE}/image", headers={"X-Purpose": "treatment"}).status_code == 200
    record.clock.advance(301)
    assert client.get(CAPTURE).json()["code"] == "session_locked"
    assert client.post("/api/sign-in/unlock", json={"pin": OTHER}).status_code == 200
    assert client.post("/api/sign-in/active").status_code == 204
    assert client.post("/api/sign-in/pin", json={"current": OTHER, "new": "161803"}).status_code == 204
    client.post("/api/sign-in/end")
    wrong = client.post("/api/sign-in", json={"staff_id": people[1]["id"], "pin": OTHER})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "sign_in_failed")
    assert client.post("/api/sign-in", json={"staff_id": people[1]["id"], "pin": "161803"}).status_code == 200


@pytest.mark.req("I-13")
@pytest.mark.parametrize("role", list(StaffRole))
def test_the_pages_are_told_what_each_role_may_do(
    client: TestClient, sign_in: SignIn, record: BoxRecord, role: StaffRole
) -> None:
    enter(client, sign_in, record, role)
    assert set(client.get("/api/sign-in/rights").json()["actions"]) == PERMITTED[role]
    record.clock.advance(301)
    assert client.get("/api/sign-in/rights").json()["code"] == "session_locked"


def test_break_glass_opens_photographs_to_the_front_desk(
    client: TestClient, sign_in: SignIn, record: BoxRecord
) -> None:
    enter(client, sign_in, record, StaffRole.FRONT_DESK)
    photo = {"url": f"{CAPTURE}/image", "headers": {"X-Purpose": "treatment"}}
    assert client.get(**photo).json()["code"] == "not_permitted"
    assert client.post("/api/sign-in/break-glass", json={"reason": "short"}).status_code == 422
    before = set(client.get("/api/sign-in/rights").json()["actions"])
    assert client.post("/api/sign-in/break-glass", json={"reason": "client collapsed"}).json()["seconds"] == 1800
    assert set(client.get("/api/sign-in/rights").json()["actions"]) == before | BEHIND_GLASS
    assert client.get(**photo).content.startswith(b"\xff\xd8")


@pytest.mark.req("I-13")
def test_the_kiosk_opens_for_somebody_signed_in_only(client: TestClient, sign_in: SignIn, record: BoxRecord) -> None:
    def connect() -> None:
        with client.websocket_connect("ws://localhost/api/kiosk", headers={"origin": "http://localhost"}):
            pass

    with pytest.raises(WebSocketDisconnect) as caught:
        connect()
    assert caught.value.code == 4401
    enter(client, sign_in, record, StaffRole.FRONT_DESK)
    token = client.cookies[SESSION_COOKIE]
    with client.websocket_connect(
        "ws://localhost/api/kiosk", headers={"origin": "http://localhost", "cookie": f"{SESSION_COOKIE}={token}"}
    ) as socket:
        assert socket.receive_text()


def test_without_sign_in_whoever_stands_at_the_station_may_do_everything() -> None:
    ports = replace(fake_edge_ports(), actors=StationActors("box-1"))
    with TestClient(create_edge_api(ports), base_url="http://localhost") as client:
        assert set(client.get("/api/sign-in/rights").json()["actions"]) == set(Action)


def test_without_sign_in_the_station_acts_and_todays_pages_go_on_working() -> None:
    with TestClient(create_edge_api(fake_edge_ports()), base_url="http://localhost") as client:
        assert client.get(CAPTURE).status_code == 200
        form = {"details": '{"client_id": "client-1"}'}
        assert client.post("/api/captures/import", data=form, files={"photo": preview_photo()}).status_code == 201


@pytest.mark.req("I-13")
@pytest.mark.parametrize("role", list(StaffRole))
def test_only_a_manager_takes_what_is_left_to_one_and_a_refusal_changes_nothing(
    client: TestClient, sign_in: SignIn, record: BoxRecord, role: StaffRole
) -> None:
    enter(client, sign_in, record, role)
    day = client.get("/api/schedule").json()
    sick = {"kind": "provider_out", "provider_id": "ana", "starts_at": day["now"], "ends_at": day["closes_at"]}
    made = client.post("/api/schedule/proposals", json={"day": day["day"], "disruption": sick})
    assert (made.status_code, made.json()["answers"][0]["mode"]) == (201, "escalate")
    answer = client.post(f"/api/schedule/proposals/{made.json()['id']}/accept", json={"choice": 0})
    after = client.get("/api/schedule").json()
    if role is StaffRole.MANAGER:
        assert (answer.status_code, after["proposals"], len(after["replans"])) == (200, [], 1)
    else:
        assert (answer.status_code, after["appointments"]) == (403, day["appointments"])
        assert [one["id"] for one in after["proposals"]] == [made.json()["id"]]
