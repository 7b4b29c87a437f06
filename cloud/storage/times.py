"""Times as stored: milliseconds since 1970 in UTC."""

from datetime import UTC, datetime


def to_milliseconds(moment: datetime) -> int:
    """Return a moment as stored; one without a zone is taken as UTC."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1000)


def from_milliseconds(milliseconds: int) -> datetime:
    """Return a stored moment in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
