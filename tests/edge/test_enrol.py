import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

import edge.enrol
from cloud.fleet.ca import HubAuthority
from cloud.fleet.enrolment import Enrolment
from cloud.main import Hub
from edge.enrol import enrol, read_identity
from edge.hub_door import HubUnknown, HubUnreachable
from edge.keys.box import BoxKeys
from edge.keys.certificate import BoxCertificate
from shared.clock import SystemClock
from shared.crypto.aead import CannotOpen
from shared.crypto.authority import make_root
from shared.crypto.identity import DeviceIdentity, deliver
from shared.crypto.pki import FINGERPRINT_CHARACTERS, certificate_pem, read_member
from shared.crypto.tls import server_context
from shared.errors import Corrupt, MedSpaError, Rejected
from tests.support.clocks import ManualClock
from tests.support.hubs import LOCATION, TENANT, hub_settings
from tests.support.servers import free_port, wait_for_port


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    # The hub shows a certificate by this clock to a box that looks at the real one.
    return ManualClock(datetime.now(UTC))


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, clock: ManualClock) -> Iterator[Hub]:
    hub = Hub(hub_settings(tmp_path_factory.mktemp("hub")), clock)
    yield hub
    hub.database.close()


@pytest.fixture(scope="module")
def hub_url(hub: Hub) -> Iterator[str]:
    hub._door.start()
    wait_for_port(hub.settings.fleet.port)
    yield f"https://127.0.0.1:{hub.settings.fleet.port}"
    hub._door.stop()


@pytest.fixture
def enrolment(hub: Hub, clock: ManualClock) -> Enrolment:
    clock.advance(61)  # a new minute of the hub's bound on tries
    return hub.enrolment


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def keys(tmp_path: Path) -> BoxKeys:
    return BoxKeys(tmp_path / "keys")


def guessed(hub: Hub, tenant: str = TENANT) -> str:
    """A code of the right form that the hub never made."""
    return f"{tenant}.wrong.{hub.authority.fingerprint[:FINGERPRINT_CHARACTERS]}"


def stays_out(folder: Path, keys: BoxKeys) -> None:
    """Nothing says that the box is enrolled."""
    assert list(folder.iterdir()) == []
    for question in (lambda: read_identity(folder), keys.transport):
        with pytest.raises(Rejected, match="medspa edge enrol") as caught:
            question()
        assert caught.value.code == "not_enrolled"


def test_a_box_learns_who_it_is_and_the_hub_knows_its_keys(
    hub: Hub, hub_url: str, enrolment: Enrolment, folder: Path, keys: BoxKeys
) -> None:
    identity = enrol(folder, keys, hub_url, enrolment.invite(TENANT, LOCATION, 60), "Room 1")
    assert (identity.tenant, identity.location) == (TENANT, LOCATION)
    assert read_identity(folder) == identity
    assert keys.transport() == hub.keys.transport(TENANT, identity.device)
    (record,) = [device for device in enrolment.devices(TENANT) if device.id == identity.device]
    assert (record.label, record.signing_key) == ("Room 1", keys.identity().public.signing)


def test_a_box_that_is_enrolled_stays_what_it_is_and_asks_nobody(
    hub_url: str, enrolment: Enrolment, folder: Path, keys: BoxKeys
) -> None:
    first = enrol(folder, keys, hub_url, enrolment.invite(TENANT, LOCATION, 60), "Room 1")
    devices, transport = len(enrolment.devices(TENANT)), keys.transport()
    assert enrol(folder, keys, f"https://127.0.0.1:{free_port()}", "any.code", "Room 2") == first
    assert (len(enrolment.devices(TENANT)), keys.transport()) == (devices, transport)


@pytest.mark.req("P-5", "I-13")
def test_a_box_gets_a_certificate_that_names_it_and_nobody_else(
    hub: Hub, hub_url: str, enrolment: Enrolment, folder: Path, keys: BoxKeys
) -> None:
    identity = enrol(folder, keys, hub_url, enrolment.invite(TENANT, LOCATION, 60), "Room 1")
    credentials = BoxCertificate(keys.sealed).present()
    member = read_member(credentials.certificate)
    assert (member.tenant, member.location, member.device) == (TENANT, LOCATION, identity.device)
    assert credentials.trust == hub.authority.trust
    assert enrolment.certificates(TENANT)[identity.device].serial == credentials.certificate.serial_number


@pytest.mark.req("P-5")
def test_a_box_tells_nothing_to_a_hub_that_did_not_make_its_code(
    enrolment: Enrolment, folder: Path, keys: BoxKeys, authority: HubAuthority
) -> None:
    code = enrolment.invite(TENANT, LOCATION, 60)
    with answering(authority, 200, answer()) as impostor, pytest.raises(HubUnknown, match="not the hub"):
        enrol(folder, keys, impostor, code, "Room 1")
    stays_out(folder, keys)


def test_an_enrolled_box_without_a_certificate_gets_one_and_stays_the_same_device(
    hub_url: str, enrolment: Enrolment, folder: Path, keys: BoxKeys
) -> None:
    first = enrol(folder, keys, hub_url, enrolment.invite(TENANT, LOCATION, 60), "Room 1")
    keys.sealed.destroy("hub-certificate")
    assert enrol(folder, keys, hub_url, enrolment.invite(TENANT, LOCATION, 60), "Room 1") == first
    assert read_member(BoxCertificate(keys.sealed).present().certificate).device == first.device


def test_a_wrong_code_is_refused_and_leaves_the_box_out(
    hub: Hub, hub_url: str, enrolment: Enrolment, folder: Path, keys: BoxKeys
) -> None:
    for code in (guessed(hub), guessed(hub, "nobody"), guessed(hub, "../lumen")):
        with pytest.raises(Rejected, match="ask for a new") as caught:
            enrol(folder, keys, hub_url, code, "Room 1")
        assert caught.value.code == "hub_refused"
        assert code not in str(caught.value)
    stays_out(folder, keys)


def test_a_code_works_once(hub_url: str, enrolment: Enrolment, folder: Path, keys: BoxKeys, tmp_path: Path) -> None:
    code = enrolment.invite(TENANT, LOCATION, 60)
    enrol(folder, keys, hub_url, code, "Room 1")
    second, second_keys = tmp_path / "second", BoxKeys(tmp_path / "second-keys")
    second.mkdir()
    with pytest.raises(Rejected, match="the hub refused") as caught:
        enrol(second, second_keys, hub_url, code, "Room 2")
    assert caught.value.code == "hub_refused"
    stays_out(second, second_keys)


def test_an_expired_code_is_refused(
    hub_url: str, enrolment: Enrolment, clock: ManualClock, folder: Path, keys: BoxKeys
) -> None:
    code = enrolment.invite(TENANT, LOCATION, 60)
    clock.advance(61)
    with pytest.raises(Rejected, match="ask for a new code"):
        enrol(folder, keys, hub_url, code, "Room 1")
    stays_out(folder, keys)


def test_a_label_the_hub_cannot_take_does_not_cost_the_code(
    hub_url: str, enrolment: Enrolment, folder: Path, keys: BoxKeys
) -> None:
    code = enrolment.invite(TENANT, LOCATION, 60)
    with pytest.raises(Rejected, match="label"):
        enrol(folder, keys, hub_url, code, "x" * 121)
    assert enrol(folder, keys, hub_url, code, "Room 1").tenant == TENANT


def test_a_hub_that_asks_to_wait_is_tried_again_with_the_same_code(
    hub: Hub, hub_url: str, enrolment: Enrolment, clock: ManualClock, folder: Path, keys: BoxKeys
) -> None:
    code = enrolment.invite(TENANT, LOCATION, 600)
    for _ in range(10):
        with pytest.raises(Rejected):
            enrol(folder, keys, hub_url, guessed(hub), "Room 1")
    with pytest.raises(HubUnreachable, match="try again in a minute"):
        enrol(folder, keys, hub_url, code, "Room 1")
    stays_out(folder, keys)
    clock.advance(61)
    assert enrol(folder, keys, hub_url, code, "Room 1").tenant == TENANT


def test_a_hub_that_is_down_can_be_tried_again(
    hub: Hub, enrolment: Enrolment, folder: Path, keys: BoxKeys, hub_url: str
) -> None:
    code = enrolment.invite(TENANT, LOCATION, 60)
    public = keys.identity().public
    with pytest.raises(HubUnreachable, match="try again"):
        enrol(folder, keys, f"https://127.0.0.1:{free_port()}", code, "Room 1")
    stays_out(folder, keys)
    assert enrol(folder, keys, hub_url, code, "Room 1").tenant == TENANT
    assert keys.identity().public == public


@pytest.mark.parametrize("url", ["https://", "https://[::1", "https://127.0.0.1:99999"])
def test_an_address_that_is_none_is_one_clear_error(folder: Path, keys: BoxKeys, url: str) -> None:
    with pytest.raises(MedSpaError):
        enrol(folder, keys, url, "a.code", "Room 1")
    stays_out(folder, keys)


@contextmanager
def answering(authority: HubAuthority, status: int, content: bytes) -> Iterator[str]:
    """A hub that tells its roots and gives one answer to everything else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(200, json.dumps({"trust": authority.trust.decode()}).encode())

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if status == 0:
                self.close_connection = True
                return
            self.answer(status, content)

        def answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    context = server_context(authority.hub(), members_only=False)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> HubAuthority:
    return HubAuthority(tmp_path_factory.mktemp("authority"), [TENANT], SystemClock())


def answer(**changes: object) -> bytes:
    good = {"tenant": "lumen", "location": "lumen-one", "device": "box-1", "delivery": "", "certified": CERTIFIED}
    return json.dumps(good | changes).encode()


def _certified() -> dict[str, str]:
    root = make_root("made up", datetime.now(UTC), timedelta(days=1))
    pem = certificate_pem(root.certificate).decode()
    return {"chain": pem, "trust": pem}


CERTIFIED = _certified()
SOMEBODY_ELSES = deliver(b"k" * 32, DeviceIdentity.generate().public.receiving, b"enrol/lumen/box-1")


@pytest.mark.parametrize(
    ("status", "content", "error"),
    [
        (0, b"", HubUnreachable),
        (500, b"oops", HubUnreachable),
        (503, answer(), HubUnreachable),
        (200, b"", Rejected),
        (200, b"<html>a page of somebody else</html>", Rejected),
        (200, b"\xff\xfe\x00", Rejected),
        (200, b"[]", Rejected),
        (200, b'{"tenant": "lumen"}', Rejected),
        (200, answer(device=7), Rejected),
        (200, answer(certified={"chain": "", "trust": ""}), Rejected),
        (200, answer(certified={"chain": "rubbish", "trust": CERTIFIED["trust"]}), Rejected),
        (200, answer(delivery="not base64!"), Rejected),
        (200, answer(delivery="é"), Rejected),
        (200, answer(delivery=""), CannotOpen),
        (200, answer(delivery=base64.b64encode(bytes(200)).decode()), CannotOpen),
        (200, answer(delivery=base64.b64encode(b"x" * 200).decode()), CannotOpen),
        (200, answer(delivery=base64.b64encode(SOMEBODY_ELSES).decode()), CannotOpen),
        (302, b"", Rejected),
        (404, b"not here", Rejected),
    ],
)
def test_a_hub_that_answers_rubbish_leaves_the_box_out_and_is_named(
    folder: Path, keys: BoxKeys, authority: HubAuthority, status: int, content: bytes, error: type[MedSpaError]
) -> None:
    known_by = authority.fingerprint[:FINGERPRINT_CHARACTERS]
    with answering(authority, status, content) as url, pytest.raises(error) as caught:
        enrol(folder, keys, url, f"lumen.secret-code.{known_by}", "Room 1")
    assert caught.value.sentence
    assert "secret-code" not in str(caught.value)
    stays_out(folder, keys)


def test_the_identity_is_written_last_so_a_cut_before_it_leaves_the_box_out(
    hub_url: str, enrolment: Enrolment, folder: Path, keys: BoxKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bytes] = []

    def power_cut(path: Path, _content: bytes) -> None:
        assert path.name == "identity.json"
        held.append(keys.transport())
        raise OSError("the power was cut")

    monkeypatch.setattr(edge.enrol, "write_durably", power_cut)
    with pytest.raises(OSError, match="power"):
        enrol(folder, keys, hub_url, enrolment.invite(TENANT, LOCATION, 60), "Room 1")
    assert len(held) == 1
    with pytest.raises(Rejected, match="medspa edge enrol"):
        read_identity(folder)
    monkeypatch.undo()
    again = enrol(folder, keys, hub_url, enrolment.invite(TENANT, LOCATION, 60), "Room 1")
    assert read_identity(folder) == again
    assert keys.transport() != held[0]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"tenant": "lumen"}', b"\xff", b"null"])
def test_a_damaged_identity_is_corrupt_and_never_enrolled_over(folder: Path, keys: BoxKeys, content: bytes) -> None:
    (folder / "identity.json").write_bytes(content)
    with pytest.raises(Corrupt, match="restore it from the backup"):
        enrol(folder, keys, "https://127.0.0.1:1", "a.code", "Room 1")
    assert (folder / "identity.json").read_bytes() == content
