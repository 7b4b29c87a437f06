"""The folder of released archives: `NAME-VERSION.zip` with `NAME-VERSION.json` beside it, which is its signature."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.crypto.release import Release, key_id, sign_release
from shared.durable import make_folder, write_durably
from shared.errors import Corrupt, Rejected

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_VERSION: Final = re.compile(r"\d{1,6}\.\d{1,6}\.\d{1,6}")


class ReleaseMissing(Rejected):
    """The hub has no such release."""


class ReleaseDamaged(Corrupt):
    """A release on the shelf is not what its signature says."""


@dataclass(frozen=True, slots=True)
class SignedRelease:
    """A release with its signature and who made it."""

    release: Release
    signer: str
    signature: bytes


class Shelf:
    """The releases of a hub."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, version: str, archive: Path, key: Ed25519PrivateKey) -> SignedRelease:
        """Sign an archive and put it on the shelf; its signature comes last, so none is half there.

        Raises:
            Rejected: name or version are none, or there is another archive of this version already.
        """
        stem = self._stem(name, version)
        data = archive.read_bytes()
        release = Release(name, version, len(data), hashlib.sha256(data).hexdigest())
        if (self._folder / f"{stem}.json").exists() and self.find(name, version).release != release:
            raise Rejected("release_exists", "this version is released already with other bytes; give it a new one")
        make_folder(self._folder)
        write_durably(self._folder / f"{stem}.zip", data)
        signed = SignedRelease(release, key_id(key.public_key()), sign_release(release, key))
        text = {
            "size": release.size,
            "sha256": release.sha256,
            "signer": signed.signer,
            "signature": signed.signature.hex(),
        }
        write_durably(self._folder / f"{stem}.json", json.dumps(text).encode())
        return signed

    def find(self, name: str, version: str) -> SignedRelease:
        """Return a release.

        Raises:
            Rejected: name or version are none.
            ReleaseMissing: it is not here.
            ReleaseDamaged: its signature cannot be read.
        """
        path = self._folder / f"{self._stem(name, version)}.json"
        try:
            text = json.loads(path.read_bytes())
            release = Release(name, version, int(text["size"]), str(text["sha256"]))
            return SignedRelease(release, str(text["signer"]), bytes.fromhex(text["signature"]))
        except FileNotFoundError:
            raise ReleaseMissing("release_missing", "the hub has no release of this name and version") from None
        except (ValueError, KeyError, TypeError):
            raise ReleaseDamaged("release_damaged", "the release's signature is damaged; release it again") from None

    def stream(self, release: Release, offset: int, chunk_bytes: int) -> Iterator[bytes]:
        """Yield an archive from an offset on; all of it is read, and its hash checked at the end.

        Raises:
            ReleaseDamaged: it is not what was signed.
        """
        digest, size = hashlib.sha256(), 0
        with (self._folder / f"{self._stem(release.name, release.version)}.zip").open("rb") as file:
            while data := file.read(chunk_bytes):
                digest.update(data)
                before, size = size, size + len(data)
                if size > offset:
                    yield data[max(0, offset - before) :]
        if digest.hexdigest() != release.sha256:
            raise ReleaseDamaged("release_damaged", "the archive is not the one that was signed; release it again")

    def _stem(self, name: str, version: str) -> str:
        if not _NAME.fullmatch(name) or not _VERSION.fullmatch(version):
            raise Rejected("bad_release", "a release has a lower-case name and a version of three numbers")
        return f"{name}-{version}"
