"""Clients, their photographs and decisions as the logs name them; deletions, and images that must not be here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, select, update

from cloud.erasure.rules import KnownDecision
from cloud.storage.bulk import insert_rows, is_among
from cloud.storage.erasure_tables import (
    capture_clients,
    consent_decisions,
    erasure_requests,
    erasures,
    known_clients,
    shredded_images,
)
from cloud.storage.tables import blobs, capture_images
from cloud.storage.upsert import change, put_new
from shared.events.envelope import Event
from shared.ids import BlobName, LocationId, TenantId

DUE: Final = "due"
DONE: Final = "done"
# Known from the key service before the box has told it again: the hub was restored from before the deletion.
RECALLED: Final = "recalled"
ERASED: Final = "erased"
WITHDRAWN: Final = "withdrawn"

_DELETED: Final = select(erasures.c.client).where(
    erasures.c.tenant == bindparam("of_tenant"), is_among(erasures.c.client, "clients")
)
_DECISIONS: Final = select(consent_decisions).where(
    consent_decisions.c.tenant == bindparam("of_tenant"), is_among(consent_decisions.c.client, "clients")
)


@dataclass(frozen=True, slots=True)
class Taken:
    """A client's photograph: its capture, when it was taken, and the images it names."""

    capture: str
    hlc: str
    images: tuple[str, ...]


class ErasureRepository:
    """Everything about deletions of one tenant, inside the caller's transaction."""

    def __init__(self, connection: Connection, tenant: TenantId) -> None:
        self._connection = connection
        self._tenant = tenant

    def add_client(self, client: str, location: str) -> None:
        """Note where a client is registered; idempotent by client."""
        put_new(self._connection, known_clients, self._key(client=client), {"location": location})

    def location_of(self, client: str) -> LocationId | None:
        """Return where a client is registered."""
        query = select(known_clients.c.location).where(
            known_clients.c.tenant == self._tenant, known_clients.c.client == client
        )
        found = self._connection.execute(query).scalar_one_or_none()
        return None if found is None else LocationId(found)

    def add_captures(self, stored: Iterable[Event]) -> None:
        """Note whose photographs these are; idempotent by the capture."""
        rows = [
            (self._tenant, event.fields.aggregate, event.fields.client, event.fields.device, event.fields.hlc)
            for event in stored
        ]
        insert_rows(self._connection, capture_clients.name, rows, new_only=True)

    def add_decision(self, client: str, decision: KnownDecision) -> None:
        """Note a client's decision; idempotent by its event."""
        values = {
            "client": client,
            "granted": int(decision.granted),
            "hlc": decision.hlc,
            "supersedes": sorted(decision.supersedes),
        }
        put_new(self._connection, consent_decisions, self._key(event=decision.event), values)

    def decisions_of(self, clients: Iterable[str]) -> dict[str, list[KnownDecision]]:
        """Return what clients decided about their record, by client."""
        found: dict[str, list[KnownDecision]] = {}
        for row in self._about(_DECISIONS, clients):
            decision = KnownDecision(row.event, bool(row.granted), row.hlc, frozenset(row.supersedes))
            found.setdefault(row.client, []).append(decision)
        return found

    def taken(self, client: str) -> list[Taken]:
        """Return a client's photographs."""
        query = (
            select(capture_clients.c.capture, capture_clients.c.hlc, capture_images.c.blob)
            .join(
                capture_images,
                (capture_images.c.tenant == capture_clients.c.tenant)
                & (capture_images.c.capture == capture_clients.c.capture),
            )
            .where(capture_clients.c.tenant == self._tenant, capture_clients.c.client == client)
            .order_by(capture_clients.c.capture, capture_images.c.blob)
        )
        found: dict[tuple[str, str], list[str]] = {}
        for row in self._connection.execute(query):
            found.setdefault((row.capture, row.hlc), []).append(row.blob)
        return [Taken(capture, hlc, tuple(images)) for (capture, hlc), images in found.items()]

    def deleted_among(self, clients: Iterable[str]) -> set[str]:
        """Return which of these clients are deleted."""
        return {row.client for row in self._about(_DELETED, clients)}

    def bury(self, client: str, values: Mapping[str, Any]) -> None:
        """Keep a client's tombstone, to be completed; one that is kept already stays as it is."""
        if not put_new(self._connection, erasures, self._key(client=client), {"state": DUE, **values}):
            query = update(erasures).where(self._this(client), erasures.c.state == RECALLED)
            self._connection.execute(query.values(state=DUE, **values))

    def recall(self, client: str, request: str, erased_at: int) -> None:
        """Keep a tombstone that the key service remembers, until the box tells of it again."""
        unknown = dict.fromkeys(("location", "device", "reason", "legal_basis", "event", "hash"), "")
        values = {"state": RECALLED, "request": request, "generation": 0, "erased_at": erased_at, **unknown}
        put_new(self._connection, erasures, self._key(client=client), values)

    def due(self) -> list[Row[Any]]:
        """Return the deletions that are not complete here."""
        query = select(erasures).where(erasures.c.tenant == self._tenant, erasures.c.state == DUE)
        return list(self._connection.execute(query.order_by(erasures.c.client)).all())

    def finish(self, client: str, receipt: str, now: int) -> None:
        """Keep the receipt of a complete deletion."""
        query = update(erasures).where(self._this(client))
        self._connection.execute(query.values(state=DONE, receipt=receipt, done_at=now))

    def erased(self) -> list[Row[Any]]:
        """Return every tombstone, latest first."""
        query = select(erasures).where(erasures.c.tenant == self._tenant)
        return list(self._connection.execute(query.order_by(erasures.c.erased_at.desc(), erasures.c.client)).all())

    def shred(self, names: Iterable[str], client: str, why: str, device: str, now: int) -> None:
        """Let images be destroyed, whether they are here or come later; idempotent by name."""
        for name in sorted(set(names)):
            values = {"client": client, "why": why, "state": DUE}
            put_new(self._connection, shredded_images, self._key(blob=name), values)
            row = {"size": 0, "state": "shredded", "device": device, "stored_at": now}
            if not put_new(self._connection, blobs, self._key(name=name), row):
                query = update(blobs).where(blobs.c.tenant == self._tenant, blobs.c.name == name)
                self._connection.execute(query.values(state="shredded"))

    def to_shred(self) -> list[BlobName]:
        """Return the images that are still to be destroyed."""
        query = select(shredded_images.c.blob).where(
            shredded_images.c.tenant == self._tenant, shredded_images.c.state == DUE
        )
        return [BlobName(name) for name in self._connection.execute(query).scalars()]

    def shredded(self, names: Iterable[BlobName]) -> None:
        """Note that images are destroyed."""
        query = update(shredded_images).where(
            shredded_images.c.tenant == self._tenant, shredded_images.c.blob.in_(list(names))
        )
        self._connection.execute(query.values(state=DONE))

    def all_shredded(self) -> list[BlobName]:
        """Return every image that must not be here."""
        query = select(shredded_images.c.blob).where(shredded_images.c.tenant == self._tenant)
        return [BlobName(name) for name in self._connection.execute(query).scalars()]

    def shredded_of(self, client: str) -> list[str]:
        """Return the names of a client's images that were, or are to be, destroyed."""
        query = select(shredded_images.c.blob).where(
            shredded_images.c.tenant == self._tenant, shredded_images.c.client == client
        )
        return sorted(self._connection.execute(query).scalars())

    def add_request(self, request: str, values: Mapping[str, Any]) -> None:
        """Note a request to delete a client; idempotent by its id."""
        put_new(self._connection, erasure_requests, self._key(request=request), values)

    def asked_in_portal(self, request: str, values: Mapping[str, Any]) -> None:
        """Note a request made in the portal; what the clinic has made of it may be known before."""
        self.add_request(request, values)
        asked = {name: value for name, value in values.items() if name != "state"}
        change(self._connection, erasure_requests, self._key(request=request), asked)

    def decide(self, request: str, state: str, person: str, at: int) -> None:
        """Note the decision on a request that waits; the clinic's refusal outweighs the portal's approval."""
        open_states = ("requested", "approved") if state == "refused" else ("requested",)
        query = update(erasure_requests).where(
            erasure_requests.c.tenant == self._tenant,
            erasure_requests.c.request == request,
            erasure_requests.c.state.in_(open_states),
        )
        self._connection.execute(query.values(state=state, decided_by=person, decided_at=at))

    def settle(self, client: str, state: str) -> None:
        """Let every request for a client that was not refused have come this far."""
        query = update(erasure_requests).where(
            erasure_requests.c.tenant == self._tenant,
            erasure_requests.c.client == client,
            erasure_requests.c.state != "refused",
        )
        self._connection.execute(query.values(state=state))

    def requests(self) -> list[Row[Any]]:
        """Return every request, latest first."""
        query = select(erasure_requests).where(erasure_requests.c.tenant == self._tenant)
        order = (erasure_requests.c.requested_at.desc(), erasure_requests.c.request)
        return list(self._connection.execute(query.order_by(*order)).all())

    def _about(self, query: Any, clients: Iterable[str]) -> Sequence[Row[Any]]:
        wanted = sorted(clients)
        values = {"of_tenant": self._tenant, "clients": wanted}
        return self._connection.execute(query, values).all() if wanted else ()

    def _key(self, **keys: str) -> dict[str, Any]:
        return {"tenant": self._tenant, **keys}

    def _this(self, client: str) -> Any:
        return (erasures.c.tenant == self._tenant) & (erasures.c.client == client)
