"""Sends images to the hub: resumable, verified by hash there, and never in the way of events.

Chunks go one at a time, the next only when the hub has answered for the one before and the client still allows it: so
what is under way when a client withdraws is one chunk at most. The hub then throws away what has come of the image.

What a former life of the hub has confirmed is asked for again, many at once; what the present one lacks is sent again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import grpc
import structlog

from edge.store.errors import ImageMissing, StorageBroken
from edge.store.events import SqlcipherEventStore
from edge.store.hub_life import WAITING_IMAGES, HubLife
from edge.store.vault import ImageVault
from edge.sync.aside import images_set_aside
from edge.sync.hub_channel import HubChannel
from shared.events.catalogue.capture import ImageConfirmedDurable, ImageSetAside
from shared.events.catalogue.erasure import ImageRefused
from shared.events.envelope import EventDraft
from shared.ids import BlobName, ClientId
from shared.vocabulary import ImageKind
from shared.wire import medspa_pb2 as wire
from shared.wire import medspa_pb2_grpc as rpc
from shared.wire.limits import MAX_QUERIES
from shared.worker import Worker

# A chunk counts only when all of it has come: at 64 kbit/s this takes 8 s of the deadline's 60.
CHUNK_BYTES: Final = 64 * 1024
_DEADLINE_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 1.0
_EVENTS_FIRST: Final = 1000
_REFUSALS: Final = frozenset(
    {grpc.StatusCode.DATA_LOSS, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION}
)


@dataclass(frozen=True, slots=True)
class _Waiting:
    name: BlobName
    kind: ImageKind
    size: int
    capture: str
    client: ClientId


class BlobUploader:
    """Uploads every image the hub has not confirmed, one at a time, on its own thread."""

    def __init__(
        self,
        store: SqlcipherEventStore,
        vault: ImageVault,
        hub: HubChannel,
        event_backlog: Callable[[], int],
        may_leave: Callable[[ClientId], bool],
    ) -> None:
        """Keep the collaborators.

        Args:
            store: the log; says what waits and takes the confirmations.
            vault: the sealed images.
            hub: the connection to the image service.
            event_backlog: returns how many events wait; above a bound images wait for them.
            may_leave: tells whether a client allows, at this moment, that an image leaves the box.
        """
        self._store = store
        self._vault = vault
        self._channel = hub.open()
        self._event_backlog = event_backlog
        self._may_leave = may_leave
        self._life = HubLife(store)
        self._withheld: list[_Waiting] = []
        self._dropped: set[BlobName] = set()
        self._log = structlog.get_logger()
        self._trouble = ""
        stub = rpc.BlobsStub(self._channel)
        self._worker = Worker("blob-uploader", lambda: self.step(stub), every=_PAUSE_SECONDS)

    @property
    def set_aside(self) -> dict[BlobName, str]:
        """Images that could not be sent, with the reason; they wait for a person and block nothing."""
        return images_set_aside(self._store)

    def start(self) -> None:
        """Upload until `stop`."""
        self._worker.start()

    def stop(self) -> None:
        """Stop; an upload under way resumes after the next start."""
        self._worker.stop()
        self._channel.close()

    def step(self, stub: rpc.BlobsStub) -> None:
        """Upload what waits; a hub that cannot be reached is tried again.

        Raises:
            Retryable: the record refuses; images wait, and are tried again.
        """
        try:
            self._upload_waiting(stub)
            self._drop_withheld(stub)
        except grpc.RpcError as error:
            # One line when the trouble begins, not one for each attempt of a week offline.
            if error.code().name != self._trouble:
                self._trouble = error.code().name
                self._log.info("hub_not_reached_for_images", code=self._trouble)
        else:
            self._trouble = ""

    def _upload_waiting(self, stub: rpc.BlobsStub) -> None:
        waiting = self._waiting()
        if not waiting or self._must_pause():
            return
        states = self._ask(stub, waiting)
        self._confirm([image for image in waiting if states[image.name].durable], states[waiting[0].name].hub_epoch)
        for image in waiting:
            if states[image.name].refused:
                self._give_up(image)
                continue
            if states[image.name].durable:
                continue
            if self._must_pause():
                return
            self._send(stub, image, int(states[image.name].offset))

    def _ask(self, stub: rpc.BlobsStub, waiting: list[_Waiting]) -> dict[BlobName, wire.BlobState]:
        queries = [wire.BlobQuery(name=image.name, size=image.size) for image in waiting]
        try:
            states = list(stub.WhereMany(wire.BlobQueries(queries=queries), timeout=_DEADLINE_SECONDS).states)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                raise
            # A hub of the version before: it answers one question at a time.
            states = [stub.Where(query, timeout=_DEADLINE_SECONDS) for query in queries]
        return {image.name: state for image, state in zip(waiting, states, strict=True)}

    def _send(self, stub: rpc.BlobsStub, image: _Waiting, offset: int) -> None:
        try:
            sealed = self._vault.sealed_bytes(image.name, image.kind)
            for chunk in _chunks(image.name, sealed, offset):
                if self._must_pause() or not self._may_leave(image.client):
                    return
                self._dropped.discard(image.name)
                state = stub.Upload(iter((chunk,)), timeout=_DEADLINE_SECONDS)
                if state.durable:
                    self._confirm([image], state.hub_epoch)
                    return
        except (ImageMissing, StorageBroken) as error:
            self._put_aside(image, error.code)
            self._log.error("image_cannot_be_sent", blob=image.name, code=error.code)
        except grpc.RpcError as error:
            if error.code() not in _REFUSALS:
                raise
            self._refused(image, error.code())
            self._log.error("image_refused_by_hub", blob=image.name, code=error.code().name)

    def _must_pause(self) -> bool:
        return self._worker.stopping or self._event_backlog() > _EVENTS_FIRST

    def _drop_withheld(self, stub: rpc.BlobsStub) -> None:
        """Have the hub throw away the parts of images that may not leave any more; told again after a restart."""
        news = [image for image in self._withheld if image.name not in self._dropped][:MAX_QUERIES]
        if not news:
            return
        queries = [wire.BlobQuery(name=image.name, size=image.size) for image in news]
        try:
            stub.Drop(wire.BlobQueries(queries=queries), timeout=_DEADLINE_SECONDS)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                raise
            # A hub of the version before keeps the part, which nobody completes and nobody can open.
        self._dropped.update(image.name for image in news)

    def _refused(self, image: _Waiting, code: grpc.StatusCode) -> None:
        if code is grpc.StatusCode.FAILED_PRECONDITION:
            self._give_up(image)
        elif code is not grpc.StatusCode.DATA_LOSS:
            # After DATA_LOSS the hub has thrown away a part damaged on the way; that image is sent anew.
            self._put_aside(image, code.name.lower())

    def _put_aside(self, image: _Waiting, reason: str) -> None:
        """Keep on record that an image cannot be sent; the hub shows it to people, and a person lets it go again."""
        payload = ImageSetAside(name=image.name, reason=reason[:64])
        self._store.append([EventDraft(f"image/{image.name}", payload, "box", "sync")])

    def _give_up(self, image: _Waiting) -> None:
        """Keep on record that the hub never takes an image: its client is deleted, or had withdrawn."""
        self._store.append([EventDraft(f"capture/{image.capture}", ImageRefused(name=image.name), "box", "sync")])

    def _waiting(self) -> list[_Waiting]:
        """Return images that may leave now, and note those among them that may not."""
        rows = self._store.rows(WAITING_IMAGES, (MAX_QUERIES + len(self._withheld),))
        waiting: list[_Waiting] = []
        withheld: list[_Waiting] = []
        for name, kind, size, capture, client in rows:
            image = _Waiting(BlobName(name), ImageKind(kind), size, capture, ClientId(client))
            (waiting if self._may_leave(image.client) else withheld).append(image)
        self._withheld = withheld
        return waiting[:MAX_QUERIES]

    def _confirm(self, images: list[_Waiting], hub_epoch: str) -> None:
        if not images:
            return
        self._life.heard(hub_epoch)
        self._store.append(
            [
                EventDraft(
                    f"capture/{image.capture}",
                    ImageConfirmedDurable(name=image.name, hub_epoch=hub_epoch or self._life.epoch()),
                    "box",
                    "sync",
                )
                for image in images
            ]
        )


def _chunks(name: BlobName, sealed: bytes, offset: int) -> Iterator[wire.BlobChunk]:
    # A hub that was cut off with every byte but no end gets one empty chunk, so that it can finish.
    for start in range(offset, len(sealed), CHUNK_BYTES) or (offset,):
        yield wire.BlobChunk(name=name, size=len(sealed), offset=start, data=sealed[start : start + CHUNK_BYTES])
