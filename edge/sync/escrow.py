"""Deposits every client's key at the tenant's key service, and gets them back after the keystore is lost.

How far the log's registrations are deposited is a cursor in the record, one for each storage of the key service: it
moves only after the key service has them on disk, and a key service begun anew gets them all again.
"""

from dataclasses import dataclass
from typing import Any, Final

import grpc
import structlog

from edge.keys.clients import ClientKeystore, DataKeyGone
from edge.keys.generation import ClientKey
from edge.store.events import BoxIdentity, SqlcipherEventStore
from edge.sync.hub_channel import HubChannel
from shared.crypto.identity import DeviceIdentity, deliver
from shared.errors import Retryable
from shared.events.catalogue.client import ClientRegistered
from shared.ids import ClientId
from shared.sync.position import Position
from shared.wire import escrow_pb2 as wire
from shared.wire import escrow_pb2_grpc as rpc
from shared.wire.escrow import (
    PAGE_CLIENTS,
    backup_deposit_context,
    backup_recovery_context,
    deposit_context,
    recovery_context,
)
from shared.worker import Seconds, Worker

_DEADLINE_SECONDS: Final = 30.0
_LOOK_AGAIN_SECONDS: Final = Seconds(2.0)
_AFTER_FAILURE_SECONDS: Final = Seconds(5.0)
_CURSOR: Final = "escrow/"
# So far may the cursor fall behind the log's end while nobody registers.
_SCAN_EVENTS: Final = 5_000
# Rounds after which the key service is asked whether it is still the same storage.
_ASK_EVERY_ROUNDS: Final = 150


class KeyServiceUnreachable(Retryable):
    """The key service does not answer, or refuses this box."""


@dataclass(frozen=True, slots=True)
class _Page:
    """Registrations of a stretch of the log, and where the stretch ends."""

    clients: list[ClientId]
    end: Position | None


class EscrowDepositor:
    """Deposits client keys in the background, in the order in which the clients were registered."""

    def __init__(self, store: SqlcipherEventStore, keys: ClientKeystore, hub: HubChannel) -> None:
        self._store = store
        self._keys = keys
        self._channel = hub.open()
        self._trouble = ""
        self._until_asked = 0
        self._log = structlog.get_logger()
        stub = rpc.EscrowStub(self._channel)
        self._worker = Worker("escrow", lambda: self.step(stub), every=_LOOK_AGAIN_SECONDS, first=0.0)

    def start(self) -> None:
        """Deposit until `stop`."""
        self._worker.start()

    def stop(self) -> None:
        """Stop; what is not deposited is deposited after the next start."""
        self._worker.stop()
        self._channel.close()

    def step(self, stub: rpc.EscrowStub) -> Seconds:
        """Deposit what waits; return the seconds to pause before the next round.

        Raises:
            Retryable: the record refuses; what is not deposited is tried again.
        """
        try:
            self._deposit_waiting(stub)
        except grpc.RpcError as error:
            # One line when the trouble begins, not one for each attempt of a week offline.
            if error.code().name != self._trouble:
                self._trouble = error.code().name
                self._log.info("key_service_not_reached", code=self._trouble)
            return _AFTER_FAILURE_SECONDS
        self._trouble = ""
        return _LOOK_AGAIN_SECONDS

    def _deposit_waiting(self, stub: rpc.EscrowStub) -> None:
        storage = self._storage()
        self._until_asked -= 1
        if self._page(storage).end is None and self._until_asked > 0:
            return
        service = stub.Key(wire.EscrowKeyQuery(), timeout=_DEADLINE_SECONDS)
        self._until_asked = _ASK_EVERY_ROUNDS
        while (page := self._page(service.storage)).end is not None and not self._worker.stopping:
            deposits = [item for client in page.clients if (item := self._sealed(client, service)) is not None]
            if deposits:
                stub.Deposit(wire.ClientKeyDeposits(deposits=deposits), timeout=_DEADLINE_SECONDS)
            self._store.move_cursor(_CURSOR + service.storage, page.end)

    def _storage(self) -> str:
        """Return the storage that deposits went to last, or nothing."""
        rows = self._store.rows(
            "SELECT name FROM cursors WHERE name LIKE ? ORDER BY rowid DESC LIMIT 1", (f"{_CURSOR}%",)
        )
        return str(rows[0][0]).removeprefix(_CURSOR) if rows else ""

    def _page(self, storage: str) -> _Page:
        """Return the next registrations; without an end there are none, and the cursor is close enough."""
        after = self._position_of(self._store.cursor(_CURSOR + storage))
        rows = self._store.rows(
            "SELECT position, epoch, seq, hash, client FROM events WHERE type = ? AND position > ?"
            " ORDER BY position LIMIT ?",
            (ClientRegistered.event_type, after, PAGE_CLIENTS),
        )
        if rows:
            return _Page([ClientId(row[4]) for row in rows], Position(*rows[-1][1:4]))
        last = self._store.rows("SELECT position, epoch, seq, hash FROM events ORDER BY position DESC LIMIT 1")
        if last and last[0][0] - after > _SCAN_EVENTS:
            return _Page([], Position(*last[0][1:4]))
        return _Page([], None)

    def _position_of(self, cursor: Position | None) -> int:
        if cursor is None:
            return 0
        rows = self._store.rows("SELECT position FROM events WHERE epoch = ? AND seq = ?", (cursor.epoch, cursor.seq))
        return int(rows[0][0]) if rows else 0

    def _sealed(self, client: ClientId, service: wire.EscrowKey) -> wire.ClientKeyDeposit | None:
        identity = self._store.identity
        try:
            key = self._keys.key_of(client)
        except DataKeyGone:
            return None  # deleted meanwhile, and so never to be kept anywhere
        context = deposit_context(identity.tenant, identity.location, client)
        return wire.ClientKeyDeposit(client=client, sealed=deliver(key, service.receiving_key, context))


def recover_keys(
    store: SqlcipherEventStore, keys: ClientKeystore, identity: DeviceIdentity, hub: HubChannel, purpose: str
) -> tuple[int, int]:
    """Get this location's client keys back from the key service, after the keystore was lost.

    Args:
        store: says who this box is and which clients are deleted.
        keys: takes the keys; those it holds stay as they are.
        identity: opens what the key service sealed for this box.
        hub: the connection.
        purpose: why, for the key service's record.

    Returns:
        How many keys the key service gave, and how many of them were missing here.

    Raises:
        KeyServiceUnreachable: it does not answer or refuses; nothing was taken.
        CannotOpen: the keys are sealed for another box; nothing was taken.
    """
    try:
        with hub.open() as channel:
            found = _recovered(rpc.EscrowStub(channel), store, identity, purpose)
    except grpc.RpcError as error:
        raise _unreachable(error) from error
    erased = {client for (client,) in store.rows("SELECT client FROM erased_clients")}
    return len(found), keys.adopt([(client, key) for client, key in found if client not in erased])


def deposit_backup_key(hub: HubChannel, box: BoxIdentity, key: bytes) -> None:
    """Put the key of this box's backups into escrow; idempotent by key.

    Raises:
        KeyServiceUnreachable: the key service does not answer or refuses.
    """
    try:
        with hub.open() as channel:
            stub = rpc.EscrowStub(channel)
            receiving = stub.Key(wire.EscrowKeyQuery(), timeout=_DEADLINE_SECONDS).receiving_key
            sealed = deliver(key, receiving, backup_deposit_context(box.tenant, box.device))
            stub.DepositBackupKey(wire.BackupKeyDeposit(sealed=sealed), timeout=_DEADLINE_SECONDS)
    except grpc.RpcError as error:
        raise _unreachable(error) from error


def recover_backup_keys(hub: HubChannel, box: BoxIdentity, identity: DeviceIdentity, purpose: str) -> list[bytes]:
    """Get the keys of this box's backups back from escrow, newest first.

    Args:
        hub: the connection.
        box: who this box is.
        identity: opens what the key service sealed for this box.
        purpose: why, for the key service's record.

    Raises:
        KeyServiceUnreachable: the key service does not answer or refuses.
        CannotOpen: the keys are sealed for another box.
    """
    try:
        with hub.open() as channel:
            request = wire.RecoveryRequest(purpose=purpose)
            held = rpc.EscrowStub(channel).RecoverBackupKeys(request, timeout=_DEADLINE_SECONDS).sealed
    except grpc.RpcError as error:
        raise _unreachable(error) from error
    return [identity.receive(sealed, backup_recovery_context(box.tenant, box.device)) for sealed in held]


def _unreachable(error: Any) -> KeyServiceUnreachable:
    sentence = f"the key service does not answer or refuses ({error.code().name}); try again"
    return KeyServiceUnreachable("key_service_unreachable", sentence)


def _recovered(
    stub: rpc.EscrowStub, store: SqlcipherEventStore, identity: DeviceIdentity, purpose: str
) -> list[ClientKey]:
    tenant, device = store.identity.tenant, store.identity.device
    found: list[ClientKey] = []
    page: Any = None
    while page is None or page.more:
        after = found[-1][0] if found else ""
        request = wire.RecoveryRequest(purpose=purpose, after=after)
        page = stub.Recover(request, timeout=_DEADLINE_SECONDS)
        for item in page.keys:
            client = ClientId(item.client)
            found.append((client, identity.receive(item.sealed, recovery_context(tenant, device, client))))
    return found
