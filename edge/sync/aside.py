"""Images that could not be sent and wait for a person."""

from edge.store.events import SqlcipherEventStore
from shared.events.catalogue.capture import ImageRetried
from shared.events.envelope import EventDraft
from shared.ids import BlobName


def images_set_aside(store: SqlcipherEventStore) -> dict[BlobName, str]:
    """Return their names, each with the reason."""
    rows = store.rows("SELECT name, aside FROM images WHERE aside IS NOT NULL ORDER BY rowid")
    return {BlobName(name): str(reason) for name, reason in rows}


def retry_images(store: SqlcipherEventStore, actor: str) -> list[BlobName]:
    """Let every one of them be sent again, on record; return their names."""
    names = list(images_set_aside(store))
    if names:
        store.append([EventDraft(f"image/{name}", ImageRetried(name=name), actor, "sync") for name in names])
    return names
