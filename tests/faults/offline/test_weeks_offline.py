"""F-10: a clinic works for weeks without network at full load, then the link comes back."""

import json
import os
import resource
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud.main import Hub
from cloud.storage.tables import now_snapshots
from edge.store.pruner import ImagePruner, RoomSettings
from edge.store.pruning import PruningPolicy
from edge.store.vault import ImageVault
from shared.clock import Clock, SystemClock
from shared.events.catalogue.capture import CaptureMetadata, CaptureStored, GateOutcome, StoredImage
from shared.events.catalogue.system import BoxStarted
from shared.events.envelope import EventDraft
from shared.events.hlc import HybridClock
from shared.ids import ClientId
from shared.vocabulary import GateProfileName, ImageKind, Sensitivity
from tests.edge.sync.rig import Rig, build
from tests.support.clocks import ManualClock
from tests.support.hubs import TENANT, eventually, external_broker, hub_settings, running_hub
from tests.support.promises import Tally
from tests.support.servers import mosquitto

LONG = bool(os.environ.get("LONG"))
DAYS = 35 if LONG else 2
EVENTS_A_DAY, PHOTOGRAPHS_A_DAY = 3000, 120
BOXES = 50 if LONG else 4
_ORIGINAL_BYTES, _PREVIEW_BYTES = 4000, 1000
_WAL_BYTES = 64 * 1024 * 1024
_MEMORY_BYTES = 300 * 1024 * 1024
# A clinic appends a few events at a time: a booking, a step of a visit, a photograph with its analysis.
_AT_ONCE = 10
EVENT = EventDraft("box/test", BoxStarted(software="x" * 40, clean=True), "box", "operation")


@contextmanager
def hub_on_mosquitto(folder: Path) -> Iterator[Hub]:
    settings = hub_settings(folder / "hub", external_broker(folder / "broker"))
    with mosquitto(settings), running_hub(settings) as hub:
        yield hub


def set_clock(rig: Rig, clock: Clock) -> None:
    """Let the box's record live by another clock."""
    store = rig.record.store
    store._clock = clock
    store._hybrid = HybridClock(clock, store._last_timestamp())


def photograph(rig: Rig, client: ClientId) -> None:
    """Store a photograph and its preview as the intake does, scaled down."""
    vault, key, images = rig.record.vault, rig.record.clients.key_of(client), []
    for kind, size in ((ImageKind.ORIGINAL, _ORIGINAL_BYTES), (ImageKind.DERIVED, _PREVIEW_BYTES)):
        sealed = vault.put(client, kind, secrets.token_bytes(size), key)
        images.append(
            StoredImage(name=sealed.name, kind=kind, size=sealed.size, media_type="image/jpeg", width=1, height=1)
        )
    gate = GateOutcome(profile=GateProfileName.IMPORT, passed=True, codes=(), measures={})
    stored = CaptureStored(metadata=CaptureMetadata(camera="t", protocol="p"), images=tuple(images), gate=gate)
    draft = EventDraft(f"capture/{rig.record.ids.new()}", stored, "t", "test", Sensitivity.HEALTH, client)
    rig.record.store.append([draft])


def one_day(rig: Rig, clock: ManualClock, client: ClientId, pruner: ImagePruner) -> None:
    """Work from morning to evening; room is looked after now and then."""
    before = rig.record.store.head().seq
    for number in range(PHOTOGRAPHS_A_DAY):
        photograph(rig, client)
        clock.advance(240)
        if number % 20 == 0:
            pruner.step()
    left = EVENTS_A_DAY - (rig.record.store.head().seq - before)
    for start in range(0, left, _AT_ONCE):
        rig.record.store.append([EVENT] * min(_AT_ONCE, left - start))
    clock.advance(16 * 3600)


def memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def backlog(rig: Rig) -> int:
    return rig.record.store.head().seq - rig.link.status.acknowledged_seq


def snapshot_at_hub(rig: Rig) -> dict[str, int] | None:
    query = select(now_snapshots.c.json).where(now_snapshots.c.device == rig.record.store.identity.device)
    with rig.hub.database.read(TENANT) as connection:
        text = connection.execute(query).scalar_one_or_none()
    return json.loads(text) if text else None


@pytest.mark.req("P-3", "P-7", "I-03", "I-06", "I-07", "I-08", "I-09", "I-19", "F-10")
@pytest.mark.timeout(3600)
def test_weeks_offline_at_full_load_stay_within_the_budgets_and_drain_in_full(tmp_path: Path, tally: Tally) -> None:
    with ExitStack() as stack:
        rig = build(stack.enter_context(hub_on_mosquitto(tmp_path)), tmp_path / "box")
        stack.callback(rig.close)
        budget = int(DAYS * PHOTOGRAPHS_A_DAY * (_ORIGINAL_BYTES + 200) * 1.15)
        rig.record.vault = ImageVault(rig.record.folder / "data" / "vault", 1024 * 1024, budget)
        clock = ManualClock(datetime.now(UTC) - timedelta(days=DAYS))
        set_clock(rig, clock)
        policy = PruningPolicy(30, 500)
        store, vault = rig.record.store, rig.record.vault
        pruner = ImagePruner(store, vault, RoomSettings(budget, 0), policy, clock, "UTC")
        client, began, memory_before = rig.record.new_client(), time.monotonic(), memory()
        for _ in range(DAYS):
            one_day(rig, clock, client, pruner)
            assert (store._database.path.parent / "record.db-wal").stat().st_size <= _WAL_BYTES
            assert vault.used_bytes() <= budget
        originals = int(store.rows("SELECT count(*) FROM images WHERE kind = 'original' AND pruned = 0")[0][0])
        assert originals == len(vault.names(ImageKind.ORIGINAL)) == DAYS * PHOTOGRAPHS_A_DAY
        assert memory() - memory_before < _MEMORY_BYTES
        written, generated = store.head().seq, time.monotonic() - began
        assert written >= DAYS * EVENTS_A_DAY
        set_clock(rig, SystemClock())
        seconds = drain(rig, tally)
        assert memory() - memory_before < _MEMORY_BYTES
    print(f"{written} events in {generated:.0f} s, drained in {seconds:.1f} s: {written / seconds:.0f} events/s")


def drain(rig: Rig, tally: Tally) -> float:
    """Let the link come back; the hub is current at once, the backlog falls, and both sides agree at the end."""
    rig.link._protocol._snapshot = lambda: {"backlog_events": backlog(rig)}
    tally.injected(1)
    tally.acknowledged(rig.record.store.head().seq)
    began = time.monotonic()
    rig.link.start()
    eventually(lambda: snapshot_at_hub(rig) is not None, 10)
    waiting = backlog(rig)
    while waiting:
        eventually(lambda most=waiting: backlog(rig) < most, 60)
        waiting = backlog(rig)
    seconds = time.monotonic() - began
    rig.uploader.start()
    rig.wait_acknowledged()
    mine, theirs = rig.log(), rig.at_hub()
    tally.lost(len(set(mine) - set(theirs)))
    tally.doubled(len(theirs) - len(set(theirs)))
    tally.converged(seconds)
    assert set(mine) <= set(theirs)
    return seconds


@pytest.mark.req("P-3", "I-03", "I-04", "I-07", "I-08", "F-10")
@pytest.mark.timeout(3600)
def test_many_boxes_that_come_back_at_once_are_all_served(tmp_path: Path, tally: Tally) -> None:
    with ExitStack() as stack:
        hub = stack.enter_context(hub_on_mosquitto(tmp_path))
        rigs = []
        for number in range(BOXES):
            rigs.append(build(hub, tmp_path / f"box-{number}"))
            stack.callback(rigs[-1].close)
        for rig in rigs:
            rig.append(20)
            rig.link.start()
        for rig in rigs:
            eventually(rig.acknowledged, 1200)
        for rig in rigs:
            rig.network.sever()
        for rig in rigs:
            rig.append(200)
        began = time.monotonic()
        for rig in rigs:
            rig.network.restore()
            tally.injected(1)
        for rig in rigs:
            eventually(rig.acknowledged, 1200)
        tally.converged(time.monotonic() - began)
        for rig in rigs:
            mine, theirs = rig.log(), rig.at_hub()
            assert mine == theirs
            tally.acknowledged(len(mine))
            tally.lost(len(set(mine) - set(theirs)))
            tally.doubled(len(theirs) - len(set(theirs)))
