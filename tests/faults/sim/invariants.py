"""What must hold at every moment, and what must hold when everything has healed; judged past the product's code."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from edge.keys.clients import DataKeyGone
from edge.store.events import HUB_CURSOR
from tests.faults.sim.box import SimBox
from tests.faults.sim.hub import Auditor

Place = tuple[str, int]


class InvariantBroken(AssertionError):
    """Something that must never be is so."""

    def __init__(self, invariant: str, sentence: str) -> None:
        super().__init__(f"{invariant}: {sentence}")
        self.invariant, self.sentence = invariant, sentence


@dataclass
class History:
    """One machine's log as it was written, kept here even when the machine forgets it."""

    device: str
    hashes: dict[Place, str] = field(default_factory=dict)
    poisoned: dict[str, Place] = field(default_factory=dict)
    last_hlc: str = ""
    last_position: int = 0
    end: Place = ("", 0)


class Watch:
    """Follows the logs of all machines and of the hub."""

    def __init__(self) -> None:
        self.histories: list[History] = []
        self.in_doubt: set[str] = set()
        self.hub_forgot = False
        self._of: dict[str, History] = {}
        self._highest: dict[tuple[str, str], int] = {}
        self._hub_end: dict[tuple[str, str], int] = {}

    def begin(self, box: SimBox, like: SimBox | None = None) -> None:
        """Follow a machine from now on; one whose disk is a copy has read what the other had written."""
        history = History(box.identity.device)
        if like is not None:
            before = self._of[like.name]
            history = History(
                before.device,
                dict(before.hashes),
                dict(before.poisoned),
                before.last_hlc,
                before.last_position,
                before.end,
            )
        self._of[box.name] = history
        self.histories.append(history)

    def rewind(self, box: SimBox) -> None:
        """Follow a machine whose disk was replaced by an older copy: it reads its log anew."""
        self.begin(box)

    def forged(self, box: SimBox, place: Place, digest: str) -> None:
        """Follow a second writer of a machine's log, who has written this one event and nothing behind it."""
        before = self._of[box.name]
        hashes = {known: old for known, old in before.hashes.items() if known[0] != place[0] or known[1] < place[1]}
        self.histories.append(History(before.device, {**hashes, place: digest}))

    def doubt(self, device: str) -> None:
        """Take note that two logs use this identity, or that one lost its end: the hub may fence it."""
        self.in_doubt.add(device)

    def hub_was_restored(self) -> None:
        """Let the hub stand further back than before."""
        self.hub_forgot = True
        self._hub_end.clear()

    def history(self, box: SimBox) -> History:
        """Return a machine's history."""
        return self._of[box.name]

    # --- at every moment --------------------------------------------------------------------------
    def box_is_sound(self, box: SimBox) -> None:
        """Check one running machine's disk against itself and against what it had said."""
        history = self._of[box.name]
        rows = box.store.rows(
            "SELECT position, epoch, seq, hash, aggregate, type, id, json_extract(CAST(body AS TEXT), '$.hlc'),"
            " json_extract(CAST(body AS TEXT), '$.prev_hash') FROM events WHERE position > ? ORDER BY position",
            (history.last_position,),
        )
        for position, epoch, seq, digest, aggregate, kind, _id, hlc, previous in rows:
            self._follows(history, (epoch, seq), previous)
            if hlc <= history.last_hlc:
                raise InvariantBroken("I-11", f"{box.name}: event {seq} is dated before the event that caused it")
            history.hashes[epoch, seq] = digest
            history.last_hlc, history.last_position, history.end = hlc, position, (epoch, seq)
            if kind in {"future.happened", "box.stopped"}:
                history.poisoned.setdefault(aggregate, (epoch, seq))
        self._saved_is_there(box)
        self._derived_fits(box)
        self._deleted_stay_so(box)

    def _follows(self, history: History, place: Place, previous: str) -> None:
        epoch, seq = place
        if epoch == history.end[0] and seq != history.end[1] + 1:
            raise InvariantBroken("I-01", f"event {seq} of a box follows {history.end[1]}")
        if history.end[1] and previous != history.hashes[history.end]:
            raise InvariantBroken("I-14", f"event {seq} of a box does not continue the one before")

    def _saved_is_there(self, box: SimBox) -> None:
        if not box.saved:
            return
        marks = ",".join("?" * len(box.saved))
        found = box.store.rows(f"SELECT count(*) FROM events WHERE id IN ({marks})", box.saved)[0][0]
        if found != len(box.saved):
            raise InvariantBroken("I-02", f"{box.name}: {len(box.saved) - found} saved events are gone")
        box.saved.clear()

    def _derived_fits(self, box: SimBox) -> None:
        captured, stored, head, last = box.store.rows(
            "SELECT (SELECT count(*) FROM captures), (SELECT count(*) FROM events WHERE type = 'capture.stored'"
            " AND client NOT IN (SELECT client FROM erased_clients)),"
            " (SELECT seq FROM head), coalesce((SELECT max(seq) FROM events WHERE epoch = (SELECT epoch FROM head)), 0)"
        )[0]
        if (captured, head) != (stored, last):
            raise InvariantBroken("I-01", f"{box.name}: {captured} captures for {stored} events, head {head} of {last}")

    def _deleted_stay_so(self, box: SimBox) -> None:
        for (client,) in box.store.rows(
            "SELECT json_extract(CAST(body AS TEXT), '$.payload.client') FROM events WHERE type = 'client.erased'"
        ):
            try:
                box.clients.key_of(client)
            except DataKeyGone:
                continue
            raise InvariantBroken("P-8", f"{box.name}: the key of a deleted client is back")

    def nothing_went_too_early(self, box: SimBox, auditor: Auditor) -> None:
        """Check that of every image that a box removed for room, but a derived one, the hub has the bytes."""
        if self.hub_forgot:
            return  # what the hub lost of what it had confirmed is its backup's age, not the box's doing
        removed = {name for (name,) in box.store.rows("SELECT name FROM images WHERE pruned = 1 AND kind = 'original'")}
        durable = {name for (name,) in auditor.rows("SELECT name FROM blobs")}
        if removed - durable:
            raise InvariantBroken("I-06", f"{box.name}: {len(removed - durable)} images went before the hub had them")

    def cursor_is_honest(self, box: SimBox) -> None:
        """Check that a box believes of the hub only what the hub has committed at some time."""
        cursor = box.store.cursor(HUB_CURSOR)
        if cursor is not None and cursor.seq > self._highest.get((box.identity.device, cursor.epoch), 0):
            raise InvariantBroken("I-06", f"{box.name}: the cursor stands at {cursor.seq}, beyond what was applied")

    def hub_is_sound(self, auditor: Auditor) -> None:
        """Check what the hub has committed of every device since the last look."""
        ends = auditor.rows("SELECT device, epoch, seq, hash FROM positions")
        for device, epoch, seq, digest in ends:
            before = self._hub_end.get((device, epoch), 0)
            rows = auditor.rows(
                "SELECT seq, hash, rowid FROM events WHERE device = ? AND epoch = ? AND seq > ? ORDER BY rowid",
                (device, epoch, before),
            )
            if [row[0] for row in rows] != list(range(before + 1, seq + 1)):
                raise InvariantBroken("I-05", f"{device}: the hub applied {[row[0] for row in rows]} after {before}")
            if rows and rows[-1][1] != digest:
                raise InvariantBroken("I-05", f"{device}: the hub's position names another event than its log")
            self._hub_end[device, epoch] = seq
            self._highest[device, epoch] = max(seq, self._highest.get((device, epoch), 0))
            self._written_by_one(auditor, device, epoch, before)

    def _written_by_one(self, auditor: Auditor, device: str, epoch: str, before: int) -> None:
        """Check that one machine wrote all of it: nothing of two logs is ever mixed."""
        after = 0 if device in self.in_doubt else before
        rows = auditor.rows(
            "SELECT seq, hash FROM events WHERE device = ? AND epoch = ? AND seq > ?", (device, epoch, after)
        )
        writers = [history for history in self.histories if history.device == device]
        if not any(all(writer.hashes.get((epoch, seq)) == digest for seq, digest in rows) for writer in writers):
            invariant = "I-18" if device in self.in_doubt else "I-05"
            raise InvariantBroken(invariant, f"{device}: the hub holds a log that no machine wrote")

    def acknowledgement_is_sound(self, auditor: Auditor, device: str, epoch: str, seq: int) -> None:
        """Check an acknowledgement at the moment it leaves the hub."""
        rows = auditor.rows("SELECT seq FROM positions WHERE device = ? AND epoch = ?", (device, epoch))
        if seq > (rows[0][0] if rows else 0):
            raise InvariantBroken("I-06", f"{device}: {seq} is acknowledged and only {rows} is committed")

    def agrees_with_hub(self, box: SimBox, auditor: Auditor) -> bool:
        """Tell whether a machine's log and the hub's can be one: in each epoch one of them goes on from the other.

        In its last epoch the machine must not be behind: it would write what is written already.
        """
        history = self._of[box.name]
        rows = auditor.rows("SELECT epoch, seq, hash FROM events WHERE device = ?", (history.device,))
        there = {(epoch, seq): digest for epoch, seq, digest in rows}
        if any(history.hashes.get(place, digest) != digest for place, digest in there.items()):
            return False
        last = box.store.head().epoch
        return all(place in history.hashes for place in there if place[0] == last)

    def knows_last_epoch(self, box: SimBox, auditor: Auditor) -> bool:
        """Tell whether a machine has begun the epoch that the hub knows as the last of its log."""
        rows = auditor.rows(
            "SELECT epoch FROM positions WHERE device = ? ORDER BY ordinal DESC LIMIT 1", (box.identity.device,)
        )
        return not rows or any(epoch == rows[0][0] for epoch, _ in self._of[box.name].hashes)

    def image_may_leave(self, box: SimBox, name: str) -> None:
        """Check an image's client just before a part of it leaves a box."""
        withdrawn = box.store.rows(
            "SELECT 1 FROM images JOIN captures USING (capture) JOIN events USING (client)"
            " WHERE images.name = ? AND events.type = 'consent.withdrawn'",
            (name,),
        )
        if withdrawn:
            raise InvariantBroken("I-20", f"{box.name}: an image leaves although its client has withdrawn")

    # --- when everything has healed ---------------------------------------------------------------
    def nothing_is_lost(self, box: SimBox, auditor: Auditor) -> None:
        """Check that the hub has all of a box's log, record by record."""
        mine = box.store.rows("SELECT epoch, seq, hash FROM events ORDER BY epoch, seq")
        theirs = auditor.rows(
            "SELECT epoch, seq, hash FROM events WHERE device = ? ORDER BY epoch, seq", (box.identity.device,)
        )
        missing = set(mine) - set(theirs)
        if missing:
            raise InvariantBroken("I-03", f"{box.name}: {len(missing)} events never reached the hub")
        statement = "SELECT aggregate, version, hash FROM events {} ORDER BY aggregate, version, hash"
        here = digests(box.store.rows(statement.format("")))
        there = digests(auditor.rows(statement.format("WHERE device = ?"), (box.identity.device,)))
        if box.identity.device not in self.in_doubt and here != there:
            raise InvariantBroken("I-07", f"{box.name}: hub and box differ about a record")

    def down_differs(self, box: SimBox, auditor: Auditor) -> set[tuple[str, int, str]]:
        """Return the events of a clinic's log that only the hub has, or only a box: it has not handed them back yet."""
        rows = auditor.rows(
            "SELECT epoch, seq, hash FROM down_log WHERE tenant = ? AND location = ?",
            (box.identity.tenant, box.identity.location),
        )
        return set(rows) ^ set(box.store.rows("SELECT hub_epoch, seq, hash FROM inbox"))

    def images_are_there(self, box: SimBox, auditor: Auditor) -> None:
        """Check that every image a box believes durable is, or was destroyed for one who withdrew or was deleted."""
        durable = {name for (name,) in auditor.rows("SELECT name FROM blobs WHERE state = 'durable'")}
        destroyed = auditor.rows(
            "SELECT blob FROM shredded_images WHERE client IN"
            " (SELECT client FROM consent_decisions WHERE granted = 0 UNION SELECT client FROM erasures)"
        )
        durable |= {name for (name,) in destroyed}
        life = auditor.rows("SELECT epoch FROM hub_state")[0]
        query = "SELECT name FROM images WHERE confirmed = 1 AND confirmed_by = ?"
        confirmed = {name for (name,) in box.store.rows(query, life)}
        if confirmed - durable:
            raise InvariantBroken("I-06", f"{box.name}: {len(confirmed - durable)} confirmed images are not at the hub")

    def only_the_bad_wait(self, boxes: Iterable[SimBox], auditor: Auditor, lost_requests: set[str]) -> None:
        """Check that what is set aside is what was bad and what came behind it, and nothing else."""
        for box in boxes:
            if box.identity.device in self.in_doubt:
                continue  # the hub remembers more of it than the machine that was kept
            rows = auditor.rows("SELECT epoch, seq, aggregate FROM parked WHERE device = ?", (box.identity.device,))
            # What made room, and a hub restored from before it has lost, is set aside for good.
            removed = box.store.rows("SELECT name FROM images WHERE pruned = 1") if self.hub_forgot else []
            gone = lost_requests | {name for (name,) in removed}
            waiting = {row for row in rows if row[2].partition("/")[2] not in gone}
            poisoned = self._of[box.name].poisoned
            events = box.store.rows("SELECT epoch, seq, aggregate, position FROM events ORDER BY position")
            position = {(epoch, seq): place for epoch, seq, _, place in events}
            bad = {
                (epoch, seq, aggregate)
                for epoch, seq, aggregate, place in events
                if aggregate in poisoned and place >= position.get(poisoned[aggregate], 0)
            }
            if waiting != bad:
                raise InvariantBroken("I-10", f"{box.name}: {waiting ^ bad} wait wrongly or do not wait")

    def tenants_are_apart(self, auditor: Auditor) -> None:
        """Check that every event lies where its device belongs."""
        strays = auditor.rows(
            "SELECT count(*) FROM events e LEFT JOIN devices d ON d.tenant = e.tenant AND d.id = e.device"
            " WHERE d.id IS NULL OR d.location != e.location"
        )[0][0]
        if strays:
            raise InvariantBroken("I-13", f"{strays} events lie with another tenant or clinic")


def digests(rows: list[tuple[Any, ...]]) -> dict[str, str]:
    """Return a digest of each record's events."""
    found: dict[str, Any] = {}
    for aggregate, version, digest in rows:
        found.setdefault(aggregate, hashlib.sha256()).update(f"{version}/{digest};".encode())
    return {aggregate: digest.hexdigest() for aggregate, digest in found.items()}


def hub_state(auditor: Auditor) -> str:
    """Return a digest of all that the hub knows of clinics, whatever order it was written in and when."""
    digest = hashlib.sha256()
    for statement in (
        "SELECT tenant, device, epoch, seq, hash FROM events ORDER BY 1, 2, 3, 4",
        "SELECT tenant, device, epoch, seq, hash FROM positions ORDER BY 1, 2, 3",
        "SELECT tenant, id, location, device, day, findings, image_state FROM captures ORDER BY 1, 2",
        "SELECT tenant, capture, blob, device FROM capture_images ORDER BY 1, 2, 3",
        "SELECT tenant, id, location, state, start_minute, reason FROM booking_requests ORDER BY 1, 2",
        "SELECT tenant, event, device, aggregate, behind FROM parked ORDER BY 1, 2",
        "SELECT tenant, name, size, state FROM blobs ORDER BY 1, 2",
    ):
        for row in auditor.rows(statement):
            digest.update(repr(row).encode())
    return digest.hexdigest()
