"""Whatever leaves the box, and every key that a person has used, is on record: pages and commands, none left out."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_type_hints

import cv2
import numpy as np
import pytest
import typer
from fastapi.responses import JSONResponse, Response
from typer.testing import CliRunner

from edge.cli import app
from edge.staff.permissions import Action
from edge.store.errors import StorageFull
from shared.events.catalogue.audit import Exported, KeyUsed, PhotoRead
from shared.events.catalogue.erasure import ErasureReceiptKept
from shared.events.envelope import EventDraft
from shared.vocabulary import ConsentDecision, ConsentPurpose, StaffRole
from tests.edge.staff.test_routes import routes, stated_action
from tests.support.erasing import approved, eraser_of
from tests.support.faces import portrait
from tests.support.records import BoxRecord, open_box_record
from tests.support.reviews import finding
from tests.support.staffed import StaffedClinic, staffed_clinic
from tests.support.visits import Values, Visits

GREY = np.full((60, 80, 3), 127, dtype=np.uint8)
AUDIT = (PhotoRead.event_type, Exported.event_type)


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[StaffedClinic]:
    with staffed_clinic(tmp_path) as clinic:
        yield clinic


def one_photograph(clinic: StaffedClinic) -> str:
    capture = Visits(clinic.record, clinic.record.new_client()).add(GREY, [], values=Values())
    return f"/api/captures/{capture}/image"


def two_visits(clinic: StaffedClinic) -> str:
    face = cv2.resize(portrait(), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    visits = Visits(clinic.record, clinic.record.new_client())
    first, second = (visits.add(face, [], values=Values()) for _ in range(2))
    return f"/api/captures/{second}/aligned/{first}/image"


def similar_case(clinic: StaffedClinic) -> str:
    record, looks = clinic.record, [np.ones(8, dtype=np.float32)]
    shown, asks = record.new_client(), record.new_client("Bo Canary")
    words = record.consent.texts.text("en")
    choice = (ConsentPurpose.SIMILAR_CASES, ConsentDecision.GRANTED)
    record.consent.record(shown, "en", words.version, [choice], "[]", "tester")
    asked = Visits(record, asks).add(GREY, [finding()], values=Values(), looks=looks)
    found = Visits(record, shown).add(GREY, [finding()], values=Values(), looks=looks)
    return f"/api/captures/{asked}/similar/{found}/image"


def proven_deletion(record: BoxRecord) -> str:
    asked = approved(record, record.new_client())
    eraser_of(record).complete_pending()
    kept = ErasureReceiptKept(request=asked.request, client=asked.client, receipt="{}\n")
    record.store.append([EventDraft(f"erasure/{asked.request}", kept, "hub", "erasure")])
    return asked.request


# How each route that answers with something else than JSON is made to answer. A new one belongs here, and is then held
# to the same: an entry of the audit with the person of the session, before the bytes.
LETS_OUT: dict[str, Callable[[StaffedClinic], str]] = {
    "/api/captures/{capture_id}/image": one_photograph,
    "/api/captures/{capture_id}/aligned/{other_id}/image": two_visits,
    "/api/captures/{capture_id}/similar/{found_id}/image": similar_case,
    "/api/erasures/{erasure_id}/receipt": lambda clinic: f"/api/erasures/{proven_deletion(clinic.record)}/receipt",
}


def lets_out(app: Any) -> Iterator[str]:
    """Yield the routes that answer with bytes or a file, not with JSON."""
    for route in routes(app):
        endpoint = getattr(route, "endpoint", None)
        told = get_type_hints(endpoint).get("return") if endpoint is not None and "methods" in vars(route) else None
        plain = isinstance(told, type) and issubclass(told, Response) and not issubclass(told, JSONResponse)
        if plain and stated_action(route) is not Action.PUBLIC:
            yield route.path


def test_every_route_that_lets_a_photograph_or_a_file_out_is_known(clinic: StaffedClinic) -> None:
    assert set(lets_out(clinic.browser.app)) == set(LETS_OUT)


def test_no_answer_in_json_carries_a_photograph(clinic: StaffedClinic) -> None:
    schemas = clinic.browser.app.openapi()["components"]["schemas"]  # type: ignore[attr-defined]
    carriers = {
        name
        for name, schema in schemas.items()
        for item in schema.get("properties", {}).values()
        if item.get("format") in {"binary", "byte", "base64"} or "contentMediaType" in item
    }
    assert carriers == {"Body_importCapture"}  # a photograph that comes in


@pytest.mark.parametrize("route", sorted(LETS_OUT))
def test_what_a_route_lets_out_is_on_record_with_person_purpose_and_right(clinic: StaffedClinic, route: str) -> None:
    address = LETS_OUT[route](clinic)
    provider = clinic.enter(StaffRole.PROVIDER)
    before = clinic.record.store.head().seq
    answer = clinic.browser.get(address, headers={"X-Purpose": "treatment"})
    assert answer.status_code == 200, answer.text
    assert answer.content
    entries = [item.fields for item in clinic.log(before + 1) if item.fields.type in AUDIT]
    assert entries
    assert {(item.actor, item.payload["justification"]) for item in entries} == {(provider, "role_provider")}
    assert all(item.purpose for item in entries)


@pytest.mark.parametrize("route", sorted(LETS_OUT))
def test_what_cannot_be_put_on_record_does_not_leave(
    clinic: StaffedClinic, route: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = LETS_OUT[route](clinic)
    clinic.enter(StaffRole.PROVIDER)

    def full(_drafts: object) -> None:
        raise StorageFull("storage_full", "the disk is full")

    monkeypatch.setattr(clinic.record.store, "append", full)
    answer = clinic.browser.get(address, headers={"X-Purpose": "treatment"})
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")


# --- commands -------------------------------------------------------------------------------------
# What each command that lets something out or uses a key leaves on record.
ON_RECORD: dict[str, tuple[str, str]] = {
    "backup": (Exported.event_type, "backup"),
    "erase receipt": (Exported.event_type, "erasure_receipt"),
    "keys rotate": (KeyUsed.event_type, "wrapping"),
    "recover-keys": (KeyUsed.event_type, "client_keys"),
    "recovery-key": (KeyUsed.event_type, "box_keys"),
    "rekey": (KeyUsed.event_type, "record"),
    "restore": (KeyUsed.event_type, "backup"),
    "restore-from-hub": (KeyUsed.event_type, "backup"),
}
# These let nothing out that is anybody's, and what they change is an event of its own.
NOTHING_TO_RECORD = {
    "hub-log trust-key",  # log.key_trusted is its record
    "run", "enrol", "lan-certificate", "fetch-bundle", "book-day", "staff add", "images list", "images retry",
    "erase request", "erase approve", "erase refuse", "erase list", "slots list", "slots recall", "slots release",
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


@pytest.fixture
def config(tmp_path: Path) -> Path:
    record = open_box_record(tmp_path)
    record.keys.keep_transport(b"t" * 32)
    Visits(record, record.new_client()).add(GREY, [], values=Values())
    (tmp_path / "request").write_text(proven_deletion(record))
    record.store.close()
    identity = '{"tenant": "tenant-a", "location": "clinic-1", "device": "box-1"}'
    (tmp_path / "data" / "identity.json").write_text(identity)
    path = tmp_path / "clinic.toml"
    path.write_text("[edge.store]\nreserve_bytes = 1048576\n")
    return path


# What comes back from a real hub is held to it where there is one: tests/edge/backup/test_at_hub.py.
@pytest.mark.parametrize("command", sorted(set(ON_RECORD) - {"restore-from-hub"}))
def test_what_a_command_lets_out_or_does_with_a_key_is_on_record(config: Path, command: str) -> None:
    folder = config.parent
    words = {
        "backup": ["--to", str(folder / "usb")],
        "erase receipt": [(folder / "request").read_text()],
        "recovery-key": ["--to", str(folder / "safe.key")],
        "restore": ["--from", str(folder / "usb"), "--replace", "--without-hub"],
    }
    if command == "restore":
        run("backup", *words["backup"], config=config)
    answer = run(*command.split(), *words.get(command, []), config=config)
    # Nobody plays the key service here: it is asked after the entry is durable.
    assert command == "recover-keys" or answer.exception is None, answer.exception
    record = open_box_record(folder)
    entries = [item.fields for item in record.store.read(0, 10_000) if item.fields.type == ON_RECORD[command][0]]
    record.store.close()
    told = [(item.payload.get("what") or item.payload.get("key"), item.actor) for item in entries]
    assert told[-1] == (ON_RECORD[command][1], "operator")
    assert entries[-1].payload["justification"] == "command_line"
    assert entries[-1].purpose


def run(*words: str, config: Path) -> Any:
    return CliRunner().invoke(app, [*words, "-c", str(config)], input="a long passphrase\na long passphrase\n")


def test_the_purpose_of_a_recovery_is_a_code_and_never_free_text(config: Path) -> None:
    answer = run("recover-keys", "--purpose", "Ada lost hers", config=config)
    assert getattr(answer.exception, "code", "") == "purpose_missing"
