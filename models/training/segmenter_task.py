# mypy: disable-error-code="untyped-decorator"
"""What training a segmenter means: its data, its losses, its validation."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.data.lesions import Split
from models.data.mask_augment import Layers, WeightedSources
from models.data.mask_crops import OutlinedCrop, as_input, box_crop, whole_crop
from models.data.masks import MaskSource, OutlinedPhoto, read_outlined, read_rendered_lesions
from models.errors import DataMissingError
from models.evaluation.segmentation_metrics import dice
from models.segmentation.build import build_segmenter
from models.segmentation.losses import LossGains, mask_losses, teach
from models.training.engine import read_checkpoint
from models.training.segmenter_recipe import SegmenterRecipe

_AT_ONCE = 16
# Rendered lesions are alike: so many of them say as much for choosing as all of them.
_RENDERED_TO_CHOOSE_BY = 120


@dataclass(frozen=True, slots=True)
class SegmenterData:
    """Photographs to train on, and crops to choose by, each group under its name such as `pad_box`."""

    train: WeightedSources
    validation: dict[str, list[OutlinedCrop]]


def read_data(recipe: SegmenterRecipe, root: Path) -> SegmenterData:
    """Read every source that the recipe gives a share.

    Raises:
        DataMissingError, DataCorruptError: a data set is not there or not as described.
    """
    shares = recipe.data.shares()
    train = tuple([Layers.of(p) for p in _read(recipe, root, source, Split.TRAIN)] for source in shares)
    if not all(train):
        raise DataMissingError("a source of the recipe has nothing to train on: see [data] in the recipe")
    return SegmenterData(WeightedSources(train, tuple(shares.values())), read_validation(recipe, root))


def read_validation(recipe: SegmenterRecipe, root: Path) -> dict[str, list[OutlinedCrop]]:
    """Read the crops to choose by, of every source that the recipe gives a share; raises as `read_data` does."""
    validation: dict[str, list[OutlinedCrop]] = {}
    for source in recipe.data.shares():
        photos = _read(recipe, root, source, Split.VAL)
        if not photos:
            raise DataMissingError(f"{source} has nothing to choose by: see [data] in the recipe")
        validation[f"{source}_box"] = [box_crop(photo) for photo in photos]
        if source is MaskSource.ISIC:
            validation[f"{source}_whole"] = [whole_crop(photo) for photo in photos]
    return validation


def _read(recipe: SegmenterRecipe, root: Path, source: MaskSource, split: Split) -> Sequence[OutlinedPhoto]:
    """Read one side of one source, renderings to choose by thinned evenly."""
    if source is not MaskSource.RENDERED:
        return read_outlined(root, source, split)
    lesions = read_rendered_lesions(recipe.data.rendered_folder, split)
    return lesions[:: max(1, len(lesions) // _RENDERED_TO_CHOOSE_BY)] if split is Split.VAL else lesions


class SegmenterTask:
    """Trains one segmenter, taught by another one if the recipe names it."""

    def __init__(self, recipe: SegmenterRecipe, data: SegmenterData) -> None:
        """Load the teacher.

        Raises:
            DataMissingError: the recipe's teacher has not been trained.
        """
        self._recipe, self._data, self._drawing = recipe, data, recipe.drawing()
        loss = recipe.loss
        self._gains = LossGains(loss.cross_entropy, loss.dice, loss.edge, loss.teacher)
        path = loss.teacher_checkpoint
        self._teacher = None if path is None else load_segmenter(path)[0].to(memory_format=torch.channels_last)

    def build(self) -> nn.Module:
        """Return the network at its start, from ImageNet where its encoder has published weights."""
        return build_segmenter(self._recipe.model.architecture, pretrained=True)

    def parameter_groups(self, network: nn.Module) -> list[dict[str, Any]]:
        """Decay kernels only, and move a pre-trained encoder more carefully."""
        rate = self._recipe.model.encoder_rate
        groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
        for name, parameter in network.named_parameters():
            scale = rate if name.startswith("backbone.") else 1.0
            groups.setdefault((scale, parameter.ndim > 1), []).append(parameter)
        return [
            {"params": members, "scale": scale} | ({} if decays else {"weight_decay": 0.0})
            for (scale, decays), members in groups.items()
        ]

    def losses(self, network: nn.Module, rng: np.random.Generator) -> dict[str, Tensor]:
        """Return the loss of one batch of fresh crops."""
        photos = self._data.train.pick(self._recipe.schedule.batch, rng)
        drawn = [self._drawing.draw(layers, rng) for layers in photos]
        # A batch made from (N, H, W, 3) is channels_last already, the fast layout for convolutions here.
        crops = torch.from_numpy(np.stack([image for image, _ in drawn])).permute(0, 3, 1, 2).float() / 255
        target = torch.from_numpy(np.stack([mask for _, mask in drawn]))[:, None].float() / 255
        taught = None if self._teacher is None else teach(self._teacher, crops)
        return mask_losses(network(crops), target, taught, self._gains)

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Return each group's mean Dice at probability 0.5; `score` is the mean over the groups of box crops."""
        figures = {name: mean_dice(network, crops) for name, crops in self._data.validation.items()}
        boxes = [value for name, value in figures.items() if name.endswith("_box")]
        return {"score": float(np.mean(boxes))} | figures


@torch.inference_mode()
def probabilities(network: nn.Module, crops: Sequence[OutlinedCrop]) -> NDArray[np.float32]:
    """Return (N, S, S) probabilities of the feature."""
    network.eval()
    found = []
    for start in range(0, len(crops), _AT_ONCE):
        batch = torch.from_numpy(as_input(crops[start : start + _AT_ONCE]))
        found.append(network(batch.to(memory_format=torch.channels_last)).sigmoid()[:, 0].numpy())
    return np.concatenate(found)


def mean_dice(network: nn.Module, crops: Sequence[OutlinedCrop]) -> float:
    """Return the mean Dice at probability 0.5, on the photograph only."""
    found = probabilities(network, crops) >= 0.5
    return float(np.mean([dice(mask & crop.inside, crop.mask) for mask, crop in zip(found, crops, strict=True)]))


def load_segmenter(path: Path) -> tuple[nn.Module, SegmenterRecipe, int]:
    """Return a checkpoint's averaged network in evaluation mode, its recipe and its step.

    Raises:
        DataMissingError: there is no such checkpoint.
    """
    state = read_checkpoint(path)
    recipe = SegmenterRecipe.model_validate(state["recipe"])
    network = build_segmenter(recipe.model.architecture)
    network.load_state_dict(state["average"])
    return network.eval().requires_grad_(requires_grad=False), recipe, int(state["step"])
