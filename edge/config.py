"""The box's configuration: table `[edge]` of a TOML file; every field with its unit, range and default."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar, Self
from zoneinfo import available_timezones

from pydantic import Field, model_validator

from edge.analysis.settings import AnalysisSettings
from edge.schedule.night_settings import RollingSettings
from edge.schedule.waitlist.settings import WaitlistSettings
from shared.config import SideSettings
from shared.imaging.decode import ImageLimits
from shared.section import Section
from shared.vocabulary import LightProfile, View

Port = Annotated[int, Field(ge=1, le=65_535)]


class ClinicSettings(Section):
    """The clinic this box stands in."""

    name: str = Field(default="Clinic", min_length=1, max_length=120, description="Name shown on the pages.")
    timezone: str = Field(default="UTC", description="IANA time zone that decides the clinic's day.")
    registry: Path | None = Field(
        default=None, description="TOML file with providers, rooms, devices and services; an example by default."
    )

    @model_validator(mode="after")
    def _known_zone(self) -> Self:
        if self.timezone not in available_timezones():
            raise ValueError(f"timezone {self.timezone!r} is no IANA name such as America/New_York")
        return self


class KeystoreKind(StrEnum):
    """Where the root of all keys lives."""

    FILE = "file"
    PKCS11 = "pkcs11"
    TPM = "tpm"


class Pkcs11Settings(Section):
    """The token of `keystore = "pkcs11"`."""

    module: Path = Field(
        default=Path("/usr/lib/softhsm/libsofthsm2.so"), description="PKCS#11 library that came with the token."
    )
    token: str = Field(default="medspa", min_length=1, max_length=32, description="Label of the token.")
    pin_file: Path = Field(default=Path("keys/pin"), description="File of mode 0600 that holds the user's PIN.")


class TpmSettings(Section):
    """The TPM of `keystore = "tpm"`."""

    tcti: str = Field(default="device:/dev/tpmrm0", description="How tpm2-tools reach the TPM.")
    pcrs: str = Field(
        default="",
        pattern=r"^([a-z0-9]+:[0-9]{1,2}(,[0-9]{1,2})*)?$",
        description="Platform registers that must stay as they are, as sha256:7; none by default.",
    )


class StoreSettings(Section):
    """Where the record lies."""

    folder: Path = Field(default=Path("data"), description="Folder of the encrypted database and images.")
    keys_folder: Path = Field(
        default=Path("keys"), description="Folder of sealed keys; never part of a backup of `folder`."
    )
    keystore: KeystoreKind = Field(
        default=KeystoreKind.FILE, description="Where the root of all keys lives; chosen before the box is enrolled."
    )
    pkcs11: Pkcs11Settings = Field(default=Pkcs11Settings(), description="The token, where there is one.")
    tpm: TpmSettings = Field(default=TpmSettings(), description="The TPM, where there is one.")
    reserve_bytes: int = Field(
        default=512 * 1024 * 1024,
        ge=1024 * 1024,
        description="Free disk space below which no photograph is taken, kept for the database.",
    )
    backup_folder: Path | None = Field(
        default=None,
        description="Folder that a backup was begun in: continued daily, and restored from when the record is damaged.",
    )
    backup_versions: int = Field(default=7, ge=1, le=365, description="Versions of the backup to keep.")
    images_max_bytes: int = Field(
        default=256 * 1024**3, ge=1024 * 1024, description="What all photographs on the box may take of the disk."
    )
    images_free_bytes: int = Field(
        default=2 * 1024**3,
        ge=1024 * 1024,
        description="Free disk space below which photographs that the hub has are removed from the box.",
    )
    images_min_age_days: int = Field(
        default=30, ge=1, le=3650, description="Originals younger than this stay on the box, whatever the pressure."
    )
    images_keep_newest: int = Field(
        default=500, ge=0, le=1_000_000, description="Originals of so many newest photographs stay on the box."
    )


class LendingSettings(Section):
    """Slots that the hub may sell at once, also while the box is cut off; what is lent, the clinic cannot use."""

    per_service: int = Field(
        default=0, ge=0, le=20, description="Slots of each service and day; 0 lends none. Update the hub first."
    )
    services: tuple[str, ...] = Field(default=(), max_length=200, description="Ids of the services; all by default.")
    days_ahead: int = Field(default=6, ge=0, le=30, description="So many days from today on.")
    protected: tuple[Annotated[str, Field(pattern=r"^[0-2]\d:[0-5]\d-[0-2]\d:[0-5]\d$")], ...] = Field(
        default=(), max_length=20, description='Hours in which nothing is lent, as "16:00-19:00".'
    )
    lease_hours: int = Field(default=168, ge=1, le=1440, description="How long one lease lasts unless it is renewed.")
    notice_minutes: int = Field(
        default=120, ge=60, le=1440, description="So long before its start a slot is lent at the latest."
    )

    @model_validator(mode="after")
    def _hours_run_forward(self) -> Self:
        for hours in self.protected:
            start, end = hours.split("-")
            if not start < end <= "24:00":
                raise ValueError(f'lending.protected: write "16:00-19:00", the earlier time first, not "{hours}"')
        return self


class BackupTarget(StrEnum):
    """Where the daily backup goes."""

    FOLDER = "folder"
    HUB = "hub"
    BOTH = "both"


class BackupSettings(Section):
    """The daily backup."""

    target: BackupTarget = Field(
        default=BackupTarget.FOLDER,
        description="Where it goes, and what a damaged record is restored from: `store.backup_folder`, the hub, both.",
    )


class HubLinkSettings(Section):
    """Where the hub is; the box works without it for weeks."""

    url: str = Field(
        default="https://127.0.0.1:8405", pattern="^https://", description="Hub's address for enrolling and renewing."
    )
    mqtt_host: str = Field(default="127.0.0.1", description="Broker's host.")
    mqtt_port: Port = Field(default=8401, description="Broker's TCP port.")
    rpc_host: str = Field(default="127.0.0.1", description="Host of the hub's gRPC server.")
    rpc_port: Port = Field(default=8402, description="Its TCP port.")
    keepalive_seconds: int = Field(default=15, ge=2, le=600, description="Silence after which the link counts as cut.")
    reconnect_max_seconds: float = Field(default=30, gt=0, le=600, description="Longest pause between attempts.")
    release_keys: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")], ...] = Field(
        default=(), description="Ed25519 public keys, in hex, that may sign released bundles; none takes no bundle."
    )
    bundle_max_bytes: int = Field(default=2 * 1024**3, ge=1024, description="Largest released bundle that is fetched.")


class HttpSettings(Section):
    """Where kiosk and tablet are served."""

    host: str = Field(default="127.0.0.1", description="Address to listen on; sign-in is needed before others.")
    port: Port = Field(default=8300, description="TCP port.")
    web_dist: Path | None = Field(default=None, description="Folder of the built pages; none serves the API only.")
    tls: bool = Field(default=False, description="Serve over HTTPS with the box's own clinic-network certificate.")
    lan_names: tuple[str, ...] = Field(
        default=("localhost", "127.0.0.1"),
        min_length=1,
        max_length=20,
        description="The box's names and addresses in the clinic's network; the certificate says no others.",
    )

    @model_validator(mode="after")
    def _loopback(self) -> Self:
        if self.host not in {"127.0.0.1", "::1", "localhost"}:
            raise ValueError("the pages have no sign-in yet: `host` must be 127.0.0.1, ::1 or localhost")
        return self


class CameraKind(StrEnum):
    """Which camera adapter is used."""

    SYNTHETIC = "synthetic"
    FILES = "files"
    OPENCV = "opencv"


class CaptureSettings(Section):
    """Camera and protocol."""

    camera: CameraKind = Field(default=CameraKind.SYNTHETIC, description="Camera adapter.")
    source: str = Field(
        default="",
        description="Folder or file of `files` and `synthetic`; index, device path or pipeline of `opencv`.",
    )
    protocol: str = Field(default="face-v1", max_length=40, description="Name of the capture protocol.")
    views: tuple[View, ...] = Field(
        default=(View.FRONT, View.LEFT, View.RIGHT), min_length=1, max_length=3, description="Views it asks for."
    )
    limits: ImageLimits = Field(default=ImageLimits(), description="How large a photograph may be.")
    light: LightProfile = Field(
        default=LightProfile.UNCONTROLLED,
        description="Light the station always has; unless it is controlled, colours of two visits are not compared.",
    )


class SignInSettings(Section):
    """Who may use the pages; the floors keep a PIN worth something."""

    required: bool = Field(
        default=False, description="Whether staff must sign in; off until the pages ask for it. Off, all act as one."
    )
    idle_seconds: float = Field(default=300, ge=30, le=3600, description="After so long without use a session locks.")
    session_seconds: float = Field(default=43_200, ge=300, le=86_400, description="After so long it ends.")
    pin_digits: int = Field(default=6, ge=6, le=12, description="Shortest PIN.")
    free_failures: int = Field(default=3, ge=0, le=5, description="Wrong PINs in a row that cost no waiting.")
    pause_seconds: int = Field(default=30, ge=10, le=600, description="First waiting; doubled with each further one.")
    longest_pause_seconds: int = Field(default=3600, ge=600, le=86_400, description="Longest waiting.")
    break_glass_seconds: int = Field(default=1800, ge=60, le=14_400, description="How long break-glass lasts.")
    code_seconds: int = Field(default=86_400, ge=300, le=604_800, description="Life of a set-up code.")
    argon2_memory_kib: int = Field(default=65_536, ge=19_456, le=1_048_576, description="Memory of a PIN's hash.")
    argon2_passes: int = Field(default=3, ge=2, le=20, description="Passes of a PIN's hash.")


class HubLogSettings(Section):
    """How the box watches that its hub rewrites no history."""

    check_seconds: float = Field(
        default=600, ge=0.1, le=86_400, description="Pause between checks when the hub announces no head."
    )
    random_events: int = Field(default=8, ge=0, le=64, description="Own events picked at random for each check.")
    sweep_events: int = Field(default=56, ge=1, le=192, description="Own events checked one after another, each time.")
    heads_folder: Path | None = Field(
        default=None,
        description="Folder shared with the tenant's other boxes past the hub; each leaves its heads there.",
    )


class EdgeSettings(SideSettings):
    """Everything a box can be told."""

    table: ClassVar[str] = "edge"

    clinic: ClinicSettings = Field(default=ClinicSettings(), description="The clinic.")
    store: StoreSettings = Field(default=StoreSettings(), description="The record.")
    lending: LendingSettings = Field(default=LendingSettings(), description="Slots lent to online booking.")
    backup: BackupSettings = Field(default=BackupSettings(), description="The daily backup.")
    hub: HubLinkSettings = Field(default=HubLinkSettings(), description="The hub.")
    http: HttpSettings = Field(default=HttpSettings(), description="The pages.")
    capture: CaptureSettings = Field(default=CaptureSettings(), description="Camera and protocol.")
    analysis: AnalysisSettings = Field(default=AnalysisSettings(), description="Models.")
    sign_in: SignInSettings = Field(default=SignInSettings(), description="Staff at this box.")
    hub_log: HubLogSettings = Field(default=HubLogSettings(), description="Watch over the hub's log.")
    waitlist: WaitlistSettings = Field(default=WaitlistSettings(), description="Offers of places that become free.")
    rolling: RollingSettings = Field(default=RollingSettings(), description="The coming days, improved at night.")
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$", description="Least level logged.")

    @property
    def backed_up_to_folder(self) -> Path | None:
        """The folder of the daily backup, or None."""
        return self.store.backup_folder if self.backup.target is not BackupTarget.HUB else None

    @property
    def backed_up_to_hub(self) -> bool:
        """Whether the daily backup goes to the hub."""
        return self.backup.target is not BackupTarget.FOLDER
