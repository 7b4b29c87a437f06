"""Digests by which two holders of a log find out cheaply whether, and where, they differ. Pure.

The chain proves that two logs are equal up to an event when its hash is; what it cannot show is a row that rotted
after it was applied. So a holder compares each stored body with the hash that its successor names, range by range.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shared.events.envelope import body_hash

RANGE_EVENTS: Final = 256


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored at one place of a log: a body, and the hash it had when it came."""

    seq: int
    body: bytes
    hash: str


@dataclass(frozen=True, slots=True)
class RangeCheck:
    """What a range looks like.

    Attributes:
        damaged: places whose stored event is missing or no longer what was applied, in order.
        before: the hash that the event before the range must have; None when the range's first event is damaged.
    """

    damaged: tuple[int, ...]
    before: str | None


def check_range(first: int, last: int, rows: Mapping[int, Stored], end_hash: str | None) -> RangeCheck:
    """Check the events `first` to `last` against the hash that the last of them must have.

    Args:
        first: first place of the range.
        last: last place of the range.
        rows: what is stored, by place.
        end_hash: the hash of event `last`, as its successor or the log's recorded end names it; None when unknown.
    """
    damaged: list[int] = []
    expected = end_hash
    for seq in range(last, first - 1, -1):
        row = rows.get(seq)
        sound = row is not None and row.hash == body_hash(row.body) and expected in {None, row.hash}
        if row is None or not sound:
            damaged.append(seq)
            expected = None
            continue
        expected = previous_hash(row.body)
    return RangeCheck(tuple(reversed(damaged)), expected)


def fits(bodies: Sequence[bytes], end_hash: str) -> bool:
    """Tell whether bodies form the piece of a chain that ends with `end_hash`."""
    expected: str | None = end_hash
    for body in reversed(bodies):
        if body_hash(body) != expected:
            return False
        expected = previous_hash(body)
    return True


def previous_hash(body: bytes) -> str | None:
    """Return the hash that a body names for the event before it; None when it is no event."""
    try:
        named = json.loads(body)["prev_hash"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return named if isinstance(named, str) else None


def runs(places: Iterable[int]) -> list[tuple[int, int]]:
    """Return places as runs, each with its first place and how many there are, none longer than a range."""
    found: list[tuple[int, int]] = []
    for place in sorted(places):
        if found and place == found[-1][0] + found[-1][1] and found[-1][1] < RANGE_EVENTS:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((place, 1))
    return found


def aggregates_digest(ends: Iterable[tuple[str, int, str]]) -> str:
    """Return one digest of what every aggregate has come to: its version and the hash of its last event.

    Args:
        ends: aggregate, version and hash of events, in any order; of each aggregate the highest version counts.
    """
    last: dict[str, tuple[int, str]] = {}
    for aggregate, version, digest in ends:
        last[aggregate] = max(last.get(aggregate, (0, "")), (version, digest))
    text = "".join(f"{aggregate}\0{version}\0{digest}\n" for aggregate, (version, digest) in sorted(last.items()))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
