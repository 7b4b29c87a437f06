"""What stands between a bundle and a clinic: every bar it is held to, what was seen, and why a miss matters.

A gate that is not passed keeps a bundle at evaluation and demonstration. The gate says so in words that a person who
signs a release can act on; it never stops an evaluation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.evaluation.bundle_study import BundleStudy
from models.evaluation.classification_study import SetFigures
from models.evaluation.conditions import SMALL
from models.evaluation.detection_study import Gap, GroupFigures

MOST_TONE_GAP = 0.10
MOST_ECE = 0.05
COVERAGE_RANGE, LEAST_GROUP_COVERAGE = (0.88, 0.92), 0.85
LEAST_DICE = 0.88
MOST_COUNT_DIFFERENCE, MOST_COLOUR_DIFFERENCE = 0.06, 0.04
_COLOURS = ("redness_a", "erythema_index", "melanin_index")
_UNSTATED = "tone not stated"


@dataclass(frozen=True, slots=True)
class Gate:
    """One bar; `because` says what a miss rests on or what was left out, empty where nothing needs saying."""

    name: str
    seen: str
    bar: str
    passed: bool
    because: str = ""


def gates(study: BundleStudy, repeatability: Sequence[Mapping[str, object]] = ()) -> tuple[Gate, ...]:
    """Return every gate of a bundle; `repeatability` are the rows of reports/repeatability.json, if measured."""
    return (
        _tone_gap(study),
        _calibration(study),
        *_coverage(study.classification.sets),
        _outlines(study),
        *_repeats(repeatability),
    )


def _tone_gap(study: BundleStudy) -> Gate:
    gap = next(each for each in study.detection.gaps if each.dimension == "tone")
    passed = gap.all_groups <= MOST_TONE_GAP
    because = "" if passed else _why(study.detection.groups["tone"], gap)
    return Gate(
        "recall of skin-tone groups, best minus worst", f"{gap.all_groups:.3f}", f"≤ {MOST_TONE_GAP}", passed, because
    )


def _why(groups: Sequence[GroupFigures], gap: Gap) -> str:
    """Say how far the worst group's recall is known at all, whether that leaves the gap in doubt, and what follows."""
    worst, best = gap.worst, next(each for each in groups if each.name == gap.best)
    group = next(each for each in groups if each.name == worst)
    known = f"{group.photos} photographs with {group.labels} labels"
    if group.recall.low is not None and group.recall.high is not None:
        known += f" put its recall between {group.recall.low:.2f} and {group.recall.high:.2f}"
    small = f"; fewer than {SMALL} photographs neither prove nor rule out the gap" if _meet(group, best) else ""
    return (
        f"Worst is {worst}: {known}{small}. Until a clinic's own consented photographs of these tones narrow it,"
        " every finding stays with a person."
    )


def _meet(group: GroupFigures, best: GroupFigures) -> bool:
    """Return whether a small group's interval reaches the best group's."""
    high, low = group.recall.high, best.recall.low
    return group.small and (high is None or low is None or high >= low)


def _calibration(study: BundleStudy) -> Gate:
    ece = study.classification.figures.ece
    auc = study.classification.figures.auc_macro
    return Gate("calibration error of types", f"{ece:.3f} (AUC {auc:.3f})", f"≤ {MOST_ECE}", ece <= MOST_ECE)


def _coverage(sets: Sequence[SetFigures]) -> list[Gate]:
    found = []
    for each in sets:
        whole = each.name == "all"
        if each.coverage.value is None or (not whole and (each.cases < SMALL or each.name == _UNSTATED)):
            continue
        low, high = COVERAGE_RANGE
        value = each.coverage.value
        passed = low <= value <= high if whole else value >= LEAST_GROUP_COVERAGE
        bar = f"{low} to {high}" if whole else f"≥ {LEAST_GROUP_COVERAGE}"
        because = "Sets are wider than they need to be, which errs on the side of asking." if value > high else ""
        seen = f"{value:.3f}, {each.mean_size:.2f} types a set, {each.cases} crops"
        found.append(Gate(f"coverage of 90 % sets, {each.name}", seen, bar, passed, "" if passed else because))
    return found


def _outlines(study: BundleStudy) -> Gate:
    dice = study.segmentation.groups["isic_box"].dice.value
    seen = "-" if dice is None else f"{dice:.3f}"
    return Gate("Dice of outlines, dermoscopy", seen, f"≥ {LEAST_DICE}", dice is not None and dice >= LEAST_DICE)


def _repeats(rows: Sequence[Mapping[str, object]]) -> list[Gate]:
    """Return the gates on two captures of one face; none where they were not measured."""
    found = []
    for measure in ("count", *_COLOURS):
        most = MOST_COUNT_DIFFERENCE if measure == "count" else MOST_COLOUR_DIFFERENCE
        for row in rows:
            if (row["measure"], row["region"], row["tone"]) != (measure, "face", "all"):
                continue
            mean = float(str(row["mean_relative_difference"]))
            pooled = float(str(row["pooled_relative_difference"]))
            seen = f"{mean:.1%} a face, {pooled:.1%} of all, {row['n']} faces"
            name = f"two captures differ, {measure.replace('_', ' ')}"
            found.append(Gate(name, seen, f"≤ {most:.0%} a face", mean <= most))
    return found
