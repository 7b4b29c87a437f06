"""The detector's card: rendered from its export report and its study, so that no figure can drift."""

from typing import Any

_PHOTOGRAPHS = (
    "Flickr-Faces-HQ photographs (CC BY-NC-SA 4.0, NVIDIA) with boxes from GitHub ascl1u/acne-detection at a82608b,"
    " whose licence is not stated"
)
_RENDERED = (
    "lesions rendered by this project on generated portraits (SFHQ-T2I, MIT) and official portraits (public domain,"
    " US Government)"
)
_OPEN = "Trained on permissively licensed pictures and renderings only."
_CLOSED = "Non-commercial, as its photographs: evaluation and demonstration only."


def licence(recipe: dict[str, Any]) -> str:
    """Return the licence of the weights in a sentence."""
    return _CLOSED if recipe["data"]["photographs"] > 0 or recipe["start"]["release"] else _OPEN


def render_card(report: dict[str, Any], study: dict[str, Any], photos: int) -> str:
    """Return the card as Markdown from the export's report and the study of the held-out side."""
    recipe = report["recipe"]
    data, crop, optimiser = recipe["data"], recipe["crop"], recipe["optimiser"]
    shares = [(data["photographs"], _PHOTOGRAPHS), (data["rendered"], _RENDERED)]
    sources = "\n".join(f"- {share:.0%} of the training crops: {name}" for share, name in shares if share > 0)
    start = recipe["start"]["checkpoint"] or recipe["start"]["release"]
    begins = "From random weights" if start is None else f"Continues `{start}`"
    last = data["rendered_until_step"]
    ending = f"; from step {last} on photographs only" if last else ""
    return f"""# Model card: {report["name"]} {report["version"]}

YOLOv10-N (arXiv 2405.14458; {report["parameters"]:,} weights, fused), input {report["input_size"]} x
{report["input_size"]}, one class: a visible feature of the skin. INT8 with a float decode:
{report["int8_share_of_macs"]:.1%} of the multiply-adds run in INT8. File SHA-256 `{report["sha256"]}`.

## What it is for

Finding where something is to be seen on a photograph of an adult's face, so that the classifier can say what it looks
like and the segmenter where its edge is. It describes appearance.

**Not for:** finding, judging or following moles or any other growth; any diagnosis, triage or treatment decision;
deciding that skin is healthy because nothing was found; children; other parts of the body; recognising anybody.

## Data and licence

{sources}

Near-duplicate photographs stand on one side of the split. Moles that renderings show are not among the boxes.

- Licence of these weights: **{licence(recipe)}**

## Recipe

{begins}; the checkpoint of step {report["step"]} of {optimiser["steps"]}, {optimiser["batch"]} crops a step of
{crop["size_px"]} px, enlarged {crop["zoom_min"]} to {crop["zoom_max"]} times, mirrored, with varied light and
colour{ending}; AdamW at {optimiser["learning_rate"]}, averaged weights, seed {recipe["run"]["seed"]}. At step
{optimiser["one_to_one_from_many_at_step"]} the one-to-one head starts over from the one-to-many head.
`python -m models.training.detector` repeats it from `models/recipes/{report["name"]}.toml`.

## Measured

The INT8 graph, run by ONNX Runtime, on {photos} photographs of the test side, which chose nothing. Intervals: 95 %
bootstrap over photographs. Labels are incomplete, so precision is a lower and false positives an upper bound.

| figure | value |
|---|---|
| mAP50 | {_cell(study["map50"])} |
| mAP50-95 | {_cell(study["map50_95"])} |
| recall at 2 false positives a photograph | {_cell(study["recall_at_two_false"])} |
| recall at score >= {study["threshold"]} (best F1 on validation) | {_cell(study["recall"])} |
| false positives a photograph there, at most | {_cell(study["false_per_photo"])} |
| boxes that repeat a better one | {study["repeated_share"]:.1%} |

| group | photographs | labels | mAP50 | recall | false a photograph, at most |
|---|---|---|---|---|---|
{_groups(study)}

| recall by | value |
|---|---|
{_named(study["by_type"])}
{_named(study["by_size"])}

On {report["validation_pictures"]} validation pictures the graph alone reaches mAP50 {report["fp32"]["map50"]} in FP32
and {report["int8"]["map50"]} in INT8; with repeats merged, as the product uses it, {report["fp32"]["merged"]} and
{report["int8"]["merged"]}.
The FP32 graph differs from the trained network by {report["parity"]["score"]:.1e} in score and
{report["parity"]["box_px"]:.1e} px.

## Limits

- Features of less than about 10 px of 512 are mostly missed, and boxes of that size make an overlap of one half hard
  to reach. Treat a box as a suggestion to look, never as a count.
- Skin-tone groups are one viewer's coarse reading of thumbnails. Brown and deep tones are few: read the intervals, not
  the means; equal performance is not shown.
- Aligned portraits of up to 512 px in uncontrolled light; a clinic's kiosk photographs differ. A clinic needs weights
  trained and measured on its own consented photographs.
- Scores become probabilities only by the bundle's calibration.
"""


def _groups(study: dict[str, Any]) -> str:
    rows = []
    for dimension, groups in study["groups"].items():
        for row in groups:
            name = f"{dimension} {row['name']}" + (" (small group)" if row["small"] else "")
            cells = " | ".join(_cell(row[key]) for key in ("map50", "recall", "false_per_photo"))
            rows.append(f"| {name} | {row['photos']} | {row['labels']} | {cells} |")
    return "\n".join(rows)


def _named(values: dict[str, Any]) -> str:
    return "\n".join(f"| {name} | {_cell(value)} |" for name, value in values.items())


def _cell(interval: dict[str, Any]) -> str:
    if interval["value"] is None:
        return "not measurable"
    return f"{interval['value']:.3f} ({interval['low']:.3f} to {interval['high']:.3f})"
