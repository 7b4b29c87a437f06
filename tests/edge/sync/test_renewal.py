"""A box's certificate is renewed in time, comes back when it was not, and ends with the box's membership."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from cloud.main import Hub
from edge.enrol import enrol
from edge.hub_door import HubDoor
from edge.keys.box import BoxKeys
from edge.keys.certificate import BoxCertificate
from edge.store.events import BoxIdentity
from edge.sync.renewal import CertificateRenewal, logged_time
from shared.crypto.identity import DeviceIdentity
from shared.crypto.pki import Member, key_pem, new_key, read_member
from shared.crypto.tls import Credentials
from shared.ids import DeviceId
from tests.support.certificates import authority_of
from tests.support.clocks import ManualClock
from tests.support.hubs import LOCATION, TENANT, hub_settings
from tests.support.promises import Tally
from tests.support.records import open_box_record
from tests.support.servers import free_port, wait_for_port

pytestmark = pytest.mark.req("P-5", "F-16")
DAY = 86_400.0
BEGINNING = datetime.fromtimestamp(0, UTC)


@dataclass
class Office:
    """A hub's door, on a clock that starts now; the hub shows certificates by it to boxes that look at the real one."""

    hub: Hub
    clock: ManualClock
    url: str


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    clock = ManualClock(datetime.now(UTC))
    hub = Hub(hub_settings(tmp_path / "hub"), clock)
    hub._door.start()
    wait_for_port(hub.settings.fleet.port)
    yield Office(hub, clock, f"https://127.0.0.1:{hub.settings.fleet.port}")
    hub._door.stop()
    hub.database.close()


@dataclass
class Box:
    """An enrolled box and what renews its certificate."""

    identity: BoxIdentity
    keys: BoxKeys
    certificate: BoxCertificate
    renewal: CertificateRenewal
    clock: ManualClock
    online: bool = True
    logged: datetime = BEGINNING

    @property
    def serial(self) -> int:
        return self.certificate.present().certificate.serial_number

    def days_left(self) -> float:
        return (self.certificate.present().certificate.not_valid_after_utc - self.clock.wall()).total_seconds() / DAY


def a_box(office: Office, folder: Path, *, url: str | None = None, clock: ManualClock | None = None) -> Box:
    folder.mkdir()
    keys, at = BoxKeys(folder / "keys"), clock or office.clock
    identity = enrol(folder, keys, office.url, office.hub.enrolment.invite(TENANT, LOCATION, 600), "Room 1")
    certificate = BoxCertificate(keys.sealed)
    made: list[Box] = []
    renewal = CertificateRenewal(
        certificate,
        HubDoor(url or office.url),
        (identity.device, keys.identity()),
        at,
        lambda: made[0].logged,
        lambda: made[0].online,
    )
    made.append(Box(identity, keys, certificate, renewal, at))
    return made[0]


def test_a_certificate_is_renewed_at_two_thirds_of_its_life_with_a_new_key(office: Office, tmp_path: Path) -> None:
    box = a_box(office, tmp_path / "box")
    first = box.certificate.present()
    office.clock.advance(59 * DAY)
    box.renewal.step()
    assert box.certificate.present() is first
    office.clock.advance(1.1 * DAY)
    box.renewal.step()
    second = box.certificate.present()
    assert 89 < box.days_left() <= 90
    assert second.key != first.key
    assert read_member(second.certificate) == read_member(first.certificate)
    assert BoxCertificate(box.keys.sealed).present().chain == second.chain
    assert office.hub.enrolment.certificates(TENANT)[box.identity.device].serial == box.serial


def test_a_box_away_for_45_days_comes_back_by_itself_though_its_certificate_has_ended(
    office: Office, tmp_path: Path, tally: Tally
) -> None:
    box = a_box(office, tmp_path / "box")
    away = CertificateRenewal(
        box.certificate, HubDoor(f"https://127.0.0.1:{free_port()}"), (box.identity.device, box.keys.identity()),
        office.clock, lambda: box.logged, lambda: False,
    )  # fmt: skip
    office.clock.advance(59 * DAY)
    pauses = []
    for _ in range(45):  # a day at a time, and the hub is not there on any of them
        office.clock.advance(DAY)
        pauses.append(away.step())
    assert box.days_left() < 0
    assert pauses[-1] <= 1800
    tally.injected(1)
    box.renewal.step()
    assert 89 < box.days_left() <= 90


@pytest.mark.req("F-09")
def test_a_box_whose_clock_stands_in_1970_renews_by_the_time_in_its_log(office: Office, tmp_path: Path) -> None:
    box = a_box(office, tmp_path / "box", clock=ManualClock(datetime(1970, 1, 1, tzinfo=UTC)))
    first = box.serial
    office.clock.advance(61 * DAY)
    box.renewal.step()
    assert box.serial == first
    box.logged = office.clock.wall()
    box.renewal.step()
    assert box.serial != first


@pytest.mark.req("F-09")
def test_a_box_that_the_hub_does_not_answer_renews_once_in_half_an_hour_whatever_its_clock_says(
    office: Office, tmp_path: Path
) -> None:
    box = a_box(office, tmp_path / "box", clock=ManualClock(datetime(1970, 1, 1, tzinfo=UTC)))
    serials = {box.serial}
    box.online = False
    for _ in range(120):  # an hour, a look every half minute
        box.clock.advance(30)
        office.clock.advance(30)
        box.renewal.step()
        serials.add(box.serial)
    assert len(serials) == 3
    box.online = True
    box.renewal.step()
    box.clock.advance(3600)
    box.renewal.step()
    assert box.serial in serials


@pytest.mark.req("F-09")
def test_a_clock_ten_years_ahead_does_not_make_a_box_ask_every_moment(office: Office, tmp_path: Path) -> None:
    box = a_box(office, tmp_path / "box", clock=ManualClock(datetime.now(UTC) + timedelta(days=3653)))
    first = box.serial
    assert box.renewal.step() >= 1800
    assert box.serial != first


@pytest.mark.req("I-13", "F-17")
def test_a_revoked_box_gets_no_certificate_any_more(office: Office, tmp_path: Path) -> None:
    box = a_box(office, tmp_path / "box")
    office.hub.enrolment.revoke(TENANT, box.identity.device, "stolen")
    first = box.serial
    office.clock.advance(61 * DAY)
    assert box.renewal.step() >= 3600
    assert box.serial == first


@pytest.mark.req("I-13")
def test_nobody_gets_a_certificate_for_another_box(office: Office, tmp_path: Path) -> None:
    box = a_box(office, tmp_path / "box")
    trust, door = box.certificate.present().trust, HubDoor(office.url)
    for device, identity in (
        (box.identity.device, DeviceIdentity.generate()),
        (DeviceId("box-nobody"), box.keys.identity()),
    ):
        with pytest.raises(Exception, match="hub_refused"):
            door.renew(trust, device, identity)


def test_a_box_asks_nobody_but_its_own_hub_for_a_certificate(office: Office, tmp_path: Path) -> None:
    box = a_box(office, tmp_path / "box")
    other = authority_of(tmp_path / "other", Member(TENANT, LOCATION, box.identity.device))
    present = box.certificate.present()
    box.certificate.replace(Credentials(present.key, present.chain, other.trust))
    first = box.serial
    office.clock.advance(61 * DAY)
    box.renewal.step()
    assert box.serial == first


def test_a_box_that_knows_the_old_root_only_renews_after_a_roll_and_learns_the_new_one(
    office: Office, tmp_path: Path
) -> None:
    box = a_box(office, tmp_path / "box")
    for _ in range(2):
        office.hub.authority.roll()
    office.hub._door.renew()
    office.clock.advance(61 * DAY)
    office.hub._door.renew()
    box.renewal.step()
    assert len(x509.load_pem_x509_certificates(box.certificate.present().trust)) == 3
    assert office.hub.enrolment.behind([TENANT]) == set()
    office.hub.authority.retire()
    office.hub._door.renew()
    office.clock.advance(61 * DAY)
    office.hub._door.renew()
    box.renewal.step()
    assert len(x509.load_pem_x509_certificates(box.certificate.present().trust)) == 1


@pytest.mark.req("F-15")
def test_a_power_cut_while_the_certificate_is_replaced_leaves_the_old_or_the_new_one_whole(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    box = a_box(office, tmp_path / "box")
    before = box.certificate.present()
    key = new_key()
    after = Credentials(key_pem(key), before.chain, before.trust)

    def cut(*_: object, **__: object) -> None:
        raise OSError("the power was cut")

    for step in ("os.fsync", "pathlib.Path.replace"):
        with monkeypatch.context() as patched:
            patched.setattr(step, cut)
            with pytest.raises(OSError, match="power"):
                BoxCertificate(box.keys.sealed).replace(after)
        tally.injected(1)
        assert BoxCertificate(BoxKeys(tmp_path / "box" / "keys").sealed).present() == before
    BoxCertificate(box.keys.sealed).replace(after)
    assert BoxCertificate(BoxKeys(tmp_path / "box" / "keys").sealed).present() == after


@pytest.mark.req("F-09")
def test_the_time_in_a_boxs_log_is_that_of_its_latest_event(tmp_path: Path) -> None:
    record = open_box_record(tmp_path)
    with closing(record.store):
        assert logged_time(record.store) == datetime.fromtimestamp(0, UTC)
        record.new_client()
        at = record.clock.wall()
        record.clock.jump_wall(-40 * DAY)
        record.new_client("Bo Canary")
        assert abs(logged_time(record.store) - at) < timedelta(seconds=1)
