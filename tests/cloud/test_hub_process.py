import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.support.servers import free_port

pytestmark = pytest.mark.system


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from cloud.cli import app; app()", *arguments]


def write_config(folder: Path) -> tuple[Path, int]:
    ports = [free_port() for _ in range(3)]
    config = folder / "hub.toml"
    config.write_text(
        f"""
[hub]
data_folder = "data"
[hub.http]
port = {ports[0]}
[hub.broker]
port = {ports[1]}
[hub.rpc]
port = {ports[2]}
[[hub.tenants]]
id = "lumen"
name = "Lumen"
[[hub.tenants.locations]]
id = "one"
name = "One"
"""
    )
    return config, ports[0]


def ask(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(*arguments), capture_output=True, text=True, check=False, timeout=30)


def wait_ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        assert process.poll() is None
        time.sleep(0.1)
    raise AssertionError("the hub did not become ready")


def test_a_hub_runs_invites_lists_and_stops_on_sigterm(tmp_path: Path) -> None:
    config, port = write_config(tmp_path)
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command("run", "-c", str(config)), stdout=log, stderr=log)
    try:
        wait_ready(port, process)
        invited = ask("invite", "-c", str(config), "--tenant", "lumen", "--location", "one")
        assert invited.returncode == 0
        code = invited.stdout.strip()
        assert invited.stdout == f"{code}\n"
        assert code.startswith("lumen.")
        listed = ask("devices", "-c", str(config), "--tenant", "lumen")
        assert listed.returncode == 0
    finally:
        process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    text = (tmp_path / "log").read_text()
    assert code not in text
    assert "Traceback" not in text
    assert "REDACTED".lower() not in text.lower()


def test_a_hub_whose_port_is_taken_says_so_and_ends(tmp_path: Path) -> None:
    config, _ = write_config(tmp_path)
    broker_port = int(config.read_text().split("[hub.broker]\nport = ")[1].split("\n")[0])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", broker_port))
        taken.listen()
        done = ask("run", "-c", str(config))
    assert done.returncode != 0
    assert "broker_failed" in done.stderr
