"""What the watch over the audit stream keeps: how far it has come, what it counted, what it raised."""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, String, Table

from cloud.storage.columns import identifier, metadata, moment

audit_cursors = Table(
    "audit_cursors",
    metadata,
    identifier("tenant", key=True),
    Column("next_leaf", BigInteger, nullable=False),
)
audit_counts = Table(
    "audit_counts",
    metadata,
    identifier("tenant", key=True),
    identifier("location", key=True),
    identifier("actor", key=True),
    Column("kind", String(32), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("number", Integer, nullable=False),
)
# Never rebuilt and never removed: an alert is what was noticed, and what a person said to it.
alerts = Table(
    "alerts",
    metadata,
    identifier("tenant", key=True),
    Column("id", String(32), primary_key=True),
    identifier("location"),
    identifier("actor"),
    Column("kind", String(32), nullable=False),
    Column("day", String(10), nullable=False),
    Column("number", Integer, nullable=False),
    Column("threshold", Integer, nullable=False),
    moment("first_at"),
    moment("last_at"),
    moment("acknowledged_at", optional=True),
    identifier("acknowledged_by", optional=True),
    Column("note", LargeBinary, nullable=True),
)
# With which settings the hub ran last, each by a keyed digest; what is not on record yet differs from these.
setting_digests = Table(
    "setting_digests",
    metadata,
    identifier("tenant", key=True),
    Column("name", String(200), primary_key=True),
    Column("digest", String(16), nullable=False),
)
