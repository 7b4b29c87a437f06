"""Hints pull the student's maps towards the teacher's, and leave the teacher alone."""

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from models.classification.hints import Hints  # noqa: E402
from models.classification.resnet import ResNet18  # noqa: E402

pytestmark = pytest.mark.train

CHANNELS = (4, 6, 8)


class Teacher(nn.Module):
    """Maps of strides 8, 16 and 32 with channels of very different scale."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.ModuleList(nn.Conv2d(3, count, 1) for count in CHANNELS)
        for layer, scale in zip(self.mix, (1, 30, 1000), strict=True):
            nn.init.normal_(layer.weight, 0, scale)

    def forward(self, crops: Tensor) -> list[Tensor]:
        return [layer(nn.functional.avg_pool2d(crops, s)) for layer, s in zip(self.mix, (8, 16, 32), strict=True)]


def test_an_untaught_student_is_about_one_spread_off() -> None:
    torch.manual_seed(0)
    crops = torch.rand(16, 3, 64, 64)
    hints, student = Hints(Teacher(), CHANNELS), ResNet18(5)
    assert 0.7 < float(hints(crops, student.maps(crops)).detach()) < 3


def test_following_the_hints_brings_the_maps_nearer_at_every_stride() -> None:
    torch.manual_seed(0)
    crops = torch.rand(16, 3, 64, 64)
    hints, student = Hints(Teacher(), CHANNELS), ResNet18(5)
    optimiser = torch.optim.AdamW([*student.parameters(), *hints.parameters()], lr=2e-3)
    losses = []
    for _ in range(12):
        loss = hints(crops, student.maps(crops))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.8 * losses[0]


def test_the_teacher_is_neither_trained_nor_saved() -> None:
    teacher = Teacher()
    hints = Hints(teacher, CHANNELS)
    assert not any(p.requires_grad for p in teacher.parameters())
    assert len(list(hints.parameters())) == 2 * len(CHANNELS)
    assert not any("mix" in name for name in hints.state_dict())


def test_the_prediction_is_the_last_maps() -> None:
    student, crops = ResNet18(5).eval(), torch.rand(2, 3, 64, 64)
    maps = student.maps(crops)
    assert [tuple(m.shape[1:]) for m in maps] == [(64, 16, 16), (128, 8, 8), (256, 4, 4), (512, 2, 2)]
    torch.testing.assert_close(student.classify(maps[-1]).logits, student(crops).logits)
