"""The model card: rendered from the sidecar, so that its figures cannot drift from what was measured."""

from typing import Any

from models.evaluation.report import named_rows
from models.export.sidecar import Sidecar

_KEYS = ("map50", "map50_95", "recall", "precision", "false_positives_per_photo")


def _cell(interval: dict[str, Any]) -> str:
    """Return `value (low to high)`, or "not measurable"."""
    if interval["value"] is None:
        return "not measurable"
    return f"{interval['value']:.4f} ({interval['low']:.4f} to {interval['high']:.4f})"


def figures_table(figures: dict[str, Any]) -> str:
    """Return the figures as a Markdown table."""
    lines = [
        "| group | photos | labels | mAP50 | mAP50-95 | recall | precision (at least) | false per photo (at most) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in named_rows(figures):
        cells = " | ".join(_cell(row[key]) for key in _KEYS)
        lines.append(f"| {name} | {row['photos']} | {row['labels']} | {cells} |")
    return "\n".join(lines)


def render_card(sidecar: Sidecar) -> str:
    """Return the whole card as Markdown."""
    recipe = sidecar.training.recipe
    optimiser, crop = recipe["optimiser"], recipe["crop"]
    return f"""# Model card: {sidecar.name} {sidecar.version}

YOLOv10-N ({sidecar.training.parameters:,} weights, fused), input {sidecar.input_size} x {sidecar.input_size},
classes {", ".join(sidecar.classes)}. File SHA-256 `{sidecar.sha256}`.

## What it is for

Outlining visible skin features (blemishes, pustules, spots) on a photograph of an adult's face, so that staff
and client can look at the same places again at the next visit. It describes appearance.

**Not for:** finding, judging or following moles or any other growth; any diagnosis, triage or treatment
decision; deciding that skin is healthy because nothing was outlined; children; parts of the body other than the
face; recognising who a person is.

## Data and licence

Trained on {sidecar.data.train_photos} photographs with {sidecar.data.train_labels} boxes: {sidecar.data.name},
from {sidecar.data.origin}.
{sidecar.data.val_photos} other photographs chose the checkpoint and the threshold. Near-duplicate photographs
stand on one side of the split.

- Licence of the photographs: {sidecar.data.licence}
- **{sidecar.data.allowed_use}**
- Licence of these weights: {sidecar.licence}

The data set's words acne, pimple and spot are shown as blemish, pustule and spot.

## Recipe

From random initialisation, no pre-trained backbone: the checkpoint of step {sidecar.training.step} of
{optimiser["steps"]}, {optimiser["batch"]} crops a step of {crop["size_px"]} px, enlarged {crop["zoom_min"]} to
{crop["zoom_max"]} times, flipped, with varied light and colour; AdamW at {optimiser["learning_rate"]}; averaged
weights; seed {recipe["run"]["seed"]}. The network and its losses follow arXiv 2405.14458; the one difference:
at step {optimiser["one_to_one_from_many_at_step"]} the one-to-one head starts over from the one-to-many head.
The full recipe is in the sidecar and in `models/recipes`; `python -m models.training.detector` repeats it.

## Measured

The exported ONNX file, run by ONNX Runtime on the {sidecar.metrics.split} side, which chose nothing. Intervals:
{sidecar.metrics.intervals}. Recall, precision and false positives are taken at score >= {sidecar.score_threshold} and
IoU {sidecar.metrics.iou}. The threshold is {sidecar.threshold_rule}

{figures_table(sidecar.metrics.figures)}

"Any visible feature" counts a place as found whatever the class; "mean" averages the classes that a group has
labels of. Precision is a lower bound and false positives an upper bound, because the labels are incomplete:
unlabelled blemishes stand beside labelled ones.

## Limits

- An early model: most of what it could find it still misses, and boxes of about 14 px of 512 make an IoU of 0.5
  hard to reach. Treat its boxes as suggestions to look, never as a count.
- The border between the classes is loose in the labels; pustules are few, so that class is hardly measured.
- Skin-tone groups are one viewer's coarse reading of the photograph. Brown and deep tones are few: read the
  intervals, not the means; equal performance is not shown.
- Aligned portraits of up to 512 px in uncontrolled light, mostly light-skinned; a clinic's kiosk photographs
  differ. A clinic needs weights trained and measured on its own consented photographs.
- Not every feature gets one box only: of the boxes at the threshold
  a share of {sidecar.metrics.figures["repeated_share"]}
  overlaps a better-scored one by an IoU of 0.5 or more; such a box usually counts as false above.
- Measured with the face about half as wide as the input. Crop large photographs to the face with a margin before
  letterboxing; faces much smaller or larger than that were not measured.
- Scores are not calibrated probabilities.
"""
