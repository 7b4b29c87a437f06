"""F-17: a disk that was pulled tells nothing and opens no door; a cloned box is fenced, its original's work is safe."""

import shutil
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.main import Hub
from edge.keys.box import BoxKeys
from edge.keys.certificate import CERTIFICATE, BoxCertificate
from shared.crypto.pki import member_name, read_member
from shared.crypto.tls import hub_context
from shared.errors import Corrupt
from tests.edge.sync.rig import Rig, build
from tests.support.hubs import eventually, external_broker, hub_settings, running_hub
from tests.support.promises import Tally
from tests.support.servers import mosquitto

pytestmark = [pytest.mark.system, pytest.mark.req("P-5", "F-17")]
ROOT_FILE = "root.key"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    settings = hub_settings(tmp_path / "hub", external_broker(tmp_path / "broker"))
    with mosquitto(settings), running_hub(settings) as hub:
        made = build(hub, tmp_path / "box")
        yield made
        made.close()


@pytest.mark.req("I-12")
def test_the_files_of_a_pulled_disk_hold_no_key_and_open_nothing_without_their_root(
    rig: Rig, tmp_path: Path, tally: Tally
) -> None:
    rig.record.new_client("Canary Name", "canary note")
    rig.link.start()
    rig.wait_acknowledged()
    keys = BoxKeys(tmp_path / "box" / "keys")
    shown = BoxCertificate(keys.sealed).present()
    secrets = [
        shown.key,
        shown.key.split(b"\n")[1],
        keys.identity().secret_bytes()[:32],
        keys.transport(),
        b"Canary Name",
        b"canary note",
    ]
    pulled = tmp_path / "pulled"
    shutil.copytree(tmp_path / "box", pulled)
    roots = list(pulled.rglob(ROOT_FILE))
    assert roots
    for root in roots:
        root.unlink()  # what holds it on a Jetson stays in the box
    files = [path for path in pulled.rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        content = path.read_bytes()
        assert not [secret for secret in secrets if secret in content], path
    with pytest.raises(Corrupt, match="root"):
        BoxKeys(pulled / "keys")
    certificate = pulled / "keys" / f"{CERTIFICATE}.sealed"
    with pytest.raises(ssl.SSLError):
        ssl.create_default_context().load_cert_chain(certificate)
    tally.injected(1)


@pytest.mark.req("I-13", "I-18")
def test_a_whole_copy_of_a_stolen_box_is_kept_out_once_it_is_revoked(rig: Rig, tmp_path: Path, tally: Tally) -> None:
    rig.append(5)
    rig.link.start()
    rig.wait_acknowledged()
    stolen = tmp_path / "stolen"
    shutil.copytree(tmp_path / "box" / "keys", stolen)
    copy = BoxCertificate(BoxKeys(stolen).sealed)
    member = read_member(copy.present().certificate)
    assert member.name == member_name(rig.record.store.identity.tenant, rig.record.store.identity.device)
    rig.hub.enrolment.revoke(member.tenant, member.device, "stolen")
    tally.injected(1)
    eventually(lambda: not rig.link.status.online and not rig.transport._accepted)
    rig.append(3)
    context = hub_context(copy.present())
    assert refused_by_the_broker(rig.hub, context)
    assert len(rig.at_hub()) == 5


def refused_by_the_broker(hub: Hub, context: ssl.SSLContext) -> bool:
    """Speak MQTT over a connection that shows a certificate; a revoked one is not even answered."""
    with (
        socket.create_connection(("127.0.0.1", hub.settings.broker.port)) as plain,
        context.wrap_socket(plain) as spoken,
    ):
        spoken.settimeout(10)
        try:
            spoken.sendall(b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02ab")
            return spoken.recv(4) == b""
        except (ssl.SSLError, ConnectionError):
            return True
