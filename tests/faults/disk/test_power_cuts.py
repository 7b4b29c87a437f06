"""F-01: a power cut at every write and sync, rebuilt from what the real program did to its files."""

import os
import random
import shutil
from pathlib import Path

import pytest

from tests.faults.disk.states import Fate, State, lay_out, states
from tests.faults.disk.trace import record
from tests.faults.disk.workloads import WORKLOADS
from tests.support.promises import Tally

pytestmark = pytest.mark.system

LONG = bool(os.environ.get("LONG"))
SEED = int(os.environ.get("SEED", "1"))
_SHORT_EACH = 8
_RANDOM_EACH = 12 if LONG else 1


@pytest.mark.req("P-1", "I-01", "I-02", "I-14", "F-01", "F-15")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", sorted(WORKLOADS))
def test_no_power_cut_loses_what_was_acknowledged(name: str, tmp_path: Path, tally: Tally) -> None:
    box = tmp_path / "box"
    WORKLOADS[name].prepare(box)
    recording = record(box, tmp_path / "trace", "tests.faults.disk.workloads", name, str(box))
    chance = random.Random(SEED)
    found = _chosen(list(states(recording, chance, _RANDOM_EACH)), chance)
    for number, state in enumerate(found):
        folder = tmp_path / f"state-{number}"
        lay_out(state, box, folder)
        try:
            WORKLOADS[name].check(folder, state.acknowledged)
        except Exception as error:
            raise AssertionError(f"cut {state.cut}, {state.fate}, seed {SEED}: {error!r}") from error
        shutil.rmtree(folder)
        tally.acknowledged(len([line for line in state.acknowledged if line.startswith("seq ")]))
    tally.injected(len(found))
    tally.lost(0)
    tally.doubled(0)
    assert {state.fate for state in found} == set(Fate)


def _chosen(found: list[State], chance: random.Random) -> list[State]:
    """Return every state in the long run, else some of each fate."""
    if LONG:
        return found
    of_fate = ([state for state in found if state.fate is fate] for fate in Fate)
    return [state for some in of_fate for state in chance.sample(some, min(_SHORT_EACH, len(some)))]
