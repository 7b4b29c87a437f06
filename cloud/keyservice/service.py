"""The gRPC service `Escrow`: boxes deposit their clients' keys and get them back."""

import re
from typing import Any, Final, NoReturn

import structlog

from cloud.audit.trail import HubTrail
from cloud.keyservice.escrow import KeyService
from cloud.rpc.callers import Caller, Callers
from cloud.rpc.refusals import abort
from cloud.storage.database import Database
from cloud.storage.devices import DeviceRepository
from shared.errors import MedSpaError, Rejected
from shared.events.catalogue.audit import KeyUse, KeyUsed
from shared.ids import ClientId
from shared.wire import escrow_pb2 as wire
from shared.wire import escrow_pb2_grpc as rpc
from shared.wire.escrow import PAGE_CLIENTS, check_purpose

_CLIENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")


class EscrowService(rpc.EscrowServicer):
    """Answers for the caller's own location only, and about backup keys for the caller itself."""

    def __init__(self, keys: KeyService, callers: Callers, database: Database, trail: HubTrail) -> None:
        self._keys = keys
        self._callers = callers
        self._database = database
        self._trail = trail
        self._log = structlog.get_logger()

    def Key(self, request: wire.EscrowKeyQuery, context: Any) -> wire.EscrowKey:  # noqa: N802 - named by the protocol
        """Tell what deposits are sealed for."""
        del request
        try:
            caller = self._callers.identify(context)
            return wire.EscrowKey(receiving_key=self._keys.public_key(caller.tenant), storage=self._keys.storage)
        except (MedSpaError, OSError) as error:
            self._refuse(context, error)

    def Deposit(self, request: wire.ClientKeyDeposits, context: Any) -> wire.ClientKeysKept:  # noqa: N802
        """Keep client keys; answers only after they are on disk."""
        try:
            caller = self._callers.identify(context)
            if len(request.deposits) > PAGE_CLIENTS:
                raise Rejected("too_many_deposits", f"a call carries {PAGE_CLIENTS} client keys at most")
            kept, erased = self._keys.deposit(
                caller, [(_client(item.client), item.sealed) for item in request.deposits]
            )
            return wire.ClientKeysKept(kept=kept, erased=erased)
        except (MedSpaError, OSError) as error:
            self._refuse(context, error)

    def Recover(self, request: wire.RecoveryRequest, context: Any) -> wire.RecoveredKeys:  # noqa: N802
        """Give one page of client keys back; before the first, it is on record in the clinics' logs."""
        try:
            caller = self._callers.identify(context)
            purpose = check_purpose(request.purpose)
            if not request.after:
                self._note(caller, "client_keys", purpose)
            found = self._keys.recover(caller, self._receiving_key(caller), purpose, request.after)
            keys = [wire.RecoveredKey(client=client, sealed=sealed) for client, sealed in found.keys]
            self._log.warning("client_keys_recovered", device=caller.device, count=len(keys))
            return wire.RecoveredKeys(keys=keys, more=found.more)
        except (MedSpaError, OSError) as error:
            self._refuse(context, error)

    def DepositBackupKey(self, request: wire.BackupKeyDeposit, context: Any) -> wire.BackupKeyKept:  # noqa: N802
        """Keep a backup key; answers only after it is on disk."""
        try:
            self._keys.deposit_backup_key(self._callers.identify(context), request.sealed)
            return wire.BackupKeyKept()
        except (MedSpaError, OSError) as error:
            self._refuse(context, error)

    def RecoverBackupKeys(self, request: wire.RecoveryRequest, context: Any) -> wire.RecoveredBackupKeys:  # noqa: N802
        """Give the caller's backup keys back; it is on record in the clinics' logs first."""
        try:
            caller = self._callers.identify(context)
            purpose = check_purpose(request.purpose)
            self._note(caller, "backup_keys", purpose)
            sealed = self._keys.recover_backup_keys(caller, self._receiving_key(caller), purpose)
            self._log.warning("backup_keys_recovered", device=caller.device, count=len(sealed))
            return wire.RecoveredBackupKeys(sealed=sealed)
        except (MedSpaError, OSError) as error:
            self._refuse(context, error)

    def _note(self, caller: Caller, keys: str, purpose: str) -> None:
        used = KeyUsed(key=keys, use=KeyUse.RECOVERED, justification="enrolled_box")
        self._trail.note(caller.tenant, used, caller.device, purpose)

    def _receiving_key(self, caller: Caller) -> bytes:
        with self._database.read(caller.tenant) as connection:
            record = DeviceRepository(connection, caller.tenant).get(caller.device)
        if record is None:
            raise Rejected("unknown_device", "the device is not enrolled here")
        return record.receiving_key

    def _refuse(self, context: Any, error: MedSpaError | OSError) -> NoReturn:
        code = error.code if isinstance(error, MedSpaError) else "disk"
        self._log.warning("escrow_refused", reason_code=code)
        abort(context, error)


def _client(text: str) -> ClientId:
    if not _CLIENT.fullmatch(text):
        raise Rejected("bad_client_id", "a client's id has letters, digits, dot, dash, colon, underscore")
    return ClientId(text)
