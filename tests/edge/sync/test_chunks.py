"""An upload always says something, so that the hub can finish what it holds."""

import pytest

from edge.sync.uploader import CHUNK_BYTES, _chunks
from shared.ids import BlobName


@pytest.mark.parametrize("offset", [0, 1, CHUNK_BYTES, 2 * CHUNK_BYTES + 5])
def test_chunks_complete_the_blob_from_any_offset_and_are_never_none(offset: int) -> None:
    sealed = bytes(range(256)) * (2 * CHUNK_BYTES // 256) + b"12345"
    chunks = list(_chunks(BlobName("n"), sealed, offset))
    assert chunks
    assert chunks[0].offset == offset
    assert sealed[:offset] + b"".join(chunk.data for chunk in chunks) == sealed
