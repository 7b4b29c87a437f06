"""What a candidate has done and still has to do, all of it derived from the log."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from edge.analysis.domain import AnalysisResult
from edge.review.domain import Box, BundleRef, Review
from edge.review.reading import StoredReview, bundle_payload
from edge.review.shadow import Run, Seen, ShadowCase, ShadowReport, compare
from edge.store.events import SqlcipherEventStore
from shared.events.catalogue.capture import BoxInPixels
from shared.events.catalogue.review import BundleNamed, ShadowCompleted, ShadowFinding, ShadowSwitched
from shared.events.envelope import EventDraft
from shared.ids import ClientId
from shared.vocabulary import Sensitivity

_MOST_FINDINGS = 300
# The last switch says from which capture on the candidate is to run. Clients who never allowed it are left out here,
# so that they do not fill the pages; whether a grant still stands is asked before each run.
_WAITING = (
    "SELECT rowid, capture, client FROM reviews WHERE analysis IS NOT NULL AND rowid > ?"
    " AND rowid > (SELECT after FROM shadow_switches ORDER BY rowid DESC LIMIT 1)"
    " AND client IN (SELECT client FROM consents WHERE purpose = 'model_training' AND decision = 'granted')"
    " AND NOT EXISTS (SELECT 1 FROM shadow_runs WHERE shadow_runs.capture = reviews.capture AND sha256 = ?)"
    " ORDER BY rowid LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class WaitingCapture:
    """A capture the candidate has not analysed; `place` orders it among all captures of this box."""

    place: int
    capture: str
    client: ClientId


class ShadowLog:
    """The shadow runs on record."""

    def __init__(self, store: SqlcipherEventStore) -> None:
        self._store = store

    def switch(self, bundle: BundleRef | None) -> None:
        """Record that this candidate runs from now on, or none; idempotent by the bundle's hash."""
        rows = self._store.rows("SELECT sha256 FROM shadow_switches ORDER BY rowid DESC LIMIT 1")
        running = rows[0][0] if rows else None
        if running == (bundle.sha256 if bundle else None):
            return
        payload = ShadowSwitched(bundle=bundle_payload(bundle) if bundle else None)
        self._store.append([EventDraft("shadow/switch", payload, "box", "shadow_evaluation")])

    def waiting(self, bundle: BundleRef, limit: int, after: int = 0) -> list[WaitingCapture]:
        """Return captures taken since the last switch that this candidate has not analysed, oldest first.

        Args:
            bundle: the candidate.
            limit: most to return.
            after: place behind which to go on.
        """
        rows = self._store.rows(_WAITING, (after, bundle.sha256, limit))
        return [WaitingCapture(place, capture, ClientId(client)) for place, capture, client in rows]

    def completed(
        self, waiting: WaitingCapture, bundle: BundleRef, result: AnalysisResult, milliseconds: float
    ) -> None:
        """Record a run; one more of the same capture and bundle counts for nothing."""
        payload = ShadowCompleted(
            capture=waiting.capture,
            bundle=bundle_payload(bundle),
            findings=tuple(
                ShadowFinding(
                    type=item.type,
                    confidence=round(item.confidence, 4),
                    box=BoxInPixels(**{side: round(getattr(item.box, side), 2) for side in ("x", "y", "w", "h")}),
                )
                for item in result.findings[:_MOST_FINDINGS]
            ),
            milliseconds=round(milliseconds, 1),
        )
        aggregate = f"shadow/{waiting.capture}"
        self._store.append(
            [EventDraft(aggregate, payload, "box", "shadow_evaluation", Sensitivity.HEALTH, waiting.client)]
        )

    def reports(self, signed: Iterable[StoredReview]) -> list[ShadowReport]:
        """Return how each candidate that ran compares, over signed results; the candidate run last comes first."""
        reviews = {item.capture: item for item in signed}
        cases: dict[BundleRef, list[ShadowCase]] = {}
        for payload in self._runs():
            run = ShadowCompleted.model_validate(payload)
            reviewed = reviews.get(run.capture)
            if reviewed is not None:
                bundle = _named(run.bundle)
                cases[bundle] = [*cases.pop(bundle, []), _case(run, reviewed)]
        return [report for bundle, found in reversed(cases.items()) for report in compare(bundle, found)]

    def _runs(self) -> Iterable[dict[str, Any]]:
        for (name,) in self._store.rows("SELECT event FROM shadow_runs ORDER BY rowid"):
            event = self._store.find(name)
            if event is not None:
                yield event.fields.payload


def _case(run: ShadowCompleted, reviewed: StoredReview) -> ShadowCase:
    review = reviewed.review
    outlined = tuple(Seen(item.box, item.type) for item in review.proposal.findings)
    found = tuple(Seen(Box(item.box.x, item.box.y, item.box.w, item.box.h), item.type) for item in run.findings)
    return ShadowCase(
        live_bundle=review.proposal.bundle,
        circumstances=reviewed.circumstances,
        live=Run(outlined, reviewed.milliseconds),
        candidate=Run(found, run.milliseconds),
        confirmed=tuple(Seen(item.box, item.type) for item in review.present),
        removed=_taken_out(review),
    )


def _taken_out(review: Review) -> tuple[Seen, ...]:
    gone = (item.proposed for item in review.findings if item.removed and item.proposed is not None)
    return tuple(Seen(item.box, item.type) for item in gone)


def _named(payload: BundleNamed) -> BundleRef:
    return BundleRef(payload.name, payload.version, payload.sha256)
