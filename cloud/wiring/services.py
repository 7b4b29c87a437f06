"""What the gRPC server serves."""

from functools import partial

from cloud.blobs.service import BlobsService
from cloud.blobs.store import BlobStore
from cloud.boxbackups.service import BackupsService
from cloud.boxbackups.shelf import BackupShelf
from cloud.history.service import HistoryService
from cloud.ingest.backfill import BackfillService
from cloud.ingest.handler import MessageHandler
from cloud.keyservice.service import EscrowService
from cloud.releases.service import BundlesService
from cloud.releases.shelf import Shelf
from cloud.rpc.callers import Callers
from cloud.rpc.server import AddService
from cloud.transparency.keeper import LogKeeper
from cloud.transparency.service import TransparencyService
from cloud.wiring.opening import Core
from shared.wire import backfill_pb2_grpc as backfill_rpc
from shared.wire import backup_pb2_grpc as backup_rpc
from shared.wire import bundle_pb2_grpc as bundle_rpc
from shared.wire import escrow_pb2_grpc as escrow_rpc
from shared.wire import history_pb2_grpc as history_rpc
from shared.wire import medspa_pb2_grpc as rpc
from shared.wire import transparency_pb2_grpc as transparency_rpc


def rpc_services(
    core: Core, handler: MessageHandler, blobs: BlobStore, keeper: LogKeeper, escrow: EscrowService
) -> list[AddService]:
    """Return functions that add one service each."""
    callers = Callers(core.database)
    images = BlobsService(core.database, callers, blobs, core.metrics, core.clock)
    backfill = BackfillService(callers, handler, core.metrics)
    transparency = TransparencyService(core.database, callers, keeper)
    settings, kept = core.settings, core.settings.backups
    shelf = BackupShelf(settings.box_backups_folder, kept.versions, kept.max_part_bytes, kept.max_box_bytes)
    bundles = BundlesService(callers, Shelf(settings.releases_folder))
    return [
        partial(rpc.add_BlobsServicer_to_server, images),
        partial(backfill_rpc.add_BackfillServicer_to_server, backfill),
        partial(transparency_rpc.add_TransparencyServicer_to_server, transparency),
        partial(history_rpc.add_HistoryServicer_to_server, HistoryService(core.database, callers)),
        partial(escrow_rpc.add_EscrowServicer_to_server, escrow),
        partial(backup_rpc.add_BackupsServicer_to_server, BackupsService(callers, shelf)),
        partial(bundle_rpc.add_BundlesServicer_to_server, bundles),
    ]
