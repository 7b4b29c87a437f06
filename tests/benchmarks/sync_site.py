"""A hub in processes of its own, on real servers, for the benchmarks of the sync."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import httpx

from cloud.config import HubSettings
from cloud.fleet.enrolment import Enrolment
from cloud.storage.database import Database
from cloud.wiring.opening import open_authority, open_database, open_keys
from shared.clock import SystemClock
from shared.config import load_settings
from tests.support.servers import free_port, mosquitto, postgres, run_sql


@dataclass(frozen=True, slots=True)
class Site:
    """Where everything is; `hub` is what a rig needs of one."""

    settings: HubSettings
    database: Database
    hub: Any
    superuser_url: str | None


@contextmanager
def running_site(folder: Path, *, on_postgres: bool, workers: int = 0) -> Iterator[Site]:
    """Run Mosquitto, a database, one hub and some ingest workers beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        urls, superuser = "", None
        if on_postgres:
            # A folder of its own: PostgreSQL runs as another user.
            server = stack.enter_context(postgres(Path(stack.enter_context(TemporaryDirectory()))))
            run_sql(server, "postgres", "CREATE DATABASE hub OWNER owner")
            urls = f'database_owner_url = "{server.url("owner", "hub")}"\ndatabase_url = "{server.url("app", "hub")}"'
            superuser = server.url("root", "hub")
        config = _config(folder, urls)
        settings = load_settings(config, HubSettings)
        stack.enter_context(mosquitto(settings))
        _process(stack, folder, "run", config)
        _await_ready(settings.http.port)
        for _ in range(workers):
            log = _process(stack, folder, "ingest-worker", config)
            while b"ingest_worker_started" not in log.read_bytes():
                time.sleep(0.05)
        database = open_database(settings)
        stack.callback(database.close)
        clock = SystemClock()
        enrolment = Enrolment(database, open_keys(settings), open_authority(settings, clock), clock)
        yield Site(settings, database, SimpleNamespace(enrolment=enrolment, settings=settings), superuser)


def _config(folder: Path, urls: str) -> Path:
    config = folder / "hub.toml"
    config.write_text(
        f"""
[hub]
data_folder = "{folder / "hub"}"
{urls}
[hub.http]
port = {free_port()}
[hub.broker]
mode = "external"
port = {free_port()}
hub_port = {free_port()}
folder = "broker"
[hub.rpc]
port = {free_port()}
[hub.fleet]
port = {free_port()}
[[hub.tenants]]
id = "lumen"
name = "Lumen"
[[hub.tenants.locations]]
id = "lumen-one"
name = "One"
"""
    )
    return config


def _process(stack: ExitStack, folder: Path, command: str, config: Path) -> Path:
    log = folder / f"{command}-{time.monotonic_ns()}.log"
    arguments = [sys.executable, "-c", "from cloud.cli import app; app()", command, "-c", str(config)]
    with log.open("wb") as output:
        process = subprocess.Popen(arguments, stdout=output, stderr=output)

    def stop() -> None:
        process.send_signal(signal.SIGTERM)
        process.wait(30)

    stack.callback(stop)
    return log


def _await_ready(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise RuntimeError("the hub did not become ready")
