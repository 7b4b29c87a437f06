import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import make_url

from cloud.bookings.desk import BookingDesk
from cloud.config import LocationSettings, TenantSettings
from cloud.fleet.ca import HubAuthority
from cloud.fleet.enrolment import Enrolment
from cloud.fleet.keys import TenantKeys
from cloud.ingest.downlink import DownLinks
from cloud.ingest.handler import MessageHandler
from cloud.ingest.intake import Intake
from cloud.metrics import HubMetrics
from cloud.storage.clinics import store_tenants
from cloud.storage.database import Database, migrate
from cloud.storage.tables import metadata
from shared.clock import SystemClock
from shared.crypto.keyfile import SealedKeyFolder
from shared.events.catalogue import complete_catalogue
from shared.ids import TenantId, Uuid7Source
from shared.wire import medspa_pb2 as wire
from tests.support.box import FakeBox
from tests.support.clocks import ManualClock
from tests.support.servers import Postgres, postgres, run_sql

TENANTS = tuple(
    TenantSettings(
        id=tenant,
        name=tenant.title(),
        locations=(
            LocationSettings(id=f"{tenant}-one", name="One", timezone="Europe/Vienna", services=("Consultation",)),
        ),
    )
    for tenant in ("lumen", "aurora")
)


@dataclass
class HubParts:
    """The hub's parts on one database, without network."""

    database: Database
    keys: TenantKeys
    authority: HubAuthority
    clock: ManualClock
    metrics: HubMetrics
    enrolment: Enrolment
    handler: MessageHandler
    links: DownLinks
    desk: BookingDesk

    def box(self, tenant: str = "lumen") -> FakeBox:
        return FakeBox.enrol(self.enrolment, tenant, f"{tenant}-one")

    def tell(self, box: FakeBox, message: wire.Message) -> list[wire.Message]:
        return self.handler.handle(*box.sealed(message))[1]

    def ack(self, box: FakeBox, message: wire.Message) -> wire.Ack:
        answers = [answer.ack for answer in self.tell(box, message) if answer.WhichOneof("kind") == "ack"]
        assert len(answers) == 1
        box.hear(answers[0])
        return answers[0]


def assemble(database: Database, folder: Path) -> HubParts:
    store_tenants(database, TENANTS)
    clock, metrics = ManualClock(), HubMetrics()
    keys = TenantKeys(SealedKeyFolder(folder / "keys"), frozenset(TenantId(tenant.id) for tenant in TENANTS))
    links = DownLinks(database, clock)
    handler = MessageHandler(database, keys, Intake(database, complete_catalogue(), clock), links, metrics, clock)
    desk = BookingDesk(database, keys, clock, Uuid7Source(clock), lambda: None)
    # Connections are real, so what is shown on them is dated by the real clock.
    authority = HubAuthority(folder / "keys", [TenantId(tenant.id) for tenant in TENANTS], SystemClock())
    enrolment = Enrolment(database, keys, authority, clock)
    return HubParts(database, keys, authority, clock, metrics, enrolment, handler, links, desk)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    with TemporaryDirectory() as folder, postgres(Path(folder)) as server:
        yield server


def postgres_urls(server: Postgres) -> tuple[str, str]:
    name = f"hub_{secrets.token_hex(4)}"
    run_sql(server, "postgres", f"CREATE DATABASE {name} OWNER owner")
    return server.url("owner", name), server.url("app", name)


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: Postgres) -> tuple[Postgres, str]:
    """Return the server and the hub's address of a migrated database."""
    owner, app = postgres_urls(postgres_server)
    migrate(owner, app)
    return postgres_server, app


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("migrated") / "hub.db"
    migrate(f"sqlite:///{file}", f"sqlite:///{file}")
    return file


def empty_postgres(migrated: tuple[Postgres, str]) -> str:
    server, app = migrated
    names = ", ".join(table.name for table in metadata.sorted_tables)
    run_sql(server, str(make_url(app).database), f"TRUNCATE {names}")
    return app


def empty_sqlite(migrated: Path, folder: Path) -> str:
    copy = folder / "hub.db"
    shutil.copy(migrated, copy)
    return f"sqlite:///{copy}"


@pytest.fixture(params=["sqlite", "postgres"])
def open_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Database]]:
    """Return a function that opens the same empty, migrated database again and again."""
    if request.param == "sqlite":
        app = empty_sqlite(request.getfixturevalue("migrated_sqlite"), tmp_path)
    else:
        app = empty_postgres(request.getfixturevalue("migrated_postgres"))
    opened: list[Database] = []

    def open_again() -> Database:
        opened.append(Database(app))
        return opened[-1]

    yield open_again
    for database in opened:
        database.close()


@pytest.fixture
def hub(open_database: Callable[[], Database], tmp_path: Path) -> HubParts:
    return assemble(open_database(), tmp_path)


@pytest.fixture
def sqlite_hub(migrated_sqlite: Path, tmp_path: Path) -> Iterator[HubParts]:
    database = Database(empty_sqlite(migrated_sqlite, tmp_path))
    yield assemble(database, tmp_path)
    database.close()


@pytest.fixture
def postgres_hub(migrated_postgres: tuple[Postgres, str], tmp_path: Path) -> Iterator[HubParts]:
    database = Database(empty_postgres(migrated_postgres))
    yield assemble(database, tmp_path)
    database.close()
