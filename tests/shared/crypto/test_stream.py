"""A sealed file gives back what was written to it, or nothing that could be taken for it."""

import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto.aead import OVERHEAD_BYTES, CannotOpen, new_key
from shared.crypto.stream import CHUNK_BYTES, SealingWriter, open_sealed

KEY = new_key()
HEAD = 24
SEALED = CHUNK_BYTES + OVERHEAD_BYTES


def sealed(*pieces: bytes, name: str = "table") -> bytes:
    file = io.BytesIO()
    writer = SealingWriter(file, KEY, name)
    for piece in pieces:
        writer.write(piece)
    writer.finish()
    return file.getvalue()


def opened(data: bytes, key: bytes = KEY, name: str = "table") -> bytes:
    return b"".join(open_sealed(io.BytesIO(data), key, name))


def chunks(data: bytes) -> list[bytes]:
    return [data[at : at + SEALED] for at in range(HEAD, len(data), SEALED)]


@pytest.fixture(scope="module")
def long() -> bytes:
    """Three chunks that differ."""
    return sealed(b"a" * CHUNK_BYTES, b"b" * CHUNK_BYTES, b"c" * 100)


@given(st.lists(st.binary(max_size=200), max_size=20), st.sampled_from([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES]))
def test_what_was_written_in_pieces_comes_back_whole(pieces: list[bytes], before: int) -> None:
    pieces = [b"z" * before, *pieces]
    assert opened(sealed(*pieces)) == b"".join(pieces)


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, 2 * CHUNK_BYTES, 2 * CHUNK_BYTES + 1])
def test_lengths_around_whole_chunks_come_back(size: int) -> None:
    assert opened(sealed(b"x" * size)) == b"x" * size


def test_nothing_of_the_contents_can_be_read(long: bytes) -> None:
    assert b"aaaaaaaa" not in long
    assert sealed(b"same") != sealed(b"same")


@pytest.mark.parametrize("keep", [[0, 1], [0], [], [0, 2], [1, 0, 2], [0, 1, 1, 2], [0, 0, 1, 2], [0, 1, 2, 2], [2]])
def test_chunks_left_out_doubled_or_exchanged_do_not_open(long: bytes, keep: list[int]) -> None:
    parts = chunks(long)
    with pytest.raises(CannotOpen):
        opened(long[:HEAD] + b"".join(parts[number] for number in keep))


def test_a_chunk_of_another_file_does_not_open(long: bytes) -> None:
    other = sealed(b"a" * CHUNK_BYTES, b"b" * CHUNK_BYTES, b"c" * 100)
    first, *rest = chunks(long)
    with pytest.raises(CannotOpen):
        opened(long[:HEAD] + b"".join([chunks(other)[0], *rest]))
    with pytest.raises(CannotOpen):
        opened(other[:HEAD] + b"".join([first, *rest]))


def test_a_file_cut_anywhere_does_not_open(long: bytes) -> None:
    ends = [0, 7, HEAD - 1, HEAD, HEAD + 1, HEAD + SEALED, HEAD + SEALED + 5, len(long) - 1]
    assert all(one < other for one, other in pairwise(ends))
    for end in ends:
        with pytest.raises(CannotOpen):
            opened(long[:end])


@pytest.mark.parametrize("at", [0, 10, HEAD, HEAD + 40, HEAD + SEALED + 3])
def test_a_changed_bit_is_noticed(long: bytes, at: int) -> None:
    with pytest.raises(CannotOpen):
        opened(long[:at] + bytes([long[at] ^ 1]) + long[at + 1 :])


def test_another_key_or_name_opens_nothing() -> None:
    data = sealed(b"content")
    with pytest.raises(CannotOpen):
        opened(data, new_key())
    with pytest.raises(CannotOpen):
        opened(data, name="another table")


def test_a_file_that_was_not_finished_does_not_open() -> None:
    file = io.BytesIO()
    SealingWriter(file, KEY, "table").write(b"d" * (CHUNK_BYTES + 1))
    with pytest.raises(CannotOpen):
        opened(file.getvalue())
