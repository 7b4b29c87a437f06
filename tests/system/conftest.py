"""A real hub and a real box as processes, with a relay between them that can be cut."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.demo.processes import Service, run_medspa
from shared.demo.proxy import SeverableNetwork
from shared.demo.setting import Setting, prepare


class Clinic:
    """One clinic's box, its hub and the network between them."""

    def __init__(self, folder: Path, pages: Path = Path("nowhere"), store: str = "") -> None:
        """Start both.

        Args:
            folder: where everything lies.
            pages: folder of the built pages; none by default.
            store: more lines for the box's table of that name.
        """
        self.setting: Setting = prepare(folder, models=Path(".cache/models"), root=pages, fixed_ports=False)
        config = self.setting.edge_config
        config.write_text(config.read_text().replace("[edge.store]\n", f"[edge.store]\n{store}"))
        ports = self.setting.ports
        self.network = SeverableNetwork({ports.relay_broker: ports.broker, ports.relay_rpc: ports.rpc})
        self.network.start()
        self.hub = self._start("hub", self.setting.hub_config, self.setting.hub_url)
        self.hub.wait_ready()
        self._enrol()
        run_medspa("edge", "book-day", "-c", str(self.setting.edge_config))
        self.box = self.start_box()

    def start_box(self) -> Service:
        self.box = self._start("edge", self.setting.edge_config, self.setting.edge_url)
        self.box.wait_ready()
        return self.box

    def close(self) -> None:
        self.box.stop()
        self.hub.stop()
        self.network.stop()

    def _start(self, side: str, config: Path, url: str) -> Service:
        return Service.start(side, [side, "run", "-c", str(config)], url, self.setting.folder / f"{side}.log")

    def _enrol(self) -> None:
        hub = str(self.setting.hub_config)
        code = run_medspa("hub", "invite", "-c", hub, "--tenant", "demo-chain", "--location", "harbour")
        file = self.setting.folder / "code"
        file.write_text(code)
        run_medspa("edge", "enrol", "-c", str(self.setting.edge_config), "--code-file", str(file))
        file.unlink()


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    running = Clinic(tmp_path)
    yield running
    running.close()
