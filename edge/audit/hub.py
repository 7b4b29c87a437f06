"""What the hub tells of itself: what left it, what was done with its keys, which of its settings changed."""

from collections.abc import Mapping, Sequence
from typing import Final

from edge.sync.inbox import Handler
from shared.events.catalogue.audit import ConfigurationChanged, Exported, KeyUsed
from shared.events.envelope import Event, EventDraft


def _kept(_event: Event) -> Sequence[EventDraft]:
    """Answer nothing: the entry lies in the inbox, out of the hub's reach, and goes back to a restored hub."""
    return ()


HUB_ENTRIES: Final[Mapping[str, Handler]] = {
    payload.event_type: _kept for payload in (Exported, KeyUsed, ConfigurationChanged)
}
