"""Nothing leaves the box against a client's word."""

import queue
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cloud.fleet.ca import HubAuthority
from cloud.rpc.server import RpcServer
from edge.sync.hub_channel import HubChannel
from edge.sync.uploader import BlobUploader
from shared.clock import SystemClock
from shared.crypto.pki import Member, key_pem, new_key
from shared.crypto.tls import Credentials
from shared.events.catalogue.capture import CaptureMetadata, CaptureStored, GateOutcome, StoredImage
from shared.events.envelope import EventDraft
from shared.ids import BlobName, ClientId
from shared.vocabulary import ConsentPurpose, GateProfileName, ImageKind
from shared.wire import medspa_pb2 as wire
from shared.wire import medspa_pb2_grpc as rpc
from tests.support.records import BoxRecord, open_box_record
from tests.support.servers import free_port

pytestmark = pytest.mark.req("I-20", "F-25")


class HubThatHasEverything(rpc.BlobsServicer):
    """Says that it holds whatever it is asked about, and remembers the question."""

    def __init__(self) -> None:
        self.asked: queue.Queue[str] = queue.Queue()

    def Where(self, request: wire.BlobQuery, context: Any) -> wire.BlobState:  # noqa: N802 - named by the protocol
        del context
        self.asked.put(request.name)
        return wire.BlobState(offset=request.size, durable=True)


def photograph(box: BoxRecord, client: ClientId) -> BlobName:
    name = box.vault.put(client, ImageKind.ORIGINAL, b"picture", box.clients.key_of(client)).name
    image = StoredImage(name=name, kind=ImageKind.ORIGINAL, size=1, media_type="image/jpeg", width=1, height=1)
    gate = GateOutcome(profile=GateProfileName.IMPORT, passed=True, codes=(), measures={})
    stored = CaptureStored(metadata=CaptureMetadata(camera="test", protocol="p"), images=(image,), gate=gate)
    box.store.append([EventDraft(f"capture/{box.ids.new()}", stored, "tester", "test", client=client)])
    return name


def test_images_of_a_client_who_withdrew_stay_and_hold_nobody_else_up(tmp_path: Path) -> None:
    box, hub = open_box_record(tmp_path), HubThatHasEverything()
    withdrew, stays = box.new_client(), box.new_client("Bo Canary")
    photograph(box, withdrew)
    box.consent.withdraw(withdrew, ConsentPurpose.TREATMENT_RECORD, "", "tester")
    allowed = photograph(box, stays)
    authority = HubAuthority(tmp_path / "hub-keys", [box.store.identity.tenant], SystemClock())
    port, key = free_port(), new_key()
    server = RpcServer([partial(rpc.add_BlobsServicer_to_server, hub)], "127.0.0.1", port, authority.hub)
    server.start()
    identity = box.store.identity
    issued = authority.issue(Member(identity.tenant, identity.location, identity.device), key.public_key())
    credentials = Credentials(key_pem(key), issued.chain, authority.trust)

    def may_leave(client: ClientId) -> bool:
        return ConsentPurpose.TREATMENT_RECORD in box.consent.granted(client)

    channel = HubChannel(f"127.0.0.1:{port}", lambda: credentials)
    uploader = BlobUploader(box.store, box.vault, channel, lambda: 0, may_leave)
    uploader.start()
    assert hub.asked.get(timeout=10) == allowed
    uploader.stop()
    server.stop()
    assert hub.asked.empty()
    box.store.close()
