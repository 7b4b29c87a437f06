"""Writes a backup: what is new since the last one, verified by reading it back, its manifest last."""

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Final

from edge.backup.errors import BackupDamaged
from edge.backup.manifest import ImageList, Manifest, Place, Segment, State
from edge.backup.progress import Progress, silent
from edge.backup.sealed import SealedBackup, pack
from edge.backup.source import RecordSource, RecordState
from edge.backup.verify import Verifier
from edge.store.errors import ImageMissing, StorageBroken
from edge.store.events import BoxIdentity
from edge.store.vault import ImageVault
from shared.events.envelope import Event
from shared.ids import BlobName
from shared.locks import exclusive
from shared.vocabulary import ImageKind

SEGMENT_BYTES: Final = 4 * 1024 * 1024
_PATIENCE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Image:
    name: BlobName
    kind: ImageKind
    size: int


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What one run wrote.

    Attributes:
        manifest: the version that now counts.
        new_events: events that were not in the former version.
        new_images: images that were not in the folder.
        damaged_images: images that the vault holds damaged; they were left out.
    """

    manifest: Manifest
    new_events: int
    new_images: int
    damaged_images: tuple[BlobName, ...]


class BackupJob:
    """Backs up one record into one folder."""

    def __init__(
        self,
        source: RecordSource,
        vault: ImageVault,
        folder: SealedBackup,
        identity: BoxIdentity,
        progress: Progress = silent,
    ) -> None:
        """Keep the collaborators.

        Args:
            source: the record, which others may be writing meanwhile.
            vault: the sealed images.
            folder: where the backup goes.
            identity: whose record it is.
            progress: told how far it is.
        """
        self._source = source
        self._vault = vault
        self._folder = folder
        self._identity = identity
        self._progress = progress

    def run(self, made_at: datetime, software: str, keep: int, *, full: bool = False) -> BackupReport:
        """Write one version and return what was new; interrupted at any point, the former version stays whole.

        Args:
            made_at: the time, for people.
            software: version of this software, for people.
            keep: how many versions to keep; at least one.
            full: read back and check everything the version names, not only what is new.

        Raises:
            StorageFull: there is no room; nothing was begun.
            StorageBroken: the record itself is damaged.
            BackupDamaged: what was written does not read back.
            HeldByAnother: another backup into this folder is under way.
            OSError: the disk refuses.
        """
        self._folder.prepare()
        with exclusive(self._folder.lock, _PATIENCE_SECONDS):
            state = self._source.state()
            former = self._folder.latest()
            kept = self._still_true(former.segments if former is not None else (), full=full)
            lists = self._readable(former.images if former is not None else ())
            images = self._missing_images(lists, full=full)
            after = self._source.place_of(kept[-1].last.position()) if kept else 0
            self._folder.ensure_room(self._source.size_behind(after or 0) + sum(image.size for image in images))
            segments = self._copy_events(after or 0, state.last, kept)
            listed, damaged = self._copy_images(images)
            numbers = self._folder.numbers()
            manifest = Manifest(
                number=numbers[-1] + 1 if numbers else 1,
                made_at=made_at,
                software=software,
                schema_version=state.schema_version,
                tenant=self._identity.tenant,
                location=self._identity.location,
                device=self._identity.device,
                head=Place.of(state.head),
                segments=(*kept, *segments),
                images=(*lists, *listed),
                state=self._copy_state(state, former),
            )
            self._check(manifest, None if full else (len(kept), len(lists)))
            self._folder.publish(manifest)
            self._folder.forget(max(keep, 1))
        new_events = sum(segment.count for segment in segments)
        return BackupReport(manifest, new_events, sum(item.count for item in listed), damaged)

    def _still_true(self, segments: tuple[Segment, ...], *, full: bool) -> tuple[Segment, ...]:
        """Return the leading segments that are part of this log; after a restore the last ones may not be.

        With `full` one that does not read back ends them too, and is written anew from there.
        """
        for count in range(len(segments), 0, -1):
            if self._source.place_of(segments[count - 1].last.position()) is not None:
                leading = segments[:count]
                return tuple(takewhile(self._reads_back, leading)) if full else leading
        return ()

    def _reads_back(self, part: Segment | State) -> bool:
        try:
            self._folder.get(part.name)
        except BackupDamaged:
            return False
        return True

    def _readable(self, lists: Sequence[ImageList]) -> tuple[ImageList, ...]:
        """Return the lists that can be read; what the others named is listed anew."""
        found: list[ImageList] = []
        for listed in lists:
            with contextlib.suppress(BackupDamaged):
                self._folder.images(listed)
                found.append(listed)
        return tuple(found)

    def _copy_events(self, after: int, last: int, kept: tuple[Segment, ...]) -> list[Segment]:
        segments: list[Segment] = []
        arguments = (after, last, kept[-1].last.hash) if kept else (after, last)
        copied = 0
        for events in _runs(self._source.events(*arguments)):
            end = events[-1]
            place = Place(epoch=end.fields.epoch, seq=end.fields.seq, hash=end.hash)
            name = self._folder.put(pack(event.body for event in events))
            size = sum(len(event.body) for event in events)
            segments.append(Segment(name=name, count=len(events), size=size, last=place))
            copied += len(events)
            self._progress("events", copied, max(last - after, copied))
        return segments

    def _missing_images(self, lists: Iterable[ImageList], *, full: bool) -> list[_Image]:
        """Return the vault's images that are not in the folder or not listed; with `full` also damaged copies.

        To the hub they go by themselves, each while its client allows it; a backup must not carry them past that.
        """
        if self._folder.at_hub:
            return []
        listed = {name for item in lists for name, _, _ in self._folder.images(item)}
        missing: list[_Image] = []
        for kind in ImageKind:
            for name in sorted(self._vault.names(kind)):
                try:
                    size = self._vault.path(name, kind).stat().st_size
                except FileNotFoundError:
                    continue  # pruned at this moment
                image = _Image(name, kind, size)
                if name not in listed or not self._is_copied(image, full=full):
                    missing.append(image)
        return missing

    def _is_copied(self, image: _Image, *, full: bool) -> bool:
        if not self._folder.has_image(image.name, image.kind, image.size):
            return False
        try:
            if full:
                self._folder.image(image.name, image.kind)
        except BackupDamaged:
            return False
        return True

    def _copy_images(self, images: Sequence[_Image]) -> tuple[list[ImageList], tuple[BlobName, ...]]:
        copied: list[tuple[str, str, int]] = []
        damaged: list[BlobName] = []
        for done, image in enumerate(images, start=1):
            try:
                if not self._is_copied(image, full=True):
                    self._folder.put_image(image.name, image.kind, self._vault.sealed_bytes(image.name, image.kind))
                copied.append((image.name, image.kind, image.size))
            except ImageMissing:
                continue  # pruned meanwhile
            except StorageBroken:
                damaged.append(image.name)
            self._progress("images", done, len(images))
        if not copied:
            return [], tuple(damaged)
        return [ImageList(name=self._folder.put(json.dumps(copied).encode()), count=len(copied))], tuple(damaged)

    def _copy_state(self, state: RecordState, former: Manifest | None) -> State:
        digest = hashlib.sha256(state.tables).hexdigest()
        if former is not None and former.state.digest == digest and self._reads_back(former.state):
            return former.state
        return State(name=self._folder.put(state.tables), digest=digest)

    def _check(self, manifest: Manifest, known: tuple[int, int] | None) -> None:
        verifier = Verifier(self._folder, manifest, self._progress)
        problems = verifier.everything() if known is None else verifier.new_since(*known)
        if problems:
            sentence = f"the backup does not read back: {problems[0]}; try --full, or another place"
            raise BackupDamaged("backup_not_verified", sentence)


def _runs(events: Iterator[Event]) -> Iterator[list[Event]]:
    """Cut a log into runs that fit a segment."""
    run: list[Event] = []
    size = 0
    for event in events:
        run.append(event)
        size += len(event.body)
        if size >= SEGMENT_BYTES:
            yield run
            run, size = [], 0
    if run:
        yield run
