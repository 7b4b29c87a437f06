"""The demonstration's folder: two configuration files, free ports, and what a second run finds again."""

import json
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_HOUR_OF_THE_DEMO = 9


@dataclass(frozen=True, slots=True)
class Ports:
    """TCP ports on the loopback address; two are the relay's."""

    hub: int
    broker: int
    rpc: int
    edge: int
    relay_broker: int
    relay_rpc: int
    fleet: int


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything about the demonstration that is on disk."""

    folder: Path
    ports: Ports

    @property
    def hub_config(self) -> Path:
        """The hub's configuration file."""
        return self.folder / "hub.toml"

    @property
    def edge_config(self) -> Path:
        """The box's configuration file."""
        return self.folder / "edge.toml"

    @property
    def hub_url(self) -> str:
        """The hub's pages."""
        return f"http://127.0.0.1:{self.ports.hub}"

    @property
    def edge_url(self) -> str:
        """The box's pages."""
        return f"http://127.0.0.1:{self.ports.edge}"

    @property
    def enrolled(self) -> bool:
        """Whether an earlier run has enrolled the box."""
        return (self.folder / "edge" / "data" / "identity.json").exists()


def prepare(folder: Path, *, models: Path, root: Path, fixed_ports: bool) -> Setting:
    """Write the configuration files, with the ports of the first run when they are still free.

    Args:
        folder: where everything of the demonstration lies.
        models: folder of the face models fetched at set-up.
        root: folder of the built pages (`edge/web/dist` and `cloud/web/dist` below it).
        fixed_ports: prefer the documented ports 8300 and 8400 for the pages.
    """
    folder.mkdir(parents=True, exist_ok=True)
    setting = Setting(folder, _ports(fixed_ports))
    zone = _morning()
    setting.hub_config.write_text(_hub_toml(setting.ports, zone, root / "cloud" / "web" / "dist"), encoding="utf-8")
    edge = _edge_toml(setting.ports, zone, root / "edge" / "web" / "dist", models)
    setting.edge_config.write_text(edge, encoding="utf-8")
    return setting


def _hub_toml(ports: Ports, zone: str, pages: Path) -> str:
    return f"""# Written by `medspa demo`.
[hub]
data_folder = "hub/data"
keys_folder = "hub/keys"

[hub.http]
port = {ports.hub}

[hub.broker]
mode = "embedded"
port = {ports.broker}

[hub.rpc]
port = {ports.rpc}

[hub.fleet]
port = {ports.fleet}

[hub.portal]
{_web(pages)}

[[hub.tenants]]
id = "demo-chain"
name = "Demo chain"

[[hub.tenants.locations]]
id = "harbour"
name = "Harbour clinic"
timezone = "{zone}"
services = ["consultation"]
"""


def _edge_toml(ports: Ports, zone: str, pages: Path, models: Path) -> str:
    return f"""# Written by `medspa demo`. The box reaches the hub through a relay that can be cut.
[edge.clinic]
name = "Harbour clinic"
timezone = "{zone}"

[edge.store]
folder = "edge/data"
keys_folder = "edge/keys"

[edge.hub]
url = "https://127.0.0.1:{ports.fleet}"
mqtt_port = {ports.relay_broker}
rpc_port = {ports.relay_rpc}
keepalive_seconds = 5
reconnect_max_seconds = 1.0

[edge.http]
port = {ports.edge}
{_web(pages)}

# A drawn face that moves: it cannot turn, so the protocol asks for the front view only.
[edge.capture]
camera = "synthetic"
views = ["front"]

[edge.analysis]
face_models = {json.dumps(str(models.resolve()))}
"""


def _web(folder: Path) -> str:
    return f"web_dist = {json.dumps(str(folder.resolve()))}" if (folder / "index.html").exists() else ""


def _morning() -> str:
    """Return a time zone in which it is about nine o'clock now, so that the clinic's day lies ahead."""
    ahead = _HOUR_OF_THE_DEMO - datetime.now(UTC).hour
    ahead = ahead + 24 if ahead < -12 else ahead
    # POSIX counts these zones backwards: Etc/GMT-3 is three hours ahead of Greenwich.
    return "Etc/GMT" if ahead == 0 else f"Etc/GMT{-ahead:+d}"


def _ports(fixed: bool) -> Ports:
    wanted = (8400, 8401, 8402, 8300, 8403, 8404, 8405) if fixed else (0,) * 7
    sockets = [_bind(port) for port in wanted]
    numbers = [item.getsockname()[1] for item in sockets]
    for item in sockets:
        item.close()
    return Ports(*numbers)


def _bind(port: int) -> socket.socket:
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        holder.bind(("127.0.0.1", port))
    except OSError:
        holder.bind(("127.0.0.1", 0))
    return holder
