"""Peers of other versions: what a recorded one said, byte for byte, and what one ahead of this one would say."""

import json
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from google.protobuf.message import Message as Protobuf

from cloud.fleet.keys import TenantKeys
from cloud.ingest.downlink import DownLinks
from cloud.ingest.handler import MessageHandler
from cloud.ingest.intake import Intake
from cloud.metrics import HubMetrics
from cloud.storage.database import Database
from cloud.storage.down_links import BoxAddress
from cloud.wiring.opening import open_database
from edge.config import StoreSettings
from edge.record import Record, open_record
from edge.schedule.book import ScheduleBook
from edge.schedule.online import OnlineDesk
from edge.schedule.registry import demo_registry
from edge.store import schema
from edge.sync.inbox import Inbox
from edge.sync.mqtt import Incoming, Signal
from edge.sync.protocol import LinkProtocol
from shared.crypto.keyfile import SealedKeyFolder
from shared.events.catalogue import complete_catalogue
from shared.events.catalogue.system import BookingRequested
from shared.events.envelope import Event
from shared.ids import Uuid7Source
from shared.wire import medspa_pb2 as wire
from shared.wire.envelope import open_message
from shared.wire.topics import DOWN, UP, topic
from tests.support.clocks import ManualClock
from tests.support.hubs import TENANT, ZONE, hub_settings

# Field 1000, which no message has, with a text in it.
UNKNOWN = b"\xc2\x3e\x05sunny"
# A message of a kind that this version does not know: field 999 of `Message`.
UNKNOWN_KIND = b"\xba\x3e\x05sunny"


@dataclass(frozen=True, slots=True)
class Word:
    """A sealed message of a conversation; `channel` is `up` from box to hub and `down` from hub to box."""

    channel: str
    data: bytes


def conversation(version: Path) -> list[Word]:
    """Return what a version's box and hub said to each other, as it went over the broker."""
    words = json.loads((version / "wire" / "conversation.json").read_text())
    return [Word(channel, bytes.fromhex(data)) for channel, data in words]


def open_recorded(folder: Path, target: Path) -> tuple[Record, Database]:
    """Copy a recorded version to `target` and open it as this software does at its start.

    A checkout makes files readable by all; keys are not.
    """
    shutil.copytree(folder, target)
    for path in target.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    clock = ManualClock(datetime(2026, 6, 1, tzinfo=UTC))
    settings = StoreSettings(
        folder=target / "box" / "data", keys_folder=target / "box" / "keys", reserve_bytes=1024 * 1024
    )
    return open_record(settings, clock, Uuid7Source(clock)), open_database(hub_settings(target / "hub"))


def keep_hub(version: Path) -> None:
    """Keep a version's hub as it is now: it has enrolled and asked its box, and heard nothing of it."""
    (version / "wire").mkdir()
    with (
        closing(sqlite3.connect(version / "hub" / "hub.db")) as living,
        closing(sqlite3.connect(version / "wire" / "hub.db")) as copy,
    ):
        living.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")


@dataclass
class Pair:
    """The recorded box, and a hub that has enrolled and asked it and heard nothing of it, opened by this software."""

    record: Record
    hub: Database
    folder: Path
    clock: ManualClock

    def handler(self, session: str = "") -> MessageHandler:
        """Return what hears messages at the hub, which greets under this name."""
        keys = TenantKeys(SealedKeyFolder(self.folder / "hub" / "keys"), frozenset({TENANT}))
        intake = Intake(self.hub, complete_catalogue(), self.clock)
        links = DownLinks(self.hub, self.clock, new_session=lambda: session or secrets.token_hex(8))
        return MessageHandler(self.hub, keys, intake, links, HubMetrics(), self.clock)

    def opened(self, word: Word) -> wire.Message:
        """Open a message of this box or to it."""
        identity = self.record.store.identity
        return open_message(word.data, identity.tenant, identity.device, word.channel, self.record.keys.transport())

    @property
    def up(self) -> str:
        """The topic on which the box speaks."""
        return topic(TENANT, self.record.store.identity.device, UP)


@contextmanager
def pair_of(version: Path, folder: Path) -> Iterator[Pair]:
    """Open a recorded version's box and hub as they were before they spoke."""
    before = folder / "before"
    shutil.copytree(version, before)
    shutil.copyfile(version / "wire" / "hub.db", before / "hub" / "hub.db")
    record, hub = open_recorded(before, folder / "copy")
    try:
        yield Pair(record, hub, folder / "copy", ManualClock())
    finally:
        record.clients.close()
        record.store.close()
        hub.close()


class Listening:
    """A box's end of the link whose words go nowhere but into `said`."""

    def __init__(self, record: Record, clock: ManualClock) -> None:
        book = ScheduleBook(record.store, demo_registry(), Uuid7Source(clock), clock, ZONE)
        self.said: list[bytes] = []
        self.inbox = Inbox(record.store, complete_catalogue(), {BookingRequested.event_type: OnlineDesk(book).answer})
        self.protocol = LinkProtocol(
            record.store,
            self.inbox,
            self,
            transport_key=record.keys.transport(),
            clock=clock,
            snapshot=dict,
            software="test",
        )

    def publish(self, data: bytes) -> None:
        self.said.append(data)

    def waiting(self) -> int:
        return 0

    def connect(self) -> None:
        """Connect and greet."""
        self.protocol.handle(Incoming(Signal.CONNECTED))
        self.protocol.pump()

    def hear(self, data: bytes) -> None:
        """Take in a message and send what is due."""
        self.protocol.handle(Incoming(Signal.MESSAGE, data))
        self.protocol.pump()


def record_conversation(version: Path) -> None:
    """Let copies of a version's box and hub speak until both are silent, and keep their words."""
    words: list[Word] = []
    with TemporaryDirectory() as temporary, pair_of(version, Path(temporary)) as pair:
        handler, box = pair.handler(), Listening(pair.record, pair.clock)
        address = BoxAddress(TENANT, pair.record.store.identity.device)

        def carry(messages: list[wire.Message]) -> None:
            for data in handler.sealed(address, messages):
                words.append(Word(DOWN, data))
                box.hear(data)

        box.connect()
        while box.said:
            words.append(Word(UP, box.said.pop(0)))
            carry(handler.handle(pair.up, words[-1].data)[1])
            carry(handler.due(address))
    text = json.dumps([[word.channel, word.data.hex()] for word in words], indent=0)
    (version / "wire" / "conversation.json").write_text(text + "\n")


def ahead(message: wire.Message) -> wire.Message:
    """Return a message as a later version might send it: with a field more, in it and in everything it holds."""
    changed = wire.Message()
    changed.CopyFrom(message)
    for part in _parts(changed):
        part.MergeFromString(UNKNOWN)
    return changed


def _parts(message: Protobuf) -> Iterator[Any]:
    yield message
    for descriptor, value in message.ListFields():
        if descriptor.message_type is not None:
            for one in [value] if isinstance(value, Protobuf) else value:
                yield from _parts(one)


def next_event(last: Event, **changes: Any) -> Event:
    """Return an event that continues a log, about a new aggregate, with a field that this version does not know."""
    fields = json.loads(last.body) | {
        "id": Uuid7Source(ManualClock()).new(),
        "seq": last.fields.seq + 1,
        "prev_hash": last.hash,
        "aggregate": f"newer/{last.fields.seq + 1}",
        "version": 1,
        "mood": {"of the peer": ["sunny", 7]},
    }
    return Event.seal_in_chain(fields | changes)


@contextmanager
def newer_software(*more: tuple[str, ...]) -> Iterator[None]:
    """Be, for a while, software whose record has had more migrations; by default one that adds a column."""
    with pytest.MonkeyPatch.context() as patch:
        added = more or (("ALTER TABLE inbox ADD COLUMN mood TEXT NOT NULL DEFAULT 'sunny'",),)
        patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, *added))
        yield
