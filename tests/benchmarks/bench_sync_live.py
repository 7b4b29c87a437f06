"""The live path, append to acknowledged, against a bare publish of the same size until its PUBACK."""

import statistics
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import paho.mqtt.client as paho

from shared.wire.topics import PRESENCE, topic
from tests.benchmarks.sync_site import Site, running_site
from tests.edge.sync.rig import Rig, build
from tests.support.box import FakeBox, MqttBox
from tests.support.captures import photograph


def measure(rounds: int) -> dict[str, float]:
    """Return both paths' p50 and p95 in milliseconds, taken in turns, and the ratios."""
    with TemporaryDirectory() as folder, running_site(Path(folder) / "site", on_postgres=False) as site:
        rig = build(site.hub, Path(folder) / "box")
        try:
            ours, bare = _alternate(rig, site, rounds)
        finally:
            rig.close()
    figures = {}
    for name, cut in (("p50", 49), ("p95", 94)):
        mine, theirs = (1000 * statistics.quantiles(times, n=100)[cut] for times in (ours, bare))
        figures |= {f"ours {name} ms": mine, f"bare publish {name} ms": theirs, f"{name} ours / bare": mine / theirs}
    return figures


def _alternate(rig: Rig, site: Site, rounds: int) -> tuple[list[float], list[float]]:
    client = rig.record.new_client(consents=False)
    rig.link.start()
    while not rig.acknowledged():
        time.sleep(0.01)
    heard = threading.Event()
    protocol = rig.link._protocol
    take = protocol._on_ack

    def on_ack(ack: object) -> None:
        take(ack)
        if protocol.status.acknowledged_seq == rig.record.store.head().seq:
            heard.set()

    protocol._on_ack = on_ack
    fake = FakeBox.enrol(site.hub.enrolment, "lumen", "lumen-one")
    bare = MqttBox(fake, site.settings.broker.port, paho.MQTTv5)
    ours, theirs = [], []
    for _ in range(rounds):
        draft = photograph(client)
        heard.clear()
        start = time.perf_counter()
        event = rig.record.store.append([draft])[0]
        heard.wait(30)
        ours.append(time.perf_counter() - start)
        start = time.perf_counter()
        # The hub refuses it at a glance: presence is one word.
        bare.client.publish(topic(fake.tenant, fake.device, PRESENCE), event.body, qos=1).wait_for_publish(30)
        theirs.append(time.perf_counter() - start)
    bare.close()
    return ours, theirs
