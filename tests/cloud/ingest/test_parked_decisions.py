from pathlib import Path
from unittest.mock import patch

import pytest
from sqlalchemy import select

from cloud.ingest.applier import Applier
from cloud.ingest.effects import Effects
from cloud.ingest.intake import MAX_TRIES
from cloud.ingest.parking import Outcome, ParkedDesk
from cloud.side import rebuild_tenant
from cloud.storage.tables import captures, parked_decisions
from shared.errors import Rejected
from shared.events.catalogue import complete_catalogue
from shared.events.catalogue.capture import CaptureStored
from shared.events.envelope import Event
from shared.events.payload import Catalogue
from shared.http.errors import NotFound
from shared.ids import EventId
from tests.cloud.conftest import HubParts
from tests.cloud.ingest.test_parking import damaged_box, parked
from tests.support.box import FakeBox
from tests.support.promises import Tally


def desk(hub: HubParts, *, knowing: bool = True) -> ParkedDesk:
    catalogue = complete_catalogue() if knowing else Catalogue([])
    return ParkedDesk(hub.database, catalogue, hub.clock)


def findings(hub: HubParts, box: FakeBox) -> dict[str, int]:
    with hub.database.read(box.tenant) as connection:
        rows = connection.execute(select(captures.c.id, captures.c.findings).where(captures.c.tenant == box.tenant))
        return {row.id: row.findings for row in rows}


def decisions(hub: HubParts, box: FakeBox) -> list[tuple[str, str, str]]:
    columns = (parked_decisions.c.decision, parked_decisions.c.actor, parked_decisions.c.reason)
    with hub.database.read(box.tenant) as connection:
        query = select(*columns).where(parked_decisions.c.tenant == box.tenant)
        return [tuple(row) for row in connection.execute(query)]


def old_hub_parks_a_capture(hub: HubParts) -> tuple[FakeBox, EventId]:
    """A hub too old for photographs sets one aside, and its findings behind it."""
    box = hub.box()
    box.analyse(box.capture(capture="new"), findings=4)
    unknown = [payload for payload in complete_catalogue() if payload is not CaptureStored]
    with patch.object(hub.handler._intake, "_catalogue", Catalogue(unknown)):
        hub.ack(box, box.batch(1, 2))
    assert findings(hub, box) == {}
    return box, EventId(box.log[0].fields.id)


@pytest.mark.req("P-6", "I-10")
def test_after_an_update_a_parked_event_is_replayed_and_those_behind_it_follow(hub: HubParts) -> None:
    box, head = old_hub_parks_a_capture(hub)
    assert desk(hub).replay(box.tenant, head, "owner") == Outcome(2, 0)
    assert findings(hub, box) == {"capture/new": 4}
    assert parked(hub) == []
    assert decisions(hub, box) == [("replayed", "owner", "")]


@pytest.mark.req("P-6")
def test_a_replay_that_does_not_help_sets_the_same_events_aside_again(hub: HubParts) -> None:
    box, head = old_hub_parks_a_capture(hub)
    before = parked(hub)
    assert desk(hub, knowing=False).replay(box.tenant, head, "owner") == Outcome(0, 2)
    assert [(item.id, item.parked_at, item.waiting) for item in parked(hub)] == [
        (item.id, item.parked_at, item.waiting) for item in before
    ]


@pytest.mark.req("P-6", "I-10")
def test_a_skipped_event_has_no_effect_for_good_and_those_behind_it_are_applied(hub: HubParts) -> None:
    box = hub.box()
    box.record("thing.unheard_of", {"x": 1}, "capture/odd")
    box.capture(capture="odd")
    box.analyse("capture/odd", findings=3)
    hub.ack(box, box.batch(1, 3))
    head = EventId(box.log[0].fields.id)
    assert desk(hub).skip(box.tenant, head, "owner", "made by a test device") == Outcome(2, 0)
    assert findings(hub, box) == {"capture/odd": 3}
    assert decisions(hub, box) == [("skipped", "owner", "made by a test device")]
    reports = rebuild_tenant(hub.database, box.tenant)
    assert [item.name for item in reports if item.digest_before != item.digest_after] == []
    assert parked(hub) == []


@pytest.mark.req("P-6")
def test_only_an_event_that_is_set_aside_can_be_decided_and_a_skip_needs_a_reason(hub: HubParts) -> None:
    box = damaged_box(hub)
    hub.ack(box, box.batch(1, 6))
    waiting_behind, applied = EventId(box.log[1].fields.id), EventId(box.log[3].fields.id)
    for event in (waiting_behind, applied):
        with pytest.raises(NotFound):
            desk(hub).replay(box.tenant, event, "owner")
    with pytest.raises(Rejected, match="say why"):
        desk(hub).skip(box.tenant, EventId(box.log[0].fields.id), "owner", " ")
    assert {item.seq: item.waiting for item in parked(hub)}[1] == 1


@pytest.mark.req("P-6", "I-10", "F-11")
def test_an_event_whose_effect_keeps_failing_is_set_aside_after_five_tries(hub: HubParts, tally: Tally) -> None:
    box = hub.box()
    for number in range(4):
        box.capture(capture=f"c-{number}")
    real = Effects.apply

    def apply(self: Effects, event: Event, zone: object) -> None:
        if event.fields.aggregate == "capture/c-1":
            raise KeyError("a defect of this software")
        real(self, event, zone)  # type: ignore[arg-type]

    with patch.object(Effects, "apply", apply):
        answers = [hub.ack(box, box.batch(1, 4)).applied.seq]
        for _ in range(MAX_TRIES - 2):
            with pytest.raises(KeyError):
                hub.ack(box, box.batch(2, 4))
        answers.append(hub.ack(box, box.batch(2, 4)).applied.seq)
    assert answers == [1, 4]
    assert [(item.seq, item.reason) for item in parked(hub)] == [(2, "failed_5_times: KeyError")]
    assert sorted(findings(hub, box)) == ["capture/c-0", "capture/c-2", "capture/c-3"]
    assert desk(hub).replay(box.tenant, EventId(box.log[1].fields.id), "owner") == Outcome(1, 0)
    tally.injected(MAX_TRIES)
    tally.lost(4 - len(findings(hub, box)))


def test_an_applier_passes_over_what_people_have_skipped(hub: HubParts, tmp_path: Path) -> None:
    box = hub.box()
    box.capture(capture="kept")
    box.capture(capture="skipped")
    with hub.database.write(box.tenant) as connection:
        applier = Applier(connection, box.tenant, complete_catalogue(), {box.log[1].fields.id})
        assert applier.apply(box.device, box.log, 1) == 0
    assert list(findings(hub, box)) == ["capture/kept"]
