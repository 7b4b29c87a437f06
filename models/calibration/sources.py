"""Which pictures a bundle is fitted on: the boxed photographs, or renderings and open photographs only."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.calibration.photographs import CalibrationPhoto, read_photographs, read_renderings
from models.data import type_sources
from models.data.lesions import Split
from models.data.masks import MaskSource, OutlinedPhoto, read_outlined, read_rendered_lesions
from models.data.type_sources import TypeCrops, exact_crops, read_growths

# As many renderings as give about as many crops as the photographs do.
_MOST_RENDERINGS = 300


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything a fit reads.

    Attributes:
        photos: validation photographs for detector and classifier.
        reference_crops: (N, 3, 64, 64) in 0..1 from the training side, to learn what is usual from.
        reference_labels: (N,) their classes.
        outlined: validation photographs for the segmenter.
        data: what these are.
        licence: what may be done with them.
    """

    photos: list[CalibrationPhoto]
    reference_crops: NDArray[np.float32]
    reference_labels: NDArray[np.int64]
    outlined: list[OutlinedPhoto]
    data: str
    licence: str


def photograph_sources(root: Path) -> Sources:
    """Read real photographs; what is fitted on them is for evaluation only.

    Raises:
        DataMissingError, DataCorruptError: a data set is not there or not as described.
    """
    reference = exact_crops([*type_sources.read_photographs(root, Split.TRAIN), *read_growths(root, Split.TRAIN)])
    outlined = [p for source in (MaskSource.PAD, MaskSource.ISIC) for p in read_outlined(root, source, Split.VAL)]
    return _sources(
        read_photographs(root),
        reference,
        outlined,
        "boxed face photographs of FFHQ; outlined close-ups of PAD-UFES-20 and dermoscopy of ISIC 2016",
        "non-commercial: CC BY-NC-SA 4.0 (FFHQ), CC BY-NC 4.0 (ISIC masks), CC BY 4.0 (PAD-UFES-20)",
    )


def rendered_sources(root: Path, folder: Path) -> Sources:
    """Read renderings on permissive faces, and open close-ups; no non-commercial photograph is opened.

    Raises:
        DataMissingError, DataCorruptError: a data set is not there, or the folder not rendered to the end.
    """
    drawn = type_sources.read_renderings(root, folder, Split.TRAIN, _MOST_RENDERINGS)
    reference = exact_crops([*drawn, *read_growths(root, Split.TRAIN)])
    outlined = [*read_outlined(root, MaskSource.PAD, Split.VAL), *read_rendered_lesions(folder, Split.VAL)]
    return _sources(
        read_renderings(folder),
        reference,
        outlined,
        "renderings of features on permissively licensed faces; outlined close-ups of PAD-UFES-20",
        "open: MIT and public domain (faces), CC BY 4.0 (PAD-UFES-20)",
    )


def _sources(
    photos: list[CalibrationPhoto], reference: TypeCrops, outlined: list[OutlinedPhoto], data: str, licence: str
) -> Sources:
    return Sources(photos, reference.network_input(), reference.labels, outlined, data, licence)
