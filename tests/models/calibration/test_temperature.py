"""One temperature, at the highest likelihood."""

import numpy as np
import pytest

pytest.importorskip("scipy")

from models.calibration.temperature import fit_temperature, negative_log_likelihood
from shared.vision.calibration import softmax


def drawn(seed: int, n: int, sharpened: float) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are `sharpened` times those their classes were drawn from."""
    rng = np.random.default_rng(seed)
    honest = rng.normal(0, 2, (n, 5))
    truth = np.array([rng.choice(5, p=row) for row in softmax(honest)])
    return honest * sharpened, truth


@pytest.mark.parametrize("sharpened", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_how_much_too_sure_the_network_is(sharpened: float) -> None:
    logits, truth = drawn(0, 4000, sharpened)
    assert fit_temperature(logits, truth) == pytest.approx(sharpened, rel=0.1)


def test_no_other_temperature_is_likelier() -> None:
    logits, truth = drawn(1, 300, 2.0)
    best = negative_log_likelihood(logits, truth, fit_temperature(logits, truth))
    assert best <= min(negative_log_likelihood(logits, truth, t) for t in np.geomspace(0.06, 19, 200)) + 1e-6


def test_the_likelihood_is_that_of_the_probabilities() -> None:
    logits, truth = drawn(2, 50, 1.0)
    p = softmax(logits, 1.7)[np.arange(50), truth]
    assert negative_log_likelihood(logits, truth, 1.7) == pytest.approx(-np.log(p).mean())


def test_no_case_is_said() -> None:
    with pytest.raises(ValueError, match="at least one"):
        fit_temperature(np.zeros((0, 5)), np.zeros(0, np.int64))
