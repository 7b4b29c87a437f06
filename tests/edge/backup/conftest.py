from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edge.backup.rig import BackedUp


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BackedUp]:
    box = BackedUp(tmp_path)
    yield box
    box.record.store.close()
