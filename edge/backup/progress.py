"""How a long copy tells how far it is."""

from collections.abc import Callable

# Told what is being done, how much of it is done and how much there is.
Progress = Callable[[str, int, int], None]


def silent(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""
