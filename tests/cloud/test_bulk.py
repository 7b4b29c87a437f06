"""Asking about many values at once finds each by its index, so that it costs the same however much is stored."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, event, select

from cloud.storage.bulk import is_among
from cloud.storage.database import Database, migrate
from cloud.storage.tables import blobs, captures, events
from shared.ids import TenantId

ASKED = {"events": events.c.id, "captures": captures.c.id, "blobs": blobs.c.name}


@pytest.mark.parametrize("table", ASKED)
def test_values_are_looked_up_not_compared_with_every_row(tmp_path: Path, table: str) -> None:
    url, column = f"sqlite:///{tmp_path / 'hub.db'}", ASKED[table]
    migrate(url, url)
    database = Database(url)
    query = select(column).where(column.table.c.tenant == bindparam("of_tenant"), is_among(column, "wanted"))
    given: list[tuple[str, Any]] = []
    with database.read(TenantId("lumen")) as connection:
        event.listen(connection, "before_cursor_execute", lambda *call: given.append((call[2], call[3])))
        connection.execute(query, {"of_tenant": "lumen", "wanted": ["a", "b"]}).all()
        statement, parameters = given[0]
        plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    database.close()
    assert any(f"(tenant=? AND {column.name}=?)" in step for step in plan), plan
