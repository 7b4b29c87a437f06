"""A box whose disk fills up, as people at the clinic see it: the kiosk says so, all else goes on by itself."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from edge.config import EdgeSettings
from edge.record import open_record
from shared.clock import SystemClock
from shared.config import load_settings
from shared.demo.box import BoxClient
from shared.ids import Uuid7Source
from shared.vocabulary import ConsentPurpose
from tests.browser.conftest import CHROMIUM, FLAGS, ROOT, watched
from tests.browser.test_kiosk import answer_all, sign
from tests.support.photos import astronaut_jpeg
from tests.support.promises import Tally
from tests.system.conftest import Clinic

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]
MIB = 1024 * 1024
RESERVE = 24 * MIB


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk where the box keeps its record."""
    folder = tmp_path / "edge" / "data"
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def clinic(tmp_path: Path, disk: Path) -> Iterator[Clinic]:
    running = Clinic(tmp_path, ROOT, f"reserve_bytes = {RESERVE}\nimages_free_bytes = {MIB}\n")
    yield running
    running.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def leave_free(disk: Path, size: int) -> None:
    """Fill the disk until about so many bytes are left."""
    with (disk / "ballast").open("ab") as ballast:
        while (left := free(disk)) > size:
            ballast.write(bytes(min(MIB, left - size)))
            ballast.flush()


def free(disk: Path) -> int:
    state = os.statvfs(disk)
    return state.f_bavail * state.f_frsize


class Tablet(BoxClient):
    """What the front desk does meanwhile."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.names: list[str] = []

    def register(self, name: str) -> httpx.Response:
        answer = self._http.post("/api/clients", json={"name": name, "language": "en"})
        if answer.is_success:
            self.names.append(answer.json()["id"])
        return answer

    def consent(self) -> None:
        self._consent(self.names[0])

    def photograph(self) -> int:
        details = json.dumps({"client_id": self.names[0], "view": "front", "metadata": {"camera": "import"}})
        files = {"photo": ("p.jpg", astronaut_jpeg())}
        return self._http.post("/api/captures/import", files=files, data={"details": details}).status_code

    def look(self, path: str) -> int:
        return self._http.get(path).status_code


@pytest.fixture
def tablet(clinic: Clinic) -> Iterator[Tablet]:
    made = Tablet(clinic.setting.edge_url)
    yield made
    made.close()


def visit(page: Page) -> None:
    """Begin a visit at the kiosk and come before the camera."""
    page.get_by_role("button", name="Begin").click()
    answer_all(page, "Yes, I agree", len(ConsentPurpose))
    sign(page)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Hold still")).to_be_visible(timeout=60_000)


def clients(clinic: Clinic) -> set[str]:
    """Return the clients on the stopped box's record, which must be whole."""
    clock = SystemClock()
    record = open_record(load_settings(clinic.setting.edge_config, EdgeSettings).store, clock, Uuid7Source(clock))
    try:
        assert record.store.verify().intact
        return {client for (client,) in record.store.rows("SELECT client FROM clients")}
    finally:
        record.clients.close()
        record.store.close()


@pytest.mark.req("P-7", "I-08", "I-09", "F-03")
def test_the_kiosk_says_in_both_languages_that_there_is_no_room_and_goes_on_by_itself(
    clinic: Clinic, tablet: Tablet, disk: Path, chromium: Browser, tally: Tally
) -> None:
    assert tablet.register("Ana Alder").status_code == 201
    tablet.consent()
    url = clinic.setting.edge_url.replace("127.0.0.1", "localhost")
    with watched(chromium, 1080, 1920) as watch:
        page = watch.page
        page.goto(f"{url}/kiosk")
        expect(page.get_by_role("button", name="Begin")).to_be_visible()

        leave_free(disk, RESERVE - MIB)  # no room for a photograph; the database has nearly all of its reserve
        tally.injected(1)
        expect(page.get_by_role("heading", name="No photographs just now")).to_be_visible()
        watch.assert_clean()
        page.get_by_role("button", name="Español").click()
        expect(page.get_by_role("heading", name="Ahora no se toman fotografías")).to_be_visible()
        watch.assert_clean()
        page.get_by_role("button", name="English").click()
        expect(page.get_by_role("button", name="Begin")).to_have_count(0)
        for number in range(20):  # everything but photographs goes on
            assert tablet.register(f"Guest {number}").status_code == 201
        assert tablet.photograph() == 507
        assert tablet.look("/api/schedule") == 200

        leave_free(disk, 0)  # and now the database has no room either
        tally.injected(1)
        assert any(tablet.register(f"Late Guest {number}").status_code == 507 for number in range(2000))
        assert "disk is full" in tablet.register("Late Guest").json()["sentence"]
        for path in ("/api/schedule", "/api/status", "/healthz"):
            assert tablet.look(path) == 200
        expect(page.get_by_role("heading", name="No photographs just now")).to_be_visible()

        (disk / "ballast").unlink()
        expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
        visit(page)
        assert watch.errors == []
    assert tablet.photograph() == 201
    assert tablet.register("Guest after all").status_code == 201
    assert clinic.box.process.poll() is None
    clinic.box.stop()
    tally.acknowledged(len(tablet.names))
    tally.lost(len(set(tablet.names) - clients(clinic)))
    assert set(tablet.names) <= clients(clinic)
