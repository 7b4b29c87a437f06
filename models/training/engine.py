# mypy: disable-error-code="untyped-decorator"
"""A trainer for any task: seeded, resumable, averaged weights, a cosine rate, one JSON object a line in the log.

A task says what the network is, what a step loses and how good the averaged weights are; everything about
checkpoints, schedule and log is here once.
"""

import copy
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from models.errors import CheckpointForeignError, DataMissingError
from models.training.recipe_file import Section
from models.training.steps import descend, move_average, write_checkpoint


class ScheduleSection(Section):
    """How weights move: AdamW, linear warm-up, then half a cosine to zero."""

    batch: int = Field(ge=1, le=512)
    steps: int = Field(ge=1)
    learning_rate: float = Field(gt=0, le=0.1)
    weight_decay: float = Field(ge=0, le=1)
    warmup_steps: int = Field(ge=0)
    clip_norm: float = Field(gt=0, description="Largest norm of the gradient")
    ema_decay: float = Field(ge=0, lt=1, description="Memory of the averaged weights that are exported")


class PaceSection(Section):
    """How the run itself behaves."""

    seed: int = Field(ge=0)
    threads: int = Field(ge=1, le=64)
    checkpoint_every_steps: int = Field(ge=1)
    validate_every_steps: int = Field(ge=1)


class Task(Protocol):
    """What is trained. Every random choice of `losses` comes from its generator or torch's, seeded per step."""

    def build(self) -> nn.Module:
        """Return the network at its start."""
        ...

    def parameter_groups(self, network: nn.Module) -> list[dict[str, Any]]:
        """Return AdamW's groups; `scale` multiplies the learning rate of a group."""
        ...

    def losses(self, network: nn.Module, rng: np.random.Generator) -> dict[str, Tensor]:
        """Return the parts of one step's loss by name; their sum is made small."""
        ...

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Return figures of the averaged weights; `score` among them chooses, more is better."""
        ...


@dataclass(frozen=True, slots=True)
class StepLine:
    """One line of the log; `cpu_seconds` of this process and those it resumed, training and validation."""

    step: int
    loss: float
    parts: dict[str, float]
    learning_rate: float
    cpu_seconds: float
    validation: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunSettings:
    """A run: where it lives, its schedule and pace, and the recipe as written into checkpoints."""

    folder: Path
    schedule: ScheduleSection
    pace: PaceSection
    recipe: dict[str, Any]


def learning_rate(section: ScheduleSection, step: int) -> float:
    """Return the rate of `step` (0-based): linear warm-up, then half a cosine to zero after the last step."""
    if step < section.warmup_steps:
        return section.learning_rate * (step + 1) / section.warmup_steps
    done = (step - section.warmup_steps) / max(section.steps - section.warmup_steps, 1)
    return section.learning_rate * (1 + math.cos(math.pi * done)) / 2


class Engine:
    """One run in one folder: `last.pt` (everything to resume), `best.pt` (weights by score), `log.jsonl`."""

    def __init__(self, task: Task, settings: RunSettings) -> None:
        """Build the network or load the folder's last checkpoint.

        Raises:
            CheckpointForeignError: the folder belongs to a run of another recipe.
        """
        self.task, self.settings = task, settings
        self.step, self.best, self._cpu_before = 0, -math.inf, 0.0
        torch.manual_seed(settings.pace.seed)
        self.network = task.build().to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).requires_grad_(requires_grad=False).eval()
        schedule = settings.schedule
        groups = task.parameter_groups(self.network)
        self.optimiser = torch.optim.AdamW(groups, lr=schedule.learning_rate, weight_decay=schedule.weight_decay)
        settings.folder.mkdir(parents=True, exist_ok=True)
        if (settings.folder / "last.pt").is_file():
            self._resume()
        self._cpu_began = time.process_time()

    def run(self, report: Callable[[StepLine], None], max_steps: int | None = None) -> None:
        """Train to the last step, or `max_steps` further, calling `report` after every step.

        Raises:
            LossDivergedError: the loss is not finite; nothing is saved over the last good checkpoint.
        """
        steps = self.settings.schedule.steps
        until = steps if max_steps is None else min(steps, self.step + max_steps)
        with (self.settings.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            while self.step < until:
                line = self._advance()
                last = self.step == until
                if last or self.step % self.settings.pace.validate_every_steps == 0:
                    line = self._validated(line)
                if last or self.step % self.settings.pace.checkpoint_every_steps == 0:
                    self._save("last.pt")
                log.write(json.dumps(asdict(line)) + "\n")
                log.flush()
                report(line)

    def cpu_seconds(self) -> float:
        """Return the processor time spent on this run so far, earlier processes included."""
        return self._cpu_before + time.process_time() - self._cpu_began

    def _advance(self) -> StepLine:
        """Take one optimiser step; everything random follows from the seed and the step's number."""
        schedule = self.settings.schedule
        rng = np.random.default_rng((self.settings.pace.seed, self.step))
        torch.manual_seed(int(rng.integers(2**63)))
        rate = learning_rate(schedule, self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group.get("scale", 1.0)
        self.network.train()
        parts = self.task.losses(self.network, rng)
        loss = torch.stack(list(parts.values())).sum()
        descend(loss, self.network, self.optimiser, schedule.clip_norm, f"{self.step}: lower the learning rate")
        move_average(self.average, self.network, schedule.ema_decay, self.step)
        self.step += 1
        shown = {name: round(float(part.detach()), 5) for name, part in parts.items()}
        return StepLine(self.step, float(loss.detach()), shown, rate, round(self.cpu_seconds(), 1))

    def _validated(self, line: StepLine) -> StepLine:
        """Measure the averaged weights and keep them when they are the best so far."""
        figures = self.task.validate(self.average)
        if figures["score"] > self.best:
            self.best = figures["score"]
            self._save("best.pt")
        return StepLine(line.step, line.loss, line.parts, line.learning_rate, round(self.cpu_seconds(), 1), figures)

    def _save(self, name: str) -> None:
        state = {
            "recipe": self.settings.recipe,
            "step": self.step,
            "best": self.best,
            "cpu_seconds": self.cpu_seconds(),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        write_checkpoint(self.settings.folder / name, state)

    def _resume(self) -> None:
        """Load `last.pt`."""
        state = read_checkpoint(self.settings.folder / "last.pt")
        if state["recipe"] != self.settings.recipe:
            message = f"{self.settings.folder} holds a run of another recipe: choose another --out or remove it"
            raise CheckpointForeignError(message)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.best = int(state["step"]), float(state["best"])
        self._cpu_before = float(state["cpu_seconds"])


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return a checkpoint's content, tensors on the processor.

    Raises:
        DataMissingError: there is no such checkpoint.
    """
    if not path.is_file():
        message = f"{path}: no checkpoint; train that run first (models/recipes says how)"
        raise DataMissingError(message)
    state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
    return state
