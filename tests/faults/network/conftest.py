import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cloud.main import Hub
from tests.edge.sync.rig import Rig, build
from tests.support.hubs import external_broker, hub_settings, running_hub
from tests.support.network import BadNetwork
from tests.support.promises import Tally
from tests.support.servers import free_port, mosquitto


@dataclass
class Site:
    """A box whose way to its hub leads over a bad network."""

    rig: Rig
    network: BadNetwork

    def heal(self, tally: Tally) -> None:
        """Heal the network, wait until nothing waits and both sides agree, and report it."""
        acknowledged = self.rig.link.status.acknowledged_seq
        self.network.heal()
        healed = time.monotonic()
        self.rig.wait_acknowledged()
        tally.converged(time.monotonic() - healed)
        tally.acknowledged(acknowledged)
        report(self.rig, tally)


def report(rig: Rig, tally: Tally) -> None:
    """Hold the hub's copy of the log to the box's."""
    here, there = rig.log(), rig.at_hub()
    tally.lost(len(set(here) - set(there)))
    tally.doubled(len(there) - len(set(there)))
    assert there == here


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("hub")
    settings = hub_settings(folder / "data", external_broker(folder / "broker"))
    with mosquitto(settings), running_hub(settings) as running:
        yield running


@pytest.fixture
def site(hub: Hub, tmp_path: Path) -> Iterator[Site]:
    rig = build(hub, tmp_path / "box")
    network = BadNetwork({free_port(): hub.settings.broker.port, free_port(): hub.settings.rpc.port})
    network.start()
    for relay, route in zip(rig.network._relays, network.routes, strict=True):
        relay.target_port = route.listen_port
    rig.link.start()
    rig.append(5)
    rig.wait_acknowledged()
    yield Site(rig, network)
    network.heal()
    rig.close()
    network.stop()
