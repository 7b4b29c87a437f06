import pytest
from sqlalchemy import delete, select, update

from cloud.side import verify_tenant
from cloud.storage.log import EventLog
from cloud.storage.tables import captures, events
from shared.errors import Rejected
from shared.sync.digest import aggregates_digest
from tests.edge.sync.rig import Rig
from tests.support.captures import photograph
from tests.support.hubs import TENANT, eventually
from tests.support.promises import Tally


def rot(rig: Rig, seq: int, body: bytes) -> None:
    mine = (events.c.tenant == TENANT) & (events.c.device == rig.record.store.identity.device)
    with rig.hub.database.write(TENANT) as connection:
        changed = connection.execute(update(events).where(mine, events.c.seq == seq).values(body=body))
        assert changed.rowcount == 1


def lose(rig: Rig, first: int, last: int) -> None:
    mine = (events.c.tenant == TENANT) & (events.c.device == rig.record.store.identity.device)
    with rig.hub.database.write(TENANT) as connection:
        connection.execute(delete(events).where(mine, events.c.seq.between(first, last)))


def intact(rig: Rig) -> bool:
    device = rig.record.store.identity.device
    return all(item.report.intact for item in verify_tenant(rig.hub.database, TENANT) if device in item.name)


def digests(rig: Rig) -> tuple[str, str]:
    with rig.hub.database.read(TENANT) as connection:
        hub = aggregates_digest(EventLog(connection, TENANT).aggregate_ends(rig.record.store.identity.device))
    box = aggregates_digest(rig.record.store.rows("SELECT aggregate, version, hash FROM events"))  # type: ignore[arg-type]
    return box, hub


def filled(rig: Rig) -> None:
    client = rig.record.new_client(consents=False)
    for _ in range(6):
        rig.record.store.append([photograph(client) for _ in range(100)])
    rig.link.start()
    eventually(lambda: rig.link.status.acknowledged_seq >= 600, 40)


@pytest.mark.req("P-2", "I-07", "I-14", "F-19")
def test_events_that_rotted_at_the_hub_are_found_and_come_again_from_their_box(rig: Rig, tally: Tally) -> None:
    filled(rig)
    rot(rig, 3, b"rubbish")
    rot(rig, 300, rig.record.store.read(299, 1)[0].body.replace(b"bench", b"bencH"))
    lose(rig, 301, 340)
    rot(rig, 500, b"")
    assert not intact(rig)
    tally.injected(43)
    assert rig.hub.scrub.look() == 43
    eventually(lambda: intact(rig) and rig.at_hub() == rig.log(), 30)
    assert rig.hub.scrub.look() == 0
    box, hub = digests(rig)
    assert box == hub
    tally.lost(len(set(rig.log()) - set(rig.at_hub())))


@pytest.mark.req("I-07")
def test_what_hangs_on_a_repaired_event_is_derived_anew(rig: Rig) -> None:
    filled(rig)
    event = rig.record.store.read(50, 1)[0]
    rot(rig, 51, b"rubbish")
    mine = (captures.c.tenant == TENANT) & (captures.c.id == event.fields.aggregate)
    with rig.hub.database.write(TENANT) as connection:
        before = connection.execute(select(captures).where(mine)).one()
        connection.execute(update(captures).where(mine).values(day="1999-01-01"))
    rig.hub.scrub.look()
    eventually(lambda: intact(rig), 30)
    with rig.hub.database.read(TENANT) as connection:
        assert connection.execute(select(captures).where(mine)).one() == before


@pytest.mark.req("I-14", "F-11")
def test_nothing_but_the_very_events_that_were_applied_is_taken_as_a_repair(rig: Rig) -> None:
    filled(rig)
    rot(rig, 51, b"rubbish")
    repairs = rig.hub.scrub._repairs
    box = next(repairs.damaged(TENANT)).box
    other = rig.record.store.read(51, 1)[0].body
    for first, bodies in ((51, [other]), (51, [b"{}"]), (10_000, [other]), (0, [other])):
        with pytest.raises(Rejected):
            repairs.take(box, rig.record.store.head().epoch, first, bodies)
    assert not intact(rig)
