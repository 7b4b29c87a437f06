"""Wrapping keys change every 90 days while the box works, and the log says so without saying which key it is."""

from datetime import timedelta
from pathlib import Path

import pytest

from edge.keys.rotation import CLIENTS, LIFE, ROOT, KeyRotation, RotationWorker, is_due
from shared.crypto.keyfile import SealedKeyFolder
from shared.events.catalogue.client import ClientRegistered
from tests.support.clocks import ManualClock
from tests.support.hubs import eventually
from tests.support.records import BoxRecord, open_box_record

DAY = 24 * 3600.0


@pytest.fixture
def box(tmp_path: Path) -> BoxRecord:
    return open_box_record(tmp_path)


@pytest.fixture
def rotation(box: BoxRecord) -> KeyRotation:
    return KeyRotation(box.keys, box.clients, box.clock)


def recorded(box: BoxRecord) -> list[tuple[str, int]]:
    events = [event.fields for event in box.store.read(0, 999) if event.fields.type == "keys.rotated"]
    return [(event.payload["key"], event.payload["generation"]) for event in events]


def test_a_key_is_due_after_ninety_days_or_when_its_date_is_yet_to_come() -> None:
    made = ManualClock().wall()
    assert not is_due(made, made)
    assert not is_due(made, made + LIFE - timedelta(seconds=1))
    assert is_due(made, made + LIFE)
    assert is_due(made, made - timedelta(days=1))


@pytest.mark.req("F-15", "F-09")
def test_keys_change_when_due_while_the_box_works_and_each_change_is_recorded_once(
    box: BoxRecord, rotation: KeyRotation
) -> None:
    client = box.new_client("Ada Canary")
    worker = RotationWorker(rotation, box.store)
    worker.step()
    assert recorded(box) == []
    box.clock.advance(91 * DAY)
    worker.step()
    worker.step()
    assert recorded(box) == [(CLIENTS, 2), (ROOT, 2)]
    assert box.register.get(client).details.name == "Ada Canary"
    box.clock.jump_wall(-400 * DAY)  # a clock that was wrong when the keys were made does not keep them for years
    worker.step()
    assert recorded(box)[2:] == [(CLIENTS, 3), (ROOT, 3)]
    worker.step()
    assert len(recorded(box)) == 4
    assert box.new_client("Ben Canary")


def test_a_change_that_was_not_recorded_is_recorded_by_the_next_step(box: BoxRecord, rotation: KeyRotation) -> None:
    client = box.new_client()
    assert rotation.rotate() == {CLIENTS: 2, ROOT: 2}  # by command, or cut before the event
    box.clients.destroy(client)
    RotationWorker(rotation, box.store).step()
    assert recorded(box) == [(CLIENTS, 3), (ROOT, 2)]


def test_the_worker_looks_by_itself_and_a_refused_change_waits_for_the_next_look(
    box: BoxRecord, rotation: KeyRotation, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.clock.advance(91 * DAY)
    box.keys.root_made_at(box.clock.wall() - 91 * timedelta(days=1))
    refused, real = [], SealedKeyFolder.rotate_root

    def refuse_once(folder: SealedKeyFolder) -> int:
        if not refused:
            refused.append(1)
            raise OSError(28, "No space left on device")
        return real(folder)

    monkeypatch.setattr(SealedKeyFolder, "rotate_root", refuse_once)
    worker = RotationWorker(rotation, box.store, check_seconds=0.02)
    worker.start()
    eventually(lambda: recorded(box) == [(CLIENTS, 2), (ROOT, 2)])
    worker.stop()
    assert refused


@pytest.mark.req("I-12", "P-5")
def test_after_every_operation_on_keys_no_file_holds_a_secret_or_a_name_and_without_the_root_nothing_opens(
    box: BoxRecord, rotation: KeyRotation
) -> None:
    erased, kept = box.new_client("Ada Canary", "a note Canary"), box.new_client("Ben Canary")
    planted = [*box.keys.secrets().values(), box.clients.key_of(erased), box.clients.key_of(kept)]
    box.register.add(ClientRegistered(name="Cleo Canary"), "tester")
    rotation.rotate()
    box.clients.destroy(erased)
    box.clock.advance(91 * DAY)
    RotationWorker(rotation, box.store).step()
    planted += [*box.keys.secrets().values(), b"Canary", erased.encode(), kept.encode()]
    folder = box.folder
    for when in ("while it runs", "after it was stopped"):
        stored = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        found = [path.name for path, data in stored.items() for secret in planted if secret in data]
        assert found == [], when
        box.store.close()
        box.clients.close()
    for root in (folder / "keys").glob("root*.key"):
        root.rename(folder.parent / root.name)
    with pytest.raises(Exception, match="root_key_missing"):
        open_box_record(folder)
