"""One message in, the answers out. Whatever arrives, this raises nothing but `Rejected` or `CannotOpen`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from cloud.fleet.keys import TenantKeys
from cloud.ingest.downlink import DownLinks
from cloud.ingest.handback import HandBackRefused, HandBacks, HandedBack
from cloud.ingest.intake import Answer, Greeting, Intake
from cloud.ingest.repair import Repairs
from cloud.metrics import HubMetrics
from cloud.storage.database import Database
from cloud.storage.device_keys import DeviceKeys
from cloud.storage.devices import DeviceRepository, DeviceState
from cloud.storage.down_links import BoxAddress
from cloud.storage.hub_epoch import hub_life
from cloud.storage.times import to_milliseconds
from shared.clock import Clock
from shared.errors import Rejected, Retryable
from shared.events.catalogue import complete_catalogue
from shared.events.envelope import Event, MalformedEvent
from shared.ids import TenantId
from shared.sync.position import Position
from shared.sync.receiver import read_batch
from shared.wire import medspa_pb2 as wire
from shared.wire.envelope import open_with, seal_message
from shared.wire.topics import DOWN, PRESENCE, UP, parse_topic

MAX_BATCH_BODIES: Final = 1000
MAX_NOW_BYTES: Final = 64 * 1024
_EPOCH_DIGITS: Final = 16
_SESSION_CHARACTERS: Final = 64
# So long it is remembered that a box was greeted: asking the database for each batch costs as much as a small batch.
_GREETED_SECONDS: Final = 5.0


class TooEarly(Retryable):
    """A batch came before the one that it follows."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A message that was unsealed and, where it holds events, read: all that can be done before those it follows."""

    box: BoxAddress
    kind: str | None
    message: wire.Message
    events: Sequence[Event | MalformedEvent] = ()


class MessageHandler:
    """Opens messages from boxes and does what they ask; safe to share by threads."""

    def __init__(
        self,
        database: Database,
        keys: TenantKeys,
        intake: Intake,
        links: DownLinks,
        metrics: HubMetrics,
        clock: Clock,
    ) -> None:
        self._database = database
        self._keys = keys
        self._intake = intake
        self._links = links
        self._metrics = metrics
        self._clock = clock
        self._life = hub_life(database)
        self._hand_backs = HandBacks(database, complete_catalogue())
        self._repairs = Repairs(database, complete_catalogue(), metrics)
        self._log = structlog.get_logger()
        self._spoken: dict[BoxAddress, bytes] = {}
        self._greeted: dict[BoxAddress, float] = {}

    def handle(self, topic: str, payload: bytes, *, patient: bool = False) -> tuple[BoxAddress, list[wire.Message]]:
        """Handle what arrived on a topic and return what to answer, after the commit.

        Args:
            topic: where it arrived.
            payload: the sealed message.
            patient: whether a batch that others should come before may be given back.

        Raises:
            TooEarly: only when patient; nothing was applied, the same message may be handled later.
            Rejected: it is no message of an enrolled device; nothing was applied.
            CannotOpen: it was sealed with another key or altered; nothing was applied.
        """
        tenant, device, channel = parse_topic(topic)
        box = BoxAddress(tenant, device)
        if channel == PRESENCE:
            self._check_served(tenant)
            self._present(box, online=payload == b"online")
            return box, []
        return box, self._answers(self.open(box, payload), patient=patient)

    def open(self, box: BoxAddress, payload: bytes) -> Opened:
        """Unseal and read a box's message, which changes nothing: several may be opened ahead of being answered.

        Raises:
            Rejected, CannotOpen: as `handle` does.
        """
        self._check_served(box.tenant)
        keys = self._keys.transports(box.tenant, box.device)
        message, self._spoken[box] = open_with(payload, box.tenant, box.device, UP, keys)
        kind = message.WhichOneof("kind")
        if kind != "events":
            return Opened(box, kind, message)
        _check_batch(message.events)
        return Opened(box, kind, message, read_batch(message.events.bodies))

    def answer(self, opened: Opened) -> list[bytes]:
        """Do what a message asks and return the sealed answers, after the commit; raises as `handle` does."""
        return self.sealed(opened.box, self._answers(opened))

    def sealed(self, box: BoxAddress, messages: Sequence[wire.Message]) -> list[bytes]:
        """Seal messages for a box."""
        key = self._key_for(box)
        return [seal_message(message, box.tenant, box.device, DOWN, key) for message in messages]

    def _key_for(self, box: BoxAddress) -> bytes:
        """Return a key that the box has: the newest once it was heard with it or has said that it took it.

        A box keeps the key before until it hears the hub speak with the newest, so several processes that do not know
        the same are all understood.
        """
        newest, *older = self._keys.transports(box.tenant, box.device)
        if not older or self._spoken.get(box) == newest:
            return newest
        with self._database.read(box.tenant) as connection:
            taken = DeviceKeys(connection, box.tenant).taken(box.device)
        return newest if taken >= self._keys.generations.standing(box.tenant).newest else older[-1]

    def due(self, box: BoxAddress) -> list[wire.Message]:
        """Return what of the clinic's own log is to be sent to a box now."""
        return self._signed(self._links.due(box))

    def _signed(self, messages: list[wire.Message]) -> list[wire.Message]:
        """Say in each word about positions which life of the hub speaks."""
        for message in messages:
            if message.WhichOneof("kind") == "hello":
                message.hello.hub_epoch = self._life.epoch
            elif message.WhichOneof("kind") == "ack":
                message.ack.hub_epoch = self._life.epoch
        return messages

    def _check_served(self, tenant: TenantId) -> None:
        if not self._keys.knows(tenant):
            raise Rejected("unknown_tenant", "this hub serves no such tenant")

    def _answers(self, opened: Opened, *, patient: bool = False) -> list[wire.Message]:
        answers = self._answer(opened, patient=patient)
        self._metrics.messages.labels(opened.kind or "none").inc()
        return self._signed(answers)

    def _answer(self, opened: Opened, *, patient: bool) -> list[wire.Message]:
        box, message = opened.box, opened.message
        match opened.kind:
            case "hello":
                return self._hello(box, message.hello)
            case "events":
                ack = self._events(opened, patient=patient)
                return [ack] if ack.ack.fenced else [*self._greet_again(box), ack]
            case "ack":
                self._links.acknowledge(box, message.ack)
                return self._links.due(box)
            case "now":
                self._now(box, message.now)
                return self._greet_again(box)
            case "resent":
                return self._resent(box, message.resent)
            case "hand_back":
                return self._take_back(box, message.hand_back)
            case _:
                raise Rejected("empty_message", "the message says nothing this hub understands")

    def _hello(self, box: BoxAddress, hello: wire.Hello) -> list[wire.Message]:
        _check_session(hello.session)
        _check_epoch(hello.head.epoch)
        told = Position.from_wire(hello.applied) if hello.HasField("applied") else None
        fences = hello.fences if hello.HasField("fences") else None
        greeting = Greeting(Position.from_wire(hello.head), hello.software, told, fences)
        answer = self._intake.hello(box.tenant, box.device, greeting)
        ack = self._ack(box, hello.session, answer)
        # The greeting first: what a box has to hand back comes before events that answer it.
        return [ack] if answer.fenced is not None else [*self._links.greet(box, hello.session), ack]

    def _take_back(self, box: BoxAddress, handed: wire.HandBack) -> list[wire.Message]:
        _check_epoch(handed.epoch)
        if len(handed.bodies) > MAX_BATCH_BODIES:
            raise Rejected("batch_too_long", f"a batch may have {MAX_BATCH_BODIES} events at most")
        back = HandedBack(handed.epoch, handed.first_seq, list(handed.bodies))
        try:
            location, count = self._hand_backs.take(box.tenant, box.device, back)
        except HandBackRefused as error:
            self._log.warning("hand_back_refused", device=box.device, reason_code=error.code)
            return self._links.greet_again(box)
        if count:
            self._log.info("hand_back_taken", device=box.device, count=count)
            self._links.start_over(box.tenant, location, box)
        return self._links.greet_again(box)

    def _resent(self, box: BoxAddress, batch: wire.EventBatch) -> list[wire.Message]:
        """Repair stored events; the box is told nothing, what is damaged still is asked for again."""
        _check_epoch(batch.epoch)
        if not 0 < len(batch.bodies) <= MAX_BATCH_BODIES:
            raise Rejected("batch_too_long", f"a batch has 1 to {MAX_BATCH_BODIES} events")
        count = self._repairs.take(box, batch.epoch, batch.first_seq, list(batch.bodies))
        self._log.info("stored_events_repaired", device=box.device, count=count)
        return []

    def _events(self, opened: Opened, *, patient: bool) -> wire.Message:
        box, batch = opened.box, opened.message.events
        with self._metrics.apply_seconds.time():
            fences = batch.fences if batch.HasField("fences") else None
            answer = self._intake.batch(
                box, batch.epoch, batch.first_seq, opened.events, fences=fences, patient=patient
            )
        if answer.gap and patient:
            raise TooEarly("too_early", "events before these are missing; they may be on their way")
        self._metrics.applied.inc(answer.fresh)
        self._metrics.duplicates.inc(answer.duplicates)
        self._metrics.parked.inc(answer.parked)
        self._metrics.gaps.inc(answer.gap)
        if answer.parked:
            self._log.warning("events_set_aside", device=box.device, count=answer.parked)
        return self._ack(box, batch.session, answer)

    def _ack(self, box: BoxAddress, session: str, answer: Answer) -> wire.Message:
        if answer.fenced is not None:
            self._metrics.fenced.inc()
            self._links.forget(box)
            self._greeted.pop(box, None)
            self._log.error("device_fenced", device=box.device, seq=answer.applied.seq, epoch=answer.applied.epoch)
        return wire.Message(
            ack=wire.Ack(
                session=session,
                applied=answer.applied.to_wire(),
                fenced=answer.fenced is not None,
                reason=answer.fenced or "",
                duplicates=answer.duplicates,
                gap=answer.gap,
                fences=answer.fences,
            )
        )

    def _greet_again(self, box: BoxAddress) -> list[wire.Message]:
        """Greet a box that went on speaking while this hub was restarted."""
        now = self._clock.monotonic()
        if box in self._greeted and now - self._greeted[box] < _GREETED_SECONDS:
            return []
        if not self._links.knows(box):
            return self._links.greet(box, "")
        self._greeted[box] = now
        return []

    def _now(self, box: BoxAddress, now: wire.Now) -> None:
        if len(now.json) > MAX_NOW_BYTES:
            raise Rejected("now_too_large", f"a snapshot may have {MAX_NOW_BYTES} bytes at most")
        try:
            snapshot = json.loads(now.json)
        except (ValueError, RecursionError):
            snapshot = None
        if not isinstance(snapshot, dict):
            raise Rejected("now_unreadable", "a snapshot is one JSON object")
        with self._database.write(box.tenant) as connection:
            devices = DeviceRepository(connection, box.tenant)
            record = devices.get(box.device)
            if record is None or record.state is not DeviceState.ACTIVE:
                raise Rejected("device_refused", "the device is not enrolled, fenced or revoked")
            moment = to_milliseconds(self._clock.wall())
            devices.store_now(box.device, json.dumps(snapshot, sort_keys=True), moment)
            devices.seen(box.device, moment)

    def _present(self, box: BoxAddress, *, online: bool) -> None:
        with self._database.write(box.tenant) as connection:
            DeviceRepository(connection, box.tenant).present(
                box.device, to_milliseconds(self._clock.wall()), online=online
            )


def _check_batch(batch: wire.EventBatch) -> None:
    _check_session(batch.session)
    _check_epoch(batch.epoch)
    if len(batch.bodies) > MAX_BATCH_BODIES:
        raise Rejected("batch_too_long", f"a batch may have {MAX_BATCH_BODIES} events at most")


def _check_session(session: str) -> None:
    if not 0 < len(session) <= _SESSION_CHARACTERS:
        raise Rejected("bad_session", f"a session's id has 1 to {_SESSION_CHARACTERS} characters")


def _check_epoch(epoch: str) -> None:
    if len(epoch) != _EPOCH_DIGITS or not set(epoch) <= set("0123456789abcdef"):
        raise Rejected("bad_epoch", f"an epoch has {_EPOCH_DIGITS} hex digits")
