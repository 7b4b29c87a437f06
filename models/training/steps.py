"""What every training loop does at a step and at a checkpoint, whatever it trains."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.errors import LossDivergedError


def descend(loss: Tensor, network: nn.Module, optimiser: torch.optim.Optimizer, clip_norm: float, at: str) -> None:
    """Move the weights down the loss by one step of the optimiser, the gradient's norm at most `clip_norm`.

    Args:
        loss: of this step.
        network: whose gradient is clipped.
        optimiser: what moves the weights.
        clip_norm: largest norm of the gradient.
        at: which step this is and what to lower, for the error.

    Raises:
        LossDivergedError: the loss is not finite; nothing was moved.
    """
    if not bool(torch.isfinite(loss)):
        message = f"loss is not finite at step {at} and resume"
        raise LossDivergedError(message)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), clip_norm)
    optimiser.step()


def move_average(average: nn.Module, network: nn.Module, most_decay: float, step: int) -> None:
    """Move the averaged weights towards the present ones, faster in the first steps; copy counters."""
    decay = min(most_decay, (1 + step) / (10 + step))
    current = network.state_dict()
    with torch.no_grad():
        for name, value in average.state_dict().items():
            if value.is_floating_point():
                value.lerp_(current[name], 1 - decay)
            else:
                value.copy_(current[name])


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write beside and rename, so that a cut never leaves half a file."""
    partial = path.with_name(f"{path.name}.partial")
    torch.save(state, partial)
    partial.replace(path)
