"""A folder of rendered photographs: written one at a time, so that an interrupted run goes on, and read back.

images/00000.jpg · masks/00000.png (uint16: 0 skin, i+1 the i-th lesion) · labels/00000.json · annotations.json
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from models.data.lesions import Split, ToneGroup
from models.errors import CheckpointForeignError, DataCorruptError, DataMissingError
from models.synthesis.faces import SourceFace
from models.synthesis.kinds import LesionKind
from models.synthesis.photo import choose_face, make_photo
from models.synthesis.render import Rendered, render
from models.synthesis.settings import PhotoSettings, RenderSettings
from models.synthesis.skin import Mask
from shared.durable import write_durably
from shared.imaging.image import RgbImage

_QUALITY = 95
ANNOTATOR_MARGIN = 1.75
"""Box side of the labelled photographs over the visible lesion's: on their training side, the mean contrast
halves at 0.45 to 0.5 of the box, on rendered lesions at 0.85 of their tight box."""

LOOK = 2
"""Counts changes to how pictures look; a folder holds one look only."""


# Every so many renderings one is kept from all training, to choose and to calibrate by.
_VALIDATION_EVERY = 20


def rendered_side(number: int) -> Split:
    """Return the side that the `number`-th rendering of a folder stands on, for every model and every fit."""
    return Split.TRAIN if number % _VALIDATION_EVERY else Split.VAL


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PhotoLabel(_Strict):
    """One photograph's entry: files relative to the folder, boxes in pixels, kinds in the same order."""

    image: str
    mask: str
    source: str
    tone: ToneGroup
    boxes: tuple[tuple[float, float, float, float], ...]
    kinds: tuple[LesionKind, ...]


class Annotations(_Strict):
    """All entries of a folder, and what they were made from."""

    schema_version: int = 1
    look: int
    seed: int
    photos: tuple[PhotoLabel, ...]


@dataclass(frozen=True, slots=True)
class RenderedPhoto:
    """One photograph read back: tight boxes (M, 4) float32, and each lesion's mask within its box."""

    name: str
    image: RgbImage
    boxes: NDArray[np.float32]
    kinds: tuple[LesionKind, ...]
    masks: tuple[Mask, ...]
    tone: ToneGroup

    @property
    def annotator_boxes(self) -> NDArray[np.float32]:
        """The boxes a person would have drawn, (M, 4) float32, cut to the picture."""
        return annotator_boxes(self.boxes, self.image.shape[:2])


def annotator_boxes(boxes: NDArray[np.float32], size: tuple[int, ...]) -> NDArray[np.float32]:
    """Widen tight boxes (M, 4) about their centres as people box lesions in a picture of (height, width)."""
    centre, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    half = half * np.float32(ANNOTATOR_MARGIN)
    limit = np.array([size[1], size[0]] * 2, np.float32)
    return np.asarray(np.clip(np.hstack([centre - half, centre + half]), 0, limit), np.float32)


class RenderFolder:
    """Writer of one folder."""

    def __init__(self, folder: Path, seed: int) -> None:
        """Open the folder, making it if needed.

        Raises:
            CheckpointForeignError: it holds pictures of another seed or another look.
        """
        self._folder, self.seed = folder, seed
        for part in ("images", "masks", "labels"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        run, wanted = folder / "run.json", json.dumps({"look": LOOK, "seed": seed}).encode()
        if run.is_file() and run.read_bytes() != wanted:
            message = f"{folder} holds another rendering: choose another --out, or remove the folder"
            raise CheckpointForeignError(message)
        write_durably(run, wanted)

    def has(self, index: int) -> bool:
        """Whether a photograph is complete; its label is written last."""
        return self._label(index).is_file()

    def write(self, index: int, rendered: Rendered, source: str, tone: ToneGroup) -> None:
        """Write one photograph, its mask and its label.

        Raises:
            OSError: the disk is full or read-only.
        """
        instances = np.zeros(rendered.image.shape[:2], np.uint16)
        for number, (box, mask) in enumerate(zip(rendered.boxes.astype(int), rendered.masks, strict=True), start=1):
            instances[box[1] : box[3], box[0] : box[2]][mask] = number
        label = PhotoLabel(
            image=f"images/{index:05d}.jpg",
            mask=f"masks/{index:05d}.png",
            source=source,
            tone=tone,
            boxes=tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in rendered.boxes),
            kinds=rendered.kinds,
        )
        options = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
        picture = cv2.imencode(".jpg", rendered.image[:, :, ::-1], options)[1]
        (self._folder / label.image).write_bytes(picture.tobytes())
        (self._folder / label.mask).write_bytes(cv2.imencode(".png", instances)[1].tobytes())
        part = self._label(index).with_suffix(".part")
        part.write_text(label.model_dump_json(), encoding="utf-8")
        part.replace(self._label(index))

    def finish(self, count: int) -> None:
        """Write `annotations.json` over the first `count` photographs."""
        labels = [PhotoLabel.model_validate_json(self._label(i).read_bytes()) for i in range(count)]
        whole = Annotations(look=LOOK, seed=self.seed, photos=tuple(labels))
        write_durably(self._folder / "annotations.json", whole.model_dump_json(indent=1).encode())

    def _label(self, index: int) -> Path:
        return self._folder / "labels" / f"{index:05d}.json"


def fill(folder: RenderFolder, faces: Sequence[SourceFace], numbers: Iterable[int]) -> None:
    """Render what is missing of the numbered photographs; each depends on the folder's seed and its number only."""
    for index in numbers:
        if folder.has(index):
            continue
        rng = np.random.default_rng((folder.seed, index))
        face = choose_face(faces, rng)
        photo, skin = make_photo(face, PhotoSettings(), rng)
        folder.write(index, render(photo, skin, rng, RenderSettings()), face.name, face.tone)


def read_annotations(folder: Path) -> Annotations:
    """Read a folder's entries without its pictures.

    Raises:
        DataMissingError: the folder was not rendered to the end.
        DataCorruptError: the file does not say what it should.
    """
    path = folder / "annotations.json"
    if not path.is_file():
        message = f"no {path}: run python -m models.synthesis --out {folder} to the end"
        raise DataMissingError(message)
    try:
        return Annotations.model_validate_json(path.read_bytes())
    except ValidationError as error:
        message = f"{path} is not a rendering's list: remove the folder and render again"
        raise DataCorruptError(message) from error


def read_side(folder: Path, side: Split) -> list[RenderedPhoto]:
    """Read the photographs of one side; raises as `read_rendered` does."""
    labels = read_annotations(folder).photos
    return [read_photo(folder, label) for number, label in enumerate(labels) if rendered_side(number) is side]


def read_rendered(folder: Path) -> list[RenderedPhoto]:
    """Read all photographs of a folder (about 0.8 MB of memory each).

    Raises:
        DataMissingError: the folder was not rendered to the end, or a picture is absent.
        DataCorruptError: the list cannot be read, or a picture and its boxes disagree.
    """
    return [read_photo(folder, label) for label in read_annotations(folder).photos]


def read_photo(folder: Path, label: PhotoLabel) -> RenderedPhoto:
    """Read one photograph of a folder; raises as `read_rendered` does."""
    image = _read(folder / label.image, cv2.IMREAD_COLOR_RGB)
    instances = _read(folder / label.mask, cv2.IMREAD_UNCHANGED)
    boxes = np.asarray(label.boxes, np.float32).reshape(-1, 4)
    masks = []
    for number, (x1, y1, x2, y2) in enumerate(boxes.astype(int), start=1):
        mask = instances[y1:y2, x1:x2] == number
        if not mask.any():
            message = f"{folder / label.mask} lacks lesion {number}: remove the folder and render again"
            raise DataCorruptError(message)
        masks.append(mask)
    return RenderedPhoto(Path(label.image).name, image, boxes, label.kinds, tuple(masks), label.tone)


def _read(path: Path, mode: int) -> NDArray[Any]:
    """Read one picture."""
    if not path.is_file():
        message = f"{path} is listed but absent: remove the folder and render again"
        raise DataMissingError(message)
    image = cv2.imread(str(path), mode)
    if image is None:
        message = f"{path} is not a readable image: remove the folder and render again"
        raise DataCorruptError(message)
    return np.ascontiguousarray(image)
