"""A client withdraws while an image of theirs is on its way to the hub."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import edge.sync.uploader
from edge.sync.hub_channel import HubChannel
from edge.sync.uploader import CHUNK_BYTES, BlobUploader
from shared.events.catalogue.capture import (
    CaptureMetadata,
    CaptureStored,
    GateOutcome,
    ImageConfirmedDurable,
    StoredImage,
)
from shared.events.envelope import EventDraft
from shared.ids import BlobName, ClientId
from shared.vocabulary import ConsentDecision, ConsentPurpose, GateProfileName, ImageKind
from shared.wire import medspa_pb2 as wire
from shared.wire import medspa_pb2_grpc as rpc
from tests.edge.sync.rig import Rig
from tests.support.hubs import TENANT, eventually
from tests.support.network import BadNetwork
from tests.support.promises import Tally
from tests.support.servers import free_port

pytestmark = [
    pytest.mark.system,
    pytest.mark.req("I-20", "F-25"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.parametrize("hub", ["mosquitto"], indirect=True),
]
RECORD = ConsentPurpose.TREATMENT_RECORD


@pytest.fixture
def slow(rig: Rig) -> Iterator[BadNetwork]:
    """A line of 200,000 bytes a second to the hub's image service."""
    network = BadNetwork({free_port(): rig.hub.settings.rpc.port})
    network.up.bytes_per_second = 200_000
    network.start()
    yield network
    network.stop()


def photograph(rig: Rig, client: ClientId, size: int) -> BlobName:
    sealed = rig.record.vault.put(client, ImageKind.ORIGINAL, os.urandom(size), rig.record.clients.key_of(client))
    image = StoredImage(
        name=sealed.name, kind=ImageKind.ORIGINAL, size=sealed.size, media_type="image/jpeg", width=2, height=2
    )
    gate = GateOutcome(profile=GateProfileName.IMPORT, passed=True, codes=(), measures={})
    stored = CaptureStored(metadata=CaptureMetadata(camera="import", protocol="front"), images=(image,), gate=gate)
    aggregate = f"capture/{rig.record.ids.new()}"
    rig.record.store.append([EventDraft(aggregate, stored, "tester", "test", client=client)])
    return sealed.name


def uploader_of(rig: Rig, port: int) -> BlobUploader:
    def may_leave(client: ClientId) -> bool:
        return RECORD in rig.record.consent.granted(client)

    channel = HubChannel(f"127.0.0.1:{port}", rig.channel._credentials)
    return BlobUploader(rig.record.store, rig.record.vault, channel, lambda: 0, may_leave)


def part_of(rig: Rig, name: BlobName) -> Path:
    return rig.hub.settings.blobs_folder / TENANT / f"{name}.part"


def size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def confirmed(rig: Rig) -> set[str]:
    types = (ImageConfirmedDurable.event_type,)
    return {str(e.fields.payload["name"]) for e in rig.record.store.read(0, 10_000) if e.fields.type in types}


def grant(rig: Rig, client: ClientId) -> None:
    words = rig.record.consent.texts.text("en")
    rig.record.consent.record(client, "en", words.version, [(RECORD, ConsentDecision.GRANTED)], "[]", "tester")


def test_on_a_slow_line_no_chunk_leaves_after_the_withdrawal_and_the_hub_keeps_no_part(
    rig: Rig, slow: BadNetwork, tally: Tally
) -> None:
    withdraws, stays = rig.record.new_client(), rig.record.new_client("Bo Canary")
    name = photograph(rig, withdraws, 40 * CHUNK_BYTES)
    other = photograph(rig, stays, CHUNK_BYTES)
    part = part_of(rig, name)
    uploader = uploader_of(rig, slow.routes[0].listen_port)
    uploader.start()
    try:
        eventually(lambda: size_of(part) >= 3 * CHUNK_BYTES)
        rig.record.consent.withdraw(withdraws, RECORD, "", "tester")
        there = size_of(part)
        seen = [there]

        def the_other_has_arrived() -> bool:
            seen.append(size_of(part))
            return confirmed(rig) == {other}

        eventually(the_other_has_arrived, 60)
        eventually(lambda: not part.exists())
        # What was on the line when the withdrawal was committed is one chunk, and it is thrown away with the rest.
        assert max(seen) <= there + CHUNK_BYTES
        assert not (rig.hub.settings.blobs_folder / TENANT / name).exists()
        tally.injected(1)
        grant(rig, withdraws)
        slow.up.bytes_per_second = None
        eventually(lambda: confirmed(rig) == {name, other}, 60)
    finally:
        uploader.stop()


class Watched:
    """The real stub, noting each chunk as it is handed over; something happens after a chosen one."""

    def __init__(self, real: rpc.BlobsStub, after: int, happens: Callable[[], None]) -> None:
        self._real, self._after, self._happens = real, after, happens
        self.handed: list[int] = []
        self.dropped: list[str] = []
        self.WhereMany = real.WhereMany

    def Upload(self, chunks: Iterator[wire.BlobChunk], timeout: float) -> wire.BlobState:  # noqa: N802
        sent = list(chunks)
        self.handed += [chunk.offset for chunk in sent]
        state: wire.BlobState = self._real.Upload(iter(sent), timeout=timeout)
        if len(self.handed) == self._after:
            self._happens()
        return state

    def Drop(self, queries: wire.BlobQueries, timeout: float) -> wire.BlobStates:  # noqa: N802
        self.dropped += [query.name for query in queries.queries]
        states: wire.BlobStates = self._real.Drop(queries, timeout=timeout)
        return states


@pytest.mark.parametrize("after", [1, 2, 4])
def test_a_withdrawal_between_two_chunks_ends_the_upload_there(rig: Rig, after: int, tally: Tally) -> None:
    client = rig.record.new_client()
    name = photograph(rig, client, 5 * CHUNK_BYTES)
    uploader = uploader_of(rig, rig.hub.settings.rpc.port)
    with rig.channel.open() as channel:
        stub = Watched(rpc.BlobsStub(channel), after, lambda: rig.record.consent.withdraw(client, RECORD, "", "tester"))
        uploader.step(stub)  # type: ignore[arg-type]
        tally.injected(1)
        assert stub.handed == [number * CHUNK_BYTES for number in range(after)]
        assert size_of(part_of(rig, name)) == after * CHUNK_BYTES
        for _ in range(3):
            uploader.step(stub)  # type: ignore[arg-type]
        # The hub is told once, and has nothing of it left.
        assert (len(stub.handed), stub.dropped) == (after, [name])
        assert not part_of(rig, name).exists()


def test_the_hub_is_told_of_a_withdrawal_made_while_the_box_was_offline(rig: Rig) -> None:
    client = rig.record.new_client()
    name = photograph(rig, client, 3 * CHUNK_BYTES)
    with rig.channel.open() as channel:
        first = wire.BlobChunk(name=name, size=3 * CHUNK_BYTES + 100, offset=0, data=b"x" * CHUNK_BYTES)
        rpc.BlobsStub(channel).Upload(iter((first,)), timeout=20)
    assert part_of(rig, name).exists()
    rig.record.consent.withdraw(client, RECORD, "", "tester")
    restarted = uploader_of(rig, rig.hub.settings.rpc.port)
    restarted.start()
    eventually(lambda: not part_of(rig, name).exists())
    restarted.stop()


@pytest.mark.req("I-10")
def test_many_images_that_may_not_leave_hold_up_nobody_behind_them(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge.sync.uploader, "MAX_QUERIES", 3)
    withdraws, stays = rig.record.new_client(), rig.record.new_client("Bo Canary")
    for _ in range(7):
        photograph(rig, withdraws, 100)
    rig.record.consent.withdraw(withdraws, RECORD, "", "tester")
    allowed = photograph(rig, stays, 100)
    uploader = uploader_of(rig, rig.hub.settings.rpc.port)
    uploader.start()
    eventually(lambda: confirmed(rig) == {allowed})
    uploader.stop()
