import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.audit.configuration import note_configuration
from edge.audit.trail import AuditTrail
from edge.schedule.registry import demo_registry
from edge.store.errors import StorageFull
from shared.events.catalogue.audit import PhotoRead
from shared.ids import BlobName, ClientId
from shared.vocabulary import ImageKind, StaffRole
from tests.support.records import BoxRecord, open_box_record

NAME = BlobName("ab" * 32)
KEY = b"k" * 32


@pytest.fixture
def record(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


def reads(record: BoxRecord) -> list[PhotoRead]:
    events = [event.fields for event in record.store.read(0, 10_000)]
    return [PhotoRead.model_validate(item.payload) for item in events if item.type == PhotoRead.event_type]


def look(
    trail: AuditTrail, client: ClientId, actor: str = "staff-1", capture: str = "c1", purpose: str = "care"
) -> None:
    trail.photo_read(capture, (NAME, ImageKind.ORIGINAL), client, actor, purpose)


def test_a_look_is_one_entry_a_minute_for_each_actor_photograph_and_purpose(record: BoxRecord) -> None:
    trail, client = AuditTrail(record.store, record.clock), record.new_client()
    for _ in range(50):
        look(trail, client)
        record.clock.advance(1)
    assert len(reads(record)) == 1
    look(trail, client, actor="staff-2")
    look(trail, client, purpose="billing")
    assert len(reads(record)) == 3
    record.clock.advance(60)
    look(trail, client)
    assert len(reads(record)) == 4


def test_a_look_never_moves_the_version_of_the_record_looked_at(record: BoxRecord) -> None:
    trail, client = AuditTrail(record.store, record.clock), record.new_client()
    before = len(record.store.stream(f"client/{client}"))
    look(trail, client)
    assert len(record.store.stream(f"client/{client}")) == before
    day = record.clock.wall().date().isoformat()
    assert [event.fields.type for event in record.store.stream(f"audit/{day}")] == [PhotoRead.event_type]


def test_a_look_that_cannot_be_recorded_is_not_remembered_as_recorded(
    record: BoxRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail, client = AuditTrail(record.store, record.clock), record.new_client()

    def full(*_: object) -> None:
        raise StorageFull("storage_full", "full")

    with monkeypatch.context() as patched:
        patched.setattr(record.store, "append", full)
        with pytest.raises(StorageFull):
            look(trail, client)
    look(trail, client)
    assert len(reads(record)) == 1


def test_by_what_right_is_told(record: BoxRecord) -> None:
    trail = AuditTrail(record.store, record.clock, lambda _actor: "break_glass")
    client = record.new_client()
    look(trail, client)
    look(trail, client, actor="box")
    assert [item.justification for item in reads(record)] == ["break_glass", "system"]


def test_what_is_remembered_is_bounded(record: BoxRecord) -> None:
    trail = AuditTrail(record.store, record.clock)
    for number in range(5000):
        trail._remember(("photo", number))
    assert len(trail._recent) == 4096


def test_refusals_are_counted_by_action(record: BoxRecord) -> None:
    trail = AuditTrail(record.store, record.clock)
    for action in ("read_photo", "read_photo", "review"):
        trail.refused("staff-1", StaffRole.FRONT_DESK, action)
    assert [event.fields.type for event in record.store.read(0, 10)] == ["audit.refused_access"] * 2


@pytest.mark.req("I-14")
def test_audit_entries_can_be_neither_changed_nor_removed_for_six_years_or_ever(record: BoxRecord) -> None:
    trail = AuditTrail(record.store, record.clock)
    trail.refused("staff-1", StaffRole.FRONT_DESK, "review")
    record.clock.advance(7 * 365 * 86_400)
    trail.refused("staff-1", StaffRole.FRONT_DESK, "review")
    for statement in ("DELETE FROM events", "UPDATE events SET type = 'x'"):
        with pytest.raises(Exception, match="run medspa verify"):
            record.store._database.write(lambda connection, text=statement: connection.execute(text))  # type: ignore[misc]
    assert len(record.store.read(0, 10)) == 2
    assert record.store.verify().intact


def test_changed_settings_are_named_and_never_told(record: BoxRecord) -> None:
    settings = {"hub": {"url": "http://secret-host", "port": 1}, "level": "info"}
    assert note_configuration(record.store, settings, KEY) == ("hub.port", "hub.url", "level")
    assert note_configuration(record.store, settings, KEY) == ()
    assert note_configuration(record.store, {"hub": {"url": "http://other", "port": 1}}, KEY) == ("hub.url", "level")
    events = record.store.stream("configuration/box")
    assert len(events) == 2
    assert events[1].fields.payload["before"] == events[0].fields.payload["after"]
    assert b"secret-host" not in b"".join(event.body for event in events)


def test_a_change_in_the_clinics_file_is_told_by_its_part_and_never_what_it_says(record: BoxRecord) -> None:
    clinic = demo_registry()
    assert note_configuration(record.store, {"clinic_file": clinic.model_dump()}, KEY)
    # A set has another order in each process; that is no change.
    turned = json.loads(json.dumps(clinic.model_dump(), default=lambda item: sorted(item, reverse=True)))
    for provider in turned["providers"]:
        provider["skills"] = frozenset(provider["skills"])
    assert note_configuration(record.store, {"clinic_file": turned}, KEY) == ()
    first = clinic.providers[0].model_copy(update={"skills": clinic.providers[0].skills | {"review", "canary"}})
    edited = clinic.model_copy(update={"providers": (first, *clinic.providers[1:])})
    assert note_configuration(record.store, {"clinic_file": edited.model_dump()}, KEY) == ("clinic_file.providers",)
    told = b"".join(event.body for event in record.store.stream("configuration/box"))
    assert b"canary" not in told
    assert first.name.encode() not in told
