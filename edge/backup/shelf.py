"""Where the sealed files of a backup lie; what is in them no shelf knows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from shared.ids import BlobName
from shared.vocabulary import ImageKind


class Shelf(Protocol):
    """Sealed parts by the SHA-256 of their bytes, sealed manifests by number, and images as the vault holds them.

    What is missing or cannot be read raises `OSError`; a shelf that cannot be reached raises `ShelfUnreachable`.
    """

    @property
    def name(self) -> str:
        """How people call it."""
        ...

    @property
    def at_hub(self) -> bool:
        """Whether the hub holds it: photographs then come there by themselves, and versions go by its own rule."""
        ...

    @property
    def lock(self) -> Path:
        """The lock file of those who write."""
        ...

    def prepare(self) -> None:
        """Make ready to be written to."""
        ...

    def ensure_room(self, size: int) -> None:
        """Refuse a copy for which there is no room, before it begins, as far as that can be known.

        Raises:
            StorageFull: there is none.
        """
        ...

    def numbers(self) -> list[int]:
        """Return the numbers of the versions there are, oldest first."""
        ...

    def manifest(self, number: int) -> bytes:
        """Return a version's sealed manifest."""
        ...

    def publish(self, number: int, sealed: bytes, parts: Sequence[str]) -> None:
        """Write a sealed manifest durably, with the names of its parts: from now on this version counts."""
        ...

    def remove(self, number: int) -> None:
        """Remove a version; its parts stay."""
        ...

    def sweep(self, named: set[str]) -> None:
        """Remove every part that is not named."""
        ...

    def put(self, name: str, sealed: bytes) -> None:
        """Store a part durably; one that is there stays."""
        ...

    def get(self, name: str) -> bytes:
        """Return a part, read from where it lies."""
        ...

    def put_image(self, name: BlobName, kind: ImageKind, sealed: bytes) -> None:
        """Store an image durably."""
        ...

    def image_size(self, name: BlobName, kind: ImageKind) -> int | None:
        """Return the size of an image that is here, or None."""
        ...

    def image(self, name: BlobName, kind: ImageKind) -> bytes:
        """Return an image, read from where it lies."""
        ...
