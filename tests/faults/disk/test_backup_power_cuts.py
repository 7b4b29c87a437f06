"""F-01 over backup and restore: a whole backup counts whatever a cut leaves, and a restore run again ends well."""

import os
import random
import shutil
from pathlib import Path

import pytest

from tests.faults.disk.backup_work import WORK, check, prepare
from tests.faults.disk.states import Fate, lay_out, states
from tests.faults.disk.trace import record
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
    name: str, tmp_path: Path, tally: Tally
) -> None:
    box = tmp_path / "box"
    before = prepare(box)
    recording = record(box, tmp_path / "trace", "tests.faults.disk.backup_work", name, str(box))
    chance = random.Random(SEED)
    found = list(states(recording, chance, 2 if LONG else 1))
    if not LONG:
        # What decides comes last: the manifest, the exchange of the record's files.
        end = found[-_AT_THE_END:]
        of_fate = ([state for state in found if state.fate is fate] for fate in Fate)
        found = [state for some in of_fate for state in chance.sample(some, min(_SHORT_EACH, len(some)))] + end
    for number, state in enumerate(found):
        folder = tmp_path / f"state-{number}"
        lay_out(state, box, folder)
        try:
            check(name, folder, state.acknowledged, before)
        except Exception as error:
            raise AssertionError(f"cut {state.cut}, {state.fate}, seed {SEED}: {error!r}") from error
        shutil.rmtree(folder)
    print(f"{name}: {len(found)} states")
    tally.injected(len(found))
    tally.acknowledged(len(before))
    tally.lost(0)
    assert {state.fate for state in found} == set(Fate)
