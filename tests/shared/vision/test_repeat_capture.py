import numpy as np
import pytest
from pydantic import ValidationError

from shared.vision.repeat_capture import CaptureLimits, apply, read_limits
from tests.support.faces import landmarker, portrait, portrait_face

STILL = CaptureLimits(
    shift_pixels=0,
    rotation_degrees=0,
    scale_share=0,
    gain_share=0,
    white_balance_share=0,
    noise_sd=0,
    jpeg_quality=(100, 100),
)


def only(**change: float) -> CaptureLimits:
    return STILL.model_copy(update=change)


def flat(colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((64, 64, 3), colour, dtype=np.uint8)


def test_the_published_limits_are_those_of_a_fixed_camera_and_fixed_lamps() -> None:
    assert read_limits().model_dump() == {
        "shift_pixels": 2.0,
        "rotation_degrees": 1.0,
        "scale_share": 0.01,
        "gain_share": 0.03,
        "white_balance_share": 0.015,
        "noise_sd": 1.5,
        "jpeg_quality": (88, 95),
    }


def test_a_seed_tells_the_capture_and_another_seed_another_one() -> None:
    first, again, other = (apply(portrait(), np.random.default_rng(seed), read_limits()) for seed in (5, 5, 6))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.shape == portrait().shape
    assert first.dtype == np.uint8


def test_without_any_limit_nothing_but_storing_happens() -> None:
    again = apply(portrait(), np.random.default_rng(0), STILL).astype(int)
    assert np.abs(again - portrait()).mean() < 1.5


def test_a_face_moves_by_no_more_than_the_limits() -> None:
    limits = only(shift_pixels=2.0, rotation_degrees=1.0, scale_share=0.01)
    points = portrait_face().points
    middle = (np.array(portrait().shape[1::-1]) - 1) / 2
    reach = np.linalg.norm(points - middle, axis=1)
    furthest = 2 * np.sqrt(2) + reach * (np.radians(1) + 0.01)
    moves = []
    for seed in range(6):
        (face,) = landmarker().detect(apply(portrait(), np.random.default_rng(seed), limits))
        moves.append(np.linalg.norm(face.points - points, axis=1))
        assert (moves[-1] <= furthest + 1.5).all()  # the landmarks' own jitter
    assert np.mean(moves) > 0.7


def test_gain_and_balance_change_linear_light_evenly_within_their_limits() -> None:
    def drawn(limits: CaptureLimits) -> np.ndarray:
        base = (flat((150, 140, 130)) / 255.0) ** 2.2
        shots = [apply(flat((150, 140, 130)), np.random.default_rng(seed), limits) for seed in range(300)]
        return np.array([((shot / 255.0) ** 2.2 / base).mean(axis=(0, 1)) - 1 for shot in shots])

    gains = drawn(only(gain_share=0.1))
    assert np.abs(gains).max() < 0.115  # a step of 255 is 1.6 % here
    assert np.std(gains[:, 1]) == pytest.approx(0.1 / np.sqrt(3), rel=0.1)
    balance = drawn(only(white_balance_share=0.1))
    assert np.std(balance[:, 0]) == pytest.approx(0.1 / np.sqrt(3), rel=0.15)
    assert np.std(balance[:, 1]) < 0.01
    assert abs(np.corrcoef(balance[:, 0], balance[:, 2])[0, 1]) < 0.2


def test_the_noise_has_its_standard_deviation() -> None:
    noisy = apply(flat((128, 128, 128)), np.random.default_rng(1), only(noise_sd=8.0)).astype(float)
    assert noisy[..., 1].std() == pytest.approx(8, rel=0.35)  # storing at half the colour resolution takes some off
    assert noisy.mean() == pytest.approx(128, abs=0.5)


def test_a_limit_nobody_knows_is_refused() -> None:
    with pytest.raises(ValidationError, match="blur"):
        CaptureLimits.model_validate(read_limits().model_dump() | {"blur": 1})
