"""How clients, treatments and things behave: the figures that the simulator draws from, each with its source."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from edge.schedule.ids import ProviderId

Share = Annotated[float, Field(ge=0, le=1)]
Pace = Annotated[float, Field(gt=0, le=5)]

ZENOTI: Final = "Zenoti, The 2025 Beauty and Wellness Benchmark Report, p. 14, medspas"
CERRUTI: Final = "Cerruti et al. 2023, as quoted in the medscheduler documentation, appointment timing"
SHAPE: Final = "Eftakhari et al. 2012, doi 10.5923/j.ajor.20120202.01: generalised logistic fits best"


class Behaviour(BaseModel):
    """Figures to begin with, until a clinic has its own; each description ends with where the figure is from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    no_show: Share = Field(default=0.05, description=f"Booked clients who do not come. {ZENOTI}.")
    cancellation: Share = Field(default=0.16, description=f"Bookings cancelled at any time. {ZENOTI}.")
    late_share: Share = Field(
        default=0.5,
        description="Of the cancellations, those too late to fill the place. Half, as reported for outpatient "
        "neurology (Neurodiem, How late cancellations limit access); assumed for med-spas.",
    )
    arrival_minutes: float = Field(
        default=-10.0, ge=-60, le=60, description=f"Median arrival against the booked time, minutes. {CERRUTI}."
    )
    arrival_scale: float = Field(
        default=5.92,
        ge=0,
        le=60,
        description="Scale of the logistic distribution of arrivals, minutes: with it 84.4 % are there before their "
        f"time. {CERRUTI}; shape: {SHAPE}.",
    )
    grace_minutes: float = Field(
        default=20.0, ge=0, le=240, description="Who comes later than this is not treated today. Assumed."
    )
    duration_cv: float = Field(
        default=0.35,
        ge=0,
        le=2,
        description="Coefficient of variation of a stage with a provider; log-normal, its mean the planned minutes. "
        "Assumed, the low end of 0.3 to 0.5.",
    )
    unattended_cv: float = Field(
        default=0.10, ge=0, le=2, description="The same of a stage that runs by the clock, such as numbing. Assumed."
    )
    duration_ratio: float = Field(
        default=1.0,
        gt=0,
        le=5,
        description="Mean real minutes to planned minutes. Assumed: plans are right on average.",
    )
    known_after: float = Field(
        default=10.0,
        ge=0,
        le=120,
        description="Minutes that a provider waits before a client counts as missing. Assumed.",
    )
    patience: float = Field(
        default=60.0, ge=0, le=600, description="Minutes after which a client who waits goes home untreated. Assumed."
    )
    provider_absent: Share = Field(
        default=0.01, description="Chance that a provider is away for a part of the day unannounced. Assumed."
    )
    absent_minutes: float = Field(default=240.0, ge=0, le=1440, description="Mean length of that absence. Assumed.")
    device_fault: Share = Field(default=0.01, description="Chance that a device fails on a day. Assumed.")
    fault_minutes: float = Field(default=90.0, ge=0, le=1440, description="Mean minutes until it works again. Assumed.")
    paces: Mapping[ProviderId, Pace] = Field(
        default={},
        max_length=100,
        description="Mean real minutes of a provider to a service's usual ones, whatever is planned with; who is not "
        "named takes as long as planned. Assumed: nobody is named.",
    )

    @classmethod
    def certain(cls) -> "Behaviour":
        """Return a world in which everything happens as planned."""
        return cls(
            no_show=0,
            cancellation=0,
            arrival_minutes=0,
            arrival_scale=0,
            duration_cv=0,
            unattended_cv=0,
            provider_absent=0,
            device_fault=0,
        )

    @property
    def late_cancellation(self) -> float:
        """Chance that a visit still booked in the morning is cancelled: early cancellations have left the plan."""
        late = self.cancellation * self.late_share
        still_booked = 1 - (self.cancellation - late)
        return late / still_booked if still_booked > 0 else 1.0

    def absences(self, show: float) -> tuple[float, float]:
        """Return the chances of a no-show and of a late cancellation for a client who comes with chance `show`.

        A `show` of 1 says that nothing is known about this client: then the clinic's usual figures hold. Any other is
        taken as it is and split as the usual figures are.
        """
        usual, late = self.no_show, self.late_cancellation
        if show >= 1:
            return usual, min(late, 1 - usual)
        missing, both = 1 - show, usual + late
        of_those = usual / both if both > 0 else 1.0
        return missing * of_those, missing * (1 - of_those)


def figures(behaviour: Behaviour) -> list[tuple[str, float, str]]:
    """Return each figure with its value and what it is, source included; a pace for each provider who is named."""
    fields = Behaviour.model_fields
    single = [name for name in fields if name != "paces"]
    return [
        *((name, float(getattr(behaviour, name)), fields[name].description or "") for name in single),
        *((f"paces.{who}", pace, fields["paces"].description or "") for who, pace in behaviour.paces.items()),
    ]
