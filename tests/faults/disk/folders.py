"""Folders for thousands of short lives."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def quick_folder() -> Iterator[Path]:
    """Lend a folder in memory where there is such a place; what the test asks of a disk is not asked here."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(prefix="medspa-disk-", dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)
