"""Starts and stops the hub and the box as separate processes, with their logs in files."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from shared.errors import Retryable

_READY_SECONDS = 90.0
_STOP_SECONDS = 15.0


class NotReady(Retryable):
    """A process did not become ready; its log says why."""


def medspa(*arguments: str) -> list[str]:
    """Return the command line that runs `medspa` in this environment."""
    return [sys.executable, "-c", "from shared.cli import main; main()", *arguments]


@dataclass
class Service:
    """One running process and where its pages and log are."""

    name: str
    process: "subprocess.Popen[bytes]"
    url: str
    log: Path

    @classmethod
    def start(cls, name: str, arguments: list[str], url: str, log: Path) -> "Service":
        """Start a process; its output is appended to `log`."""
        with log.open("ab") as output:
            process = subprocess.Popen(medspa(*arguments), stdout=output, stderr=output)  # noqa: S603
        return cls(name, process, url, log)

    def wait_ready(self, seconds: float = _READY_SECONDS) -> None:
        """Wait until `/readyz` answers yes.

        Raises:
            NotReady: the process ended or did not become ready in time.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise NotReady("ended", f"{self.name} ended with code {self.process.returncode}; see {self.log}")
            try:
                if httpx.get(f"{self.url}/readyz", timeout=2, trust_env=False).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        raise NotReady("not_ready", f"{self.name} is not ready after {seconds:.0f} s; see {self.log}")

    def stop(self) -> None:
        """Ask the process to end, and end it when it does not."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def run_medspa(*arguments: str) -> str:
    """Run one `medspa` command to its end and return what it printed.

    Raises:
        Retryable: it failed; the message is its own.
    """
    done = subprocess.run(medspa(*arguments), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise Retryable(
            "command_failed", f"medspa {arguments[0]} failed: {(done.stderr or done.stdout).strip()[-800:]}"
        )
    return done.stdout


def metrics(url: str) -> dict[str, float]:
    """Return a process's metrics by name with labels."""
    text = httpx.get(f"{url}/metrics", timeout=5, trust_env=False).text
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, value in lines}


def read_json(path: Path) -> dict[str, str]:
    """Return a small JSON file."""
    data: dict[str, str] = json.loads(path.read_text())
    return data
