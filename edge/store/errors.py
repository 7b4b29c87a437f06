"""What can go wrong with the record, by what one can do about it."""

from shared.errors import Corrupt, Rejected, Retryable


class StorageFull(Retryable):
    """The disk has no room; nothing was written. Works again by itself when room is made."""


class StorageReadOnly(Retryable):
    """The disk refuses writes; nothing was written."""


class StorageBusy(Retryable):
    """More is waiting to be written than the queue holds; slow down."""


class StorageBroken(Corrupt):
    """The database or a sealed image contradicts itself; stop and restore."""


class RecordMissing(Corrupt):
    """There was a record and its file is gone or empty; a new one must never take its place unasked."""


class WrongKey(Corrupt):
    """The database key does not open this database."""


class VersionConflict(Rejected):
    """Somebody else wrote to the aggregate first; read again and decide again."""


class ImageMissing(Rejected):
    """The vault holds no such image."""
