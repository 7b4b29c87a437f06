"""The hub's configuration: table `[hub]` of a TOML file; every field with its unit, range and default."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, SecretStr

from shared.config import SideSettings
from shared.section import Section


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{name!r} is no time zone name such as Europe/Vienna") from None
    return name


Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Port = Annotated[int, Field(ge=1, le=65_535)]
TimeZoneName = Annotated[str, AfterValidator(_known_timezone)]


class BrokerMode(StrEnum):
    """Where the MQTT broker runs."""

    EMBEDDED = "embedded"
    EXTERNAL = "external"


class HttpSettings(Section):
    """Where the portal listens."""

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: Port = Field(default=8400, description="TCP port.")
    names: tuple[str, ...] = Field(
        default=("localhost", "127.0.0.1", "[::1]"), description="Host names answered to; others are refused."
    )


class BrokerSettings(Section):
    """The MQTT broker between boxes and hub."""

    mode: BrokerMode = Field(default=BrokerMode.EMBEDDED, description="Run one inside the hub, or use one.")
    host: str = Field(default="127.0.0.1", description="Address the broker listens on.")
    port: Port = Field(default=8401, description="TCP port of the broker.")
    hub_port: Port | None = Field(
        default=None, description="TCP port at which the hub itself reaches an external broker; `port` by default."
    )
    folder: Path | None = Field(
        default=None, description="Folder of an external Mosquitto's files, kept current by the running hub."
    )
    keepalive_seconds: int = Field(default=30, ge=5, le=600, description="MQTT keep-alive of the hub's client.")


class RpcSettings(Section):
    """The gRPC server: images, backfill and all that is bulky."""

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: Port = Field(default=8402, description="TCP port.")


class BlobSettings(Section):
    """What images are taken."""

    max_blob_bytes: int = Field(default=256 * 1024 * 1024, ge=1024, description="Largest sealed image that is taken.")


class BackupsSettings(Section):
    """What is kept of each box's own backup, which the hub cannot open."""

    versions: int = Field(default=7, ge=1, le=365, description="Versions to keep of each box; one that verifies stays.")
    max_part_bytes: int = Field(default=64 * 1024 * 1024, ge=1024 * 1024, description="Largest part that is taken.")
    max_box_bytes: int = Field(default=16 * 1024**3, ge=1024 * 1024, description="What one box may keep here.")


class FleetSettings(Section):
    """Where boxes enrol and renew, and how long what they are given is good."""

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: Port = Field(default=8405, description="TCP port, TLS.")
    look_seconds: float = Field(
        default=30, ge=0.05, le=300, description="Pause between looks for revoked boxes; none stays connected longer."
    )
    certificate_days: int = Field(default=90, ge=1, le=398, description="Life of a box's certificate.")


class LocationSettings(Section):
    """One clinic of a tenant."""

    id: Identifier = Field(description="Opaque id used in events and topics.")
    name: str = Field(min_length=1, max_length=120, description="Name shown in the portal.")
    timezone: TimeZoneName = Field(default="UTC", description="Time zone that decides the clinic's day.")
    services: tuple[str, ...] = Field(default=(), description="Services that may be requested online.")
    opens_minute: int = Field(default=420, ge=0, lt=1440, description="Minute of the day from which work is usual.")
    closes_minute: int = Field(default=1260, gt=0, le=1440, description="Minute of the day until which it is.")
    open_days: tuple[int, ...] = Field(default=(0, 1, 2, 3, 4, 5), description="Days it is usual on; Monday is 0.")


class TenantSettings(Section):
    """One chain of clinics."""

    id: Identifier = Field(description="Opaque id used in events and topics.")
    name: str = Field(min_length=1, max_length=120, description="Name shown in the portal.")
    locations: tuple[LocationSettings, ...] = Field(min_length=1, description="Its clinics.")


class PortalSettings(Section):
    """Who may look at the portal: everybody who reaches it sees this tenant."""

    tenant: Identifier | None = Field(default=None, description="Tenant shown; the first one by default.")
    viewer_name: str = Field(default="Owner", max_length=80, description="Name shown as signed in.")
    person_header: str = Field(
        default="",
        pattern=r"^([a-z][a-z0-9-]{0,63})?$",
        description="Header by which the reverse proxy names who it has signed in; it must drop one sent by others.",
    )
    web_dist: Path | None = Field(default=None, description="Folder of the built portal pages.")


class IngestSettings(Section):
    """Limits of the work between broker and database."""

    group: str = Field(
        default="hub",
        pattern=r"^[a-z0-9-]{1,32}$",
        description="Name by which processes on one external broker share the boxes' messages (MQTT 5).",
    )
    receive_maximum: int = Field(
        default=64, ge=1, le=65_535, description="Messages an MQTT 5 broker hands over before the first is handled."
    )
    scrub_seconds: int = Field(
        default=86_400, ge=10, le=2_592_000, description="Interval at which stored events are checked and repaired."
    )
    queue_messages: int = Field(
        default=256, ge=1, le=100_000, description="Messages that may wait; more are dropped and sent again."
    )
    metrics_host: str = Field(default="127.0.0.1", description="Address at which an ingest worker shows its metrics.")
    metrics_port: Port | None = Field(
        default=None, description="TCP port of an ingest worker's /metrics, its own for each worker; none by default."
    )


class TransparencySettings(Section):
    """How often the hub commits, signed, to everything it has applied."""

    head_seconds: float = Field(
        default=600,
        ge=0.1,
        le=86_400,
        description="Shortest time between two heads sent to boxes, and only when grown.",
    )


class AlertSettings(Section):
    """From how many a day on the audit stream raises an alert."""

    mass_reads: int = Field(default=40, ge=1, description="Photographs opened by one person, at least.")
    mass_reads_factor: float = Field(default=4.0, ge=1, description="And so many times their own daily average.")
    history_days: int = Field(default=28, ge=1, le=366, description="Days back that the average is taken over.")
    odd_hours: int = Field(default=3, ge=1, description="Looks, exports, break-glass outside the clinic's hours.")
    refused: int = Field(default=5, ge=1, description="Refused accesses of one person.")
    failed_sign_ins: int = Field(default=5, ge=1, description="Wrong PINs or codes for one person.")
    mass_exports: int = Field(default=5, ge=1, description="Files taken out by one person.")


class HubSettings(SideSettings):
    """Everything a hub can be told."""

    table: ClassVar[str] = "hub"

    data_folder: Path = Field(default=Path("var/hub"), description="Folder of database, keys and images.")
    database_url: SecretStr | None = Field(
        default=None,
        description="SQLAlchemy address, e.g. postgresql+psycopg://app@host/hub; a SQLite file by default.",
    )
    database_owner_url: SecretStr | None = Field(
        default=None,
        description="Address with the role that owns the tables, for migrations; `database_url` by default.",
    )
    keys_folder: Path | None = Field(default=None, description="Sealed keys; `keys` in the data folder by default.")
    key_service_folder: Path | None = Field(
        default=None,
        description="The key service's own folder, never part of a backup of the hub; by default beside the data.",
    )
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$", description="Least level logged.")
    http: HttpSettings = Field(default=HttpSettings(), description="Portal.")
    broker: BrokerSettings = Field(default=BrokerSettings(), description="MQTT broker.")
    rpc: RpcSettings = Field(default=RpcSettings(), description="gRPC server.")
    blobs: BlobSettings = Field(default=BlobSettings(), description="Images taken.")
    backups: BackupsSettings = Field(default=BackupsSettings(), description="The boxes' own backups.")
    fleet: FleetSettings = Field(default=FleetSettings(), description="Enrolment, certificates, revocation.")
    portal: PortalSettings = Field(default=PortalSettings(), description="Portal.")
    ingest: IngestSettings = Field(default=IngestSettings(), description="Limits of ingest.")
    alerts: AlertSettings = Field(default=AlertSettings(), description="Alerts on the audit stream.")
    transparency: TransparencySettings = Field(default=TransparencySettings(), description="Signed tree heads.")
    tenants: tuple[TenantSettings, ...] = Field(min_length=1, description="The chains this hub serves.")

    @property
    def effective_database_url(self) -> str:
        """The database the hub works with."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_folder / 'hub.db'}"

    @property
    def effective_owner_url(self) -> str:
        """The address migrations are run with."""
        if self.database_owner_url is not None:
            return self.database_owner_url.get_secret_value()
        return self.effective_database_url

    @property
    def effective_keys_folder(self) -> Path:
        """Where sealed keys lie."""
        return self.keys_folder or self.data_folder / "keys"

    @property
    def effective_key_service_folder(self) -> Path:
        """Where clients' keys lie in escrow: not in the data folder, so that a copy of that holds none."""
        return self.key_service_folder or self.data_folder.with_name(f"{self.data_folder.name}-key-service")

    @property
    def releases_folder(self) -> Path:
        """Where released bundles lie."""
        return self.data_folder / "releases"

    @property
    def box_backups_folder(self) -> Path:
        """Where the boxes' sealed backups lie."""
        return self.data_folder / "box-backups"

    @property
    def blobs_folder(self) -> Path:
        """Where images lie."""
        return self.data_folder / "blobs"

    @property
    def shown_tenant(self) -> str:
        """The tenant the portal shows."""
        return self.portal.tenant or self.tenants[0].id
