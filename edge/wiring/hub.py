"""Everything of the box that speaks with the hub."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from edge.backup.daily import DailyCare
from edge.backup.history import HubHistory
from edge.backup.hub import hub_backup
from edge.hub_door import HubDoor
from edge.keys.certificate import BoxCertificate
from edge.keys.transport import TransportKeys
from edge.store.hub_life import HubLife
from edge.sync.backfill import BackfillCall
from edge.sync.escrow import EscrowDepositor
from edge.sync.hub_channel import HubChannel
from edge.sync.hub_images import HubImageReader
from edge.sync.inbox import Handler, Inbox
from edge.sync.link import SyncLink
from edge.sync.mqtt import MqttAddress, MqttTransport
from edge.sync.renewal import CertificateRenewal, logged_time
from edge.sync.uploader import BlobUploader
from edge.transparency.client import HubLogClient
from edge.transparency.gossip import HeadFolder
from edge.transparency.watch import Acknowledged, HubLogWatch, WatchRules
from edge.wiring.core import Core
from shared.crypto.pki import days_left, member_name
from shared.events.catalogue import complete_catalogue
from shared.events.catalogue.keys import TransportKeyDelivered
from shared.events.catalogue.log import HeadSigned
from shared.ids import ClientId
from shared.sync.position import count_behind
from shared.wire.topics import DOWN, PRESENCE, UP, topic


class HubSide:
    """The link, what goes beside it, and what keeps an eye on the hub."""

    def __init__(
        self,
        core: Core,
        answers: Mapping[str, Handler],
        may_leave: Callable[[ClientId], bool],
        snapshot: Callable[[], dict[str, Any]],
    ) -> None:
        """Connect the parts.

        Args:
            core: what every part shares.
            answers: who answers what the hub sends down, by the event's type.
            may_leave: tells whether a client allows now that an image leaves the box.
            snapshot: returns the clinic's present state.

        Raises:
            MedSpaError: the box was never certified.
        """
        self._core = core
        settings, record = core.settings, core.record
        self.certificate = BoxCertificate(record.keys.sealed)
        self.certificate.present()  # a box that was never certified must not start as if it were
        self.channel = HubChannel(f"{settings.hub.rpc_host}:{settings.hub.rpc_port}", self.certificate.present)
        self.watch = self._make_watch()
        self.link = self._make_link(answers, snapshot)
        self.uploader = BlobUploader(record.store, record.vault, self.channel, self._backlog, may_leave)
        self.renewal = self._make_renewal()
        self.care = self._make_care()
        self.depositor = EscrowDepositor(record.store, record.clients, self.channel)

    def online(self) -> bool:
        """Tell whether the hub answers."""
        return self.link.status.online

    def images(self) -> HubImageReader:
        """Return what fetches photographs that made room here."""
        return HubImageReader(self.channel, self.online)

    def certificate_days(self) -> float:
        """Return how long the box's certificate is good for."""
        return days_left(self.certificate.present().certificate, self._core.clock.wall())

    def _make_link(self, answers: Mapping[str, Handler], snapshot: Callable[[], dict[str, Any]]) -> SyncLink:
        core, record = self._core, self._core.record
        ring = TransportKeys(record.keys, record.store.identity)
        own = {HeadSigned.event_type: self.watch.announced, TransportKeyDelivered.event_type: ring.take}
        transport = MqttTransport(_address(core), self.certificate.present)
        return SyncLink(
            record.store,
            Inbox(record.store, complete_catalogue(), {**answers, **own}),
            transport,
            transport_key=ring,
            clock=core.clock,
            snapshot=snapshot,
            software=core.software,
            bulk=BackfillCall(self.channel, transport.inbox),
        )

    def _make_renewal(self) -> CertificateRenewal:
        core, record = self._core, self._core.record
        device = (core.device, record.keys.identity())
        door, latest = HubDoor(core.settings.hub.url), partial(logged_time, record.store)
        return CertificateRenewal(self.certificate, door, device, core.clock, latest, self.online)

    def _make_care(self) -> DailyCare:
        core, record, settings, at_hub = self._core, self._core.record, self._core.settings, None
        store = settings.store.model_copy(update={"backup_folder": settings.backed_up_to_folder})
        if settings.backed_up_to_hub:
            at_hub = hub_backup(store.folder, record.keys, record.store.identity, self.channel, self._backlog)
        return DailyCare(store, record, HubHistory(self.channel), core.clock, core.software, at_hub)

    def _make_watch(self) -> HubLogWatch:
        store, chosen = self._core.record.store, self._core.settings.hub_log
        client = HubLogClient(self.channel, store.identity.tenant)
        rules = WatchRules(chosen.check_seconds, chosen.random_events, chosen.sweep_events)
        watch = HubLogWatch(store, client, self._acknowledged, self._core.clock, rules)
        if chosen.heads_folder is not None:
            watch.exchange(HeadFolder(chosen.heads_folder, store.identity.device, store.identity.tenant))
        return watch

    def _acknowledged(self) -> Acknowledged:
        """Return what the hub owes of our present epoch; its life first, so that an older word never counts for it."""
        store = self._core.record.store
        life, word = HubLife(store).epoch(), self.link.status.acknowledged
        return Acknowledged(word.seq if word is not None and word.epoch == store.head().epoch else 0, life)

    def _backlog(self) -> int:
        return count_behind(self.link.status.acknowledged, self._core.record.store.epochs())


def _address(core: Core) -> MqttAddress:
    identity, hub = core.record.store.identity, core.settings.hub
    return MqttAddress(
        host=hub.mqtt_host,
        port=hub.mqtt_port,
        client_id=member_name(identity.tenant, identity.device),
        up_topic=topic(identity.tenant, identity.device, UP),
        down_topic=topic(identity.tenant, identity.device, DOWN),
        presence_topic=topic(identity.tenant, identity.device, PRESENCE),
        keepalive_seconds=hub.keepalive_seconds,
        reconnect_max_seconds=hub.reconnect_max_seconds,
    )
