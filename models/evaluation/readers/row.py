"""One row of a file of readings: what each cell may hold, and what to do where it holds something else."""

import re
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from models.evaluation.readers.readings import Feature, Mode, Reading
from shared.vocabulary import AppearanceGrade, FaceRegion, FindingType

FACE = "face"
COUNT_COLUMNS = (FACE, *(region.value for region in FaceRegion))
NOTHING_FOUND = "none"
MAX_FEATURES = 500

_CODE = re.compile(r"(?=.*[0-9])[A-Za-z0-9_-]{1,16}")
_PARTS = ("type", "x", "y", "w", "h")
_CODE_ADVICE = "give a code of up to 16 letters, digits, - and _ with at least one digit, like {}; never a name"
_COUNT_ADVICE = "give a whole number from 0 to 999; a region that cannot be seen leaves the photograph out"
ADVICE = {
    "reader": _CODE_ADVICE.format("r1"),
    "photograph": _CODE_ADVICE.format("p014"),
    "mode": "write " + ", ".join(mode.value for mode in Mode),
    "seconds": "give seconds above 0 and up to 86400 with a point for the fraction, or leave it empty",
    "grade": "write one of " + ", ".join(grade.value for grade in AppearanceGrade) + ", or leave it empty",
    "features": f"write {NOTHING_FOUND}, or features as 'type x y w h' parted by ; (up to {MAX_FEATURES})",
    "counts": _COUNT_ADVICE,
    **dict.fromkeys(COUNT_COLUMNS, _COUNT_ADVICE),
    "type": "write one of " + ", ".join(each.value for each in FindingType),
    **dict.fromkeys(("x", "y"), "give pixels from 0 to 100000 with a point for the fraction"),
    **dict.fromkeys(("w", "h"), "give pixels above 0 and up to 100000 with a point for the fraction"),
}


def _code(text: str) -> str:
    """Let through what can be no name and no address.

    Raises:
        ValueError: it is not such a code.
    """
    if not _CODE.fullmatch(text):
        raise ValueError(_CODE_ADVICE)
    return text


def _empty(cell: object) -> object:
    """Read an empty cell as nothing given."""
    return None if cell == "" else cell


def _features(cell: object) -> object:
    """Part a cell into features, each a table of its five parts.

    Raises:
        ValueError: a feature has not five parts, or the cell is empty, which would leave open whether nothing was
            found or nothing was outlined.
    """
    if not isinstance(cell, str):
        return cell
    if cell == NOTHING_FOUND:
        return ()
    parts = [text.split() for text in cell.split(";")]
    if any(len(each) != len(_PARTS) for each in parts):
        raise ValueError(ADVICE["features"])
    return [dict(zip(_PARTS, each, strict=True)) for each in parts]


Code: TypeAlias = Annotated[str, AfterValidator(_code)]
Start: TypeAlias = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]
Length: TypeAlias = Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)]
Count: TypeAlias = Annotated[int, Field(ge=0, le=999)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class FeatureCell(_Strict):
    """One feature of a cell; x, y, w and h in pixels of the original photograph."""

    type: FindingType
    x: Start
    y: Start
    w: Length
    h: Length


class Row(_Strict):
    """One reading as supplied; exactly one of `features` and `counts` is given."""

    reader: Code
    photograph: Code
    mode: Mode
    seconds: Annotated[
        Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)] | None, BeforeValidator(_empty)
    ] = None
    grade: Annotated[AppearanceGrade | None, BeforeValidator(_empty)] = None
    features: Annotated[tuple[FeatureCell, ...], Field(max_length=MAX_FEATURES), BeforeValidator(_features)] | None = (
        None
    )
    counts: dict[str, Count] | None = None

    def reading(self) -> Reading:
        """Return the same in the rules' own words."""
        features = [Feature(f.x, f.y, f.w, f.h, f.type) for f in self.features or ()]
        return Reading(
            self.reader,
            self.photograph,
            self.mode,
            tuple(sorted(features)),
            self.counts,
            self.grade,
            self.seconds,
        )


def faults(error: ValidationError) -> list[str]:
    """Return each fault as field and advice; what the cell held is never repeated, as it may be a name."""
    told = []
    for each in error.errors(include_input=False, include_url=False):
        place = [part for part in each["loc"] if not isinstance(part, str) or part in ADVICE]
        names = [part for part in place if isinstance(part, str) and part != "counts"]
        field = names[0] if names else "row"
        number = next((part + 1 for part in place if isinstance(part, int)), None)
        where = field if number is None else f"{field}, feature {number}, {names[-1]}"
        told.append(f"{where}: {ADVICE.get(names[-1] if names else '', 'cannot be understood')}")
    return told
