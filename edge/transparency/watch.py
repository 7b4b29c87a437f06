"""Watches the hub: its tree may only grow, and must hold every event that it acknowledged to this box."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Final, Protocol

import structlog

from edge.store.events import SqlcipherEventStore
from edge.transparency.gossip import HeadFolder
from edge.transparency.heads import VerifiedHeads
from shared.audit.gossip import MAX_HEADS, SeenHeads
from shared.audit.heads import Signed, TreeHead, key_id
from shared.audit.keychain import KeyChange
from shared.audit.witness import (
    HubRewrote,
    Included,
    Seen,
    Shown,
    Verified,
    judge_announced,
    judge_head,
    judge_inclusion,
    judge_seen,
)
from shared.clock import Clock
from shared.events.catalogue.log import HeadSigned, HeadVerified, HubRestored, HubRewroteHistory, LogKeyTrusted
from shared.events.envelope import Event, EventDraft
from shared.sync.position import Position
from shared.worker import Worker

SWEEP_CURSOR: Final = "hub-log-sweep"
_STOP_SECONDS: Final = 25.0


class HubLog(Protocol):
    """The hub's answers, as `client.HubLogClient` brings them."""

    def shown(self) -> Shown:
        """Return the present head and the resumptions."""
        ...

    def consistency(self, old: int, new: int) -> Sequence[bytes]:
        """Return a proof of growth."""
        ...

    def inclusion(self, size: int, epoch: str, seqs: Sequence[int]) -> list[Included]:
        """Return what is stored of this box's events."""
        ...


class HubLogState(StrEnum):
    """What the box makes of the hub's log."""

    UNVERIFIED = "unverified"
    VERIFIED = "verified"
    REWRITTEN = "rewritten"


@dataclass(frozen=True, slots=True)
class HubLogStatus:
    """The hub's log at a glance; `verified_at` is when a check last ended well."""

    state: HubLogState = HubLogState.UNVERIFIED
    sentence: str = ""
    size: int = 0
    verified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WatchRules:
    """How often and how much is checked.

    Attributes:
        every_seconds: pause between checks when no head is announced.
        random_events: own acknowledged events picked at random at each check.
        sweep_events: own events checked one after another, on from where the last check ended.
    """

    every_seconds: float = 600.0
    random_events: int = 8
    sweep_events: int = 56


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The last of our events that the hub said it applied, and the hub epoch it said so in; empty when untold."""

    seq: int
    hub_epoch: str = ""

    def in_epoch(self, epoch: str) -> int:
        """Return the `seq` that a tree of this epoch must hold; what was said before a restore is void."""
        return self.seq if self.hub_epoch in {"", epoch} else 0


class HubLogWatch:
    """Checks the hub's log, on a thread of its own."""

    def __init__(
        self,
        store: SqlcipherEventStore,
        hub: HubLog,
        acknowledged: Callable[[], Acknowledged],
        clock: Clock,
        rules: WatchRules,
        below: Callable[[int], int] = secrets.randbelow,
    ) -> None:
        """Keep the collaborators.

        Args:
            store: this box's log.
            hub: where heads and proofs come from.
            acknowledged: returns how far the hub said it has applied our log.
            clock: for the times people see.
            rules: how often and how much.
            below: returns a random number below its argument.
        """
        self._store = store
        self._hub = hub
        self._acknowledged = acknowledged
        self._clock = clock
        self._rules = rules
        self._below = below
        self._heads = VerifiedHeads(store)
        self._folder: HeadFolder | None = None
        self._fitting: frozenset[Seen] = frozenset()
        self._announced: Signed | None = None
        self._status = HubLogStatus()
        self._log = structlog.get_logger()
        self._worker = Worker("hub-log-watch", self._round, every=rules.every_seconds, first=0.0)

    @property
    def status(self) -> HubLogStatus:
        """The hub's log as last checked."""
        return self._status

    def exchange(self, folder: HeadFolder) -> None:
        """Exchange verified heads with other boxes through a folder from now on."""
        self._folder = folder

    def start(self) -> None:
        """Start watching."""
        self._worker.start()

    def stop(self) -> None:
        """Finish the check in hand and stop."""
        self._worker.stop(_STOP_SECONDS)

    def announced(self, event: Event) -> Sequence[EventDraft]:
        """Take note of a head that came down; it is judged soon. Idempotent: the latest one counts."""
        payload = HeadSigned.model_validate(event.fields.payload)
        head = TreeHead(event.fields.tenant, payload.epoch, payload.size, payload.root, payload.at)
        self._announced = Signed(head, bytes.fromhex(payload.key), bytes.fromhex(payload.signature))
        self._worker.wake()
        return ()

    def check(self) -> HubLogStatus:
        """Check once. A rewrite is an event and an error; a silent hub changes nothing.

        Raises:
            Retryable: the hub gives no answer, or the disk refuses.
        """
        acknowledged = self._acknowledged()  # before the head is fetched, so that the head must hold these
        carried = self._folder.others() if self._folder is not None else ()  # and no later than it, for the same
        announced, shown = self._announced, self._hub.shown()
        try:
            verified = self._judge(shown, announced)
            self._judge_seen((*shown.seen, *carried), verified, shown)
            # What a restored hub had acknowledged before is void, and sent again; it is owed at the next check.
            owed = acknowledged.in_epoch(verified.head.epoch) if verified.restored is None else 0
            swept = self._judge_events(verified, owed)
        except HubRewrote as error:
            self._alarm(error, shown.head)
            return self._status
        self._keep(shown.head, verified, swept)
        if self._folder is not None:
            self._folder.put(self.seen_heads(shown.changes))
        if self._announced is announced:
            self._announced = None
        self._status = HubLogStatus(HubLogState.VERIFIED, "", verified.head.size, self._clock.wall())
        return self._status

    def _judge(self, shown: Shown, announced: Signed | None) -> Verified:
        tenant = self._store.identity.tenant
        known = self._heads.known()
        if known is not None and self._trusted_by_a_person(shown.head.key):
            known = replace(known, key=shown.head.key)
        verified = judge_head(known, shown, tenant, self._hub)
        if announced is not None:
            said = Shown(announced)
            if announced.key not in shown.keys | self._held_keys():
                raise HubRewrote("another_key", "the hub announces heads under another key than it shows")
            announced_head = judge_head(None, said, tenant, self._hub).head
            judge_announced(announced_head, verified.head, self._hub)
        return verified

    def _judge_seen(self, seen: Sequence[Seen], verified: Verified, shown: Shown) -> None:
        """Compare what other boxes were shown; what fitted the last time is not asked for again."""
        held = self._held_keys()
        for item in seen:
            if item not in self._fitting:
                judge_seen(item, verified.head, shown, held, self._hub)
        self._fitting = frozenset(seen)

    def seen_heads(self, changes: Sequence[KeyChange] = ()) -> SeenHeads:
        """Return what this box has verified, for others to compare, with the changes of key it was shown."""
        identity = self._store.identity
        heads = tuple(self._heads.kept()[:MAX_HEADS])
        return SeenHeads(identity.device, identity.tenant, heads, tuple(changes))

    def _held_keys(self) -> frozenset[bytes]:
        return frozenset(head.key for head in self._heads.kept())

    def _trusted_by_a_person(self, key: bytes) -> bool:
        """Tell whether a person vouched for a key; once it has been followed, it is like any other."""
        query = "SELECT reason FROM hub_log WHERE type = ? ORDER BY rowid DESC LIMIT 1"
        trusted = self._store.rows(query, (LogKeyTrusted.event_type,))
        return trusted == [(key_id(key),)] and key not in self._held_keys()

    def _judge_events(self, verified: Verified, acknowledged: int) -> Position | None:
        """Check some of this box's events, and return how far the sweep has come."""
        epoch = self._store.head().epoch
        cursor = self._store.cursor(SWEEP_CURSOR)
        after = cursor.seq if cursor is not None and cursor.epoch == epoch else 0
        if after >= acknowledged:
            after = 0  # all seen once: from the start again
        sweep = range(after + 1, min(acknowledged, after + self._rules.sweep_events) + 1)
        picked = {self._below(acknowledged) + 1 for _ in range(self._rules.random_events)} if acknowledged else set()
        seqs = sorted(picked | set(sweep))
        if not seqs:
            return None
        hashes = {seq: self._store.read(seq - 1, 1)[0].hash for seq in seqs}
        for answer in self._hub.inclusion(verified.head.size, epoch, seqs):
            judge_inclusion(verified.head, hashes[answer.seq], answer)
        return Position(epoch, sweep[-1], hashes[sweep[-1]]) if sweep else None

    def _keep(self, head: Signed, verified: Verified, swept: Position | None) -> None:
        drafts: list[EventDraft] = []
        restored, known = verified.restored, self._heads.known()
        if restored is not None and known is not None:
            payload = HubRestored(
                before=restored.before,
                epoch=restored.epoch,
                size_known=known.head.size,
                size_resumed=restored.size,
            )
            drafts.append(self._draft(payload))
            self._log.error("hub_restored", epoch=restored.epoch, count=known.head.size - restored.size)
        if not self._noted_today(HeadVerified.event_type):
            said = verified.head
            drafts.append(
                self._draft(HeadVerified(key_id=key_id(head.key), epoch=said.epoch, size=said.size, root=said.root))
            )
        self._store.append(drafts, also=partial(self._heads.add, head=head))
        if restored is not None:
            swept = Position(self._store.head().epoch)  # everything is owed anew
        if swept is not None:
            self._store.move_cursor(SWEEP_CURSOR, swept)

    def _alarm(self, error: HubRewrote, shown: Signed) -> None:
        self._status = HubLogStatus(HubLogState.REWRITTEN, error.sentence, verified_at=self._status.verified_at)
        self._log.error("hub_rewrote_history", code=error.code)
        if self._noted_today(HubRewroteHistory.event_type, error.code):
            return
        known = self._heads.latest()
        payload = HubRewroteHistory(
            reason=error.code,
            sentence=error.sentence,
            known=_payload(known) if known is not None else None,
            shown=_payload(shown),
        )
        self._store.append([self._draft(payload)])

    def _noted_today(self, event_type: str, reason: str = "") -> bool:
        day = self._clock.wall().date().isoformat()
        query = "SELECT 1 FROM hub_log WHERE type = ? AND day = ? AND reason = ? LIMIT 1"
        return bool(self._store.rows(query, (event_type, day, reason)))

    def _draft(self, payload: HeadVerified | HubRestored | HubRewroteHistory) -> EventDraft:
        return EventDraft("hub-log/watch", payload, "box", "transparency")

    def _round(self) -> None:
        self.check()


def _payload(signed: Signed) -> HeadSigned | None:
    head = signed.statement
    try:
        assert isinstance(head, TreeHead)  # noqa: S101 - what is shown as a head was made as one
        return HeadSigned(
            epoch=head.epoch, size=head.size, root=head.root, at=head.at,
            key=signed.key.hex(), signature=signed.signature.hex(),
        )  # fmt: skip
    except ValueError:
        return None  # so malformed that it cannot be written down
