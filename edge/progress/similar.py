"""Finds captures that look alike, among those their clients allow to be found.

Exact cosine similarity, one batch of opened vectors in memory at a time. A client's own captures are found under
the consent to keep a record; other clients' only while these allow `similar_cases`, which is denied until
somebody grants it and asked again at each search. Every search is an event before its answer is returned.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from edge.consent.desk import ConsentDesk
from edge.keys.clients import ClientKeystore, DataKeyGone
from edge.progress.embedding import AverageOf, Vector, direction
from edge.progress.sealed_vector import open_summary
from edge.store.events import SqlcipherEventStore
from edge.visits.library import CaptureUnknown, StoredCapture
from shared.events.catalogue.progress import SimilarFound, SimilarSearched
from shared.events.envelope import EventDraft
from shared.ids import ClientId
from shared.vocabulary import ConsentPurpose, Sensitivity

_BATCH: Final = 256
_PURPOSE: Final = "similar_cases"
# What another client must allow: the record itself, and that it is found.
_OTHERS: Final = (ConsentPurpose.TREATMENT_RECORD, ConsentPurpose.SIMILAR_CASES)


@dataclass(frozen=True, slots=True, order=True)
class SimilarCase:
    """One capture found: how alike it is (cosine, at most 1), and whether it is the same client's."""

    similarity: float
    capture: str
    own: bool


@dataclass(frozen=True, slots=True)
class SimilarAnswer:
    """What a search found, most alike first.

    Attributes:
        cases: captures by id; never a name.
        searched: how many captures were compared.
        embedded: whether the capture asked about can be compared at all.
    """

    cases: tuple[SimilarCase, ...]
    searched: int
    embedded: bool


class SimilarCases:
    """Searches this tenant's captures on this box."""

    def __init__(
        self, store: SqlcipherEventStore, keys: ClientKeystore, consent: ConsentDesk, average_of: AverageOf
    ) -> None:
        self._store = store
        self._keys = keys
        self._consent = consent
        self._average_of = average_of

    def find(self, capture: StoredCapture, limit: int, actor: str) -> SimilarAnswer:
        """Return the captures most like one, itself left out.

        Raises:
            ConsentMissing: its client does not allow a record to be kept.
            DataKeyGone: its client was erased.
            StorageFull, StorageReadOnly, StorageBusy: the search could not be recorded, so nothing is shown.
        """
        self._consent.require(capture.client, ConsentPurpose.TREATMENT_RECORD)
        asked = self._store.rows(
            "SELECT space, event_id, payload FROM embeddings WHERE capture = ? AND tenant = ?",
            (capture.id, self._store.identity.tenant),
        )
        if not asked:
            return SimilarAnswer((), 0, embedded=False)
        space, event_id, payload = asked[0]
        summed = open_summary(payload, event_id, self._keys.key_of(capture.client))
        query = direction(summed, self._average_of(space))
        best, searched = self._nearest(capture, space, query, limit)
        # Opening many vectors takes its time; a client may have withdrawn meanwhile.
        allowed = self._allowed(capture.client)
        cases = tuple(case for case, client in best if client in allowed)
        found = tuple(SimilarFound(capture=case.capture, similarity=case.similarity) for case in cases)
        event = SimilarSearched(found=found, searched=searched)
        draft = EventDraft(f"capture/{capture.id}", event, actor, _PURPOSE, Sensitivity.HEALTH, capture.client)
        self._store.append([draft])
        return SimilarAnswer(cases, searched, embedded=True)

    def require(self, asked: StoredCapture, found: StoredCapture) -> None:
        """Return when a capture may be shown beside another, now.

        Raises:
            ConsentMissing: one of the two clients does not, or no longer, allow it.
            CaptureUnknown: there is nothing to find it by.
        """
        self._consent.require(asked.client, ConsentPurpose.TREATMENT_RECORD)
        if found.client != asked.client:
            for purpose in _OTHERS:
                self._consent.require(found.client, purpose)
        tenant = self._store.identity.tenant
        known = "SELECT 1 FROM embeddings WHERE capture = ? AND tenant = ?"
        if not self._store.rows(known, (found.id, tenant)):
            raise CaptureUnknown("capture_unknown", "this photograph is not among those that can be found by look")

    def _nearest(
        self, capture: StoredCapture, space: str, query: Vector, limit: int
    ) -> tuple[list[tuple[SimilarCase, ClientId]], int]:
        allowed = self._allowed(capture.client)
        average = self._average_of(space)
        best: list[tuple[SimilarCase, ClientId]] = []
        searched = 0
        for rows in self._batches(space):
            others = [row for row in rows if row[1] != capture.id and row[2] in allowed]
            opened = [(row, vector) for row in others if (vector := self._open(row, average)) is not None]
            if not opened:
                continue
            searched += len(opened)
            scores = np.stack([vector for _, vector in opened]) @ query
            cases = [
                (SimilarCase(round(float(np.clip(score, -1, 1)), 4), row[1], row[2] == capture.client), row[2])
                for (row, _), score in zip(opened, scores, strict=True)
            ]
            best = heapq.nlargest(limit, [*best, *cases])
        return best, searched

    def _allowed(self, own: ClientId) -> frozenset[ClientId]:
        """Return whose captures may be found now, by somebody who looks at this client's."""
        record, similar = (self._consent.granting(purpose) for purpose in _OTHERS)
        return (record & similar) | {own}

    def _batches(self, space: str) -> Iterator[list[tuple[Any, ...]]]:
        last = 0
        while True:
            rows = self._store.rows(
                "SELECT number, capture, client, event_id, payload FROM embeddings"
                " WHERE tenant = ? AND space = ? AND number > ? ORDER BY number LIMIT ?",
                (self._store.identity.tenant, space, last, _BATCH),
            )
            if not rows:
                return
            yield rows
            last = rows[-1][0]

    def _open(self, row: tuple[Any, ...], average: Vector | None) -> Vector | None:
        _, _, client, event_id, payload = row
        try:
            key = self._keys.key_of(ClientId(client))
        except DataKeyGone:
            return None  # erased: what was sealed is gone for good, and so is the case
        return direction(open_summary(payload, event_id, key), average)
