"""A box starts with a sound record or says why not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge import starting
from edge.config import EdgeSettings
from edge.keys.certificate import BoxCertificate
from edge.record import mark_damaged, open_record
from edge.starting import open_sound
from edge.store.check import Problem
from edge.store.errors import StorageBroken
from shared.clock import SystemClock
from shared.crypto.pki import Member
from shared.errors import MedSpaError
from shared.ids import Uuid7Source
from tests.edge.backup.rig import BackedUp
from tests.support.certificates import authority_of, certified
from tests.support.records import IDENTITY
from tests.support.servers import free_port


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BackedUp]:
    box = BackedUp(tmp_path)
    identity = '{"tenant": "tenant-a", "location": "clinic-1", "device": "box-1"}'
    (box.settings.folder / "identity.json").write_text(identity)
    box.append(30)
    box.back_up()
    box.record.keys.mark_record_begun()
    member = Member(IDENTITY.tenant, IDENTITY.location, IDENTITY.device)
    BoxCertificate(box.record.keys.sealed).replace(certified(authority_of(tmp_path / "hub", member), member))
    box.record.store.close()
    yield box
    box.record.store.close()


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the pages said, without waiting for anybody to read it."""
    sentences: list[str] = []
    monkeypatch.setattr(starting, "serve_out_of_order", lambda error, *_: sentences.append(error.sentence))
    return sentences


def settings_of(box: BackedUp, *, backup: bool) -> EdgeSettings:
    store = box.settings.model_copy(update={"backup_folder": box.target if backup else None})
    return EdgeSettings.model_validate({"store": store, "hub": {"rpc_port": free_port()}})


def events_of(settings: EdgeSettings) -> int:
    clock = SystemClock()
    record = open_record(settings.store, clock, Uuid7Source(clock))
    try:
        return int(record.store.rows("SELECT count(*) FROM events")[0][0])
    finally:
        record.store.close()


def test_a_sound_box_is_opened_as_it_is(box: BackedUp, said: list[str]) -> None:
    settings = settings_of(box, backup=True)
    assert open_sound(settings, lambda: events_of(settings)) == 30
    assert said == []


@pytest.mark.req("F-19")
def test_a_box_found_damaged_yesterday_restores_itself_and_opens(box: BackedUp, said: list[str]) -> None:
    settings = settings_of(box, backup=True)
    mark_damaged(settings.store.folder, Problem("pages_damaged", "found yesterday"))
    assert open_sound(settings, lambda: events_of(settings)) == 31
    assert open_sound(settings, lambda: events_of(settings)) == 31
    assert said == []


@pytest.mark.req("F-19")
def test_damage_that_shows_only_when_the_box_opens_is_restored_too(box: BackedUp, said: list[str]) -> None:
    settings = settings_of(box, backup=True)
    page = 4096
    content = bytearray(box.path.read_bytes())
    for number in range(2, len(content) // page - 2):
        content[number * page + 300] ^= 1
    tries = 0

    def make() -> int:
        nonlocal tries
        tries += 1
        if tries == 1:
            box.path.write_bytes(content)
            raise StorageBroken("store_broken", "the database refused")
        return events_of(settings)

    with pytest.raises(MedSpaError, match="hub"):  # what was damaged cannot be read: only the hub could tell the rest
        open_sound(settings, make)
    assert "wait for the hub" in said[0]
    assert box.path.read_bytes() == content


@pytest.mark.req("F-19")
def test_a_damaged_box_that_cannot_be_restored_says_so_on_its_pages(box: BackedUp, said: list[str]) -> None:
    settings = settings_of(box, backup=False)
    box.path.write_bytes(b"")
    with pytest.raises(MedSpaError, match="gone or empty"):
        open_sound(settings, lambda: events_of(settings))
    assert "medspa edge restore" in said[0]


def test_a_box_that_is_not_enrolled_is_told_so_at_once(tmp_path: Path, said: list[str]) -> None:
    settings = EdgeSettings.model_validate({"store": {"folder": tmp_path / "data", "keys_folder": tmp_path / "keys"}})
    with pytest.raises(MedSpaError, match="enrol"):
        open_sound(settings, lambda: events_of(settings))
    assert said == []
