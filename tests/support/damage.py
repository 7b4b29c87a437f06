"""Damage done on purpose."""


def flipped(data: bytes) -> bytes:
    """Return the bytes with one bit of the last changed: always another content, whatever was there."""
    return data[:-1] + bytes([data[-1] ^ 1])
