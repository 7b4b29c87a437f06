"""What the box remembers of its twin across restarts: the configuration in force, and the one on trial.

Each change is one durable file. A crash leaves the trial as it was or settled, never both or half of either.
"""

from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.durable import make_folder, sync_folder, write_durably
from shared.errors import Corrupt
from shared.events.catalogue.twin import ConfigurationReported, Value

Kept = TypeVar("Kept", bound=BaseModel)

_IN_FORCE: Final = "in-force.json"
_TRIAL: Final = "trial.json"
_OUTCOME: Final = "outcome.json"


class Configuration(BaseModel):
    """A configuration that the hub wanted; version 0 is the box's own file alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int = Field(default=0, ge=0)
    values: dict[str, Value] = {}


class Trial(BaseModel):
    """A configuration on trial, and how often the box has started with it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    wanted: Configuration
    deadline_seconds: int
    starts: int = 0


class TwinFiles:
    """The twin's folder; used by one process at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def in_force(self) -> Configuration:
        """Return the configuration that has proven itself.

        Raises:
            Corrupt: the file is damaged.
        """
        return self._read(_IN_FORCE, Configuration) or Configuration()

    def trial(self) -> Trial | None:
        """Return the configuration on trial, or None.

        Raises:
            Corrupt: the file is damaged.
        """
        return self._read(_TRIAL, Trial)

    def outcome(self) -> ConfigurationReported | None:
        """Return how the last trial ended, when that is not on record yet."""
        return self._read(_OUTCOME, ConfigurationReported)

    def stage(self, trial: Trial) -> None:
        """Put a configuration on trial from the next start; replaces one that is on trial."""
        self._write(_TRIAL, trial)

    def settle(self, outcome: ConfigurationReported, accepted: Configuration | None) -> None:
        """End the trial: take the configuration over, or drop it; what is to be reported is kept until it was.

        Idempotent: after a crash between two of its steps it is run again to the same end.
        """
        if accepted is not None:
            self._write(_IN_FORCE, accepted)
        self.report(outcome)
        self._remove(_TRIAL)

    def report(self, outcome: ConfigurationReported) -> None:
        """Keep what is to be put on record until it was."""
        self._write(_OUTCOME, outcome)

    def reported(self) -> None:
        """Forget the outcome: it is on record."""
        self._remove(_OUTCOME)

    def _read(self, name: str, model: type[Kept]) -> Kept | None:
        path = self._folder / name
        if not path.exists():
            return None
        try:
            return model.model_validate_json(path.read_bytes())
        except ValidationError:
            raise Corrupt("twin_damaged", f"{path} is damaged; remove it, the hub sends its wish again") from None

    def _write(self, name: str, content: BaseModel) -> None:
        make_folder(self._folder)
        write_durably(self._folder / name, content.model_dump_json().encode())

    def _remove(self, name: str) -> None:
        path = self._folder / name
        if path.exists():
            path.unlink()
            sync_folder(self._folder)
