"""A real record in a temporary folder: sealed keys, SQLCipher log, vault."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from edge.clients.register import ClientRegister
from edge.consent.desk import ConsentDesk
from edge.consent.texts import load_consent_texts
from edge.keys.box import BoxKeys
from edge.keys.clients import ClientKeystore
from edge.record import PROJECTIONS
from edge.store.database import Database
from edge.store.events import BoxIdentity, SqlcipherEventStore
from edge.store.vault import ImageVault
from shared.clock import Clock
from shared.events.catalogue import complete_catalogue
from shared.events.catalogue.client import ClientRegistered
from shared.events.payload import Catalogue
from shared.ids import ClientId, DeviceId, LocationId, TenantId, Uuid7Source
from shared.vocabulary import ConsentDecision, ConsentPurpose
from tests.support.clocks import ManualClock

IDENTITY = BoxIdentity(TenantId("tenant-a"), LocationId("clinic-1"), DeviceId("box-1"))


@dataclass
class BoxRecord:
    """An open record with what belongs to it."""

    folder: Path
    clock: ManualClock
    keys: BoxKeys
    clients: ClientKeystore
    store: SqlcipherEventStore
    vault: ImageVault
    register: ClientRegister
    consent: ConsentDesk
    ids: Uuid7Source

    def clients_anew(self) -> ClientKeystore:
        """Open the client keystore a second time, with nothing cached."""
        return ClientKeystore(self.folder / "keys" / "clients", self.keys.sealed, self.clock)

    def new_client(self, name: str = "Ada Canary", note: str = "", *, consents: bool = True) -> ClientId:
        client = self.register.add(ClientRegistered(name=name, note=note), "tester").id
        if consents:
            words = self.consent.texts.text("en")
            choices = [(ConsentPurpose.TREATMENT_RECORD, ConsentDecision.GRANTED)]
            self.consent.record(client, "en", words.version, choices, "[]", "tester")
        return client


def open_box_record(
    folder: Path,
    clock: Clock | None = None,
    identity: BoxIdentity = IDENTITY,
    *,
    catalogue: Catalogue | None = None,
    database: Callable[[Path, bytes], Database] = Database,
) -> BoxRecord:
    clock = clock or ManualClock()
    data, key_folder = folder / "data", folder / "keys"
    data.mkdir(parents=True, exist_ok=True)
    ids = Uuid7Source(clock)
    keys = BoxKeys(key_folder)
    clients = ClientKeystore(key_folder / "clients", keys.sealed, clock)
    store = SqlcipherEventStore(
        database(data / "record.db", keys.database()),
        identity,
        clock=clock,
        ids=ids,
        catalogue=catalogue or complete_catalogue(),
        projections=PROJECTIONS,
        data_keys=clients,
        head_key=keys.log_head(),
    )
    return BoxRecord(
        folder,
        cast("ManualClock", clock),  # only tests that opened with one move it
        keys,
        clients,
        store,
        ImageVault(data / "vault", 1024 * 1024),
        ClientRegister(store, clients, ids),
        ConsentDesk(store, load_consent_texts(), clock),
        ids,
    )
