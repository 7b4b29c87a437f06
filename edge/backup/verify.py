"""Reads a backup back from its disk and says what is wrong with it."""

import hashlib
from collections.abc import Sequence

from edge.backup.errors import BackupDamaged
from edge.backup.manifest import ImageList, Manifest, Segment
from edge.backup.progress import Progress, silent
from edge.backup.sealed import SealedBackup, unpack
from shared.events.envelope import GENESIS_HASH, Event, MalformedEvent


class Verifier:
    """Checks the parts that one version names; an empty answer means that nothing is wrong."""

    def __init__(self, folder: SealedBackup, manifest: Manifest, progress: Progress = silent) -> None:
        """Take a version of a backup.

        Args:
            folder: where it lies.
            manifest: the version.
            progress: told how far it is.
        """
        self._folder = folder
        self._manifest = manifest
        self._progress = progress

    def everything(self) -> list[str]:
        """Check every segment, the chain to the recorded head, the other rows, and the hash of every image."""
        problems = self._segments(self._manifest.segments, GENESIS_HASH) + self._end() + self._state()
        return problems + [problem for listed in self._manifest.images for problem in self._images(listed)]

    def new_since(self, segments: int, lists: int) -> list[str]:
        """Check what is behind the first `segments` segments and the first `lists` lists of images."""
        before = self._manifest.segments[segments - 1].last.hash if segments else GENESIS_HASH
        problems = self._segments(self._manifest.segments[segments:], before) + self._end() + self._state()
        return problems + [problem for listed in self._manifest.images[lists:] for problem in self._images(listed)]

    def _segments(self, segments: Sequence[Segment], previous: str) -> list[str]:
        for number, segment in enumerate(segments, start=1):
            problem = self._segment(segment, previous)
            if problem is not None:
                return [problem]
            previous = segment.last.hash
            self._progress("verifying events", number, len(segments))
        return []

    def _segment(self, segment: Segment, previous: str) -> str | None:
        try:
            events = [Event.from_body(body) for body in unpack(self._folder.get(segment.name))]
        except (BackupDamaged, MalformedEvent) as error:
            return error.sentence
        for event in events:
            if event.fields.prev_hash != previous:
                return f"event {event.fields.seq} of epoch {event.fields.epoch} does not continue the one before it"
            previous = event.hash
        if len(events) != segment.count or previous != segment.last.hash:
            return f"part {segment.name[:12]} does not end with event {segment.last.seq}"
        return None

    def _end(self) -> list[str]:
        """Compare where the segments end with the head that was authenticated when they were written."""
        head, last = self._manifest.head, self._manifest.last
        ends_with = last.hash if last is not None else GENESIS_HASH
        return [] if head.hash == ends_with else [f"the log ends before its recorded end, event {head.seq}"]

    def _state(self) -> list[str]:
        try:
            tables = self._folder.get(self._manifest.state.name)
        except BackupDamaged as error:
            return [error.sentence]
        same = hashlib.sha256(tables).hexdigest() == self._manifest.state.digest
        return [] if same else ["the rows beside the log are others than were written"]

    def _images(self, listed: ImageList) -> list[str]:
        try:
            images = self._folder.images(listed)
        except BackupDamaged as error:
            return [error.sentence]
        problems: list[str] = []
        for done, (name, kind, _) in enumerate(images, start=1):
            try:
                self._folder.image(name, kind)
            except BackupDamaged as error:
                problems.append(error.sentence)
            self._progress("verifying images", done, len(images))
        return problems
