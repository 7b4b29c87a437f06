"""Whatever is changed and taken back, the log folded anew gives the same registry; a document loses nothing."""

import datetime as dt
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from edge.schedule.changing.differences import differences
from edge.schedule.changing.document import Document, document_of, registry_of
from edge.schedule.changing.revisions import Revisions, Trace
from edge.schedule.registry import Registry, demo_registry, parse_registry
from shared.events.payload import PayloadModel

DEMO = demo_registry()
DAY = dt.date(2026, 3, 2)
TRACE = Trace("somebody", dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC))
STARTS = st.integers(12, 120).map(lambda step: f"{step * 5 // 60:02d}:{step * 5 % 60:02d}")
WORDS = st.text("abcdefghij-_", min_size=1, max_size=8).map(lambda text: f"a{text}")
# What people write, with what has to be quoted in a file.
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
PROVIDER = st.fixed_dictionaries(
    {
        "name": NAMES,
        "shift": STARTS.map(lambda start: {"start": start, "end": "20:00"}),
        "licences": st.lists(WORDS, max_size=3, unique=True),
    },
    optional={
        "breaks": st.lists(st.just({"start": "12:00", "end": "12:30"}), max_size=1),
        "lunch": st.just({"start": "12:00", "end": "14:00", "minutes": 45}),
        "tier": WORDS,
    },
)
SERVICE = st.fixed_dictionaries(
    {"name": NAMES, "price": st.floats(0, 10_000), "share": st.integers(0, 100)},
    optional={
        "clearances": st.lists(WORDS, max_size=3, unique=True),
        "apart": st.just([{"category": "peel", "days": 7}]),
        "checklist": st.just([{"id": "call", "title": "Call", "owner": "front_desk", "due": -60}]),
    },
)
SETTINGS = st.fixed_dictionaries(
    {"clinic": NAMES},
    optional={
        "planning_quantile": st.floats(0.5, 0.95),
        "weights": st.fixed_dictionaries(
            {"wait": st.floats(0, 1000)},
            optional={"policies": st.just([{"kind": "members_first", "points": {"gold": 40.5}}])},
        ),
        "deciding": st.just({"execute_shifted": 2, "late": {"at_least": "suggest"}}),
    },
)
EDITS = st.tuples(
    SETTINGS,
    st.dictionaries(st.integers(0, 5), PROVIDER, max_size=3),
    st.dictionaries(st.integers(0, 9), SERVICE, max_size=3),
    st.sampled_from([None, "fern"]),
)


def edited(edit: tuple[dict[str, Any], dict[int, Any], dict[int, Any], str | None]) -> Document:
    settings, providers, services, newcomer = edit
    document: Any = {**document_of(DEMO), **settings}
    for section, changes in (("providers", providers), ("services", services)):
        for number, fields in changes.items():
            document[section][number] |= fields
    if newcomer is not None:
        document["providers"].append({**document["providers"][0], "id": newcomer, "name": "Fern"})
    return document  # type: ignore[no-any-return]


def toml(value: Any) -> str:
    """Write a document's value as TOML: strings, numbers and lists look the same, tables stand in one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")


@given(EDITS)
def test_a_registry_comes_back_the_same_from_its_file_and_its_document(edit: Any) -> None:
    wanted = registry_of(edited(edit))
    document = document_of(wanted)
    assert registry_of(json.loads(json.dumps(document))) == wanted
    assert document_of(registry_of(document)) == document
    read = parse_registry("\n".join(f"{key} = {toml(value)}" for key, value in document.items()))
    assert read == wanted
    assert document_of(read) == document


@given(EDITS, EDITS)
def test_what_differs_is_told_and_nothing_else(one: Any, other: Any) -> None:
    before, after = registry_of(edited(one)), registry_of(edited(other))
    sentences = differences(before, after)
    assert bool(sentences) == (before != after)
    assert all(0 < len(sentence) <= 300 for sentence in sentences)
    assert differences(after, after) == ()


@given(st.lists(st.one_of(EDITS, st.none()), max_size=8))
def test_any_changes_and_undos_give_what_the_log_folded_anew_gives(steps: list[Any]) -> None:
    book, stack, log = Revisions(), [DEMO], list[PayloadModel]()
    for number, edit in enumerate(steps):
        if edit is not None:
            wanted = registry_of(edited(edit))
            payloads = book.change(DEMO, wanted, f"change-{number}", DAY + dt.timedelta(days=number))
            stack += [wanted] if payloads else []
        elif len(stack) > 1 and book.standing is not None:
            assert book.before(book.standing.changed.change) == stack[-2]
            payloads = book.undo(book.standing.changed.change, DAY + dt.timedelta(days=number))
            stack.pop()
        else:
            continue
        for payload in payloads:
            book.apply(payload, TRACE)
        log += payloads
        assert counts(book) == stack[-1]
        assert book.on(DAY + dt.timedelta(days=number)) in (stack[-1], None)
    again = Revisions.fold(type(one).model_validate_json(one.model_dump_json()) for one in log)
    assert (counts(again), again.version) == (stack[-1], len(log))
    assert [one.undone for one in again.made] == [one.undone for one in book.made]
    assert all(again.on(DAY + dt.timedelta(days=day)) == book.on(DAY + dt.timedelta(days=day)) for day in range(-1, 9))


def counts(book: Revisions) -> Registry:
    return book.registry or DEMO
