"""How a figure is said: with its interval and its number of photographs, or why it has none."""

from models.evaluation.readers.estimate import MINIMUM, Estimate, Standing

NAMES = {
    "place": "where features are",
    "type": "what type they are",
    "count": "how many there are",
    "grade": "the grade",
}
COEFFICIENTS = {
    "place": "positive agreement",
    "type": "kappa",
    "count": "ICC(2,1)",
    "grade": "quadratic weighted kappa",
}
CASES = {
    "place": "features",
    "type": "features found by both of a pair",
    "count": "readings",
    "grade": "pairs of grades",
}


def name_of(figure: str) -> str:
    """Return the words for a figure; a column of counts is named as it is, with spaces."""
    return NAMES.get(figure, figure.replace("_", " "))


def number(value: float, *, signed: bool = False) -> str:
    """Return a number with two digits after the point, with its sign if asked."""
    # A difference that rounds to nothing has no sign: "-0.00" would look like a finding.
    value = 0.0 if abs(value) < 0.005 else value
    return f"{value:+.2f}" if signed and value else f"{value:.2f}"


def percent(value: float) -> str:
    """Return a share in whole per cent."""
    return f"{value:.0%}"


def plain(value: Estimate, *, signed: bool = False) -> str:
    """Return a figure on one line, as for a terminal."""
    if value.value is None:
        return "not given" if value.standing is Standing.NOT_GIVEN else "undefined"
    said = number(value.value, signed=signed)
    if value.low is None or value.high is None:
        return f"{said}, too few for an interval, n {value.photographs}"
    bounds = f"{number(value.low, signed=signed)} to {number(value.high, signed=signed)}"
    return f"{said} ({bounds}), n {value.photographs}"


def verdict(difference: Estimate) -> str:
    """Return what a difference between assisted and unassisted allows to say, and no more."""
    match difference.standing:
        case Standing.NOT_GIVEN:
            return "not read both ways"
        case Standing.UNDEFINED:
            return "undefined"
        case Standing.TOO_FEW:
            return f"fewer than {MINIMUM} photographs: nothing can be said"
        case Standing.SMALL | Standing.ENOUGH:
            return _direction(difference)


def _direction(difference: Estimate) -> str:
    if difference.low is not None and difference.low > 0:
        return "higher with assistance"
    if difference.high is not None and difference.high < 0:
        return "lower with assistance"
    return "no difference shown"
