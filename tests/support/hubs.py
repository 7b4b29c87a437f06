"""Real hubs for tests of the box: database, broker, image service, and the web application when it is wanted."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI

from cloud.config import HubSettings
from cloud.main import Hub
from shared.crypto.tls import trusting_context
from shared.ids import LocationId, TenantId
from tests.support.servers import free_port, wait_for_port

TENANT, LOCATION = TenantId("lumen"), LocationId("lumen-one")
ZONE = "Europe/Vienna"
SERVICES = ("consultation", "unheard-of")


def hub_settings(folder: Path, broker: dict[str, object] | None = None) -> HubSettings:
    """Settings of a hub with two tenants and one clinic each; offers the first services of the example clinic."""
    return HubSettings.model_validate(
        {
            "data_folder": folder,
            "broker": broker or {"mode": "embedded", "port": free_port()},
            "rpc": {"port": free_port()},
            "fleet": {"port": free_port(), "look_seconds": 0.2},
            "tenants": [
                {
                    "id": tenant,
                    "name": tenant.title(),
                    "locations": [{"id": f"{tenant}-one", "name": "One", "timezone": ZONE, "services": SERVICES}],
                }
                for tenant in ("lumen", "aurora")
            ],
        }
    )


def external_broker(folder: Path) -> dict[str, object]:
    """Settings of a Mosquitto beside the hub; run it with `servers.mosquitto`."""
    return {"mode": "external", "port": free_port(), "hub_port": free_port(), "folder": folder}


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve an application on the loopback address and yield its URL."""
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none")
    with on_a_thread(config) as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def on_a_thread(config: uvicorn.Config) -> Iterator[int]:
    """Run a web server on a free port of the loopback address and yield the port."""
    config.host, config.port = "127.0.0.1", free_port()
    port, server = config.port, uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_for_port(port)
        yield port
    finally:
        server.should_exit = True
        thread.join(10)


def fleet_call(hub: Hub, method: str, path: str, body: object = None) -> httpx.Response:
    """Ask a running hub's door, knowing its roots."""
    context = trusting_context(hub.authority.trust)
    with httpx.Client(verify=context, timeout=20, trust_env=False) as client:
        return client.request(method, f"https://127.0.0.1:{hub.settings.fleet.port}{path}", json=body)


@contextmanager
def running_hub(settings: HubSettings) -> Iterator[Hub]:
    """Run a hub without its web server."""
    hub = Hub(settings)
    hub.start()
    try:
        yield hub
    finally:
        hub.stop()


def eventually(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until a condition holds; fail when it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
