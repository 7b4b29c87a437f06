"""`medspa demo`: the main job on one computer, with nothing to install first."""

import shutil
import signal
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from shared.demo.checker import Verdict
from shared.demo.photos import choose_photos
from shared.demo.setting import prepare
from shared.demo.story import DemoStory, Outage, fail_sentence
from shared.errors import MedSpaError

_ONLINE_PHOTOS = 16
_OFFLINE_PHOTOS = 34


def demo(
    photos: Annotated[Path | None, typer.Option(help="Folder of photographs to use instead.", exists=True)] = None,
    folder: Annotated[Path, typer.Option(help="Where the demonstration keeps its data.")] = Path(".demo"),
    data: Annotated[Path, typer.Option(help="Folder of the image data sets, when present.")] = Path(
        "../shared/data/images"
    ),
    models: Annotated[Path, typer.Option(help="Folder of the face models fetched at set-up.")] = Path(".cache/models"),
    *,
    once: Annotated[bool, typer.Option("--once", help="End by itself instead of waiting for Ctrl-C.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Delete the demonstration's data and stop.")] = False,
) -> None:
    """Run the main job: photographs in, the network cut and restored, findings at the hub, nothing lost."""
    console = Console()
    if forget:
        shutil.rmtree(folder, ignore_errors=True)
        console.print(f"Forgot {folder}")
        return
    signal.signal(signal.SIGTERM, _as_interrupt)
    setting = prepare(folder, models=models, root=Path.cwd(), fixed_ports=not once)
    story = DemoStory(setting, console)
    try:
        chosen = choose_photos(photos, data, _ONLINE_PHOTOS + _OFFLINE_PHOTOS)
        offline = chosen[: max(_OFFLINE_PHOTOS, len(chosen) - _ONLINE_PHOTOS)]
        online = chosen[len(offline) :]
        story.start()
        console.print("[bold]2[/] Taking photographs in: consent, quality gate, analysis, encrypted store, event")
        story.take_in(online, "  Photographs while online", 1)
        outage = story.outage(offline, len(online) + 1)
        console.print("[bold]4[/] Checking both databases with a checker of its own")
        verdict = story.check()
        _summary(console, story, outage)
        for line in story.verify():
            console.print(line, highlight=False, soft_wrap=True)
        console.print(f"[bold]{verdict.line}[/]", highlight=False)
        _images(console, verdict)
        if not verdict.good:
            raise typer.Exit(1)
        if not once:
            console.print("Everything is running; open the pages above. Ctrl-C ends it.")
            story.wait_for_person()
    except KeyboardInterrupt:
        console.print("Stopping")
    except MedSpaError as error:
        console.print(fail_sentence(error, folder), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None
    finally:
        story.close()


def _summary(console: Console, story: DemoStory, outage: Outage) -> None:
    tally, hub, status = story.box.tally, story.hub_metrics(), story.box.status()
    refused = ", ".join(f"{code} {count}" for code, count in tally.refused.most_common()) or "none"
    table = Table(title="What happened", show_header=False, title_style="bold")
    rows = [
        ("Photographs on record", f"{sum(tally.stored.values())}, of them of real people {tally.real}"),
        *((f"  {source}", str(count)) for source, count in tally.stored.most_common()),
        ("Refused, and why", refused),
        ("Findings", str(tally.findings)),
        ("Replans", f"{tally.replans}, clients moved {tally.moved}"),
        ("While cut off", f"{outage.captures} captures, {outage.schedule_events} schedule events"),
        (
            "Backlog",
            f"{outage.backlog_events} events, {outage.backlog_images} images, gone in {outage.drained_seconds:.1f} s",
        ),
        ("Waiting now", f"{status['backlog']['events']} events, {status['backlog']['images']} images"),
        ("Events sent by the box", f"{_total(story.box_metrics(), 'medspa_box_events_sent'):.0f}"),
        ("Events acknowledged by the hub", f"{_total(hub, 'medspa_hub_events_applied_total'):.0f}"),
        ("Duplicates the hub discarded", f"{_total(hub, 'medspa_hub_events_duplicate_total'):.0f}"),
    ]
    for name, value in rows:
        table.add_row(name, value)
    console.print(table)


def _total(values: dict[str, float], name: str) -> float:
    return sum(value for key, value in values.items() if key.split("{")[0] == name)


def _images(console: Console, verdict: Verdict) -> None:
    console.print(f"images {verdict.images}, missing at the hub {verdict.images_missing}", highlight=False)


def _as_interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
