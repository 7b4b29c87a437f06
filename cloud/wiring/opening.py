"""What the hub, its ingest processes and the commands open: database, keys, the authority."""

from dataclasses import dataclass
from datetime import timedelta

from cloud.config import HubSettings
from cloud.fleet.ca import HubAuthority, Lives
from cloud.fleet.keys import TenantKeys
from cloud.ingest.down_writer import DownWriter
from cloud.keyservice.escrow import KeyService
from cloud.metrics import HubMetrics
from cloud.storage.clinics import store_tenants
from cloud.storage.database import Database, migrate
from shared.clock import Clock
from shared.crypto.keyfile import SealedKeyFolder
from shared.ids import TenantId, Uuid7Source


@dataclass(frozen=True, slots=True)
class Core:
    """What every part of a running hub shares."""

    settings: HubSettings
    clock: Clock
    database: Database
    keys: TenantKeys
    metrics: HubMetrics
    authority: HubAuthority

    @property
    def tenants(self) -> tuple[TenantId, ...]:
        """Whom this hub serves."""
        return tuple(configured_tenants(self.settings))

    def down_writer(self) -> DownWriter:
        """Return what writes into the logs that go down."""
        return DownWriter(self.clock, Uuid7Source(self.clock))


def open_core(settings: HubSettings, clock: Clock) -> Core:
    """Open the database, the keys and the authority.

    Raises:
        MedSpaError: one of them cannot be opened.
    """
    database = open_database(settings)
    return Core(settings, clock, database, open_keys(settings), HubMetrics(), open_authority(settings, clock))


def open_database(settings: HubSettings) -> Database:
    """Bring the tables up to date, make the configured tenants known, and return the database."""
    settings.data_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    migrate(settings.effective_owner_url, settings.effective_database_url)
    database = Database(settings.effective_database_url)
    store_tenants(database, settings.tenants)
    return database


def open_keys(settings: HubSettings) -> TenantKeys:
    """Return the keys of the configured tenants, made at their first use."""
    return TenantKeys(SealedKeyFolder(settings.effective_keys_folder), frozenset(configured_tenants(settings)))


def open_key_service(settings: HubSettings, clock: Clock) -> KeyService:
    """Return the tenants' key service, which has a folder and a file of its own."""
    return KeyService(settings.effective_key_service_folder, frozenset(configured_tenants(settings)), clock)


def configured_tenants(settings: HubSettings) -> list[TenantId]:
    """Return whom this hub serves."""
    return [TenantId(tenant.id) for tenant in settings.tenants]


def open_authority(settings: HubSettings, clock: Clock) -> HubAuthority:
    """Return the authority that signs for the configured tenants."""
    lives = Lives(device=timedelta(days=settings.fleet.certificate_days))
    return HubAuthority(settings.effective_keys_folder, configured_tenants(settings), clock, lives)
