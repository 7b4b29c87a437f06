"""A client's captures in time, view by view, with what each of them measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge.progress.change import Repeats, RepeatsOf
from edge.progress.readings import Place, Reading, readings
from edge.progress.verdict import bundle_line
from edge.visits.library import StoredCapture
from shared.vision.parameters import Repeatability
from shared.vocabulary import View


@dataclass(frozen=True, slots=True)
class TimelinePoint:
    """One capture.

    Attributes:
        capture: the capture.
        values: what was read on it.
        series: captures of one number are comparable with each other, others are not.
    """

    capture: StoredCapture
    values: Mapping[Place, Reading]
    series: int


@dataclass(frozen=True, slots=True)
class ViewTimeline:
    """The captures of one view, oldest first, and how far repeats of the latest series' measures differ."""

    view: View
    points: tuple[TimelinePoint, ...]
    repeats: Mapping[str, Repeatability]


def timelines(captures: Sequence[StoredCapture], repeats_of: RepeatsOf) -> tuple[ViewTimeline, ...]:
    """Return one timeline for each view that was photographed, in the order of the vocabulary."""
    found = []
    for view in View:
        shown = sorted((item for item in captures if item.stored.metadata.view is view), key=lambda item: item.taken_at)
        if shown:
            found.append(_timeline(view, shown, repeats_of))
    return tuple(found)


def _timeline(view: View, captures: Sequence[StoredCapture], repeats_of: RepeatsOf) -> ViewTimeline:
    numbers: dict[object, int] = {}
    points = []
    for capture in captures:
        analysis = capture.analysis
        line = bundle_line(analysis) if analysis is not None else None
        # Without a bundle nothing is known about what the numbers are comparable with.
        key: object = (line, capture.stored.metadata.light_profile) if line is not None else capture.id
        series = numbers.setdefault(key, len(numbers))
        points.append(TimelinePoint(capture, readings(analysis) if analysis is not None else {}, series))
    latest = next((item.analysis for item in reversed(captures) if item.analysis is not None), None)
    repeats: Repeats = repeats_of(latest) if latest is not None else {}
    return ViewTimeline(view, tuple(points), repeats)
