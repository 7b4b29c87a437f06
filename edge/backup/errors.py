"""What can go wrong with a backup, by what one can do about it."""

from shared.errors import Corrupt, Rejected, Retryable


class NoBackup(Rejected):
    """The folder holds no backup that this key opens."""


class BackupDamaged(Corrupt):
    """A backup does not verify; another version or another folder is needed."""


class RecordLives(Rejected):
    """There is a record already; it is replaced only when somebody says so."""


class HistoryUnavailable(Retryable):
    """The hub does not answer; what it holds of this box cannot be had now."""


class HistoryRefused(Rejected):
    """The hub does not hand out what it holds: a person has to look at the box first."""
