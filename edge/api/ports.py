"""What the box's HTTP surface needs from the application.

Functions without `async` are called on a worker thread, never on the event loop, and may block on the
store. Each may raise any `shared.errors.MedSpaError`: `NotFound`, `Conflict`, `Refused` and
`Unauthenticated` are in `shared.http.errors`, `Retryable` answers 503. Anything else is a defect and
answers 500 with no detail.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from prometheus_client import CollectorRegistry

from edge.api.checklist_schemas import ChecklistDay
from edge.api.clearance_schemas import NewClearance, VisitClearances, WithdrawnClearance
from edge.api.erasure_schemas import Erasure, Erasures, NewErasure
from edge.api.kiosk_schemas import KioskClientMessage, KioskServerMessage, PreviewHeader
from edge.api.progress_schemas import Comparison, SimilarCases, Timeline
from edge.api.proposal_schemas import Pin, Proposal, WhyNot
from edge.api.registry_schemas import (
    RegistryEdit,
    RegistryEffect,
    RegistryFileDecision,
    RegistryState,
    RegistryUndo,
    RegistryWish,
)
from edge.api.review_schemas import (
    CorrectionsRequest,
    ReopenRequest,
    Review,
    ReviewQueue,
    ReviewStatistics,
    UndoRequest,
)
from edge.api.schedule_schemas import AppointmentStatus, DisruptionRequest, ScheduleDay
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
from edge.api.waitlist_schemas import (
    NewWaitlistEntry,
    Waitlist,
    WaitlistChannel,
    WaitlistEntry,
    WaitlistOffer,
    WaitlistReply,
    WaitlistWish,
)
from edge.staff.permissions import Action
from edge.staff.register import Person
from shared.events.catalogue.checklist import SkipReason
from shared.vocabulary import RefusalReason, StaffRole

Authorise = Callable[[], None]
"""Raises where whoever asks may not do what is left to others."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a request; recorded with every event and every read of a photograph."""

    id: str
    name: str


class ActorPort(Protocol):
    """Tells who is asking."""

    def actor(self, headers: Mapping[str, str]) -> Actor:
        """Return who asks, from the request's headers (lower-case names).

        Raises:
            Unauthenticated: nobody is signed in.
        """
        ...

    def acting(self, headers: Mapping[str, str], named: str | None) -> str:
        """Return the id of the person in whose name something is decided, signed or asked for.

        With sign-in it is whoever is signed in; without it, whom the request names.

        Raises:
            Unauthenticated: nobody is signed in.
            Forbidden: the request names somebody else than who is signed in.
            Refused: there is no sign-in, and the request names nobody.
        """
        ...

    def permit(self, headers: Mapping[str, str], action: Action, *, by_hand: bool) -> None:
        """Refuse what the asker may not do; `by_hand` tells whether a person asks or a page that refreshes.

        Raises:
            Unauthenticated: nobody is signed in, or the session is locked.
            Forbidden: the asker's role does not allow it; the try is on record.
        """
        ...

    def allowed(self, headers: Mapping[str, str]) -> frozenset[Action]:
        """Return what the asker may do now, so that a page offers nothing that would be refused.

        Raises:
            Unauthenticated: nobody is signed in, or the session is locked.
        """
        ...


class SignInPort(Protocol):
    """Sessions of the clinic's staff; what each refuses is told by its `Raises` in `edge.staff.sign_in`."""

    def people(self) -> list[Person]:
        """Return everybody who may sign in."""
        ...

    def set_up(self, code: str, name: str, pin: str) -> tuple[str, Person]:
        """Let the holder of a set-up code choose name and PIN; return their session's token."""
        ...

    def start(self, staff: str, pin: str) -> tuple[str, Person]:
        """Sign somebody in; return their session's token."""
        ...

    def unlock(self, token: str, pin: str) -> Person:
        """Let somebody go on whose session was locked."""
        ...

    def end(self, token: str) -> None:
        """Sign somebody out."""
        ...

    def person(self, token: str) -> Person:
        """Return who is signed in."""
        ...

    def break_glass(self, token: str, reason: str) -> int:
        """Give somebody rights beyond their role; return for how many seconds."""
        ...

    def change_pin(self, token: str, current: str, new: str) -> None:
        """Give somebody another PIN."""
        ...

    def invite(self, token: str, role: StaffRole) -> str:
        """Return a one-time set-up code for somebody new."""
        ...

    def deactivate(self, token: str, staff: str) -> None:
        """Let somebody sign in no more."""
        ...


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


class SchedulePort(Protocol):
    """The clinic's day; the box is its only writer."""

    def day(self, day: date) -> ScheduleDay:
        """Return one day."""
        ...

    def today(self) -> date:
        """Return the clinic's date now, in its own time zone."""
        ...

    def propose(self, request: DisruptionRequest, actor: Actor) -> Proposal:
        """Replan the day, or propose it where the clinic's policy wants a person to decide.

        Raises:
            NotFound: the disruption names something the day does not hold.
            Conflict: the day has changed since `revision`.
        """
        ...

    def accept(self, proposal_id: str, choice: int, actor: Actor, manager: Authorise) -> ScheduleDay:
        """Carry out one answer of a proposal and return its day.

        Raises:
            NotFound: no such proposal.
            Conflict: the day has changed since, or the proposal is closed; nothing is done.
            Forbidden: raised by `manager`, which is asked where the answer was left to one.
        """
        ...

    def reject(self, proposal_id: str, actor: Actor) -> ScheduleDay:
        """Take none of a proposal's answers and return its day; raises as `accept`."""
        ...

    def renew(self, proposal_id: str, actor: Actor) -> Proposal:
        """Work a proposal out again on the day as it is now; the new one stands in its place. Raises as `accept`."""
        ...

    def edit(self, proposal_id: str, pin: Pin, actor: Actor) -> Proposal:
        """Plan a proposal again around one visit put somewhere; the new one stands in its place.

        Raises:
            NotFound, Conflict: as `accept`; or the visit cannot be there, and the sentence holds the fewest reasons.
        """
        ...

    def why_not(self, appointment_id: str, starts_at: datetime, provider_id: str | None) -> WhyNot:
        """Return whether a visit could start then with nobody moved; if not, why and when instead.

        Raises:
            NotFound: no such visit, or no such provider.
            Conflict: the visit is past moving.
        """
        ...

    def set_status(self, appointment_id: str, status: AppointmentStatus, actor: Actor) -> ScheduleDay:
        """Record an appointment's status and return its day.

        Raises:
            NotFound: no such appointment.
            Conflict: the status cannot follow the present one.
        """
        ...

    def recall(self, day: date, slot_id: str, actor: Actor) -> ScheduleDay:
        """Ask the hub for a slot that is lent to online booking, and return the day.

        The slot stays lent until the hub has answered.

        Raises:
            NotFound: it is not lent.
        """
        ...

    def undo(self, replan_id: str, actor: Actor) -> ScheduleDay:
        """Take the latest replan back and return its day.

        Raises:
            NotFound: no such replan.
            Conflict: something was changed after it.
        """
        ...


class ClearancesPort(Protocol):
    """What licensed professionals confirm about clients, seen from a visit."""

    def of_visit(self, appointment_id: str) -> VisitClearances:
        """Return how the clearances that the clinic's services ask for stand for a visit.

        Raises:
            NotFound: no such visit today or later.
        """
        ...

    def give(self, appointment_id: str, new: NewClearance, person: str) -> VisitClearances:
        """Record that a person confirms something about a visit's client; booked visits carry it at once.

        Raises:
            NotFound: no such visit, or no service asks for this; or the client is not registered.
            Forbidden: the person is not licensed.
            Conflict: the last day has passed, or something else was recorded at the same moment.
        """
        ...

    def withdraw(self, appointment_id: str, what: WithdrawnClearance, person: str) -> VisitClearances:
        """Record that a person withdraws a clearance, or raise as `give`; the next replan takes the visit's place."""
        ...


class ChecklistPort(Protocol):
    """What has to be done around the visits of a day."""

    def day(self, day: date) -> ChecklistDay:
        """Return a day's tasks, and what the open ones ask to be reported."""
        ...

    def version(self, day: date) -> str:
        """Return what changes whenever `day` may answer otherwise; much cheaper than the answer."""
        ...

    def do(self, day: date, appointment_id: str, task_id: str, actor: Actor) -> ChecklistDay:
        """Record that a task is done.

        Raises:
            NotFound: the day has no such task.
            Conflict: another comes first, or it was skipped.
        """
        ...

    def skip(self, day: date, appointment_id: str, task_id: str, reason: SkipReason, actor: Actor) -> ChecklistDay:
        """Record that a task is not done, or raise as `do`."""
        ...

    def reopen(self, day: date, appointment_id: str, task_id: str, actor: Actor) -> ChecklistDay:
        """Take back that a task was done or skipped, or raise as `do`."""
        ...


class WaitlistPort(Protocol):
    """Who waits for a place, and what is offered to whom."""

    def waitlist(self) -> Waitlist:
        """Return who waits, and what is or was on offer."""
        ...

    def add(self, new: NewWaitlistEntry, actor: Actor) -> WaitlistEntry:
        """Note a wish.

        Raises:
            NotFound: no such client, service or provider.
            Conflict: the wish can never be met or is noted already, or the waitlist is full.
        """
        ...

    def change(self, entry_id: str, wish: WaitlistWish, actor: Actor) -> WaitlistEntry:
        """Replace what somebody waits for, or raise as `add`."""
        ...

    def withdraw(self, entry_id: str, actor: Actor) -> WaitlistEntry:
        """Take a wish off; an offer to it ends.

        Raises:
            NotFound: no such entry.
            Conflict: it was met.
        """
        ...

    def restore(self, entry_id: str, actor: Actor) -> WaitlistEntry:
        """Take a withdrawal back, or raise as `withdraw`."""
        ...

    def offer(self, entry_id: str, channel: WaitlistChannel, actor: Actor) -> WaitlistOffer:
        """Offer the best place that is free now.

        Raises:
            NotFound: no such entry.
            Conflict: the client may not be contacted now, or nothing that suits is free.
        """
        ...

    def answer(self, offer_id: str, reply: WaitlistReply, actor: Actor) -> WaitlistOffer:
        """Record what a client said. An accepted offer whose place is gone comes back superseded.

        Raises:
            NotFound: no such offer.
            Conflict: it has expired, or ended otherwise.
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


class RegistryPort(Protocol):
    """The clinic's registry: whom and what it plans with."""

    def registry(self) -> RegistryState:
        """Return what counts, how the file stands to it, and the latest changes."""
        ...

    def check(self, wish: RegistryWish) -> RegistryEffect:
        """Return what a change would do; nothing is recorded.

        Raises:
            Conflict: the change to be taken back is not the latest, or the file cannot be read.
        """
        ...

    def change(self, edit: RegistryEdit, actor: Actor) -> RegistryState:
        """Plan with a document from now on.

        Raises:
            Refused: it describes no clinic.
            Conflict: somebody was faster, it removes what visits need, or hurts visits that are not confirmed.
        """
        ...

    def undo(self, what: RegistryUndo, actor: Actor) -> RegistryState:
        """Take the latest change back, or raise `Conflict` as `change`."""
        ...

    def decide_file(self, what: RegistryFileDecision, actor: Actor) -> RegistryState:
        """Take the clinic's file over or leave it, or raise `Conflict` as `change`."""
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


@dataclass(frozen=True, slots=True)
class PreviewFrame:
    """One JPEG of the camera's preview and what is drawn over it."""

    header: PreviewHeader
    jpeg: bytes


class KioskSession(Protocol):
    """One connected kiosk page. All methods run on the event loop and must not block it."""

    async def handle(self, message: KioskClientMessage, actor: Actor) -> None:
        """Act on a message; `Ack` never arrives here, the surface paces the frames itself.

        Raises:
            MedSpaError: told to the page as a `problem`; the connection stays.
        """
        ...

    async def next_message(self) -> KioskServerMessage:
        """Wait for the next message to the page. The first is the present state; none is dropped."""
        ...

    async def next_frame(self) -> PreviewFrame:
        """Wait for a frame newer than the one returned last; older unfetched frames are forgotten."""
        ...

    async def close(self) -> None:
        """The page has gone. The visit stays as it is until the page is back or the visit expires."""
        ...


class KioskPort(Protocol):
    """The capture station."""

    async def connect(self) -> KioskSession:
        """Open the station to one page; a page that connects later takes over from an earlier one."""
        ...


@dataclass(frozen=True, slots=True)
class EdgePorts:
    """Everything `create_edge_api` needs."""

    actors: ActorPort
    sign_in: SignInPort
    status: StatusPort
    clients: ClientsPort
    consent: ConsentPort
    captures: CapturesPort
    schedule: SchedulePort
    clearances: ClearancesPort
    checklist: ChecklistPort
    waitlist: WaitlistPort
    registry: RegistryPort
    review: ReviewPort
    progress: ProgressPort
    erasures: ErasuresPort
    kiosk: KioskPort
    metrics: CollectorRegistry
