"""Damage is found, named and mended; a box never starts empty and never deletes images for lack of rows."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.backup.daily import DailyCare
from edge.backup.damage import Healer, examine
from edge.config import EdgeSettings, HubLinkSettings
from edge.keys.certificate import BoxCertificate
from edge.record import DAMAGED_MARKER, Record, mark_damaged, open_record
from edge.store.check import Problem
from edge.store.database import Database
from edge.store.errors import RecordMissing, StorageBroken
from edge.store.schema import migrate
from shared.clock import SystemClock
from shared.crypto.pki import Member
from shared.ids import Uuid7Source
from shared.vocabulary import ImageKind
from tests.edge.backup.rig import BackedUp
from tests.edge.backup.test_restore import HeldEvents
from tests.support.certificates import authority_of, certified
from tests.support.damage import flipped
from tests.support.promises import Tally
from tests.support.servers import free_port
from tests.support.versions import newer_software

PAGE = 4096


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[BackedUp]:
    """A box of 3 + 400 events and one image, backed up after 200."""
    box = BackedUp(tmp_path)
    (box.settings.folder / "identity.json").write_text(
        '{"tenant": "tenant-a", "location": "clinic-1", "device": "box-1"}'
    )
    box.photograph(box.record.new_client())
    box.append(200)
    box.back_up()
    box.append(200)
    box.record.keys.mark_record_begun()
    identity = box.record.store.identity
    member = Member(identity.tenant, identity.location, identity.device)
    BoxCertificate(box.record.keys.sealed).replace(certified(authority_of(tmp_path / "hub", member), member))
    box.record.store.close()
    yield box
    box.record.store.close()


def settings_of(box: BackedUp, *, backup: bool = True) -> EdgeSettings:
    """A hub that nobody runs, and the backup folder, unless there is none."""
    store = box.settings.model_copy(update={"backup_folder": box.target if backup else None})
    return EdgeSettings(store=store, hub=HubLinkSettings(rpc_port=free_port()))


def pages(box: BackedUp) -> int:
    return box.path.stat().st_size // PAGE


def flip(path: Path, at: int) -> None:
    content = path.read_bytes()
    path.write_bytes(flipped(content[: at + 1]) + content[at + 1 :])


def first_page(box: BackedUp) -> None:
    flip(box.path, 100)


def middle_page(box: BackedUp) -> None:
    flip(box.path, pages(box) // 2 * PAGE + 500)


def last_page(box: BackedUp) -> None:
    flip(box.path, (pages(box) - 1) * PAGE + 500)


def emptied(box: BackedUp) -> None:
    box.path.write_bytes(b"")


def missing(box: BackedUp) -> None:
    box.path.unlink()


def cut(box: BackedUp) -> None:
    content = box.path.read_bytes()
    box.path.write_bytes(content[: len(content) // 2 // PAGE * PAGE])


DAMAGES = [first_page, middle_page, last_page, emptied, missing, cut]


@pytest.mark.req("F-19", "I-14")
@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found_named_and_restored_from_backup_and_hub(
    kept: BackedUp, damage: Callable[[BackedUp], None], monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    kept.reopen()
    log = kept.log()
    held = [event for end in kept.record.store.epochs() for event in kept.record.store.read(0, 10_000, end.epoch)]
    kept.record.store.close()
    assert examine(kept.settings, full=True) is None
    damage(kept)
    problem = examine(kept.settings, full=True)
    assert problem is not None
    assert problem.sentence
    tally.injected(1)
    tally.acknowledged(len(log))
    monkeypatch.setattr("edge.backup.damage.HubHistory", lambda _channel: HeldEvents(held))
    report = Healer(settings_of(kept), SystemClock()).heal(full=True)
    assert report is not None
    kept.reopen()
    assert kept.log()[:-1] == log
    tally.lost(len(set(log) - set(kept.log())))
    assert kept.record.store.verify().intact
    assert len(kept.record.vault.names(ImageKind.ORIGINAL)) == 1
    kept.record.store.close()
    assert examine(kept.settings, full=True) is None
    assert Healer(settings_of(kept), SystemClock()).heal() is None


@pytest.mark.req("F-19")
@pytest.mark.parametrize("damage", DAMAGES)
def test_with_nothing_to_restore_from_a_damaged_box_says_so_and_changes_nothing(
    kept: BackedUp, damage: Callable[[BackedUp], None]
) -> None:
    damage(kept)
    before = kept.path.read_bytes() if kept.path.exists() else None
    images = sorted(kept.settings.folder.rglob("vault/*/*/*"))
    with pytest.raises((StorageBroken, RecordMissing), match="medspa edge restore"):
        Healer(settings_of(kept, backup=False), SystemClock()).heal(full=True)
    shutil.rmtree(kept.target)
    with pytest.raises((StorageBroken, RecordMissing), match="no backup"):
        Healer(settings_of(kept), SystemClock()).heal(full=True)
    assert (kept.path.read_bytes() if kept.path.exists() else None) == before
    assert sorted(kept.settings.folder.rglob("vault/*/*/*")) == images


@pytest.mark.req("F-19")
def test_without_the_hub_a_box_waits_rather_than_go_on_from_less_than_it_had(kept: BackedUp) -> None:
    missing(kept)
    with pytest.raises(Exception, match="wait for the hub"):
        Healer(settings_of(kept), SystemClock()).heal()
    assert not kept.path.exists()


@pytest.mark.req("F-19")
def test_without_the_hub_a_box_goes_on_when_all_it_had_can_still_be_read(kept: BackedUp) -> None:
    kept.reopen()
    log = kept.log()
    kept.record.store.close()
    mark_damaged(kept.settings.folder, Problem("pages_damaged", "found yesterday"))
    report = Healer(settings_of(kept), SystemClock()).heal()
    assert report is not None
    assert report.salvaged == 200
    assert not (kept.settings.folder / DAMAGED_MARKER).exists()
    kept.reopen()
    assert kept.log()[:-1] == log


@pytest.mark.req("F-19", "I-02")
def test_a_write_ahead_log_damaged_in_the_middle_is_not_taken_for_a_torn_one(kept: BackedUp, tmp_path: Path) -> None:
    kept.reopen()
    for _ in range(20):
        kept.append(1)
    copy = BackedUp(tmp_path / "copy")
    copy.record.store.close()
    shutil.rmtree(tmp_path / "copy")
    shutil.copytree(kept.folder, tmp_path / "copy", ignore=shutil.ignore_patterns("copy"))  # as the power went off
    wal = copy.path.with_name("record.db-wal")
    assert examine(copy.settings) is None or wal.exists()
    shutil.copy(kept.path.with_name("record.db-wal"), wal)
    shutil.copy(kept.path, copy.path)
    copy.path.with_name("record.db-shm").unlink(missing_ok=True)
    frame = 24 + PAGE
    whole = wal.read_bytes()
    assert len(whole) > 20 * frame
    wal.write_bytes(whole[: len(whole) - frame // 2])  # a torn last frame is no damage
    assert examine(copy.settings) is None
    shutil.copy(kept.path, copy.path)
    wal.write_bytes(whole)
    flip(wal, 32 + 4 * frame + 300)
    problem = examine(copy.settings)
    assert problem is not None
    assert problem.code == "wal_damaged"


@pytest.mark.req("F-18", "I-15")
def test_a_record_of_newer_software_is_never_taken_for_a_damaged_one(kept: BackedUp) -> None:
    kept.reopen()
    kept.record.store.close()
    with newer_software(("ALTER TABLE head RENAME COLUMN mac TO seal",)):
        database = Database(kept.path, kept.record.keys.database())
        migrate(database)
        database.close()
    before = kept.path.read_bytes()
    assert Healer(settings_of(kept), SystemClock()).heal() is None
    assert Healer(settings_of(kept), SystemClock()).heal(full=True) is None
    assert kept.path.read_bytes() == before
    with pytest.raises(StorageBroken, match="update this box"):
        open_record(kept.settings, SystemClock(), Uuid7Source(SystemClock()))


@pytest.mark.req("F-19", "I-14")
@pytest.mark.parametrize("statement", ["UPDATE head SET seq = 3", "DELETE FROM head", "UPDATE head SET mac = 'x'"])
def test_a_forged_or_lost_end_of_the_log_is_named_at_open(kept: BackedUp, statement: str) -> None:
    kept.reopen()
    kept.record.store._database.write(lambda connection: connection.execute(statement))
    kept.record.store.close()
    problem = examine(kept.settings)
    assert problem is not None
    assert problem.code == "log_head_damaged"


@pytest.fixture
def opened(kept: BackedUp) -> Iterator[Record]:
    clock = SystemClock()
    record = open_record(kept.settings, clock, Uuid7Source(clock))
    yield record
    record.store.close()


def care_of(box: BackedUp, record: Record, history: HeldEvents | None = None, *, backup: bool = True) -> DailyCare:
    return DailyCare(settings_of(box, backup=backup).store, record, history or HeldEvents([]), SystemClock(), "test")


@pytest.mark.req("F-19")
def test_the_daily_round_checks_and_backs_up_while_the_box_runs(kept: BackedUp, opened: Record) -> None:
    care = care_of(kept, opened)
    care.step()
    state = care.state
    assert (state.problems, state.backup_problem) == ((), None)
    assert state.checked_at is not None
    assert state.backed_up_at is not None
    assert kept.backup_folder().require().events == opened.store.head().seq


@pytest.mark.req("F-19")
@pytest.mark.parametrize("damage", [middle_page, last_page])
def test_the_daily_round_finds_damaged_pages_says_what_to_do_and_the_next_start_mends_them(
    kept: BackedUp, opened: Record, damage: Callable[[BackedUp], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = opened.store.read(0, 10_000)
    opened.store._database.write(lambda _connection: None)
    damage(kept)
    care = care_of(kept, opened)
    care.step()
    (problem, *_) = care.state.problems
    assert "damaged" in problem.sentence
    assert "Restart the box" in problem.sentence
    assert care.state.backed_up_at is None
    opened.store.close()
    monkeypatch.setattr("edge.backup.damage.HubHistory", lambda _channel: HeldEvents(held))
    assert Healer(settings_of(kept), SystemClock()).heal() is not None
    kept.reopen()
    assert len(kept.log()) == len(held) + 1


@pytest.mark.req("F-19")
def test_a_damaged_image_is_put_back_from_the_backup_or_the_hub_and_kept_aside(kept: BackedUp, opened: Record) -> None:
    (name,) = opened.vault.names(ImageKind.ORIGINAL)
    path = opened.vault.path(name, ImageKind.ORIGINAL)
    whole = path.read_bytes()
    path.write_bytes(flipped(whole))
    care_of(kept, opened).step()
    assert path.read_bytes() == whole
    path.write_bytes(flipped(whole))
    kept.backup_folder().image_path(name, ImageKind.ORIGINAL).unlink()
    care = care_of(kept, opened, HeldEvents([], {name: whole}))
    care.step()
    assert path.read_bytes() == whole
    assert care.state.mended == 1
    kept.backup_folder().image_path(name, ImageKind.ORIGINAL).unlink()
    path.write_bytes(flipped(whole))
    lost = care_of(kept, opened)
    lost.step()
    assert [problem.code for problem in lost.state.problems] == ["images_damaged"]
    assert path.exists()
    assert (kept.settings.folder / "vault" / "damaged" / name).exists()


def test_the_nightly_backup_goes_on_only_where_one_was_begun(kept: BackedUp, opened: Record) -> None:
    shutil.rmtree(kept.target)
    care = care_of(kept, opened)
    care.step()
    assert care.state.backup_problem is not None
    assert "plugged in" in care.state.backup_problem.sentence
    assert not kept.target.exists()
