"""What is wrong with a file, field by field, as a person reads it."""

from typing import Final

from pydantic import ValidationError

_TOO_SHORT: Final = "too_short"


def faults_text(error: ValidationError, most: int = 100) -> str:
    """Return each field that is wrong and why, `most` of them; the values themselves are left out."""
    found = error.errors(include_url=False, include_input=False)
    # A list whose entries are wrong is reported as too short as well, since none of them counts.
    told = [
        item
        for item in found
        if item["type"] != _TOO_SHORT
        or not any(other["loc"][: len(item["loc"])] == item["loc"] for other in found if other is not item)
    ]
    return "; ".join(
        f"{'.'.join(map(str, item['loc'])) or 'file'}: {item['msg'].removeprefix('Value error, ')}"
        for item in told[:most]
    )
