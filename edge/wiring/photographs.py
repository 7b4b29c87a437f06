"""From the camera to the vault, and what looks at photographs in the background."""

import structlog

from edge.analysis.engine_cache import EngineCache
from edge.analysis.preparation import Preparation
from edge.capture.cameras import make_camera
from edge.capture.session import SessionRules
from edge.faces.guests import ScheduleGuests
from edge.faces.kiosk import KioskStation
from edge.faces.visit import VisitDesk
from edge.review.candidate import open_candidate
from edge.review.shadow_log import ShadowLog
from edge.review.shadow_worker import ShadowWorker, VaultPhotographs
from edge.store.pruner import ImagePruner, RoomSettings
from edge.store.pruning import PruningPolicy
from edge.sync.hub_images import HubImageReader
from edge.vision import load_vision
from edge.visits.intake import CaptureIntake
from edge.visits.library import CaptureLibrary
from edge.wiring.clinic import Clinic
from edge.wiring.core import Core
from shared.errors import Corrupt, Rejected


class Photographs:
    """Vision, capture, the vault's library and the kiosk."""

    def __init__(self, core: Core, clinic: Clinic, at_hub: HubImageReader) -> None:
        """Load the models.

        Raises:
            MedSpaError: a model is missing or damaged.
        """
        self._core = core
        self._clinic = clinic
        record, settings = core.record, core.settings
        engines = EngineCache(settings.store.folder / "engines", settings.analysis.engines_max_bytes)
        engines.discard_unfinished()
        self.vision = load_vision(settings.analysis, core.threads, engines)
        self.intake = CaptureIntake(
            record.store,
            record.vault,
            record.clients,
            clinic.consent,
            self.vision.landmarker,
            self.vision.pipeline,
            core.ids,
            settings.capture.limits,
        )
        self.library = CaptureLibrary(record.store, record.vault, record.clients, at_hub, clinic.trail)
        self.kiosk = self._make_kiosk()
        self.pruner = self._make_pruner()
        served = self.vision.served
        self.preparation = Preparation(served, core.threads) if served is not None else None
        self.shadow = self._make_shadow()

    def _make_kiosk(self) -> KioskStation:
        clinic, capture, clock = self._clinic, self._core.settings.capture, self._core.clock
        guests = ScheduleGuests(clinic.book, clinic.register)
        rules = SessionRules(views=capture.views)
        desk = VisitDesk(clinic.register, clinic.consent, rules, guests, clinic.book.client_of, capture.light)
        return KioskStation(make_camera(capture, clock), self.vision, self.intake, desk, clock)

    def _make_pruner(self) -> ImagePruner:
        core, store = self._core, self._core.settings.store
        room = RoomSettings(store.images_max_bytes, store.images_free_bytes)
        policy = PruningPolicy(store.images_min_age_days, store.images_keep_newest)
        timezone = core.settings.clinic.timezone
        return ImagePruner(core.record.store, core.record.vault, room, policy, core.clock, timezone)

    def _make_shadow(self) -> ShadowWorker | None:
        core, settings = self._core, self._core.settings
        folder = settings.analysis.shadow_bundle
        if folder is None:
            return None
        try:
            candidate = open_candidate(folder, settings.analysis, self.vision.landmarker, core.threads)
        except (Rejected, Corrupt) as error:
            # A candidate is on trial: a bad one must not keep the clinic from working.
            structlog.get_logger().error("shadow_bundle_refused", code=error.code)
            return None
        photographs = VaultPhotographs(self.library, settings.capture.limits)
        log, granted = ShadowLog(core.record.store), self._clinic.consent.granted
        return ShadowWorker(log, candidate, photographs, granted, core.threads, core.clock)
