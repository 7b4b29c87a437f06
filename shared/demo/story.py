"""The main job from end to end: photographs in, the network cut and restored, nothing lost or doubled."""

import json
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from shared.crypto.keyfile import SealedKeyFolder
from shared.demo.box import BoxClient
from shared.demo.checker import Verdict, compare
from shared.demo.photos import DemoPhoto
from shared.demo.processes import NotReady, Service, metrics, run_medspa
from shared.demo.proxy import SeverableNetwork
from shared.demo.setting import Setting
from shared.errors import MedSpaError, Retryable

_DRAIN_SECONDS = 240.0
_ONLINE_SECONDS = 60.0
_EARLY = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class Outage:
    """What happened while the network was cut."""

    captures: int
    schedule_events: int
    backlog_events: int
    backlog_images: int
    drained_seconds: float


class DemoStory:
    """Runs the parts in order; everything it starts ends with `close`."""

    def __init__(self, setting: Setting, console: Console) -> None:
        self._setting = setting
        self._console = console
        ports = setting.ports
        self._network = SeverableNetwork({ports.relay_broker: ports.broker, ports.relay_rpc: ports.rpc})
        self._services: list[Service] = []
        self.box = BoxClient(setting.edge_url)

    def start(self) -> None:
        """Start hub and box as processes, enrolling the box and booking its day at the first run."""
        setting = self._setting
        self._network.start()
        self._console.print("[bold]1[/] Starting the hub")
        self._start("hub", ["hub", "run", "-c", str(setting.hub_config)], setting.hub_url)
        if not setting.enrolled:
            self._console.print("  Enrolling the box with a one-time code")
            code = run_medspa(
                "hub", "invite", "-c", str(setting.hub_config), "--tenant", "demo-chain", "--location", "harbour"
            ).strip()
            code_file = setting.folder / "invitation"
            code_file.write_text(code)
            code_file.chmod(0o600)
            run_medspa("edge", "enrol", "-c", str(setting.edge_config), "--code-file", str(code_file))
            code_file.unlink()
        self._console.print("  Booking today and tomorrow from the clinic's configuration")
        run_medspa("edge", "book-day", "-c", str(setting.edge_config), "--days", "2")
        self._console.print("  Starting the edge box")
        self._start("edge box", ["edge", "run", "-c", str(setting.edge_config)], setting.edge_url)
        self._wait("the box to reach the hub", lambda: bool(self.box.status()["link"]["online"]), _ONLINE_SECONDS)
        self._console.print(
            f"  Kiosk   {setting.edge_url}/kiosk\n  Tablet  {setting.edge_url}/tablet\n  Portal  {setting.hub_url}/",
            highlight=False,
        )

    def take_in(self, photos: list[DemoPhoto], what: str, first_number: int) -> None:
        """Take photographs in, one client each, with progress."""
        with self._progress() as progress:
            task = progress.add_task(what, total=len(photos))
            for number, photo in enumerate(photos, start=first_number):
                self.box.visit(number, photo)
                progress.advance(task)

    def outage(self, photos: list[DemoPhoto], first_number: int) -> Outage:
        """Cut the network, go on working, restore it, and watch the backlog drain."""
        self._console.print("[bold]3[/] Cutting the network between box and hub")
        self._network.sever()
        self._wait("the box to notice", lambda: not self.box.status()["link"]["online"], _ONLINE_SECONDS)
        captures_before = sum(self.box.tally.stored.values())
        self.take_in(photos, "  Photographs while offline", first_number)
        schedule_events = self._busy_day()
        waiting = self.box.status()["backlog"]
        self._console.print(
            f"  Waiting on the box: {waiting['events']} events, {waiting['images']} images. Restoring the network"
        )
        restored = time.monotonic()
        self._network.restore()
        self.drain()
        return Outage(
            sum(self.box.tally.stored.values()) - captures_before,
            schedule_events,
            waiting["events"],
            waiting["images"],
            time.monotonic() - restored,
        )

    def drain(self) -> None:
        """Wait until the hub has acknowledged everything, with progress.

        Raises:
            NotReady: it did not within four minutes.
        """
        end = time.monotonic() + _DRAIN_SECONDS
        with self._progress() as progress:
            start = self._waiting()
            task = progress.add_task("  Backlog draining", total=start)
            quiet = 0
            while quiet < 3:
                if time.monotonic() > end:
                    raise NotReady("backlog_stays", "the backlog did not drain; see the logs of box and hub")
                left = self._waiting()
                start = max(start, left)
                progress.update(task, total=start, completed=start - left)
                quiet = quiet + 1 if left == 0 else 0
                time.sleep(0.3)

    def check(self) -> Verdict:
        """Compare both databases independently.

        Raises:
            Retryable: the box's database key is not where it was.
        """
        folder = self._setting.folder
        identity = json.loads((folder / "edge" / "data" / "identity.json").read_text())
        key = SealedKeyFolder(folder / "edge" / "keys").get("database")
        if key is None:
            raise Retryable("no_database_key", "the box has no database key; run make clean-demo and start again")
        return compare(
            folder / "edge" / "data" / "record.db",
            key,
            folder / "hub" / "data" / "hub.db",
            identity["device"],
            (folder / "edge" / "data" / "vault", folder / "hub" / "data" / "blobs"),
        )

    def verify(self) -> list[str]:
        """Return what `medspa verify` prints for box and hub."""
        configs = (self._setting.edge_config, self._setting.hub_config)
        return [line for path in configs for line in run_medspa("verify", "-c", str(path)).splitlines()]

    def box_metrics(self) -> dict[str, float]:
        """Return the box's metrics."""
        return metrics(self._setting.edge_url)

    def hub_metrics(self) -> dict[str, float]:
        """Return the hub's metrics."""
        return metrics(self._setting.hub_url)

    def wait_for_person(self) -> None:
        """Leave everything running until Ctrl-C or until a process ends by itself."""
        while all(service.process.poll() is None for service in self._services):
            time.sleep(0.5)

    def close(self) -> None:
        """Stop what was started, box first."""
        self.box.close()
        for service in reversed(self._services):
            service.stop()
        self._network.stop()

    def _busy_day(self) -> int:
        """Confirm today's and tomorrow's clients, receive the first, let a provider fall ill; return the events."""
        before = self._schedule_revision()
        today = self.box.day()
        tomorrow = self.box.day(_day_after(today["day"]))
        steps = [
            (item["id"], "confirmed")
            for day in (today, tomorrow)
            for item in day["appointments"]
            if item["status"] == "tentative"
        ]
        steps += [
            (item["id"], "arrived")
            for item in today["appointments"]
            if item["starts_at"] <= _soon(today["now"]) and item["status"] in {"tentative", "confirmed"}
        ]
        with self._progress() as progress:
            task = progress.add_task("  Front desk while offline", total=len(steps))
            for appointment, status in steps:
                self.box.set_status(appointment, status)
                progress.advance(task)
        self._provider_sick(self.box.day())
        return self._schedule_revision() - before

    def _provider_sick(self, day: dict[str, Any]) -> None:
        working = {item["provider_id"] for item in day["appointments"]}
        absent = {item["id"] for item in day["providers"] if item["absences"]}
        sick = next((item for item in day["providers"] if item["id"] in working - absent), None)
        if sick is None:
            self._console.print("  Nobody is left to call in sick today")
            return
        replan = self.box.disrupt(
            day["day"],
            {
                "kind": "provider_out",
                "provider_id": sick["id"],
                "starts_at": day["now"],
                "ends_at": day["closes_at"],
                "reason": "called in sick",
            },
        )
        self._console.print(
            f"  A provider calls in sick: replanned in {replan['milliseconds']} ms,"
            f" {len(replan['moved'])} clients moved, {replan['unplaced']} to be called"
        )
        for moved in replan["moved"][:3]:
            self._console.print(f"    {moved['service']}: {moved['reason']}", highlight=False)

    def _schedule_revision(self) -> int:
        """Return how many schedule events today and tomorrow have."""
        today = self.box.day()
        return int(today["revision"]) + int(self.box.day(_day_after(today["day"]))["revision"])

    def _waiting(self) -> int:
        backlog = self.box.status()["backlog"]
        return int(backlog["events"]) + int(backlog["images"])

    def _start(self, name: str, arguments: list[str], url: str) -> None:
        service = Service.start(name, arguments, url, self._setting.folder / f"{arguments[0]}.log")
        self._services.append(service)
        service.wait_ready()

    def _wait(self, what: str, condition: Any, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise NotReady("waited_in_vain", f"waited {seconds:.0f} s for {what}; see {self._setting.folder}/*.log")
            time.sleep(0.1)

    def _progress(self) -> Progress:
        return Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
        )


def _day_after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def _soon(now: str) -> str:
    """Return the end of the time within which a client is already waiting, as the pages write times."""
    soon = datetime.fromisoformat(now).astimezone(UTC) + _EARLY
    return soon.isoformat().replace("+00:00", "Z")


def fail_sentence(error: MedSpaError, folder: Path) -> str:
    """Return what to tell a person when the demonstration cannot go on."""
    return f"{error.sentence}\nLogs: {folder}/hub.log and {folder}/edge.log"
