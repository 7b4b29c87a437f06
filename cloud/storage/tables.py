"""The hub's tables. Times are milliseconds since 1970 in UTC; every table but the directory names its tenant."""

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from cloud.storage import audit_tables as _audit_tables  # noqa: F401 - its tables join the others
from cloud.storage import columns
from cloud.storage import tree_tables as _tree_tables  # noqa: F401 - its tables join the others
from cloud.storage.columns import identifier as _id
from cloud.storage.columns import moment as _time
from cloud.storage.erasure_tables import capture_clients, consent_decisions, erasure_requests, known_clients
from cloud.storage.lease_tables import slot_leases

metadata: Final = columns.metadata

# Who exists; the only tables that are not filtered by tenant.
tenants = Table("tenants", metadata, _id("id", key=True), Column("name", String(120), nullable=False))
device_directory = Table("device_directory", metadata, _id("device", key=True), _id("tenant"))

# Which life of the database this is: one row.
hub_state = Table(
    "hub_state",
    metadata,
    Column("only", Integer, primary_key=True, autoincrement=False),
    Column("epoch", String(16), nullable=False),
    _time("restored_at", optional=True),
    # How long a hub has run since it was restored, in milliseconds: counted, as no clock can be trusted to tell.
    Column("ran", BigInteger, nullable=False, server_default="0"),
)

locations = Table(
    "locations",
    metadata,
    _id("tenant", key=True),
    _id("id", key=True),
    Column("name", String(120), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("services", JSON, nullable=False),
)

devices = Table(
    "devices",
    metadata,
    _id("tenant", key=True),
    _id("id", key=True),
    _id("location"),
    Column("label", String(120), nullable=False),
    Column("signing_key", LargeBinary(32), nullable=False),
    Column("receiving_key", LargeBinary(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(500), nullable=False, default=""),
    Column("may_restart", Boolean, nullable=False, default=False),
    _time("enrolled_at"),
    _time("last_contact_at", optional=True),
    Column("online", Boolean, nullable=False, default=False),
    _time("online_since"),
    Column("head_epoch", String(16), nullable=False, default=""),
    Column("head_seq", BigInteger, nullable=False, default=0),
    Column("software", String(64), nullable=False, default=""),
)

invitations = Table(
    "invitations",
    metadata,
    _id("tenant", key=True),
    Column("code_hash", String(64), primary_key=True),
    _id("location"),
    _time("expires_at"),
    _time("used_at", optional=True),
    _id("device", optional=True),
    _id("replaces", optional=True),
)

# Every certificate a device was given. Serials are hex, without a sign.
certificates = Table(
    "certificates",
    metadata,
    _id("tenant", key=True),
    Column("serial", String(40), primary_key=True),
    _id("device"),
    Column("root", String(64), nullable=False),
    _time("issued_at"),
    _time("expires_at"),
    _time("revoked_at", optional=True),
    Index("certificates_by_device", "tenant", "device", "issued_at"),
)

# Nobody reads or writes it any more. The next release drops it: until then a hub may go back to the one before.
hello_sessions = Table(
    "hello_sessions",
    metadata,
    _id("tenant", key=True),
    _id("device", key=True),
    Column("session", String(64), primary_key=True),
    _time("seen_at"),
)

# How far each epoch of each device was applied, and which event of which former epoch it continues.
positions = Table(
    "positions",
    metadata,
    _id("tenant", key=True),
    _id("device", key=True),
    Column("epoch", String(16), primary_key=True),
    Column("ordinal", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("parent_epoch", String(16), nullable=False, default=""),
    Column("parent_seq", BigInteger, nullable=False, default=0),
)

events = Table(
    "events",
    metadata,
    _id("tenant", key=True),
    _id("device", key=True),
    Column("epoch", String(16), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("id", String(36), nullable=False),
    Column("hash", String(64), nullable=False),
    _id("location"),
    Column("type", String(64), nullable=False),
    _id("aggregate"),
    Column("version", BigInteger, nullable=False),
    Column("hlc", String(16), nullable=False),
    _time("wall_time"),
    _time("received_at"),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("tenant", "id", name="events_id_once"),
    Index("events_by_aggregate", "tenant", "aggregate"),
    Index("events_by_type", "tenant", "type", "wall_time"),
)

parked = Table(
    "parked",
    metadata,
    _id("tenant", key=True),
    Column("event", String(36), primary_key=True),
    _id("device"),
    Column("epoch", String(16), nullable=False),
    Column("seq", BigInteger, nullable=False),
    _id("location"),
    Column("type", String(64), nullable=False),
    _id("aggregate"),
    Column("behind", String(36), nullable=True),
    Column("attempts", Integer, nullable=False),
    Column("reason", String(500), nullable=False),
    _time("parked_at"),
    Index("parked_by_aggregate", "tenant", "device", "aggregate"),
)

# What people decided about events set aside; survives every rebuild.
parked_decisions = Table(
    "parked_decisions",
    metadata,
    _id("tenant", key=True),
    Column("event", String(36), primary_key=True),
    Column("decided_at", BigInteger, primary_key=True, autoincrement=False),
    Column("decision", String(16), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("reason", String(500), nullable=False),
)

# Events whose effect failed for a reason that may pass, with how often.
apply_failures = Table(
    "apply_failures",
    metadata,
    _id("tenant", key=True),
    _id("device", key=True),
    Column("epoch", String(16), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("tries", BigInteger, nullable=False),
)

blobs = Table(
    "blobs",
    metadata,
    _id("tenant", key=True),
    Column("name", String(64), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    _id("device"),
    _time("stored_at"),
)

# The hub's own log, one a location, and how far each box has applied it.
down_log = Table(
    "down_log",
    metadata,
    _id("tenant", key=True),
    _id("location", key=True),
    Column("epoch", String(16), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("id", String(36), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
)
down_heads = Table(
    "down_heads",
    metadata,
    _id("tenant", key=True),
    _id("location", key=True),
    Column("epoch", String(16), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)
# Every epoch of a clinic's log in order; all but the last were ended by a restore.
down_epochs = Table(
    "down_epochs",
    metadata,
    _id("tenant", key=True),
    _id("location", key=True),
    Column("epoch", String(16), primary_key=True),
    Column("ordinal", BigInteger, nullable=False),
)
down_positions = Table(
    "down_positions",
    metadata,
    _id("tenant", key=True),
    _id("device", key=True),
    Column("epoch", String(16), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)

down_links = Table(
    "down_links",
    metadata,
    _id("tenant", key=True),
    _id("device", key=True),
    Column("life", String(16), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    _id("tenant", key=True),
    _id("device", key=True),
    Column("name", String(64), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
now_snapshots = Table(
    "now_snapshots",
    metadata,
    _id("tenant", key=True),
    _id("device", key=True),
    Column("json", Text, nullable=False),
    _time("received_at"),
)

# Projections: derived from the logs, dropped and rebuilt at will.
captures = Table(
    "captures",
    metadata,
    _id("tenant", key=True),
    _id("id", key=True),
    _id("location"),
    _id("device"),
    Column("day", String(10), nullable=False),
    Column("findings", Integer, nullable=False),
    Column("image_state", String(16), nullable=False),
    Index("captures_by_day", "tenant", "day"),
)
capture_images = Table(
    "capture_images",
    metadata,
    _id("tenant", key=True),
    _id("capture", key=True),
    Column("blob", String(64), primary_key=True),
    _id("device"),
    Index("capture_images_by_blob", "tenant", "blob"),
)
booking_requests = Table(
    "booking_requests",
    metadata,
    _id("tenant", key=True),
    Column("id", String(64), primary_key=True),
    _id("location"),
    Column("service", String(80), nullable=False),
    Column("day", String(10), nullable=False),
    Column("earliest_minute", Integer, nullable=False),
    Column("latest_minute", Integer, nullable=False),
    _time("requested_at"),
    Column("state", String(16), nullable=False),
    Column("start_minute", Integer, nullable=True),
    Column("reason", String(500), nullable=False, default=""),
)

# What each box is wanted to be set to, and what it made of that.
twins = Table(
    "twins",
    metadata,
    _id("tenant", key=True),
    _id("device", key=True),
    Column("wanted_version", BigInteger, nullable=False),
    Column("wanted", Text, nullable=False),
    _time("wanted_at"),
    Column("reported_version", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("digest", String(64), nullable=False),
)

# Who asked, sealed under a key of the tenant; never part of an event.
booking_contacts = Table(
    "booking_contacts",
    metadata,
    _id("tenant", key=True),
    Column("request", String(64), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

# Which generation of its transport key a device was sent and has taken.
device_keys = Table(
    "device_keys",
    metadata,
    _id("tenant", key=True),
    _id("device", key=True),
    Column("sent", Integer, nullable=False),
    Column("taken", Integer, nullable=False),
)

PROJECTIONS: Final = (
    captures,
    capture_images,
    booking_requests,
    parked,
    twins,
    known_clients,
    capture_clients,
    consent_decisions,
    erasure_requests,
    slot_leases,
)
TENANT_TABLES: Final = tuple(
    table for table in metadata.sorted_tables if "tenant" in table.c and table is not device_directory
)
