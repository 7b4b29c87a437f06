"""Signed reviews as labelled examples; who may be learnt from is asked anew for each, at the moment it is given."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from edge.keys.clients import DataKeyGone
from edge.review.domain import Box, BundleRef, Contour, ReviewedFinding, Standing
from edge.review.groups import ToneGroup
from edge.review.reading import StoredReview
from edge.review.signed import SignedReviews
from edge.store.events import DataKeys
from shared.ids import ClientId
from shared.vocabulary import ConsentPurpose, FindingType


class Consents(Protocol):
    """Tells what a client allows now."""

    def granted(self, client: ClientId) -> list[ConsentPurpose]:
        """Return the purposes a client allows at this moment."""
        ...


@dataclass(frozen=True, slots=True)
class Label:
    """One outline with its type; None where it is not assessed.

    Attributes:
        standing: what the reviewer made of it; a removed one is an example of what is not there.
        proposed: what the models had called it, None for one they missed.
    """

    box: Box
    contour: Contour
    type: FindingType | None
    standing: Standing
    proposed: FindingType | None


@dataclass(frozen=True, slots=True)
class LabelledExample:
    """One photograph's labels, with nothing that names a person.

    Attributes:
        capture: opaque id, by which the photograph is found on this box.
        width: width of the photograph in pixels.
        height: height of the photograph in pixels.
        labels: what the signed result shows.
        removed: what the models had proposed and the reviewer took out.
        tone: group of the tone stated at capture.
        bundle: the models whose proposal was reviewed.
    """

    capture: str
    width: int
    height: int
    labels: tuple[Label, ...]
    removed: tuple[Label, ...]
    tone: ToneGroup
    bundle: BundleRef


class LabelledExamples:
    """What may be learnt from."""

    def __init__(self, signed: SignedReviews, consents: Consents, keys: DataKeys) -> None:
        self._signed = signed
        self._consents = consents
        self._keys = keys

    def labelled_examples(self) -> Iterator[LabelledExample]:
        """Yield each signed review whose client allows training at the very moment it is yielded.

        A client who withdraws while the examples are being written out is left out from then on.
        """
        for stored in self._signed:
            if self._allowed(stored.client):
                yield example_of(stored)

    def states(self) -> tuple[int, int]:
        """Return how many signed reviews may be learnt from now, and how many may not."""
        allowed = [self._allowed(stored.client) for stored in self._signed]
        return sum(allowed), len(allowed) - sum(allowed)

    def _allowed(self, client: ClientId) -> bool:
        try:
            self._keys.key_of(client)
        except DataKeyGone:
            return False
        return ConsentPurpose.MODEL_TRAINING in self._consents.granted(client)


def example_of(stored: StoredReview) -> LabelledExample:
    """Return a review as an example, without its client."""
    review = stored.review
    return LabelledExample(
        capture=stored.capture,
        width=review.proposal.width,
        height=review.proposal.height,
        labels=tuple(_label(item) for item in review.present),
        removed=tuple(_label(item) for item in review.findings if item.removed and item.proposed is not None),
        tone=stored.circumstances.tone,
        bundle=review.proposal.bundle,
    )


def _label(item: ReviewedFinding) -> Label:
    before = item.proposed
    return Label(item.box, item.contour, item.type, item.standing, None if before is None else before.type)
