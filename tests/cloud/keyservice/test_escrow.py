"""The key service: gives keys back to a box of the same place, and never those of a deleted client."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.keyservice.deposits import DepositFile
from cloud.keyservice.escrow import KeyService
from cloud.rpc.callers import Caller
from shared.crypto.aead import CannotOpen, new_key, unseal
from shared.crypto.identity import DeviceIdentity, deliver
from shared.crypto.keyfile import SealedKeyFolder
from shared.errors import Rejected
from shared.ids import ClientId, DeviceId, LocationId, TenantId
from shared.wire.escrow import (
    MAX_BACKUP_KEYS,
    PAGE_CLIENTS,
    backup_deposit_context,
    backup_recovery_context,
    deposit_context,
    recovery_context,
)
from tests.support.clocks import ManualClock
from tests.support.promises import Tally

TENANT, OTHER = TenantId("lumen"), TenantId("aurora")
BOX = Caller(TENANT, LocationId("lumen-one"), DeviceId("box-1"))
DEVICE = DeviceIdentity.generate()


def open_service(folder: Path) -> KeyService:
    return KeyService(folder, frozenset({TENANT, OTHER}), ManualClock())


@pytest.fixture
def service(tmp_path: Path) -> Iterator[KeyService]:
    opened = open_service(tmp_path / "service")
    yield opened
    opened.close()


def sealed(service: KeyService, client: ClientId, key: bytes, caller: Caller = BOX) -> tuple[ClientId, bytes]:
    context = deposit_context(caller.tenant, caller.location, client)
    return client, deliver(key, service.public_key(caller.tenant), context)


def deposited(service: KeyService, count: int) -> dict[ClientId, bytes]:
    keys = {ClientId(f"client-{number:03}"): new_key() for number in range(count)}
    service.deposit(BOX, [sealed(service, client, key) for client, key in keys.items()])
    return keys


def recovered(service: KeyService, caller: Caller = BOX, purpose: str = "keystore_lost") -> dict[ClientId, bytes]:
    found: dict[ClientId, bytes] = {}
    after, more = "", True
    while more:
        page = service.recover(caller, DEVICE.public.receiving, purpose, after)
        for client, data in page.keys:
            found[client] = DEVICE.receive(data, recovery_context(caller.tenant, caller.device, client))
        after, more = max(found, default=""), page.more
    return found


def test_deposited_keys_come_back_to_a_box_of_the_same_place_page_by_page(service: KeyService) -> None:
    keys = deposited(service, PAGE_CLIENTS + 3)
    assert recovered(service) == keys
    elsewhere = Caller(TENANT, LocationId("lumen-two"), DeviceId("box-2"))
    assert recovered(service, elsewhere) == {}
    assert recovered(service, Caller(OTHER, LocationId("lumen-one"), DeviceId("box-3"))) == {}


def test_every_recovery_is_on_record_with_its_purpose(service: KeyService) -> None:
    deposited(service, 2)
    recovered(service, purpose="keystore_lost")
    rows = [(row.device, row.action, row.purpose, row.clients) for row in service.audit(TENANT)]
    assert rows == [("box-1", "deposit", "escrow", 2), ("box-1", "recover", "keystore_lost", 2)]


def test_deposit_again_changes_nothing_and_a_key_for_another_client_is_refused(service: KeyService) -> None:
    keys = deposited(service, 2)
    client = next(iter(keys))
    assert service.deposit(BOX, [sealed(service, client, new_key())]) == (0, [])
    assert recovered(service) == keys
    _, data = sealed(service, client, new_key())
    with pytest.raises(CannotOpen):
        service.deposit(BOX, [(ClientId("another"), data)])
    with pytest.raises(Rejected):
        service.deposit(BOX, [sealed(service, ClientId("short"), b"no key")])
    assert recovered(service) == keys


@pytest.mark.req("P-8", "F-25")
def test_destroyed_client_is_never_recovered_nor_deposited_again(service: KeyService) -> None:
    keys = deposited(service, 3)
    gone = next(iter(keys))
    stone = service.destroy(TENANT, gone, "request-1")
    assert stone.held
    assert recovered(service) == {client: key for client, key in keys.items() if client != gone}
    assert service.deposit(BOX, [sealed(service, gone, keys[gone])]) == (0, [gone])
    assert gone not in recovered(service)
    assert service.destroy(TENANT, gone, "request-2") == stone
    assert [item.client for item in service.tombstones(TENANT)] == [gone]


@pytest.mark.req("P-8", "F-25", "I-12")
def test_copy_of_the_file_from_before_opens_to_nobody_with_any_key_left(tmp_path: Path) -> None:
    service = open_service(tmp_path / "service")
    keys = deposited(service, 3)
    gone = next(iter(keys))
    shutil.copytree(tmp_path / "service", tmp_path / "copy", ignore=shutil.ignore_patterns("secrets"))
    service.destroy(TENANT, gone, "request-1")
    service.close()
    left = SealedKeyFolder(tmp_path / "service" / "secrets")
    copy = DepositFile(tmp_path / "copy" / "escrow.db", "")
    for item in copy.deposits(TENANT):
        for name in left.names():
            secret = left.get(name)
            assert secret is not None
            with pytest.raises(CannotOpen):
                unseal(secret[:32], item.wrapped, f"deposit/{TENANT}/{item.client}".encode())
    copy.close()


class Crash(Exception):
    """The process stops here."""


@pytest.mark.req("P-8", "F-15")
@pytest.mark.parametrize("step", ["put", "bury", "destroy"])
def test_destroying_stopped_anywhere_loses_no_survivor_and_is_completed_by_the_next_call(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    service = open_service(tmp_path / "service")
    keys = deposited(service, 3)
    gone = next(iter(keys))

    def stop(*_: object) -> None:
        raise Crash

    target = service._file if step == "bury" else service._secrets
    monkeypatch.setattr(target, step, stop)
    with pytest.raises(Crash):
        service.destroy(TENANT, gone, "request-1")
    service.close()
    again = open_service(tmp_path / "service")
    survivors = {client: key for client, key in keys.items() if client != gone}
    assert recovered(again) in (keys, survivors)
    again.destroy(TENANT, gone, "request-1")
    found = recovered(again)
    tally.injected(1)
    tally.acknowledged(len(keys))
    tally.lost(len(survivors.keys() - found.keys()))
    tally.doubled(0)
    assert found == survivors
    assert [name for name in again._secrets.names() if name.startswith("wrapping.lumen.")] == ["wrapping.lumen.2"]
    again.close()


def test_audit_cannot_be_changed_or_removed(service: KeyService) -> None:
    deposited(service, 1)
    for statement in ("DELETE FROM audit", "UPDATE audit SET purpose = 'x'"):
        with pytest.raises(Exception, match="immutable"):
            service._file._run(statement)


def deposit_backup_key(service: KeyService, key: bytes, caller: Caller = BOX) -> None:
    context = backup_deposit_context(caller.tenant, caller.device)
    service.deposit_backup_key(caller, deliver(key, service.public_key(caller.tenant), context))


def backup_keys(service: KeyService, caller: Caller = BOX) -> list[bytes]:
    sealed = service.recover_backup_keys(caller, DEVICE.public.receiving, "box_restored")
    return [DEVICE.receive(item, backup_recovery_context(caller.tenant, caller.device)) for item in sealed]


@pytest.mark.req("P-5", "I-13")
def test_backup_keys_come_back_newest_first_to_their_box_only_and_each_use_is_on_record(
    service: KeyService, tmp_path: Path
) -> None:
    keys = [new_key(), new_key()]
    for key in (*keys, keys[0]):
        deposit_backup_key(service, key)
    neighbour = Caller(BOX.tenant, BOX.location, DeviceId("box-2"))
    assert backup_keys(service) == keys[::-1]
    assert backup_keys(service, neighbour) == []
    service.destroy(BOX.tenant, ClientId("client-1"), "request-1")
    assert backup_keys(service) == keys[::-1], "an erasure has taken the backups' keys with it"
    service.close()
    assert not any(key in path.read_bytes() for key in keys for path in tmp_path.rglob("*") if path.is_file())
    reopened = open_service(tmp_path / "service")
    assert backup_keys(reopened) == keys[::-1]
    actions = [row.action for row in reopened.audit(BOX.tenant)]
    assert actions.count("deposit_backup_key") == 2
    assert actions.count("recover_backup_key") == 4
    reopened.close()


def test_what_is_no_backup_key_of_the_box_that_calls_is_refused(service: KeyService) -> None:
    context, public = backup_deposit_context(BOX.tenant, DeviceId("box-2")), service.public_key(BOX.tenant)
    with pytest.raises(CannotOpen):
        service.deposit_backup_key(BOX, deliver(new_key(), public, context))
    with pytest.raises(Rejected, match="32 bytes"):
        deposit_backup_key(service, b"short")
    for _ in range(MAX_BACKUP_KEYS):
        deposit_backup_key(service, new_key())
    first = backup_keys(service)
    with pytest.raises(Rejected, match="too many"):
        deposit_backup_key(service, new_key())
    assert backup_keys(service) == first
