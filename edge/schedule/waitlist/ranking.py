"""Who of those who wait suits a free place best, term by term; each term says in words why.

A term is its weight times a share from 0 to 1. The chance of an answer is the mean of a Beta distribution: the prior is
the clinic's own rate, itself pulled towards `prior_rate` while the clinic has few answers (Gelman and others, Bayesian
Data Analysis, 3rd edition, section 2.4).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.schedule.domain import clock_text
from edge.schedule.waitlist.domain import Term


@dataclass(frozen=True, slots=True)
class RankingWeights:
    """What each term is worth, in points, and where its share is half or whole.

    Attributes:
        tiers: points of each membership.
        prior_rate: offers taken at a clinic without any history.
        prior_offers: how many offers the prior counts as.
        travel_half: minutes to spare, before the client would have to leave, that give half of `travel`.
        waiting_full: days of waiting that give all of `waiting`.
    """

    fit: float = 30.0
    response: float = 25.0
    continuity: float = 15.0
    travel: float = 10.0
    revenue: float = 10.0
    waiting: float = 10.0
    tiers: Mapping[str, float] = field(default_factory=dict)
    prior_rate: float = 0.4
    prior_offers: float = 4.0
    travel_half: float = 60.0
    waiting_full: float = 30.0

    def __post_init__(self) -> None:
        """Refuse weights that would turn a term round.

        Raises:
            ValueError: one is out of range; it says which.
        """
        weighed = (self.fit, self.response, self.continuity, self.travel, self.revenue, self.waiting)
        if min(*weighed, *self.tiers.values()) < 0:
            raise ValueError("a weight is below 0; 0 leaves its term out")
        if not 0 <= self.prior_rate <= 1 or min(self.prior_offers, self.travel_half, self.waiting_full) <= 0:
            raise ValueError("`prior_rate` is from 0 to 1; `prior_offers`, `travel_half`, `waiting_full` are above 0")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a candidate and the place.

    Attributes:
        filled: minutes of the freed stretch that the visit would use, of `freed`.
        accepted: offers that the client took, of `answered`; the same of the whole clinic.
        preferred: whether the client would meet the preferred provider; None without a preference.
        again: whether the client would meet the provider of the last visit.
        provider: whom the client would meet, as people are told.
        spare: minutes from now until the client would have to leave, the notice asked for included.
        leave_at: that time of day, in minutes from midnight.
        price: what the visit brings, of the clinic's `highest_price`.
        waited: days since the wish was noted.
    """

    filled: int
    freed: int
    accepted: int
    answered: int
    clinic_accepted: int
    clinic_answered: int
    preferred: bool | None
    again: bool
    provider: str
    spare: float
    leave_at: int
    price: float
    highest_price: float
    waited: float
    tier: str | None = None


def chance(facts: Facts, weights: RankingWeights) -> float:
    """Return the estimated chance, from 0 to 1, that the client takes the offer."""
    clinic = _pulled(facts.clinic_accepted, facts.clinic_answered, weights.prior_rate, weights.prior_offers)
    return _pulled(facts.accepted, facts.answered, clinic, weights.prior_offers)


def terms(facts: Facts, weights: RankingWeights) -> tuple[Term, ...]:
    """Return the reasons for a candidate; their points add up to the rank. A clinic without prices knows no revenue."""
    found = [
        Term("fit", weights.fit * _share(facts.filled, facts.freed), _fit_text(facts)),
        Term("response", weights.response * chance(facts, weights), _response_text(facts, weights)),
        Term("continuity", weights.continuity * _continuity(facts), _continuity_text(facts)),
        Term("travel", weights.travel * _spare_share(facts, weights), _travel_text(facts)),
        Term("waiting", weights.waiting * _share(facts.waited, weights.waiting_full), _waiting_text(facts)),
    ]
    if facts.highest_price > 0:
        share = _share(facts.price, facts.highest_price)
        found.append(Term("revenue", weights.revenue * share, _revenue_text(facts)))
    if facts.tier is not None and facts.tier in weights.tiers:
        found.append(Term("tier", weights.tiers[facts.tier], f"Member: {facts.tier}"))
    return tuple(found)


def total(found: tuple[Term, ...]) -> float:
    """Return the points of all terms."""
    return sum(term.points for term in found)


def _pulled(hits: int, tries: int, rate: float, strength: float) -> float:
    return (hits + rate * strength) / (tries + strength)


def _share(part: float, whole: float) -> float:
    return max(0.0, min(1.0, part / whole)) if whole > 0 else 0.0


def _continuity(facts: Facts) -> float:
    if facts.preferred:
        return 1.0
    if facts.again:
        return 0.7
    # Nobody is missed where nobody was wished for.
    return 0.5 if facts.preferred is None else 0.0


def _spare_share(facts: Facts, weights: RankingWeights) -> float:
    spare = max(0.0, facts.spare)
    return spare / (spare + weights.travel_half)


def _fit_text(facts: Facts) -> str:
    left = facts.freed - facts.filled
    return f"Fills {facts.filled} of the {facts.freed} free minutes" + (f", {left} are left" if left > 0 else "")


def _response_text(facts: Facts, weights: RankingWeights) -> str:
    likely = f"likely to take it: {round(100 * chance(facts, weights))} %"
    if facts.answered == 0:
        return f"No offer answered before; {likely}"
    return f"Took {facts.accepted} of {facts.answered} offers so far; {likely}"


def _continuity_text(facts: Facts) -> str:
    if facts.preferred:
        return f"Would see {facts.provider}, as wished"
    if facts.again:
        return f"Would see {facts.provider} again"
    return "No wish for anybody in particular" if facts.preferred is None else f"Would see {facts.provider} instead"


def _travel_text(facts: Facts) -> str:
    hours, minutes = divmod(max(0, int(facts.spare)), 60)
    days, hours = divmod(hours, 24)
    spare = f"{days} d {hours} h" if days else f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
    return f"Has to leave by {clock_text(facts.leave_at % (24 * 60))}, in {spare}"


def _revenue_text(facts: Facts) -> str:
    return f"Brings {facts.price:,.0f}; the clinic's highest price is {facts.highest_price:,.0f}"


def _waiting_text(facts: Facts) -> str:
    days = int(facts.waited)
    return "Waiting since today" if days == 0 else f"Waiting for {days} day{'' if days == 1 else 's'}"
