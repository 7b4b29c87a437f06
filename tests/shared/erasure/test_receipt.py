"""A receipt of a deletion: anybody can check it, nobody can change it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from shared.cli import build_app
from shared.erasure.receipt import (
    Destroyed,
    ErasureReceipt,
    ReceiptInvalid,
    ReceiptUnreadable,
    SignedReceipt,
    names_digest,
)
from shared.vocabulary import ErasureReason, LegalBasis

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
RECEIPT = ErasureReceipt(
    tenant="lumen",
    location="lumen-one",
    client="client-1",
    request="request-1",
    reason=ErasureReason.CLIENT_ASKED,
    legal_basis=LegalBasis.GDPR_ARTICLE_17,
    device="box-1",
    tombstone_event="event-1",
    tombstone_hash="a" * 64,
    images_sha256=names_digest(["b" * 64]),
    destroyed=(Destroyed(place="box", what="client_key", count=1, at=NOON),),
    issued_at=NOON,
)
SIGNED = SignedReceipt.sign(RECEIPT, KEY)


@pytest.mark.req("P-8")
def test_signed_receipt_survives_its_file_and_verifies() -> None:
    read = SignedReceipt.from_text(SIGNED.to_text())
    assert read == SIGNED
    read.check()
    read.check(KEY.public_key().public_bytes_raw())


@pytest.mark.req("P-8")
@pytest.mark.parametrize("field", sorted(RECEIPT.model_dump()))
def test_receipt_with_any_field_changed_does_not_verify(field: str) -> None:
    document: dict[str, Any] = json.loads(SIGNED.to_text())
    others: dict[str, Any] = {
        "version": 1, "destroyed": [], "issued_at": "2026-03-03T12:00:00Z", "images_sha256": "c" * 64,
        "tombstone_hash": "c" * 64, "reason": "retention_ended", "legal_basis": "court_order",
    }  # fmt: skip
    if field == "version":
        document["receipt"]["version"] = 2
        with pytest.raises(ReceiptUnreadable):
            SignedReceipt.from_text(json.dumps(document))
        return
    document["receipt"][field] = others.get(field, "another")
    with pytest.raises(ReceiptInvalid):
        SignedReceipt.from_text(json.dumps(document)).check()


@pytest.mark.req("P-8")
@given(st.integers(0, 63), st.integers(1, 255))
def test_receipt_with_another_signature_does_not_verify(place: int, flip: int) -> None:
    signature = bytearray(SIGNED.signature)
    signature[place] ^= flip
    with pytest.raises(ReceiptInvalid):
        SignedReceipt(RECEIPT, bytes(signature), SIGNED.public_key).check()


def test_receipt_of_somebody_elses_key_is_refused_when_the_hubs_is_known() -> None:
    other = SignedReceipt.sign(RECEIPT, Ed25519PrivateKey.generate())
    other.check()
    with pytest.raises(ReceiptInvalid):
        other.check(SIGNED.public_key)


@given(st.binary(max_size=200))
def test_what_is_no_receipt_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(ReceiptUnreadable):
        SignedReceipt.from_text(data)


def test_command_names_what_was_destroyed_and_refuses_a_changed_receipt(tmp_path: Path) -> None:
    good, changed = tmp_path / "good.json", tmp_path / "changed.json"
    good.write_text(SIGNED.to_text())
    changed.write_text(SIGNED.to_text().replace("client-1", "client-2"))
    run = CliRunner().invoke(build_app("none"), ["verify-receipt", str(good), "--key", SIGNED.fingerprint])
    assert run.exit_code == 0
    assert "client client-1 of lumen/lumen-one was deleted" in run.output
    for arguments in ([str(changed)], [str(good), "--key", "0" * 16]):
        failed = CliRunner().invoke(build_app("none"), ["verify-receipt", *arguments])
        assert isinstance(failed.exception, ReceiptInvalid)
