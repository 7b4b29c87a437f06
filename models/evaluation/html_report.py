"""The evaluation as one page for people: figures with intervals, charts, pictures, and the data's known faults."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from models.evaluation.bootstrap import Interval
from models.evaluation.bundle_study import BundleStudy
from models.evaluation.charts import Axis, Line, line_chart
from models.evaluation.html_page import page, table
from models.evaluation.pictures import Picture
from models.evaluation.release_gate import gates

FAULTS = (
    "Box labels are real but incomplete: unlabelled features stand beside labelled ones. Precision is a lower bound and"
    " false positives an upper bound.",
    "Labels are small (median about 14 px of 512) and loosely drawn; an overlap of one half is hard to reach.",
    "The border between the types is loose in the labels, and pustules are few.",
    "Skin-tone groups are one viewer's coarse reading of thumbnails. Deep tones are few: read the intervals.",
    "Light, sharpness and pose groups rest on a machine's estimates that came with the photographs.",
    "The photographs are aligned portraits of up to 512 px; a clinic's kiosk photographs differ.",
    "Outlines on phone photographs have one annotator each and no expert's review; those on dermoscopy are generous.",
    "A part of the data's test side is not at hand: the figures rest on the photographs counted below.",
)


@dataclass(frozen=True, slots=True)
class Extra:
    """What is shown beside the bundles: other detectors, how each step was trained, repeatability, pictures."""

    detectors: Mapping[str, Interval]
    ablation: Mapping[str, Sequence[Mapping[str, object]]]  # rows by what the table shows
    repeatability: Mapping[str, Sequence[Mapping[str, object]]]  # by bundle; empty where it was not measured
    pictures: Sequence[Picture]


def interval(value: Interval) -> str:
    """Return a figure over its interval, or a dash where undefined."""
    if value.value is None:
        return "-"
    return f"{value.value:.3f} <small>({value.low:.3f} to {value.high:.3f})</small>"


def render(studies: Sequence[BundleStudy], extra: Extra, split: str, photos: int) -> str:
    """Return the whole page."""
    parts = [
        f'<p class="small">Measured on {photos} photographs of the {escape(split)} side, which chose no weight,'
        " threshold or calibration. Intervals: 95 % bootstrap over photographs. Results support a professional's"
        " review; nothing here is a diagnosis.</p>",
        '<div class="warn"><b>Known faults of the data</b><ul>'
        + "".join(f"<li>{escape(fault)}</li>" for fault in FAULTS)
        + "</ul></div>",
        "<h2>Side by side</h2>",
        _side_by_side(studies, extra),
        _ablation(extra),
    ]
    parts += [_bundle(study, extra) for study in studies]
    for name, rows in extra.repeatability.items():
        if rows:
            parts.append(f"<h2>Repeatability of the measures, {escape(name)}</h2>" + _records(rows))
    parts.append(
        "<h2>Pictures</h2><p>Photographs with the best and the worst agreement. Green: found and labelled. Yellow:"
    )
    parts.append(" labelled and missed. Red, thin: found and not labelled; many of these are real.</p>")
    parts.append('<div class="gallery">' + "".join(_figure(picture) for picture in extra.pictures) + "</div>")
    return page("Evaluation of the vision models", "".join(parts))


def _side_by_side(studies: Sequence[BundleStudy], extra: Extra) -> str:
    """Return the bundles' main figures and those of other detectors."""
    rows = [
        [
            f"<b>{escape(s.name)}</b> {escape(s.version)}<br><small>{escape(s.licence)}</small>",
            interval(s.detection.map50),
            interval(s.detection.recall_at_two_false),
            f"{s.classification.figures.auc_macro:.3f}",
            f"{s.classification.figures.ece:.3f}",
            *(interval(s.segmentation.groups[name].dice) for name in ("isic_whole", "pad_box")),
        ]
        for s in studies
    ]
    rows += [[escape(name), interval(value), *(["-"] * 5)] for name, value in extra.detectors.items()]
    heads = ("", "mAP50", "recall at 2 false a photo", "AUC of types", "ECE", "Dice dermoscopy", "Dice phone close-ups")
    return table(heads, rows)


def _ablation(extra: Extra) -> str:
    """Return what each step and each choice of the training brought."""
    return "".join(f"<h3>{escape(title)}</h3>" + _records(rows) for title, rows in extra.ablation.items())


def _records(records: Sequence[Mapping[str, object]]) -> str:
    """Return a table of records with the same keys."""
    heads = list(records[0])
    return table(heads, [[escape(str(record[head])) for head in heads] for record in records])


def _gates(study: BundleStudy, extra: Extra) -> str:
    repeats = extra.repeatability[study.name]
    rows = [
        [escape(g.name), escape(g.seen), escape(g.bar), "yes" if g.passed else "<b>NO</b>", escape(g.because)]
        for g in gates(study, repeats)
    ]
    intro = "<p>A bundle that misses one of these is for evaluation and demonstration, whatever else it is good at.</p>"
    if not repeats:
        intro += "<p><b>How this bundle repeats itself was not measured:</b> make bench-repeat.</p>"
    return "<h3>Release gates</h3>" + intro + table(("bar", "seen", "wanted", "passed", "because"), rows)


def _bundle(study: BundleStudy, extra: Extra) -> str:
    """Return one bundle's chapter."""
    return "".join(
        [
            f"<h2>Bundle {escape(study.name)} {escape(study.version)}</h2><p>{escape(study.allowed_use)}</p>",
            _gates(study, extra),
            _detection(study),
            _types(study),
            _routing(study),
            _outlines(study),
        ]
    )


def _detection(study: BundleStudy) -> str:
    d, c = study.detection, study.consistency
    main = [
        ["mAP50", interval(d.map50)],
        ["mAP50-95", interval(d.map50_95)],
        [f"recall at score ≥ {d.threshold}", interval(d.recall)],
        ["false positives a photograph there, at most", interval(d.false_per_photo)],
        ["recall at 2 false positives a photograph", interval(d.recall_at_two_false)],
        ["boxes that repeat a better one", f"{d.repeated_share:.1%}"],
        ["two captures: difference of the count, mean over faces", interval(c.count_difference)],
        ["two captures: difference of all counts together", f"{c.total_difference:.1%}"],
        ["two captures: findings at the same place", interval(c.agreement)],
    ]
    parts = ["<h3>Where something is</h3>", table(("figure", "value"), main)]
    parts.append(table(("recall by type", "value"), [[escape(k), interval(v)] for k, v in d.by_type.items()]))
    parts.append(table(("recall by size", "value"), [[escape(k), interval(v)] for k, v in d.by_size.items()]))
    rows = [
        [
            f"{dimension}: {escape(g.name)}" + (' <span class="tag">small group</span>' if g.small else ""),
            str(g.photos),
            str(g.labels),
            interval(g.map50),
            interval(g.recall),
            interval(g.false_per_photo),
        ]
        for dimension, groups in d.groups.items()
        for g in groups
    ]
    parts.append(table(("group", "photos", "labels", "mAP50", "recall", "false a photo ≤"), rows))
    gaps = [
        [
            g.dimension,
            f"{g.all_groups:.3f}",
            "-" if g.large_groups is None else f"{g.large_groups:.3f}",
            g.worst,
            g.best,
        ]
        for g in d.gaps
    ]
    heads = ("gap in recall", "all groups", "groups of 30 photographs or more", "worst", "best")
    parts.append(table(heads, gaps))
    charts = [
        line_chart(
            "Precision and recall",
            Axis("recall", 0, 1),
            Axis("precision, at least", 0, 1),
            [Line("", d.precision_recall)],
        ),
        line_chart(
            "Free response",
            Axis("false positives a photograph", 0, 10),
            Axis("recall", 0, 1),
            [Line("", d.free_response)],
        ),
    ]
    return "".join([*parts, '<div class="charts">', *charts, "</div>"])


def _types(study: BundleStudy) -> str:
    c = study.classification
    f = c.figures
    rows = [
        [escape(name), str(n), f"{auc:.3f}", f"{recall:.3f}", f"{f1:.3f}"]
        for name, n, auc, recall, f1 in zip(
            f.classes, f.per_class_cases, f.auc_per_class, f.recall_per_class, f.f1_per_class, strict=True
        )
    ]
    main = [
        ["AUC, mean over types", f"{f.auc_macro:.3f}"],
        ["balanced accuracy", f"{f.balanced_accuracy:.3f}"],
        ["calibration error (ECE) before and after", f"{c.raw_ece:.3f} → {f.ece:.3f}"],
        ["Brier score", f"{f.brier:.3f}"],
    ]
    sets = [
        [escape(s.name), str(s.cases), interval(s.coverage), f"{s.mean_size:.2f}", f"{s.single:.1%}"] for s in c.sets
    ]
    confusion = [[escape(f.classes[i]), *map(str, row)] for i, row in enumerate(f.confusion)]
    pairs = zip(c.reliability.confidence, c.reliability.accuracy, c.reliability.counts, strict=True)
    seen = [(float(x), float(y)) for x, y, n in pairs if n]
    chart = line_chart(
        "Reliability",
        Axis("stated probability", 0, 1),
        Axis("share right", 0, 1),
        [Line("measured", seen), Line("perfect", [(0, 0), (1, 1)])],
    )
    return "".join(
        [
            "<h3>What it looks like</h3>",
            table(("figure", "value"), main),
            table(("type", "crops", "AUC", "recall", "F1"), rows),
            table(("labelled \\ said", *f.classes), confusion),
            table(("sets for 90 %", "crops", "coverage", "mean size", "exactly one type"), sets),
            f'<div class="charts">{chart}</div>',
        ]
    )


def _routing(study: BundleStudy) -> str:
    rows = [[escape(name.replace("_", " ")), f"{c.value:.4f}", str(c.n)] for name, c in study.routing.items()]
    strangers = [
        [escape(s.name), str(s.crops), f"{s.unlike:.1%}", f"{s.not_typed:.1%}", f"{s.suggested:.1%}"]
        for s in study.strangers
    ]
    chart = line_chart(
        "Abstention",
        Axis("share of findings answered", 0, 1),
        Axis("share wrong among them, at most", 0, 1),
        [Line("", study.abstention.points)],
    )
    heads = ("shown something else", "crops", "unlike what was learnt", "not typed at all", "acted on or suggested")
    return "".join(
        [
            "<h3>When it does not answer</h3><p>A finding counts as wrong when no label lies there, though labels are"
            " incomplete, or when it is called something else.</p>",
            table(("figure", "value", "cases"), rows),
            table(heads, strangers),
            f'<div class="charts">{chart}</div>',
        ]
    )


def _outlines(study: BundleStudy) -> str:
    rows = [
        [escape(name), str(g.crops), interval(g.dice), interval(g.iou), interval(g.surface_dice), interval(g.hd95)]
        for name, g in study.segmentation.groups.items()
    ]
    steady = [
        [escape(name), str(s.photos), interval(s.dice), interval(s.edge_px), interval(s.area_repeatability)]
        for name, s in study.segmentation.stability.items()
    ]
    return "".join(
        [
            "<h3>Where its edge is</h3>",
            table(("crops", "n", "Dice", "IoU", "surface Dice at 2 px", "HD95 px"), rows),
            table(("captured again", "n", "Dice", "edge moved px", "area repeatability"), steady),
        ]
    )


def _figure(picture: Picture) -> str:
    caption = escape(picture.caption)
    return f'<figure><img src="{picture.address}" alt="{caption}"><figcaption>{caption}</figcaption></figure>'
