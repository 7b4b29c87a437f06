"""Crops are drawn as a detector would hand them over, and taught what their labels can bear."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.data.augment import LightSettings
from models.data.face_places import FacePlaces
from models.data.lesions import ToneGroup
from models.data.type_crops import (
    CLEAR,
    LABEL,
    SIZE,
    JitterSettings,
    Mixture,
    RoughSettings,
    TypePhoto,
    TypeSample,
    TypeSource,
    clear_box,
    draw_batch,
    jittered,
    roughened,
    soft_targets,
    turned,
)
from shared.vision.parameters import CROP_CLASSES, CropClass

JITTER = JitterSettings(0.2, 0.22, 0.5)
STILL = LightSettings(0.0, 0.0, 0.0, 0.0, 0.0)
SMOOTH = RoughSettings(0.0, 0.0, 50)
POINTS = np.array([[60.0, 80], [100, 80], [80, 105], [65, 125], [95, 125]])
FACE = FacePlaces(np.array([80.0, 100.0]), np.array([50.0, 65.0]), POINTS)
SEEDS = st.integers(0, 2**32 - 1)


def photo(seed: int = 0, *, marks: int = 6, face: bool = True) -> TypePhoto:
    """A skin-coloured picture with dark marks; labels go round blemish, pustule and spot."""
    rng = np.random.default_rng(seed)
    image = np.full((200, 160, 3), (205, 165, 145), np.uint8)
    boxes = []
    for _ in range(marks):
        x, y = int(rng.integers(45, 110)), int(rng.integers(60, 150))
        image[y : y + 8, x : x + 8] = (120, 50, 45)
        boxes.append((x, y, x + 8, y + 8))
    labels = np.arange(marks) % 3
    return TypePhoto(image, np.array(boxes, float).reshape(-1, 4), labels, FACE if face else None, ToneGroup.BROWN)


@given(SEEDS)
def test_a_jittered_box_stays_within_the_settings(seed: int) -> None:
    x1, y1, x2, y2 = jittered(np.array([10.0, 20, 30, 60]), JITTER, np.random.default_rng(seed))
    assert abs((x1 + x2) / 2 - 20) <= 0.2 * 40 + 1e-9
    assert abs((y1 + y2) / 2 - 40) <= 0.2 * 40 + 1e-9
    assert (x2 - x1) / (y2 - y1) == pytest.approx(0.5)
    assert np.exp(-0.22) - 1e-9 <= (x2 - x1) / 20 <= np.exp(0.22) + 1e-9


@given(SEEDS, st.booleans())
def test_clear_places_touch_no_labelled_box_and_lie_in_the_picture(seed: int, misleading: bool) -> None:
    shown = photo(seed, marks=3)
    x1, y1, x2, y2 = clear_box(shown, misleading=misleading, rng=np.random.default_rng(seed))
    assert x1 >= -1e-9
    assert y1 >= -1e-9
    assert x2 <= 160 + 1e-9
    assert y2 <= 200 + 1e-9
    for a1, b1, a2, b2 in shown.boxes:
        assert a1 >= x2 or a2 <= x1 or b1 >= y2 or b2 <= y1


@given(SEEDS)
def test_plain_skin_is_off_eyes_and_mouth_and_within_the_face(seed: int) -> None:
    place = FACE.plain(np.random.default_rng(seed))
    assert (((place - FACE.centre) / FACE.half) ** 2).sum() <= 1
    assert np.linalg.norm(place - POINTS[0]) >= 10
    assert np.linalg.norm(place - POINTS[3:].mean(axis=0)) >= 15


def test_misleading_places_are_near_features_or_beyond_the_hairline() -> None:
    rng = np.random.default_rng(0)
    places = np.array([FACE.misleading(rng) for _ in range(300)])
    near = np.linalg.norm(places[:, None] - POINTS, axis=2).min(axis=1) < 25
    outside = (((places - FACE.centre) / FACE.half) ** 2).sum(axis=1) > 0.75
    assert (near | outside).mean() > 0.95
    assert 0.2 < outside.mean() < 0.6


def test_a_picture_without_a_face_has_no_clear_places() -> None:
    with pytest.raises(ValueError, match="face"):
        clear_box(photo(face=False), misleading=False, rng=np.random.default_rng(0))
    assert TypeSource([photo(face=False)]).count(CLEAR) == 0


def test_a_source_counts_what_it_shows() -> None:
    source = TypeSource([photo(0), photo(1, marks=2)])
    assert [source.count(label) for label in range(5)] == [3, 3, 2, 2, 0]


def test_a_drawn_mark_is_in_the_middle_of_its_crop() -> None:
    source, rng = TypeSource([photo(3, marks=1)]), np.random.default_rng(0)
    for _ in range(30):
        sample = source.draw(0, JITTER, rng)
        assert sample.image.shape == (SIZE, SIZE, 3)
        dark = np.argwhere(sample.image[..., 0] < 160)
        assert np.abs(dark.mean(axis=0) - SIZE / 2).max() < 0.25 * SIZE
        assert not sample.doubtful


@pytest.mark.parametrize("incomplete", [False, True])
def test_only_plain_skin_of_incomplete_labels_is_in_doubt(incomplete: bool) -> None:
    source, rng = TypeSource([photo()], labels_incomplete=incomplete), np.random.default_rng(0)
    plain = [source.draw(CLEAR, JitterSettings(0.2, 0.2, 0.0), rng).doubtful for _ in range(5)]
    misleading = [source.draw(CLEAR, JitterSettings(0.2, 0.2, 1.0), rng).doubtful for _ in range(5)]
    assert plain == [incomplete] * 5
    assert not any(misleading)


def test_turning_keeps_every_pixel() -> None:
    image = np.random.default_rng(0).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    seen = {turned(image, np.random.default_rng(seed)).tobytes() for seed in range(200)}
    assert len(seen) == 8
    pixels = sorted(map(tuple, image.reshape(-1, 3)))
    assert all(sorted(map(tuple, np.frombuffer(raw, np.uint8).reshape(-1, 3))) == pixels for raw in seen)


def test_a_camera_spoils_no_more_than_it_may() -> None:
    image = np.full((64, 64, 3), 128, np.uint8)
    rng = np.random.default_rng(0)
    assert np.array_equal(roughened(image, SMOOTH, rng), image)
    spoilt = [roughened(image, RoughSettings(4.0, 0.5, 50), rng).astype(float) for _ in range(50)]
    assert max(one.std() for one in spoilt) < 4.5
    assert max(abs(one.mean() - 128) for one in spoilt) < 1.5


def test_a_batch_follows_the_shares_of_classes_and_sources() -> None:
    growth = TypePhoto(np.zeros((40, 40, 3), np.uint8), np.array([[10.0, 10, 20, 20]]), np.array([4]), None, None)
    sources = {"photographs": TypeSource([photo()]), "growths": TypeSource([growth]), "rendered": TypeSource([])}
    mixture = Mixture(np.array([0.5, 0, 0, 0.25, 0.25]), {"photographs": 0.5, "growths": 0.5, "rendered": 0.0})
    samples = draw_batch(sources, mixture, (JITTER, STILL, SMOOTH), 400, np.random.default_rng(0))
    shares = np.bincount([sample.label for sample in samples], minlength=5) / 400
    assert np.allclose(shares, mixture.classes, atol=0.08)
    assert all(sample.image.max() == 0 for sample in samples if sample.label == 4)


def test_a_batch_follows_from_its_seed() -> None:
    sources, mixture = {"photographs": TypeSource([photo()])}, Mixture(np.array([1, 1, 1, 1, 0.0]), {"photographs": 1})
    light, rough = LightSettings(0.3, 0.1, 0.2, 0.2, 0.5), RoughSettings(4.0, 0.5, 50)
    first, again = (draw_batch(sources, mixture, (JITTER, light, rough), 8, np.random.default_rng(9)) for _ in range(2))
    assert all(np.array_equal(a.image, b.image) and a.label == b.label for a, b in zip(first, again, strict=True))


def test_targets_are_smoothed_and_doubt_goes_to_blemish_and_spot() -> None:
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    samples = [TypeSample(image, CLEAR, doubtful=True), TypeSample(image, 1, doubtful=False)]
    targets = soft_targets(samples, smoothing=0.1, doubt=0.2)
    assert np.allclose(targets.sum(axis=1), 1)
    assert targets[0] == pytest.approx(np.array([0.09, 0, 0.09, 0.72, 0]) + 0.02)
    assert targets[1] == pytest.approx(np.array([0, 0.9, 0, 0, 0]) + 0.02)


def test_classes_are_in_the_order_of_the_logits() -> None:
    assert [LABEL[name] for name in CROP_CLASSES] == list(range(5))
    assert CROP_CLASSES[CLEAR] is CropClass.CLEAR
