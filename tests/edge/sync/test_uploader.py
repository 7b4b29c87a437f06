import os
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select

import edge.sync.uploader
from cloud.ingest.parking import ParkedDesk
from cloud.storage.tables import blobs
from edge.sync.aside import retry_images
from edge.sync.uploader import BlobUploader
from shared.clock import SystemClock
from shared.events.catalogue import complete_catalogue
from shared.events.catalogue.capture import (
    CaptureMetadata,
    CaptureStored,
    GateOutcome,
    ImageConfirmedDurable,
    StoredImage,
)
from shared.events.envelope import EventDraft
from shared.ids import BlobName, ClientId
from shared.vocabulary import GateProfileName, ImageKind, Sensitivity
from tests.edge.sync.rig import Rig
from tests.support.damage import flipped
from tests.support.hubs import TENANT, eventually

# Images do not go over the broker, so one broker is enough here.
pytestmark = [
    pytest.mark.system,
    # The collector may come by here for what the embedded broker left behind in tests before these.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.parametrize("hub", ["mosquitto"], indirect=True),
]


def photograph(rig: Rig, data: bytes) -> BlobName:
    """Put an image on record."""
    client = rig.record.new_client()
    sealed = rig.record.vault.put(client, ImageKind.ORIGINAL, data, rig.record.clients.key_of(client))
    image = StoredImage(
        name=sealed.name, kind=ImageKind.ORIGINAL, size=sealed.size, media_type="image/jpeg", width=2, height=2
    )
    stored = CaptureStored(
        metadata=CaptureMetadata(camera="import", protocol="front", source="import"),
        images=(image,),
        gate=GateOutcome(profile=GateProfileName.IMPORT, passed=True, codes=(), measures={}),
    )
    aggregate = f"capture/{rig.record.ids.new()}"
    rig.record.store.append([EventDraft(aggregate, stored, "tester", "test", Sensitivity.HEALTH, ClientId(client))])
    return sealed.name


def confirmed(rig: Rig) -> list[str]:
    """Return the names in the confirming events, in order."""
    return [
        str(event.fields.payload["name"])
        for event in rig.record.store.read(0, 10_000)
        if event.fields.type == ImageConfirmedDurable.event_type
    ]


def at_hub(rig: Rig, name: BlobName) -> bytes | None:
    with rig.hub.database.read(TENANT) as connection:
        found = connection.execute(select(blobs.c.state).where(blobs.c.name == name)).scalar_one_or_none()
    return (rig.hub.settings.blobs_folder / TENANT / name).read_bytes() if found == "durable" else None


def test_images_arrive_as_they_lie_in_the_vault_and_each_is_confirmed_by_one_event(rig: Rig) -> None:
    names = [photograph(rig, os.urandom(5000 + number)) for number in range(3)]
    rig.uploader.start()
    eventually(lambda: len(confirmed(rig)) == 3)
    assert confirmed(rig) == names
    for name in names:
        assert at_hub(rig, name) == rig.record.vault.sealed_bytes(name, ImageKind.ORIGINAL)
    assert rig.record.store.rows("SELECT count(*) FROM images WHERE confirmed = 0") == [(0,)]


def test_an_upload_that_was_cut_goes_on_where_it_stopped(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    name = photograph(rig, os.urandom(3 * 1024 * 1024))
    part = rig.hub.settings.blobs_folder / TENANT / f"{name}.part"
    real = edge.sync.uploader._chunks
    offsets: list[int] = []
    ends: list[int] = []

    def cut_in_mid_stream(blob: BlobName, sealed: bytes, offset: int) -> Iterator[object]:
        offsets.append(offset)
        try:
            for number, chunk in enumerate(real(blob, sealed, offset)):
                if len(offsets) == 1 and number == 20:
                    eventually(lambda: part.exists() and part.stat().st_size > 0)
                    rig.network.sever()
                yield chunk
        finally:
            ends.append(offset)

    monkeypatch.setattr(edge.sync.uploader, "_chunks", cut_in_mid_stream)
    rig.uploader.start()
    # Until the sender has given up: what it tries while it is still connecting anew would only come a little later.
    eventually(lambda: rig.network.cuts == 1 and ends == [0], 40)
    assert (at_hub(rig, name), confirmed(rig)) == (None, [])
    rig.network.restore()
    eventually(lambda: confirmed(rig) == [name], 40)
    assert offsets[0] == 0
    assert 0 < offsets[-1] < 3 * 1024 * 1024
    assert at_hub(rig, name) == rig.record.vault.sealed_bytes(name, ImageKind.ORIGINAL)
    assert not part.exists()


def test_a_damaged_and_a_missing_image_are_set_aside_and_hold_nobody_up(rig: Rig) -> None:
    damaged, missing, good = (photograph(rig, os.urandom(4000)) for _ in range(3))
    path = rig.record.vault.path(damaged, ImageKind.ORIGINAL)
    path.write_bytes(flipped(path.read_bytes()))
    rig.record.vault.path(missing, ImageKind.ORIGINAL).unlink()
    rig.uploader.start()
    eventually(lambda: confirmed(rig) == [good])
    assert rig.uploader.set_aside == {damaged: "image_damaged", missing: "image_missing"}
    assert (at_hub(rig, damaged), at_hub(rig, missing)) == (None, None)
    later = photograph(rig, os.urandom(4000))
    eventually(lambda: confirmed(rig) == [good, later])


@pytest.mark.req("P-6", "I-10", "F-11")
def test_an_image_set_aside_is_on_record_at_the_hub_and_is_sent_again_when_a_person_says_so(rig: Rig) -> None:
    name = photograph(rig, os.urandom(4000))
    path = rig.record.vault.path(name, ImageKind.ORIGINAL)
    sound = path.read_bytes()
    path.write_bytes(flipped(sound))
    rig.link.start()
    rig.uploader.start()
    eventually(lambda: rig.uploader.set_aside == {name: "image_damaged"})
    rig.wait_acknowledged()
    desk = ParkedDesk(rig.hub.database, complete_catalogue(), SystemClock())
    device = rig.record.store.identity.device
    eventually(lambda: [item for item in desk.list(TENANT) if item.device == device])
    shown = next(item for item in desk.list(TENANT) if item.device == device)
    assert (shown.type, shown.reason.partition(":")[0]) == ("image.set_aside", "image_set_aside")
    assert desk.replay(TENANT, shown.event, "owner").set_aside == 1
    path.write_bytes(sound)
    assert retry_images(rig.record.store, "owner") == [name]
    eventually(lambda: confirmed(rig) == [name])
    assert rig.uploader.set_aside == {}
    rig.wait_acknowledged()
    assert desk.replay(TENANT, shown.event, "owner").set_aside == 0
    assert [item for item in desk.list(TENANT) if item.device == device] == []


def test_what_the_hub_has_already_is_confirmed_without_being_sent_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = photograph(rig, os.urandom(4000))
    with monkeypatch.context() as patch:
        crashed: list[object] = []
        patch.setattr(BlobUploader, "_confirm", lambda _self, images, _epoch: crashed.extend(images))
        rig.uploader.start()
        eventually(lambda: crashed)
        rig.uploader.stop()
    assert (at_hub(rig, name) is not None, confirmed(rig)) == (True, [])
    sent: list[object] = []
    real = edge.sync.uploader._chunks
    monkeypatch.setattr(edge.sync.uploader, "_chunks", lambda *given: sent.append(given) or real(*given))
    second = restarted(rig)
    second.start()
    eventually(lambda: confirmed(rig) == [name])
    second.stop()
    assert sent == []


def test_images_wait_while_many_events_wait(rig: Rig) -> None:
    asked: list[int] = []
    backlog = [1001]

    def waiting() -> int:
        asked.append(backlog[0])
        return backlog[0]

    uploader = restarted(rig, waiting)
    name = photograph(rig, os.urandom(4000))
    uploader.start()
    eventually(lambda: asked)
    assert (confirmed(rig), at_hub(rig, name)) == ([], None)
    backlog[0] = 0
    eventually(lambda: confirmed(rig) == [name])
    assert asked[0] == 1001
    uploader.stop()


def restarted(rig: Rig, backlog: Callable[[], int] = lambda: 0) -> BlobUploader:
    return BlobUploader(rig.record.store, rig.record.vault, rig.channel, backlog, lambda _client: True)
