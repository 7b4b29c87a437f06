"""Pictures of what the models were never meant for, and the places on them that they are asked about."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

from models.data.lesions import Split
from models.data.masks import MaskSource, read_outlined
from models.synthesis.distractors import DistractorKind, DistractorSettings, distract
from models.synthesis.faces import read_faces
from models.synthesis.photo import make_photo
from models.synthesis.settings import PhotoSettings
from shared.imaging.image import RgbImage

_SEED = 23
_FACES = 40
_PLACES = 24
# Side of the places asked about, as features are: pixels of a picture of about 512.
_SIDES = (10.0, 40.0)


@dataclass(frozen=True, slots=True)
class Stranger:
    """One picture and the boxes (M, 4) float32 to ask about."""

    kind: str
    image: RgbImage
    boxes: NDArray[np.float32]


def read_strangers(root: Path, split: Split) -> Iterator[Stranger]:
    """Yield textures, an animal, things, dermoscopy of one side, and faces with drawn paint and tattoos.

    The drawn-on faces are those that renderings use; what is drawn on them was never trained on.

    Raises:
        DataMissingError, DataCorruptError: a data set is not there or not as described.
    """
    rng = np.random.default_rng(_SEED)
    for kind, loads in _PICTURES.items():
        for load in loads:
            image = _colour(load())
            yield Stranger(kind, image, _places(image, rng))
    for photo in read_outlined(root, MaskSource.ISIC, split):
        yield Stranger("dermoscopy", photo.image, np.asarray([photo.box], np.float32))
    faces = read_faces(root)
    for index in rng.choice(len(faces), min(_FACES, len(faces)), replace=False):
        image, skin = make_photo(faces[int(index)], PhotoSettings(), rng)
        for kind in DistractorKind:
            drawn = distract(image, skin, kind, rng, DistractorSettings())
            if len(drawn.boxes):
                yield Stranger(f"drawn {kind.value.replace('_', '-')}", drawn.image, drawn.boxes)


_PICTURES: dict[str, tuple[Callable[[], NDArray[np.uint8]], ...]] = {
    "texture": (skimage.data.brick, skimage.data.grass, skimage.data.gravel),
    "animal": (skimage.data.chelsea,),
    "thing": (skimage.data.coffee, skimage.data.rocket, skimage.data.coins, skimage.data.page),
}


def _colour(image: NDArray[np.uint8]) -> RgbImage:
    """Return a grey picture as RGB, a coloured one as it is."""
    return np.ascontiguousarray(image if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2RGB), np.uint8)


def _places(image: RgbImage, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return square places of the size of features, spread at random."""
    height, width = image.shape[:2]
    side = rng.uniform(*_SIDES, _PLACES)
    left, top = rng.uniform(0, width - side), rng.uniform(0, height - side)
    return np.stack([left, top, left + side, top + side], axis=1).astype(np.float32)
