"""F-13: the hub is lost and comes back from a backup of some age; its boxes fill it again."""

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import select

from cloud.backup.backup import HubFiles, back_up
from cloud.backup.restore import Restore, RestoreReport
from cloud.bookings.desk import Wish
from cloud.side import rebuild_tenant, verify_logs
from cloud.storage.devices import DeviceRepository
from cloud.storage.down import DownLog
from cloud.storage.hub_epoch import hub_life
from cloud.storage.tables import booking_requests, captures, parked
from shared.crypto.keyfile import SealedKeyFolder
from shared.crypto.pki import make_request, new_key
from shared.ids import LocationId
from shared.wire.envelope import open_message
from shared.wire.topics import UP, topic
from tests.support.clocks import ManualClock
from tests.support.promises import Tally
from tests.support.servers import Postgres, free_port, postgres, run_sql
from tests.support.stepped import TENANT, SteppedBox, SteppedHub, sqlite_files, stepped_hub

LOCATIONS = ("one", "two", "three")
PER_HOUR = 20 if os.environ.get("LONG") else 2
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AGES = {"1 h": HOUR, "26 h": 26 * HOUR, "20 d": 20 * DAY}


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with TemporaryDirectory() as folder, postgres(Path(folder)) as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> HubFiles:
    if request.param == "sqlite":
        return sqlite_files(tmp_path / "hub")
    running: Postgres = request.getfixturevalue("server")
    name = f"hub_{secrets.token_hex(4)}"
    run_sql(running, "postgres", f"CREATE DATABASE {name} OWNER owner")
    keys = SealedKeyFolder(tmp_path / "hub" / "keys")
    return HubFiles(running.url("app", name), running.url("owner", name), tmp_path / "hub" / "blobs", keys)


def ask(hub: SteppedHub, clock: ManualClock, location: str) -> str:
    start = clock.wall().replace(hour=10) + DAY
    wish = Wish(LocationId(location), "Consultation", "Planted", None, start, start + HOUR, "v")
    return hub.desk.request(TENANT, wish).id


def restore(files: HubFiles, backups: Path, clock: ManualClock, *, replace: bool = True) -> RestoreReport:
    return Restore(files, files.images.parent, clock, verify_logs).run(backups, replace=replace)


def state(hub: SteppedHub) -> dict[str, object]:
    """What the hub's users see: requests and captures; and that its logs verify."""
    with hub.database.read(TENANT) as connection:
        requests = select(booking_requests.c.id, booking_requests.c.state).order_by(booking_requests.c.id)
        seen = select(captures.c.id, captures.c.image_state, captures.c.findings).order_by(captures.c.id)
        return {
            "requests": [tuple(row) for row in connection.execute(requests)],
            "captures": [tuple(row) for row in connection.execute(seen)],
            "parked": len(connection.execute(select(parked)).all()),
            "intact": all(report.report.intact for report in verify_logs(connection, TENANT)),
        }


def live(boxes: list[SteppedBox], hub: SteppedHub, clock: ManualClock, hours: int) -> None:
    """Let the clinics work for some hours, and the hub hear of all of it."""
    for box in boxes:
        box.work(hours * PER_HOUR)
        for _ in range(min(hours, 5)):
            box.photograph(secrets.token_bytes(2000))
            ask(hub, clock, box.location)
    clock.advance(hours * 3600)
    for box in boxes:
        meet(box, hub, clock)
        assert box.waiting_images() == 0


def meet(box: SteppedBox, hub: SteppedHub, clock: ManualClock) -> None:
    """Connect, exchange everything, images too."""
    box.connect()
    box.talk(hub, clock)
    box.upload()
    box.talk(hub, clock)


@pytest.mark.req("P-4", "I-03", "I-04", "I-05", "I-06", "I-07", "I-17", "F-13")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("age", AGES.values(), ids=AGES.keys())
def test_hub_restored_from_old_backup_gets_missing_events_images_and_its_own_words_again(
    files: HubFiles, tmp_path: Path, age: timedelta, tally: Tally
) -> None:
    clock, port, backups = ManualClock(), free_port(), tmp_path / "backups"
    with stepped_hub(files, clock, LOCATIONS, port) as hub:
        boxes = [SteppedBox(hub, tmp_path / name, name, clock) for name in LOCATIONS]
        live(boxes, hub, clock, 2)
        assert_sealed(back_up(files, backups, clock).folder)
        live(boxes, hub, clock, int(age / HOUR))
        before, life = state(hub), hub_life(hub.database)
    acknowledged = [box.log() for box in boxes]
    tally.acknowledged(sum(map(len, acknowledged)))

    shutil.rmtree(files.images)  # the machine is gone; only keys and backups are left
    report = restore(files, backups, clock)
    tally.injected(1)
    assert report.life.epoch != life.epoch
    began = time.monotonic()
    with stepped_hub(files, clock, LOCATIONS, port) as hub:
        while_away = ask(hub, clock, "one")
        for box in boxes:
            meet(box, hub, clock)
        seconds = time.monotonic() - began
        held, after = [box.at_hub(hub) for box in boxes], state(hub)
        tally.lost(sum(len(set(was) - set(now)) for was, now in zip(acknowledged, held, strict=True)))
        tally.doubled(sum(len(now) - len(set(now)) for now in held))
        tally.converged(seconds)
        assert [box.log() for box in boxes] == held
        assert after == {**before, "requests": sorted([*before["requests"], (while_away, "accepted")])}  # type: ignore[misc]
        assert (after["intact"], after["parked"]) == (True, 0)
        assert all(has_every_image(files, box) for box in boxes)
        assert all(item.digest_before == item.digest_after for item in rebuild_tenant(hub.database, TENANT))
    print(f"restored in {report.seconds:.2f} s, refilled {sum(map(len, held))} events in {seconds:.2f} s")


def assert_sealed(backup: Path) -> None:
    for path in (path for path in backup.rglob("*") if path.is_file()):
        data = path.read_bytes()
        assert not any(word in data for word in (TENANT.encode(), b"location", b"CREATE TABLE", b"sha256")), path.name


def has_every_image(files: HubFiles, box: SteppedBox) -> bool:
    names = box.record.store.rows("SELECT name FROM images")
    return box.waiting_images() == 0 and all((files.images / TENANT / name).is_file() for (name,) in names)


@pytest.mark.req("P-4", "I-17", "I-06", "F-13")
def test_a_confirmation_of_a_former_life_is_doubted_until_the_present_one_repeats_it(
    files: HubFiles, tmp_path: Path
) -> None:
    clock, port, backups = ManualClock(), free_port(), tmp_path / "backups"
    with stepped_hub(files, clock, LOCATIONS, port) as hub:
        box = SteppedBox(hub, tmp_path / "one", "one", clock)
        live([box], hub, clock, 3)
        back_up(files, backups, clock)
    restore(files, backups, clock)
    with stepped_hub(files, clock, LOCATIONS, port) as hub:
        box.connect()
        box.talk(hub, clock)
        assert box.waiting_images() == 3
        box.upload()
        assert box.waiting_images() == 0


@pytest.mark.req("P-4", "I-17", "F-13")
def test_hub_restored_twice_from_one_backup_takes_back_the_words_of_the_life_between(
    files: HubFiles, tmp_path: Path
) -> None:
    clock, port, backups = ManualClock(), free_port(), tmp_path / "backups"
    asked: list[str] = []
    with stepped_hub(files, clock, LOCATIONS, port) as hub:
        box = SteppedBox(hub, tmp_path / "box", "one", clock)
        asked.append(ask(hub, clock, "one"))
        box.connect()
        box.talk(hub, clock)
        back_up(files, backups, clock)
    for _ in range(3):
        with stepped_hub(files, clock, LOCATIONS, port) as hub:
            asked.append(ask(hub, clock, "one"))
            box.connect()
            box.talk(hub, clock)
        restore(files, backups, clock)
        clock.advance(3600)
    with stepped_hub(files, clock, LOCATIONS, port) as hub:
        box.connect()
        box.talk(hub, clock)
        with hub.database.read(TENANT) as connection:
            ends = [end.seq for end in DownLog(connection, TENANT).ends(LocationId("one"))]
        assert state(hub)["requests"] == sorted((request, "accepted") for request in asked)
        assert ends == [2, 1, 1, 0]
        assert box.at_hub(hub) == box.log()


def talk_but_hand_nothing_back(box: SteppedBox, hub: SteppedHub, clock: ManualClock) -> None:
    """Connect and say everything but what the hub has forgotten; those messages are lost on the way."""
    box.connect()
    for _ in range(20):
        box.protocol.pump()
        while box._wire.said:
            data = box._wire.said.popleft()
            if open_message(data, TENANT, box.device, UP, box._key).WhichOneof("kind") != "hand_back":
                box._hear(hub, hub.handler.handle(topic(TENANT, box.device, UP), data)[1])
        clock.advance(1)
    assert box.settled()


@pytest.mark.req("P-4", "I-04", "I-17", "F-13")
def test_an_answer_that_comes_before_the_request_that_a_restored_hub_forgot_takes_effect_with_it(
    files: HubFiles, tmp_path: Path, tally: Tally
) -> None:
    clock, port, backups = ManualClock(), free_port(), tmp_path / "backups"
    with stepped_hub(files, clock, LOCATIONS, port) as hub:
        box = SteppedBox(hub, tmp_path / "one", "one", clock)
        meet(box, hub, clock)
        back_up(files, backups, clock)
        request = ask(hub, clock, "one")
        meet(box, hub, clock)
        before = state(hub)
    restore(files, backups, clock)
    tally.injected(1)
    with stepped_hub(files, clock, LOCATIONS, port) as hub:
        talk_but_hand_nothing_back(box, hub, clock)
        assert (state(hub)["requests"], state(hub)["parked"]) == ([], 1)
        box.connect()
        box.talk(hub, clock)
        assert state(hub) == before
        assert before["requests"] == [(request, "accepted")]
        assert all(item.digest_before == item.digest_after for item in rebuild_tenant(hub.database, TENANT))


@pytest.mark.req("I-17", "F-13")
def test_a_hub_that_was_not_restored_takes_nothing_for_its_own_words(files: HubFiles, tmp_path: Path) -> None:
    clock, port = ManualClock(), free_port()
    with stepped_hub(files, clock, LOCATIONS, port) as hub:
        box = SteppedBox(hub, tmp_path / "box", "one", clock)
        request = ask(hub, clock, "one")
        box.connect()
        box.talk(hub, clock)
    other = sqlite_files(tmp_path / "other")
    shutil.copytree(tmp_path / "hub" / "keys", tmp_path / "other" / "keys", dirs_exist_ok=True)
    other = HubFiles(other.database_url, other.owner_url, other.images, SealedKeyFolder(tmp_path / "other" / "keys"))
    with stepped_hub(other, clock, LOCATIONS, port) as hub:
        enrolled(hub, box)
        box.work(3)
        box.connect()
        box.talk(hub, clock)
        assert box.at_hub(hub) == box.log()
        assert request not in {row[0] for row in state(hub)["requests"]}  # type: ignore[attr-defined]


def enrolled(hub: SteppedHub, box: SteppedBox) -> None:
    """Let another hub know a box, as a fleet's directory would."""
    keys, code = box.record.keys.identity().public, hub.enrolment.invite(TENANT, LocationId("one"), 600)
    hub.enrolment.enrol(code, "Test", keys, make_request(new_key()))
    with hub.database.write(TENANT) as connection:
        devices = DeviceRepository(connection, TENANT)
        devices.add(replace(devices.all()[0], id=box.device))
