"""Building the network a recipe names, starting its weights and loading them again."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from models.errors import DataMissingError
from models.training.recipe import ModelSection, Recipe
from models.training.start import continue_checkpoint, continue_release
from models.yolov10.network import YoloV10, build_yolov10

# Where something is; what it is called is the classifier's task.
DETECTOR_CLASSES = 1


def build_network(section: ModelSection) -> YoloV10:
    """Return the freshly initialised network of a recipe."""
    return build_yolov10(DETECTOR_CLASSES, section.scale)


def start_weights(network: YoloV10, recipe: Recipe, images: Callable[[], Tensor]) -> None:
    """Load what the recipe continues; `images` draws a typical batch when one is needed.

    Raises:
        DataMissingError, ArtifactCorruptError: what it continues is not there or is another network.
    """
    if recipe.start.checkpoint is not None:
        continue_checkpoint(network, recipe.start.checkpoint)
    if recipe.start.release is not None:
        continue_release(network, recipe.start.release, images())


def load_average(path: Path) -> tuple[YoloV10, Recipe, int]:
    """Return a checkpoint's averaged network in evaluation mode, its recipe and its step.

    Raises:
        DataMissingError: there is no such checkpoint.
    """
    if not path.is_file():
        message = f"{path}: no checkpoint; train first with python -m models.training.detector"
        raise DataMissingError(message)
    state = torch.load(path, weights_only=True)
    recipe = Recipe.model_validate(state["recipe"])
    network = build_network(recipe.model)
    network.load_state_dict(state["average"])
    network.eval()
    return network, recipe, int(state["step"])
