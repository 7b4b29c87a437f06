"""Whatever is changed and taken back, the log folded anew gives the same registry; a document loses nothing."""

import datetime as dt
import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from edge.schedule.changing.differences import differences
from edge.schedule.changing.document import Document, document_of, registry_of
from edge.schedule.changing.patches import patched
from edge.schedule.changing.revision import Trace
from edge.schedule.changing.revisions import LaterChange, Revisions
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
        today = DAY + dt.timedelta(days=number)
        standing = book.standing(today)
        if edit is not None:
            wanted = registry_of(edited(edit))
            payloads = book.change(DEMO, wanted, f"change-{number}", today)
            stack += [wanted] if payloads else []
        elif len(stack) > 1 and standing is not None:
            payloads = book.undo(standing.changed.change, today)
            assert counts(book.with_payloads(payloads), today) == stack[-2]
            stack.pop()
        else:
            continue
        for payload in payloads:
            book.apply(payload, TRACE)
        log += payloads
        assert counts(book, today) == stack[-1]
    end = DAY + dt.timedelta(days=len(steps))
    again = Revisions.fold(type(one).model_validate_json(one.model_dump_json()) for one in log)
    assert (counts(again, end), again.version) == (stack[-1], len(log))
    assert [one.undone for one in again.made] == [one.undone for one in book.made]
    assert all(again.on(day, end) == book.on(day, end) for day in (DAY + dt.timedelta(days=n) for n in range(-1, 12)))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("change"), EDITS, st.integers(0, 4)),
        st.tuples(st.just("undo"), st.integers(0, 3)),
        st.tuples(st.just("night")),
    ),
    max_size=8,
)


def expected_on(meant: Iterable[tuple[dt.date, int, Document, Document]], day: dt.date) -> Registry:
    """What a day plans with: the edits of all that have begun by then, one on the other."""
    document = document_of(DEMO)
    for begins, _, before, after in sorted(meant, key=lambda one: one[:2]):
        if begins <= day:
            document = patched(document, before, after)
    return registry_of(document)


@given(STEPS)
def test_each_day_plans_with_the_edits_of_all_that_stand_for_it_in_the_order_in_which_they_begin(
    steps: list[Any],
) -> None:
    book, log, today = Revisions(), list[PayloadModel](), DAY
    meant: dict[str, tuple[dt.date, int, Document, Document]] = {}
    for number, step in enumerate(steps):
        name, payloads = f"change-{number}", list[PayloadModel]()
        if step[0] == "night":
            today += dt.timedelta(days=1)
        elif step[0] == "change":
            begins = today + dt.timedelta(days=step[2])
            below = book.on(begins, today) or DEMO
            wanted = registry_of(patched(document_of(below), document_of(DEMO), edited(step[1])))
            with suppress(LaterChange):
                payloads = book.change(DEMO, wanted, name, today, begins if step[2] else None)
            if payloads:
                meant[name] = begins, number, document_of(below), document_of(wanted)
        else:
            standing = book.standing(today)
            undoable = [*book.to_come(today), *([] if standing is None else [standing])]
            if step[1] < len(undoable):
                name = undoable[step[1]].changed.change
                with suppress(LaterChange):
                    payloads = book.undo(name, today)
                if payloads:
                    del meant[name]
        for payload in payloads:
            book.apply(payload, TRACE)
        log += payloads
        for day in (today + dt.timedelta(days=ahead) for ahead in range(6)):
            assert (book.on(day, today) or DEMO) == expected_on(meant.values(), day)
    again = Revisions.fold(type(one).model_validate_json(one.model_dump_json()) for one in log)
    assert [one.undone for one in again.made] == [one.undone for one in book.made]
    for day in (DAY + dt.timedelta(days=number) for number in range(14)):
        assert again.on(day, today) == book.on(day, today)


@given(EDITS, EDITS)
def test_edits_made_on_what_they_were_made_of_give_what_was_meant_and_made_twice_the_same(one: Any, other: Any) -> None:
    before, after, elsewhere = document_of(DEMO), edited(one), edited(other)
    assert patched(before, before, after) == after
    assert patched(elsewhere, before, before) == elsewhere
    once = patched(elsewhere, before, after)
    assert registry_of(patched(once, before, after)) == registry_of(once)


def counts(book: Revisions, today: dt.date) -> Registry:
    return book.on(today, today) or DEMO
