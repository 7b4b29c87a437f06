"""The box's state, its clients, photographs and reviews."""

from typing import Protocol

from edge.api.erasure_schemas import Erasure, Erasures, NewErasure
from edge.api.ports.people import Actor
from edge.api.progress_schemas import Comparison, SimilarCases, Timeline
from edge.api.review_schemas import (
    CorrectionsRequest,
    ReopenRequest,
    Review,
    ReviewQueue,
    ReviewStatistics,
    UndoRequest,
)
from edge.api.schemas import (
    CaptureDetail,
    CaptureSummary,
    Client,
    ConsentAnswer,
    ConsentRecord,
    ConsentText,
    ImportRequest,
    ImportResult,
    NewClient,
    Readiness,
    Status,
)
from shared.vocabulary import RefusalReason


class StatusPort(Protocol):
    """The box's own state."""

    def status(self) -> Status:
        """Return the state now, cheaply enough to be asked every two seconds by each page."""
        ...

    def readiness(self) -> Readiness:
        """Return whether each part the box needs can do its work."""
        ...


class ClientsPort(Protocol):
    """The clinic's clients, with sealed fields opened by the box."""

    def search(self, query: str, limit: int, actor: Actor) -> list[Client]:
        """Return clients whose name contains `query` without regard to case; empty gives the latest."""
        ...

    def create(self, new: NewClient, actor: Actor) -> Client:
        """Record a new client under a data key of their own."""
        ...


class ConsentPort(Protocol):
    """Consent texts and answers."""

    def text(self, language: str) -> ConsentText:
        """Return the current text.

        Raises:
            NotFound: there is no text in this language.
        """
        ...

    def record(self, client_id: str, answer: ConsentAnswer, actor: Actor) -> list[ConsentRecord]:
        """Record an answer and return where every purpose stands now.

        Raises:
            NotFound: no such client.
            Conflict: the text version answered is not the current one.
        """
        ...


class CapturesPort(Protocol):
    """Photographs and what was found in them."""

    def import_photo(self, photo: bytes, request: ImportRequest, actor: Actor) -> ImportResult:
        """Decode, judge by the gate profile `import`, analyse and store one photograph.

        Raises:
            NotFound: no such client.
            Refused: not a photograph that can be decoded, or the client has not consented.
            Retryable: the record cannot be written now (disk full, read-only).
        """
        ...

    def latest(self, client_id: str | None, limit: int) -> list[CaptureSummary]:
        """Return the latest captures, of one client or of all, newest first."""
        ...

    def detail(self, capture_id: str) -> CaptureDetail:
        """Return one capture.

        Raises:
            NotFound: no such capture, or its client was erased.
        """
        ...

    def image(self, capture_id: str, purpose: str, actor: Actor) -> bytes:
        """Return the opened JPEG, and record who read it and for what purpose before returning it.

        Raises:
            NotFound: no such capture, or its client was erased.
            Retryable: the image is not on the box now.
        """
        ...


class ProgressPort(Protocol):
    """Visits compared with each other, and similar cases."""

    def timeline(self, client_id: str) -> Timeline:
        """Return a client's captures in time, view by view.

        Raises:
            NotFound: no such client.
            Refused: the client does not allow visits to be compared.
        """
        ...

    def compare(self, capture_id: str, other_id: str, actor: Actor) -> Comparison:
        """Compare two captures of one client; what cannot be compared is an answer with its reasons.

        Raises:
            NotFound: no such capture, or its client was erased.
            Conflict: they are one capture, or of two clients.
        """
        ...

    def aligned(self, capture_id: str, other_id: str, purpose: str, actor: Actor) -> bytes:
        """Return the other photograph laid onto this one as JPEG; the read is on record before.

        Raises:
            Conflict: they cannot be laid over each other.
        """
        ...

    def similar(self, capture_id: str, limit: int, actor: Actor) -> SimilarCases:
        """Return captures that look alike, among those whose clients allow it; the search is on record before."""
        ...

    def similar_image(self, capture_id: str, found_id: str, purpose: str, actor: Actor) -> bytes:
        """Return a small JPEG of a capture that was found; the read is on record before.

        Raises:
            Refused: its client does not, or no longer, allow it.
        """
        ...


class ReviewPort(Protocol):
    """A professional's review of what the models outlined."""

    def queue(self, *, signed: bool, limit: int) -> ReviewQueue:
        """Return what waits for a signature, most in need of a person first; or what is signed, latest first."""
        ...

    def get(self, capture_id: str) -> Review:
        """Return a capture's review.

        Raises:
            NotFound: no such capture, or its client was erased.
            Conflict: it was not analysed.
        """
        ...

    def correct(self, capture_id: str, what: CorrectionsRequest, actor: Actor) -> Review:
        """Record corrections, all or none, and return the review after them.

        Raises:
            Refused: one does not fit the photograph or the finding.
            Conflict: the review has changed since `revision`, or is signed.
        """
        ...

    def undo(self, capture_id: str, what: UndoRequest, actor: Actor) -> Review:
        """Take one correction back, or raise as `correct`."""
        ...

    def sign(self, capture_id: str, signer: str, revision: int, actor: Actor) -> Review:
        """Record a signature.

        Raises:
            Forbidden: the person named may not sign.
            Conflict: the review has changed, is signed, or something still needs a decision.
        """
        ...

    def reopen(self, capture_id: str, what: ReopenRequest, actor: Actor) -> Review:
        """Withdraw the signature, or raise `Conflict`."""
        ...

    def statistics(self) -> ReviewStatistics:
        """Return sums over signed results; never one person's result."""
        ...


class ErasuresPort(Protocol):
    """Deleting clients."""

    def erasures(self) -> Erasures:
        """Return every request, latest first, and who may ask and decide."""
        ...

    def request(self, new: NewErasure, person: str) -> Erasure:
        """Record that a person asks for a client to be deleted.

        Raises:
            NothingToErase: no such client, or deleted already.
            Forbidden: whoever asks is not of the staff.
        """
        ...

    def approve(self, erasure_id: str, person: str) -> Erasure:
        """Record another person's approval; the deletion follows at once and cannot be undone.

        Raises:
            ErasureUnknown: there is no such request.
            SamePerson, AlreadyDecided, Forbidden: this person may not decide on it.
        """
        ...

    def refuse(self, erasure_id: str, person: str, reason: RefusalReason) -> Erasure:
        """Record another person's refusal, or raise as `approve`."""
        ...

    def receipt(self, erasure_id: str, actor: Actor) -> str:
        """Return the hub's signed receipt as the file that is checked; that it leaves is on record before.

        Raises:
            NotFound: it has not come yet.
        """
        ...
