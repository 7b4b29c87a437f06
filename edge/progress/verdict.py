"""Whether two photographs can be compared, and if not, why: each reason is a code and a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from edge.progress.registration import Registration
from shared.events.catalogue.capture import AnalysisCompleted, CaptureMetadata
from shared.vocabulary import LightProfile, SkinState


class ProblemCode(StrEnum):
    """Why two photographs, or something about them, are not compared; stable names for programs."""

    OTHER_VIEW = "other_view"
    OTHER_BODY_REGION = "other_body_region"
    OTHER_LIGHT = "other_light"
    LIGHT_UNCONTROLLED = "light_uncontrolled"
    OTHER_SKIN_STATE = "other_skin_state"
    NOT_ANALYSED = "not_analysed"
    OTHER_MODELS = "other_models"
    REPEATABILITY_UNKNOWN = "repeatability_unknown"
    NO_FACE = "no_face"
    TURNED = "turned"
    TILTED = "tilted"
    OTHER_SIZE = "other_size"
    LITTLE_SHARED = "little_shared"
    NOT_ALIGNED = "not_aligned"


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason, as a person should read it."""

    code: ProblemCode
    sentence: str


@dataclass(frozen=True, slots=True)
class RegistrationLimits:
    """How different two photographs may be and still be laid over each other.

    Attributes:
        max_turn_degrees: largest difference of yaw or pitch; known warps as strong were still aligned to half a
            per cent of the inter-eye distance.
        max_size_ratio: how much larger the face may be on one of them; a feature of a few pixels is lost beyond.
        min_overlap: least shared area of the faces' outlines over their joint area.
        max_uncertainty_share: largest RMS error over the inter-eye distance. Pairs of different people stay
            above it, whose mesh points never fit.
    """

    max_turn_degrees: float = 10.0
    max_size_ratio: float = 2.5
    min_overlap: float = 0.75
    max_uncertainty_share: float = 0.025


NO_FACE: Final = Problem(
    ProblemCode.NO_FACE, "No face can be found on one of the photographs, so they cannot be laid over each other."
)


def alignment_problems(found: Registration, limits: RegistrationLimits) -> tuple[Problem, ...]:
    """Return why the two photographs cannot be laid over each other; empty when they can."""
    problems = []
    yaw, pitch, most = abs(found.turn.yaw), abs(found.turn.pitch), limits.max_turn_degrees
    if yaw > most:
        problems.append(
            Problem(
                ProblemCode.TURNED,
                f"The head is turned {yaw:.0f}° further on one photograph; up to {most:.0f}° can be compared.",
            )
        )
    if pitch > most:
        problems.append(
            Problem(
                ProblemCode.TILTED,
                f"The chin is {pitch:.0f}° higher on one photograph; up to {most:.0f}° can be compared.",
            )
        )
    ratio = max(found.scale, 1 / found.scale)
    if ratio > limits.max_size_ratio:
        sentence = f"The face is {ratio:.1f} times larger on one photograph, so small features are lost on the other."
        problems.append(Problem(ProblemCode.OTHER_SIZE, sentence))
    if found.overlap < limits.min_overlap:
        sentence = f"Only {found.overlap:.0%} of the face is shown on both photographs."
        problems.append(Problem(ProblemCode.LITTLE_SHARED, sentence))
    if found.uncertainty_share > limits.max_uncertainty_share:
        problems.append(
            Problem(
                ProblemCode.NOT_ALIGNED,
                "The two faces do not fit onto each other well enough; expression or distance may differ.",
            )
        )
    return tuple(problems)


def side_problems(first: CaptureMetadata, second: CaptureMetadata) -> tuple[Problem, ...]:
    """Return why two photographs show different things altogether."""
    if first.body_region is not second.body_region:
        return (Problem(ProblemCode.OTHER_BODY_REGION, "The photographs show different parts of the body."),)
    if first.view is not second.view:
        sentence = f"One photograph is the {first.view} view, the other the {second.view} view."
        return (Problem(ProblemCode.OTHER_VIEW, sentence),)
    return ()


def light_problems(first: CaptureMetadata, second: CaptureMetadata) -> tuple[Problem, ...]:
    """Return why what is seen on one photograph may not be seen on the other."""
    problems = []
    if first.light_profile is not second.light_profile:
        sentence = (
            f"One photograph was taken in {_light(first.light_profile)} light, the other in"
            f" {_light(second.light_profile)} light, and the same skin looks different in them."
        )
        problems.append(Problem(ProblemCode.OTHER_LIGHT, sentence))
    states = {first.skin_state, second.skin_state}
    for state, words in _HIDING_STATES.items():
        if state in states and len(states) == 2:
            problems.append(Problem(ProblemCode.OTHER_SKIN_STATE, f"Only one photograph was taken {words}."))
    return tuple(problems)


def analysis_problems(first: AnalysisCompleted | None, second: AnalysisCompleted | None) -> tuple[Problem, ...]:
    """Return why two analyses cannot be set against each other.

    Comparable are analyses of one bundle whose versions differ in the last number at most: that one changes
    with documents and descriptions, never with what the models answer.
    """
    if first is None or second is None:
        return (Problem(ProblemCode.NOT_ANALYSED, "One of the photographs was not analysed."),)
    if bundle_line(first) is None or bundle_line(first) != bundle_line(second):
        sentence = "The photographs were analysed by different versions of the models, which count differently."
        return (Problem(ProblemCode.OTHER_MODELS, sentence),)
    return ()


def measure_problems(metadata: Sequence[CaptureMetadata]) -> tuple[Problem, ...]:
    """Return why colour and texture are not told from photographs whose outlined features may be."""
    if any(item.light_profile is LightProfile.UNCONTROLLED for item in metadata):
        sentence = "The light was not controlled, so colour, shine and texture are not compared."
        return (Problem(ProblemCode.LIGHT_UNCONTROLLED, sentence),)
    return ()


def bundle_line(analysis: AnalysisCompleted) -> tuple[str, str] | None:
    """Return name and first two version numbers of the bundle used; None when no bundle was."""
    if analysis.bundle is None:
        return None
    return line_of(analysis.bundle.name, analysis.bundle.version)


def line_of(name: str, version: str) -> tuple[str, str]:
    """Return name and first two version numbers of a bundle: what counts alike."""
    return name, ".".join(version.split(".")[:2])


_HIDING_STATES: Final = {
    SkinState.MAKE_UP: "with make-up, which covers features",
    SkinState.POST_TREATMENT: "right after a treatment, which changes how skin looks for a while",
}


def _light(profile: LightProfile) -> str:
    return profile.replace("_", "-")
