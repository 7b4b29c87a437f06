"""A record that was there and is gone is never replaced by an empty one (Frigate #7838 began like that)."""

import json
from pathlib import Path

import pytest

from edge.config import StoreSettings
from edge.record import RECORD_FILE, Record, open_record
from edge.store.errors import RecordMissing
from shared.events.catalogue.system import BoxStarted
from shared.events.envelope import EventDraft
from shared.ids import Uuid7Source
from tests.support.clocks import ManualClock


@pytest.fixture
def settings(tmp_path: Path) -> StoreSettings:
    """An enrolled box that never ran."""
    (tmp_path / "data").mkdir()
    who = {"tenant": "tenant-a", "location": "clinic-1", "device": "box-1"}
    (tmp_path / "data" / "identity.json").write_text(json.dumps(who))
    return StoreSettings(folder=tmp_path / "data", keys_folder=tmp_path / "keys", reserve_bytes=1 << 20)


def opened(settings: StoreSettings) -> Record:
    clock = ManualClock()
    return open_record(settings, clock, Uuid7Source(clock))


def test_the_first_start_makes_a_record_and_later_ones_go_on_with_it(settings: StoreSettings) -> None:
    record = opened(settings)
    record.store.append([EventDraft("box/box-1", BoxStarted(software="1", clean=True), "box", "operation")])
    record.store.close()
    again = opened(settings)
    assert again.store.head().seq == 1
    assert set(again.keys.secrets()) == {"client-wrapping.1", "database", "log-head"}
    again.store.close()


@pytest.mark.parametrize("emptied", [False, True])
def test_a_record_that_is_gone_is_named_and_not_begun_anew(settings: StoreSettings, *, emptied: bool) -> None:
    opened(settings).store.close()
    path = settings.folder / RECORD_FILE
    image = settings.folder / "vault" / "original" / "ab" / "abcd"
    image.parent.mkdir(parents=True, exist_ok=True)
    image.write_bytes(b"sealed")
    path.unlink()
    if emptied:
        path.touch()
    with pytest.raises(RecordMissing, match="put it back from a backup"):
        opened(settings)
    assert not path.exists() or path.stat().st_size == 0
    assert image.read_bytes() == b"sealed"


def test_a_start_that_was_cut_before_there_was_a_record_begins_again(settings: StoreSettings) -> None:
    (settings.folder / RECORD_FILE).touch()
    opened(settings).store.close()
    assert (settings.folder / RECORD_FILE).stat().st_size > 0
