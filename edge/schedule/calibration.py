"""The aggregate of what a clinic learns from its days: closed days, and the estimates, weights and paces it plans with.

Commands give event payloads, events change what is known, as in `schedule.py`.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Final

from edge.schedule.day_close import close_day
from edge.schedule.durations import LogNormal
from edge.schedule.errors import BrokenFold, NotAllowed
from edge.schedule.estimates import Estimates, Length, ServiceEstimate
from edge.schedule.ids import ProviderId, ServiceId
from edge.schedule.paces import Pace, Paces
from edge.schedule.weights_learnt import LearntWeight, LearntWeights
from shared.events.catalogue import estimates as said
from shared.events.payload import PayloadModel

AGGREGATE: Final = "schedule-estimates"
PURPOSE: Final = "calibration"


class Calibration:
    """What one clinic has learnt.

    Attributes:
        days: the days that are closed.
        version: how many payloads have been applied.
    """

    def __init__(self) -> None:
        self.days: dict[dt.date, said.DayClosed] = {}
        self.version = 0
        self._standing: list[said.EstimatesCalibrated] = []

    @classmethod
    def fold(cls, payloads: Iterable[PayloadModel]) -> "Calibration":
        """Return what payloads, in order, add up to."""
        calibration = cls()
        for payload in payloads:
            calibration.apply(payload)
        return calibration

    @property
    def estimates(self) -> Estimates:
        """What new visits are planned with; nothing before the first calibration."""
        return _estimates_of(self._standing[-1]) if self._standing else {}

    @property
    def weights(self) -> LearntWeights:
        """What has been learnt of the weights; nothing before the first calibration."""
        return _weights_of(self._standing[-1]) if self._standing else {}

    @property
    def paces(self) -> Paces:
        """What has been learnt of the providers' paces; nothing before the first calibration."""
        return tuple(map(_pace_of, self._standing[-1].paces)) if self._standing else ()

    def close_day(self, day: dt.date, payloads: Iterable[PayloadModel], today: dt.date) -> list[PayloadModel]:
        """Close a day, once: a day that is closed gives no event.

        Raises:
            NotAllowed: as `day_close.close_day`.
        """
        return [] if day in self.days else [close_day(day, payloads, today)]

    def calibrate(
        self, estimates: Estimates, calibration: str, weights: LearntWeights | None = None, paces: Paces = ()
    ) -> list[PayloadModel]:
        """Plan with these estimates, weights and paces from now on; the same as before give no event."""
        weights = weights or {}
        if (estimates, weights, paces) == (self.estimates, self.weights, self.paces):
            return []
        services = tuple(_part_of(name, estimates[name]) for name in sorted(estimates))
        parts = tuple(_weight_part(name, weights[name]) for name in sorted(weights))
        people = tuple(map(_pace_part, paces))
        return [said.EstimatesCalibrated(calibration=calibration, services=services, weights=parts, paces=people)]

    def undo(self) -> list[PayloadModel]:
        """Take the latest estimates, weights and paces back; those before count again, or the clinic's file.

        Raises:
            NotAllowed: none stand.
        """
        if not self._standing:
            raise NotAllowed(
                "nothing_to_undo", "the clinic plans with its own file: there are no estimates to take back"
            )
        return [said.CalibrationUndone(calibration=self._standing[-1].calibration)]

    def apply(self, payload: PayloadModel) -> None:
        """Take one event into account.

        Raises:
            BrokenFold: the event does not fit the events before it.
        """
        match payload:
            case said.DayClosed(day=day):
                self.days[day] = payload
            case said.EstimatesCalibrated():
                self._standing.append(payload)
            case said.CalibrationUndone(calibration=name):
                if not self._standing or self._standing[-1].calibration != name:
                    raise BrokenFold(
                        "not_latest", "an event takes back estimates that are not the latest; repair the log"
                    )
                self._standing.pop()
            case _:
                raise BrokenFold("foreign_event", f"{payload.event_type} does not belong to the estimates")
        self.version += 1


def _part_of(name: ServiceId, expected: ServiceEstimate) -> said.ServiceEstimate:
    return said.ServiceEstimate(
        service=name,
        length=_length_part(expected.length),
        stages={stage: _length_part(length) for stage, length in expected.stages.items()},
        left_out=expected.left_out,
        no_show=expected.no_show,
        visits=expected.visits,
        overrun=expected.overrun,
        timed=expected.timed,
    )


def _length_part(length: Length) -> said.LengthEstimate:
    known = length.distribution
    return said.LengthEstimate(median=known.median, sigma=known.sigma, observations=length.observations)


def _estimates_of(event: said.EstimatesCalibrated) -> Estimates:
    return {
        ServiceId(part.service): ServiceEstimate(
            length=_length_of(part.length),
            no_show=part.no_show,
            visits=part.visits,
            overrun=part.overrun,
            timed=part.timed,
            stages={stage: _length_of(length) for stage, length in part.stages.items()},
            left_out=part.left_out,
        )
        for part in event.services
    }


def _weight_part(name: str, learnt: LearntWeight) -> said.WeightEstimate:
    return said.WeightEstimate(
        term=name,
        weight=learnt.weight,
        given=learnt.given,
        low=learnt.low,
        high=learnt.high,
        choices=learnt.choices,
    )


def _weights_of(event: said.EstimatesCalibrated) -> LearntWeights:
    return {
        part.term: LearntWeight(part.weight, part.given, part.low, part.high, part.choices) for part in event.weights
    }


def _pace_part(pace: Pace) -> said.PaceEstimate:
    return said.PaceEstimate(
        provider=pace.provider,
        service=pace.service,
        percent=pace.percent,
        given=pace.given,
        low=pace.low,
        high=pace.high,
        visits=pace.visits,
        counts=pace.counts,
    )


def _pace_of(part: said.PaceEstimate) -> Pace:
    return Pace(
        provider=ProviderId(part.provider),
        service=None if part.service is None else ServiceId(part.service),
        percent=part.percent,
        given=part.given,
        low=part.low,
        high=part.high,
        visits=part.visits,
        counts=part.counts,
    )


def _length_of(part: said.LengthEstimate) -> Length:
    return Length(LogNormal(part.median, part.sigma), part.observations)
