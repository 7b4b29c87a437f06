# mypy: disable-error-code="untyped-decorator"
"""The classifier's training loop: seeded, in stages, resumable at every checkpoint, logged a line a step."""

import copy
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as fn

from models.classification.hints import TEACHER_MAPS, Hints
from models.classification.resnet import ResNet18
from models.data.augment import LightSettings
from models.data.type_crops import (
    JitterSettings,
    Mixture,
    RoughSettings,
    TypeSource,
    draw_batch,
    soft_targets,
)
from models.data.type_sources import TypeCrops
from models.errors import CheckpointForeignError, DataMissingError
from models.evaluation.classification_metrics import ClassificationFigures, measure
from models.pretrained import efficientnet_lite0_features
from models.training.classifier_recipe import ClassifierRecipe, StageSection
from models.training.steps import descend, move_average, write_checkpoint
from shared.vision.parameters import CROP_CLASSES

_EVALUATION_BATCH = 64


@dataclass(frozen=True, slots=True)
class ClassifierStep:
    """One line of the run log; `cpu_seconds` of this process since it began to train, data included.

    `loss` is that of the labels, `hints` that of the ImageNet teacher before its weight, 0 without one.
    `measured` holds the figures of each held-out set at the end of a stage.
    """

    step: int
    stage: str
    loss: float
    hints: float
    learning_rate: float
    cpu_seconds: float
    measured: dict[str, ClassificationFigures] = field(default_factory=dict)


def stage_rate(stage: StageSection, step: int) -> float:
    """Return the rate of a step within its stage: linear warm-up, then a cosine to almost zero."""
    if step < stage.warmup_steps:
        return stage.learning_rate * (step + 1) / stage.warmup_steps
    after = (step - stage.warmup_steps) / max(stage.steps - stage.warmup_steps, 1)
    return stage.learning_rate * 0.5 * (1 + math.cos(math.pi * min(after, 1.0)))


@torch.inference_mode()
def probabilities(network: nn.Module, crops: TypeCrops) -> NDArray[np.float64]:
    """Return softmax probabilities (N, 5) of a network in evaluation mode."""
    images = torch.from_numpy(crops.network_input()).contiguous(memory_format=torch.channels_last)
    parts = [network(batch).logits.softmax(dim=1) for batch in images.split(_EVALUATION_BATCH)]
    return np.concatenate([part.numpy() for part in parts]).astype(np.float64)


def step_batch(recipe: ClassifierRecipe, sources: Mapping[str, TypeSource], step: int) -> tuple[Tensor, Tensor]:
    """Return a step's crops (B, 3, 64, 64) in 0..1 and soft targets (B, 5).

    They follow from the recipe's seed and the step alone, so that resuming is exact.
    """
    stage, _ = recipe.stage_at(step)
    rng = np.random.default_rng((recipe.run.seed, step))
    mixture = Mixture(np.array([stage.classes[name] for name in CROP_CLASSES]), stage.sources.model_dump())
    settings = (
        JitterSettings(**recipe.jitter.model_dump()),
        LightSettings(**recipe.light.model_dump()),
        RoughSettings(**recipe.rough.model_dump()),
    )
    samples = draw_batch(sources, mixture, settings, recipe.optimiser.batch, rng)
    images = torch.from_numpy(np.stack([sample.image for sample in samples]))
    targets = torch.from_numpy(soft_targets(samples, recipe.optimiser.smoothing, stage.clear_doubt))
    # Stacked as (N, H, W, 3), the permuted batch is channels_last already, the fast layout here.
    return images.permute(0, 3, 1, 2).float() / 255, targets


class ClassifierTrainer:
    """One run in one folder: `last.pt` (everything to resume and to export) and `log.jsonl`."""

    def __init__(
        self,
        recipe: ClassifierRecipe,
        sources: Mapping[str, TypeSource],
        held_out: Mapping[str, TypeCrops],
        folder: Path,
    ) -> None:
        """Build the network or load the folder's last checkpoint.

        Raises:
            CheckpointForeignError: the folder belongs to a run of another recipe.
        """
        self.recipe, self.sources, self.held_out, self.folder = recipe, sources, held_out, folder
        self.step = 0
        torch.manual_seed(recipe.run.seed)
        self.network = build_classifier(recipe).to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).requires_grad_(requires_grad=False).eval()
        self.hints = build_hints() if recipe.takes_hints else None
        trained = [*self.network.parameters(), *(self.hints.parameters() if self.hints else ())]
        decayed, others = [p for p in trained if p.ndim > 1], [p for p in trained if p.ndim <= 1]
        self.optimiser = torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": recipe.optimiser.weight_decay},
                {"params": others, "weight_decay": 0.0},
            ]
        )
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / "last.pt").is_file():
            self._resume()

    def run(self, report: Callable[[ClassifierStep], None], until: int | None = None) -> None:
        """Train to the end of the recipe, or to step `until`, calling `report` after every step.

        Raises:
            LossDivergedError: the loss is not finite; nothing is saved over the last good checkpoint.
        """
        last = self.recipe.steps if until is None else min(until, self.recipe.steps)
        began = time.process_time()
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            while self.step < last:
                line = self._advance(began)
                if self.step == last or self.step % self.recipe.run.checkpoint_every_steps == 0:
                    self._save()
                log.write(json.dumps(asdict(line)) + "\n")
                log.flush()
                report(line)

    def _advance(self, began: float) -> ClassifierStep:
        """Take one optimiser step; measure when it ends a stage."""
        stage, within = self.recipe.stage_at(self.step)
        rate = stage_rate(stage, within)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        images, targets = step_batch(self.recipe, self.sources, self.step)
        self.network.train()
        maps = self.network.maps(images)
        labelled = fn.cross_entropy(self.network.classify(maps[-1]).logits, targets)
        taught = self.hints(images, maps) if self.hints and stage.hint_gain > 0 else torch.zeros(())
        loss = labelled + stage.hint_gain * taught
        optimiser, remedy = self.recipe.optimiser, "lower the stage's learning_rate"
        descend(loss, self.network, self.optimiser, optimiser.clip_norm, f"{self.step}: {remedy}")
        move_average(self.average, self.network, optimiser.ema_decay, self.step)
        self.step += 1
        ends = within + 1 == stage.steps
        measured = self.measure() if ends else {}
        spent = round(time.process_time() - began, 2)
        losses = float(labelled.detach()), float(taught.detach())
        return ClassifierStep(self.step, stage.name, *losses, rate, spent, measured)

    def measure(self) -> dict[str, ClassificationFigures]:
        """Return the averaged network's figures on each held-out set."""
        names = tuple(name.value for name in CROP_CLASSES)
        return {
            key: measure(probabilities(self.average, crops), crops.labels, names)
            for key, crops in self.held_out.items()
        }

    def _save(self) -> None:
        state = {
            "recipe": self.recipe.model_dump(mode="json"),
            "step": self.step,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "hints": self.hints.state_dict() if self.hints else None,
            "optimiser": self.optimiser.state_dict(),
        }
        write_checkpoint(self.folder / "last.pt", state)

    def _resume(self) -> None:
        """Load `last.pt`."""
        state = torch.load(self.folder / "last.pt", weights_only=True)
        if ClassifierRecipe.model_validate(state["recipe"]) != self.recipe:
            message = f"{self.folder} holds a run of another recipe: choose another --out or remove the folder"
            raise CheckpointForeignError(message)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        if self.hints:
            self.hints.load_state_dict(state["hints"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = int(state["step"])


def build_classifier(recipe: ClassifierRecipe) -> ResNet18:
    """Return the freshly initialised network of a recipe."""
    return ResNet18(len(CROP_CLASSES), recipe.model.stem, recipe.model.scale)


def build_hints() -> Hints:
    """Return the hints of EfficientNet-lite0, ImageNet weights inside.

    Raises:
        DataMissingError: timm or torchvision is not installed.
    """
    teacher = efficientnet_lite0_features(TEACHER_MAPS)
    return Hints(teacher.to(memory_format=torch.channels_last), teacher.channels)


def load_classifier(path: Path) -> tuple[ResNet18, ClassifierRecipe, int]:
    """Return a checkpoint's averaged network in evaluation mode, its recipe and its step.

    Raises:
        DataMissingError: there is no such checkpoint.
    """
    if not path.is_file():
        message = f"{path}: no checkpoint; train first with python -m models.training.classifier"
        raise DataMissingError(message)
    state = torch.load(path, weights_only=True)
    recipe = ClassifierRecipe.model_validate(state["recipe"])
    network = build_classifier(recipe)
    network.load_state_dict(state["average"])
    network.eval()
    return network, recipe, int(state["step"])
