"""Released bundles on their way from a hub to a box, over the real gRPC server."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud.releases.service import BundlesService
from cloud.releases.shelf import Shelf
from cloud.rpc.callers import Callers
from cloud.rpc.server import RpcServer
from edge.sync.bundles import BundleFetcher, BundleRefused, FetchInterrupted
from edge.sync.hub_channel import HubChannel
from shared.crypto.release import Release, ReleaseForged, key_id
from shared.errors import Rejected
from shared.wire import bundle_pb2 as wire
from shared.wire import bundle_pb2_grpc as rpc
from shared.wire.limits import BUNDLE_CHUNK_BYTES, MAX_RPC_BYTES
from tests.cloud.conftest import HubParts
from tests.support.damage import flipped
from tests.support.servers import free_port

DATA = os.urandom(3 * BUNDLE_CHUNK_BYTES + 123)


class Site:
    """A hub with one release, and what a box needs to fetch it."""

    def __init__(self, hub: HubParts, folder: Path, port: int) -> None:
        self.folder, self.port, self.key = folder, port, Ed25519PrivateKey.generate()
        self.shelf = Shelf(folder / "shelf")
        self.box = hub.box()
        archive = folder / "skin.zip"
        archive.write_bytes(DATA)
        self.shelf.put("skin", "1.0.0", archive, self.key)

    def fetcher(self, max_bytes: int = 10**8, trusted: frozenset[str] | None = None) -> BundleFetcher:
        channel = HubChannel(f"127.0.0.1:{self.port}", lambda: self.box.credentials)
        known = frozenset({key_id(self.key.public_key())}) if trusted is None else trusted
        return BundleFetcher(channel, self.folder / "staging", known, max_bytes)

    @property
    def staged(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "staging").glob("*"))


@pytest.fixture
def site(sqlite_hub: HubParts, tmp_path: Path) -> Iterator[Site]:
    port = free_port()
    made = Site(sqlite_hub, tmp_path, port)
    service = BundlesService(Callers(sqlite_hub.database), made.shelf)
    add = partial(rpc.add_BundlesServicer_to_server, service)
    server = RpcServer([add], "127.0.0.1", port, sqlite_hub.authority.hub)
    server.start()
    yield made
    server.stop()


def test_a_release_arrives_whole_and_verified(site: Site) -> None:
    assert site.fetcher().fetch("skin", "1.0.0").read_bytes() == DATA
    assert site.staged == ["skin-1.0.0.zip"]


@pytest.mark.req("F-08")
def test_a_fetch_that_was_cut_goes_on_where_it_stopped(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    real = Shelf.stream

    def noted(shelf: Shelf, release: Release, offset: int, chunk_bytes: int) -> Iterator[bytes]:
        asked.append(offset)
        return real(shelf, release, offset, chunk_bytes)

    monkeypatch.setattr(Shelf, "stream", noted)
    part = site.folder / "staging" / ".skin-1.0.0.part"
    part.parent.mkdir()
    part.write_bytes(DATA[:100_000])
    assert site.fetcher().fetch("skin", "1.0.0").read_bytes() == DATA
    assert asked == [100_000]


def test_a_part_of_something_else_is_thrown_away_and_the_next_fetch_is_right(site: Site) -> None:
    part = site.folder / "staging" / ".skin-1.0.0.part"
    part.parent.mkdir()
    part.write_bytes(b"x" * 1000)
    with pytest.raises(ReleaseForged):
        site.fetcher().fetch("skin", "1.0.0")
    part.write_bytes(b"x" * (len(DATA) + 1))
    assert site.fetcher().fetch("skin", "1.0.0").read_bytes() == DATA


@pytest.mark.req("I-16")
def test_an_archive_altered_at_the_hub_never_lies_under_its_name(site: Site) -> None:
    archive = site.folder / "shelf" / "skin-1.0.0.zip"
    archive.write_bytes(flipped(DATA))
    with pytest.raises((ReleaseForged, FetchInterrupted)):
        site.fetcher().fetch("skin", "1.0.0")
    assert "skin-1.0.0.zip" not in site.staged


@pytest.mark.req("I-16")
def test_a_key_that_is_not_trusted_signs_nothing(site: Site) -> None:
    with pytest.raises(ReleaseForged):
        site.fetcher(trusted=frozenset({"00" * 32})).fetch("skin", "1.0.0")
    with pytest.raises(ReleaseForged):
        site.fetcher(trusted=frozenset()).fetch("skin", "1.0.0")
    assert "skin-1.0.0.zip" not in site.staged


def test_a_signature_of_another_version_does_not_fit(site: Site) -> None:
    shelf = site.folder / "shelf"
    for suffix in (".zip", ".json"):
        (shelf / f"skin-2.0.0{suffix}").write_bytes((shelf / f"skin-1.0.0{suffix}").read_bytes())
    with pytest.raises(ReleaseForged):
        site.fetcher().fetch("skin", "2.0.0")


@pytest.mark.parametrize(("name", "version"), [("skin", "9.9.9"), ("../etc", "1.0.0"), ("skin", "1.0.0/..")])
def test_what_is_not_on_the_shelf_is_refused(site: Site, name: str, version: str) -> None:
    with pytest.raises((BundleRefused, FetchInterrupted, OSError)):
        site.fetcher().fetch(name, version)


def test_a_bundle_beyond_the_limit_is_not_fetched(site: Site) -> None:
    with pytest.raises(BundleRefused):
        site.fetcher(max_bytes=len(DATA) - 1).fetch("skin", "1.0.0")


def test_a_version_is_released_once(site: Site) -> None:
    other = site.folder / "other.zip"
    other.write_bytes(b"other")
    with pytest.raises(Rejected):
        site.shelf.put("skin", "1.0.0", other, site.key)


def test_a_message_beyond_the_agreed_size_is_refused_by_the_server(site: Site) -> None:
    with site.box.channel(site.port) as channel:
        fetch = rpc.BundlesStub(channel).Fetch
        query = wire.BundleQuery(name="x" * (MAX_RPC_BYTES + 1), version="1.0.0")
        with pytest.raises(grpc.RpcError) as refused:
            list(fetch(query, timeout=20))
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED  # type: ignore[attr-defined]
