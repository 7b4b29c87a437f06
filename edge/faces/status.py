"""The box at a glance, for the pages and for the probes."""

import shutil
from collections.abc import Callable, Sequence
from datetime import datetime

from edge.analysis.bundle_sessions import ServedBundle
from edge.api.schemas import (
    AnalysisState,
    Backlog,
    ComponentVersion,
    Disk,
    GraphInUse,
    HubLog,
    Link,
    Notice,
    Readiness,
    Status,
)
from edge.backup.daily import CareState, DailyCare
from edge.config import EdgeSettings
from edge.store.events import SqlcipherEventStore
from edge.store.hub_life import WAITING_COUNT
from edge.store.vault import ImageVault
from edge.sync.link import SyncLink
from edge.transparency.watch import HubLogWatch
from shared.clock import Clock
from shared.errors import MedSpaError
from shared.sync.position import count_behind
from shared.vision.bundle import GraphRole


class BoxStatus:
    """Reads the state of store, link and disk."""

    def __init__(
        self,
        settings: EdgeSettings,
        store: SqlcipherEventStore,
        vault: ImageVault,
        link: SyncLink,
        clock: Clock,
        versions: Sequence[ComponentVersion],
        camera_ready: Callable[[], bool],
        served: ServedBundle | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._vault = vault
        self._link = link
        self._clock = clock
        self._versions = list(versions)
        self._camera_ready = camera_ready
        self._served = served
        self._watch: HubLogWatch | None = None
        self._care: DailyCare | None = None

    def show_hub_log(self, watch: HubLogWatch) -> None:
        """Show what a watch finds from now on."""
        self._watch = watch

    def show_care(self, care: DailyCare) -> None:
        """Show what the daily round finds from now on."""
        self._care = care

    def status(self) -> Status:
        """Return the state now."""
        link, identity = self._link.status, self._store.identity
        events, images, oldest = self.backlog()
        usage = shutil.disk_usage(self._settings.store.folder)
        return Status(
            now=self._clock.wall(),
            device_id=identity.device,
            device_name=f"Edge box {identity.device[:8]}",
            location_id=identity.location,
            location_name=self._settings.clinic.name,
            timezone=self._settings.clinic.timezone,
            link=Link(online=link.online, since=link.since, last_acknowledged_at=link.last_acknowledged_at),
            backlog=Backlog(events=events, images=images, oldest_at=oldest),
            clock=self._clock.quality(),
            disk=Disk(total_bytes=usage.total, free_bytes=usage.free),
            versions=self._versions,
            analysis=self.analysis(),
            hub_log=self.hub_log(),
            notices=self.notices(),
        )

    def notices(self) -> list[Notice]:
        """Return what people must see to: damage, a refusal by the hub, backups that do not come about."""
        care = self._care.state if self._care is not None else CareState()
        notices = [Notice(code=problem.code, sentence=problem.sentence) for problem in care.problems]
        if (why := self._link.status.fenced) is not None:
            sentence = f"The hub refuses this box: {why}. Nothing is lost; ask the hub's operator to look at it"
            notices.append(Notice(code="box_fenced", sentence=sentence))
        if care.backup_problem is not None:
            notices.append(Notice(code=care.backup_problem.code, sentence=care.backup_problem.sentence))
        return notices

    def hub_log(self) -> HubLog | None:
        """Return what the box makes of the hub's history; None where nobody watches it."""
        if self._watch is None:
            return None
        seen = self._watch.status
        return HubLog(state=seen.state, sentence=seen.sentence, size=seen.size, verified_at=seen.verified_at)

    def analysis(self) -> AnalysisState | None:
        """Return what analyses photographs; None for a detector without a bundle."""
        if self._served is None:
            return None
        used, states = self._served.used, {role: self._served.state(role) for role in GraphRole}
        return AnalysisState(
            bundle=used.name,
            version=used.version,
            graphs=[
                GraphInUse(role=role, provider=state.provider, precision=state.precision, engine=state.engine)
                for role, state in states.items()
            ],
            degraded=self._served.degraded,
        )

    def backlog(self) -> tuple[int, int, datetime | None]:
        """Return events and images waiting for the hub, and the time of the oldest event."""
        acknowledged, epochs = self._link.status.acknowledged, self._store.epochs()
        events = count_behind(acknowledged, epochs)
        waiting = self._store.first_behind(acknowledged) if events else None
        images = int(self._store.rows(WAITING_COUNT)[0][0])
        return events, images, waiting.fields.wall_time if waiting is not None else None

    def readiness(self) -> Readiness:
        """Return whether each part can do its work."""
        parts = {"record": self._record_ready(), "room_on_disk": self._room(), "camera": self._camera_ready()}
        return Readiness(ready=all(parts.values()), parts=parts, checked_at=self._clock.wall())

    def _record_ready(self) -> bool:
        try:
            self._store.head()
        except MedSpaError:
            return False
        return True

    def _room(self) -> bool:
        try:
            self._vault.ensure_room(1)
        except MedSpaError:
            return False
        return True
