from collections.abc import Iterator
from typing import Any

import pytest

from edge.store.database import Database


@pytest.fixture(autouse=True)
def _every_record_is_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close what a test has opened: a process with a thousand open files cannot wait for a socket any more."""
    opened: list[Database] = []
    plain = Database.__init__

    def remembered(self: Database, *arguments: Any, **options: Any) -> None:
        plain(self, *arguments, **options)
        opened.append(self)

    monkeypatch.setattr(Database, "__init__", remembered)
    yield
    for database in opened:
        database.close()
