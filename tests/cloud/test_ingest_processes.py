"""Two ingest processes on one Mosquitto and one PostgreSQL, one of them killed at any moment."""

import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from sqlalchemy import func, select

from cloud.config import HubSettings
from cloud.fleet.enrolment import Enrolment
from cloud.side import verify_tenant
from cloud.storage.database import Database
from cloud.storage.tables import captures, events
from cloud.wiring.opening import open_authority, open_database, open_keys
from shared.clock import SystemClock
from shared.config import load_settings
from shared.ids import TenantId
from tests.cloud.conftest import postgres_urls
from tests.support.box import FakeBox, MqttBox
from tests.support.hubs import eventually
from tests.support.promises import Tally
from tests.support.servers import Postgres, free_port, mosquitto

pytestmark = pytest.mark.system
TENANT = TenantId("lumen")
BATCH = 50


def write_config(folder: Path, urls: tuple[str, str]) -> Path:
    config = folder / "hub.toml"
    config.write_text(
        f"""
[hub]
data_folder = "{folder / "data"}"
database_owner_url = "{urls[0]}"
database_url = "{urls[1]}"
[hub.broker]
mode = "external"
port = {free_port()}
hub_port = {free_port()}
folder = "broker"
[[hub.tenants]]
id = "lumen"
name = "Lumen"
[[hub.tenants.locations]]
id = "lumen-one"
name = "One"
"""
    )
    return config


@contextmanager
def worker(config: Path, number: int, *more: str) -> Iterator["subprocess.Popen[bytes]"]:
    log = config.parent / f"worker-{number}.log"
    command = [sys.executable, "-c", "from cloud.cli import app; app()", "ingest-worker", "-c", str(config), *more]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        eventually(lambda: b"ingest_worker_started" in log.read_bytes(), 60)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


class Sender:
    """A box that sends its log over the broker by the protocol's rules, as fast as it is acknowledged."""

    def __init__(self, box: FakeBox, port: int) -> None:
        self.link = MqttBox(box, port, paho.MQTTv5)
        self.box = box
        self.applied = -1
        self.resent = 0
        self.fenced = ""
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def done(self) -> bool:
        return self.applied >= len(self.box.log)

    def _run(self) -> None:
        self.link.say(self.box.hello())
        sent = -1
        while not self.done() and not self.fenced:
            try:
                message = self.link.arrived.get(timeout=2)
            except Exception:  # noqa: BLE001 - nothing came: begin again where the hub is
                sent = self.applied
                self.resent += 1
                message = None
            if message is not None and message.WhichOneof("kind") == "ack":
                self.applied = max(self.applied, message.ack.applied.seq)
                self.fenced = message.ack.reason if message.ack.fenced else ""
                if message.ack.gap:
                    sent = min(sent, self.applied)
            if self.applied < 0:
                self.link.say(self.box.hello())
                continue
            sent = max(sent, self.applied)
            while sent < len(self.box.log) and sent - self.applied < 6 * BATCH:
                last = min(sent + BATCH, len(self.box.log))
                self.link.client.publish(*self.box.sealed(self.box.batch(sent + 1, last)), qos=1)
                sent = last


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, postgres_server: Postgres) -> Iterator[tuple[Path, int]]:
    config = write_config(tmp_path_factory.mktemp("site"), postgres_urls(postgres_server))
    with mosquitto(load_settings(config, HubSettings)) as port:
        yield config, port


@pytest.fixture
def database(site: tuple[Path, int]) -> Iterator[Database]:
    opened = open_database(load_settings(site[0], HubSettings))
    yield opened
    opened.close()


def boxes(site: tuple[Path, int], database: Database, count: int, photographs: int) -> list[Sender]:
    settings, clock = load_settings(site[0], HubSettings), SystemClock()
    enrolment = Enrolment(database, open_keys(settings), open_authority(settings, clock), clock)
    made = [FakeBox.enrol(enrolment, "lumen", "lumen-one", f"Room {number}") for number in range(count)]
    for box in made:
        for _ in range(photographs):
            box.analyse(box.capture())
    return [Sender(box, site[1]) for box in made]


def stored(database: Database, box: FakeBox) -> list[str]:
    query = select(events.c.hash).where(events.c.tenant == TENANT, events.c.device == box.device)
    with database.read(TENANT) as connection:
        return list(connection.execute(query.order_by(events.c.seq)).scalars())


@pytest.mark.req("P-2", "I-03", "I-04", "I-05", "I-08", "F-12")
def test_two_processes_share_the_boxes_and_one_is_killed_midway(
    site: tuple[Path, int], database: Database, tally: Tally
) -> None:
    with ExitStack() as stack:
        workers = [stack.enter_context(worker(site[0], number)) for number in (1, 2)]
        senders = boxes(site, database, 3, 750)
        for sender in senders:
            stack.callback(sender.link.close)
            sender.start()
        eventually(lambda: sum(sender.applied for sender in senders) > 1000, 60)
        tally.acknowledged(sum(sender.applied for sender in senders))
        workers[0].kill()
        tally.injected(1)
        killed = time.monotonic()
        eventually(lambda: all(sender.done() or sender.fenced for sender in senders), 120)
        tally.converged(time.monotonic() - killed)
    assert [sender.fenced for sender in senders] == ["", "", ""]
    for sender in senders:
        wanted = [event.hash for event in sender.box.log]
        found = stored(database, sender.box)
        tally.lost(len(set(wanted) - set(found)))
        tally.doubled(len(found) - len(set(found)))
        assert found == wanted
    with database.read(TENANT) as connection:
        assert connection.execute(select(func.count()).select_from(captures)).scalar_one() == 3 * 750
    assert all(report.report.intact for report in verify_tenant(database, TENANT))


@pytest.mark.req("P-2")
def test_both_processes_take_part_and_each_shows_its_own_metrics(site: tuple[Path, int], database: Database) -> None:
    ports = [free_port(), free_port()]
    with ExitStack() as stack:
        for number, port in enumerate(ports, 5):
            stack.enter_context(worker(site[0], number, "--metrics-port", str(port)))
        (sender,) = boxes(site, database, 1, 300)
        stack.callback(sender.link.close)
        sender.start()
        eventually(sender.done, 60)
        # What was sent twice may still wait behind what was sent first.
        eventually(lambda: all(metrics(port)["medspa_hub_messages_waiting"] == 0 for port in ports), 60)
        shown = [metrics(port) for port in ports]
    applied = [one["medspa_hub_events_applied_total"] for one in shown]
    assert sum(applied) == len(sender.box.log)
    assert all(one["medspa_hub_messages_total"] > 0 for one in shown), "one process had all the messages"
    assert all(one["medspa_hub_apply_seconds_count"] > 0 for one, count in zip(shown, applied, strict=True) if count)


def test_a_process_whose_metrics_port_is_taken_says_what_to_do(site: tuple[Path, int]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [sys.executable, "-c", "from cloud.cli import app; app()", "ingest-worker", "-c", str(site[0])]
        command += ["--metrics-port", str(taken.getsockname()[1])]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert "port_taken" in done.stderr


def metrics(port: int) -> dict[str, float]:
    """Return what a process shows, by name; what has labels is added up."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    shown: dict[str, float] = {}
    for line in lines:
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            name = name.split("{")[0]
            shown[name] = shown.get(name, 0) + float(value)
    return shown


def test_a_worker_on_an_embedded_database_says_what_it_needs(tmp_path: Path) -> None:
    config = tmp_path / "hub.toml"
    config.write_text(
        '[hub]\ndata_folder = "data"\n[[hub.tenants]]\nid = "a"\nname = "A"\n'
        '[[hub.tenants.locations]]\nid = "b"\nname = "B"\n'
    )
    command = [sys.executable, "-c", "from cloud.cli import app; app()", "ingest-worker", "-c", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert "not_shareable" in done.stderr
