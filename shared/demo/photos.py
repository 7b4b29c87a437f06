"""Which photographs the demonstration uses, and what each of them is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from shared.errors import Rejected

_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp"})

# Folder of the data at hand → what its pictures are, in the words of the summary.
_KNOWN: Final = {
    "us_official_portraits": "official portrait (public domain)",
    "ffhq_acne_spots": "photograph from FFHQ (non-commercial)",
    "sfhq_t2i_faces": "generated face, no real person (MIT)",
}
_SHARE: Final = {"us_official_portraits": 5, "ffhq_acne_spots": 5, "sfhq_t2i_faces": 2}


@dataclass(frozen=True, slots=True)
class DemoPhoto:
    """One photograph: its bytes and what it is."""

    data: bytes
    source: str
    real: bool


def choose_photos(folder: Path | None, data_folder: Path, count: int) -> list[DemoPhoto]:
    """Return up to `count` photographs: from `folder`, else the data at hand, else those packages ship.

    Raises:
        Rejected: `folder` holds no picture.
    """
    if folder is not None:
        paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES and path.is_file())
        if not paths:
            raise Rejected("no_photographs", f"{folder} holds no .jpg, .png or .webp file; name another folder")
        return [DemoPhoto(path.read_bytes(), "your folder", real=True) for path in paths[:count]]
    found = _from_data(data_folder, count)
    return found or _from_packages(count)


def _from_data(data_folder: Path, count: int) -> list[DemoPhoto]:
    """Mix the folders in their shares, the same way each time."""
    streams: list[Iterator[DemoPhoto]] = []
    for name, what in _KNOWN.items():
        paths = sorted((data_folder / name / "images").glob("*.jpg"))
        photos = [(path, what, "generated" not in what) for path in paths]
        streams += [_read(photos[start :: _SHARE[name]]) for start in range(_SHARE[name])]
    mixed = (photo for photo in chain.from_iterable(zip_longest(*streams)) if photo is not None)
    return [photo for _, photo in zip(range(count), mixed, strict=False)]


def _read(photos: Sequence[tuple[Path, str, bool]]) -> Iterator[DemoPhoto]:
    for path, what, real in photos:
        yield DemoPhoto(path.read_bytes(), what, real)


def _from_packages(count: int) -> list[DemoPhoto]:
    """Return scikit-image's astronaut and renderings of it: other crop, light and mirror."""
    from skimage import data  # noqa: PLC0415 - a large package, needed only where no photographs are at hand

    # The portrait as a clinic would frame it; the suit and the flag beside her are cut away.
    astronaut = cv2.cvtColor(data.astronaut()[0:400, 30:430], cv2.COLOR_RGB2BGR)
    photos = [DemoPhoto(_jpeg(astronaut), "astronaut of scikit-image (public domain)", real=True)]
    random = np.random.default_rng(7)
    while len(photos) < count:
        top, left = random.integers(0, 40, 2)
        crop = astronaut[top : top + 360, left : left + 360]
        picture = cv2.flip(crop, 1) if random.random() < 0.5 else crop
        lit = np.clip(picture * random.uniform(0.75, 1.1), 0, 255).astype(np.uint8)
        photos.append(DemoPhoto(_jpeg(lit), "rendering of the astronaut: other crop and light", real=False))
    return photos


def _jpeg(image: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes())
