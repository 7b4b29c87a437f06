"""What a plan can be found guilty of."""

from dataclasses import dataclass
from enum import StrEnum

from edge.schedule.ids import AppointmentId


class Rule(StrEnum):
    """Name of a hard constraint."""

    STAGES = "stages_follow_the_service"
    GRID = "times_on_the_grid"
    WINDOW = "within_the_clients_window"
    OPENING = "within_opening_hours"
    SHIFT = "within_the_shift"
    BREAK = "not_in_a_break"
    OUTAGE = "not_while_out_of_order"
    AWAY = "provider_is_not_away"
    IN_USE = "room_and_device_are_in_use"
    SKILL = "provider_has_the_skill"
    LICENCE = "provider_has_the_licence"
    ROOM_TYPE = "room_has_the_type"
    DEVICE_TYPE = "device_has_the_type"
    STANDS = "device_may_stand_in_the_room"
    SAME_PROVIDER = "one_provider_per_skill"
    SAME_ROOM = "no_change_of_room_between_like_stages"
    SAME_DEVICE = "no_change_of_device_between_like_stages"
    OVERLAP = "one_visit_at_a_time"
    CLIENT = "client_in_one_place_at_a_time"
    CLEARED = "client_is_cleared_for_it"
    AFTER = "needed_visit_comes_before"
    APART = "visits_are_days_apart"
    FROZEN = "frozen_visits_stay"
    TOO_SOON = "no_start_before_now"
    NOTICE = "time_to_tell_the_client"
    LUNCH = "time_for_lunch"
    FORGOTTEN = "every_visit_is_accounted_for"


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken rule, whose visits break it, and on what."""

    rule: Rule
    appointments: tuple[AppointmentId, ...]
    detail: str
