"""Why people wait, and who fills what was left, as the pages show it; names of clients are opened by who asks."""

import datetime as dt
from collections.abc import Callable

from edge.api import waitlist_schemas as shown
from edge.schedule.blockers import Blocker
from edge.schedule.ids import ServiceId
from edge.schedule.waitlist.clinic import Clinic
from edge.schedule.waitlist.domain import Offer, Term, moment
from edge.schedule.waitlist.due import Candidate
from edge.schedule.waitlist.filling import Filling, LeftOut, names_of
from edge.schedule.waitlist.ranking import total
from edge.schedule.waitlist.why import Why
from edge.schedule.waitlist_reasons import OpenPlace
from shared.ids import ClientId


class ReasonView:
    """Shows one clinic's reasons."""

    def __init__(self, clinic: Clinic, zone: dt.tzinfo, name: Callable[[ClientId], str]) -> None:
        """Keep the clinic, its zone, and what tells a client's name."""
        self._clinic = clinic
        self._zone = zone
        self._name = name

    def whys(self, told: tuple[Why, ...], *, besides: bool) -> list[shown.WaitlistWhy]:
        """Return what is in the way, earliest days first; `besides` a missing clearance that is told elsewhere."""
        left = [
            (why, [one for one in why.reasons if not (besides and one.kind is Blocker.NOT_CLEARED)]) for why in told
        ]
        return [
            shown.WaitlistWhy(
                days=list(why.days),
                starts_at=None if why.start is None else moment(why.days[0], why.start, self._zone),
                sentences=[reason.sentence for reason in reasons],
            )
            for why, reasons in left
            if reasons
        ]

    def place(self, place: OpenPlace) -> shown.FreedPlace:
        """Return a place that was left."""
        left = place.left
        return shown.FreedPlace(
            id=left.key,
            day=place.day,
            starts_at=moment(place.day, left.span.start, self._zone),
            ends_at=moment(place.day, left.span.end, self._zone),
            cause=left.cause,
            uses=names_of(self._clinic.on(place.day), left),
            offered_to=[self._name(offer.client) for offer in place.offers],
        )

    def filling(self, day: dt.date, found: Filling) -> shown.PlaceFilling:
        """Return who fills a place, and why others do not."""
        return shown.PlaceFilling(
            place=self.place(OpenPlace(day, found.left, found.offered)),
            offered=[self._offered(offer) for offer in found.offered],
            next=[self._candidate(one) for one in found.next],
            left_out=[self._left_out(day, one) for one in found.left_out],
            more=found.more,
        )

    def _offered(self, offer: Offer) -> shown.PlaceCandidate:
        return shown.PlaceCandidate(
            entry_id=offer.entry,
            client_name=self._name(offer.client),
            service=self._service(offer.place.day, offer.service),
            starts_at=moment(offer.place.day, offer.place.start, self._zone),
            ends_at=moment(offer.place.day, offer.place.end, self._zone),
            points=round(total(offer.terms), 1),
            reasons=shown_terms(offer.terms),
            messages=offer.channel == shown.WaitlistChannel.MESSAGE.value,
        )

    def _candidate(self, one: Candidate) -> shown.PlaceCandidate:
        return shown.PlaceCandidate(
            entry_id=one.entry.id,
            client_name=self._name(one.entry.client),
            service=self._service(one.place.day, one.entry.service),
            starts_at=moment(one.place.day, one.place.start, self._zone),
            ends_at=moment(one.place.day, one.place.end, self._zone),
            points=round(total(one.terms), 1),
            reasons=shown_terms(one.terms),
            messages=one.entry.messages,
        )

    def _left_out(self, day: dt.date, one: LeftOut) -> shown.PlaceLeftOut:
        return shown.PlaceLeftOut(
            entry_id=one.entry.id,
            client_name=self._name(one.entry.client),
            service=self._service(day, one.entry.service),
            sentences=[reason.sentence for reason in one.reasons],
        )

    def _service(self, day: dt.date, name: ServiceId) -> str:
        # What a day's clinic no longer has may be waited for all the same.
        known = (one for clinic in (self._clinic.on(day), self._clinic.registry) for one in clinic.services)
        return next((one.name for one in known if one.id == name), name)


def shown_terms(terms: tuple[Term, ...]) -> list[shown.WaitlistReason]:
    """Return why somebody was chosen, most points first."""
    return [
        shown.WaitlistReason(name=term.name, points=round(term.points, 1), sentence=term.sentence)
        for term in sorted(terms, key=lambda term: -term.points)
    ]
