"""Deleting a client on the box: another person approves, it ends complete whatever stops it, and leaves no trace."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clients.erasure import ClientEraser, replay_tombstones
from edge.clients.erasure_desk import NothingToErase
from edge.clients.erasure_worker import ErasureWorker
from edge.clients.register import ClientErased, ClientUnknown
from edge.keys.clients import DataKeyGone
from edge.store.vault import ImageVault
from edge.visits.library import CaptureErased, CaptureLibrary
from shared.erasure.rules import AlreadyDecided, ErasureState, SamePerson, check_decision
from shared.events.catalogue import erasure as said
from shared.events.envelope import Event, EventDraft
from shared.ids import BlobName, ClientId
from shared.vocabulary import ConsentPurpose, ErasureReason, ImageKind, LegalBasis, RefusalReason
from tests.support.erasing import MANAGER, OWNER, approved, desk_of, eraser_of, photographed
from tests.support.hubs import eventually
from tests.support.promises import Tally
from tests.support.records import BoxRecord, open_box_record

BASIS = (ErasureReason.CLIENT_ASKED, LegalBasis.GDPR_ARTICLE_17)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


@given(
    state=st.sampled_from(ErasureState),
    requested_by=st.text("ab", min_size=1, max_size=2),
    person=st.text("ab", max_size=2),
)
@pytest.mark.req("P-8", "F-25")
def test_only_another_person_decides_and_only_once(state: ErasureState, requested_by: str, person: str) -> None:
    if state is not ErasureState.REQUESTED:
        with pytest.raises(AlreadyDecided):
            check_decision(state, requested_by, person)
    elif person in {"", requested_by}:
        with pytest.raises(SamePerson):
            check_decision(state, requested_by, person)
    else:
        check_decision(state, requested_by, person)


def test_request_of_the_same_client_is_not_doubled_and_unknown_clients_are_refused(box: BoxRecord) -> None:
    client, desk = box.new_client(), desk_of(box)
    first = desk.request(client, *BASIS, OWNER)
    assert desk.request(client, *BASIS, MANAGER) == first
    with pytest.raises(SamePerson):
        desk.approve(first.request, OWNER)
    with pytest.raises(NothingToErase):
        desk.request(ClientId("nobody"), *BASIS, OWNER)
    assert [item.state for item in desk.all()] == [ErasureState.REQUESTED]


def test_refused_request_leaves_the_client_as_they_were(box: BoxRecord) -> None:
    client, desk = box.new_client(), desk_of(box)
    asked = desk.request(client, *BASIS, OWNER)
    desk.refuse(asked.request, MANAGER, RefusalReason.RECORD_MUST_BE_KEPT)
    assert eraser_of(box).complete_pending() == 0
    assert box.register.get(client).details.name == "Ada Canary"
    with pytest.raises(AlreadyDecided):
        desk.approve(asked.request, MANAGER)


@pytest.mark.req("P-8", "F-25")
def test_erased_client_is_gone_from_every_table_vault_and_memory_and_the_other_reads_as_before(box: BoxRecord) -> None:
    gone, stays = box.new_client("Ada Canary", "note"), box.new_client("Bo Canary", "other note")
    capture, name = photographed(box, gone, b"picture of ada")
    kept_capture, kept = photographed(box, stays, b"picture of bo")
    assert len(box.register.all()) == 2  # opened once, and so in memory
    request = approved(box, gone)
    assert eraser_of(box).complete_pending() == 1

    with pytest.raises(ClientErased):
        box.register.get(gone)
    with pytest.raises(DataKeyGone):
        box.clients.key_of(gone)
    assert not box.vault.path(name, ImageKind.ORIGINAL).exists()
    library = CaptureLibrary(box.store, box.vault, box.clients)
    with pytest.raises(CaptureErased):
        library.get(capture)
    assert box.consent.granted(gone) == []
    assert [item.details.name for item in box.register.all()] == ["Bo Canary"]
    assert library.open_image(kept_capture, ImageKind.ORIGINAL, "test", "tester") == b"picture of bo"
    assert box.vault.names(ImageKind.ORIGINAL) == {kept}
    assert ConsentPurpose.TREATMENT_RECORD in box.consent.granted(stays)
    found = desk_of(box).get(request.request)
    assert (found.state, found.decided_by) == (ErasureState.ERASED, MANAGER)


@pytest.mark.req("P-8", "I-14")
def test_chain_stays_intact_and_projections_rebuild_to_the_same_rows(box: BoxRecord) -> None:
    gone, stays = box.new_client(), box.new_client("Bo Canary")
    for number in range(3):
        photographed(box, gone, b"ada %d" % number)
        photographed(box, stays, b"bo %d" % number)
    approved(box, gone)
    eraser_of(box).complete_pending()
    photographed(box, stays, b"bo again")
    assert box.store.verify().intact
    assert [item.name for item in box.store.rebuild() if item.digest_before != item.digest_after] == []
    # What is left names the request, that the client was deleted, and rows of the review's order, emptied.
    left = {table: rows for table in _derived(box) if (rows := _naming(box, table, gone))}
    assert {table: len(rows) for table, rows in left.items()} == {"erasures": 1, "erased_clients": 1, "reviews": 3}
    assert all(row[3:7] == (None, None, None, None) for row in left["reviews"])


def _naming(box: BoxRecord, table: str, client: ClientId) -> list[tuple[object, ...]]:
    return [row[:7] for row in box.store.rows(f"SELECT * FROM {table}") if client in row]


def _derived(box: BoxRecord) -> list[str]:
    rows = box.store.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return [name for (name,) in rows if name not in {"events", "inbox", "head"}]


def test_nothing_more_can_be_recorded_about_an_erased_client(box: BoxRecord) -> None:
    client = box.new_client()
    approved(box, client)
    eraser_of(box).complete_pending()
    with pytest.raises(DataKeyGone):
        box.consent.withdraw(client, ConsentPurpose.TREATMENT_RECORD, "late", "tester")
    with pytest.raises(NothingToErase):
        desk_of(box).request(client, *BASIS, OWNER)


def test_more_images_than_one_event_can_name_are_all_named(box: BoxRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.clients.erasure.NAMES_AN_EVENT", 2)
    client = box.new_client()
    names = {photographed(box, client, b"picture %d" % number)[1] for number in range(5)}
    approved(box, client)
    eraser_of(box).complete_pending()
    events = box.store.read(0, 1000)
    parts = [event.fields.payload["images"] for event in events if "images" in event.fields.payload]
    named = [name for part in parts[-3:] for name in part]
    assert [len(part) for part in parts[-3:]] == [2, 1, 2]
    assert set(named) == names
    assert events[-1].fields.type == said.ClientErased.event_type


class PowerCut(Exception):
    """The process stops here."""


class Fuse:
    """Stops the process at its n-th step."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def burn(self) -> None:
        if self.left == 0:
            raise PowerCut
        self.left -= 1


class FusedKeys:
    """A keystore in front of which, and behind which, the process may stop."""

    def __init__(self, box: BoxRecord, fuse: Fuse) -> None:
        self._box, self._fuse = box, fuse

    def key_of(self, client: ClientId) -> bytes:
        return self._box.clients.key_of(client)

    def destroy(self, client: ClientId) -> int:
        self._fuse.burn()
        generation = self._box.clients.destroy(client)
        self._fuse.burn()
        return generation


class FusedVault(ImageVault):
    """A vault in which the process may stop between two images."""

    fuse: Fuse

    def shred(self, name: BlobName) -> bool:
        found = super().shred(name)
        self.fuse.burn()
        return found


@pytest.mark.req("P-8", "F-25", "I-01")
def test_deletion_stopped_between_any_two_steps_is_complete_after_the_next_start(tmp_path: Path, tally: Tally) -> None:
    stopped = 0
    for steps in range(20):
        folder = tmp_path / str(steps)
        box = open_box_record(folder)
        gone, stays = box.new_client(), box.new_client("Bo Canary")
        names = [photographed(box, gone, b"ada %d" % number)[1] for number in range(3)]
        approved(box, gone)
        fuse = Fuse(steps)
        vault = FusedVault(folder / "data" / "vault", 1024)
        vault.fuse = fuse
        try:
            ClientEraser(box.store, FusedKeys(box, fuse), vault).complete_pending()
            cut = False
        except PowerCut:
            cut = True
        acknowledged = box.store.head().seq
        box.store.close()

        again = open_box_record(folder)
        _no_destroyed_key_without_its_reason(again, gone)
        worker = ErasureWorker(eraser_of(again))
        worker.start()
        worker.stop()
        assert desk_of(again).all()[0].state is ErasureState.ERASED
        assert not any(again.vault.path(name, ImageKind.ORIGINAL).exists() for name in names)
        tombstones = again.store.rows("SELECT count(*) FROM events WHERE type = ?", (said.ClientErased.event_type,))
        assert tombstones == [(1,)]
        assert again.register.get(stays).details.name == "Bo Canary"
        assert again.store.verify().intact
        tally.acknowledged(acknowledged)
        tally.lost(max(0, acknowledged - again.store.head().seq))
        tally.doubled(int(tombstones[0][0]) - 1)
        again.store.close()
        if not cut:
            break
        stopped += 1
    tally.injected(stopped)
    assert stopped == 5


def _no_destroyed_key_without_its_reason(box: BoxRecord, client: ClientId) -> None:
    try:
        box.clients.key_of(client)
    except DataKeyGone:
        assert desk_of(box).all()[0].state in {ErasureState.APPROVED, ErasureState.ERASED}


@pytest.mark.req("P-8", "F-14")
def test_restored_keystore_does_not_bring_an_erased_client_back(tmp_path: Path) -> None:
    box = open_box_record(tmp_path)
    gone, stays = box.new_client("Ada Canary"), box.new_client("Bo Canary")
    _, name = photographed(box, gone, b"picture of ada")
    sealed = box.vault.path(name, ImageKind.ORIGINAL).read_bytes()
    shutil.copytree(tmp_path / "keys", tmp_path / "keys-backup")
    approved(box, gone)
    eraser_of(box).complete_pending()
    box.store.close()

    shutil.rmtree(tmp_path / "keys")
    shutil.copytree(tmp_path / "keys-backup", tmp_path / "keys")
    again = open_box_record(tmp_path)
    again.vault.path(name, ImageKind.ORIGINAL).parent.mkdir(exist_ok=True)
    again.vault.path(name, ImageKind.ORIGINAL).write_bytes(sealed)
    assert again.clients.key_of(gone)
    assert replay_tombstones(again.store, again.clients, again.vault) == [gone]
    with pytest.raises(DataKeyGone):
        again.clients.key_of(gone)
    assert not again.vault.path(name, ImageKind.ORIGINAL).exists()
    assert again.register.get(stays).details.name == "Bo Canary"
    assert replay_tombstones(again.store, again.clients, again.vault) == []
    again.store.close()


@pytest.mark.req("P-8", "F-14", "I-18")
def test_box_restored_from_before_a_deletion_deletes_anew_when_the_hub_confirms_it(box: BoxRecord) -> None:
    came_back, stays = box.new_client(), box.new_client("Bo Canary")
    _, name = photographed(box, came_back, b"picture")
    payload = {
        "request": "request-1", "client": came_back, "reason": "client_asked", "legal_basis": "gdpr_article_17",
        "receipt": "{}",
    }  # fmt: skip
    word = SimpleNamespace(fields=SimpleNamespace(payload=payload))
    for _ in range(2):
        box.store.append(desk_of(box).confirmed_by_hub(cast("Event", word)))
        eraser_of(box).complete_pending()
    with pytest.raises(ClientErased):
        box.register.get(came_back)
    assert not box.vault.path(name, ImageKind.ORIGINAL).exists()
    assert [item.state for item in desk_of(box).all()] == [ErasureState.CONFIRMED]
    assert box.register.get(stays).details.name == "Bo Canary"
    tombstones = box.store.rows("SELECT count(*) FROM events WHERE type = ?", (said.ClientErased.event_type,))
    assert tombstones == [(1,)]


def test_record_opens_although_the_keystore_is_lost(box: BoxRecord) -> None:
    gone, stays = box.new_client(), box.new_client("Bo Canary")
    key = box.clients.key_of(stays)
    approved(box, gone)
    eraser_of(box).complete_pending()
    box.clients.close()
    for path in (box.folder / "keys" / "clients").glob("clients.*"):
        path.unlink()
    assert replay_tombstones(box.store, box.clients, box.vault) == []
    assert box.clients.adopt([(stays, key)]) == 1
    assert box.clients.adopt([(stays, key)]) == 0
    assert box.register.get(stays).details.name == "Bo Canary"


def test_lost_key_is_not_called_an_erased_client(box: BoxRecord) -> None:
    client = box.new_client()
    box.clients.destroy(client)
    with pytest.raises(ClientUnknown) as caught:
        box.register.get(client)
    assert caught.value.code == "client_key_missing"
    approved(box, client)
    assert eraser_of(box).complete_pending() == 1
    with pytest.raises(ClientErased):
        box.register.get(client)


def test_running_box_deletes_what_another_process_has_approved(box: BoxRecord) -> None:
    client = box.new_client()
    worker = ErasureWorker(eraser_of(box))
    worker.start()
    try:
        box.store.on_append(worker.wake)
        approved(box, client)
        eventually(lambda: desk_of(box).all()[0].state is ErasureState.ERASED)
    finally:
        worker.stop()


@pytest.mark.req("I-20")
def test_image_that_the_hub_refuses_for_good_is_not_waited_for_any_more(box: BoxRecord) -> None:
    _, name = photographed(box, box.new_client(), b"picture")
    box.store.append([EventDraft("image/refused", said.ImageRefused(name=name), "box", "sync")])
    assert box.store.rows("SELECT name, confirmed, refused FROM images") == [(name, 0, 1)]
