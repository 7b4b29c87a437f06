"""The tables of the Merkle tree over every event applied (`tree.py`), and where it went on after a restore."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table

from cloud.storage.columns import identifier, metadata, moment

log_trees = Table(
    "log_trees",
    metadata,
    identifier("tenant", key=True),
    Column("epoch", String(16), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("peaks", LargeBinary, nullable=False),
    Column("announced_size", BigInteger, nullable=False),
    moment("announced_at"),
)
log_runs = Table(
    "log_runs",
    metadata,
    identifier("tenant", key=True),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    identifier("device"),
    Column("epoch", String(16), nullable=False),
    Column("first_seq", BigInteger, nullable=False),
    Column("length", BigInteger, nullable=False),
    Index("log_runs_by_event", "tenant", "device", "epoch", "first_seq"),
)
log_tiles = Table(
    "log_tiles",
    metadata,
    identifier("tenant", key=True),
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary(32), nullable=False),
)
log_resumptions = Table(
    "log_resumptions",
    metadata,
    identifier("tenant", key=True),
    Column("epoch", String(16), primary_key=True),
    Column("before", String(16), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("root", String(64), nullable=False),
    moment("at"),
    Column("key", LargeBinary(32), nullable=False),
    Column("signature", LargeBinary(64), nullable=False),
)
