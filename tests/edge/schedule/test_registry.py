import datetime as dt
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from edge.schedule.changing.document import FaultyDocument, document_of, recorded, registry_of
from edge.schedule.changing.revisions import Revisions
from edge.schedule.errors import InvalidClinic, UnknownName
from edge.schedule.ids import ProviderId
from edge.schedule.registry import Registry, load_registry, parse_registry
from shared.events.catalogue.clinic import RegistrySeeded

DEMO = (files("edge.schedule") / "clinics" / "demo.toml").read_text(encoding="utf-8")


def test_the_example_clinic_has_the_promised_size(clinic: Registry) -> None:
    sizes = (len(clinic.providers), len(clinic.rooms), len(clinic.devices), len(clinic.services))
    assert sizes == (6, 7, 5, 10)
    assert {len(service.stages) for service in clinic.services} == {1, 2, 3, 4}


@pytest.mark.parametrize(
    ("old", "new", "field", "fix"),
    [
        ('skill = "consult", room', 'skill = "magic", room', "services.consultation.stages.0.skill", "no provider"),
        ('room = "consult" }]', 'room = "attic" }]', "services.consultation.stages.0.room", "no room"),
        ('start = "08:30", end = "19:00" }', 'start = "19:00", end = "08:30" }', "hours", "later than"),
        ('start = "09:00"', 'start = "09:02"', "providers.0.shift.start", "multiple of 5"),
        ('start = "09:00"', 'start = "nine"', "providers.0.shift.start", '"HH:MM"'),
        ('id = "laurel"', 'id = "cedar"', "providers", "used twice"),
        (
            'id = "laser-2"\nname = "Laser room 2"\ntype = "laser"\nturnover = 10',
            'id = "laser-2"\nname = "Laser room 2"\ntype = "laser"\nturnover = 15',
            "rooms",
            "make them equal",
        ),
        (
            'skill = "consult", room = "consult" }]',
            'skill = "consult", licence = "medical", room = "consult" }]',
            "services.consultation.stages.0.licence",
            "nobody with 'consult'",
        ),
        (
            "provider_may_leave = true",
            'provider_may_leave = true, licence = "medical"',
            "services.3.stages.1",
            "name the `skill`, too",
        ),
        ('id = "laser-a"', 'rooms = ["attic"]\nid = "laser-a"', "devices.laser-a.rooms", "no room 'attic'"),
        (
            'id = "hydra-a"',
            'rooms = ["laser-1"]\nid = "hydra-a"',
            "services.hydra-facial.stages",
            "may stand in a room of type 'treatment'",
        ),
        ("provider_may_leave = true", "provider_may_leave = false", "services.3.stages.1", "name a `skill`"),
        ('clinic = "', 'colour = "blue"\nclinic = "', "colour", "not permitted"),
    ],
)
def test_a_wrong_clinic_file_is_refused_with_field_and_fix(old: str, new: str, field: str, fix: str) -> None:
    assert old in DEMO
    with pytest.raises(InvalidClinic) as refusal:
        parse_registry(DEMO.replace(old, new, 1), "demo.toml")
    assert field in refusal.value.sentence
    assert fix in refusal.value.sentence


def test_a_file_that_is_not_toml_or_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidClinic, match="not valid TOML"):
        parse_registry("clinic = ")
    with pytest.raises(InvalidClinic, match="cannot be read"):
        load_registry(tmp_path / "none.toml")


def test_an_unknown_name_says_what_is_unknown(clinic: Registry) -> None:
    with pytest.raises(UnknownName, match="no provider 'nobody'"):
        clinic.provider(ProviderId("nobody"))


def with_wand_and_lamp(lamp: str, stages: str) -> str:
    """Return the example clinic with two devices that stand in few rooms, and a service with both."""
    return f"""{DEMO}
[[devices]]
id = "wand-a"
name = "Wand A"
type = "wand"
rooms = ["treatment-1"]

[[devices]]
id = "lamp-a"
name = "Lamp A"
type = "lamp"
rooms = [{lamp}]

[[services]]
id = "both"
name = "Wand and lamp"
category = "facial"
stages = [{stages}]
"""


_WAND = '{ name = "wand", minutes = 10, skill = "facial", room = "treatment", device = "wand" }'
_LAMP = '{ name = "lamp", minutes = 10, skill = "facial", room = "treatment", device = "lamp" }'
_WALK = '{ name = "walk", minutes = 10, skill = "consult", room = "consult", device = "laser" }'


def test_devices_that_never_stand_in_one_room_cannot_follow_each_other_in_a_service() -> None:
    with pytest.raises(InvalidClinic, match=r"services\.both\.stages\.1: no 'lamp' may stand in a room that suits"):
        parse_registry(with_wand_and_lamp('"treatment-2"', f"{_WAND}, {_LAMP}"))
    assert parse_registry(with_wand_and_lamp('"treatment-1", "treatment-2"', f"{_WAND}, {_LAMP}"))


def test_a_clinic_on_record_is_read_though_a_new_one_may_no_longer_have_its_services() -> None:
    document = tomllib.loads(with_wand_and_lamp('"treatment-2"', f"{_WAND}, {_LAMP}"))
    with pytest.raises(FaultyDocument):
        registry_of(document)
    seeded = RegistrySeeded(document=document_of(recorded(document)), file_digest="0" * 64)
    known = Revisions.fold([seeded])
    assert known.on(dt.date(2026, 3, 2), dt.date(2026, 3, 2)) == recorded(document)


def test_a_service_of_more_people_rooms_and_devices_than_the_engine_holds_is_refused() -> None:
    with pytest.raises(InvalidClinic, match=r"services\.both\.stages: 18 people, rooms and devices, 16 at most"):
        parse_registry(with_wand_and_lamp("", ", ".join([_WAND, _WALK] * 4)))
    assert parse_registry(with_wand_and_lamp("", ", ".join([_WAND, _WALK] * 3)))
