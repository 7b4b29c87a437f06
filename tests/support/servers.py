"""Real servers for tests: Mosquitto and PostgreSQL, each on its own port in its own folder."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cloud.broker_config import BrokerFiles
from cloud.config import HubSettings
from cloud.wiring.opening import open_authority
from shared.clock import SystemClock

POSTGRES_BIN = Path("/usr/lib/postgresql/15/bin")
START_SECONDS = 20.0


def free_port() -> int:
    """Return a TCP port nobody listens on now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, process: "subprocess.Popen[bytes] | None" = None) -> None:
    """Wait until somebody listens."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            break
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"nothing listens on port {port}")


@contextmanager
def mosquitto(settings: HubSettings) -> Iterator[int]:
    """Run the Mosquitto of a hub's fleet from the files the hub writes; yield the port of the boxes."""
    broker = settings.broker
    assert broker.folder is not None
    assert broker.hub_port is not None
    port, authority = broker.port, open_authority(settings, SystemClock())
    files = BrokerFiles(broker.folder, authority, dict, lambda _member: None)
    config = files.write_all(("127.0.0.1", port), ("127.0.0.1", broker.hub_port))
    if os.geteuid() == 0:  # else it becomes a user who cannot read the test's folder
        config.write_text(f"{config.read_text()}user root\n")
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    process = subprocess.Popen([program, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(10)


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running PostgreSQL: the role that owns the tables and the role that the hub works with."""

    port: int

    def url(self, role: str, database: str) -> str:
        """Return an SQLAlchemy address."""
        return f"postgresql+psycopg://{role}@127.0.0.1:{self.port}/{database}"


@contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    """Run PostgreSQL as a user of its own, with the roles `owner` and `app`."""
    data, port = folder / "pgdata", free_port()
    as_user: list[str] = []
    if os.geteuid() == 0:
        as_user = ["runuser", "-u", "postgres", "--"]
        shutil.chown(folder, "postgres")
    _quietly([*as_user, str(POSTGRES_BIN / "initdb"), "-D", str(data), "-U", "root", "-A", "trust", "--no-sync"])
    settings = ("listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", "fsync=off", "max_connections=60")
    options = " ".join([f"-p {port}", *(f"-c {setting}" for setting in settings)])
    control = [*as_user, str(POSTGRES_BIN / "pg_ctl"), "-D", str(data), "-w"]
    _quietly([*control, "-l", str(folder / "pg.log"), "-o", options, "start"])
    try:
        server = Postgres(port)
        for statement in (
            "CREATE ROLE owner LOGIN",
            "CREATE ROLE app LOGIN NOSUPERUSER NOBYPASSRLS",
        ):
            run_sql(server, "postgres", statement)
        yield server
    finally:
        _quietly([*control, "-m", "immediate", "stop"])


def run_sql(server: Postgres, database: str, statement: str) -> None:
    """Run one statement as the superuser, outside any transaction."""
    from sqlalchemy import create_engine, text  # noqa: PLC0415 - only tests on PostgreSQL need it

    engine = create_engine(server.url("root", database), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()


def _quietly(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, cwd="/")
    if done.returncode != 0:
        raise RuntimeError(f"{command[-1]} failed: {done.stdout.decode(errors='replace')[-2000:]}")
