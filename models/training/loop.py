# mypy: disable-error-code="untyped-decorator"
"""The training loop: seeded, resumable at every checkpoint, logged as one JSON object a line."""

import copy
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.data.augment import CropSettings, LightSettings, Sample, draw
from models.data.detection import BoxedPhoto, CropSources
from models.errors import CheckpointForeignError
from models.training.networks import build_network, start_weights
from models.training.recipe import OptimiserSection, Recipe
from models.training.steps import descend, move_average, write_checkpoint
from models.training.validation import validate
from models.yolov10.assignment import Truth
from models.yolov10.losses import dual_loss


@dataclass(frozen=True, slots=True)
class StepReport:
    """One line of the run log.

    `seconds` of monotonic and `cpu_seconds` of processor time since this process began to train.
    """

    step: int
    loss: float
    box: float
    cls: float
    dfl: float
    learning_rate: float
    seconds: float
    cpu_seconds: float
    val_ap50: float | None = None
    val_map: float | None = None


def learning_rate(section: OptimiserSection, step: int) -> float:
    """Return the rate of `step` (0-based): linear warm-up, flat, linear fall to zero after the last step."""
    up = min(1.0, (step + 1) / max(section.warmup_steps, 1))
    down = min(1.0, (section.steps - step) / max(section.decay_steps, 1))
    return section.learning_rate * min(up, down)


def collate(samples: Sequence[Sample]) -> tuple[Tensor, Truth]:
    """Return images (N, 3, H, W) float in 0..1 and padded truth of the one class."""
    images = torch.from_numpy(np.stack([sample.image for sample in samples]))
    most = max(len(sample.boxes) for sample in samples)
    boxes = torch.zeros(len(samples), most, 4)
    classes = torch.zeros(len(samples), most, dtype=torch.long)
    valid = torch.zeros(len(samples), most, dtype=torch.bool)
    for row, sample in enumerate(samples):
        count = len(sample.boxes)
        boxes[row, :count] = torch.from_numpy(sample.boxes)
        valid[row, :count] = True
    # A batch made from (N, H, W, 3) is channels_last already, the fast layout for convolutions here.
    return images.permute(0, 3, 1, 2).float() / 255, Truth(boxes, classes, valid)


def _parameter_groups(network: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Decay convolution kernels only: not biases, not normalisation."""
    trained = [p for p in network.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]


class Trainer:
    """One run in one folder: `last.pt` (everything to resume), `best.pt` (weights by val), `log.jsonl`."""

    def __init__(
        self,
        recipe: Recipe,
        sources: CropSources,
        val: Sequence[BoxedPhoto],
        folder: Path,
        max_steps: int | None = None,
    ) -> None:
        """Build the network or load the folder's last checkpoint.

        Raises:
            CheckpointForeignError: the folder belongs to a run of another network or data order.
            DataMissingError: what the recipe continues has not been trained yet.
        """
        self.recipe, self.sources, self.val, self.folder = recipe, sources, val, folder
        self.last_step = min(recipe.optimiser.steps, max_steps or recipe.optimiser.steps)
        self.step, self.best = 0, -1.0
        self.crop = CropSettings(
            recipe.crop.size_px,
            (recipe.crop.zoom_min, recipe.crop.zoom_max),
            recipe.crop.on_object,
            recipe.crop.min_visible,
        )
        self.light = LightSettings(**recipe.light.model_dump())
        torch.manual_seed(recipe.run.seed)
        self.network = build_network(recipe.model)
        resuming = (folder / "last.pt").is_file()
        if not resuming:
            start_weights(self.network, recipe, lambda: collate(self._batch())[0])
        self.network.to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).requires_grad_(requires_grad=False).eval()
        section = recipe.optimiser
        groups = _parameter_groups(self.network, section.weight_decay)
        self.optimiser = torch.optim.AdamW(groups, lr=section.learning_rate)
        folder.mkdir(parents=True, exist_ok=True)
        if resuming:
            self._resume()

    def run(self, report: Callable[[StepReport], None]) -> None:
        """Train to the last step, calling `report` after every step.

        Raises:
            LossDivergedError: the loss is not finite; nothing is saved over the last good checkpoint.
        """
        began = (time.monotonic(), time.process_time())
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            while self.step < self.last_step:
                line = self._advance(began)
                last = self.step == self.last_step
                if last or self.step % self.recipe.run.validate_every_steps == 0:
                    line = self._validated(line)
                if last or self.step % self.recipe.run.checkpoint_every_steps == 0:
                    self._save("last.pt")
                log.write(json.dumps(asdict(line)) + "\n")
                log.flush()
                report(line)

    def _advance(self, began: tuple[float, float]) -> StepReport:
        """Take one optimiser step."""
        section = self.recipe.optimiser
        images, truth = collate(self._batch())
        rate = learning_rate(section, self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        if self.step and self.step == section.one_to_one_from_many_at_step:
            self._teach_one_to_one()
        self.network.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.recipe.run.bf16):
            many, one, shapes = self.network.raw(images)
        parts = dual_loss(many, one, shapes, self.network.head.bins, truth)
        loss = parts[0].total() + parts[1].total()
        descend(loss, self.network, self.optimiser, section.clip_norm, f"{self.step}: lower optimiser.learning_rate")
        move_average(self.average, self.network, section.ema_decay, self.step)
        self.step += 1
        box, cls, dfl = (sum(float(getattr(p, name).detach()) for p in parts) for name in ("box", "cls", "dfl"))
        wall, processor = time.monotonic() - began[0], time.process_time() - began[1]
        return StepReport(
            self.step,
            float(loss.detach()),
            box,
            cls,
            dfl,
            rate,
            round(wall, 2),
            round(processor, 2),
        )

    def _batch(self) -> list[Sample]:
        """Draw the step's crops from the seed and the step's number only, so resuming is exact."""
        rng = np.random.default_rng((self.recipe.run.seed, self.step))
        picks = self.sources.pick(rng, self.recipe.optimiser.batch, self.step)
        return [draw(photo, self.crop, self.light, rng) for photo in picks]

    def _teach_one_to_one(self) -> None:
        """Start the one-to-one head over from what the one-to-many head has learnt by now.

        With one anchor per object it learns slowly on its own; from here it only has to learn which of the
        good anchors speaks.
        """
        for network in (self.network, self.average):
            head = network.head
            head.one_to_one.load_state_dict(head.in_training().state_dict())
        head, state = self.network.head, self.optimiser.state
        for many, one in zip(head.in_training().parameters(), head.one_to_one.parameters(), strict=True):
            state[one] = copy.deepcopy(state[many])

    def _validated(self, line: StepReport) -> StepReport:
        """Measure the averaged weights on val and keep them when they are the best so far."""
        ap50, mean = validate(self.average, self.val, self.recipe.model.input_size_px)
        if ap50 > self.best:
            self.best = ap50
            self._save("best.pt")
        return StepReport(**{**asdict(line), "val_ap50": ap50, "val_map": mean})

    def _save(self, name: str) -> None:
        state = {
            "recipe": self.recipe.model_dump(mode="json"),
            "step": self.step,
            "best": self.best,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        write_checkpoint(self.folder / name, state)

    def _resume(self) -> None:
        """Load `last.pt`."""
        state = torch.load(self.folder / "last.pt", weights_only=True)
        ours, theirs = self.recipe.model_dump(mode="json"), state["recipe"]
        if (ours["model"]["scale"], ours["run"]["seed"]) != (theirs["model"]["scale"], theirs["run"]["seed"]):
            message = f"{self.folder} holds another run: choose another --out or remove the folder"
            raise CheckpointForeignError(message)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.best = int(state["step"]), float(state["best"])
