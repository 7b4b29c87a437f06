"""The box's end of the hub's log: it is applied in order, acknowledged, and handed back to a hub that forgot it."""

from collections.abc import Callable
from typing import Final

import structlog

from edge.store.hub_life import HubLife
from edge.sync.handback import HandBack
from edge.sync.inbox import Inbox
from shared.sync import receiver
from shared.sync.position import Position
from shared.wire import medspa_pb2 as wire

HUB_DEVICE: Final = "hub"


class HubLog:
    """What the hub says, in whichever of its log's epochs it greeted for last; used by the link's thread only.

    Attributes:
        must_ask: whether only another greeting of ours can tell where the hub stands.
    """

    def __init__(self, inbox: Inbox, life: HubLife, send: Callable[[wire.Message], None]) -> None:
        """Keep the collaborators.

        Args:
            inbox: applies the events.
            life: which life of the hub was heard last.
            send: seals and sends a message; raises what the link's outlet raises.
        """
        self.must_ask = False
        self._inbox = inbox
        self._life = life
        self._send = send
        self._epoch = self._serving = ""
        self._known: dict[str, int] = {}
        self._hand_back = HandBack(inbox)
        self._log = structlog.get_logger()

    @property
    def comes_first(self) -> bool:
        """Whether the box's own events must wait: some answer what the hub has forgotten and is handed back."""
        return self._hand_back.pending

    def greeted(self, hello: wire.Hello) -> None:
        """Take in the hub's greeting and acknowledge what was applied of the epoch that it is for."""
        self._epoch = hello.head.epoch
        if self._life.is_news(hello.hub_epoch):
            # Restored, it seems, and silent about how much of our log it still has. A late greeting may seem so, too.
            self.must_ask = True
        if hello.known:
            self._known = {end.epoch: end.seq for end in hello.known}
            self._serving = hello.known[-1].epoch
            self._hand_back.greeted([Position.from_wire(end) for end in hello.known], hello.known[-1].epoch)
        self._acknowledge(hello.session)

    def take(self, batch: wire.EventBatch) -> int:
        """Apply events, acknowledge them, and return how many were of no use.

        Raises:
            Retryable: the disk refuses or is slow; those before are applied, and all come again.
        """
        if batch.epoch != self._epoch:
            # Another log than the one it greeted for last: perhaps a late greeting hid the latest. Ask for it.
            self.must_ask = True
            return 1
        verdict = receiver.judge_batch(
            self._inbox.applied(batch.epoch),
            batch.first_seq,
            list(batch.bodies),
            lambda seq: self._inbox.hash_at(batch.epoch, seq),
            HUB_DEVICE,
        )
        if isinstance(verdict, receiver.Fork):
            self._log.error("hub_log_refused", seq=verdict.seq)
            return 0
        repeated = 0
        if isinstance(verdict, receiver.Fresh):
            repeated = verdict.duplicates
            for event in verdict.events:
                self._inbox.apply(event)
            if self._is_forgotten(batch.epoch):
                # It comes late, from before the hub was restored: hear where the hub stands, and hand it back.
                self.must_ask = True
        # The hub heeds its latest session only; which one that is, a greeting that came late must not decide.
        self._acknowledge(batch.session)
        return repeated

    def _is_forgotten(self, epoch: str) -> bool:
        """Tell whether more of a former epoch is applied here than the hub knows, by its last greeting."""
        former = bool(self._serving) and epoch != self._serving
        return former and self._inbox.applied(epoch).seq > self._known.get(epoch, 0)

    def hand_back(self, now: float) -> None:
        """Send what is due of that which the hub has forgotten.

        Args:
            now: monotonic seconds.
        """
        missing = self._hand_back.due(now)
        if missing is not None:
            handed = wire.HandBack(epoch=missing.epoch, first_seq=missing.first_seq, bodies=missing.bodies)
            self._send(wire.Message(hand_back=handed))

    def _acknowledge(self, session: str) -> None:
        applied = self._inbox.applied(self._epoch)
        self._send(wire.Message(ack=wire.Ack(session=session, applied=applied.to_wire())))
