"""What a calibration makes of the weights, in numbers and in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from edge.schedule.choices import Decisions, LeftOut
from edge.schedule.weights import LEARNT, Weights
from edge.schedule.weights_learnt import LEAST_CHOICES, MOST_FACTOR, Learnt, Verdict, WeightChange

_LEFT_OUT: Final[Mapping[LeftOut, str]] = {
    LeftOut.FIRST_LEVEL: "in which no other answer drops, moves and refuses as few",
    LeftOut.ONE_ANSWER: "with one answer only",
    LeftOut.EDITED: "in which people put a visit elsewhere by hand",
    LeftOut.REJECTED: "in which no answer was taken",
    LeftOut.TAKEN_BACK: "taken back afterwards",
    LeftOut.NOT_RECORDED: "made before weights were recorded with them",
}


@dataclass(frozen=True, slots=True)
class WeightRow:
    """One weight: old and new points for a unit, with the number of choices, and what holds it with 95 %."""

    name: str
    points: str
    range: str


def weight_rows(learnt: Learnt) -> tuple[WeightRow, ...]:
    """Return the numbers of each weight that can be learnt."""
    return tuple(
        WeightRow(
            _term(change.name),
            f"{_arrow(change.old, change.new)} (n={change.choices})",
            f"{_rough(change.low)} to {_rough(change.high)}",
        )
        for change in learnt.changes
    )


def weight_sentences(learnt: Learnt, decisions: Decisions) -> tuple[str, ...]:
    """Return in words what the clinic's decisions make of its weights, and what tells nothing about them."""
    count = len(decisions.choices)
    if not count:
        return (f"No decision of the clinic tells about its weights; they stay as they are.{_left_out(decisions)}",)
    return (
        *(_sentence(change) for change in learnt.changes if change.choices),
        f"{_counted(count, 'decision')} between answers that only the weights tell apart: of two that are as good, the"
        f" first shown is taken {learnt.first:.1f} times as often.{_left_out(decisions)}",
        "A minute of a client's wait is what all are measured by. Policies and add-ons count as in the clinic's file.",
    )


def weights_back(old: Weights, new: Weights) -> tuple[str, ...]:
    """Return in words which weights are others than before."""
    differing = [name for name in LEARNT if getattr(old, name) != getattr(new, name)]
    if not differing:
        return ("The weights are as before.",)
    return tuple(
        f"{_what(name)}: {_points(getattr(new, name))} instead of {getattr(old, name):g}." for name in differing
    )


def _sentence(change: WeightChange) -> str:
    told = _counted(change.choices, "decision")
    becomes = "as before" if change.new == change.old else f"instead of {change.old:g}"
    head = f"{_what(change.name)}: {_points(change.new)}, {becomes}."
    match change.verdict:
        case Verdict.TOO_FEW:
            return f"{head} Told by {told}; it takes {LEAST_CHOICES}."
        case Verdict.TOO_VAGUE:
            return f"{head} Told by {told}, but not clearly: from {_rough(change.low)} to {_rough(change.high)}."
        case Verdict.BOUNDED:
            most = f"one calibration changes a weight by a factor of {MOST_FACTOR:g} at most"
            return f"{head} By {told} it would be {_rough(change.fitted)}; {most}."
        case Verdict.KNOWN:
            return f"{head} By {told} and what was known before."


def _left_out(decisions: Decisions) -> str:
    counts = decisions.left_out
    parts = [f"{counts[reason]} {words}" for reason, words in _LEFT_OUT.items() if reason in counts]
    return f" Left out: {', '.join(parts)}." if parts else ""


def _what(name: str) -> str:
    return str(Weights.model_fields[name].description).removesuffix(".")


def _term(name: str) -> str:
    return name.replace("_", " ")


def _rough(value: float) -> str:
    return f"{float(f'{value:.2g}'):g}"


def _points(value: float) -> str:
    return f"{value:g} point{'' if value == 1 else 's'}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _arrow(old: float, new: float) -> str:
    return f"{old:g}" if old == new else f"{old:g} → {new:g}"
