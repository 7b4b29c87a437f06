"""A bundle whose answers can be worked out by hand: real little graphs that know things by their colour.

The detector boxes every patch of a pure colour, one a colour; the classifier names a crop by the colour of its
middle; the segmenter outlines what is strongly coloured. Skin is none of it.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from shared.vision.bundle import BundleManifest, GraphRole
from shared.vision.golden import make_golden
from shared.vision.ood import OodModel
from shared.vision.parameters import CROP_CLASSES, CropClass, OodParameters, Parameters
from tests.support.bundles import SIZES, some_parameters, write_bundle

COLOURS: Mapping[CropClass, tuple[int, int, int]] = MappingProxyType(
    {
        CropClass.BLEMISH: (255, 0, 0),
        CropClass.PUSTULE: (255, 255, 0),
        CropClass.SPOT: (0, 0, 255),
        CropClass.CLEAR: (0, 255, 255),
        CropClass.GROWTH: (255, 0, 255),
    }
)
ODD = (0, 255, 0)
"""A colour the classifier has never seen: far from all of the above."""
SCORES: Mapping[tuple[int, int, int], float] = MappingProxyType(
    {
        (255, 0, 0): 0.9,
        (255, 255, 0): 0.8,
        (0, 0, 255): 0.7,
        (0, 255, 255): 0.65,
        (255, 0, 255): 0.6,
        ODD: 0.55,
    }
)
ROWS = 100
FEATURES = 512
# Features are ten times the colour, so a corner of the colour cube away is a distance of ten.
_FEATURE_SCALE = 10.0
_OOD_THRESHOLD = 5.0
_SHARPNESS = 12.0
_node = helper.make_node


def detector_graph(scores: Mapping[tuple[int, int, int], float] = SCORES) -> bytes:
    """Boxes around each colour of `scores`, best first in their order, then empty rows."""
    side = SIZES[GraphRole.DETECTOR]
    constants: dict[str, NDArray[Any]] = {
        "near": np.array(0.35, np.float32),
        "side": np.array(side, np.float32),
        "after": np.arange(1, side + 1, dtype=np.float32),
        "before": np.arange(side, 0, -1, dtype=np.float32),
        "channel_axis": np.array([1], np.int64),
        "row_axis": np.array([1], np.int64),
        "pads": np.array([0, 0, 0, 0, ROWS - len(scores), 0], np.int64),
    }
    nodes = []
    for number, (colour, score) in enumerate(scores.items()):
        constants[f"colour{number}"] = np.array(colour, np.float32).reshape(1, 3, 1, 1) / np.float32(255)
        constants[f"score{number}"] = np.array(score, np.float32)
        nodes += _patch_nodes(number)
    rows = [f"row{number}" for number in range(len(scores))]
    nodes += [_node("Concat", rows, ["found"], axis=1), _node("Pad", ["found", "pads"], ["detections"])]
    return _model("drawn_detector", nodes, constants, ("images", side), {"detections": [ROWS, 6]})


def _patch_nodes(n: int) -> list[onnx.NodeProto]:
    nodes = [
        _node("Sub", ["images", f"colour{n}"], [f"off{n}"]),
        _node("Abs", [f"off{n}"], [f"apart{n}"]),
        _node("ReduceSum", [f"apart{n}", "channel_axis"], [f"distance{n}"], keepdims=0),
        _node("Less", [f"distance{n}", "near"], [f"is{n}"]),
        _node("Cast", [f"is{n}"], [f"mask{n}"], to=TensorProto.FLOAT),
        _node("ReduceMax", [f"mask{n}"], [f"across{n}"], axes=[1], keepdims=0),
        _node("ReduceMax", [f"mask{n}"], [f"down{n}"], axes=[2], keepdims=0),
        _node("ReduceMax", [f"across{n}"], [f"any{n}"], axes=[1], keepdims=1),
    ]
    for axis, line in (("x", "across"), ("y", "down")):
        nodes += [
            _node("Mul", [f"{line}{n}", "after"], [f"{axis}_after{n}"]),
            _node("ReduceMax", [f"{axis}_after{n}"], [f"{axis}_end{n}"], axes=[1], keepdims=1),
            _node("Mul", [f"{line}{n}", "before"], [f"{axis}_before{n}"]),
            _node("ReduceMax", [f"{axis}_before{n}"], [f"{axis}_rest{n}"], axes=[1], keepdims=1),
            _node("Sub", ["side", f"{axis}_rest{n}"], [f"{axis}_start{n}"]),
        ]
    corners = [f"x_start{n}", f"y_start{n}", f"x_end{n}", f"y_end{n}"]
    return [
        *nodes,
        _node("Mul", [f"any{n}", f"score{n}"], [f"scored{n}"]),
        _node("Sub", [f"any{n}", f"any{n}"], [f"class{n}"]),
        _node("Concat", corners, [f"bounds{n}"], axis=1),
        # Where the colour is nowhere the row is all zeros.
        _node("Mul", [f"bounds{n}", f"any{n}"], [f"corners{n}"]),
        _node("Concat", [f"corners{n}", f"scored{n}", f"class{n}"], [f"flat{n}"], axis=1),
        _node("Unsqueeze", [f"flat{n}", "row_axis"], [f"row{n}"]),
    ]


def classifier_graph() -> bytes:
    """Logits by the squared distance of the middle's colour to each class's; features are the colour itself."""
    side = SIZES[GraphRole.CLASSIFIER]
    colours = np.array([COLOURS[name] for name in CROP_CLASSES], np.float32) / np.float32(255)
    constants = {
        "starts": np.array([side // 2 - 4, side // 2 - 4], np.int64),
        "ends": np.array([side // 2 + 4, side // 2 + 4], np.int64),
        "axes": np.array([2, 3], np.int64),
        "to_logits": 2 * _SHARPNESS * colours.T,
        "bias": -_SHARPNESS * (colours**2).sum(axis=1),
        "to_features": np.eye(3, FEATURES, dtype=np.float32) * np.float32(_FEATURE_SCALE),
    }
    nodes = [
        _node("Slice", ["crops", "starts", "ends", "axes"], ["middle"]),
        _node("ReduceMean", ["middle"], ["colour"], axes=[2, 3], keepdims=0),
        _node("Gemm", ["colour", "to_logits", "bias"], ["logits"]),
        _node("MatMul", ["colour", "to_features"], ["features"]),
    ]
    outputs = {"logits": [len(CROP_CLASSES)], "features": [FEATURES]}
    return _model("drawn_classifier", nodes, constants, ("crops", side), outputs)


def segmenter_graph() -> bytes:
    """Logits that are positive where a pixel's strongest channel exceeds its weakest by more than 0.6."""
    side = SIZES[GraphRole.SEGMENTER]
    constants = {"limit": np.array(0.6, np.float32), "steepness": np.array(40.0, np.float32)}
    nodes = [
        _node("ReduceMax", ["crops"], ["strongest"], axes=[1], keepdims=1),
        _node("ReduceMin", ["crops"], ["weakest"], axes=[1], keepdims=1),
        _node("Sub", ["strongest", "weakest"], ["saturation"]),
        _node("Sub", ["saturation", "limit"], ["above"]),
        _node("Mul", ["above", "steepness"], ["mask_logits"]),
    ]
    return _model("drawn_segmenter", nodes, constants, ("crops", side), {"mask_logits": [1, side, side]})


def _model(
    name: str,
    nodes: list[onnx.NodeProto],
    constants: Mapping[str, NDArray[Any]],
    taken: tuple[str, int],
    given: Mapping[str, list[int]],
) -> bytes:
    image = helper.make_tensor_value_info(taken[0], TensorProto.FLOAT, ["N", 3, taken[1], taken[1]])
    outputs = [helper.make_tensor_value_info(key, TensorProto.FLOAT, ["N", *shape]) for key, shape in given.items()]
    weights = [numpy_helper.from_array(np.asarray(value), key) for key, value in constants.items()]
    graph = helper.make_graph(nodes, name, [image], outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


@cache
def drawn_graphs() -> Mapping[GraphRole, bytes]:
    """The three graphs."""
    return MappingProxyType(
        {
            GraphRole.DETECTOR: detector_graph(),
            GraphRole.CLASSIFIER: classifier_graph(),
            GraphRole.SEGMENTER: segmenter_graph(),
        }
    )


def drawn_parameters() -> Parameters:
    """Parameters that fit the graphs: joint confidences from 0.95 (red, act) down, odd colours out of distribution."""
    return some_parameters().model_copy(update={"ood": OodParameters(threshold=_OOD_THRESHOLD, n=300)})


def drawn_ood() -> OodModel:
    """Class means at the classes' colours."""
    means = np.zeros((len(CROP_CLASSES), 64))
    means[:, :3] = np.array([COLOURS[name] for name in CROP_CLASSES]) / 255 * _FEATURE_SCALE
    return OodModel(np.eye(FEATURES, 64), np.zeros(FEATURES), means, np.eye(64))


@cache
def drawn_golden() -> bytes:
    """What the graphs answer to the drawn inputs, as `golden.json`."""
    sessions = {
        role: ort.InferenceSession(graph, providers=["CPUExecutionProvider"]) for role, graph in drawn_graphs().items()
    }

    def run(role: GraphRole, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        session = sessions[role]
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, session.run(names, {session.get_inputs()[0].name: batch}), strict=True))

    return make_golden(SIZES, run).model_dump_json().encode()


def write_test_bundle(
    folder: Path, graphs: Mapping[GraphRole, bytes] | None = None, parameters: Parameters | None = None
) -> BundleManifest:
    """Write the bundle into a folder that does not exist yet; some graphs or the parameters may be others."""
    chosen = {**drawn_graphs(), **(graphs or {})}
    return write_bundle(folder, chosen, parameters or drawn_parameters(), drawn_ood(), drawn_golden())
