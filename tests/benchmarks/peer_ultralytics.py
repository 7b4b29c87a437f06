"""What the peer costs for the same architecture: run by its own interpreter as `peer_ultralytics.py SIDE ROUNDS`.

Only its public commands are used. Weights are random: they change no time. Prints CPU milliseconds as JSON.
"""

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", YOLO_AUTOINSTALL="False", YOLO_OFFLINE="True", YOLO_VERBOSE="False")

import numpy as np
import torch

# torchvision comes without compiled operators here; their declarations are enough to import it.
_library = torch.library.Library("torchvision", "DEF")
_library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
_library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


def cpu_milliseconds(call: Callable[[], Any], rounds: int) -> float:
    """Return the median CPU time of a call after one to warm up."""
    taken = []
    for number in range(rounds + 1):
        began = time.process_time()
        call()
        if number:
            taken.append(1000 * (time.process_time() - began))
    return median(taken)


def main(side: int, rounds: int) -> None:
    """Measure the default path and the path through ONNX Runtime."""
    torch.set_num_threads(1)
    yolo = importlib.import_module("ultralytics").YOLO
    image = np.random.default_rng(0).integers(0, 256, (640, 640, 3), dtype=np.uint8)
    model = yolo("yolov10n.yaml", task="detect")
    options = {"imgsz": side, "device": "cpu", "verbose": False, "conf": 0.1}
    cost = {"default": cpu_milliseconds(lambda: model.predict(image, **options), rounds)}
    graph = yolo(model.export(format="onnx", imgsz=side, device="cpu", opset=18), task="detect")
    cost["onnx"] = cpu_milliseconds(lambda: graph.predict(image, **options), rounds)
    print(json.dumps(cost))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
