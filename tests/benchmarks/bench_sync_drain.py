"""A backlog over gRPC against a bulk load of the same rows, and what it costs the box in memory."""

import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, create_engine, make_url, text

from cloud.storage.erasure_tables import capture_clients
from cloud.storage.tables import capture_images, captures, events
from tests.benchmarks.sync_site import Site, running_site
from tests.edge.sync.rig import Rig, build
from tests.support.captures import photograph

TABLES = (events.name, captures.name, capture_images.name, capture_clients.name)


def measure(count: int) -> dict[str, float]:
    """Return events per second into each database, the bulk load's, and the share of it that is reached."""
    figures: dict[str, float] = {}
    for on_postgres, name in ((False, "SQLite"), (True, "PostgreSQL")):
        with TemporaryDirectory() as folder, running_site(Path(folder) / "site", on_postgres=on_postgres) as site:
            rig = direct(build(site.hub, Path(folder) / "box"), site)
            try:
                drained = _drain(rig, count)
                bulk = _copy(site) if on_postgres else _executemany(site)
            finally:
                rig.close()
        figures |= {
            f"{name}: drained events/s": drained,
            f"{name}: bulk load events/s": bulk,
            f"{name}: drained / bulk load": drained / bulk,
        }
    return figures


def direct(rig: Rig, site: Site) -> Rig:
    """Let a rig's backfill go past the relay that tests cut connections with: it would take its share of the time."""
    rig.link._protocol._ways._bulk._hub._address = f"127.0.0.1:{site.settings.rpc.port}"
    return rig


def _drain(rig: Rig, count: int) -> float:
    client = rig.record.new_client(consents=False)
    for _ in range(count // 1000):
        rig.record.store.append([photograph(client) for _ in range(1000)])
    last = rig.record.store.head().seq
    rig.link.start()
    while rig.link.status.acknowledged_seq < 1:
        time.sleep(0.005)
    start, first = time.perf_counter(), rig.link.status.acknowledged_seq
    while rig.link.status.acknowledged_seq < last:
        time.sleep(0.01)
    return (last - first) / (time.perf_counter() - start)


def _executemany(site: Site) -> float:
    """Insert the rows of the drain anew, in one transaction, by the driver's own many-row call."""
    with site.database.write("lumen") as connection:  # type: ignore[arg-type]
        driver: Any = connection.connection.driver_connection
        rows = {table: [tuple(row) for row in driver.execute(f"SELECT * FROM {table}")] for table in TABLES}
        for table in TABLES:
            driver.execute(f"DELETE FROM {table}")
    start = time.perf_counter()
    with site.database.write("lumen") as connection:  # type: ignore[arg-type]
        driver = connection.connection.driver_connection
        for table, values in rows.items():
            if values:
                driver.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' for _ in values[0])})", values)
    return len(rows[events.name]) / (time.perf_counter() - start)


def _copy(site: Site) -> float:
    """Load the rows of the drain anew by COPY, as the superuser, whom row-level security does not concern."""
    engine = create_engine(make_url(str(site.superuser_url)))
    with engine.begin() as connection:
        rows = {table: _rows(connection, table) for table in TABLES}
        connection.execute(text(f"TRUNCATE {', '.join(TABLES)}"))
    start = time.perf_counter()
    with engine.begin() as connection:
        driver: Any = connection.connection.driver_connection
        for table, values in rows.items():
            with driver.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                for row in values:
                    copy.write_row(row)
    spent = time.perf_counter() - start
    engine.dispose()
    return len(rows[events.name]) / spent


def _rows(connection: Connection, table: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(text(f"SELECT * FROM {table}"))]


def memory(count: int) -> dict[str, float]:
    """Return the peak of a box that drains a backlog, in its own process, against one that has none."""
    figures = {}
    for name, backlog in (("without a backlog", 0), (f"with {count} events", count)):
        command = [sys.executable, "-m", __spec__.name if __spec__ else __name__, str(backlog)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        figures[f"box peak MiB {name}"] = float(done.stdout.split()[-1])
    low, high = figures.values()
    return figures | {"growth MiB": high - low}


def _print_peak(count: int) -> None:
    """Drain a backlog that another process has written, and print this process's own peak."""
    with TemporaryDirectory() as folder, running_site(Path(folder) / "site", on_postgres=False) as site:
        rig = direct(build(site.hub, Path(folder) / "box"), site)
        client = rig.record.new_client(consents=False)
        for _ in range(count // 100):
            rig.record.store.append([photograph(client) for _ in range(100)])
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        rig.link.start()
        while not rig.acknowledged():
            time.sleep(0.02)
        rig.close()
        print(max(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1024)


if __name__ == "__main__":
    _print_peak(int(sys.argv[1]))
