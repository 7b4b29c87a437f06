"""The nearest peer, trained and asked by its own interpreter: `peer_libreyolo.py DATA SIDE EPOCHS IMAGES OUT`.

Only its public commands are used, with their defaults but for what its arguments say. Writes OUT as JSON: processor
seconds of the training, and boxes with scores of every picture in IMAGES.
"""

import importlib
import json
import os
import sys
import time
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1")

import torch

# torchvision comes without compiled operators here; their declarations are enough to import it.
_library = torch.library.Library("torchvision", "DEF")
_library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
_library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


def main(data: str, side: int, epochs: int, images: Path, out: Path) -> None:
    """Train from random weights and predict."""
    torch.set_num_threads(1)
    model = importlib.import_module("libreyolo").LibreYOLO9E2E(None, size="t", nb_classes=1, device="cpu")
    began = time.process_time()
    model.train(
        data,
        epochs=epochs,
        batch=16,
        imgsz=side,
        device="cpu",
        workers=0,
        amp=False,
        project=str(out.parent / "runs"),
        exist_ok=True,
    )
    seconds = time.process_time() - began
    found = {}
    for path in sorted(images.iterdir()):
        result = model.predict(str(path), conf=0.001, imgsz=side)
        result = result[0] if isinstance(result, list) else result
        boxes, scores = result.boxes.xyxy, result.boxes.conf
        found[path.name] = [[*map(float, box), float(score)] for box, score in zip(boxes, scores, strict=True)]
    out.write_text(json.dumps({"cpu_seconds": seconds, "found": found}), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]), Path(sys.argv[5]))
