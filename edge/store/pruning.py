"""What may go to make room, as one pure rule: derived images first, then originals that lie at the hub. Nothing else.

An image of which there is no row is not even asked about: missing metadata is no permission.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from shared.ids import BlobName
from shared.vocabulary import ImageKind


@dataclass(frozen=True, slots=True)
class HeldImage:
    """An image in the vault, as its row tells.

    Attributes:
        name: its name.
        kind: original or derived.
        size: sealed bytes.
        capture: the capture it belongs to.
        place: the capture's place in the order of the log.
        taken_on: the clinic's day of the capture, by the clock of that time.
        confirmed: whether the hub's present life has confirmed it durable.
        under_review: whether its capture waits for somebody's signature.
    """

    name: BlobName
    kind: ImageKind
    size: int
    capture: str
    place: int
    taken_on: date
    confirmed: bool
    under_review: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """When it is asked: the clinic's day, and the newest capture's place in the order of the log."""

    today: date
    newest_place: int


@dataclass(frozen=True, slots=True)
class PruningPolicy:
    """What stays whatever the pressure.

    Attributes:
        min_age_days: originals younger than this stay.
        keep_newest: originals of so many newest captures stay whatever a clock says: one that jumps ahead makes
            nothing old.
    """

    min_age_days: int
    keep_newest: int


def may_go(image: HeldImage, moment: Moment, policy: PruningPolicy) -> bool:
    """Tell whether an image may be removed from the box."""
    if image.under_review or image.taken_on >= moment.today:
        return False
    if image.kind is ImageKind.DERIVED:
        return True
    return (
        image.confirmed
        and image.taken_on <= moment.today - timedelta(days=policy.min_age_days)
        and image.place <= moment.newest_place - policy.keep_newest
    )


def choose(
    images: Iterable[HeldImage], need_bytes: int, moment: Moment, policy: PruningPolicy
) -> tuple[list[HeldImage], int]:
    """Choose images until enough bytes are found, or all that may go.

    Args:
        images: what is held, derived images first and older ones first; read no further than needed.
        need_bytes: how much room is wanted.
        moment: when it is asked.
        policy: what stays.

    Returns:
        What goes, in order, and its bytes.
    """
    chosen: list[HeldImage] = []
    found = 0
    for image in images:
        if found >= need_bytes:
            break
        if may_go(image, moment, policy):
            chosen.append(image)
            found += image.size
    return chosen, found
