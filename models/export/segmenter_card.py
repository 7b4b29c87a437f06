"""The segmenter's card: rendered from its report, so that its figures cannot drift from what was measured."""

from typing import Any

_CREDITS = {
    "isic": (
        "ISIC 2016 dermoscopy photographs (CC0) with the outlines of ISIC 2018 task 1 (CC BY-NC 4.0)",
        "dermoscopy",
    ),
    "pad": (
        "PAD-UFES-20 phone close-ups (Pacheco A.G.C. et al., PAD-UFES-20, Mendeley Data V1, CC BY 4.0) with "
        "outlines drawn by students of the ITU Copenhagen, one annotator a picture",
        "phone close-ups",
    ),
    "rendered": ("lesions rendered by this project on openly licensed faces", "renderings"),
}
_NETWORKS = {
    "swin48": "Swin Transformer (embed 48, depths 2-2-2-2, windows of 4) with a light feature pyramid",
    "swin_tiny": "Swin-T (embed 96, depths 2-2-6-2, windows of 4) with a light feature pyramid",
    "unet": "U-Net",
    "efficientnet_lite0": "EfficientNet-lite0 from ImageNet with a light feature pyramid",
}


def learnt_from(recipe: dict[str, Any]) -> list[str]:
    """Return the names of the sources a recipe gives a share."""
    return [name for name in _CREDITS if recipe["data"][name] > 0]


def licence(recipe: dict[str, Any]) -> str:
    """Return the licence of the weights in a sentence."""
    if recipe["data"]["isic"] > 0:
        return "Non-commercial (CC BY-NC outlines among its data): evaluation and demonstration only."
    return "Trained on openly licensed data only; give the attribution of PAD-UFES-20 (CC BY 4.0)."


def figures_table(groups: dict[str, Any]) -> str:
    """Return figures by group as a Markdown table."""
    lines = ["| group | crops | Dice | IoU | surface Dice at 2 px | HD95, px |", "|---|---|---|---|---|---|"]
    for name, row in groups.items():
        cells = " | ".join(_cell(row[key]) for key in ("dice", "iou", "surface_dice", "hd95"))
        lines.append(f"| {name} | {row['crops']} | {cells} |")
    return "\n".join(lines)


def _cell(interval: dict[str, Any]) -> str:
    return f"{interval['value']} ({interval['low']} to {interval['high']})"


def _steady_lines(stability: dict[str, Any]) -> str:
    lines = [
        "| data | photographs | Dice with the first | edges apart, px | area repeatability |",
        "|---|---|---|---|---|",
    ]
    for name, row in stability.items():
        cells = " | ".join(_cell(row[key]) for key in ("dice", "edge_px", "area_repeatability"))
        lines.append(f"| {name} | {row['photos']} | {cells} |")
    return "\n".join(lines)


def render_card(report: dict[str, Any]) -> str:
    """Return the card as Markdown from the report's document."""
    recipe, used = report["recipe"], learnt_from(report["recipe"])
    schedule, loss = recipe["schedule"], recipe["loss"]
    data = "\n".join(f"- {_CREDITS[name][0]}: {recipe['data'][name]:.0%} of the training crops" for name in used)
    taught = (
        "no teacher"
        if loss["teacher_checkpoint"] is None
        else "beside the outlines, the soft masks of a teacher with an ImageNet encoder trained on the same data"
    )
    return f"""# Model card: {report["name"]} {report["version"]}

{_NETWORKS[report["architecture"]]}, {report["parameters"]:,} weights; a crop of 128 x 128 px around one visible
feature, its box twice enlarged, to the probability that each pixel belongs to the feature. {report["precision"]}:
matrix products in INT8, the rest in float. File SHA-256 `{report["sha256"]}`.

## What it is for

Outlining a feature that was already found, to show it and to follow its visible size on photographs of the same
adult's skin. It describes appearance.

**Not for:** finding features; judging moles or any other growth, although it was trained on pictures of some; any
diagnosis, triage or treatment decision; surgical margins; children.

## Data and licence

{data}

- Licence of these weights: **{licence(recipe)}**

## Recipe

Checkpoint of step {report["step"]} of {schedule["steps"]}, {schedule["batch"]} crops a step, turned, mirrored, moved,
scaled, relit, coarsened and compressed; cross-entropy and Dice; {taught}; AdamW at {schedule["learning_rate"]} with a
cosine to zero; averaged weights; seed {recipe["run"]["seed"]}. `python -m models.training.segmenter` repeats it.

## Measured

The graph that ships, run by ONNX Runtime, on the test side, which chose nothing; means over crops with 95 %
bootstrap intervals. The probability of {report["threshold"]} that divides feature from skin is that of the best Dice
on the validation side. `box` is the crop around the outline's own box, as the product cuts it around a detector's;
`whole` is the whole picture letterboxed to 128 px, as dermoscopy benchmarks score it. Distances are in pixels of the
crop: in a box crop 64 px are the feature's longer side. An edge is the mask's pixels that touch its outside by a side.

{figures_table(report["test"]["groups"])}

On the validation side:

{figures_table(report["validation"])}

Captured again (other exposure, white balance, noise and compression within the limits of repeated capture, and a box
that moves by up to 5 % and changes by up to 8 %), outlines of the test side hold still as follows; area repeatability
is the 95 % coefficient relative to the area:

{_steady_lines(report["test"]["stability"])}

Against the trained network on {report["int8"]["crops"]} validation crops: the FP32 graph's probabilities are within
{report["fp32"]["largest_difference"]:.1e}; the INT8 graph's masks agree with the network's by a Dice of
{report["int8"]["same_mask"]:.4f} and with the outlines by {report["int8"]["dice_graph"]:.4f}, where the network's agree
by {report["int8"]["dice_network"]:.4f}. One crop takes {report["int8"]["crop_ms"]} ms of one thread, in FP32
{report["fp32"]["crop_ms"]} ms.

## Limits

- Outlines are one person's each, often generous; experts differ among each other on the same edge.
- Phone close-ups are few, so their interval is wide; small features on faces are known from renderings only.
- Deep skin tones are rare in every data set here; equal performance is not shown.
- The outline follows the box: a box around something else gives an outline of something else.
"""
