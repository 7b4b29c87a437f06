"""The table of slots that boxes have lent to this hub."""

from typing import Final

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from cloud.storage.columns import identifier, metadata, moment

# A projection of both logs: grants of the boxes, and what the hub has said of them.
slot_leases: Final = Table(
    "slot_leases",
    metadata,
    identifier("tenant", key=True),
    Column("id", String(64), primary_key=True),
    identifier("location"),
    # Who lent it, in which epoch of its log, to which life of the hub; empty while only the hub's own word is known.
    identifier("device"),
    Column("epoch", String(16), nullable=False),
    Column("life", String(16), nullable=False),
    Column("day", String(10), nullable=False),
    Column("slot", Text, nullable=False),
    moment("until"),
    Column("state", String(16), nullable=False),
    Column("recalled", Boolean, nullable=False),
    Column("order_id", String(64), nullable=False),
    moment("decided_at", optional=True),
    # What the box has made of a sale.
    Column("outcome", String(16), nullable=False),
    Column("start_minute", Integer, nullable=True),
    Column("reason", String(500), nullable=False),
    Index("slot_leases_by_day", "tenant", "state", "day"),
)
