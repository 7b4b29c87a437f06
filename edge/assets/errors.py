"""Errors of fetching and finding model files."""

from shared.errors import Corrupt, Rejected, Retryable


class AssetsMissing(Rejected):
    """The files were never fetched here; run the command the sentence names."""


class AssetsUnreachable(Retryable):
    """The package index did not answer; the same command may succeed later."""


class AssetsCorrupt(Corrupt):
    """A file is not the one this version was tested with; fetch it again."""
