# mypy: disable-error-code="misc"
"""Hints from a network trained on ImageNet (arXiv 1412.6550): the student's maps foretell the teacher's.

A few thousand crops teach too little about edges and textures. EfficientNet-lite0 knows them, and its maps lie at
the strides of ResNet's last three stages, so each place of a crop has a target of its own. Only projections are
added, and they are dropped after training.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

from models.classification.resnet import STAGES

# Indices of strides 8, 16 and 32 in the teacher; the student's stages of the same strides.
TEACHER_MAPS = (2, 3, 4)
STUDENT_STAGES = (1, 2, 3)


class Hints(nn.Module):
    """Projects the student's maps and holds them against the teacher's.

    The teacher is not a submodule: it is neither trained nor saved.
    """

    def __init__(self, teacher: nn.Module, channels: Sequence[int]) -> None:
        """Take a frozen teacher that returns maps of strides 8, 16, 32 with these channels."""
        super().__init__()
        self._teacher = (teacher.eval().requires_grad_(requires_grad=False),)
        widths = [STAGES[stage][0] for stage in STUDENT_STAGES]
        self.project = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in zip(widths, channels, strict=True))
        # Channels of the teacher differ in scale by orders of magnitude; each counts the same.
        self.standardise = nn.ModuleList(nn.BatchNorm2d(count, affine=False) for count in channels)

    def forward(self, crops: Tensor, maps: Sequence[Tensor]) -> Tensor:
        """Return the mean squared error, about 1 for an untaught student.

        Args:
            crops: (N, 3, S, S) in 0..1.
            maps: the student's four stages on these crops.
        """
        with torch.no_grad():
            theirs = [norm(m) for norm, m in zip(self.standardise, self._teacher[0](crops), strict=True)]
        ours = [layer(maps[stage]) for layer, stage in zip(self.project, STUDENT_STAGES, strict=True)]
        losses = [fn.mse_loss(mine, target) for mine, target in zip(ours, theirs, strict=True)]
        return torch.stack(losses).mean()
