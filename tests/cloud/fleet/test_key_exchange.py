"""A tenant's transport key changes under way: every box is understood at every moment, and the old key ends."""

import base64
from pathlib import Path

import pytest
from sqlalchemy import update

from cloud.fleet.exchange import KeyExchange
from cloud.fleet.keys import TenantKeys
from cloud.ingest.down_writer import DownWriter
from cloud.ingest.downlink import BoxAddress, DownLinks
from cloud.ingest.handler import MessageHandler
from cloud.ingest.intake import Intake
from cloud.storage.down import DownLog
from cloud.storage.tables import device_keys
from shared.crypto.aead import CannotOpen
from shared.crypto.keyfile import SealedKeyFolder
from shared.errors import Rejected
from shared.events.catalogue import complete_catalogue
from shared.events.catalogue.keys import TransportKeyDelivered, delivery_context
from shared.events.envelope import Event
from shared.http.errors import NotFound
from shared.ids import TenantId, Uuid7Source
from shared.wire import medspa_pb2 as wire
from tests.cloud.conftest import HubParts
from tests.support.box import FakeBox
from tests.support.disks import MOMENTS, FailingDisk, PowerCut
from tests.support.promises import Tally

LUMEN = TenantId("lumen")
DAY = 24 * 3600.0


def exchange(hub: HubParts, keys: TenantKeys | None = None) -> KeyExchange:
    return KeyExchange(hub.database, keys or hub.keys, DownWriter(hub.clock, Uuid7Source(hub.clock)), hub.clock)


def deliveries(hub: HubParts, box: FakeBox) -> list[TransportKeyDelivered]:
    """Return what was sent down for a box."""
    with hub.database.read(LUMEN) as connection:
        down = DownLog(connection, LUMEN)
        rows = [row for name in down.locations() for epoch in down.ends(name) for row in down.rows(name, epoch.epoch)]
    found = [Event.from_body(row.body).fields for row in rows]
    sent = [TransportKeyDelivered.model_validate(item.payload) for item in found if item.type.startswith("transport")]
    return [item for item in sent if item.device == box.device]


def take(hub: HubParts, box: FakeBox) -> None:
    """Let a box take the newest key that was sent to it, and say so with that key."""
    delivery = deliveries(hub, box)[-1]
    context = delivery_context(LUMEN, box.device, delivery.generation)
    box.key = box.identity.receive(base64.b64decode(delivery.delivery), context)
    box.record("transport_key.taken", {"generation": delivery.generation}, f"transport-key/{box.device}")
    hub.tell(box, box.batch(len(box.log), len(box.log)))


def speaks(hub: HubParts, box: FakeBox) -> bool:
    """Tell whether hub and box understand each other, in both directions."""
    answers = hub.handler.answer(hub.handler.open(BoxAddress(box.tenant, box.device), box.sealed(box.hello())[1]))
    return "ack" in [box.opened(answer).WhichOneof("kind") for answer in answers]


@pytest.mark.req("F-15")
def test_every_box_is_understood_from_the_first_to_the_last_that_takes_the_new_key(hub: HubParts) -> None:
    first, last = hub.box(), hub.box()
    elsewhere = hub.box("aurora")
    old = first.key
    assert set(exchange(hub).rotate(LUMEN)) == {first.device, last.device}
    assert speaks(hub, first)
    assert speaks(hub, last)
    take(hub, first)
    assert first.key != old
    assert speaks(hub, first)
    assert speaks(hub, last)
    assert exchange(hub).settle(LUMEN) == [last.device]
    take(hub, last)
    assert exchange(hub).settle(LUMEN) == []
    assert [speaks(hub, box) for box in (first, last, elsewhere)] == [True, True, True]
    first.key = old
    with pytest.raises(CannotOpen):
        speaks(hub, first)


@pytest.mark.req("F-15", "F-17")
def test_a_box_that_never_answers_is_waited_for_until_it_is_revoked(hub: HubParts) -> None:
    present, gone = hub.box(), hub.box()
    exchange(hub).rotate(LUMEN)
    take(hub, present)
    with pytest.raises(Rejected, match=f"{gone.device} has not taken"):
        exchange(hub).rotate(LUMEN)
    assert len(deliveries(hub, gone)) == 1  # asked for again and again, it is sent once
    hub.enrolment.revoke(LUMEN, gone.device, "stolen")
    assert exchange(hub).settle(LUMEN) == []
    assert speaks(hub, present)
    with pytest.raises(CannotOpen):
        speaks(hub, gone)


@pytest.mark.req("F-15")
def test_processes_of_the_hub_that_do_not_know_the_same_are_all_understood(hub: HubParts) -> None:
    box = hub.box()
    old = box.key
    exchange(hub).rotate(LUMEN)
    hello = wire.Message(hello=wire.Hello(session="s"))

    def from_another_process() -> bytes:
        links = DownLinks(hub.database, hub.clock)
        intake = Intake(hub.database, complete_catalogue(), hub.clock)
        handler = MessageHandler(hub.database, hub.keys, intake, links, hub.metrics, hub.clock)
        return handler.sealed(BoxAddress(LUMEN, box.device), [hello])[0]

    assert box.opened(from_another_process()).WhichOneof("kind") == "hello"
    take(hub, box)
    assert box.key != old
    assert box.opened(from_another_process()).WhichOneof("kind") == "hello"
    with hub.database.write(LUMEN) as connection:  # a hub whose database was restored does not know that it was taken
        connection.execute(update(device_keys).values(taken=0))
    assert speaks(hub, box)


def test_a_box_enrolled_under_way_gets_the_newest_key(hub: HubParts) -> None:
    before = hub.box()
    exchange(hub).rotate(LUMEN)
    late = hub.box()
    assert late.key == hub.keys.transport(LUMEN, late.device)
    assert speaks(hub, late)
    assert exchange(hub).settle(LUMEN) == [before.device]
    assert deliveries(hub, late) == []
    take(hub, before)
    assert exchange(hub).settle(LUMEN) == []
    assert speaks(hub, late)


def test_keys_are_exchanged_every_ninety_days_and_the_wish_of_a_tenant_nobody_serves_is_refused(hub: HubParts) -> None:
    box = hub.box()
    assert exchange(hub).rotate_due(LUMEN) == []
    hub.clock.advance(91 * DAY)
    assert exchange(hub).rotate_due(LUMEN) == [box.device]
    assert exchange(hub).rotate_due(LUMEN) == [box.device]
    take(hub, box)
    assert exchange(hub).rotate_due(LUMEN) == []
    assert [item.generation for item in deliveries(hub, box)] == [2]
    assert hub.keys.generations.standing(LUMEN).settled
    with pytest.raises(NotFound):
        exchange(hub).rotate(TenantId("nobody"))


@pytest.mark.req("I-12")
def test_neither_disk_nor_log_of_the_hub_holds_a_transport_key_in_clear(hub: HubParts, tmp_path: Path) -> None:
    box = hub.box()
    exchange(hub).rotate(LUMEN)
    take(hub, box)
    secret = hub.keys.generations.secret(LUMEN, 2)
    assert secret is not None
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for key in (box.key, secret, base64.b64encode(box.key)):
        assert key not in stored
    report = {item.name: item for item in hub.keys.report()}
    assert report["hub/lumen/transport"].generation == 2
    assert box.key.hex() not in str(report)


@pytest.mark.req("F-15", "I-01")
def test_a_hub_cut_at_any_step_goes_on_and_every_box_is_understood(
    sqlite_hub: HubParts, tmp_path: Path, tally: Tally
) -> None:
    hub, cuts = sqlite_hub, 0
    box = hub.box()
    tenants = frozenset({LUMEN, TenantId("aurora")})
    for after, half in MOMENTS:
        step, failed = 1, True
        while failed:
            disk = FailingDisk(step, after=after, half=half)
            cut = TenantKeys(SealedKeyFolder(tmp_path / "keys", disk=disk), tenants)
            failed = not _whole_exchange(hub, cut, box)
            cuts += failed
            assert failed == disk.failed
            again = TenantKeys(SealedKeyFolder(tmp_path / "keys"), tenants)
            assert speaks(hub, box)
            if exchange(hub, again).settle(LUMEN):
                take(hub, box)
            assert exchange(hub, again).settle(LUMEN) == []
            newest = again.generations.standing(LUMEN).newest
            numbers = [
                int(path.name.split(".")[1]) for path in (tmp_path / "keys").glob("transport-key.*.lumen.sealed")
            ]
            assert all(number >= newest for number in numbers)  # one that never counted is replaced by the next
            assert speaks(hub, box)
            step += 1
    assert cuts == 12  # store the secret, let it count, retire the old one, destroy it: before, after, in the middle
    tally.injected(cuts)


def _whole_exchange(hub: HubParts, keys: TenantKeys, box: FakeBox) -> bool:
    try:
        exchange(hub, keys).rotate(LUMEN)
        take(hub, box)
        exchange(hub, keys).settle(LUMEN)
    except PowerCut:
        return False
    return True
