"""F-01 over a migration: whatever a power cut leaves, the next start ends it, and nothing of the log is gone."""

import os
import random
from pathlib import Path

import pytest

from shared.events.catalogue.system import BoxStarted
from shared.events.envelope import EventDraft
from tests.faults.disk.exploring import Explorer, some_of_each_fate
from tests.faults.disk.migration_work import EVENTS, end_migration
from tests.faults.disk.states import states
from tests.faults.disk.trace import record
from tests.support import next_schema
from tests.support.cores import Cores
from tests.support.promises import Tally
from tests.support.records import open_box_record

LONG = bool(os.environ.get("LONG"))
SEED = int(os.environ.get("SEED", "1"))
_SHORT_EACH = 10


@pytest.mark.system
@pytest.mark.req("P-1", "I-15", "F-01", "F-18")
@pytest.mark.timeout(3600)
def test_no_power_cut_in_a_migration_keeps_the_next_start_from_ending_it(
    tmp_path: Path, cores: Cores, tally: Tally
) -> None:
    box = tmp_path / "box"
    made = open_box_record(box)
    made.store.append([EventDraft("box/b", BoxStarted(software="s" * 60, clean=True), "box", "operation")] * EVENTS)
    made.store.close()
    recording = record(cores, box, next_schema.main)
    chance = random.Random(SEED)
    found = states(recording, chance, 2 if LONG else 1)
    chosen = found if LONG else some_of_each_fate(list(found), chance, _SHORT_EACH)
    explored = list(Explorer(cores, box, end_migration, SEED).explore(chosen, "power cuts (migration)"))
    assert any(state.result for state in explored), "no state was cut in the middle"
    tally.injected(len(explored))
    tally.acknowledged(EVENTS)
    tally.lost(0)
