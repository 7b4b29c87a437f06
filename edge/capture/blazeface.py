"""BlazeFace short range: its anchors, its box decoding and the windows that make far faces large enough.

Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs" (arXiv 1907.05047).
The network sees 128 by 128 pixels and finds faces of roughly a fifth to nine tenths of that, so a picture
is also shown to it shrunk (for very large faces) and in overlapping tiles (for small ones).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.imaging.shrink import Halvings

INPUT_SIDE = 128
_ANCHOR_GRIDS = ((16, 2), (8, 6))  # cells per side, anchors per cell
_SMALLEST_TILE_PIXELS = 96


@dataclass(frozen=True, slots=True)
class Window:
    """A square part of a picture, in its pixels; may reach beyond the picture."""

    x: float
    y: float
    side: float


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One face as the detector sees it, in picture pixels.

    Attributes:
        box: float64 (4,), x1, y1, x2, y2.
        eyes: float64 (2, 2), the client's right eye, then the left one.
        score: 0 to 1.
    """

    box: NDArray[np.float64]
    eyes: NDArray[np.float64]
    score: float


def windows(width: int, height: int, level: int) -> Iterator[Window]:
    """Yield the squares to search at a level.

    Level 0 is the whole picture and one and a half times as much (for faces that fill it), level 1 has tiles
    of half the long side, level 2 of a quarter; a tile overlaps its neighbours by half.
    """
    side = float(max(width, height))
    if level == 0:
        for factor in (1.0, 1.6):
            yield Window((width - side * factor) / 2, (height - side * factor) / 2, side * factor)
        return
    tile = side / 2**level
    if tile >= _SMALLEST_TILE_PIXELS:
        for y in _starts(height, tile):
            for x in _starts(width, tile):
                yield Window(x, y, tile)


def _starts(length: int, tile: float) -> NDArray[np.float64]:
    if length <= tile:
        return np.array([(length - tile) / 2])
    count = int(np.ceil((length - tile) / (tile / 2))) + 1
    return np.linspace(0.0, length - tile, count)


def cut(picture: Halvings, window: Window) -> NDArray[np.float32]:
    """Return the window as the network wants it: float32 (1, 3, 128, 128) from -1 to 1, black outside."""
    # Halving by area first keeps small faces from breaking up into aliases.
    level = picture.level_within(min(1.0, INPUT_SIDE / window.side))
    smaller = 2.0**-level
    scale = INPUT_SIDE / (window.side * smaller)
    shift = np.array([[scale, 0, -window.x * smaller * scale], [0, scale, -window.y * smaller * scale]])
    square = cv2.warpAffine(picture.at(level), shift, (INPUT_SIDE, INPUT_SIDE), flags=cv2.INTER_LINEAR)
    batch = square.astype(np.float32).transpose(2, 0, 1)[None] / 127.5 - 1.0
    return np.ascontiguousarray(batch, dtype=np.float32)


@cache
def anchors() -> NDArray[np.float64]:
    """Return the 896 anchor centres (896, 2), 0 to 1, in the order of the network's output."""
    rows = []
    for cells, per_cell in _ANCHOR_GRIDS:
        centres = (np.arange(cells) + 0.5) / cells
        grid = np.stack(np.meshgrid(centres, centres), axis=-1).reshape(-1, 2)
        rows.append(np.repeat(grid, per_cell, axis=0))
    return np.concatenate(rows)


def decode(
    regressors: NDArray[np.float32], logits: NDArray[np.float32], window: Window, least_score: float
) -> list[Candidate]:
    """Turn the raw output (896, 16) and (896,) for a window into candidates in picture pixels."""
    scores = 1.0 / (1.0 + np.exp(-np.clip(logits.astype(np.float64), -80, 80)))
    origin = np.array([window.x, window.y])
    found = []
    for index in np.flatnonzero(scores >= least_score):
        raw = regressors[index].astype(np.float64).reshape(8, 2) / INPUT_SIDE
        centre, size = raw[0] + anchors()[index], raw[1]
        corners = np.concatenate([centre - size / 2, centre + size / 2]).reshape(2, 2)
        eyes = raw[2:4] + anchors()[index]
        found.append(
            Candidate((corners * window.side + origin).reshape(4), eyes * window.side + origin, float(scores[index]))
        )
    return found


def merge(candidates: list[Candidate], overlap: float = 0.3) -> list[Candidate]:
    """Keep the best of each cluster of overlapping candidates (greedy non-maximum suppression)."""
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda each: each.score, reverse=True):
        if all(same_face(candidate.box, other.box) < overlap for other in kept):
            kept.append(candidate)
    return kept


def same_face(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return the shared area over the smaller box's area: 1 when one box lies within the other."""
    low = np.maximum(first[:2], second[:2])
    high = np.minimum(first[2:], second[2:])
    shared = float(np.prod(np.clip(high - low, 0, None)))
    smaller = min(float(np.prod(first[2:] - first[:2])), float(np.prod(second[2:] - second[:2])))
    return shared / smaller if smaller > 0 else 0.0
