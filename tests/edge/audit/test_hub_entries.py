"""What the hub tells of itself is kept on the box, where the hub cannot change it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from edge.audit.hub import HUB_ENTRIES
from edge.sync.inbox import Inbox
from shared.events.catalogue import complete_catalogue
from shared.events.chain import GENESIS_HASH
from shared.events.envelope import Event
from tests.support.records import open_box_record

ENTRIES = [
    ("audit.export", {"what": "hub_backup", "items": 7, "justification": "command_line"}),
    ("audit.key_used", {"key": "hub_keys", "use": "exported", "justification": "command_line"}),
]


def from_hub(seq: int, kind: str, payload: dict[str, Any], prev_hash: str) -> Event:
    return Event.seal_in_chain(
        {
            "id": str(UUID(int=seq)), "tenant": "tenant-a", "location": "clinic-1", "device": "hub", "epoch": "ab" * 8,
            "seq": seq, "prev_hash": prev_hash, "aggregate": f"hub-audit/{seq}", "version": 1, "hlc": f"{seq:016x}",
            "wall_time": datetime(2026, 3, 2, tzinfo=UTC).isoformat(), "clock_quality": "synchronised", "type": kind,
            "schema_version": 1, "actor": "operator", "purpose": "backup", "sensitivity": "operational",
            "client": None, "payload": payload,
        }
    )  # fmt: skip


@pytest.mark.req("I-14")
def test_an_entry_of_the_hub_is_kept_in_the_inbox_and_answered_with_nothing(tmp_path: Path) -> None:
    record = open_box_record(tmp_path)
    inbox, before = Inbox(record.store, complete_catalogue(), HUB_ENTRIES), record.store.head()
    hashes, entries = [GENESIS_HASH], []
    for seq, (kind, payload) in enumerate(ENTRIES, start=1):
        entries.append(from_hub(seq, kind, payload, hashes[-1]))
        hashes.append(entries[-1].hash)
        inbox.apply(entries[-1])
    assert record.store.head() == before
    assert inbox.bodies("ab" * 8, 1, 9) == [entry.body for entry in entries]
    assert record.store.rows("SELECT count(*) FROM inbox WHERE set_aside IS NOT NULL") == [(0,)]
    record.store.close()
