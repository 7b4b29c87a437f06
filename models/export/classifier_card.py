"""The classifier's card: rendered from its export report, so that no figure can drift from what was measured."""

from typing import Any

_SOURCES = {
    "rendered": (
        "lesions rendered by this project on generated portraits (SFHQ-T2I, MIT) and official portraits (public domain,"
        " US Government), with clear places on the same faces"
    ),
    "growths": (
        "PAD-UFES-20 phone close-ups of growths (Pacheco A.G.C. et al., PAD-UFES-20, Mendeley Data V1, CC BY 4.0)"
    ),
    "photographs": (
        "Flickr-Faces-HQ photographs (CC BY-NC-SA 4.0, NVIDIA) with boxes from GitHub ascl1u/acne-detection at a82608b,"
        " whose licence is not stated"
    ),
}


def learnt_from(recipe: dict[str, Any]) -> list[str]:
    """Return the names of the sources that any stage gives a share."""
    used = {name for stage in recipe["stages"] for name, share in stage["sources"].items() if share}
    return [name for name in _SOURCES if name in used]


def licence(recipe: dict[str, Any]) -> str:
    """Return the licence of the weights in a sentence."""
    if "photographs" in learnt_from(recipe):
        return "Non-commercial, as its photographs: evaluation and demonstration only."
    return "Trained on openly licensed data only; give the attribution of PAD-UFES-20 (CC BY 4.0)."


def render_card(report: dict[str, Any]) -> str:
    """Return the card as Markdown from the report's document, `recipe` included."""
    recipe = report["recipe"]
    sources = "\n".join(f"- {_SOURCES[name]}" for name in learnt_from(recipe))
    stages = ", then ".join(f"{stage['steps']} steps of {stage['name']}" for stage in recipe["stages"])
    parts = {f"validation, {name}": figures for name, figures in report["validation"].items()}
    if report["test"] is not None:
        parts["test"] = report["test"]
    tables = "\n\n".join(_table(name, figures) for name, figures in parts.items())
    optimiser = recipe["optimiser"]
    return f"""# Model card: {report["name"]} {report["version"]}

ResNet-18 (arXiv 1512.03385; {report["parameters"]:,} weights), a crop of 64 x 64 px around one place, its box twice
enlarged, to one of five classes: blemish, pustule, spot, clear (nothing there) and growth.
{report["int8_share_of_macs"]:.1%} of the multiply-adds run in INT8 (weights {report["weights"]}).
File SHA-256 `{report["sha256"]}`.

## What it is for

Naming what a found feature looks like, and giving the features by which unlike pictures are noticed and similar cases
are found. It describes appearance. A growth is never typed further and always shown as "not assessed".

**Not for:** finding features; judging moles or any other growth; any diagnosis, triage or treatment decision; children.

## Data and licence

{sources}

- Licence of these weights: **{licence(recipe)}**

The data set's words acne, pimple and spot are shown as blemish, pustule and spot.

## Recipe

{stages}; {optimiser["batch"]} crops a step, moved and scaled as a detector's boxes are, mirrored, with varied light,
colour, blur, noise and compression; classes drawn by fixed shares, labels smoothed by {optimiser["smoothing"]}; AdamW,
averaged weights, seed {recipe["run"]["seed"]}. `python -m models.training.classifier` repeats it from
`models/recipes/{report["name"]}.toml`.{_extras(recipe)}

## Measured

The INT8 graph, run by ONNX Runtime, before calibration; ECE is that of raw probabilities (calibrated ones are in the
evaluation report). The test side chose nothing.

{tables}

The FP32 graph's probabilities are within {report["fp32"]["largest_difference"]:.1e} of the trained network's. The INT8
graph names the same class on {report["int8"]["same_class"]:.1%} of {report["int8"]["crops"]} validation crops, with an
accuracy of {report["int8"]["accuracy_graph"]:.4f} where the network has {report["int8"]["accuracy_network"]:.4f}.

## Limits

- The border between the types is loose in the labels; pustules are few, so that class is hardly measured.
- Comedones are known from renderings only, and are called blemishes.
- Growths are known from phone close-ups and renderings: what looks like none of them may still be one.
- Skin-tone groups are few among brown and deep tones; equal performance is not shown.
"""


def _extras(recipe: dict[str, Any]) -> str:
    """Return sentences on what not every recipe does, each after a space."""
    text = ""
    if recipe["model"].get("scale") == "own mean":
        text += (
            "\nThe graph takes each crop's own mean colour off first, so that it sees differences to the skin around."
        )
    if any(stage.get("hint_gain") for stage in recipe["stages"]):
        text += (
            "\nWhile learning, its maps also had to foretell EfficientNet-lite0's (ImageNet weights, Apache-2.0);"
            " nothing of that network ships."
        )
    return text


def _table(name: str, figures: dict[str, Any]) -> str:
    lines = [
        f"{name.capitalize()}: {figures['cases']} crops, AUC {_cell(figures['auc_macro'])}, balanced accuracy"
        f" {_cell(figures['balanced_accuracy'])}, ECE {_cell(figures['ece'])}",
        "",
        "| class | crops | AUC | recall | F1 |",
        "|---|---|---|---|---|",
    ]
    columns = ("per_class_cases", "auc_per_class", "recall_per_class", "f1_per_class")
    rows = zip(figures["classes"], *(figures[column] for column in columns), strict=True)
    return "\n".join([*lines, *("| " + " | ".join(_cell(value) for value in row) + " |" for row in rows)])


def _cell(value: float | int | str | None) -> str:
    if value is None:
        return "not measurable"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
