"""A capture's embedding on its way into the record and back: half-precision floats in base64, sealed."""

import base64
import json
from typing import Final

import numpy as np

from edge.analysis.domain import AnalysisResult
from edge.progress.embedding import Vector, summary
from shared.errors import Corrupt
from shared.events.catalogue.progress import CaptureEmbedded
from shared.events.sealing import open_payload

_STORED: Final = np.dtype("<f2")


def embedded(result: AnalysisResult) -> CaptureEmbedded | None:
    """Return the event that keeps an analysis' embedding, or None when there is nothing to compare by.

    Without a bundle there is no space to compare it in.
    """
    summed = summary(result.findings)
    if summed is None or result.bundle is None:
        return None
    return CaptureEmbedded(
        space=space_of(result.bundle.name, result.bundle.version),
        dimensions=len(summed),
        vector=base64.b64encode(summed.astype(_STORED).tobytes()).decode(),
    )


def space_of(bundle: str, version: str) -> str:
    """Return the name of the space a bundle's features lie in; those of different ones mean different things."""
    return f"{bundle} {version}"


def open_summary(payload: str, event_id: str, data_key: bytes) -> Vector:
    """Return what `embedded` kept, from the payload as recorded.

    Raises:
        CannotOpen: the key is another client's, or the payload was altered.
        Corrupt: what was sealed is not the vector it says to be.
    """
    opened = CaptureEmbedded.model_validate(open_payload(json.loads(payload), event_id, data_key))
    summed = np.frombuffer(base64.b64decode(opened.vector), dtype=_STORED).astype(np.float32)
    if len(summed) != opened.dimensions or not np.isfinite(summed).all():
        raise Corrupt("embedding_damaged", "an embedding is not as it was recorded; analyse the photograph again")
    return summed
