"""The embedded broker listens anew each time a certificate of the fleet changes."""

import socket
import threading
from pathlib import Path

from cloud.broker import EmbeddedBroker
from cloud.fleet.ca import HubAuthority
from shared.clock import SystemClock
from shared.crypto.tls import hub_context
from shared.ids import TenantId
from tests.support.servers import free_port

_GUESTS = 60


def test_whoever_comes_while_the_broker_listens_anew_is_served(tmp_path: Path) -> None:
    authority, port = HubAuthority(tmp_path, [TenantId("lumen")], SystemClock()), free_port()
    broker, done = EmbeddedBroker("127.0.0.1", port, authority.hub, lambda _guest: True), threading.Event()
    context = hub_context(authority.hub())

    def renew() -> None:
        while not done.wait(0.001):
            broker.renew()

    broker.start()
    renewing = threading.Thread(target=renew)
    renewing.start()
    try:
        for _ in range(_GUESTS):
            with (
                socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
                context.wrap_socket(plain, server_hostname="127.0.0.1") as guest,
            ):
                assert guest.version() == "TLSv1.3"
    finally:
        done.set()
        renewing.join(10)
        broker.stop()
