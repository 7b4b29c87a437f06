"""Writes a box, a hub and what they say as the present software makes them: what was released must always work again.

    python -m tests.support.record_version tests/data/recorded_logs/vN          a new version, once for each release
    python -m tests.support.record_version --expect tests/data/recorded_logs/vN  what it replays to with this software

The people are invented, the times fixed, the keys good for nothing else.
"""

import hashlib
import json
import sys
import tempfile
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from cloud.bookings.desk import Wish
from cloud.ingest.intake import Greeting, Intake
from cloud.main import Hub
from cloud.side import rebuild_tenant
from cloud.storage.database import Database
from cloud.storage.down_links import BoxAddress
from cloud.storage.tables import PROJECTIONS as HUB_PROJECTIONS
from edge.keys.certificate import BoxCertificate
from edge.record import PROJECTIONS
from edge.review.licences import RegistryLicences
from edge.review.reviews import Reviews
from edge.schedule.book import ScheduleBook
from edge.schedule.booking import synthesise_day
from edge.schedule.registry import demo_registry
from edge.store.events import BoxIdentity, SqlcipherEventStore
from shared.crypto.identity import DeviceIdentity
from shared.crypto.pki import key_pem, make_request, new_key
from shared.crypto.tls import Credentials
from shared.events.catalogue import complete_catalogue
from shared.events.catalogue.capture import ImageConfirmedDurable
from shared.events.catalogue.system import BoxStarted, BoxStopped
from shared.events.envelope import EventDraft
from shared.sync.receiver import read_batch
from tests.support.clocks import ManualClock
from tests.support.hubs import LOCATION, SERVICES, TENANT, ZONE, hub_settings
from tests.support.records import BoxRecord, open_box_record
from tests.support.reviews import analysis, finding, store_capture
from tests.support.versions import keep_hub, open_recorded, record_conversation

EXPECTED = "expected.json"
# The digest of a table without rows: what was empty then is not held to anything.
_NOTHING = hashlib.sha256().hexdigest()
_CLIENTS = (("Ana Alder", "likes plants"), ("Ben Bramble", ""), ("Cleo Clover", "comes with a friend"))


def record_version(folder: Path) -> None:
    """Write a box, and a hub that has all of its log, into a new folder."""
    clock = ManualClock()
    hub = Hub(hub_settings(folder / "hub"), clock)
    try:
        box = _enrolled(hub, folder / "box", clock)
        _ask(hub, clock)
        keep_hub(folder)
        _work(box, clock)
        _send(box, hub, clock)
        box.store.close()
    finally:
        hub.database.close()
    for unneeded in folder.rglob("*-shm"):
        unneeded.unlink()
    record_conversation(folder)


def _enrolled(hub: Hub, folder: Path, clock: ManualClock) -> BoxRecord:
    device_keys = DeviceIdentity.generate()
    tls_key, code = new_key(), hub.enrolment.invite(TENANT, LOCATION, 600)
    done = hub.enrolment.enrol(code, "Room 1", device_keys.public, make_request(tls_key))
    identity = BoxIdentity(done.tenant, done.location, done.device)
    box = open_box_record(folder, clock, identity)
    box.keys.keep_transport(device_keys.receive(done.delivery, f"enrol/{done.tenant}/{done.device}".encode()))
    (folder / "data" / "identity.json").write_text(json.dumps(asdict(identity)))
    certificate = Credentials(key_pem(tls_key), done.certified.chain, done.certified.trust)
    BoxCertificate(box.keys.sealed).replace(certificate)
    box.keys.mark_record_begun()
    return box


def _ask(hub: Hub, clock: ManualClock) -> None:
    """Two requests for appointments, one of them for what the clinic does not do."""
    start = clock.wall().replace(hour=10, minute=0) + timedelta(days=1)
    for service in SERVICES:
        wish = Wish(LOCATION, service, "Dora Dill", None, start, start + timedelta(hours=2), "v")
        hub.desk.request(TENANT, wish)


def _work(box: BoxRecord, clock: ManualClock) -> None:
    """A day at a clinic: clients, consents, photographs, findings, a review, appointments."""
    _note(box, BoxStarted(software="recorded", clean=True))
    clients = [box.new_client(name, note) for name, note in _CLIENTS]
    captures: list[str] = []
    for number, client in enumerate(clients):
        clock.advance(600)
        captures.append(store_capture(box, client, analysis(*(finding(x=10 + 40 * n) for n in range(number + 1)))))
    registry = demo_registry()
    reviews = Reviews(box.store, box.clients, RegistryLicences(registry), clock)
    signer = reviews.signers()[0]
    reviews.sign(captures[0], signer.id, reviews.get(captures[0]).review.revision, "tester")
    clock.advance(600)
    book = ScheduleBook(box.store, registry, box.ids, clock, ZONE)
    book.book_day(date(2026, 3, 3), synthesise_day(registry, date(2026, 3, 3), 1, 8, clients), "tester")
    for name, capture in box.store.rows("SELECT name, capture FROM images ORDER BY name"):
        confirmed = EventDraft(f"capture/{capture}", ImageConfirmedDurable(name=name), "box", "sync")
        box.store.append([confirmed])
    _note(box, BoxStopped())


def _note(box: BoxRecord, payload: BoxStarted | BoxStopped) -> None:
    box.store.append([EventDraft(f"box/{box.store.identity.device}", payload, "box", "operation")])


def _send(box: BoxRecord, hub: Hub, clock: ManualClock) -> None:
    intake = Intake(hub.database, complete_catalogue(), clock)
    head, device = box.store.head(), box.store.identity.device
    intake.hello(TENANT, device, Greeting(head, "recorded"))
    bodies = [event.body for event in box.store.read(0, 10_000)]
    answer = intake.batch(BoxAddress(TENANT, device), head.epoch, 1, read_batch(bodies))
    assert (answer.fenced, answer.applied.seq) == (None, len(bodies)), answer


def box_expectation(store: SqlcipherEventStore) -> dict[str, Any]:
    """Return what a box's record holds: its end, and each projection's digest under its version."""
    head = store.head()
    digests = {item.name: item.digest_before for item in store.rebuild()}
    versions = {item.name: str(item.version) for item in PROJECTIONS}
    return {
        "head": [head.epoch, head.seq, head.hash],
        "projections": {name: {versions[name]: digest} for name, digest in digests.items()},
    }


def hub_expectation(database: Database) -> dict[str, Any]:
    """Return each of the hub's projections' digest under its columns."""
    columns = {f"{TENANT}/{table.name}": ",".join(table.c.keys()) for table in HUB_PROJECTIONS}
    reports = rebuild_tenant(database, TENANT)
    return {item.name: {columns[item.name]: item.digest_after} for item in reports}


def expect(folder: Path, found: dict[str, Any]) -> None:
    """Add what a version replays to with this software to what is expected of it; a known digest never changes."""
    path = folder / EXPECTED
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(_merged(known, found), indent=1, sort_keys=True) + "\n")


def _merged(known: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    merged = dict(known)
    for name, value in found.items():
        if isinstance(value, dict):
            merged[name] = _merged(known.get(name, {}), value)
        elif name not in known and value != _NOTHING:
            merged[name] = value
    return {name: value for name, value in merged.items() if value != {}}


def main(arguments: list[str]) -> None:
    """Record, or note what a recorded version replays to now."""
    folder = Path(arguments[-1])
    if arguments[0] != "--expect":
        record_version(folder)
    with tempfile.TemporaryDirectory() as temporary:
        record, database = open_recorded(folder, Path(temporary) / "copy")
        try:
            expect(folder, {"box": box_expectation(record.store), "hub": hub_expectation(database)})
        finally:
            record.clients.close()
            record.store.close()
            database.close()


if __name__ == "__main__":
    main(sys.argv[1:])
