"""The images of a backup: one pool for all backups of a folder, each image once, by the hash that is its name."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select

from cloud.storage.tables import blobs
from shared.durable import make_folder, write_durably
from shared.ids import BlobName, TenantId

IMAGES: Final = "images.txt"
POOL: Final = "images"


@dataclass(frozen=True, slots=True)
class Named:
    """An image that the database calls durable."""

    tenant: TenantId
    name: BlobName


@dataclass(frozen=True, slots=True)
class Copied:
    """How many images are at the goal, how many of them were copied now, and how many could not be had."""

    present: int
    copied: int
    absent: tuple[Named, ...]


def durable_images(connection: Connection, tenant: TenantId) -> list[Named]:
    """Return what a tenant's rows call durable."""
    query = select(blobs.c.name).where(blobs.c.tenant == tenant, blobs.c.state == "durable").order_by(blobs.c.name)
    return [Named(tenant, BlobName(name)) for name in connection.execute(query).scalars()]


def copy_images(images: Iterable[Named], source: Path, goal: Path) -> Copied:
    """Copy what is not yet there; every image is read and its hash compared with its name on the way.

    A file at the goal that is another one than its name says is replaced. One that is missing or damaged at the source
    is counted as absent and never copied.

    Raises:
        OSError: the goal's disk is full or read-only.
    """
    present, copied, absent = 0, 0, []
    for image in images:
        path = goal / image.tenant / image.name
        if not _intact(path, image.name):
            data = _read(source / image.tenant / image.name)
            if data is None or hashlib.sha256(data).hexdigest() != image.name:
                absent.append(image)
                continue
            make_folder(path.parent)
            write_durably(path, data)
            copied += 1
        present += 1
    return Copied(present, copied, tuple(absent))


def listing(images: Iterable[Named]) -> bytes:
    """Return the file that says which images a backup holds."""
    return "".join(f"{image.tenant} {image.name}\n" for image in images).encode()


def listed(listing: bytes) -> Iterator[Named]:
    """Read which images a backup holds; the file was checked against the manifest."""
    for line in listing.decode().splitlines():
        tenant, name = line.split()
        yield Named(TenantId(tenant), BlobName(name))


def _intact(path: Path, name: BlobName) -> bool:
    data = _read(path)
    return data is not None and hashlib.sha256(data).hexdigest() == name


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
