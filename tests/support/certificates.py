"""Certificates of hubs that a test makes up."""

from datetime import timedelta
from pathlib import Path

from cloud.fleet.ca import HubAuthority
from shared.clock import SystemClock
from shared.crypto.pki import Member, key_pem, new_key
from shared.crypto.tls import Credentials


def authority_of(folder: Path, member: Member) -> HubAuthority:
    """Return the authority of a hub of its own."""
    return HubAuthority(folder, [member.tenant], SystemClock())


def certified(
    authority: HubAuthority, member: Member, trust: bytes | None = None, life_seconds: float | None = None
) -> Credentials:
    """Return a member's credentials, enrolled or not; it trusts the authority or, if given, somebody else."""
    key = new_key()
    life = None if life_seconds is None else timedelta(seconds=life_seconds)
    issued = authority.issue(member, key.public_key(), life)
    return Credentials(key_pem(key), issued.chain, trust or authority.trust)
