"""What the installed bundle knows about its own numbers: how they repeat, and what its classifier sees on average."""

import numpy as np

from edge.progress.change import Repeats
from edge.progress.embedding import Vector
from edge.progress.sealed_vector import space_of
from edge.progress.verdict import bundle_line, line_of
from shared.events.catalogue.capture import AnalysisCompleted
from shared.vision.bundle import Bundle


class ModelKnowledge:
    """Answers for analyses made by the bundle installed now; of any other nothing is known here."""

    def __init__(self, bundle: Bundle | None) -> None:
        self._bundle = bundle

    def repeats_of(self, analysis: AnalysisCompleted) -> Repeats:
        """Return the repeatability table that an analysis' numbers are held against; empty when unknown."""
        bundle = self._bundle
        if bundle is None or bundle_line(analysis) != line_of(bundle.manifest.name, bundle.manifest.version):
            return {}
        return bundle.parameters.repeatability

    def average_of(self, space: str) -> Vector | None:
        """Return the mean of the classifier's features in a space; None when unknown."""
        bundle = self._bundle
        if bundle is None or space != space_of(bundle.manifest.name, bundle.manifest.version):
            return None
        return bundle.ood.mean.astype(np.float32)
