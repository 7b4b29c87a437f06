"""F-04: the broker restarted while batches are in flight; it keeps nothing, so each restart wipes it."""

import os
import random
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.edge.sync.rig import build
from tests.faults.network.conftest import report
from tests.support.hubs import eventually, external_broker, hub_settings, running_hub
from tests.support.promises import Tally
from tests.support.servers import mosquitto

pytestmark = pytest.mark.system

RESTARTS = 40 if os.environ.get("LONG") else 3
SEED = int(os.environ.get("SEED", "1"))


@pytest.mark.req("P-2", "I-03", "I-04", "I-05", "I-08", "F-04")
@pytest.mark.timeout(120 + 30 * RESTARTS)
def test_a_broker_that_forgets_everything_in_flight_costs_no_event(tmp_path: Path, tally: Tally) -> None:
    chance = random.Random(SEED)
    settings = hub_settings(tmp_path / "hub", external_broker(tmp_path / "broker"))
    with ExitStack() as broker:
        broker.enter_context(mosquitto(settings))
        with running_hub(settings) as hub:
            rig = build(hub, tmp_path / "box")
            rig.link.start()
            for _ in range(RESTARTS):
                rig.append(50)
                time.sleep(chance.uniform(0.0, 0.3))
                tally.acknowledged(rig.link.status.acknowledged_seq)
                broker.close()
                rig.append(50)
                broker.enter_context(mosquitto(settings))
            healed = time.monotonic()
            eventually(rig.acknowledged, 90)
            tally.converged(time.monotonic() - healed)
            tally.injected(RESTARTS)
            report(rig, tally)
            rig.close()
