"""What the hub ingests a second with one process and with two, and how the cost grows with what is stored."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from cloud.ingest.intake import Intake
from cloud.storage.database import Database, migrate
from cloud.storage.down_links import BoxAddress
from shared.clock import SystemClock
from shared.collector import settle
from shared.events.catalogue import complete_catalogue
from shared.sync.receiver import read_batch
from tests.benchmarks.sync_site import running_site
from tests.cloud.conftest import assemble
from tests.cloud.test_ingest_processes import Sender
from tests.support.box import FakeBox

BATCH = 200


def processes(count: int) -> dict[str, float]:
    """Return events per second over Mosquitto into PostgreSQL, from four boxes, by one process and by two."""
    figures = {}
    for workers in (0, 1):
        with (
            TemporaryDirectory() as folder,
            running_site(Path(folder) / "site", on_postgres=True, workers=workers) as site,
        ):
            boxes = [FakeBox.enrol(site.hub.enrolment, "lumen", "lumen-one") for _ in range(4)]
            for box in boxes:
                _photographs(box, count // 4)
            senders = [Sender(box, site.settings.broker.port) for box in boxes]
            start = time.perf_counter()
            for sender in senders:
                sender.start()
            while not all(sender.done() for sender in senders):
                time.sleep(0.02)
            figures[f"{workers + 1} processes events/s"] = count / (time.perf_counter() - start)
            for sender in senders:
                sender.link.close()
    one, two = figures.values()
    return figures | {"2 processes / 1 process": two / one}


def growth(count: int) -> dict[str, float]:
    """Return microseconds for each event when little is stored and when `count` events are, on SQLite."""
    with TemporaryDirectory() as name:
        folder, clock = Path(name), SystemClock()
        url = f"sqlite:///{folder / 'hub.db'}"
        migrate(url, url)
        database = Database(url)
        box = FakeBox.enrol(assemble(database, folder).enrolment, "lumen", "lumen-one")
        intake = Intake(database, complete_catalogue(), clock)
        settle()  # as the hub does, when it is put together
        costs = []
        for _ in range(max(2, count // 10_000)):
            first = len(box.log) + 1
            _photographs(box, 10_000)
            costs.append(_apply(intake, box, first))
        database.close()
    early, late = costs[0], sum(costs[-2:]) / 2
    return {"us/event up to 10^4": early, f"us/event at {count}": late, "late / early": late / early}


def _apply(intake: Intake, box: FakeBox, first: int) -> float:
    bodies = [event.body for event in box.log[first - 1 :]]
    start = time.perf_counter()
    for at in range(0, len(bodies), BATCH):
        arrived = read_batch(bodies[at : at + BATCH])
        intake.batch(BoxAddress(box.tenant, box.device), box.epoch, first + at, arrived)
    return 1e6 * (time.perf_counter() - start) / len(bodies)


def _photographs(box: FakeBox, events: int) -> None:
    for _ in range(events // 2):
        box.analyse(box.capture())
