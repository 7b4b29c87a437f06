"""What every table of the hub is made with."""

from typing import Final

from sqlalchemy import BigInteger, Column, MetaData, String

metadata: Final = MetaData()


def identifier(name: str, *, key: bool = False, optional: bool = False) -> Column[str]:
    """Return a column that holds an opaque id."""
    return Column(name, String(128), primary_key=key, nullable=optional)


def moment(name: str, *, optional: bool = False) -> Column[int]:
    """Return a column that holds milliseconds since 1970 in UTC."""
    return Column(name, BigInteger, nullable=optional)
