"""The readers' study as one page for people: figures with intervals, pictures, and what they cannot tell."""

from collections.abc import Callable, Sequence
from html import escape

from models.evaluation.html_page import page, table
from models.evaluation.readers.changes import Changes, Times
from models.evaluation.readers.comparison import Comparison
from models.evaluation.readers.drawings import Dumbbell, Scale, change_bars, dumbbells, pair_matrix
from models.evaluation.readers.estimate import MINIMUM, Estimate, Standing
from models.evaluation.readers.matching import MINIMUM_IOU
from models.evaluation.readers.readings import Readings, Shape
from models.evaluation.readers.sketches import most_changed, sketch
from models.evaluation.readers.study import ReaderStudy
from models.evaluation.readers.words import CASES, COEFFICIENTS, name_of, number, percent, verdict

TITLE = "Readings with and without assistance"
LIMITS = (
    "Agreement is not correctness. Readers who all follow the model agree with each other more, whether the model is"
    " right or not: read the first figures beside those on leaning on the model.",
    "Readers are fixed: intervals say what other photographs would do to the figures, not what other readers would.",
    "A person who reads the same photograph twice differs from themselves. What changed is assistance and second look"
    " together; the file does not say which reading came first nor how much time lay between.",
    "Kappa falls when nearly everything is of one type or grade, however well readers agree.",
    "Counts are compared on photographs that every reader read, as the analysis of variance needs a full table.",
)
_SKETCHES = 4
_STYLE = """
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(210px, 1fr)); gap: 1rem; margin: 1.4rem 0 }
.tile { border: 1px solid #dfe5ea; border-top: 4px solid #1f6f78; border-radius: 8px; padding: .7rem 1rem }
.tile b { display: block; font-size: 1.7rem; line-height: 1.3 } .tile small { display: block }
.picture svg { width: 100%; font-size: 12px; fill: #1c2430 } svg .name { font-size: 13px }
.sketches { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 1.4rem }
.sketches svg { width: 100%; font-size: 13px; fill: #1c2430 }
@media print { body { margin: 0 } h2 { break-after: avoid } .tile, figure { break-inside: avoid } }
"""


def render(study: ReaderStudy, readings: Readings) -> str:
    """Return the whole page."""
    given = [f"{number} {mode}" for mode, number in study.readings.items() if number]
    parts = [
        f'<p class="small">{study.photographs} photographs, {len(study.readers)} readers, readings:'
        f" {escape(', '.join(given))}; {study.paired} were done both ways. Intervals: 95 % bootstrap over photographs;"
        f" none below {MINIMUM}. A reading says what a person saw on a photograph; nothing here is a diagnosis.</p>",
        _tiles(study),
        _agreement(study),
        _changes(study, readings),
        _times(study.times, study.changes),
        _automation(study),
        '<h2>What this cannot tell</h2><div class="warn"><ul>'
        + "".join(f"<li>{escape(limit)}</li>" for limit in LIMITS)
        + "</ul></div>",
    ]
    return page(TITLE, "".join(parts), _STYLE)


def cell(value: Estimate, words: Callable[[float], str] = number) -> str:
    """Return a figure, its interval and its photographs as HTML; a reason where there is none."""
    if value.value is None:
        return "<small>not given</small>" if value.standing is Standing.NOT_GIVEN else "<small>undefined</small>"
    bounds = " <small>no interval</small> "
    if value.low is not None and value.high is not None:
        bounds = f" <small>({words(value.low)} to {words(value.high)})</small> "
    return f"{words(value.value)}{bounds}<small>n {value.photographs}</small>{_tag(value)}"


def _tag(value: Estimate) -> str:
    tags = {Standing.SMALL: "small", Standing.TOO_FEW: "too few"}
    return f' <span class="tag">{tags[value.standing]}</span>' if value.standing in tags else ""


def _signed(value: float) -> str:
    return number(value, signed=True)


def _tiles(study: ReaderStudy) -> str:
    """Return the four figures to see first."""
    first = study.agreement[0]
    tiles = [
        (f"agreement on {name_of(first.name)}", first.difference, _signed, verdict(first.difference)),
        ("readings changed", study.changes.changed, percent, f"of {study.changes.readings} done both ways"),
        ("time, assisted to unassisted", study.times.ratio, number, "ratio of medians; below 1 is faster"),
    ]
    if study.automation is not None:
        words = "of the model's findings that the panel's majority lacked"
        tiles.append(("taken over", study.automation.accepted, percent, words))
    return '<div class="tiles">' + "".join(_tile(*each) for each in tiles) + "</div>"


def _tile(title: str, value: Estimate, words: Callable[[float], str], note: str) -> str:
    if value.value is None:
        return f'<div class="tile">{escape(title)}<b>-</b><small>{cell(value)}</small></div>'
    bounds = "no interval"
    if value.low is not None and value.high is not None:
        bounds = f"{words(value.low)} to {words(value.high)}"
    return (
        f'<div class="tile">{escape(title)}<b>{words(value.value)}</b>'
        f"<small>{bounds}, {value.photographs} photographs{_tag(value)}</small><small>{escape(note)}</small></div>"
    )


def _agreement(study: ReaderStudy) -> str:
    """Return how far readers agree with each other."""
    parts = [
        "<h2>Do readers agree with each other?</h2>",
        _dumbbells("Agreement between readers", [*study.agreement, *study.regions]),
        _comparisons(study.agreement),
    ]
    if study.regions:
        parts.append("<h3>Counts by region</h3>" + _comparisons(study.regions))
    parts.append(
        f"<p class='small'>Places agree when boxes overlap by an IoU of {MINIMUM_IOU} or the centre of each lies within"
        " the other; of two readers' features, the share with a partner is the agreement. Types: mean of the pairs'"
        " Cohen's kappa on features both found. Counts: ICC(2,1), two-way random, absolute agreement, one reader."
        " Grades: mean of the pairs' kappa with quadratic weights. 1 is full agreement; 0 is chance for kappa.</p>"
    )
    if study.pairs:
        words = "Agreement on places by pair of readers: below the diagonal unassisted, above it assisted."
        parts.append(_figure(pair_matrix(study.readers, study.pairs), words))
    return "".join(parts)


def _dumbbells(title: str, comparisons: Sequence[Comparison]) -> str:
    rows = [
        Dumbbell(name_of(c.name), c.unassisted, c.assisted)
        for c in comparisons
        if c.unassisted.value is not None or c.assisted.value is not None
    ]
    if not rows:
        return "<p>Too little was read twice to compare readers.</p>"
    values = [v for row in rows for e in (row.unassisted, row.assisted) for v in (e.value, e.low) if v is not None]
    low = -1.0 if min(values) < 0 else 0.0
    return _figure(dumbbells(title, rows, Scale(low, 1.0, number)), "Dots with their 95 % intervals.")


def _comparisons(comparisons: Sequence[Comparison]) -> str:
    rows = [
        [
            f"{escape(name_of(c.name))}<br><small>{COEFFICIENTS.get(c.name, 'ICC(2,1)')}</small>",
            *(
                f"{cell(e)}<br><small>{e.cases} {CASES.get(c.name, 'readings')}</small>"
                for e in (c.unassisted, c.assisted)
            ),
            cell(c.difference, _signed),
            verdict(c.difference),
        ]
        for c in comparisons
    ]
    return table(("agreement on", "unassisted", "assisted", "assisted less unassisted", ""), rows)


def _changes(study: ReaderStudy, readings: Readings) -> str:
    """Return what readers did otherwise."""
    changes = study.changes
    parts = ["<h2>What did assistance change?</h2>"]
    if not changes.readings:
        return parts[0] + "<p>No reader read the same photograph both ways.</p>"
    rows = [
        ["readings in which anything differs", cell(changes.changed, percent)],
        ["features added, a reading", cell(changes.added)],
        ["features removed, a reading", cell(changes.removed)],
        ["readings whose grade rose, fell", f"{changes.grade_higher}, {changes.grade_lower}"],
    ]
    if study.shape is Shape.OUTLINES:
        rows.append(["features called another type, a reading", cell(changes.retyped)])
    parts += [table(("figure", "value"), rows), _figure(change_bars(changes.by_reader), "Summed over photographs.")]
    drawn = most_changed(readings, _SKETCHES) if study.shape is Shape.OUTLINES else []
    if drawn:
        parts.append(
            "<h3>Where most changed</h3><p class='small'>All readers' boxes over each other, without the photograph."
            " Dashed: the model's.</p><div class='sketches'>"
        )
        parts += [_figure(sketch(readings, name), f"photograph {name}") for name in drawn]
        parts.append("</div>")
    return "".join(parts)


def _times(times: Times, changes: Changes) -> str:
    """Return how long readings took."""
    parts = ["<h2>How long does a reading take?</h2>"]
    if times.unassisted.value is None and times.assisted.value is None:
        return parts[0] + "<p>The file gives no times.</p>"
    rows = [
        ["median seconds, unassisted", f"{cell(times.unassisted)}<br><small>{times.unassisted.cases} readings</small>"],
        ["median seconds, assisted", f"{cell(times.assisted)}<br><small>{times.assisted.cases} readings</small>"],
        ["ratio, of readings timed both ways", cell(times.ratio)],
    ]
    parts.append(table(("figure", "value"), rows))
    by_reader = [
        [
            escape(each.reader),
            *("-" if s is None else f"{s:.0f}" for s in (each.seconds_unassisted, each.seconds_assisted)),
        ]
        for each in changes.by_reader
    ]
    if by_reader:
        parts.append(table(("reader", "unassisted, median s", "assisted, median s"), by_reader))
    return "".join(parts)


def _automation(study: ReaderStudy) -> str:
    """Return how far readers lean on the model."""
    heading = "<h2>Do readers lean on the model?</h2>"
    found = study.automation
    if found is None:
        return heading + (
            "<p>Not told: this needs the model's features on photographs that two readers or more read unassisted and"
            " one read assisted.</p>"
        )
    rows = [
        ["findings the panel's majority lacked, taken over by assisted readers", _share(found.accepted)],
        ["the same findings, outlined by these readers when alone", _share(found.alone)],
        ["own features given up where the model showed nothing", _share(found.dropped)],
        ["own features given up although the model showed them too", _share(found.lost_anyway)],
    ]
    told = (
        f"<p>On {found.photographs} photographs the model outlined {found.findings} features; {found.unsupported} of"
        " them more than half of the unassisted panel did not outline. The second line is what to compare the first"
        " with, and lies low by choice: these are findings that few outlined. The fourth is what to compare the third"
        " with: what a second look takes away by itself. Nobody knows here who was right.</p>"
    )
    return heading + told + table(("figure", "value"), rows)


def _share(value: Estimate) -> str:
    return f"{cell(value, percent)}<br><small>of {value.cases}</small>"


def _figure(drawing: str, caption: str) -> str:
    return f'<figure class="picture">{drawing}<figcaption>{escape(caption)}</figcaption></figure>'
