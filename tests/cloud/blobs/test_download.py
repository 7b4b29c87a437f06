import hashlib

import grpc
import pytest

from cloud.blobs.store import BlobStore
from cloud.storage.hub_epoch import hub_life
from shared.ids import BlobName
from shared.wire.limits import DOWNLOAD_CHUNK_BYTES, MAX_QUERIES
from tests.cloud.blobs.conftest import Images, an_image
from tests.cloud.conftest import HubParts
from tests.support.damage import flipped


def code_of(refused: pytest.ExceptionInfo[grpc.RpcError]) -> grpc.StatusCode:
    return refused.value.code()  # type: ignore[attr-defined, no-any-return]


def test_an_image_comes_back_as_it_was_sent_with_its_hash_at_the_end(hub: HubParts, images: Images) -> None:
    name, data = an_image(90_000)
    images.upload(hub.box(), name, data)
    *chunks, last = images.download(hub.box(), name)
    assert b"".join(chunk.data for chunk in chunks) == data
    assert [chunk.offset for chunk in chunks] == list(range(0, len(data), DOWNLOAD_CHUNK_BYTES))
    assert (last.data, last.size, last.sha256) == (b"", len(data), hashlib.sha256(data).hexdigest())


def test_a_download_that_was_cut_goes_on_where_it_stopped(hub: HubParts, images: Images) -> None:
    name, data = an_image(9000)
    images.upload(hub.box(), name, data)
    *chunks, last = images.download(hub.box(), name, offset=4321)
    assert (b"".join(chunk.data for chunk in chunks), chunks[0].offset) == (data[4321:], 4321)
    assert last.sha256 == name


def test_an_image_that_is_not_here_or_another_tenants_is_not_found(hub: HubParts, images: Images) -> None:
    name, data = an_image()
    images.upload(hub.box("aurora"), name, data)
    for wanted in (name, "a" * 64):
        with pytest.raises(grpc.RpcError) as refused:
            images.download(hub.box("lumen"), wanted)
        assert code_of(refused) is grpc.StatusCode.NOT_FOUND


@pytest.mark.req("I-06", "F-19")
def test_a_copy_damaged_at_the_hub_is_never_called_whole_and_is_taken_again(hub: HubParts, images: Images) -> None:
    box = hub.box()
    name, data = an_image()
    images.upload(box, name, data)
    path = BlobStore(images.folder, 100_000).path(box.tenant, BlobName(name))
    path.write_bytes(flipped(data))
    with pytest.raises(grpc.RpcError) as refused:
        images.download(box, name)
    assert code_of(refused) is grpc.StatusCode.DATA_LOSS
    assert not images.where(box, name, len(data)).durable
    assert images.upload(box, name, data).durable
    assert images.download(box, name)[-1].sha256 == name


@pytest.mark.req("I-06")
def test_a_row_without_its_file_is_not_called_durable(hub: HubParts, images: Images) -> None:
    box = hub.box()
    name, data = an_image()
    images.upload(box, name, data)
    BlobStore(images.folder, 100_000).path(box.tenant, BlobName(name)).unlink()
    assert not images.where(box, name, len(data)).durable
    assert images.upload(box, name, data).durable


def test_many_images_are_asked_for_at_once_and_answered_in_order(hub: HubParts, images: Images) -> None:
    box = hub.box()
    here, part, absent = an_image(), an_image(), an_image()
    images.upload(box, *here)
    images.upload(box, *part, 0, 2000)
    states = images.where_many(box, *((name, len(data)) for name, data in (absent, here, part)))
    assert [(state.offset, state.durable) for state in states.states] == [(0, False), (4500, True), (2000, False)]
    assert states.hub_epoch == hub_life(hub.database).epoch


def test_more_questions_than_the_limit_are_refused(hub: HubParts, images: Images) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        images.where_many(hub.box(), *[("a" * 64, 5)] * (MAX_QUERIES + 1))
    assert code_of(refused) is grpc.StatusCode.INVALID_ARGUMENT
