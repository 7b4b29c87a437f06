"""F-01: a power cut at every write and sync, rebuilt from what the real program did to its files."""

import os
import random
from pathlib import Path

import pytest

from tests.faults.disk.exploring import Explorer, some_of_each_fate
from tests.faults.disk.states import Fate, states
from tests.faults.disk.trace import record
from tests.faults.disk.workloads import WORKLOADS
from tests.support.cores import Cores
from tests.support.promises import Tally

pytestmark = pytest.mark.system

LONG = bool(os.environ.get("LONG"))
SEED = int(os.environ.get("SEED", "1"))
_SHORT_EACH = 8
_RANDOM_EACH = 6 if LONG else 1


@pytest.mark.req("P-1", "I-01", "I-02", "I-14", "F-01", "F-15")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", sorted(WORKLOADS))
def test_no_power_cut_loses_what_was_acknowledged(name: str, tmp_path: Path, cores: Cores, tally: Tally) -> None:
    box = tmp_path / "box"
    WORKLOADS[name].prepare(box)
    recording = record(cores, box, WORKLOADS[name].run)
    chance = random.Random(SEED)
    found = states(recording, chance, _RANDOM_EACH)
    chosen = found if LONG else some_of_each_fate(list(found), chance, _SHORT_EACH)
    fates = set()
    for state in Explorer(cores, box, WORKLOADS[name].check, SEED).explore(chosen, f"power cuts ({name})"):
        fates.add(state.fate)
        tally.injected(1)
        tally.acknowledged(state.acknowledged)
    tally.lost(0)
    tally.doubled(0)
    assert fates == set(Fate)
