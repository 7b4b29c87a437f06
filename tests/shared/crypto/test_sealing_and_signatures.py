"""Sealing, key files, device identity and its signatures against the attacks they are for."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto.aead import OVERHEAD_BYTES, CannotOpen, derive_key, new_key, seal, seal_alike, unseal
from shared.crypto.identity import DeviceIdentity, deliver, renewal_is_signed
from shared.crypto.keyfile import SealedKeyFolder
from shared.crypto.root import KeyFileUnsafe
from shared.errors import Corrupt, Rejected
from shared.ids import DeviceId, TenantId
from shared.wire import medspa_pb2 as wire
from shared.wire.envelope import MAX_SEALED_BYTES, MalformedMessage, open_message, seal_message
from shared.wire.topics import parse_topic, topic

TENANT, DEVICE = TenantId("t"), DeviceId("d")


@given(st.binary(max_size=500), st.binary(max_size=50), st.data())
def test_any_altered_byte_context_or_key_refuses_to_open(plain: bytes, context: bytes, data: st.DataObject) -> None:
    key = new_key()
    sealed = seal(key, plain, context)
    assert unseal(key, sealed, context) == plain
    assert len(sealed) == len(plain) + OVERHEAD_BYTES
    where = data.draw(st.integers(0, len(sealed) - 1))
    altered = bytearray(sealed)
    altered[where] ^= data.draw(st.integers(1, 255))
    for attempt in (
        (key, bytes(altered), context),
        (key, sealed, context + b"x"),
        (new_key(), sealed, context),
        (key, sealed[:-1], context),
    ):
        with pytest.raises(CannotOpen):
            unseal(*attempt)


def test_same_plaintext_never_seals_to_the_same_bytes() -> None:
    key = new_key()
    assert len({seal(key, b"x", b"") for _ in range(100)}) == 100


@given(st.binary(max_size=300), st.binary(max_size=300), st.binary(max_size=40))
def test_what_is_sealed_alike_is_the_same_only_for_the_same_and_opens_like_all_else(
    one: bytes, other: bytes, context: bytes
) -> None:
    key = new_key()
    sealed = seal_alike(key, one, context)
    assert unseal(key, sealed, context) == one
    assert (seal_alike(key, other, context) == sealed) == (one == other)
    nonces = {
        seal_alike(*parts)[1:13] for parts in ((key, one, context), (key, one + b"x", context), (key, context, one))
    }
    assert len(nonces) == (2 if one == context else 3), "no two plaintexts may share a nonce"
    with pytest.raises(CannotOpen):
        unseal(new_key(), sealed, context)


def test_derived_keys_are_independent_and_stable() -> None:
    secret = new_key()
    assert derive_key(secret, "a") == derive_key(secret, "a") != derive_key(secret, "b")


def test_key_folder_survives_reopening_and_refuses_a_moved_or_altered_secret(tmp_path: Path) -> None:
    folder = SealedKeyFolder(tmp_path)
    key = folder.get_or_create("database")
    assert SealedKeyFolder(tmp_path).get("database") == key
    (tmp_path / "other.sealed").write_bytes((tmp_path / "database.sealed").read_bytes())
    with pytest.raises(CannotOpen):
        folder.get("other")
    with pytest.raises(Rejected):
        folder.put("../escape", b"x")
    assert key not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_root_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    SealedKeyFolder(tmp_path)
    (tmp_path / "root.key").chmod(0o644)
    with pytest.raises(KeyFileUnsafe):
        SealedKeyFolder(tmp_path)


def test_lost_root_key_is_never_made_anew_beside_sealed_keys(tmp_path: Path) -> None:
    SealedKeyFolder(tmp_path).put("a", b"secret")
    (tmp_path / "root.key").unlink()
    with pytest.raises(Corrupt, match="root_key_missing"):
        SealedKeyFolder(tmp_path)
    assert not (tmp_path / "root.key").exists()


def test_delivered_secret_opens_only_on_its_device_and_in_its_context() -> None:
    device, other = DeviceIdentity.generate(), DeviceIdentity.generate()
    delivery = deliver(b"secret", device.public.receiving, b"enrol")
    again = DeviceIdentity.from_secret_bytes(device.secret_bytes())
    assert again.receive(delivery, b"enrol") == b"secret"
    for receiver, context in ((other, b"enrol"), (device, b"else")):
        with pytest.raises(CannotOpen):
            receiver.receive(delivery, context)


def test_a_renewal_is_signed_for_one_device_and_one_request() -> None:
    device, other = DeviceIdentity.generate(), DeviceIdentity.generate()
    signature = device.sign_renewal("box", b"request")
    assert renewal_is_signed(device.public.signing, "box", b"request", signature)
    for key, name, request, signed in (
        (other.public.signing, "box", b"request", signature),
        (device.public.signing, "other", b"request", signature),
        (device.public.signing, "box", b"another", signature),
        (device.public.signing, "box", b"request", b""),
        (b"no key", "box", b"request", signature),
    ):
        assert not renewal_is_signed(key, name, request, signed)


def test_message_opens_only_on_its_own_topic_direction_and_key() -> None:
    key = new_key()
    data = seal_message(wire.Message(ack=wire.Ack(session="s")), TENANT, DEVICE, "up", key)
    assert open_message(data, TENANT, DEVICE, "up", key).ack.session == "s"
    with pytest.raises(CannotOpen):
        open_message(data, TENANT, DEVICE, "down", key)
    with pytest.raises(CannotOpen):
        open_message(data, TENANT, DEVICE, "up", new_key())
    for wrong in ((data, TenantId("x"), DEVICE), (data, TENANT, DeviceId("x")), (b"\xff\xff", TENANT, DEVICE)):
        with pytest.raises(MalformedMessage):
            open_message(*wrong, "up", key)
    with pytest.raises(MalformedMessage, match="too_large"):
        open_message(b"x" * (MAX_SEALED_BYTES + 1), TENANT, DEVICE, "up", key)


@given(st.binary(max_size=300))
def test_rubbish_from_the_broker_is_a_clear_refusal(data: bytes) -> None:
    with pytest.raises((MalformedMessage, CannotOpen)):
        open_message(data, TENANT, DEVICE, "up", b"k" * 32)


def test_topics_hold_opaque_ids_and_strangers_are_refused() -> None:
    assert parse_topic(topic(TENANT, DEVICE, "up")) == (TENANT, DEVICE, "up")
    for text in ("", "medspa/1/t/d", "medspa/2/t/d/up", "medspa/1/t/d/else", "a/b/c/d/e/f"):
        with pytest.raises(Rejected):
            parse_topic(text)
