"""Signed results as a whole: the ground that statistics, examples and comparisons stand on."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from edge.review.reading import StoredReview
from edge.review.reviews import Reviews, SignedResult
from shared.ids import ClientId

_KEPT: Final = 4096


class SignedReviews:
    """Every signed review; one that has not moved is folded once."""

    def __init__(self, reviews: Reviews) -> None:
        self._reviews = reviews
        # Analysis and revision name a state of the log that never changes again.
        self._read = lru_cache(maxsize=_KEPT)(self._read_once)

    def __iter__(self) -> Iterator[StoredReview]:
        """Iterate over the signed reviews, in the order the photographs were taken."""
        for result in self._reviews.signed():
            found = self._read(result)
            if found.review.signed is not None:
                yield found

    def forget(self, client: ClientId) -> None:
        """Keep no result in memory; for a client who is being deleted, and everybody with them."""
        del client
        self._read.cache_clear()

    def _read_once(self, result: SignedResult) -> StoredReview:
        return self._reviews.get(result.capture)
