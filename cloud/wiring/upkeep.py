"""What a hub does by itself, in the background."""

from collections.abc import Callable

from cloud.audit.opening import hours_of, thresholds_of
from cloud.audit.watch import AuditWatch
from cloud.blobs.store import BlobStore
from cloud.erasure.eraser import EraserTools, HubEraser
from cloud.erasure.signing import ReceiptSigner
from cloud.erasure.worker import HubErasureWorker
from cloud.fleet.exchange import KeyExchange, KeyWatch
from cloud.ingest.handler import MessageHandler
from cloud.ingest.repair import Repairs
from cloud.ingest.scrub import Scrub
from cloud.ingest.service import Publisher
from cloud.keyservice.escrow import KeyService
from cloud.transparency.announcer import HeadAnnouncer
from cloud.transparency.keeper import LogKeeper
from cloud.wiring.opening import Core
from shared.crypto.keyfile import SealedKeyFolder
from shared.events.catalogue import complete_catalogue

Wake = Callable[[], None]


def make_scrub(core: Core, handler: MessageHandler, publisher: Publisher) -> Scrub:
    """Return what looks for damage in what is stored."""
    repairs = Repairs(core.database, complete_catalogue(), core.metrics)
    return Scrub(repairs, handler, publisher, core.tenants, core.settings.ingest.scrub_seconds)


def make_erasures(core: Core, blobs: BlobStore, escrow: KeyService, wake: Wake) -> HubErasureWorker:
    """Return what completes deletions."""
    signer = ReceiptSigner(SealedKeyFolder(core.settings.effective_keys_folder))
    tools = EraserTools(core.database, blobs, escrow, signer, core.down_writer(), core.clock)
    return HubErasureWorker(HubEraser(tools, wake), core.tenants)


def make_announcer(core: Core, keeper: LogKeeper, wake: Wake) -> HeadAnnouncer:
    """Return what tells the boxes of each new head of the log."""
    every_seconds = core.settings.transparency.head_seconds
    return HeadAnnouncer(core.database, keeper, core.down_writer(), core.clock, core.tenants, every_seconds, wake)


def make_key_watch(core: Core, wake: Wake) -> KeyWatch:
    """Return what exchanges transport keys."""
    return KeyWatch(KeyExchange(core.database, core.keys, core.down_writer(), core.clock), core.tenants, wake)


def make_audit_watch(core: Core) -> AuditWatch:
    """Return what watches the audit stream."""
    return AuditWatch(core.database, hours_of(core.settings), thresholds_of(core.settings))
