"""Errors of a bundle of vision models.

MedSpaError
├── BundleMissing   there is no bundle in the folder
└── BundleCorrupt   a file of the bundle is not what its manifest, or another file, says
"""

from shared.errors import Corrupt, Rejected


class BundleMissing(Rejected):
    """The folder holds no bundle."""

    def __init__(self, sentence: str) -> None:
        super().__init__("bundle_missing", sentence)


class BundleCorrupt(Corrupt):
    """A bundle contradicts itself; install it again before anything is analysed."""

    def __init__(self, sentence: str) -> None:
        super().__init__("bundle_corrupt", sentence)
