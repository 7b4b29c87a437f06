"""Runs the trial of a wanted configuration: healthy in time and it stays, else the box goes back by itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from edge.config import EdgeSettings
from edge.twin.files import Configuration, Trial, TwinFiles
from edge.twin.rules import ConfigurationRefused, digest, overlaid
from shared.clock import Clock
from shared.events.catalogue.twin import ConfigurationDesired, ConfigurationReported, TwinState
from shared.events.envelope import Event, EventDraft
from shared.ids import DeviceId
from shared.worker import Worker

MAX_STARTS: Final = 3
_LOOK_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Opening:
    """What a start begins with: the settings in effect, and the trial they belong to, if any."""

    settings: EdgeSettings
    trial: Trial | None


def open_twin(own: EdgeSettings, files: TwinFiles) -> Opening:
    """Return the settings to start with; a trial that has crashed the box again and again is ended first.

    Raises:
        Corrupt: what is remembered is damaged.
    """
    settings = _proven(own, files)
    trial = files.trial()
    if trial is None:
        return Opening(settings, None)
    if trial.starts >= MAX_STARTS:
        reason = f"the box started {trial.starts} times with it and never became healthy"
        files.settle(_report(trial, TwinState.ROLLED_BACK, settings, reason), None)
        return Opening(settings, None)
    begun = trial.model_copy(update={"starts": trial.starts + 1})
    files.stage(begun)
    try:
        return Opening(overlaid(own, trial.wanted.values), begun)
    except ConfigurationRefused as error:  # the box's own file was changed meanwhile
        files.settle(_report(trial, TwinState.REFUSED, settings, error.sentence), None)
        return Opening(settings, None)


def _proven(own: EdgeSettings, files: TwinFiles) -> EdgeSettings:
    """Return the settings in force, or the box's own, reported, when those in force no longer fit this software."""
    in_force = files.in_force()
    try:
        return overlaid(own, in_force.values)
    except ConfigurationRefused as error:
        structlog.get_logger().error("configuration_in_force_refused", version=in_force.version, code=error.code)
        unfit = Trial(wanted=in_force, deadline_seconds=0)
        files.report(_report(unfit, TwinState.REFUSED, own, error.sentence))
        return own


class TwinKeeper:
    """Answers what the hub wants and, on its own thread, watches over the trial."""

    def __init__(
        self,
        own: EdgeSettings,
        opening: Opening,
        files: TwinFiles,
        device: DeviceId,
        *,
        clock: Clock,
        healthy: Callable[[], bool],
        record: Callable[[Sequence[EventDraft]], object],
        restart: Callable[[], None],
    ) -> None:
        """Keep the collaborators.

        Args:
            own: the box's own settings, without any of the hub's.
            opening: what this start began with.
            files: the twin's memory.
            device: this box; wishes for others are not ours.
            clock: for the deadline.
            healthy: tells whether the box does its work now, its hub within reach.
            record: appends events to the log.
            restart: ends this process in order and starts it again.
        """
        self._own = own
        self._opening = opening
        self._files = files
        self._device = device
        self._clock = clock
        self._healthy = healthy
        self._record = record
        self._restart = restart
        self._log = structlog.get_logger()
        self._staged = False
        self._deadline = 0.0
        self._worker = Worker("twin-keeper", self._look, every=_LOOK_SECONDS)

    def start(self) -> None:
        """Watch until `stop`."""
        if self._opening.trial is not None:
            self._deadline = self._clock.monotonic() + self._opening.trial.deadline_seconds
        self._worker.start()

    def stop(self) -> None:
        """Stop watching; a trial under way goes on after the next start."""
        self._worker.stop()

    def answer(self, event: Event) -> Sequence[EventDraft]:
        """Return what to record for a wish of the hub; a change that matters is staged and restarts the box.

        Idempotent by version: a wish that comes again finds itself staged, in force or settled.
        """
        wish = ConfigurationDesired.model_validate(event.fields.payload)
        staged = self._files.trial()
        known = max(self._files.in_force().version, staged.wanted.version if staged is not None else 0)
        if wish.device != self._device or wish.version <= known:
            return []
        wanted = Configuration(version=wish.version, values=wish.values)
        trial = Trial(wanted=wanted, deadline_seconds=wish.deadline_seconds)
        try:
            settings = overlaid(self._own, wish.values)
        except ConfigurationRefused as error:
            return [self._draft(_report(trial, TwinState.REFUSED, self._opening.settings, error.sentence))]
        if digest(settings) == digest(self._opening.settings) and self._opening.trial is None:
            self._files.settle(_report(trial, TwinState.UNCHANGED, settings), wanted)
        else:
            self._files.stage(trial)
            self._staged = True
            self._worker.wake()
        return []

    def _look(self) -> None:
        self._report_outcome()
        trial = self._opening.trial
        if self._staged or (trial is not None and self._judge(trial)):
            self._log.info("restarting_with_another_configuration")
            self._restart()
            self._worker.stop()

    def _judge(self, trial: Trial) -> bool:
        """Settle the trial when it can be; tell whether the box must start again without it."""
        if self._healthy():
            self._files.settle(_report(trial, TwinState.APPLIED, self._opening.settings), trial.wanted)
            self._opening = Opening(self._opening.settings, None)
            return False
        if self._clock.monotonic() < self._deadline:
            return False
        former = _proven(self._own, self._files)
        reason = f"the box was not healthy within {trial.deadline_seconds} seconds"
        self._files.settle(_report(trial, TwinState.ROLLED_BACK, former, reason), None)
        self._log.error("wanted_configuration_taken_back", version=trial.wanted.version)
        return True

    def _report_outcome(self) -> None:
        outcome = self._files.outcome()
        if outcome is not None:
            self._record([self._draft(outcome)])
            self._files.reported()

    def _draft(self, report: ConfigurationReported) -> EventDraft:
        return EventDraft(f"twin/{self._device}", report, "box", "operation")


def _report(trial: Trial, state: TwinState, effect: EdgeSettings, reason: str = "") -> ConfigurationReported:
    return ConfigurationReported(version=trial.wanted.version, state=state, reason=reason, digest=digest(effect))
