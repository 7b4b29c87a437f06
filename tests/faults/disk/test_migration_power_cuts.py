"""F-01 over a migration: whatever a power cut leaves, the next start ends it, and nothing of the log is gone."""

import os
import random
import shutil
from pathlib import Path

import pytest

from edge.store import schema
from shared.events.catalogue.system import BoxStarted
from shared.events.envelope import EventDraft
from tests.faults.disk.states import Fate, lay_out, states
from tests.faults.disk.trace import record
from tests.support.next_schema import NEXT, open_database
from tests.support.promises import Tally
from tests.support.records import open_box_record

LONG = bool(os.environ.get("LONG"))
SEED = int(os.environ.get("SEED", "1"))
EVENTS = 120
_SHORT_EACH = 10


@pytest.mark.system
@pytest.mark.req("P-1", "I-15", "F-01", "F-18")
@pytest.mark.timeout(3600)
def test_no_power_cut_in_a_migration_keeps_the_next_start_from_ending_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    box = tmp_path / "box"
    made = open_box_record(box)
    made.store.append([EventDraft("box/b", BoxStarted(software="s" * 60, clean=True), "box", "operation")] * EVENTS)
    made.store.close()
    recording = record(box, tmp_path / "trace", "tests.support.next_schema", str(box))
    chance = random.Random(SEED)
    found = list(states(recording, chance, 2 if LONG else 1))
    if not LONG:
        of_fate = ([state for state in found if state.fate is fate] for fate in Fate)
        found = [state for some in of_fate for state in chance.sample(some, min(_SHORT_EACH, len(some)))]
    monkeypatch.setattr(schema, "MIGRATIONS", NEXT)
    resumed = 0
    for number, state in enumerate(found):
        folder = tmp_path / f"state-{number}"
        lay_out(state, box, folder)
        resumed += _ended(folder) > 0
        shutil.rmtree(folder)
    assert resumed
    tally.injected(len(found))
    tally.acknowledged(EVENTS)
    tally.lost(0)


def _ended(folder: Path) -> int:
    """Start once more and check what is there; return how many migrations were still to be done."""
    database = open_database(folder)
    try:
        done = schema.migrate(database)
        with database.reader() as connection:
            assert connection.execute("PRAGMA user_version").fetchone()[0] == len(NEXT)
            assert connection.execute("SELECT count(*) FROM events").fetchone()[0] == EVENTS
            same = "SELECT count(*) FROM copies JOIN events USING (position) WHERE copies.body = events.body || x'00'"
            assert connection.execute(same).fetchone()[0] == EVENTS
            assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        return done
    finally:
        database.close()
