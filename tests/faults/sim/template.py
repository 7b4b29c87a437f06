"""A clinic chain on disk, made once and copied for each world: one hub and its enrolled boxes."""

import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp

from cloud.config import LocationSettings, TenantSettings
from cloud.fleet.ca import HubAuthority
from cloud.fleet.enrolment import Enrolment
from cloud.fleet.keys import TenantKeys
from cloud.storage.clinics import store_tenants
from cloud.storage.database import Database, migrate
from edge.keys.box import BoxKeys
from edge.store.events import BoxIdentity
from shared.crypto.keyfile import SealedKeyFolder
from shared.crypto.pki import make_request, new_key
from shared.ids import DeviceId, LocationId, TenantId
from tests.faults.sim.box import CERTIFICATE
from tests.faults.sim.clocks import MachineClock, TrueTime
from tests.faults.sim.payloads import box_catalogue
from tests.support.hubs import SERVICES, ZONE
from tests.support.records import open_box_record

MAX_BOXES = 4
CLIENTS = 3
# The last box belongs to another tenant: what it says about the first one's clinics must change nothing there.
CLINICS = (("lumen", "lumen-1"), ("lumen", "lumen-2"), ("aurora", "aurora-1"), ("lumen", "lumen-3"))
TENANTS = tuple(
    TenantSettings(
        id=tenant,
        name=tenant.title(),
        locations=tuple(
            LocationSettings(id=place, name=place, timezone=ZONE, services=SERVICES)
            for owner, place in CLINICS
            if owner == tenant
        ),
    )
    for tenant in ("lumen", "aurora")
)
TENANT_IDS = frozenset(TenantId(tenant.id) for tenant in TENANTS)


def memory_folder() -> Path:
    """Return a new folder in memory where there is such a place."""
    shared = Path("/dev/shm")
    return Path(mkdtemp(prefix="medspa-sim-", dir=shared if shared.is_dir() else None))


@dataclass(frozen=True)
class Template:
    """The folder to copy from."""

    folder: Path

    @classmethod
    def make(cls) -> "Template":
        """Build everything: migrations, keys, enrolment, first clients."""
        folder = memory_folder()
        clock = MachineClock(TrueTime())
        (folder / "hub").mkdir()
        url = f"sqlite:///{folder / 'hub' / 'hub.db'}"
        migrate(url, url)
        database = Database(url)
        store_tenants(database, TENANTS)
        keys = TenantKeys(SealedKeyFolder(folder / "hub" / "keys"), TENANT_IDS)
        authority = HubAuthority(folder / "hub" / "keys", sorted(TENANT_IDS), clock)
        enrolment = Enrolment(database, keys, authority, clock)
        for number, (tenant, place) in enumerate(CLINICS):
            _make_box(folder / f"box-{number}", enrolment, clock, (TenantId(tenant), LocationId(place)))
        database.close()
        return cls(folder)

    @cached_property
    def identities(self) -> tuple[BoxIdentity, ...]:
        """Who the boxes are."""
        texts = ((self.folder / f"box-{number}" / "identity").read_text().split() for number in range(MAX_BOXES))
        return tuple(BoxIdentity(TenantId(a), LocationId(b), DeviceId(c)) for a, b, c in texts)

    def copy(self, target: Path, boxes: int) -> None:
        """Copy the hub and the first boxes."""
        for name in ("hub", *(f"box-{number}" for number in range(boxes))):
            shutil.copytree(self.folder / name, target / name)

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _make_box(folder: Path, enrolment: Enrolment, clock: MachineClock, place: tuple[TenantId, LocationId]) -> None:
    folder.mkdir()
    keys = BoxKeys(folder / "keys")
    device = keys.identity()
    done = enrolment.enrol(enrolment.invite(*place, 600), folder.name, device.public, make_request(new_key()))
    (folder / CERTIFICATE).write_bytes(done.certified.chain)
    keys.keep_transport(device.receive(done.delivery, f"enrol/{done.tenant}/{done.device}".encode()))
    identity = BoxIdentity(done.tenant, done.location, done.device)
    record = open_box_record(folder, clock, identity, catalogue=box_catalogue())
    for number in range(CLIENTS):
        record.new_client(f"Planted Name {number}")
    record.store.close()
    (folder / "identity").write_text(f"{done.tenant} {done.location} {done.device}")
