"""Tables for deleting clients: whose each photograph is, what they allowed, and what was destroyed."""

from typing import Final

from sqlalchemy import JSON, BigInteger, Column, Index, String, Table, Text

from cloud.storage.columns import identifier, metadata, moment

# Projections: which clients, photographs and decisions the boxes' logs name, by opaque ids only.
known_clients: Final = Table(
    "known_clients", metadata, identifier("tenant", key=True), identifier("client", key=True), identifier("location")
)
capture_clients: Final = Table(
    "capture_clients",
    metadata,
    identifier("tenant", key=True),
    identifier("capture", key=True),
    identifier("client"),
    identifier("device"),
    Column("hlc", String(16), nullable=False),
    Index("capture_clients_by_client", "tenant", "client"),
)
consent_decisions: Final = Table(
    "consent_decisions",
    metadata,
    identifier("tenant", key=True),
    Column("event", String(36), primary_key=True),
    identifier("client"),
    Column("granted", BigInteger, nullable=False),
    Column("hlc", String(16), nullable=False),
    Column("supersedes", JSON, nullable=False),
    Index("consent_decisions_by_client", "tenant", "client"),
)
erasure_requests: Final = Table(
    "erasure_requests",
    metadata,
    identifier("tenant", key=True),
    Column("request", String(64), primary_key=True),
    identifier("client"),
    identifier("location"),
    Column("reason", String(32), nullable=False),
    Column("legal_basis", String(32), nullable=False),
    identifier("requested_by"),
    moment("requested_at"),
    Column("state", String(16), nullable=False),
    identifier("decided_by", optional=True),
    moment("decided_at", optional=True),
    Column("origin", String(16), nullable=False, default="clinic", server_default="clinic"),
)

# What was destroyed: kept whatever is rebuilt. `due` until hub and key service are done and the receipt is signed.
erasures: Final = Table(
    "erasures",
    metadata,
    identifier("tenant", key=True),
    identifier("client", key=True),
    Column("state", String(16), nullable=False),
    Column("request", String(64), nullable=False),
    identifier("location"),
    identifier("device"),
    Column("reason", String(32), nullable=False),
    Column("legal_basis", String(32), nullable=False),
    Column("event", String(36), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("generation", BigInteger, nullable=False),
    moment("erased_at"),
    moment("done_at", optional=True),
    Column("receipt", Text, nullable=True),
)
# Images that must not be here: of a deleted client, or taken when the client had withdrawn.
shredded_images: Final = Table(
    "shredded_images",
    metadata,
    identifier("tenant", key=True),
    Column("blob", String(64), primary_key=True),
    identifier("client"),
    Column("why", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Index("shredded_images_by_state", "tenant", "state"),
    Index("shredded_images_by_client", "tenant", "client"),
)
