"""Who lets replans happen, by kind of event: changed while the box runs, told in words, taken back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import edge.schedule.book
from edge.schedule.changing.deciding_words import KINDS, MODES
from edge.schedule.changing.differences import differences
from edge.schedule.changing.document import FaultyDocument, document_of, registry_of
from edge.schedule.deciding_policy import Deciding, KindLimits, Mode
from edge.schedule.domain import Late
from edge.schedule.registry import demo_registry
from tests.edge.schedule.changed import TODAY, Box, opened
from tests.support.records import open_box_record

PAGE = Path(edge.schedule.book.__file__).parents[1] / "web/src/tablet/registry/DecidingFields.tsx"
BY_KIND = [name for name, field in Deciding.model_fields.items() if field.annotation is KindLimits]


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    monkeypatch.setattr(edge.schedule.book, "REPLAN_SECONDS", 0)
    record = open_box_record(tmp_path)
    yield opened(record, tmp_path)
    record.store.close()


def changed(**deciding: Any) -> tuple[str, ...]:
    before = demo_registry()
    return differences(before, registry_of({**document_of(before), "deciding": deciding}))


def test_every_kind_of_event_and_every_mode_has_words_and_a_place_on_the_page() -> None:
    assert (list(KINDS), list(MODES)) == (BY_KIND, list(Mode))
    shown = PAGE.read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f'["{kind}",' not in shown] == []
    assert [mode for mode in Mode if f'value: "{mode}"' not in shown] == []


def test_what_changes_is_told_by_kind_in_the_words_of_the_page() -> None:
    assert changed(
        keeps_minutes=45, late={"at_least": "suggest", "suggest_notified": 2}, cancelled={"at_least": "escalate"}
    ) == (
        "Who lets a replan happen: minutes for which a proposal can be accepted 30 → 45.",
        "When a client is late: happens by itself → is suggested; told clients whom the desk may move as for all → 2.",
        "When a visit is cancelled: happens by itself → a manager decides.",
    )
    assert changed(late={"at_least": "execute"}) == ()


@pytest.mark.parametrize(
    ("late", "field"),
    [
        ({"at_least": "always"}, "deciding.late.at_least"),
        ({"execute_shifted": -1}, "deciding.late.execute_shifted"),
        ({"suggest_notified": 501}, "deciding.late.suggest_notified"),
        ({"suggest_points": "many"}, "deciding.late.suggest_points"),
        ({"keeps_minutes": 30}, "deciding.late.keeps_minutes"),
    ],
)
def test_a_wrong_limit_is_told_at_its_field(late: dict[str, Any], field: str) -> None:
    with pytest.raises(FaultyDocument) as refusal:
        changed(late=late)
    assert [(fault.section, fault.field) for fault in refusal.value.faults] == [("", field)]


def test_a_kind_of_event_is_decided_as_it_was_changed_until_that_is_taken_back(box: Box) -> None:
    names = [box.books(f"v{number}", "consultation", "cedar", 840 + 60 * number, TODAY) for number in range(3)]
    modes = [box.book.propose(TODAY, Late(600, names[0], 10), "desk")[1].mode]
    document = box.document()
    document["deciding"] = {"late": {"at_least": "escalate"}}
    box.save(document)
    modes.append(box.book.propose(TODAY, Late(600, names[1], 10), "desk")[1].mode)
    change = box.registry.standing()
    assert change is not None
    box.editor.undo(change, box.registry.version, (), "manager")
    modes.append(box.book.propose(TODAY, Late(600, names[2], 10), "desk")[1].mode)
    assert modes == [Mode.EXECUTE, Mode.ESCALATE, Mode.EXECUTE]
