"""The command `medspa hub release`."""

import secrets
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console

from cloud.config import HubSettings
from cloud.releases.shelf import Shelf
from shared.config import load_settings
from shared.durable import write_durably
from shared.errors import Rejected


def release(
    config: Annotated[Path, typer.Option("--config", "-c", help="The hub's TOML file.")],
    name: Annotated[str, typer.Argument(help="Name of the bundle.")],
    version: Annotated[str, typer.Argument(help="Its version, three numbers.")],
    archive: Annotated[Path, typer.Argument(help="Its archive.", exists=True)],
    key: Annotated[Path, typer.Option("--key", help="File of the signing key; made when there is none.")],
) -> None:
    """Sign a bundle's archive and let boxes fetch it; keep the key's file away from the hub."""
    signed = Shelf(load_settings(config, HubSettings).releases_folder).put(name, version, archive, signing_key(key))
    Console().print(f"{name} {version} is released; boxes need {signed.signer} in `release_keys`", highlight=False)


def signing_key(path: Path) -> Ed25519PrivateKey:
    """Read a signing key, made when there is none.

    Raises:
        Rejected: others can read the file, or it is no key.
    """
    if not path.exists():
        write_durably(path, secrets.token_bytes(32))
    secret = path.read_bytes()
    if path.stat().st_mode & 0o077 or len(secret) != 32:
        raise Rejected("signing_key_unsafe", f"{path} must be a key of 32 bytes that its owner alone can read")
    return Ed25519PrivateKey.from_private_bytes(secret)
