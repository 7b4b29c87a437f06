"""A wanted configuration is taken over whole, on trial, and taken back by itself when it does harm."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge.config import EdgeSettings
from edge.twin import files as files_module
from edge.twin.files import TwinFiles
from edge.twin.keeper import MAX_STARTS, TwinKeeper, open_twin
from edge.twin.rules import CHANGEABLE, ConfigurationRefused, digest, overlaid
from shared.events.catalogue.twin import ConfigurationDesired, ConfigurationReported, TwinState, Value
from shared.events.envelope import GENESIS_HASH, Event, EventDraft
from shared.ids import DeviceId
from tests.support.clocks import ManualClock
from tests.support.hubs import eventually

OWN = EdgeSettings(clinic={"name": "Own"})


@dataclass
class Box:
    """The twin of one box through several starts."""

    folder: Path
    clock: ManualClock = field(default_factory=ManualClock)
    healthy: bool = True
    restarts: int = 0
    recorded: list[ConfigurationReported] = field(default_factory=list)

    def start(self) -> TwinKeeper:
        files = TwinFiles(self.folder)
        self.opening = open_twin(OWN, files)
        keeper = TwinKeeper(
            OWN, self.opening, files, DeviceId("box-1"), clock=self.clock, healthy=lambda: self.healthy,
            record=self._record, restart=self._restart,
        )  # fmt: skip
        keeper.start()
        return keeper

    def name(self) -> str:
        return self.opening.settings.clinic.name

    def _record(self, drafts: list[EventDraft]) -> None:
        self.recorded += [draft.payload for draft in drafts]

    def _restart(self) -> None:
        self.restarts += 1


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path / "twin")


def wish(version: int, values: dict[str, Value], device: str = "box-1", deadline: int = 60) -> Event:
    payload = ConfigurationDesired(device=device, version=version, values=values, deadline_seconds=deadline)
    return Event.seal_in_chain(
        {
            "id": "01890000-0000-7000-8000-000000000000", "tenant": "t", "location": "l", "device": "hub",
            "epoch": "0" * 16, "seq": 1, "prev_hash": GENESIS_HASH, "aggregate": "twin/box-1", "version": 1,
            "hlc": "0" * 16, "wall_time": "2026-03-01T09:00:00+00:00", "clock_quality": "synchronised",
            "type": payload.event_type, "schema_version": 1, "actor": "hub", "purpose": "operation",
            "sensitivity": "operational", "payload": payload.model_dump(mode="json"),
        }
    )  # fmt: skip


def restarted(box: Box, keeper: TwinKeeper, times: int = 1) -> TwinKeeper:
    eventually(lambda: box.restarts >= times)
    keeper.stop()
    return box.start()


def states(box: Box) -> list[tuple[int, str]]:
    return [(report.version, report.state) for report in box.recorded]


def test_a_wish_is_on_trial_after_a_restart_and_stays_when_the_box_is_healthy(box: Box) -> None:
    keeper = box.start()
    assert keeper.answer(wish(1, {"clinic.name": "Harbour", "hub.keepalive_seconds": 20})) == []
    keeper = restarted(box, keeper)
    assert (box.name(), box.opening.settings.hub.keepalive_seconds) == ("Harbour", 20)
    eventually(lambda: states(box) == [(1, "applied")])
    keeper.stop()
    assert box.recorded[0].digest == digest(box.opening.settings)
    box.start().stop()
    assert box.name() == "Harbour"
    assert box.opening.trial is None


@pytest.mark.req("F-22")
def test_a_box_that_does_not_become_healthy_in_time_goes_back_by_itself(box: Box) -> None:
    keeper = box.start()
    keeper.answer(wish(1, {"hub.mqtt_port": 9}))
    box.healthy = False
    keeper = restarted(box, keeper)
    assert box.opening.settings.hub.mqtt_port == 9
    box.clock.advance(61)
    keeper = restarted(box, keeper, 2)
    assert box.opening.settings.hub.mqtt_port == OWN.hub.mqtt_port
    eventually(lambda: states(box) == [(1, "rolled_back")])
    keeper.stop()
    assert "60 seconds" in box.recorded[0].reason


def test_a_configuration_that_crashes_the_box_at_every_start_is_dropped(box: Box) -> None:
    box.healthy = False
    keeper = box.start()
    keeper.answer(wish(1, {"hub.mqtt_port": 9}))
    keeper.stop()
    for _ in range(MAX_STARTS):
        assert open_twin(OWN, TwinFiles(box.folder)).settings.hub.mqtt_port == 9
    keeper = box.start()
    assert box.opening.settings.hub.mqtt_port == OWN.hub.mqtt_port
    eventually(lambda: states(box) == [(1, "rolled_back")])
    keeper.stop()


@pytest.mark.req("F-22")
def test_a_thousand_wishes_for_what_is_so_already_restart_nothing(box: Box) -> None:
    keeper = box.start()
    for version in range(1, 1001):
        assert keeper.answer(wish(version, {"clinic.name": "Own"})) == []
    eventually(lambda: (1000, "unchanged") in states(box))
    keeper.stop()
    assert box.restarts == 0
    assert TwinFiles(box.folder).in_force().version == 1000


@pytest.mark.parametrize(
    "values",
    [
        {"store.folder": "/elsewhere"},
        {"http.port": 80},
        {"hub.keepalive_seconds": 0},
        {"clinic.name": ""},
        {"log_level": "loud"},
        {"nonsense": 1},
        {"hub.mqtt_port": 99, "analysis.budget_threads": -1},
    ],
)
def test_a_wish_with_anything_wrong_in_it_changes_nothing_and_says_why(values: dict[str, Value], box: Box) -> None:
    keeper = box.start()
    drafts = keeper.answer(wish(1, values))
    keeper.stop()
    report = drafts[0].payload
    assert isinstance(report, ConfigurationReported)
    assert (report.state, report.digest) == (TwinState.REFUSED, digest(OWN))
    assert report.reason
    assert TwinFiles(box.folder).trial() is None
    assert box.restarts == 0


def test_wishes_for_other_boxes_and_older_ones_are_not_ours(box: Box) -> None:
    keeper = box.start()
    keeper.answer(wish(3, {"clinic.name": "Three"}))
    assert keeper.answer(wish(2, {"clinic.name": "Two"})) == []
    assert keeper.answer(wish(4, {"clinic.name": "Four"}, device="box-2")) == []
    keeper = restarted(box, keeper)
    keeper.stop()
    assert box.name() == "Three"


class PowerCut(Exception):
    """The process ends here."""


@pytest.mark.req("F-22")
@pytest.mark.parametrize("step", range(1, 12))
def test_a_crash_at_any_step_leaves_one_whole_configuration(
    step: int, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = step

    def counted(function: Callable[..., None]) -> Callable[..., None]:
        def run(*arguments: object, **named: object) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise PowerCut
            function(*arguments, **named)

        return run

    for name in ("write_durably", "sync_folder"):
        monkeypatch.setattr(files_module, name, counted(getattr(files_module, name)))
    for _ in range(4):
        try:
            files = TwinFiles(box.folder)
            opening = open_twin(OWN, files)
            keeper = TwinKeeper(
                OWN, opening, files, DeviceId("box-1"), clock=box.clock, healthy=lambda: True,
                record=box._record, restart=box._restart,
            )  # fmt: skip
            keeper.answer(wish(1, {"clinic.name": "Harbour", "hub.mqtt_port": 99}))
            keeper._report_outcome()
            if opening.trial is not None:
                keeper._judge(opening.trial)
        except PowerCut:
            continue
        found = opening.settings
        assert (found.clinic.name, found.hub.mqtt_port) in {("Own", 8401), ("Harbour", 99)}
    assert TwinFiles(box.folder).in_force().version == 1
    assert open_twin(OWN, TwinFiles(box.folder)).settings.clinic.name == "Harbour"


def test_a_configuration_in_force_that_no_longer_fits_does_not_keep_the_box_from_starting(box: Box) -> None:
    kept = files_module.Configuration(version=7, values={"setting.of_former_software": 1})
    report = ConfigurationReported(version=7, state=TwinState.APPLIED, digest="0" * 64)
    TwinFiles(box.folder).settle(report, kept)
    TwinFiles(box.folder).reported()
    keeper = box.start()
    assert box.opening.settings == OWN
    eventually(lambda: states(box) == [(7, "refused")])
    keeper.stop()


def test_only_names_that_exist_are_changeable() -> None:
    for name in CHANGEABLE:
        section: object = OWN
        for part in name.split("."):
            section = getattr(section, part)


def test_the_boxes_own_file_still_rules_what_the_hub_does_not_name() -> None:
    assert overlaid(OWN, {"log_level": "debug"}).clinic.name == "Own"
    with pytest.raises(ConfigurationRefused):
        overlaid(OWN, {"clinic.timezone": "UTC"})
