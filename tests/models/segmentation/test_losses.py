"""The losses of a mask."""

import pytest

torch = pytest.importorskip("torch")

from models.segmentation.losses import LossGains, dice_loss, edge_band, mask_losses  # noqa: E402

pytestmark = pytest.mark.train


def square() -> "torch.Tensor":
    """Return two masks (2, 1, 32, 32): a square of 12 px, and nothing."""
    mask = torch.zeros(2, 1, 32, 32)
    mask[0, 0, 10:22, 10:22] = 1
    return mask


def sure(mask: "torch.Tensor") -> "torch.Tensor":
    return (mask * 2 - 1) * 20


def test_a_right_mask_loses_nothing_and_a_wrong_one_everything() -> None:
    mask = square()
    assert float(dice_loss(sure(mask), mask)) == pytest.approx(0, abs=1e-4)
    assert float(dice_loss(sure(1 - mask), mask)) > 0.95


def test_dice_is_blind_to_how_much_skin_surrounds_a_feature() -> None:
    mask = square()[:1]
    logits = sure(torch.roll(mask, 4, dims=3))
    wide, wide_logits = torch.zeros(1, 1, 64, 64), torch.full((1, 1, 64, 64), -20.0)
    wide[..., :32, :32], wide_logits[..., :32, :32] = mask, logits
    torch.testing.assert_close(dice_loss(logits, mask), dice_loss(wide_logits, wide))


def test_the_edge_band_is_three_pixels_to_each_side_and_absent_where_nothing_changes() -> None:
    band = edge_band(square())
    row = band[0, 0, 16]
    assert row.nonzero().flatten().tolist() == [*range(7, 13), *range(19, 25)]
    assert not bool(band[1].any())


def test_a_fault_at_the_edge_costs_more_than_one_inside() -> None:
    mask, gains = square()[:1], LossGains(1.0, 0.0, 3.0, 0.0)
    at_edge, inside = sure(mask), sure(mask)
    at_edge[0, 0, 10, 15] *= -1
    inside[0, 0, 16, 15] *= -1
    edge = mask_losses(at_edge, mask, None, gains)["cross_entropy"]
    assert float(edge) == pytest.approx(4 * float(mask_losses(inside, mask, None, gains)["cross_entropy"]), rel=1e-4)


def test_saying_what_the_teacher_says_costs_nothing_and_anything_else_does() -> None:
    torch.manual_seed(0)
    taught, gains = torch.randn(2, 1, 32, 32), LossGains(0.0, 0.0, 0.0, 2.0)
    assert float(mask_losses(taught, square(), taught, gains)["teacher"]) == pytest.approx(0, abs=1e-5)
    assert float(mask_losses(taught + 1, square(), taught, gains)["teacher"]) > 0.05
    assert "teacher" not in mask_losses(taught, square(), None, gains)
