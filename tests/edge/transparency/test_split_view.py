"""One owner, one log key, two databases: what one clinic is shown is not what the other is."""

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from typer.testing import CliRunner

from cloud.config import HubSettings
from cloud.main import Hub
from cloud.storage.database import Database
from cloud.storage.tables import events
from edge.transparency.gossip import HeadFolder
from edge.transparency.watch import HubLogState, WatchRules
from shared.cli import build_app
from shared.events.catalogue.log import HeadVerified, HubRewroteHistory
from tests.edge.transparency.watched import Watched, rewrite_in_full
from tests.support.hubs import TENANT, hub_settings, running_hub
from tests.support.promises import Tally

pytestmark = [
    pytest.mark.system,
    pytest.mark.req("I-14"),
    # The embedded broker leaves connections that were reset to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
RULES = WatchRules(every_seconds=3600, random_events=0, sweep_events=40)


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    yield
    gc.collect()


class Owner:
    """Runs a hub honestly for the first clinic's box, and from a copy, rewritten, for the second's."""

    def __init__(self, folder: Path) -> None:
        self.honest, self.fork = hub_settings(folder / "hub"), hub_settings(folder / "fork")
        with running_hub(self.honest) as hub:
            self.first = Watched(hub, folder / "one", RULES)
            self.first.send(30)
        shutil.copytree(folder / "hub", folder / "fork")
        # A row of the first clinic's log is other than it was, and the copy's tree is that of its rows.
        copy = Database(self.fork.effective_database_url)
        rewrite_in_full(copy, edit=7)
        copy.close()


def meet(box: Watched, folder: Path) -> None:
    """Let a box exchange heads through a folder."""
    identity = box.rig.record.store.identity
    box.watch.exchange(HeadFolder(folder, identity.device, identity.tenant))


def second_box(hub: Hub, folder: Path) -> Watched:
    made = Watched(hub, folder, RULES)
    made.send(5)
    return made


def test_two_clinics_shown_two_histories_notice_by_a_folder_that_the_hub_has_no_hand_in(
    tmp_path: Path, tally: Tally
) -> None:
    owner, shared = Owner(tmp_path), tmp_path / "shared"
    shared.mkdir()
    meet(owner.first, shared)
    with running_hub(owner.honest):
        assert owner.first.watch.check().state is HubLogState.VERIFIED
    with running_hub(owner.fork) as fork:
        second = second_box(fork, tmp_path / "two")
        assert second.watch.check().state is HubLogState.VERIFIED  # alone it cannot know
        meet(second, shared)
        tally.injected(1)
        status = second.watch.check()
        assert status.state is HubLogState.REWRITTEN
        assert owner.first.rig.record.store.identity.device in status.sentence
        (alarm,) = second.told(HubRewroteHistory.event_type)
        assert alarm["reason"] == "two_histories"
        assert alarm["shown"]["signature"]
    # Its own clinic is warned, too, as soon as it reads what the second was shown.
    other = HeadFolder(shared, second.rig.record.store.identity.device, TENANT)
    other.put(second.watch.seen_heads())
    with running_hub(owner.honest):
        assert owner.first.watch.check().state is HubLogState.REWRITTEN
    owner.first.close()
    second.close()


def test_files_of_two_clinics_prove_the_split_with_no_hub_and_no_box(tmp_path: Path, tally: Tally) -> None:
    owner, files = Owner(tmp_path), []
    for settings, name in ((owner.honest, "one"), (owner.fork, "two")):
        with running_hub(settings) as hub:
            box = owner.first if name == "one" else Watched(hub, tmp_path / name, RULES)
            assert box.watch.check().state is HubLogState.VERIFIED
            file = tmp_path / f"{name}.heads.json"
            file.write_text(box.watch.seen_heads().to_text())
            files.append(str(file))
            box.close()
    tally.injected(1)
    told = CliRunner().invoke(build_app("none"), ["compare-heads", *files])
    assert told.exit_code == 1, told.output
    assert "two histories" in told.output
    same = CliRunner().invoke(build_app("none"), ["compare-heads", files[0], files[0]])
    assert (same.exit_code, "CONTRADICTION" in same.output) == (0, False)


def test_a_fork_that_hands_on_what_the_other_clinic_reported_is_noticed_without_any_folder(
    tmp_path: Path, tally: Tally
) -> None:
    owner = Owner(tmp_path)
    with running_hub(owner.honest):
        assert owner.first.watch.check().state is HubLogState.VERIFIED
        owner.first.rig.wait_acknowledged()
    carry_report(owner.honest, owner.fork)
    with running_hub(owner.fork) as fork:
        second = second_box(fork, tmp_path / "two")
        tally.injected(1)
        assert second.watch.check().state is HubLogState.REWRITTEN
        (alarm,) = second.told(HubRewroteHistory.event_type)
        assert alarm["reason"] == "two_histories"
        second.close()
    owner.first.close()


def test_an_honest_hub_s_clinics_agree_by_report_and_by_folder(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    with running_hub(hub_settings(tmp_path / "hub")) as hub:
        boxes = [Watched(hub, tmp_path / name, RULES) for name in ("one", "two")]
        for box in boxes * 2:
            meet(box, shared)
            box.send(7)
            assert box.watch.check().state is HubLogState.VERIFIED
            box.rig.wait_acknowledged()
        assert len(boxes[1].client.shown().seen) == 1
        assert len(list(shared.iterdir())) == 2
        (shared / "rubbish.heads.json").write_text("{")
        assert boxes[0].watch.check().state is HubLogState.VERIFIED
        shutil.rmtree(shared)
        assert boxes[0].watch.check().state is HubLogState.VERIFIED
        for box in boxes:
            box.close()


def carry_report(honest: HubSettings, fork: HubSettings) -> None:
    """Take the first clinic's report over into the fork, which keeps what it has rewritten."""
    source, target = Database(honest.effective_database_url), Database(fork.effective_database_url)
    with source.read(TENANT) as connection:
        query = select(events).where(events.c.type == HeadVerified.event_type)
        rows = [row._asdict() for row in connection.execute(query)]
    assert len(rows) == 1
    with target.write(TENANT) as connection:
        connection.execute(insert(events).values(rows))
    rewrite_in_full(target)
    source.close()
    target.close()
