"""F-01 over backup and restore: a whole backup counts whatever a cut leaves, and a restore run again ends well."""

import os
import random
from functools import partial
from pathlib import Path

import pytest

from tests.faults.disk.backup_work import WORK, check, prepare
from tests.faults.disk.exploring import Explorer, some_of_each_fate
from tests.faults.disk.states import Fate, states
from tests.faults.disk.trace import record
from tests.support.cores import Cores
from tests.support.promises import Tally

LONG = bool(os.environ.get("LONG"))
SEED = int(os.environ.get("SEED", "1"))
_SHORT_EACH = 6
_AT_THE_END = 24


@pytest.mark.system
@pytest.mark.req("P-1", "I-18", "F-01", "F-19")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", sorted(WORK))
def test_no_power_cut_leaves_less_than_a_whole_backup_and_a_whole_record(
    name: str, tmp_path: Path, cores: Cores, tally: Tally
) -> None:
    box = tmp_path / "box"
    before = prepare(box)
    recording = record(cores, box, WORK[name])
    chance = random.Random(SEED)
    found = list(states(recording, chance, 2 if LONG else 1))
    # What decides comes last: the manifest, the exchange of the record's files.
    chosen = found if LONG else some_of_each_fate(found, chance, _SHORT_EACH) + found[-_AT_THE_END:]
    explorer = Explorer(cores, box, partial(check, name, before), SEED)
    fates = [state.fate for state in explorer.explore(chosen, f"power cuts ({name})")]
    tally.injected(len(fates))
    tally.acknowledged(len(before))
    tally.lost(0)
    assert set(fates) == set(Fate)
