"""Which versions of a box's backup stay; no I/O."""

from collections.abc import Callable, Sequence


def versions_kept(numbers: Sequence[int], keep: int, sound: Callable[[int], bool]) -> set[int]:
    """Return the versions that stay: the newest, and with them always one that still verifies.

    Args:
        numbers: all versions.
        keep: how many of the newest to keep; at least one.
        sound: tells whether a version verifies; asked only when something would go, newest first.
    """
    ordered = sorted(numbers)
    newest, older = ordered[-keep:], ordered[:-keep]
    if not older or any(sound(number) for number in reversed(newest)):
        return set(newest)
    last = next((number for number in reversed(older) if sound(number)), None)
    # Where none verifies nothing goes: a person may still make something of what is there.
    return set(ordered) if last is None else {last, *newest}
