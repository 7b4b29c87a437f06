from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from cloud.bookings.desk import Wish
from cloud.portal.ports import Viewer
from cloud.queries.ports import BookingQueries, FleetQueries
from cloud.storage.database import Database, migrate
from cloud.storage.tables import TENANT_TABLES, counters, devices, events
from shared.http.errors import NotFound
from shared.ids import LocationId, TenantId
from tests.cloud.conftest import HubParts
from tests.support.box import START

pytestmark = pytest.mark.req("I-13")

LUMEN, AURORA = TenantId("lumen"), TenantId("aurora")


def viewer(tenant: str) -> Viewer:
    return Viewer("v", "Viewer", tenant)


def wish(location: str) -> Wish:
    start = START + timedelta(days=1)
    return Wish(LocationId(location), "Consultation", "Planted Name", None, start, start + timedelta(hours=1), "v")


def test_two_tenants_never_see_each_other(hub: HubParts) -> None:
    boxes = {tenant: hub.box(tenant) for tenant in ("lumen", "aurora")}
    for box in boxes.values():
        box.analyse(box.capture(capture="same-id"), findings=1 if box.tenant == LUMEN else 2)
        box.record("thing.unheard_of", {})
        hub.ack(box, box.batch(1, 3))
        hub.desk.request(box.tenant, wish(box.location))
    for tenant, box in boxes.items():
        queries, bookings = FleetQueries(hub.database, hub.clock, {}), BookingQueries(hub.database, hub.desk)
        fleet = queries.fleet(viewer(tenant))
        assert [[device.id for device in place.devices] for place in fleet.locations] == [[box.device]]
        assert [row.findings for row in queries.activity(viewer(tenant), 3).rows] == [1 if tenant == "lumen" else 2]
        assert [item.device_id for item in queries.parked(viewer(tenant)).items] == [box.device]
        assert [item.location_id for item in bookings.requests(viewer(tenant)).items] == [f"{tenant}-one"]
        assert queries.summary(viewer(tenant)).devices == 1


def test_nothing_can_be_asked_of_another_tenants_clinic(hub: HubParts) -> None:
    with pytest.raises(NotFound):
        hub.desk.request(LUMEN, wish("aurora-one"))


def test_an_answer_cannot_close_another_tenants_request(hub: HubParts) -> None:
    request = hub.desk.request(LUMEN, wish("lumen-one"))
    box = hub.box("aurora")
    box.record("booking.answered", {"request": request.id, "accepted": True}, "booking/x")
    hub.ack(box, box.batch(1, 1))
    shown = BookingQueries(hub.database, hub.desk).requests(viewer("lumen")).items[0]
    assert shown.state == "tentative"


@pytest.fixture
def secured(postgres_hub: HubParts) -> HubParts:
    box = postgres_hub.box()
    box.capture()
    postgres_hub.ack(box, box.batch(1, 1))
    return postgres_hub


@pytest.mark.parametrize("table", TENANT_TABLES, ids=lambda table: table.name)
def test_the_database_itself_hides_rows_of_other_tenants(secured: HubParts, table: type) -> None:
    with secured.database.read(AURORA) as connection:
        seen = connection.execute(select(table)).all()  # type: ignore[call-overload]
        assert {row.tenant for row in seen} <= {"aurora"}
    with secured.database.directory() as connection:
        assert connection.execute(select(table)).all() == []  # type: ignore[call-overload]


def test_the_database_itself_refuses_rows_for_another_tenant(secured: HubParts) -> None:
    row = insert(counters).values(tenant="lumen", device="d", name="x", value=1)
    with pytest.raises(DBAPIError), secured.database.write(AURORA) as connection:
        connection.execute(row)


def test_the_hubs_role_owns_no_table_and_cannot_switch_the_protection_off(secured: HubParts) -> None:
    with secured.database.directory() as connection:
        owned = text("SELECT count(*) FROM pg_tables WHERE tableowner = current_user")
        assert connection.execute(owned).scalar_one() == 0
    with pytest.raises(DBAPIError), secured.database.directory() as connection:
        connection.execute(text("ALTER TABLE events DISABLE ROW LEVEL SECURITY"))


def test_a_migrated_database_is_migrated_again_without_change(
    open_database: Callable[[], Database], hub: HubParts
) -> None:
    hub.box()
    url = f"sqlite:///{hub.database._engine.url.database}"
    if hub.database.is_sqlite:
        migrate(url, url)
    with open_database().read(LUMEN) as connection:
        assert len(connection.execute(select(devices)).all()) == 1
        assert connection.execute(select(events)).all() == []
