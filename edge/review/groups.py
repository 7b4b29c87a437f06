"""The groups a model's figures are told apart by: only what was stated at capture, never guessed from pixels."""

from dataclasses import dataclass
from enum import StrEnum

from shared.vocabulary import GateProfileName, View


class ToneGroup(StrEnum):
    """Skin tone as the client stated it, in the groups the models' own figures are given for."""

    LIGHT_MEDIUM = "light_medium"
    BROWN = "brown"
    DEEP = "deep"
    NOT_STATED = "not_stated"


class Dimension(StrEnum):
    """What captures are grouped by."""

    TONE = "tone"
    VIEW = "view"
    PROFILE = "profile"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """How a photograph was taken, as far as figures are told apart by it."""

    tone: ToneGroup
    view: View
    profile: GateProfileName

    def group(self, dimension: Dimension) -> str:
        """Return the name of the group it belongs to."""
        match dimension:
            case Dimension.TONE:
                return self.tone
            case Dimension.VIEW:
                return self.view
            case Dimension.PROFILE:
                return self.profile


def tone_group(monk: int | None) -> ToneGroup:
    """Return the group of a stated Monk tone: 1 to 5, 6 and 7, 8 to 10."""
    if monk is None:
        return ToneGroup.NOT_STATED
    if monk <= 5:
        return ToneGroup.LIGHT_MEDIUM
    return ToneGroup.BROWN if monk <= 7 else ToneGroup.DEEP
