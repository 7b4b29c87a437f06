"""A migration that has run somewhere must go on doing what it did: a hub made today has the tables of an old one."""

from pathlib import Path

import pytest

from tests.support.hub_migrations import Said, empty_database, kept, said_by_migrations
from tests.support.servers import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Said, Said]:
    """What the migrations say, and what they said when they were released."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'hub.db'}"
    else:
        url = empty_database(request.getfixturevalue("postgres_server"))
    return said_by_migrations(url), kept(request.param)


def test_released_migrations_say_to_the_letter_what_they_said(both: tuple[Said, Said]) -> None:
    said, released = both
    assert len(released) >= 11
    assert {revision: said.get(revision) for revision in released} == released


def test_every_table_with_a_tenant_is_held_to_it(postgres_server: Postgres) -> None:
    statements = [text for said in said_by_migrations(empty_database(postgres_server)).values() for text in said]
    tables = {text.split()[2] for text in statements if text.startswith("CREATE TABLE") and "tenant VARCHAR" in text}
    assert len(tables) > 30
    for table in tables - {"device_directory"}:
        assert f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY" in statements
        assert f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY" in statements
        assert any(text.startswith(f"CREATE POLICY own_tenant ON {table} ") for text in statements)
