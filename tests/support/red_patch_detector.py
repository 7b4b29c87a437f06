"""A detector whose answers can be worked out by hand: it boxes whatever is pure red."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE = 128
SCORE = 0.75
CLASSES = ("blemish", "pustule", "spot")


def red_patch_graph(side: int = SIDE, score: float = SCORE, kind: float = 2.0) -> bytes:
    """The graph's bytes; detections are the red area, then one empty row with score 0."""
    constants = {
        "half": np.array(0.5, np.float32),
        "score": np.array(score, np.float32),
        "kind": np.array(kind, np.float32),
        "side": np.array(side, np.float32),
        "after": np.arange(1, side + 1, dtype=np.float32),
        "before": np.arange(side, 0, -1, dtype=np.float32),
        "rows": np.array([1], np.int64),
        "columns": np.array([2], np.int64),
        "last": np.array([1], np.int64),
        "split": np.array([1, 1, 1], np.int64),
        "box_axis": np.array([1], np.int64),
        "plane_axis": np.array([1], np.int64),
    }
    node = helper.make_node
    nodes = [
        node("Split", ["images", "split"], ["red", "green", "blue"], axis=1),
        node("Sub", ["red", "green"], ["redness"]),
        node("Greater", ["redness", "half"], ["is_red"]),
        node("Cast", ["is_red"], ["plane"], to=TensorProto.FLOAT),
        node("Squeeze", ["plane", "plane_axis"], ["mask"]),
        node("ReduceMax", ["mask"], ["across"], axes=[1], keepdims=0),
        node("ReduceMax", ["mask"], ["down"], axes=[2], keepdims=0),
        node("ReduceMax", ["across"], ["any"], axes=[1], keepdims=1),
    ]
    for axis, line in (("x", "across"), ("y", "down")):
        nodes += [
            node("Mul", [line, "after"], [f"{axis}_after"]),
            node("ReduceMax", [f"{axis}_after"], [f"{axis}2"], axes=[1], keepdims=1),
            node("Mul", [line, "before"], [f"{axis}_before"]),
            node("ReduceMax", [f"{axis}_before"], [f"{axis}_rest"], axes=[1], keepdims=1),
            node("Sub", ["side", f"{axis}_rest"], [f"{axis}1"]),
        ]
    nodes += [
        node("Mul", ["any", "score"], ["scores"]),
        node("Mul", ["any", "kind"], ["kinds"]),
        node("Concat", ["x1", "y1", "x2", "y2", "scores", "kinds"], ["flat"], axis=1),
        node("Unsqueeze", ["flat", "box_axis"], ["first"]),
        node("Sub", ["first", "first"], ["empty"]),
        node("Concat", ["first", "empty"], ["detections"], axis=1),
    ]
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", 3, side, side])
    detections = helper.make_tensor_value_info("detections", TensorProto.FLOAT, ["N", 2, 6])
    weights = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "red_patch", [images], [detections], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def write_detector(folder: Path, graph: bytes | None = None, **changes: Any) -> Path:
    """Write graph and sidecar as a training run would, with these sidecar fields changed."""
    content = red_patch_graph() if graph is None else graph
    path = folder / "red_patch.onnx"
    path.write_bytes(content)
    sidecar = {
        "name": "red_patch",
        "version": "1.2.3",
        "sha256": hashlib.sha256(content).hexdigest(),
        "input_size": SIDE,
        "classes": CLASSES,
        "score_threshold": 0.5,
        "metrics": {"map50": 1.0},
    }
    path.with_suffix(".json").write_text(json.dumps(sidecar | changes))
    return path
