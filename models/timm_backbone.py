"""The one door to timm: makes it importable beside the processor build of torch.

timm imports torchvision for its picture transforms. The wheel of torchvision carries operators compiled against
the CUDA build of torch; beside the processor build they do not load, and torchvision then stumbles over two
operators that nobody declared. Declaring their signatures is enough, since nothing here calls them.
"""

import importlib
import importlib.util
from pathlib import Path
from types import ModuleType

import torch

from models.errors import DataMissingError

_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_OPERATORS = ("torchvision::nms", "torchvision::qnms")


def load_timm() -> ModuleType:
    """Return timm, declaring beforehand what torchvision's own library cannot register here.

    Raises:
        DataMissingError: timm or torchvision is not installed.
    """
    found = importlib.util.find_spec("torchvision")
    if found is None or found.origin is None or importlib.util.find_spec("timm") is None:
        raise DataMissingError("timm and torchvision are not installed: run `make train-tests` once to install them")
    if not _registers_itself(Path(found.origin).parent):
        for operator in _OPERATORS:
            _declare(operator)
    return importlib.import_module("timm")


def _registers_itself(package: Path) -> bool:
    """Does torchvision's compiled library load into this build of torch?"""
    for library in package.glob("_C*.so"):
        try:
            torch.ops.load_library(str(library))
        except OSError:
            continue
        return True
    return False


def _declare(operator: str) -> None:
    """Declare an operator's signature unless this process has it already."""
    namespace, name = operator.split("::")
    if not hasattr(getattr(torch.ops, namespace), name):
        torch.library.define(operator, _SIGNATURE)
