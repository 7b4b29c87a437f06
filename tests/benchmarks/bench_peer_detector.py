"""Our detector beside its nearest peer: `python -m tests.benchmarks.bench_peer_detector --log RUN/log.jsonl`.

Both are trained from random weights on the same photographs within about the same processor time (the peer in whole
epochs, so the last one may exceed it), both are measured on the held-out photographs by the same code. Writes
reports/bench-peer-detector.json.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from models.data.lesions import DEFAULT_ROOT, FOLDER, LabelledPhoto, Split, read_split
from models.evaluation.bootstrap import Interval, bootstrap
from models.evaluation.metrics import PhotoDetections, PhotoMatch, PhotoTruth, average_precision, match_photo
from models.evaluation.runner import OnnxDetector
from tests.benchmarks.peer_environment import PEERS, peer_python

REPORT = Path("reports/bench-peer-detector.json")
# What the peer needs for one photograph at this side, measured; only the number of epochs follows from it.
SIDE, SECONDS_PER_PHOTO = 320, 0.30

app = typer.Typer(add_completion=False)


def write_data(root: Path, folder: Path) -> Path:
    """Write the photographs and one-class labels as the peer reads them, and return its description."""
    for split in Split:
        images, labels = folder / "images" / split.value, folder / "labels" / split.value
        images.mkdir(parents=True, exist_ok=True)
        labels.mkdir(parents=True, exist_ok=True)
        for photo in read_split(root, split):
            shutil.copyfile(root / FOLDER / "images" / photo.name, images / photo.name)
            (labels / f"{Path(photo.name).stem}.txt").write_text(_lines(photo), encoding="utf-8")
    names = "train: images/train\nval: images/val\ntest: images/test\nnc: 1\nnames: [feature]\n"
    description = folder / "data.yaml"
    description.write_text(f"path: {folder.resolve()}\n{names}", encoding="utf-8")
    return description


def _lines(photo: LabelledPhoto) -> str:
    height, width = photo.image.shape[:2]
    rows = []
    for x1, y1, x2, y2 in photo.boxes.tolist():
        row = ((x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height)
        rows.append("0 " + " ".join(f"{value:.6f}" for value in row))
    return "\n".join(rows) + "\n"


def budget(log: Path) -> float:
    """Return the processor seconds a run of ours took."""
    last = log.read_text(encoding="utf-8").splitlines()[-1]
    return float(json.loads(last)["cpu_seconds"])


def score(matches: list[PhotoMatch]) -> Interval:
    """Return mAP50 with its interval."""
    return bootstrap(len(matches), lambda index: float(average_precision([matches[i] for i in index])[0]))


def peer_matches(photos: list[LabelledPhoto], found: dict[str, list[list[float]]]) -> list[PhotoMatch]:
    """Return the peer's detections matched with the labels."""
    matches = []
    for photo in photos:
        rows = np.array(sorted(found[photo.name], key=lambda row: -row[4]), np.float32).reshape(-1, 5)
        seen = PhotoDetections(rows[:, :4], rows[:, 4], np.zeros(len(rows), np.int64))
        matches.append(match_photo(PhotoTruth(photo.boxes, photo.classes), seen, None))
    return matches


@app.command()
def main(
    log: Annotated[Path, typer.Option(help="Log of our run; its processor time is the budget")],
    graph: Annotated[Path, typer.Option(help="Our run's exported graph")],
    data_root: Annotated[Path, typer.Option(help="Folder that holds images/")] = DEFAULT_ROOT,
) -> None:
    """Train the peer, measure both, print and write."""
    console = Console(width=110)
    seconds = budget(log)
    photos = read_split(data_root, Split.TEST)
    train = len(read_split(data_root, Split.TRAIN))
    epochs = max(1, round(seconds / (train * SECONDS_PER_PHOTO)))
    folder = PEERS / "faces"
    description = write_data(data_root, folder)
    out = (PEERS / "libreyolo.json").resolve()
    script = Path(__file__).with_name("peer_libreyolo.py").resolve()
    images = folder / "images" / Split.TEST.value
    command = [str(peer_python("libreyolo")), str(script), str(description.resolve()), str(SIDE), str(epochs)]
    subprocess.run([*command, str(images.resolve()), str(out)], check=True, cwd=PEERS, timeout=7200)
    peer = json.loads(out.read_text(encoding="utf-8"))
    detector = OnnxDetector(graph)
    truths = [PhotoTruth(p.boxes, p.classes) for p in photos]
    ours = score([match_photo(t, detector.detect(p.image), None) for t, p in zip(truths, photos, strict=True)])
    theirs = score(peer_matches(photos, peer["found"]))
    document = {
        "photographs": len(photos),
        "ours": {"map50": ours.value, "low": ours.low, "high": ours.high, "cpu_seconds": seconds},
        "peer": {
            "name": "libreyolo 1.6.0 yolo9_e2e-t",
            "map50": theirs.value,
            "low": theirs.low,
            "high": theirs.high,
            "cpu_seconds": peer["cpu_seconds"],
            "epochs": epochs,
            "side": SIDE,
        },
    }
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    console.print_json(data=document)


if __name__ == "__main__":
    app()
