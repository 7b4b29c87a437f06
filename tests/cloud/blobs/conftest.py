import hashlib
import secrets
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import grpc
import pytest

from cloud.blobs.service import SERVICE, BlobsService
from cloud.blobs.store import BlobStore
from cloud.rpc.callers import Callers
from cloud.rpc.server import RpcServer
from shared.crypto.identity import DeviceIdentity
from shared.wire import medspa_pb2 as wire
from shared.wire import medspa_pb2_grpc as rpc
from tests.cloud.conftest import HubParts
from tests.support.box import FakeBox
from tests.support.servers import free_port

CHUNK = 1000


class Images:
    """A box's client of the image service."""

    def __init__(self, hub: HubParts, folder: Path, stub: rpc.BlobsStub) -> None:
        self.hub, self.folder, self.stub = hub, folder, stub

    def proof(self, box: FakeBox, method: str, identity: DeviceIdentity | None = None) -> tuple[tuple[str, str], ...]:
        issued = (identity or box.identity).issue_pass(box.device, f"{SERVICE}/{method}", self.hub.clock.wall())
        return (("medspa-pass", issued),)

    def where(self, box: FakeBox, name: str, size: int) -> wire.BlobState:
        query = wire.BlobQuery(name=name, size=size)
        return self.stub.Where(query, metadata=self.proof(box, "Where"), timeout=10)

    def upload(self, box: FakeBox, name: str, data: bytes, start: int = 0, end: int | None = None) -> wire.BlobState:
        chunks = [
            wire.BlobChunk(name=name, size=len(data), offset=at, data=data[at : at + CHUNK])
            for at in range(start, len(data) if end is None else end, CHUNK)
        ]
        return self.stub.Upload(iter(chunks), metadata=self.proof(box, "Upload"), timeout=10)

    def where_many(self, box: FakeBox, *queries: tuple[str, int]) -> wire.BlobStates:
        asked = wire.BlobQueries(queries=[wire.BlobQuery(name=name, size=size) for name, size in queries])
        return self.stub.WhereMany(asked, metadata=self.proof(box, "WhereMany"), timeout=10)

    def download(self, box: FakeBox, name: str, offset: int = 0) -> list[wire.BlobChunk]:
        query = wire.BlobQuery(name=name, offset=offset)
        return list(self.stub.Download(query, metadata=self.proof(box, "Download"), timeout=10))

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def images(hub: HubParts, tmp_path: Path) -> Iterator[Images]:
    folder, port = tmp_path / "blobs", free_port()
    callers = Callers(hub.database, hub.clock)
    service = BlobsService(hub.database, callers, BlobStore(folder, 100_000), hub.metrics, hub.clock)
    server = RpcServer([partial(rpc.add_BlobsServicer_to_server, service)], "127.0.0.1", port)
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=(("grpc.enable_http_proxy", 0),)) as channel:
        yield Images(hub, folder, rpc.BlobsStub(channel))
    server.stop()


def an_image(size: int = 4500) -> tuple[str, bytes]:
    data = secrets.token_bytes(size)
    return hashlib.sha256(data).hexdigest(), data
