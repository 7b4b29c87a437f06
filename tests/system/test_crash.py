"""kill -9 at random instants: nothing that was acknowledged is lost, nothing is doubled, the log stays whole."""

import contextlib
import json
import os
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from edge.config import EdgeSettings
from edge.record import open_record
from shared.clock import SystemClock
from shared.config import load_settings
from shared.crypto.keyfile import SealedKeyFolder
from shared.demo.box import BoxClient
from shared.demo.checker import compare
from shared.errors import MedSpaError
from shared.ids import Uuid7Source
from tests.support.hubs import eventually
from tests.support.photos import astronaut_jpeg
from tests.support.promises import Tally
from tests.system.conftest import Clinic

KILLS = int(os.environ.get("KILLS") or (200 if os.environ.get("LONG") else 20))
SEED = int(os.environ.get("SEED", str(random.SystemRandom().randrange(2**32))))
_GIVE_UP_SECONDS = 120.0


class FrontDesk(BoxClient):
    """Works without pause and remembers what the box has acknowledged."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.acknowledged: list[str] = []
        self.attempts = 0

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Work on a thread of its own for as long as the context lasts."""
        stop = threading.Event()
        worker = threading.Thread(target=self._work, args=(stop,), daemon=True)
        worker.start()
        try:
            yield
        finally:
            stop.set()
            worker.join(timeout=60)

    def _work(self, stop: threading.Event) -> None:
        client = ""
        while not stop.is_set():
            try:
                client = client or self._known_client()
                self.attempts += 1
                self.acknowledged.append(self._capture(client))
            except (httpx.HTTPError, MedSpaError, KeyError, ValueError):
                time.sleep(0.05)

    def _known_client(self) -> str:
        client = str(self._call("POST", "/api/clients", json={"name": "Crash Canary", "language": "en"})["id"])
        self._consent(client)
        return client

    def _capture(self, client: str) -> str:
        details = json.dumps({"client_id": client, "view": "front", "metadata": {"camera": "import"}})
        response = self._http.post(
            "/api/captures/import", files={"photo": ("p.jpg", astronaut_jpeg())}, data={"details": details}
        )
        response.raise_for_status()
        return str(response.json()["capture"]["id"])


def log_is_intact(clinic: Clinic) -> int:
    """Open the record as after a power cut, and return its length."""
    clock = SystemClock()
    record = open_record(load_settings(clinic.setting.edge_config, EdgeSettings).store, clock, Uuid7Source(clock))
    try:
        report = record.store.verify()
        assert report.intact, report.damage
        assert all(item.digest_before == item.digest_after for item in record.store.rebuild())
        return report.length
    finally:
        record.store.close()


def drained(box: BoxClient) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        backlog = box.status()["backlog"]
        return backlog["events"] == 0 and backlog["images"] == 0
    return False


@pytest.mark.system
@pytest.mark.req("P-1", "P-2", "I-02", "I-03", "I-08", "I-12", "I-14", "F-02")
@pytest.mark.timeout(120 + 30 * KILLS)
def test_box_killed_at_random_instants_loses_nothing_it_acknowledged(clinic: Clinic, tally: Tally) -> None:
    print(f"seed {SEED}, {KILLS} kills")
    chance = random.Random(SEED)
    with contextlib.closing(FrontDesk(clinic.setting.edge_url)) as desk:
        with desk.at_work():
            survive_kills(clinic, desk, chance)
            time.sleep(2)
        check_what_was_acknowledged(clinic, desk, tally)


def survive_kills(clinic: Clinic, desk: FrontDesk, chance: random.Random) -> None:
    """Kill and restart the box at random instants, its log intact and never shorter each time."""
    length = 0
    for kill in range(KILLS):
        if kill % 4 == 3:
            # On a slow machine, too, there is something that the box must not lose.
            so_far = len(desk.acknowledged)
            eventually(lambda before=so_far: len(desk.acknowledged) > before, 60)
        time.sleep(chance.uniform(0.05, 1.5))
        clinic.box.process.kill()
        clinic.box.process.wait()
        now = log_is_intact(clinic)
        assert now >= length
        length = now
        clinic.start_box()


def check_what_was_acknowledged(clinic: Clinic, desk: FrontDesk, tally: Tally) -> None:
    """Hold box and hub to every photograph the desk was told of."""
    for capture in desk.acknowledged:
        image = httpx.get(
            f"{clinic.setting.edge_url}/api/captures/{capture}/image", headers={"X-Purpose": "review"}, timeout=30
        )
        assert image.content == astronaut_jpeg()
    healed = time.monotonic()
    eventually(lambda: drained(desk), _GIVE_UP_SECONDS)
    tally.converged(time.monotonic() - healed)
    folder = clinic.setting.folder
    key = SealedKeyFolder(folder / "edge" / "keys").get("database")
    assert key is not None
    device = json.loads((folder / "edge" / "data" / "identity.json").read_text())["device"]
    verdict = compare(
        folder / "edge" / "data" / "record.db",
        key,
        folder / "hub" / "data" / "hub.db",
        device,
        (folder / "edge" / "data" / "vault", folder / "hub" / "data" / "blobs"),
    )
    print(f"{len(desk.acknowledged)} photographs acknowledged: {verdict.line}")
    tally.injected(KILLS)
    tally.acknowledged(len(desk.acknowledged))
    tally.lost(verdict.lost)
    tally.doubled(verdict.doubled)
    # A kill between vault and commit leaves a sealed file that no event names: it stays on the box only.
    assert (verdict.lost, verdict.doubled) == (0, 0)
    assert_no_personal_data_in_logs(folder)


def assert_no_personal_data_in_logs(folder: Path) -> None:
    for log in folder.glob("*.log"):
        text = log.read_text(errors="replace")
        assert "Crash Canary" not in text
        assert "[redacted]" not in text, f"{log.name} holds a line with a value that may be personal"
