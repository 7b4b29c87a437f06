import hashlib
import secrets
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import grpc
import pytest

from cloud.blobs.service import BlobsService
from cloud.blobs.store import BlobStore
from cloud.rpc.callers import Callers
from cloud.rpc.server import RpcServer
from shared.wire import medspa_pb2 as wire
from shared.wire import medspa_pb2_grpc as rpc
from tests.cloud.conftest import HubParts
from tests.support.box import FakeBox
from tests.support.servers import free_port

CHUNK = 1000


class Images:
    """A box's client of the image service."""

    def __init__(self, hub: HubParts, folder: Path, port: int) -> None:
        self.hub, self.folder, self.port = hub, folder, port
        self._channels: dict[str, grpc.Channel] = {}

    def stub(self, box: FakeBox) -> rpc.BlobsStub:
        """Return a client on the box's own connection."""
        if box.device not in self._channels:
            self._channels[box.device] = box.channel(self.port)
        return rpc.BlobsStub(self._channels[box.device])

    def close(self) -> None:
        for channel in self._channels.values():
            channel.close()

    def where(self, box: FakeBox, name: str, size: int) -> wire.BlobState:
        query = wire.BlobQuery(name=name, size=size)
        return self.stub(box).Where(query, timeout=10)

    def upload(self, box: FakeBox, name: str, data: bytes, start: int = 0, end: int | None = None) -> wire.BlobState:
        chunks = [
            wire.BlobChunk(name=name, size=len(data), offset=at, data=data[at : at + CHUNK])
            for at in range(start, len(data) if end is None else end, CHUNK)
        ]
        return self.stub(box).Upload(iter(chunks), timeout=10)

    def where_many(self, box: FakeBox, *queries: tuple[str, int]) -> wire.BlobStates:
        asked = wire.BlobQueries(queries=[wire.BlobQuery(name=name, size=size) for name, size in queries])
        return self.stub(box).WhereMany(asked, timeout=10)

    def download(self, box: FakeBox, name: str, offset: int = 0) -> list[wire.BlobChunk]:
        query = wire.BlobQuery(name=name, offset=offset)
        return list(self.stub(box).Download(query, timeout=10))

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def images(hub: HubParts, tmp_path: Path) -> Iterator[Images]:
    folder, port = tmp_path / "blobs", free_port()
    callers = Callers(hub.database)
    service = BlobsService(hub.database, callers, BlobStore(folder, 100_000), hub.metrics, hub.clock)
    server = RpcServer([partial(rpc.add_BlobsServicer_to_server, service)], "127.0.0.1", port, hub.authority.hub)
    server.start()
    made = Images(hub, folder, port)
    yield made
    made.close()
    server.stop()


def an_image(size: int = 4500) -> tuple[str, bytes]:
    data = secrets.token_bytes(size)
    return hashlib.sha256(data).hexdigest(), data
