"""Every field of the clinic's file can be edited on its page, or the documentation says why it stays with the file."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from edge.schedule.deciding_policy import Deciding, KindLimits
from edge.schedule.dependencies import DaysApart, VisitBefore
from edge.schedule.durations import Duration
from edge.schedule.entries import Hours, Lunch
from edge.schedule.orchestration.templates import TaskTemplate
from edge.schedule.pace import OwnPace
from edge.schedule.policies import AvoidMultiRoomContention, MembersFirst, ProtectPremiumHours, SameDayUrgentCapacity
from edge.schedule.registry import Provider, Registry, Room, Unit
from edge.schedule.services import Service, Stage
from edge.schedule.weights import Weights

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "edge/web/src/tablet/registry"
FILE_ONLY = {"id"}
"""What no form shows; docs/schedule.md says why."""
FORMS: dict[type[BaseModel], tuple[str, ...]] = {
    Registry: ("RulesForm.tsx", "Editing.tsx"),
    Hours: ("fields.tsx",),
    Lunch: ("ProviderForm.tsx", "fields.tsx"),
    Provider: ("ProviderForm.tsx", "PaceFields.tsx"),
    OwnPace: ("PaceFields.tsx",),
    Room: ("ThingForms.tsx",),
    Unit: ("ThingForms.tsx",),
    Service: ("ServiceForm.tsx", "OtherVisits.tsx"),
    Stage: ("ServiceForm.tsx",),
    Duration: ("ServiceForm.tsx",),
    VisitBefore: ("OtherVisits.tsx",),
    DaysApart: ("OtherVisits.tsx",),
    TaskTemplate: ("TaskRows.tsx", "TaskTerms.tsx"),
    Deciding: ("DecidingFields.tsx",),
    KindLimits: ("DecidingFields.tsx",),
    Weights: ("RulesForm.tsx",),
    ProtectPremiumHours: ("Policies.tsx",),
    AvoidMultiRoomContention: ("Policies.tsx",),
    SameDayUrgentCapacity: ("Policies.tsx",),
    MembersFirst: ("Policies.tsx",),
}


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models that a field's type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, UnionType) or get_args(annotation):
        for part in get_args(annotation):
            yield from models_in(part)


def models_of(model: type[BaseModel]) -> set[type[BaseModel]]:
    """Return a model with all that its fields are made of."""
    found, left = {model}, [model]
    while left:
        for field in left.pop().model_fields.values():
            new = set(models_in(field.annotation)) - found
            found |= new
            left.extend(new)
    return found


def missing(model: type[BaseModel], forms: tuple[str, ...]) -> list[str]:
    """Return the fields that no form names in its code; a comment does not count."""
    text = "".join((PAGE / name).read_text(encoding="utf-8") for name in forms)
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)
    return [name for name in model.model_fields if name not in FILE_ONLY and not re.search(rf"\b{name}\b", code)]


def test_every_table_of_the_file_has_a_form() -> None:
    assert models_of(Registry) == FORMS.keys()


def test_every_field_of_the_file_is_in_its_form() -> None:
    assert {model.__name__: gaps for model, forms in FORMS.items() if (gaps := missing(model, forms))} == {}


def test_a_field_that_no_form_names_is_noticed() -> None:
    class ProviderWithColour(Provider):
        colour: str = "blue"

    class ClinicWithColour(Registry):
        providers: tuple[ProviderWithColour, ...] = ()

    assert ProviderWithColour in models_of(ClinicWithColour)
    assert missing(ProviderWithColour, FORMS[Provider]) == ["colour"]


def test_the_documentation_says_what_stays_with_the_file() -> None:
    section = (ROOT / "docs/schedule.md").read_text(encoding="utf-8").partition("## Changing the clinic while")[2]
    stays = section.partition("stays with the file: ")[2].partition(". ")[0]
    assert set(re.findall(r"`(\w+)`", stays)) == FILE_ONLY
