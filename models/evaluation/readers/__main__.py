"""Compare people's readings with and without assistance: `python -m models.evaluation.readers --readings FILE`.

docs/readers.md says how the file looks. Writes reports/readers.html and reports/readers.json.
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from models.errors import ModelsError
from models.evaluation.readers.page import render
from models.evaluation.readers.reading_file import load, parse
from models.evaluation.readers.study import ReaderStudy, study
from models.evaluation.readers.words import name_of, plain, verdict

app = typer.Typer(add_completion=False)


def main_table(found: ReaderStudy) -> Table:
    """Return the figures to see first; n counts photographs."""
    title = f"{found.photographs} photographs, {len(found.readers)} readers"
    table = Table("figure", "unassisted", "assisted", "difference", "", title=title, show_lines=True)
    for each in found.agreement:
        difference = plain(each.difference, signed=True)
        words = f"agreement on {name_of(each.name)}"
        table.add_row(words, plain(each.unassisted), plain(each.assisted), difference, verdict(each.difference))
    times = found.times
    table.add_row("median seconds", plain(times.unassisted), plain(times.assisted), f"ratio {plain(times.ratio)}", "")
    changes = found.changes
    table.add_row("share of readings changed", "", plain(changes.changed), "", "")
    table.add_row("added, removed a reading", "", f"{plain(changes.added)}; {plain(changes.removed)}", "", "")
    if found.automation is not None:
        taken, alone = plain(found.automation.accepted), plain(found.automation.alone)
        table.add_row("findings the majority lacked, outlined", alone, taken, "", "")
    return table


@app.command()
def main(
    readings: Annotated[Path, typer.Option(help="The clinic's table of readings, as docs/readers.md describes it")],
    html: Annotated[Path, typer.Option(help="Page to write")] = Path("reports/readers.html"),
    json_file: Annotated[Path, typer.Option("--json", help="Figures to write")] = Path("reports/readers.json"),
) -> None:
    """Tell how far readers agree, alone and with the model's findings in view."""
    console = Console(width=150)
    try:
        data = load(readings)
        supplied = parse(data)
    except ModelsError as error:
        console.print(error.sentence, style="red", markup=False)
        raise typer.Exit(2) from error
    found = study(supplied)
    document = {"readings_sha256": hashlib.sha256(data).hexdigest(), **asdict(found)}
    texts = {html: render(found, supplied), json_file: json.dumps(document, indent=1) + "\n"}
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    console.print(main_table(found))
    console.print(f"written to {html} and {json_file}")


if __name__ == "__main__":
    app()
