from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from edge.analysis.bundle_sessions import ServedBundle, Serving
from edge.analysis.providers import Accelerator
from edge.analysis.sessions import OrtSessionFactory
from edge.api.schemas import ComponentVersion
from edge.backup.daily import CareState
from edge.config import ClinicSettings, EdgeSettings, StoreSettings
from edge.faces.status import BoxStatus
from edge.metrics import BoxMetrics
from edge.store.check import Problem
from edge.store.vault import ImageVault
from edge.sync.status import LinkStatus
from edge.transparency.watch import HubLogState, HubLogStatus
from shared.events.catalogue.system import BoxStarted
from shared.events.envelope import EventDraft
from shared.sync.position import Position
from shared.vision.bundle import GraphRole, read_bundle
from tests.support.records import BoxRecord, open_box_record
from tests.support.test_bundle import write_test_bundle


@pytest.fixture
def record(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


def status_of(
    record: BoxRecord, reserve_bytes: int = 1024 * 1024, served: ServedBundle | None = None
) -> tuple[BoxStatus, SimpleNamespace]:
    settings = EdgeSettings(
        clinic=ClinicSettings(name="Harbour", timezone="Europe/Vienna"),
        store=StoreSettings(folder=record.folder / "data"),
    )
    fake = SimpleNamespace(status=LinkStatus(online=False, since=record.clock.wall()), camera=True)
    versions = [ComponentVersion(name="software", version="1")]
    vault = ImageVault(record.folder / "data" / "vault", reserve_bytes)
    shown: Any = fake
    box = BoxStatus(settings, record.store, vault, shown, record.clock, versions, lambda: fake.camera, served)
    return box, fake


def started(record: BoxRecord, count: int) -> None:
    for _ in range(count):
        record.store.append([EventDraft("box/1", BoxStarted(software="1", clean=True), "box", "operation")])
        record.clock.advance(60)


def test_a_box_says_who_and_where_it_is_and_how_the_link_stands(record: BoxRecord) -> None:
    box, fake = status_of(record)
    shown = box.status()
    assert (shown.device_id, shown.location_id, shown.location_name) == ("box-1", "clinic-1", "Harbour")
    assert (shown.now, shown.timezone) == (record.clock.wall(), "Europe/Vienna")
    assert (shown.link.online, shown.link.last_acknowledged_at) == (False, None)
    assert 0 < shown.disk.free_bytes <= shown.disk.total_bytes
    fake.status = LinkStatus(online=True, since=record.clock.wall(), last_acknowledged_at=record.clock.wall())
    assert box.status().link.online


def test_the_backlog_is_what_the_hub_has_not_acknowledged_and_since_when(record: BoxRecord) -> None:
    box, fake = status_of(record)
    assert box.backlog() == (0, 0, None)
    begun = record.clock.wall()
    started(record, 5)
    at = partial(Position, record.store.head().epoch)
    assert box.backlog() == (5, 0, begun)
    fake.status = LinkStatus(online=True, since=begun, acknowledged=at(3))
    events, images, oldest = box.backlog()
    assert (events, images, (oldest - begun).total_seconds()) == (2, 0, 180)
    fake.status = LinkStatus(online=True, since=begun, acknowledged=at(5))
    assert box.backlog() == (0, 0, None)
    fake.status = LinkStatus(online=True, since=begun, acknowledged=at(9))
    assert box.backlog() == (0, 0, None)


def test_a_box_is_ready_when_record_disk_and_camera_are(record: BoxRecord) -> None:
    box, fake = status_of(record)
    assert box.readiness().ready
    fake.camera = False
    found = box.readiness()
    assert (found.ready, found.parts) == (False, {"record": True, "room_on_disk": True, "camera": False})


def test_a_disk_without_its_reserve_is_not_ready(record: BoxRecord) -> None:
    box, _ = status_of(record, reserve_bytes=1 << 60)
    found = box.readiness()
    assert (found.ready, found.parts["room_on_disk"], found.parts["record"]) == (False, False, True)


def test_a_record_that_cannot_be_read_is_told_not_raised(record: BoxRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge.store.errors import StorageBroken  # noqa: PLC0415

    def broken() -> None:
        raise StorageBroken("storage_broken", "the database is damaged; restore it")

    box, _ = status_of(record)
    monkeypatch.setattr(record.store, "head", broken)
    assert box.readiness().parts["record"] is False


def test_what_the_analysis_runs_on_is_shown_and_what_keeps_it_from_more(record: BoxRecord, tmp_path: Path) -> None:
    assert status_of(record)[0].status().analysis is None
    write_test_bundle(tmp_path / "drawn")
    bundle = read_bundle(tmp_path / "drawn")
    served = ServedBundle(bundle, Serving(OrtSessionFactory(), Accelerator.CPU))
    shown = status_of(record, served=served)[0].status().analysis
    assert shown is not None
    assert (shown.bundle, shown.version, shown.degraded) == ("evaluation", "0.1.0", None)
    assert [(graph.role, graph.provider, graph.engine) for graph in shown.graphs] == [
        (role, "CPUExecutionProvider", "none") for role in GraphRole
    ]
    lacking = ServedBundle(bundle, Serving(OrtSessionFactory(), Accelerator.CUDA))
    box = status_of(record, served=lacking)[0]
    degraded = box.status().analysis
    assert degraded is not None
    assert degraded.degraded is not None
    assert "detector:cuda_missing" in degraded.degraded
    assert _metric(record, box) == 1
    assert _metric(record, status_of(record, served=served)[0]) == 0


def _metric(record: BoxRecord, box: BoxStatus) -> float | None:
    link: Any = SimpleNamespace(status=LinkStatus(online=False, since=record.clock.wall()))
    metrics = BoxMetrics(CollectorRegistry())
    metrics.watch(box, link, lambda: 60.0)
    return metrics.registry.get_sample_value("medspa_box_analysis_degraded")


@pytest.mark.req("I-14")
def test_a_hub_that_changed_its_history_is_shown_as_an_error(record: BoxRecord) -> None:
    box, _ = status_of(record)
    assert box.status().hub_log is None
    watch: Any = SimpleNamespace(status=HubLogStatus(HubLogState.REWRITTEN, "the tree shrank", 0, None))
    box.show_hub_log(watch)
    shown = box.status().hub_log
    assert shown is not None
    assert (shown.state, shown.sentence, shown.verified_at) == ("rewritten", "the tree shrank", None)


def test_what_people_must_see_to_is_shown_damage_first(record: BoxRecord) -> None:
    box, fake = status_of(record)
    assert box.status().notices == []
    fake.status = LinkStatus(online=False, since=record.clock.wall(), fenced="two boxes use one identity")
    (notice,) = box.status().notices
    assert notice.code == "box_fenced"
    assert "two boxes use one identity" in notice.sentence
    damaged, missed = Problem("pages_damaged", "damaged; restart"), Problem("backup_disk", "No backup")
    care = SimpleNamespace(state=CareState(problems=(damaged,), backup_problem=missed))
    box.show_care(care)  # type: ignore[arg-type]
    assert [item.code for item in box.status().notices] == ["pages_damaged", "box_fenced", "backup_disk"]
