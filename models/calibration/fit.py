"""Fit a bundle's parameters: `python -m models.calibration.fit --bundle-graphs FOLDER`.

Runs detector, classifier and segmenter on validation photographs, fits on one half of them and reports on the
other. The test side is never opened. With `--rendered` no non-commercial photograph is opened either.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from models.calibration.pipeline import Graphs, fit_all
from models.calibration.sources import photograph_sources, rendered_sources
from models.data.lesions import DEFAULT_ROOT
from models.errors import ModelsError
from shared.vision.ood import write_ood
from shared.vision.parameters import Parameters, write_parameters

app = typer.Typer(add_completion=False)


def as_table(parameters: Parameters) -> Table:
    """Return what was fitted and what the check half says, for people."""
    table = Table(title=f"fitted on {parameters.fitted_on.fit_photos}, checked on {parameters.fitted_on.check_photos}")
    for head in ("what", "value", "cases"):
        table.add_column(head, justify="left" if head == "what" else "right")
    routing, conformal = parameters.routing, parameters.classifier.conformal
    rows: list[tuple[str, float | None, int]] = [
        ("score threshold, best F1", parameters.detector.score_threshold, parameters.detector.calibration.n),
        ("score threshold, 2 false", parameters.detector.two_false_threshold, parameters.detector.calibration.n),
        ("temperature", parameters.classifier.temperature, parameters.classifier.temperature_n),
        ("conformal quantile", conformal.overall, conformal.n),
        ("distance threshold", parameters.ood.threshold, parameters.ood.n),
        ("act from", routing.act_threshold, routing.act_n),
        ("  upper bound of its error", routing.act_upper_bound, routing.act_n),
        ("suggest from", routing.suggest_threshold, routing.suggest_n),
        ("  upper bound of its error", routing.suggest_upper_bound, routing.suggest_n),
        ("mask threshold", parameters.segmenter.threshold, parameters.segmenter.n),
    ]
    rows += [(f"checked: {name}", figure.value, figure.n) for name, figure in parameters.checked.items()]
    for name, value, n in rows:
        table.add_row(name, "none" if value is None else f"{value:.4f}", str(n))
    return table


@app.command()
def main(
    bundle_graphs: Annotated[Path, typer.Option(help="Folder with detector.onnx, classifier.onnx, segmenter.onnx")],
    data_root: Annotated[Path, typer.Option(help="Folder that holds images/")] = DEFAULT_ROOT,
    rendered: Annotated[
        Path | None, typer.Option(help="Fit on this folder of renderings and on open photographs only")
    ] = None,
    out: Annotated[Path, typer.Option(help="Parameters to write")] = Path("parameters.json"),
    ood: Annotated[Path, typer.Option(help="What is usual, to write")] = Path("ood.npz"),
) -> None:
    """Fit thresholds, calibration, conformal sets, bounds and what is usual."""
    console = Console()
    try:
        graphs = Graphs.of(bundle_graphs)
        sources = photograph_sources(data_root) if rendered is None else rendered_sources(data_root, rendered)
        outcome = fit_all(graphs, sources)
    except ModelsError as error:
        console.print(f"[red]{error.sentence}")
        raise typer.Exit(2) from error
    except ValueError as error:
        console.print(f"[red]Cannot be fitted: {error}")
        raise typer.Exit(3) from error
    for path in (out, ood):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_parameters(out, outcome.parameters)
    write_ood(ood, outcome.ood)
    console.print(as_table(outcome.parameters))
    console.print(f"written to {out} and {ood}")


if __name__ == "__main__":
    app()
