"""The clinic network's certificate: the box's own, for its own names only, renewed without anybody."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import uvicorn
from cryptography.hazmat.primitives import hashes
from fastapi import FastAPI
from typer.testing import CliRunner

from edge.cli import app as edge_cli
from edge.lan import LEAF_LIFE, LanCertificate, lan_router
from shared.crypto.authority import Signer, issue_lan_host
from shared.crypto.keyfile import SealedKeyFolder
from shared.crypto.pki import certificate_pem, key_pem, new_key
from shared.crypto.tls import Credentials, server_context
from tests.support.clocks import ManualClock
from tests.support.hubs import on_a_thread

NAMES = ("localhost", "127.0.0.1")
pytestmark = pytest.mark.req("P-5", "I-19")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime.now(UTC))


@pytest.fixture
def keys(tmp_path: Path) -> SealedKeyFolder:
    return SealedKeyFolder(tmp_path / "keys")


def tablet(authority: bytes) -> httpx.Client:
    return httpx.Client(verify=ssl.create_default_context(cadata=authority.decode()), timeout=10, trust_env=False)


def serial_shown(url: str, authority: bytes) -> int:
    with tablet(authority) as client, client.stream("GET", f"{url}/clinic-network.crt") as answer:
        shown = answer.extensions["network_stream"].get_extra_info("ssl_object").getpeercert()
    return int(shown["serialNumber"], 16)


def test_tablets_that_took_the_boxs_certificate_reach_it_and_it_renews_by_itself(
    keys: SealedKeyFolder, clock: ManualClock
) -> None:
    lan = LanCertificate(keys, NAMES, clock)
    app = FastAPI()
    app.include_router(lan_router(lan))
    with on_a_thread(uvicorn.Config(app, log_config=None, lifespan="off", ssl_context_factory=lan.context)) as port:
        url = f"https://127.0.0.1:{port}"
        with tablet(lan.authority) as client:
            assert client.get(f"{url}/clinic-network.crt").content == lan.authority
        first = serial_shown(url, lan.authority)
        lan.look()
        assert serial_shown(url, lan.authority) == first
        clock.advance((LEAF_LIFE * 2 / 3).total_seconds() + 60)
        lan.look()
        # The tablet looks at the real clock, by which the next one has not begun: it is compared, not believed.
        assert lan.leaf is not None
        assert lan.leaf.serial_number != first
        assert lan.leaf.not_valid_after_utc - clock.wall() > timedelta(days=89)
    lan.stop()


def test_a_stranger_to_the_box_does_not_believe_it(keys: SealedKeyFolder, clock: ManualClock, tmp_path: Path) -> None:
    lan, other = LanCertificate(keys, NAMES, clock), LanCertificate(SealedKeyFolder(tmp_path / "other"), NAMES, clock)
    app = FastAPI()
    app.include_router(lan_router(lan))
    config = uvicorn.Config(app, log_config=None, lifespan="off", ssl_context_factory=lan.context)
    with on_a_thread(config) as port, tablet(other.authority) as client, pytest.raises(httpx.ConnectError):
        client.get(f"https://127.0.0.1:{port}/clinic-network.crt")
    lan.stop()


def test_the_authority_stays_for_the_same_names_and_is_another_for_others(
    keys: SealedKeyFolder, clock: ManualClock
) -> None:
    first = LanCertificate(keys, NAMES, clock).authority
    assert LanCertificate(keys, NAMES, clock).authority == first
    assert LanCertificate(keys, ("box.clinic.lan",), clock).authority != first


def test_an_authority_is_made_anew_before_its_leaves_would_outlive_it(
    keys: SealedKeyFolder, clock: ManualClock
) -> None:
    first = LanCertificate(keys, NAMES, clock).authority
    clock.advance(timedelta(days=3650 - 89).total_seconds())
    assert LanCertificate(keys, NAMES, clock).authority != first


def test_the_authority_cannot_speak_for_any_other_name(keys: SealedKeyFolder, clock: ManualClock) -> None:
    lan = LanCertificate(keys, NAMES, clock)
    signer: Signer = lan._authority
    key = new_key()
    for name in ("bank.example", "10.0.0.1"):
        forged = issue_lan_host(signer, [name], key.public_key(), clock.wall(), LEAF_LIFE)
        server = server_context(Credentials(key_pem(key), certificate_pem(forged), lan.authority), members_only=False)
        client = ssl.create_default_context(cadata=lan.authority.decode())
        to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
        ends = (
            client.wrap_bio(to_client, to_server, server_hostname=name),
            server.wrap_bio(to_server, to_client, server_side=True),
        )
        with pytest.raises(ssl.SSLError, match=r"permitted subtree|verify failed"):
            shake(*ends)


def shake(*ends: ssl.SSLObject) -> None:
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue


def test_the_command_shows_the_fingerprint_and_writes_the_certificate(tmp_path: Path) -> None:
    config, out = tmp_path / "clinic.toml", tmp_path / "box.crt"
    config.write_text('[edge.store]\nkeys_folder = "keys"\n[edge.http]\ntls = true\nlan_names = ["box.clinic.lan"]\n')
    done = CliRunner().invoke(edge_cli, ["lan-certificate", "-c", str(config), "--out", str(out)])
    assert done.exit_code == 0, done.output
    lan = LanCertificate(SealedKeyFolder(tmp_path / "keys"), ("box.clinic.lan",), ManualClock(datetime.now(UTC)))
    assert out.read_bytes() == lan.authority
    assert lan.fingerprint in done.output
    digest = lan._authority.certificate.fingerprint(hashes.SHA256()).hex().upper()
    assert lan.fingerprint.replace(":", "") == digest
