"""A column's values as one binary PostgreSQL array, which costs a fraction of the driver's own text arrays.

The form is that of PostgreSQL's `array_recv`: dimensions, whether there are nulls, the elements' type, then for each
dimension its length and lower bound, then each element behind its length.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection
from psycopg.adapt import Dumper
from psycopg.pq import Format

_HEADER: Final = struct.Struct("!iiIii")
_EMPTY: Final = struct.Struct("!iiI")
_LENGTH: Final = struct.Struct("!i")
_NULL: Final = _LENGTH.pack(-1)


@dataclass(frozen=True, slots=True)
class Element:
    """What an array holds: PostgreSQL's name and number of the type, and how a value is written."""

    name: str
    oid: int
    encode: Callable[[Any], bytes]


BOOLEAN: Final = Element("boolean", 16, lambda value: b"\1" if value else b"\0")
BYTEA: Final = Element("bytea", 17, bytes)
BIGINT: Final = Element("bigint", 20, struct.Struct("!q").pack)
INTEGER: Final = Element("integer", 23, struct.Struct("!i").pack)
TEXT: Final = Element("text", 25, str.encode)


@dataclass(frozen=True, slots=True)
class Array:
    """An array as a parameter; the statement names its type, as in `%s::text[]`."""

    element: Element
    values: Sequence[Any]

    def encoded(self) -> bytes:
        """Return the array's bytes.

        Raises:
            UnicodeEncodeError, struct.error, TypeError: a value is not of the element's type.
        """
        if not self.values:
            return _EMPTY.pack(0, 0, self.element.oid)
        length, encode = _LENGTH.pack, self.element.encode
        parts = [_HEADER.pack(1, int(None in self.values), self.element.oid, len(self.values), 1)]
        for value in self.values:
            if value is None:
                parts.append(_NULL)
            else:
                written = encode(value)
                parts += (length(len(written)), written)
        return b"".join(parts)


class _ArrayDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Any) -> bytes:
        return obj.encoded()  # type: ignore[no-any-return]  # registered for `Array` alone


def register(connection: Connection[Any]) -> None:
    """Let a connection take an `Array` as a parameter."""
    connection.adapters.register_dumper(Array, _ArrayDumper)
