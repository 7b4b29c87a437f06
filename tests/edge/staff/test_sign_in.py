import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.audit.trail import AuditTrail
from edge.config import SignInSettings
from edge.staff.opening import open_sign_in
from edge.staff.permissions import Action
from edge.staff.register import offer_from_command
from edge.staff.sign_in import SignIn
from shared.events.envelope import Event
from shared.http.errors import Conflict, Forbidden, NotFound, Refused, Unauthenticated
from shared.vocabulary import StaffRole
from tests.support.records import BoxRecord, open_box_record

PIN, OTHER, WRONG = "271828", "314159", "999998"
SETTINGS = SignInSettings(required=True, argon2_memory_kib=19_456, argon2_passes=2)


@pytest.fixture
def record(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


def opened(record: BoxRecord) -> SignIn:
    return open_sign_in(SETTINGS, record, record.ids, record.clock)[0]  # type: ignore[arg-type]  # its parts suffice


@pytest.fixture
def sign_in(record: BoxRecord) -> SignIn:
    return opened(record)


def first_manager(record: BoxRecord, sign_in: SignIn) -> tuple[str, str]:
    """Return token and id of a manager set up from the command line."""
    code = offer_from_command(record.keys, StaffRole.MANAGER, 600, record.clock.wall())
    token, person = sign_in.set_up(code, "Mara Canary", PIN)
    return token, person.id


def joined(record: BoxRecord, sign_in: SignIn, role: StaffRole) -> tuple[str, str]:
    manager, _ = first_manager(record, sign_in)
    token, person = sign_in.set_up(sign_in.invite(manager, role), "Fred Canary", OTHER)
    return token, person.id


def told(record: BoxRecord, prefix: str) -> list[Event]:
    rows = record.store.rows("SELECT body FROM events WHERE type LIKE ? ORDER BY position", (f"{prefix}%",))
    return [Event.from_body(body) for (body,) in rows]


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(Unauthenticated) as caught:
        call()
    return caught.value.code


def test_the_first_manager_joins_with_the_code_of_the_command_line_once(record: BoxRecord, sign_in: SignIn) -> None:
    code = offer_from_command(record.keys, StaffRole.MANAGER, 600, record.clock.wall())
    assert code_of(lambda: sign_in.set_up("0000-0000-0000-0000", "Mara", PIN)) == "code_refused"
    token, person = sign_in.set_up(code.upper().replace("-", " "), "Mara Canary", PIN)
    assert (person.role, sign_in.person(token).name) == (StaffRole.MANAGER, "Mara Canary")
    assert code_of(lambda: sign_in.set_up(code, "Again", OTHER)) == "code_refused"


def test_a_code_that_is_too_old_is_refused(record: BoxRecord, sign_in: SignIn) -> None:
    code = offer_from_command(record.keys, StaffRole.MANAGER, 600, record.clock.wall())
    record.clock.advance(601)
    assert code_of(lambda: sign_in.set_up(code, "Mara", PIN)) == "code_refused"


def test_a_manager_invites_and_the_code_decides_the_role(record: BoxRecord, sign_in: SignIn) -> None:
    token, staff = joined(record, sign_in, StaffRole.FRONT_DESK)
    assert sign_in.person(token).role is StaffRole.FRONT_DESK
    assert [item.role for item in sign_in.people()] == [StaffRole.MANAGER, StaffRole.FRONT_DESK]
    again, person = sign_in.start(staff, OTHER)
    assert (person.id, sign_in.person(again).id) == (staff, staff)


@pytest.mark.req("I-12")
def test_names_pins_and_reasons_stand_nowhere_in_clear(record: BoxRecord, sign_in: SignIn, tmp_path: Path) -> None:
    token, staff = joined(record, sign_in, StaffRole.FRONT_DESK)
    sign_in.break_glass(token, "Client Canary bleeds")
    code_of(lambda: sign_in.start(staff, WRONG))
    bodies = b"".join(event.body for event in record.store.read(0, 1000))
    assert b"staff.joined" in bodies
    for secret in (b"Canary", PIN.encode(), OTHER.encode(), WRONG.encode(), b"argon2"):
        assert secret not in bodies
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"Canary" not in path.read_bytes()


def test_a_pin_hash_is_worth_nothing_at_another_box(record: BoxRecord, sign_in: SignIn, tmp_path: Path) -> None:
    _, staff = first_manager(record, sign_in)
    other = open_box_record(tmp_path / "other")
    try:
        for event in record.store.read(0, 100):
            if event.fields.type == "staff.joined":
                stolen = event.fields.payload["pin_sealed"]
        crypto = opened(other)._crypto
        with pytest.raises(Exception, match="cannot_open"):
            crypto.is_pin(staff, PIN, stolen)
        assert sign_in._crypto.is_pin(staff, PIN, stolen)
        with pytest.raises(Exception, match="cannot_open"):
            sign_in._crypto.is_pin("somebody else", PIN, stolen)
    finally:
        other.store.close()


def test_an_idle_session_locks_and_its_pin_opens_it(record: BoxRecord, sign_in: SignIn) -> None:
    token, _ = first_manager(record, sign_in)
    record.clock.advance(299)
    sign_in.permit(token, Action.SEE_CLIENTS, by_hand=True)
    record.clock.advance(299)
    sign_in.permit(token, Action.SEE_CLIENTS, by_hand=False)  # a page that refreshes keeps nothing awake
    record.clock.advance(2)
    assert code_of(lambda: sign_in.permit(token, Action.SEE_CLIENTS, by_hand=True)) == "session_locked"
    assert code_of(lambda: sign_in.unlock(token, WRONG)) == "sign_in_failed"
    sign_in.unlock(token, PIN)
    assert sign_in.person(token).role is StaffRole.MANAGER


def test_a_session_ends_after_its_life_and_when_signed_out(record: BoxRecord, sign_in: SignIn) -> None:
    token, staff = first_manager(record, sign_in)
    record.clock.advance(12 * 3600)
    assert code_of(lambda: sign_in.unlock(token, PIN)) == "not_signed_in"
    token, _ = sign_in.start(staff, PIN)
    sign_in.end(token)
    sign_in.end(token)
    assert code_of(lambda: sign_in.person(token)) == "not_signed_in"
    assert code_of(lambda: sign_in.person("")) == "not_signed_in"


@pytest.mark.req("I-13")
def test_wrong_pins_cost_a_growing_pause_that_even_the_right_one_waits(record: BoxRecord, sign_in: SignIn) -> None:
    _, staff = first_manager(record, sign_in)
    for _ in range(4):
        assert code_of(lambda: sign_in.start(staff, WRONG)) == "sign_in_failed"
    assert code_of(lambda: sign_in.start(staff, PIN)) == "sign_in_paused"
    record.clock.advance(30)
    assert code_of(lambda: sign_in.start(staff, WRONG)) == "sign_in_failed"
    record.clock.advance(59)
    assert code_of(lambda: sign_in.start(staff, PIN)) == "sign_in_paused"
    record.clock.advance(1)
    sign_in.start(staff, PIN)
    assert code_of(lambda: sign_in.start(staff, WRONG)) == "sign_in_failed"
    sign_in.start(staff, PIN)  # counted from nought again
    failed = told(record, "audit.sign_in_failed")
    assert [event.fields.payload["failures"] for event in failed] == [1, 2, 3, 4, 5, 1]
    assert {event.fields.actor for event in failed} == {staff}


@pytest.mark.req("I-13", "F-09")
@pytest.mark.parametrize("jump", [0, -10 * 365 * 86_400], ids=["clock stands", "clock went back ten years"])
def test_neither_a_restart_nor_a_clock_set_back_shortens_a_pause(record: BoxRecord, jump: int) -> None:
    sign_in = opened(record)
    _, staff = first_manager(record, sign_in)
    for _ in range(4):
        code_of(lambda: sign_in.start(staff, WRONG))
    record.clock.jump_wall(jump)
    assert code_of(lambda: sign_in.start(staff, PIN)) == "sign_in_paused"
    restarted = opened(record)
    assert code_of(lambda: restarted.start(staff, PIN)) == "sign_in_paused"
    record.clock.advance(29)
    assert code_of(lambda: restarted.start(staff, PIN)) == "sign_in_paused"
    record.clock.advance(2)
    restarted.start(staff, PIN)


def test_trying_people_who_do_not_work_here_is_slowed_down_too(record: BoxRecord, sign_in: SignIn) -> None:
    codes = [code_of(lambda at=at: sign_in.start(f"nobody-{at}", PIN)) for at in range(6)]  # type: ignore[misc]
    assert codes == ["sign_in_failed"] * 4 + ["sign_in_paused"] * 2


@pytest.mark.req("I-13")
def test_a_role_may_not_do_more_than_its_table_says_and_the_try_is_on_record_once_a_minute(
    record: BoxRecord, sign_in: SignIn
) -> None:
    token, staff = joined(record, sign_in, StaffRole.FRONT_DESK)
    for _ in range(3):
        with pytest.raises(Forbidden):
            sign_in.permit(token, Action.READ_PHOTO, by_hand=True)
    refused = told(record, "audit.refused_access")
    assert [(event.fields.actor, event.fields.payload["action"]) for event in refused] == [(staff, "read_photo")]
    record.clock.advance(61)
    with pytest.raises(Forbidden):
        sign_in.permit(token, Action.READ_PHOTO, by_hand=True)
    assert len(told(record, "audit.refused_access")) == 2


def test_break_glass_is_on_record_first_and_ends_by_itself(record: BoxRecord, sign_in: SignIn) -> None:
    token, staff = joined(record, sign_in, StaffRole.FRONT_DESK)
    assert sign_in.justification(staff) == "role_front_desk"
    seconds = sign_in.break_glass(token, "client collapsed")
    event = told(record, "audit.break_glass")[0]
    assert (event.fields.actor, event.fields.payload["seconds"]) == (staff, seconds)
    assert "collapsed" not in json.dumps(event.fields.payload)
    assert sign_in._crypto.unseal(f"break-glass/{staff}", event.fields.payload["reason_sealed"]) == "client collapsed"
    sign_in.permit(token, Action.READ_PHOTO, by_hand=True)
    assert sign_in.justification(staff) == "break_glass"
    with pytest.raises(Forbidden):
        sign_in.permit(token, Action.MANAGE_STAFF, by_hand=True)
    for _ in range(seconds // 200):
        record.clock.advance(200)
        sign_in.permit(token, Action.SEE_CLIENTS, by_hand=True)
    with pytest.raises(Forbidden):
        sign_in.permit(token, Action.READ_PHOTO, by_hand=True)


def test_a_pin_is_changed_by_whoever_knows_the_present_one(record: BoxRecord, sign_in: SignIn) -> None:
    token, staff = first_manager(record, sign_in)
    assert code_of(lambda: sign_in.change_pin(token, WRONG, OTHER)) == "sign_in_failed"
    with pytest.raises(Refused):
        sign_in.change_pin(token, PIN, PIN)
    with pytest.raises(Refused):
        sign_in.change_pin(token, PIN, "123456")
    sign_in.change_pin(token, PIN, OTHER)
    assert code_of(lambda: sign_in.start(staff, PIN)) == "sign_in_failed"
    sign_in.start(staff, OTHER)


def test_somebody_who_left_is_out_at_once_and_the_last_manager_stays(record: BoxRecord, sign_in: SignIn) -> None:
    manager, own = first_manager(record, sign_in)
    token, person = sign_in.set_up(sign_in.invite(manager, StaffRole.PROVIDER), "Pia", OTHER)
    sign_in.deactivate(manager, person.id)
    assert code_of(lambda: sign_in.person(token)) == "not_signed_in"
    assert code_of(lambda: sign_in.start(person.id, OTHER)) == "sign_in_failed"
    with pytest.raises(NotFound):
        sign_in.deactivate(manager, person.id)
    with pytest.raises(Conflict):
        sign_in.deactivate(manager, own)


def test_the_staff_are_the_same_after_a_rebuild_and_a_restart(record: BoxRecord) -> None:
    _, staff = first_manager(record, opened(record))
    assert all(report.digest_before == report.digest_after for report in record.store.rebuild())
    opened(record).start(staff, PIN)


def test_a_trail_without_sign_in_says_station(record: BoxRecord) -> None:
    trail = AuditTrail(record.store, record.clock)
    assert (trail.justification("station-1"), trail.justification("box")) == ("station", "system")
