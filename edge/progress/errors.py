"""Errors of comparing visits."""

from shared.errors import Rejected


class NotComparable(Rejected):
    """These two captures are never compared: one and the same, or of two people."""


class NotAligned(Rejected):
    """The two photographs cannot be laid over each other; the sentence says why."""
