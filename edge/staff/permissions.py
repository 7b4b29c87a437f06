"""What each role may do: one table. Every route of the box states one of these actions."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from shared.vocabulary import StaffRole


class Action(StrEnum):
    """What a route does, as permissions see it."""

    PUBLIC = "public"
    BE_SIGNED_IN = "be_signed_in"
    SEE_CLIENTS = "see_clients"
    REGISTER_CLIENT = "register_client"
    RECORD_CONSENT = "record_consent"
    SEE_SCHEDULE = "see_schedule"
    CHANGE_SCHEDULE = "change_schedule"
    DECIDE_SCHEDULE = "decide_schedule"
    CLEAR_CLIENT = "clear_client"
    USE_KIOSK = "use_kiosk"
    TAKE_PHOTO = "take_photo"
    SEE_CAPTURES = "see_captures"
    READ_PHOTO = "read_photo"
    SEE_REVIEWS = "see_reviews"
    REVIEW = "review"
    SEE_PROGRESS = "see_progress"
    SEE_STATISTICS = "see_statistics"
    ASK_ERASURE = "ask_erasure"
    DECIDE_ERASURE = "decide_erasure"
    MANAGE_STAFF = "manage_staff"
    MANAGE_CLINIC = "manage_clinic"


_EVERYBODY: Final = frozenset({Action.PUBLIC, Action.BE_SIGNED_IN})
_FRONT_DESK: Final = _EVERYBODY | {
    Action.SEE_CLIENTS,
    Action.REGISTER_CLIENT,
    Action.RECORD_CONSENT,
    Action.SEE_SCHEDULE,
    Action.CHANGE_SCHEDULE,
    Action.USE_KIOSK,
    Action.ASK_ERASURE,
}
_RECORD: Final = frozenset({Action.SEE_CAPTURES, Action.READ_PHOTO, Action.SEE_REVIEWS, Action.SEE_PROGRESS})

PERMITTED: Final[Mapping[StaffRole, frozenset[Action]]] = {
    StaffRole.FRONT_DESK: _FRONT_DESK,
    StaffRole.PROVIDER: _FRONT_DESK
    | _RECORD
    | {Action.TAKE_PHOTO, Action.REVIEW, Action.CLEAR_CLIENT, Action.SEE_STATISTICS, Action.DECIDE_ERASURE},
    # Runs the clinic: sees everything, but treats and signs nothing.
    StaffRole.MANAGER: _FRONT_DESK
    | _RECORD
    | {Action.SEE_STATISTICS, Action.DECIDE_ERASURE, Action.MANAGE_STAFF, Action.MANAGE_CLINIC, Action.DECIDE_SCHEDULE},
}
# What break-glass adds: looking at the record and photographing, so that a client can be helped. Never more.
BEHIND_GLASS: Final = _RECORD | {Action.TAKE_PHOTO}


def rights(role: StaffRole, *, glass_broken: bool) -> frozenset[Action]:
    """Return what a role allows, with break-glass in force or not."""
    return PERMITTED[role] | BEHIND_GLASS if glass_broken else PERMITTED[role]
