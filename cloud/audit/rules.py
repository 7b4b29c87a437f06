"""When the audit stream deserves a person's look; pure, every threshold stated."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import ceil
from typing import Final
from zoneinfo import ZoneInfo

from shared.events.catalogue.audit import AccessRefused, Exported, GlassBroken, KeyUsed, PhotoRead, SignInFailed
from shared.events.catalogue.log import HubRewroteHistory

WATCHED: Final = frozenset(
    payload.event_type
    for payload in (PhotoRead, Exported, KeyUsed, AccessRefused, SignInFailed, GlassBroken, HubRewroteHistory)
)
_SYSTEM: Final = "system"


class AlertKind(StrEnum):
    """What was noticed."""

    MASS_READS = "mass_reads"
    ODD_HOURS = "odd_hours"
    REFUSED_ACCESS = "refused_access"
    FAILED_SIGN_INS = "failed_sign_ins"
    BREAK_GLASS = "break_glass"
    HUB_HISTORY = "hub_history"
    MASS_EXPORTS = "mass_exports"
    KEY_USE = "key_use"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From how many a day on an alert is raised.

    Attributes:
        mass_reads: photographs read by one person, at least.
        mass_reads_factor: and at least so many times their own average of the days they worked.
        history_days: days back that this average is taken over.
        odd_hours: reads, exports, uses of keys and break-glass outside the clinic's hours.
        refused: refused accesses.
        failed_sign_ins: wrong PINs or codes.
        mass_exports: files taken out by one person.
    """

    mass_reads: int = 40
    mass_reads_factor: float = 4.0
    history_days: int = 28
    odd_hours: int = 3
    refused: int = 5
    failed_sign_ins: int = 5
    mass_exports: int = 5


@dataclass(frozen=True, slots=True)
class Hours:
    """When a clinic works, by its own clock; days count from Monday, 0."""

    zone: ZoneInfo
    opens_minute: int = 7 * 60
    closes_minute: int = 21 * 60
    days: frozenset[int] = frozenset(range(6))

    def is_odd(self, moment: datetime) -> bool:
        """Tell whether a moment is outside the clinic's hours."""
        local = moment.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        return local.weekday() not in self.days or not self.opens_minute <= minute < self.closes_minute

    def day(self, moment: datetime) -> str:
        """Return the clinic's day of a moment."""
        return moment.astimezone(self.zone).date().isoformat()


def kinds_of(event_type: str, justification: str, *, odd: bool) -> tuple[AlertKind, ...]:
    """Return what one audit entry counts towards; the box's own work counts towards nothing."""
    if justification == _SYSTEM:
        return ()
    match event_type:
        case PhotoRead.event_type:
            kinds: tuple[AlertKind, ...] = (AlertKind.MASS_READS,)
        case Exported.event_type:
            kinds = (AlertKind.MASS_EXPORTS,)
        case KeyUsed.event_type:
            kinds = (AlertKind.KEY_USE,)
        case GlassBroken.event_type:
            kinds = (AlertKind.BREAK_GLASS,)
        case AccessRefused.event_type:
            return (AlertKind.REFUSED_ACCESS,)
        case SignInFailed.event_type:
            return (AlertKind.FAILED_SIGN_INS,)
        case HubRewroteHistory.event_type:
            return (AlertKind.HUB_HISTORY,)
        case _:
            return ()
    return (*kinds, AlertKind.ODD_HOURS) if odd else kinds


def limit_of(kind: AlertKind, history: Sequence[int], thresholds: Thresholds) -> int:
    """Return from which count of a day on a kind is an alert.

    Args:
        kind: what is counted.
        history: the same person's counts of earlier days on which they did it at all.
        thresholds: the configured ones.
    """
    match kind:
        case AlertKind.MASS_READS:
            usual = sum(history) / len(history) if history else 0.0
            return max(thresholds.mass_reads, ceil(usual * thresholds.mass_reads_factor))
        case AlertKind.ODD_HOURS:
            return thresholds.odd_hours
        case AlertKind.REFUSED_ACCESS:
            return thresholds.refused
        case AlertKind.FAILED_SIGN_INS:
            return thresholds.failed_sign_ins
        case AlertKind.MASS_EXPORTS:
            return thresholds.mass_exports
        case AlertKind.BREAK_GLASS | AlertKind.HUB_HISTORY | AlertKind.KEY_USE:
            return 1
