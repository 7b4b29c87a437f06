"""What repeated captures add up to: rows of figures, the table a bundle carries, and a table for people."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from rich.table import Table

from shared.vision.parameters import Repeatability
from shared.vision.repeatability import (
    RepeatUnit,
    intraclass_correlation,
    relative_differences,
    repeatability_coefficient,
)

GENERATED = "generated"  # drawn faces carry no tone anybody looked at; a photograph's ITA is no substitute
WHOLE_FACE = "face"
EVERY_REGION = "every region"
TARGETS = {"erythema_index": 0.04, "redness_a": 0.04, "melanin_index": 0.04, "count": 0.06}
# What a bundle's table calls the measures; shares and points near 0 have no relative difference worth the name.
TABLE: dict[str, tuple[str, RepeatUnit]] = {
    "redness": ("erythema_index", "absolute"),
    "pigmentation": ("melanin_index", "absolute"),
    "spot_area": ("spot_area_share", "absolute"),
    "shine": ("shine_share", "absolute"),
    "texture": ("texture_energy", "relative"),
    "fine_lines": ("line_energy", "relative"),
    "count": ("count", "absolute"),
    "lesion_area": ("lesion_area", "relative"),
}


@dataclass(frozen=True, slots=True)
class Repeat:
    """One value of one place, on the photograph and on two captures of it."""

    measure: str
    region: str
    tone: str
    passed: bool  # the photograph, by the gate for imported ones
    original: float
    first: float
    second: float


@dataclass(frozen=True, slots=True)
class Row:
    """How well one measure repeats itself in one place; coefficients hold for 95 of 100 pairs."""

    measure: str
    region: str
    tone: str
    n: int
    mean: float
    mean_relative_difference: float
    pooled_relative_difference: float
    coefficient: float
    relative_coefficient: float
    icc: float | None
    shift_from_original: float


def row(measure: str, region: str, tone: str, pairs: Sequence[Repeat]) -> Row:
    """Return the figures of pairs of captures of one place."""
    original, first, second = np.array([(pair.original, pair.first, pair.second) for pair in pairs]).T
    size = float(np.mean(np.abs(first) + np.abs(second))) / 2
    return Row(
        measure=measure,
        region=region,
        tone=tone,
        n=len(pairs),
        mean=float(np.mean((first + second) / 2)),
        mean_relative_difference=float(relative_differences(first, second).mean()),
        pooled_relative_difference=float(np.abs(first - second).mean()) / size if size else 0.0,
        coefficient=repeatability_coefficient(first, second),
        relative_coefficient=repeatability_coefficient(first, second, "relative"),
        icc=intraclass_correlation(first, second) if len(pairs) > 1 else None,
        shift_from_original=float(np.mean((first + second) / 2 - original)),
    )


def rows(found: Iterable[Repeat]) -> list[Row]:
    """Return a row for each measure, place and tone, and for all tones and all regions together."""
    groups: dict[tuple[str, str, str], list[Repeat]] = {}
    for pair in found:
        regions = (pair.region,) if pair.region == WHOLE_FACE else (pair.region, EVERY_REGION)
        for region in regions:
            for tone in (pair.tone, "all"):
                groups.setdefault((pair.measure, region, tone), []).append(pair)
    return [row(*key, pairs) for key, pairs in sorted(groups.items())]


def table_for_bundle(found: Iterable[Repeat]) -> dict[str, Repeatability]:
    """Return the coefficients a bundle carries, from real faces that the box would accept.

    Of single regions where there are some: they repeat less well than the whole face, so the coefficient holds
    for both.
    """
    wanted = rows(each for each in found if each.passed and each.tone != GENERATED)
    table = {}
    for name, (measure, unit) in TABLE.items():
        place = WHOLE_FACE if measure in ("count", "lesion_area") else EVERY_REGION
        for each in wanted:
            if (each.measure, each.region, each.tone) == (measure, place, "all"):
                coefficient = each.coefficient if unit == "absolute" else each.relative_coefficient
                table[name] = Repeatability(coefficient=coefficient, unit=unit, n=each.n)
    return table


def shown(found: Sequence[Row], title: str) -> Table:
    """Return the figures of all tones and, for the whole face, of each tone, for people."""
    table = Table(title=title)
    heads = ("measure", "where", "tone", "n", "mean", "rel. diff.", "pooled", "target", "95 % coeff.", "ICC", "shift")
    for head in heads:
        table.add_column(head, justify="left" if head in ("measure", "where", "tone") else "right")
    for each in found:
        if each.tone != "all" and each.region != WHOLE_FACE:
            continue
        target = TARGETS.get(each.measure)
        table.add_row(
            each.measure,
            each.region,
            each.tone,
            str(each.n),
            f"{each.mean:.3g}",
            f"{each.mean_relative_difference:.1%}",
            f"{each.pooled_relative_difference:.1%}",
            ""
            if target is None
            else ("within " if each.mean_relative_difference <= target else "MISSES ") + f"{target:.0%}",
            f"{each.coefficient:.3g}",
            "" if each.icc is None else f"{each.icc:.3f}",
            f"{each.shift_from_original:+.2g}",
        )
    return table
