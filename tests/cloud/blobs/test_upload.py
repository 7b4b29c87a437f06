from pathlib import Path

import grpc
import pytest
from sqlalchemy import select

from cloud.fleet.ca import HubAuthority
from cloud.storage.hub_epoch import hub_life
from cloud.storage.tables import captures
from shared.clock import SystemClock
from shared.crypto.pki import HUB_HOST, Member, key_pem, new_key
from shared.crypto.tls import Credentials
from shared.ids import DeviceId
from shared.wire import medspa_pb2 as wire
from shared.wire import medspa_pb2_grpc as rpc
from tests.cloud.blobs.conftest import Images, an_image
from tests.cloud.conftest import HubParts
from tests.support.box import FakeBox
from tests.support.damage import flipped


def image_states(hub: HubParts) -> list[str]:
    with hub.database.read(hub.box().tenant) as connection:
        query = select(captures.c.image_state).where(captures.c.tenant == "lumen").order_by(captures.c.id)
        return list(connection.execute(query).scalars())


def test_an_image_is_durable_and_its_captures_learn_of_it(hub: HubParts, images: Images) -> None:
    box = hub.box()
    name, data = an_image()
    box.capture(name, "early")
    hub.ack(box, box.batch(1, 1))
    assert image_states(hub) == ["awaiting"]
    assert images.upload(box, name, data).durable
    assert (images.folder / "lumen" / name).read_bytes() == data
    assert image_states(hub) == ["present"]
    box.capture(name, "late")
    hub.ack(box, box.batch(2, 2))
    assert image_states(hub) == ["present", "present"]
    assert images.where(box, name, len(data)) == wire.BlobState(
        offset=len(data), durable=True, hub_epoch=hub_life(hub.database).epoch
    )


def test_an_upload_that_was_cut_resumes_where_it_stopped(hub: HubParts, images: Images) -> None:
    box = hub.box()
    name, data = an_image()
    cut = images.upload(box, name, data, 0, 2000)
    assert (cut.offset, cut.durable) == (2000, False)
    assert images.where(box, name, len(data)).offset == 2000
    assert images.upload(box, name, data, 2000).durable
    assert images.files() == [name]


@pytest.mark.req("I-20", "F-25")
def test_a_part_is_thrown_away_when_its_box_may_not_send_the_rest_and_a_whole_image_stays(
    hub: HubParts, images: Images
) -> None:
    box = hub.box()
    (part, begun), (whole, data) = an_image(), an_image()
    images.upload(box, part, begun, 0, 2000)
    images.upload(box, whole, data)
    asked = wire.BlobQueries(queries=[wire.BlobQuery(name=name, size=4500) for name in (part, whole)])
    for _ in range(2):
        states = images.stub(box).Drop(asked, timeout=10).states
        assert [(state.offset, state.durable) for state in states] == [(0, False), (4500, True)]
    assert images.files() == [whole]
    assert images.upload(box, part, begun).durable


def test_an_image_that_comes_again_is_not_stored_twice(hub: HubParts, images: Images) -> None:
    box = hub.box()
    name, data = an_image()
    images.upload(box, name, data)
    assert images.upload(box, name, data).durable
    assert images.files() == [name]
    assert hub.metrics.registry.get_sample_value("medspa_hub_blobs_stored_total") == 1


def test_bytes_that_are_not_what_the_name_says_leave_nothing_behind(hub: HubParts, images: Images) -> None:
    box = hub.box()
    name, data = an_image()
    with pytest.raises(grpc.RpcError) as refused:
        images.upload(box, name, flipped(data))
    assert refused.value.code() is grpc.StatusCode.DATA_LOSS  # type: ignore[attr-defined]
    assert images.files() == []
    assert images.upload(box, name, data).durable


def test_a_chunk_at_the_wrong_place_is_refused_and_harms_nothing(hub: HubParts, images: Images) -> None:
    box = hub.box()
    name, data = an_image()
    images.upload(box, name, data, 0, 2000)
    with pytest.raises(grpc.RpcError) as refused:
        images.upload(box, name, data, 3000)
    assert refused.value.code() is grpc.StatusCode.ABORTED  # type: ignore[attr-defined]
    assert images.upload(box, name, data, 2000).durable


@pytest.mark.parametrize(("name", "size"), [("../../etc/passwd", 10), ("A" * 64, 10), ("a" * 64, 0), ("a" * 64, 10**9)])
def test_names_and_sizes_that_cannot_be_are_refused(hub: HubParts, images: Images, name: str, size: int) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        images.where(hub.box(), name, size)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT  # type: ignore[attr-defined]


def test_more_bytes_than_announced_are_refused(hub: HubParts, images: Images) -> None:
    box = hub.box()
    name, data = an_image(1500)
    chunks = [wire.BlobChunk(name=name, size=1000, offset=0, data=data)]
    with pytest.raises(grpc.RpcError) as refused:
        images.stub(box).Upload(iter(chunks), timeout=10)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT  # type: ignore[attr-defined]


def refused_with(box: FakeBox, images: Images) -> grpc.StatusCode:
    with box.channel(images.port) as channel, pytest.raises(grpc.RpcError) as refused:
        rpc.BlobsStub(channel).Where(wire.BlobQuery(name="a" * 64, size=10), timeout=10)
    return refused.value.code()  # type: ignore[attr-defined]


@pytest.mark.req("P-5", "I-13")
def test_who_cannot_prove_to_be_an_enrolled_device_is_refused(hub: HubParts, images: Images, tmp_path: Path) -> None:
    box, stranger, unknown = hub.box(), hub.box(), hub.box()
    elsewhere = HubAuthority(tmp_path / "another-hub", [box.tenant], SystemClock())
    key = new_key()
    forged = elsewhere.issue(Member(box.tenant, box.location, box.device), key.public_key())
    stranger.credentials = Credentials(key_pem(key), forged.chain, hub.authority.trust)
    assert refused_with(stranger, images) is grpc.StatusCode.UNAVAILABLE
    nobody = hub.authority.issue(Member(box.tenant, box.location, DeviceId("box-nobody")), key.public_key())
    unknown.credentials = Credentials(key_pem(key), nobody.chain, hub.authority.trust)
    assert refused_with(unknown, images) is grpc.StatusCode.UNAUTHENTICATED
    trusting = grpc.ssl_channel_credentials(hub.authority.trust)
    options = (("grpc.ssl_target_name_override", HUB_HOST), ("grpc.enable_http_proxy", 0))
    channel = grpc.secure_channel(f"127.0.0.1:{images.port}", trusting, options=options)
    with channel, pytest.raises(grpc.RpcError) as refused:
        rpc.BlobsStub(channel).Where(wire.BlobQuery(name="a" * 64, size=10), timeout=10)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE  # type: ignore[attr-defined]
    assert images.where(box, "a" * 64, 10).offset == 0


def test_a_revoked_device_is_unknown_and_a_fenced_one_is_told_so(hub: HubParts, images: Images) -> None:
    revoked, fenced = hub.box(), hub.box()
    hub.enrolment.revoke(revoked.tenant, revoked.device, "stolen")
    fenced.record("box.stopped", {}, tenant="aurora")
    hub.ack(fenced, fenced.batch(1, 1))
    codes = []
    for box in (revoked, fenced):
        with pytest.raises(grpc.RpcError) as refused:
            images.where(box, "a" * 64, 10)
        codes.append(refused.value.code())  # type: ignore[attr-defined]
    assert codes == [grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED]


def test_a_tenant_never_sees_another_tenants_image(hub: HubParts, images: Images) -> None:
    name, data = an_image()
    images.upload(hub.box("lumen"), name, data)
    state = images.where(hub.box("aurora"), name, len(data))
    assert (state.offset, state.durable) == (0, False)


def test_a_disk_that_refuses_is_told_and_the_service_goes_on(hub: HubParts, images: Images) -> None:
    box = hub.box()
    name, data = an_image()
    images.folder.write_bytes(b"a file where the folder should be")
    with pytest.raises(grpc.RpcError) as refused:
        images.upload(box, name, data)
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED  # type: ignore[attr-defined]
    images.folder.unlink()
    assert images.upload(box, name, data).durable
