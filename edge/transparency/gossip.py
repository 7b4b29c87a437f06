"""Exchanges verified heads with the tenant's other boxes through a folder, past the hub."""

from pathlib import Path
from typing import Final

import structlog

from shared.audit.gossip import MAX_FILE_BYTES, HeadsUnreadable, SeenHeads
from shared.audit.heads import TreeHead, key_id
from shared.audit.witness import Seen
from shared.durable import write_durably
from shared.ids import DeviceId, TenantId

_SUFFIX: Final = ".heads.json"
_MAX_FILES: Final = 256


class HeadFolder:
    """A folder that boxes share, or that people carry files to and from; each box writes its own file alone.

    A folder that is not there, or holds what cannot be read, is said in the log and stops nothing.
    """

    def __init__(self, folder: Path, device: DeviceId, tenant: TenantId) -> None:
        self._folder = folder
        self._device = device
        self._tenant = tenant
        self._log = structlog.get_logger()

    def put(self, seen: SeenHeads) -> None:
        """Let the others see what this box has verified; a file that says so already is left alone."""
        path, data = self._folder / f"{self._device}{_SUFFIX}", seen.to_text().encode()
        try:
            if not path.exists() or path.read_bytes() != data:
                write_durably(path, data, 0o644)
        except OSError as error:
            self._log.warning("heads_not_written", reason_code=type(error).__name__)

    def others(self) -> list[Seen]:
        """Return the latest head of every other box of the tenant."""
        found: list[Seen] = []
        for path in self._paths():
            try:
                with path.open("rb") as file:
                    seen = SeenHeads.from_text(file.read(MAX_FILE_BYTES))
            except (OSError, HeadsUnreadable) as error:
                self._log.warning("heads_not_read", reason_code=type(error).__name__)
                continue
            if seen.heads and seen.tenant == self._tenant and seen.device != self._device:
                latest = seen.heads[0]
                assert isinstance(latest.statement, TreeHead)  # noqa: S101 - a file holds nothing else
                found.append(Seen(seen.device[:64], key_id(latest.key), latest.statement))
        return found

    def _paths(self) -> list[Path]:
        try:
            return sorted(self._folder.glob(f"*{_SUFFIX}"))[:_MAX_FILES]
        except OSError:
            return []
