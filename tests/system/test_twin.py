"""A box takes over what its hub wants, and comes back by itself from a configuration that cuts it off."""

import json

import pytest

from shared.demo.processes import run_medspa
from tests.support.hubs import eventually
from tests.support.promises import Tally
from tests.system.conftest import Clinic


def configure(clinic: Clinic, *values: str) -> None:
    device = json.loads((clinic.setting.folder / "edge" / "data" / "identity.json").read_text())["device"]
    options = ("-c", str(clinic.setting.hub_config), "--tenant", "demo-chain", "--deadline-seconds", "12")
    run_medspa("hub", "configure", *options, device, *values)


def reported(clinic: Clinic, version: int, state: str) -> bool:
    shown = run_medspa("hub", "twins", "-c", str(clinic.setting.hub_config), "--tenant", "demo-chain")
    return any(row[3:5] == [str(version), state] for row in map(_cells, shown.splitlines()) if len(row) > 5)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("│┃").split("│")]


@pytest.mark.system
@pytest.mark.req("I-08", "F-22")
@pytest.mark.timeout(300)
def test_box_applies_a_wish_and_takes_back_one_that_cuts_it_off_from_its_hub(clinic: Clinic, tally: Tally) -> None:
    process = clinic.box.process.pid
    configure(clinic, "hub.keepalive_seconds=7", "log_level=debug")
    eventually(lambda: reported(clinic, 1, "applied"), 90)
    configure(clinic, "hub.keepalive_seconds=7", "log_level=debug")
    eventually(lambda: reported(clinic, 2, "unchanged"), 90)
    configure(clinic, "hub.mqtt_port=9")
    eventually(lambda: reported(clinic, 3, "rolled_back"), 120)
    tally.injected(1)
    assert clinic.box.process.poll() is None
    assert clinic.box.process.pid == process
