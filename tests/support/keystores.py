"""Client keystores on a real disk, and what must hold of one after whatever happened to it."""

from pathlib import Path

from edge.keys.clients import ClientKeystore, DataKeyGone
from shared.crypto.keyfile import SealedKeyFolder
from shared.durable import Disk
from shared.ids import ClientId
from tests.support.clocks import ManualClock


def open_keystore(folder: Path, disk: Disk | None = None) -> ClientKeystore:
    return ClientKeystore(folder / "clients", SealedKeyFolder(folder, disk=disk), ManualClock(), disk)


def held(keystore: ClientKeystore, clients: list[ClientId]) -> dict[ClientId, bytes]:
    """Return the keys of those clients that have one."""
    found: dict[ClientId, bytes] = {}
    for client in clients:
        try:
            found[client] = keystore.key_of(client)
        except DataKeyGone:
            continue
    return found


def only_one_generation_is_left(folder: Path, keystore: ClientKeystore) -> bool:
    number = keystore.generation
    sealed = {path.name for path in folder.glob("client-*.sealed")}
    files = {path.name.partition(".db")[0] for path in (folder / "clients").iterdir() if path.name != ".changing"}
    unfinished = [*folder.rglob(".*.part")]
    return (
        sealed == {f"client-wrapping.{number}.sealed", "client-generation.sealed"}
        and files - {".lock"} == {f"clients.{number}"}
        and not unfinished
    )
