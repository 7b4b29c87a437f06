"""Room is made on a real record: what goes, what stays, and what a crash in between leaves."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.store.errors import ImageMissing, StorageFull
from edge.store.hub_life import HubLife
from edge.store.pruner import ImagePruner, PruningOverruled, RoomSettings
from edge.store.pruning import PruningPolicy
from edge.store.vault import ImageVault
from edge.visits.library import CaptureLibrary, ImageAtHub
from shared.errors import Retryable
from shared.events.catalogue.capture import (
    CaptureMetadata,
    CaptureStored,
    GateOutcome,
    ImageConfirmedDurable,
    StoredImage,
)
from shared.events.catalogue.images import ImagePruned
from shared.events.catalogue.system import BoxStarted
from shared.events.envelope import EventDraft
from shared.ids import BlobName, ClientId
from shared.vocabulary import GateProfileName, ImageKind, Sensitivity
from tests.support.promises import Tally
from tests.support.records import BoxRecord, open_box_record

DAY = 24 * 3600
BYTES = 3000


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path)
    HubLife(record.store).heard("life-1")
    yield record
    record.store.close()


def pruner(box: BoxRecord, max_bytes: int = 1, keep_newest: int = 0) -> ImagePruner:
    room, policy = RoomSettings(max_bytes, 0), PruningPolicy(30, keep_newest)
    return ImagePruner(box.store, box.vault, room, policy, box.clock, "UTC")


def photograph(box: BoxRecord, client: ClientId, size: int = BYTES) -> tuple[str, BlobName, BlobName]:
    """Take a photograph, as the intake stores one, and return its capture, original and preview."""
    key, capture = box.clients.key_of(client), f"capture/{box.ids.new()}"
    images = []
    for kind, share in ((ImageKind.ORIGINAL, size), (ImageKind.DERIVED, size // 10)):
        sealed = box.vault.put(client, kind, os.urandom(share), key)
        images.append(
            StoredImage(name=sealed.name, kind=kind, size=sealed.size, media_type="image/jpeg", width=1, height=1)
        )
    gate = GateOutcome(profile=GateProfileName.IMPORT, passed=True, codes=(), measures={})
    stored = CaptureStored(metadata=CaptureMetadata(camera="t", protocol="p"), images=tuple(images), gate=gate)
    box.store.append([EventDraft(capture, stored, "tester", "test", Sensitivity.HEALTH, client)])
    return capture, BlobName(images[0].name), BlobName(images[1].name)


def confirm(box: BoxRecord, capture: str, name: BlobName, life: str = "life-1") -> None:
    box.store.append([EventDraft(capture, ImageConfirmedDurable(name=name, hub_epoch=life), "box", "sync")])


def held(box: BoxRecord) -> set[BlobName]:
    return box.vault.names(ImageKind.ORIGINAL) | box.vault.names(ImageKind.DERIVED)


@pytest.mark.req("P-7", "I-06", "I-09")
def test_derived_images_go_first_and_then_only_old_originals_that_this_hub_has_confirmed(box: BoxRecord) -> None:
    client = box.new_client()
    old = [photograph(box, client) for _ in range(3)]
    confirm(box, old[0][0], old[0][1])
    confirm(box, old[1][0], old[1][1], "a life before")
    box.clock.advance(31 * DAY)
    today = photograph(box, client)
    confirm(box, today[0], today[1])
    assert pruner(box).step() > 0
    assert held(box) == {old[1][1], old[2][1], today[1], today[2]}


@pytest.mark.req("P-7")
def test_derived_images_alone_go_when_that_is_room_enough(box: BoxRecord) -> None:
    client = box.new_client()
    capture, original, preview = photograph(box, client)
    confirm(box, capture, original)
    box.clock.advance(31 * DAY)
    used = box.vault.used_bytes()
    pruner(box, max_bytes=int((used - 10) / 0.9)).step()
    assert held(box) == {original}
    assert preview not in held(box)


@pytest.mark.req("P-7")
def test_nothing_goes_while_there_is_room(box: BoxRecord) -> None:
    capture, original, _ = photograph(box, box.new_client())
    confirm(box, capture, original)
    box.clock.advance(40 * DAY)
    before = held(box)
    assert pruner(box, max_bytes=10**9).step() == 0
    assert held(box) == before


@pytest.mark.req("P-7", "I-06", "F-19")
def test_an_image_without_a_row_is_never_touched(box: BoxRecord) -> None:
    client = box.new_client()
    nameless = box.vault.put(client, ImageKind.ORIGINAL, b"x" * BYTES, box.clients.key_of(client)).name
    box.clock.advance(400 * DAY)
    worker = pruner(box)
    worker.step()
    worker.finish()
    assert held(box) == {nameless}


@pytest.mark.req("P-7", "I-01", "I-06")
def test_a_crash_between_record_and_removal_leaves_a_file_for_the_next_start(
    box: BoxRecord, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    capture, original, preview = photograph(box, box.new_client())
    confirm(box, capture, original)
    box.clock.advance(31 * DAY)

    def die(*_: object) -> bool:
        raise KeyboardInterrupt

    worker = pruner(box)
    with monkeypatch.context() as patch:
        patch.setattr(ImageVault, "remove", die)
        with pytest.raises(KeyboardInterrupt):
            worker.step()
    tally.injected(1)
    assert held(box) == {original, preview}
    pruned = [event for event in box.store.read(0, 1000) if event.fields.type == ImagePruned.event_type]
    assert len(pruned) == 1
    assert pruner(box).finish() == len(pruned)
    assert held(box) == {original}
    assert box.store.verify().intact


@pytest.mark.req("P-7", "I-06")
def test_a_crash_before_the_record_is_written_removes_nothing(box: BoxRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    capture, original, preview = photograph(box, box.new_client())
    confirm(box, capture, original)
    box.clock.advance(31 * DAY)

    def full(*_: object, **__: object) -> None:
        raise StorageFull("storage_full", "no")

    worker = pruner(box)
    with monkeypatch.context() as patch:
        patch.setattr(type(box.store), "append", full)
        with pytest.raises(StorageFull):
            worker.step()
    assert held(box) == {original, preview}


@pytest.mark.req("P-7", "I-06", "I-17", "F-13")
def test_a_hub_restored_between_choosing_and_removing_overrules_it(
    box: BoxRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture, original, preview = photograph(box, box.new_client())
    confirm(box, capture, original)
    box.vault.remove(preview, ImageKind.DERIVED)
    box.clock.advance(31 * DAY)
    worker = pruner(box)
    real = worker._remove
    monkeypatch.setattr(worker, "_remove", lambda images: (HubLife(box.store).heard("life-2"), real(images))[1])
    worker._remove([])
    monkeypatch.setattr(worker, "_held", lambda kind: iter(found if kind is ImageKind.ORIGINAL else []))
    HubLife(box.store).heard("life-1")
    found = list(ImagePruner._held(worker, ImageKind.ORIGINAL))
    assert [image.confirmed for image in found] == [True]
    with pytest.raises(PruningOverruled):
        worker.step()
    assert held(box) == {original}


class Hub:
    """Stands where the hub's images are read from; `down` makes it silent."""

    def __init__(self, sealed: dict[BlobName, bytes]) -> None:
        self.sealed, self.down = sealed, False

    def image(self, name: BlobName, size: int) -> bytes | None:
        del size
        if self.down:
            raise Retryable("hub_silent", "no")
        return self.sealed.get(name)


@pytest.mark.req("P-7", "I-19")
def test_a_photograph_that_made_room_is_shown_from_the_hub_and_said_to_be_there_while_offline(box: BoxRecord) -> None:
    capture, original, _ = photograph(box, box.new_client())
    hub = Hub({original: box.vault.sealed_bytes(original, ImageKind.ORIGINAL)})
    library = CaptureLibrary(box.store, box.vault, box.clients, hub)
    number = capture.removeprefix("capture/")
    shown = library.open_image(number, ImageKind.ORIGINAL, "care", "tester")
    confirm(box, capture, original)
    box.clock.advance(31 * DAY)
    pruner(box).step()
    assert library.open_image(number, ImageKind.ORIGINAL, "care", "tester") == shown
    hub.down = True
    with pytest.raises(ImageAtHub):
        library.open_image(number, ImageKind.ORIGINAL, "care", "tester")
    hub.down, hub.sealed = False, {}
    with pytest.raises(ImageMissing):
        library.open_image(number, ImageKind.ORIGINAL, "care", "tester")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    command = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(tmp_path)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small file system needs root")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def until_refused(box: BoxRecord, client: ClientId) -> list[tuple[str, BlobName, BlobName]]:
    """Take photographs until none is taken any more."""
    taken: list[tuple[str, BlobName, BlobName]] = []
    with contextlib.suppress(StorageFull):
        while len(taken) < 1000:
            taken.append(photograph(box, client, 200_000))
    assert len(taken) < 1000
    return taken


@pytest.mark.req("P-7", "I-06", "I-09", "F-03")
def test_on_a_full_disk_capture_stops_before_the_database_and_works_again_by_itself(
    small_disk: Path, tally: Tally
) -> None:
    box = open_box_record(small_disk)
    HubLife(box.store).heard("life-1")
    box.vault = ImageVault(small_disk / "data" / "vault", 8 * 1024 * 1024)
    taken = until_refused(box, client := box.new_client())
    tally.injected(1)
    assert taken
    for _ in range(200):  # everything but photographs goes on
        box.store.append([EventDraft("box/b", BoxStarted(software="x", clean=True), "box", "operation")])
    room, policy = RoomSettings(10**9, 9 * 1024 * 1024), PruningPolicy(30, 0)
    worker = ImagePruner(box.store, box.vault, room, policy, box.clock, "UTC")
    box.clock.advance(31 * DAY)
    for capture, original, _ in taken[: len(taken) // 2]:
        confirm(box, capture, original)
    assert worker.step() > 0
    again = photograph(box, client, 200_000)
    kept = [original for _, original, _ in taken[len(taken) // 2 :]]
    assert set(kept) <= box.vault.names(ImageKind.ORIGINAL)
    assert again[1] in box.vault.names(ImageKind.ORIGINAL)
    assert box.store.verify().intact
    tally.acknowledged(box.store.head().seq)
    tally.lost(0)
    box.store.close()
