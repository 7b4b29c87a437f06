import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cloud.main import Hub
from tests.edge.sync.rig import Rig, build
from tests.support.hubs import external_broker, hub_settings, running_hub
from tests.support.servers import mosquitto


@pytest.fixture(scope="session", params=["amqtt", "mosquitto"])
def hub(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("hub")
    if request.param == "amqtt":
        with running_hub(hub_settings(folder)) as running:
            yield running
    else:
        settings = hub_settings(folder / "data", external_broker(folder / "broker"))
        with mosquitto(settings), running_hub(settings) as running:
            yield running


@pytest.fixture
def make_rig(hub: Hub, tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    made: list[Rig] = []

    def make(**arguments: object) -> Rig:
        made.append(build(hub, tmp_path / f"box-{len(made)}", **arguments))
        return made[-1]

    yield make
    for rig in made:
        rig.close()


@pytest.fixture
def rig(make_rig: Callable[..., Rig]) -> Rig:
    return make_rig()


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Collect what the embedded broker leaves open while this test's warning filter still holds."""
    yield
    gc.collect()
