import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, update

from cloud.bookings.desk import Wish
from cloud.config import HubSettings
from cloud.main import Hub
from cloud.side import rebuild_tenant, side, verify_tenant
from cloud.storage.tables import captures, down_log, events, positions
from shared.events.chain import DamageKind
from shared.ids import LocationId, TenantId
from tests.cloud.conftest import TENANTS, HubParts
from tests.support.box import START, FakeBox


def filled(hub: HubParts) -> FakeBox:
    box = hub.box()
    for number in range(5):
        box.analyse(box.capture(), findings=number)
    hub.ack(box, box.batch(1, 10))
    return box


def ask(hub: HubParts, tenant: str = "lumen") -> str:
    wanted = START + timedelta(days=1)
    wish = Wish(
        LocationId(f"{tenant}-one"), "Consultation", "Planted Name", "0123", wanted, wanted + timedelta(hours=1), "v"
    )
    return hub.desk.request(TenantId(tenant), wish).id


def change(hub: HubParts, box: FakeBox) -> None:
    with hub.database.write(box.tenant) as connection:
        row = events.c.tenant == box.tenant
        body = json.loads(box.log[3].body) | {"actor": "somebody-else"}
        connection.execute(update(events).where(row, events.c.seq == 4).values(body=json.dumps(body).encode()))


def swap(hub: HubParts, box: FakeBox) -> None:
    with hub.database.write(box.tenant) as connection:
        row = events.c.tenant == box.tenant
        for seq, other in ((4, box.log[5]), (6, box.log[3])):
            values = {"body": other.body, "hash": other.hash}
            connection.execute(update(events).where(row, events.c.seq == seq).values(**values))


def remove(hub: HubParts, box: FakeBox) -> None:
    with hub.database.write(box.tenant) as connection:
        connection.execute(delete(events).where(events.c.tenant == box.tenant, events.c.seq == 4))


def cut_off(hub: HubParts, box: FakeBox) -> None:
    with hub.database.write(box.tenant) as connection:
        connection.execute(delete(events).where(events.c.tenant == box.tenant, events.c.seq >= 4))


def test_an_untouched_log_is_intact(hub: HubParts) -> None:
    box = filled(hub)
    ask(hub)
    reports = verify_tenant(hub.database, box.tenant)
    assert [(item.name, item.report.length, item.report.intact) for item in reports] == [
        (f"box {box.device}", 10, True),
        ("hub log for lumen-one", 1, True),
    ]


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (change, DamageKind.CHANGED),
        (swap, DamageKind.SWAPPED),
        (remove, DamageKind.REMOVED),
        (cut_off, DamageKind.CUT_OFF),
    ],
)
def test_verify_names_the_first_event_that_was_damaged(
    hub: HubParts, damage: Callable[[HubParts, FakeBox], None], kind: DamageKind
) -> None:
    box = filled(hub)
    damage(hub, box)
    found = verify_tenant(hub.database, box.tenant)[0].report.damage
    assert found is not None
    assert (found.kind, found.seq) == (kind, 4)


def test_verify_names_damage_in_a_log_that_goes_down(hub: HubParts) -> None:
    for _ in range(3):
        ask(hub)
    with hub.database.write(TenantId("lumen")) as connection:
        connection.execute(delete(down_log).where(down_log.c.tenant == "lumen", down_log.c.seq == 3))
    found = verify_tenant(hub.database, TenantId("lumen"))[0].report.damage
    assert found is not None
    assert (found.kind, found.seq) == (DamageKind.CUT_OFF, 3)


def test_rebuild_gives_the_same_rows(hub: HubParts) -> None:
    box = filled(hub)
    request = ask(hub)
    box.record("booking.answered", {"request": request, "accepted": False, "reason": "full"}, "booking/x")
    hub.ack(box, box.batch(11, 11))
    reports = rebuild_tenant(hub.database, box.tenant)
    assert {item.name: (item.rows, item.digest_before == item.digest_after) for item in reports} == {
        "lumen/captures": (5, True),
        "lumen/capture_images": (5, True),
        "lumen/booking_requests": (1, True),
        "lumen/parked": (0, True),
        "lumen/twins": (0, True),
        "lumen/known_clients": (0, True),
        "lumen/capture_clients": (0, True),
        "lumen/consent_decisions": (0, True),
        "lumen/erasure_requests": (0, True),
        "lumen/slot_leases": (0, True),
    }


def test_rebuild_mends_rows_that_were_tampered_with(hub: HubParts) -> None:
    box = filled(hub)
    with hub.database.write(box.tenant) as connection:
        before = connection.execute(select(captures).order_by(captures.c.id)).all()
        connection.execute(update(captures).where(captures.c.tenant == box.tenant).values(findings=99))
        values = {"tenant": "lumen", "id": "capture/x", "location": "lumen-one", "device": "d", "day": "2026-01-01"}
        connection.execute(insert(captures).values(**values, findings=0, image_state="present"))
    differing = [
        item.name for item in rebuild_tenant(hub.database, box.tenant) if item.digest_before != item.digest_after
    ]
    assert differing == ["lumen/captures"]
    with hub.database.read(box.tenant) as connection:
        assert connection.execute(select(captures).order_by(captures.c.id)).all() == before


def test_the_side_answers_from_a_configuration(tmp_path: Path) -> None:
    tenants = [tenant.model_dump() for tenant in TENANTS]
    settings = HubSettings.model_validate({"data_folder": tmp_path, "tenants": tenants})
    hub = Hub(settings)
    hub.database.close()
    assert side.settings.table == "hub"
    assert side.verify(settings) == []
    assert {item.rows for item in side.rebuild(settings)} == {0}
    keys = side.keys(settings)
    tenants = ["hub/aurora", "hub/aurora/transport", "hub/lumen", "hub/lumen/transport"]
    assert [key.name for key in keys] == [*tenants, "hub/erasure-receipts", "hub/log"]
    assert all(len(key.fingerprint) == 16 for key in keys)


def test_verify_names_a_log_whose_recorded_end_was_removed(hub: HubParts) -> None:
    box = filled(hub)
    with hub.database.write(box.tenant) as connection:
        connection.execute(delete(positions).where(positions.c.device == box.device))
    damages = [log.report.damage for log in verify_tenant(hub.database, box.tenant)]
    assert [damage.kind for damage in damages if damage is not None] == ["cut_off"]
