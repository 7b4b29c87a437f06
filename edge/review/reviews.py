"""Records the steps of reviews and reads them back; the log is the only truth."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from edge.keys.clients import ClientKeystore
from edge.review.domain import Correction, Entry, Reopening, Review, Signature, Undo
from edge.review.errors import CorrectionRefused, NotAnalysed, NotLicensed, ReviewMoved
from edge.review.licences import Licences, Signer
from edge.review.projection import RANKS
from edge.review.reading import StoredReview, bundle_payload, correction_payload, read_review
from edge.review.refusals import refusal
from edge.review.rules import advance
from edge.store.errors import VersionConflict
from edge.store.events import SqlcipherEventStore
from edge.visits.library import CaptureUnknown
from shared.clock import Clock
from shared.events.catalogue.review import ReviewReopened, ReviewSigned, ReviewUndone
from shared.events.envelope import Event, EventDraft
from shared.events.payload import PayloadModel
from shared.events.sealing import open_payload
from shared.ids import ClientId
from shared.vocabulary import ReviewReason, Route, Sensitivity

MAX_CORRECTIONS_AT_ONCE: Final = 300
# A photograph is looked at and confirmed by the hub while it is reviewed; each moves its aggregate on.
_ATTEMPTS: Final = 8

_Step: TypeAlias = Correction | Undo | Signature | Reopening
_ROWS: Final = (
    "SELECT capture, client, taken_at, rank, to_decide, findings, revision, signer, signed_at FROM reviews"
    " WHERE analysis IS NOT NULL AND signer IS"
)
_WAITING: Final = f"{_ROWS} NULL ORDER BY rank, rowid LIMIT ?"
_SIGNED: Final = f"{_ROWS} NOT NULL ORDER BY signed_at DESC, rowid DESC LIMIT ?"


@dataclass(frozen=True, slots=True)
class NotedCorrection:
    """A correction with the reviewer's words, which are sealed when recorded."""

    correction: Correction
    note: str = ""


@dataclass(frozen=True, slots=True)
class QueueItem:
    """One analysed capture in the reviewers' list."""

    capture: str
    client: ClientId
    taken_at: datetime
    route: Route
    to_decide: int
    findings: int
    revision: int
    signer: str | None
    signed_at: datetime | None


@dataclass(frozen=True, slots=True)
class SignedResult:
    """What was signed: a capture, the analysis under review, and the steps of the review so far."""

    capture: str
    analysis: str
    revision: int


class Reviews:
    """The clinic's reviews; safe to share by threads."""

    def __init__(self, store: SqlcipherEventStore, keys: ClientKeystore, licences: Licences, clock: Clock) -> None:
        self._store = store
        self._keys = keys
        self._licences = licences
        self._clock = clock

    def signers(self) -> Sequence[Signer]:
        """Return everybody who may sign results now."""
        return self._licences.signers()

    def names(self) -> Mapping[str, str]:
        """Return the names of those who sign or have signed, by id."""
        return self._licences.names()

    def get(self, capture: str) -> StoredReview:
        """Return a capture's review as it stands.

        Raises:
            CaptureUnknown: there is no such capture.
            NotAnalysed: it has no analysis.
        """
        events = self._store.stream(f"capture/{capture}")
        if not events:
            raise CaptureUnknown("capture_unknown", "this box holds no such capture")
        found = read_review(capture, events)
        if found is None:
            raise NotAnalysed("not_analysed", "This photograph was not analysed; there is nothing to review.")
        return found

    def notes(self, stored: StoredReview) -> dict[str, str]:
        """Return the notes of a review's steps, opened, by event id; empty ones are left out.

        Raises:
            DataKeyGone: the client was erased.
        """
        key = self._keys.key_of(stored.client)
        opened = {name: open_payload(payload, name, key)["note"] for name, payload in stored.sealed.items()}
        return {name: note for name, note in opened.items() if note}

    def correct(self, capture: str, corrections: Sequence[NotedCorrection], revision: int, actor: str) -> StoredReview:
        """Record corrections, all or none, and return the review after them; durable when it returns.

        Args:
            capture: which capture.
            corrections: in order; each must be possible after those before it.
            revision: of the review they were made on.
            actor: who made them.

        Raises:
            CorrectionRefused: one does not fit.
            ReviewMoved: the review has changed since `revision`, or is signed.
            CaptureUnknown, NotAnalysed, DataKeyGone: there is nothing to correct.
        """
        if not 0 < len(corrections) <= MAX_CORRECTIONS_AT_ONCE:
            raise CorrectionRefused("corrections_count", f"Send 1 to {MAX_CORRECTIONS_AT_ONCE} corrections at once.")
        for item in corrections:
            if item.correction.reason is ReviewReason.OTHER and not item.note.strip():
                raise CorrectionRefused("note_missing", "For another reason, say in the note what it is.")

        def payloads(review: Review) -> list[PayloadModel]:
            return [correction_payload(review, item.correction, item.note) for item in corrections]

        return self._record(capture, revision, actor, [item.correction for item in corrections], payloads)

    def undo(self, capture: str, correction: str, revision: int, actor: str) -> StoredReview:
        """Take one correction back and return the review after it, or raise as `correct`."""

        def payloads(review: Review) -> list[PayloadModel]:
            return [ReviewUndone(analysis=review.proposal.analysis, correction=correction)]

        return self._record(capture, revision, actor, [Undo(correction)], payloads)

    def sign(self, capture: str, signer: str, revision: int, actor: str) -> StoredReview:
        """Record that a licensed person signs the result as it stood at `revision`.

        Raises:
            NotLicensed: this person may not sign.
            ReviewMoved: it has changed since, is signed, or something still needs a decision.
            CaptureUnknown, NotAnalysed, DataKeyGone: there is nothing to sign.
        """
        if signer not in {item.id for item in self._licences.signers()}:
            raise NotLicensed("not_licensed", "Only a provider who is licensed to review may sign results.")

        def payloads(review: Review) -> list[PayloadModel]:
            analysis, bundle = review.proposal.analysis, bundle_payload(review.proposal.bundle)
            return [ReviewSigned(analysis=analysis, bundle=bundle, signer=signer, revision=review.revision)]

        return self._record(capture, revision, actor, [Signature(signer)], payloads)

    def reopen(self, capture: str, note: str, revision: int, actor: str) -> StoredReview:
        """Withdraw the signature, so that the result can be corrected again, or raise as `sign`."""

        def payloads(review: Review) -> list[PayloadModel]:
            return [ReviewReopened(analysis=review.proposal.analysis, note=note)]

        return self._record(capture, revision, actor, [Reopening()], payloads)

    def queue(self, *, signed: bool, limit: int) -> list[QueueItem]:
        """Return captures that wait for a signature, most in need of a person first, then oldest first.

        With `signed`, those that have one instead, latest first.
        """
        rows = self._store.rows(_SIGNED if signed else _WAITING, (limit,))
        return [
            QueueItem(
                capture=row[0],
                client=ClientId(row[1]),
                taken_at=datetime.fromisoformat(row[2]),
                route=RANKS[row[3]],
                to_decide=row[4],
                findings=row[5],
                revision=row[6],
                signer=row[7],
                signed_at=datetime.fromisoformat(row[8]) if row[8] else None,
            )
            for row in rows
        ]

    def counts(self) -> tuple[int, int]:
        """Return how many analysed captures wait for a signature, and how many have one."""
        waiting, signed = self._store.rows(
            "SELECT count(*) FILTER (WHERE signer IS NULL), count(*) FILTER (WHERE signer IS NOT NULL)"
            " FROM reviews WHERE analysis IS NOT NULL"
        )[0]
        return int(waiting), int(signed)

    def signature(self, capture: str) -> tuple[str, datetime] | None:
        """Return who signed a capture's present result and when, or None: then it is shown to no client."""
        rows = self._store.rows("SELECT signer, signed_at FROM reviews WHERE capture = ?", (capture,))
        if not rows or rows[0][0] is None:
            return None
        return rows[0][0], datetime.fromisoformat(rows[0][1])

    def signed(self) -> list[SignedResult]:
        """Return every signed result, in the order the photographs were taken."""
        rows = self._store.rows(
            "SELECT capture, analysis, revision FROM reviews WHERE signer IS NOT NULL ORDER BY rowid"
        )
        return [SignedResult(*row) for row in rows]

    def _record(
        self,
        capture: str,
        revision: int,
        actor: str,
        steps: Sequence[_Step],
        payloads: Callable[[Review], list[PayloadModel]],
    ) -> StoredReview:
        """Judge the steps against the review as it is and append them to just that, or try again."""
        for _ in range(_ATTEMPTS):
            stored = self.get(capture)
            if stored.review.revision != revision:
                raise ReviewMoved("review_changed", "This review has changed meanwhile. Look again, then decide.")
            self._judge(stored.review, steps, actor)
            drafts = [
                EventDraft(
                    f"capture/{capture}", payload, actor, "provider_review", Sensitivity.HEALTH, stored.client, place
                )
                for place, payload in enumerate(payloads(stored.review), start=stored.head)
            ]
            if self._append(drafts):
                return self.get(capture)
        raise VersionConflict("capture_busy", "This photograph is being written to just now; try again.")

    def _judge(self, review: Review, steps: Sequence[_Step], actor: str) -> None:
        for place, step in enumerate(steps):
            refused = refusal(review, step)
            if refused is not None:
                raise refused
            review = advance(review, Entry(f"pending-{place}", place, actor, self._clock.wall(), step))

    def _append(self, drafts: Sequence[EventDraft]) -> list[Event]:
        """Return the events, or nothing when the capture has moved on since it was read."""
        try:
            return self._store.append(drafts)
        except VersionConflict:
            return []
