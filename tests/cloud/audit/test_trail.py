"""What leaves the hub, and what is done with its keys, is in the clinics' logs: pages and commands, none left out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import typer
from fastapi.responses import JSONResponse, Response
from typer.testing import CliRunner

from cloud.audit.trail import HubTrail
from cloud.cli import app
from cloud.config import HubSettings
from cloud.erasure.office import ErasureOffice
from cloud.ingest.down_writer import DownWriter
from cloud.portal.api import create_portal_api
from cloud.portal.ports import Viewer
from cloud.queries.erasures import ErasureQueries
from cloud.storage.clinics import store_tenants
from cloud.storage.database import Database
from cloud.storage.down import DownLog
from cloud.wiring.opening import open_database
from shared.config import load_settings
from shared.events.catalogue import complete_catalogue
from shared.events.catalogue.audit import Exported, KeyUsed
from shared.events.envelope import Event, EventBody
from shared.http.errors import NotFound
from shared.ids import LocationId, TenantId, Uuid7Source
from tests.cloud.conftest import HubParts
from tests.edge.staff.test_routes import routes
from tests.support.portal_ports import fake_portal_ports

LUMEN = TenantId("lumen")
OWNER = Viewer("portal-1", "Ida Canary", "lumen")


def told(database: Database, tenant: TenantId = LUMEN) -> list[EventBody]:
    """Return the hub's audit entries in the logs that go down, each checked against its schema."""
    found: list[EventBody] = []
    with database.read(tenant) as connection:
        down = DownLog(connection, tenant)
        for location in down.locations():
            for end in down.ends(location):
                found += [Event.from_body(body).fields for body in down.bodies(location, end.epoch, 1, 1000)]
    entries = [item for item in found if item.type in {Exported.event_type, KeyUsed.event_type}]
    for item in entries:
        complete_catalogue().check(item.type, item.schema_version, item.payload)
    return entries


class Receipts(ErasureOffice):
    """The real office, with one proven deletion."""

    def receipt(self, tenant: TenantId, client: str) -> str:
        return "{}\n" if client == "c1" else super().receipt(tenant, client)


def test_a_receipt_that_the_portal_lets_out_is_on_record_with_who_took_it(hub: HubParts) -> None:
    ids = Uuid7Source(hub.clock)
    office = Receipts(hub.database, DownWriter(hub.clock, ids), ids, lambda: None)
    portal = ErasureQueries(office, HubTrail(hub.database, hub.clock, ids))
    with pytest.raises(NotFound):
        portal.receipt("c2", OWNER)
    assert told(hub.database) == []
    assert portal.receipt("c1", OWNER) == "{}\n"
    (entry,) = told(hub.database)
    assert (entry.type, entry.actor, entry.purpose) == ("audit.export", "portal-1", "erasure")
    assert entry.payload == {"what": "erasure_receipt", "items": 1, "justification": "portal"}
    assert told(hub.database, TenantId("aurora")) == []


def test_the_portal_lets_nothing_else_out_as_a_file() -> None:
    lets_out = set()
    for route in routes(create_portal_api(fake_portal_ports())):
        returned = get_type_hints(route.endpoint).get("return") if "methods" in vars(route) else None
        if isinstance(returned, type) and issubclass(returned, Response) and not issubclass(returned, JSONResponse):
            lets_out.add(route.path)
    assert lets_out == {"/api/portal/erased/{client}/receipt"}


# What each command of the hub that lets something out or uses a key leaves in the clinics' logs.
ON_RECORD = {
    "backup": [("audit.export", "hub_backup"), ("audit.key_used", "hub_keys")],
    "restore": [("audit.key_used", "hub_keys"), ("audit.key_used", "hub_backup")],
    "rotate-keys": [("audit.key_used", "transport")],
    "rotate-log-key": [("audit.key_used", "hub_log")],
    "roll-authority": [("audit.key_used", "authority")],
    "retire-authority": [("audit.key_used", "authority")],
}
# These let nothing out that is anybody's; what they change has a record of its own.
NOTHING_TO_RECORD = {
    "run", "ingest-worker", "invite", "devices", "revoke", "readmit", "replace", "configure", "twins", "certificates",
    "broker-config", "release", "parked list", "parked replay", "parked skip",
}  # fmt: skip


def commands(command: Any, name: str = "") -> Iterator[str]:
    parts = getattr(command, "commands", None)
    if parts is None:
        yield name
    else:
        for part, inner in parts.items():
            yield from commands(inner, f"{name} {part}".strip())


def test_every_command_says_whether_it_lets_anything_out() -> None:
    assert set(commands(typer.main.get_command(app))) == set(ON_RECORD) | NOTHING_TO_RECORD


def config(folder: Path) -> Path:
    path = folder.parent / f"{folder.name}.toml"
    place = '[[hub.tenants.locations]]\nid = "one"\nname = "One"\n'
    path.write_text(f'[hub]\ndata_folder = "{folder}"\n[[hub.tenants]]\nid = "lumen"\nname = "L"\n{place}')
    return path


@pytest.mark.req("P-4")
def test_what_a_command_of_the_hub_lets_out_or_does_with_a_key_is_on_record(tmp_path: Path) -> None:
    old, new = config(tmp_path / "hub"), config(tmp_path / "new")
    settings = load_settings(old, HubSettings)
    settings.data_folder.mkdir()
    database = open_database(settings)
    store_tenants(database, settings.tenants)
    phrase = tmp_path / "phrase"
    phrase.write_text("correct horse battery\n")
    keys = ["--passphrase-file", str(phrase)]
    # Each command, and whose log its entries are looked for in.
    steps = [
        (old, ["rotate-keys", "--tenant", "lumen"]),
        (old, ["rotate-log-key"]),
        (old, ["roll-authority"]),
        (old, ["retire-authority"]),
        (old, ["backup", "--to", str(tmp_path / "safe"), "--keys-to", str(tmp_path / "hub.keys"), *keys]),
        (new, ["restore", "--from", str(tmp_path / "safe"), "--keys-from", str(tmp_path / "hub.keys"), *keys]),
    ]
    seen = 0
    for path, words in steps:
        answer = CliRunner().invoke(app, [*words, "-c", str(path)])
        assert answer.exit_code == 0, (words, answer.output, answer.exception)
        opened = open_database(load_settings(path, HubSettings))
        entries = told(opened)[seen:]
        opened.close()
        named = [(item.type, item.payload.get("what") or item.payload.get("key")) for item in entries]
        assert named == ON_RECORD[words[0]]
        assert {(item.actor, item.payload["justification"]) for item in entries} == {("operator", "command_line")}
        seen += len(entries)
    database.close()


def test_entries_are_in_the_log_of_every_clinic_of_the_tenant(hub: HubParts) -> None:
    with hub.database.read(LUMEN) as connection:
        before = DownLog(connection, LUMEN).locations()
    HubTrail(hub.database, hub.clock, Uuid7Source(hub.clock)).note(
        LUMEN, Exported(what="hub_backup", items=3, justification="command_line"), "operator", "backup"
    )
    with hub.database.read(LUMEN) as connection:
        assert set(DownLog(connection, LUMEN).locations()) >= {LocationId("lumen-one"), *before}
