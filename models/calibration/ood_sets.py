"""Pictures unlike anything the classifier learnt from, to measure how often that is noticed.

Nothing here fits anything. Objects, animals, textures and other imaging come with scikit-image, more textures are
drawn, dermoscopy is the validation side of the outlined set, and make-up and tattoos are rendered on faces.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np
import skimage
from numpy.typing import NDArray

from models.calibration.curve import Floats
from models.data.lesions import Split
from models.data.masks import MaskSource, read_outlined
from models.data.type_crops import SIZE
from models.errors import DataMissingError
from models.evaluation.classifier_runner import OnnxClassifier
from models.synthesis.distractors import DistractorKind, DistractorSettings, distract
from models.synthesis.faces import SourceFace, read_faces
from models.synthesis.skin import find_skin, frame_of
from shared.imaging.crops import crop_batch, network_input
from shared.imaging.image import RgbImage
from shared.vision.ood import OodModel

_LONGEST_SIDE = 512
# Boxes as a detector might draw them: the sizes of labelled features in photographs of this size.
_BOX_SIDE = (10.0, 48.0)
_BOXES_A_PICTURE = 24
_DRAWN_TEXTURES = 8
_DISTRACTED_FACES = 40
_SEED = 20

FILES = {
    "objects": (
        "coffee.png",
        "rocket.jpg",
        "motorcycle_left.png",
        "coins.png",
        "page.png",
        "text.png",
        "hubble_deep_field.jpg",
    ),
    "animals": ("chelsea.png",),
    "textures": ("brick.png", "grass.png", "gravel.png"),
    "imaging": ("retina.jpg", "ihc.png", "cell.png", "microaneurysms.png"),
}


class OodKind(StrEnum):
    """What is shown instead of a feature on skin."""

    OBJECTS = "objects"
    ANIMALS = "animals"
    TEXTURES = "textures"
    IMAGING = "imaging"
    DERMOSCOPY = "dermoscopy"
    MAKE_UP = "make_up"
    TATTOOS = "tattoos"


@dataclass(frozen=True, slots=True)
class OodPicture:
    """A picture, RGB, and the boxes (M, 4) x1, y1, x2, y2 in its pixels that a detector might draw on it."""

    image: RgbImage
    boxes: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OodSet:
    """Pictures of one kind."""

    kind: OodKind
    pictures: tuple[OodPicture, ...]

    def crops(self) -> NDArray[np.float32]:
        """Return the classifier's input (N, 3, 64, 64) of every box."""
        parts = [network_input(crop_batch(p.image, p.boxes.tolist(), SIZE), SIZE) for p in self.pictures]
        return np.concatenate(parts) if parts else network_input([], SIZE)


@dataclass(frozen=True, slots=True)
class Noticed:
    """Share of crops beyond the threshold, and how many there were; NaN without any."""

    share: float
    n: int


def ood_sets(root: Path) -> list[OodSet]:
    """Return every kind of strange picture, the same ones each time.

    Raises:
        DataMissingError, DataCorruptError: a data set or a picture of scikit-image is not as described.
    """
    rng = np.random.default_rng(_SEED)
    textures = [*_bundled(OodKind.TEXTURES, rng), *(_boxed(drawn_texture(n), rng) for n in range(_DRAWN_TEXTURES))]
    return [
        OodSet(OodKind.OBJECTS, tuple(_bundled(OodKind.OBJECTS, rng))),
        OodSet(OodKind.ANIMALS, tuple(_bundled(OodKind.ANIMALS, rng))),
        OodSet(OodKind.TEXTURES, tuple(textures)),
        OodSet(OodKind.IMAGING, tuple(_bundled(OodKind.IMAGING, rng))),
        OodSet(OodKind.DERMOSCOPY, tuple(_dermoscopy(root))),
        *distracted(_some_faces(root, rng), rng),
    ]


def notice(classifier: OnnxClassifier, model: OodModel, threshold: float, strange: OodSet) -> Noticed:
    """Return how much of a set lies beyond the threshold distance."""
    crops = strange.crops()
    if not len(crops):
        return Noticed(float("nan"), 0)
    return Noticed(float((distances(classifier, model, crops) > threshold).mean()), len(crops))


def distances(classifier: OnnxClassifier, model: OodModel, crops: NDArray[np.float32]) -> Floats:
    """Return the distance (N,) of crops (N, 3, 64, 64)."""
    return model.distances(classifier.run(crops)[1])


def drawn_texture(number: int, side: int = 256) -> RgbImage:
    """Draw a woven, checked, striped or speckled pattern in two colours (side, side, 3)."""
    rng = np.random.default_rng((_SEED, number))
    y, x = np.mgrid[0:side, 0:side].astype(np.float64)
    angle, period = rng.uniform(0, np.pi), rng.uniform(5, 24)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    waves = np.sin(2 * np.pi * along / period), np.sin(2 * np.pi * across / period)
    fields = (
        waves[0] * 0.5 + waves[1] * 0.5,
        np.sign(waves[0] * waves[1]),
        np.sign(waves[0]),
        cv2.resize(rng.normal(0, 1, (side // 4, side // 4)), (side, side), interpolation=cv2.INTER_NEAREST),
    )
    share = (fields[number % len(fields)] / 2 + 0.5).clip(0, 1)[..., None]
    colours = rng.uniform(0, 255, (2, 3))
    return np.asarray((share * colours[0] + (1 - share) * colours[1]).round(), np.uint8)


def _bundled(kind: OodKind, rng: np.random.Generator) -> Iterator[OodPicture]:
    """Yield pictures that come with scikit-image; read as files, so that nothing is ever downloaded."""
    folder = Path(skimage.__file__).parent / "data"
    for name in FILES[kind]:
        picture = cv2.imread(str(folder / name), cv2.IMREAD_COLOR_RGB) if (folder / name).is_file() else None
        if picture is None:
            raise DataMissingError(f"scikit-image comes without {name} here: install the version of the lock file")
        yield _boxed(np.asarray(picture, np.uint8), rng)


def _boxed(image: RgbImage, rng: np.random.Generator) -> OodPicture:
    """Scale a picture down to a photograph's size and scatter boxes over it."""
    scale = min(1.0, _LONGEST_SIDE / max(image.shape[:2]))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    low, high = np.log(_BOX_SIDE)
    half = np.exp(rng.uniform(float(low), float(high), _BOXES_A_PICTURE)) / 2
    x, y = rng.uniform(half, size[0] - half), rng.uniform(half, size[1] - half)
    return OodPicture(small, np.stack([x - half, y - half, x + half, y + half], axis=1))


def _dermoscopy(root: Path) -> Iterator[OodPicture]:
    for photo in read_outlined(root, MaskSource.ISIC, Split.VAL):
        yield OodPicture(photo.image, np.asarray([photo.box], np.float64))


def _some_faces(root: Path, rng: np.random.Generator) -> list[SourceFace]:
    faces = read_faces(root)
    return [faces[int(i)] for i in rng.permutation(len(faces))[:_DISTRACTED_FACES]]


def distracted(faces: Sequence[SourceFace], rng: np.random.Generator) -> Iterator[OodSet]:
    """Yield the faces with face paint, then with tattoos, boxed exactly."""
    skins = [find_skin(face.image, frame_of(face.box, face.points)) for face in faces]
    for kind, drawn in ((OodKind.MAKE_UP, DistractorKind.MAKE_UP), (OodKind.TATTOOS, DistractorKind.TATTOO)):
        pictures = []
        for face, skin in zip(faces, skins, strict=True):
            made = distract(face.image, skin, drawn, rng, DistractorSettings())
            pictures.append(OodPicture(made.image, made.boxes.astype(np.float64)))
        yield OodSet(kind, tuple(pictures))
