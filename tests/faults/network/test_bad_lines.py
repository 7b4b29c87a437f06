"""F-06, F-07, F-08: a peer that vanishes without a word, a line that is deaf one way, a line that crawls."""

import os
import secrets
import time

import pytest

from cloud.main import Hub
from shared.vocabulary import ImageKind
from tests.edge.sync.rig import metric
from tests.edge.sync.test_uploader import at_hub
from tests.faults.disk.box_work import photograph
from tests.faults.network.conftest import Site, report
from tests.support.hubs import eventually
from tests.support.network import Line
from tests.support.promises import Tally

pytestmark = pytest.mark.system

LONG = bool(os.environ.get("LONG"))
# NAT boxes forget a silent connection after ten minutes; what the short run waits is past every time-out here.
_HOLE_SECONDS = 600 if LONG else 2
_IMAGE_BYTES = 8_000_000 if LONG else 500_000


@pytest.mark.req("P-2", "I-03", "I-04", "I-08", "F-06")
@pytest.mark.timeout(900)
def test_a_peer_that_vanishes_without_a_word_is_noticed_and_its_return_needs_no_restart(
    site: Site, tally: Tally
) -> None:
    site.network.up = site.network.down = Line(silent=True)
    tally.injected(1)
    site.rig.append(40)
    eventually(lambda: not site.rig.link.status.online, 60)
    time.sleep(_HOLE_SECONDS)
    site.rig.append(40)
    site.heal(tally)


@pytest.mark.req("P-2", "I-04", "I-08", "F-07")
def test_a_line_that_loses_every_answer_makes_nothing_take_effect_twice(site: Site, hub: Hub, tally: Tally) -> None:
    site.network.down = Line(silent=True)
    tally.injected(1)
    before = site.rig.link.status.acknowledged_seq
    site.rig.append(60)
    eventually(lambda: len(site.rig.at_hub()) > before, 60)
    eventually(lambda: not site.rig.link.status.online, 60)
    assert site.rig.link.status.acknowledged_seq == before
    site.heal(tally)
    assert metric(hub, "medspa_hub_events_parked_total") == 0


@pytest.mark.req("P-2", "I-08", "F-07")
def test_a_line_that_loses_every_question_is_noticed(site: Site, tally: Tally) -> None:
    site.network.up = Line(silent=True)
    tally.injected(1)
    site.rig.append(60)
    eventually(lambda: not site.rig.link.status.online, 60)
    site.heal(tally)


@pytest.mark.req("I-08", "I-10", "F-08")
@pytest.mark.timeout(3000)
def test_events_pass_an_image_that_crawls_over_a_slow_line(site: Site, tally: Tally) -> None:
    rig = site.rig
    client = rig.record.new_client()
    image = photograph(rig.record, client, secrets.token_bytes(_IMAGE_BYTES))
    rig.wait_acknowledged()
    site.network.up = Line(bytes_per_second=8_000 if LONG else 25_000, delay_seconds=0.01)
    site.network.down = Line(delay_seconds=0.75)
    tally.injected(1)
    rig.uploader.start()
    eventually(lambda: part_of(site, image) > 0, 120)
    slowest = 0.0
    for _ in range(3):
        written = time.monotonic()
        rig.append(3)
        eventually(rig.acknowledged, 60)
        slowest = max(slowest, time.monotonic() - written)
        assert at_hub(rig, image) is None, "the image was to be still on its way"
    print(f"events arrived within {slowest:.1f} s while the image crawled")
    eventually(lambda: at_hub(rig, image) is not None, 2500)
    assert at_hub(rig, image) == rig.record.vault.sealed_bytes(image, ImageKind.ORIGINAL)
    eventually(rig.acknowledged, 60)
    report(rig, tally)


def part_of(site: Site, image: str) -> int:
    """Return how many bytes of an image the hub holds so far."""
    parts = list(site.rig.hub.settings.blobs_folder.rglob(f"{image}.part"))
    return parts[0].stat().st_size if parts else 0
