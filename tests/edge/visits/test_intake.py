"""One photograph from bytes to record, with the real models, and what bad input gets."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from sqlcipher3 import dbapi2 as sqlcipher

from edge.analysis.settings import AnalysisSettings
from edge.consent.desk import ConsentMissing
from edge.keys.clients import DataKeyGone
from edge.store.errors import StorageFull, StorageReadOnly
from edge.store.vault import ImageVault
from edge.vision import Vision, load_vision
from edge.visits.intake import CaptureIntake, Photograph
from edge.visits.library import CaptureLibrary, CaptureUnknown
from shared.events.catalogue.capture import CaptureMetadata
from shared.ids import ClientId
from shared.imaging.decode import ImageLimits, ImageRejected
from shared.vocabulary import ImageKind
from tests.support import photos
from tests.support.records import BoxRecord, open_box_record

METADATA = CaptureMetadata(camera="test", protocol="face-v1", tone_monk=5)
CANARIES = ("Ada Canary", "canary note", "canary@example.org")


@pytest.fixture(scope="module")
def vision() -> Vision:
    return load_vision(AnalysisSettings(face_models=Path(".cache/models")))


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


def intake(box: BoxRecord, vision: Vision, vault: ImageVault | None = None) -> CaptureIntake:
    return CaptureIntake(
        box.store,
        vault or box.vault,
        box.clients,
        box.consent,
        vision.landmarker,
        vision.pipeline,
        box.ids,
        ImageLimits(),
    )


def photograph(data: bytes, note: str = "") -> Photograph:
    return Photograph(data, METADATA, note)


def test_real_photograph_is_judged_analysed_and_comes_back_unchanged(box: BoxRecord, vision: Vision) -> None:
    client = box.new_client()
    data = photos.astronaut_jpeg()
    taken = intake(box, vision).take_in(client, photograph(data), vision.import_gate, "tester")
    assert taken.capture is not None
    library = CaptureLibrary(box.store, box.vault, box.clients)
    stored = library.get(taken.capture)
    assert stored.stored.metadata == METADATA
    assert stored.analysis is not None
    assert [item.name for item in stored.analysis.models] == [
        "detector_evaluation",
        "classifier_evaluation",
        "segmenter_swin_evaluation",
    ]
    assert {item.region for item in stored.analysis.measures} >= {"forehead", "nose"}
    assert library.open_image(taken.capture, ImageKind.ORIGINAL, "review", "tester") == data
    preview = library.open_image(taken.capture, ImageKind.DERIVED, "review", "tester")
    assert Image.open(io.BytesIO(preview)).format == "JPEG"
    types = [event.fields.type for event in box.store.stream(f"capture/{taken.capture}")]
    assert types == ["capture.stored", "analysis.completed"]
    looks = [event.fields.type for event in box.store.read(0, 99)][-2:]
    assert looks == ["audit.photo_read", "audit.photo_read"]


def test_nothing_readable_lies_on_disk(box: BoxRecord, vision: Vision) -> None:
    client = box.new_client(name=CANARIES[0], note=CANARIES[1])
    taken = intake(box, vision).take_in(
        client, photograph(photos.astronaut_jpeg(), CANARIES[1]), vision.import_gate, "tester"
    )
    assert taken.capture is not None
    box.store._database.write(lambda c: c.execute("SELECT 1"))
    files = [path for path in box.folder.rglob("*") if path.is_file()]
    assert len(files) > 6
    for path in files:
        content = path.read_bytes()
        for canary in CANARIES:
            assert canary.encode() not in content
            assert canary.encode("utf-16-le") not in content
        for signature in (b"\xff\xd8\xff", b"\x89PNG\r\n", b"WEBPVP8"):
            start = content.find(signature)
            while start >= 0:
                with pytest.raises(Exception, match=r".*"):
                    Image.open(io.BytesIO(content[start:])).load()
                start = content.find(signature, start + 1)


def test_photograph_without_consent_is_refused_and_the_refusal_recorded(box: BoxRecord, vision: Vision) -> None:
    client = box.new_client(consents=False)
    with pytest.raises(ConsentMissing):
        intake(box, vision).take_in(client, photograph(photos.astronaut_jpeg()), vision.import_gate, "tester")
    assert box.store.read(0, 99)[-1].fields.payload["codes"] == ["consent_missing"]
    assert box.vault.names(ImageKind.ORIGINAL) == set()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"This is not a photograph at all.", "image_not_an_image"),
        (photos.astronaut_jpeg()[:20_000], "image_damaged"),
        (photos.bomb_png(), "image_too_many_pixels"),
        (b"", "image_empty"),
        (photos.small_jpeg(), "image_too_small"),
    ],
    ids=["text", "truncated", "bomb", "empty", "tiny"],
)
def test_bytes_that_are_no_photograph_are_refused_with_what_is_wrong(
    box: BoxRecord, vision: Vision, data: bytes, code: str
) -> None:
    client = box.new_client()
    with pytest.raises(ImageRejected) as refusal:
        intake(box, vision).take_in(client, photograph(data), vision.import_gate, "tester")
    assert refusal.value.code == code
    assert box.store.read(0, 99)[-1].fields.type == "capture.rejected"
    assert box.vault.names(ImageKind.ORIGINAL) == set()


@pytest.mark.parametrize(
    ("data", "code"), [(photos.no_face_jpeg(), "no_face"), (photos.two_faces_jpeg(), "several_faces")]
)
def test_photograph_without_exactly_one_face_is_refused_with_what_to_do(
    box: BoxRecord, vision: Vision, data: bytes, code: str
) -> None:
    taken = intake(box, vision).take_in(box.new_client(), photograph(data), vision.import_gate, "tester")
    assert taken.capture is None
    assert taken.verdict is not None
    assert code in taken.codes
    assert all(failure.sentence.endswith(".") for failure in taken.verdict.failures)
    assert box.vault.names(ImageKind.ORIGINAL) == set()


def test_kiosk_limits_stay_stricter_than_those_for_imports(box: BoxRecord, vision: Vision) -> None:
    client = box.new_client()
    assert (
        intake(box, vision).take_in(client, photograph(photos.astronaut_jpeg()), vision.kiosk_gate, "t").capture is None
    )


def test_unknown_client_and_capture_are_named_as_such(box: BoxRecord, vision: Vision) -> None:
    with pytest.raises(DataKeyGone):
        intake(box, vision).take_in(ClientId("nobody"), photograph(b"x"), vision.import_gate, "tester")
    with pytest.raises(CaptureUnknown):
        CaptureLibrary(box.store, box.vault, box.clients).get("nothing")


def test_full_disk_stops_capture_before_the_database(box: BoxRecord, vision: Vision) -> None:
    client = box.new_client()
    head = box.store.head()
    full = ImageVault(box.folder / "data" / "vault", reserve_bytes=2**62)
    with pytest.raises(StorageFull):
        intake(box, vision, full).take_in(client, photograph(photos.astronaut_jpeg()), vision.import_gate, "t")
    assert box.store.head() == head
    box.new_client("still works")


@pytest.mark.parametrize(
    ("text", "kind"),
    [("database or disk is full", StorageFull), ("attempt to write a readonly database", StorageReadOnly)],
)
def test_database_that_refuses_a_write_leaves_a_capture_unrecorded_and_the_box_alive(
    box: BoxRecord, vision: Vision, monkeypatch: pytest.MonkeyPatch, text: str, kind: type[Exception]
) -> None:
    client = box.new_client()
    head = box.store.head()

    def refuse(*_arguments: object) -> None:
        raise sqlcipher.OperationalError(text)

    with monkeypatch.context() as patch:
        patch.setattr(box.store, "_insert", refuse)
        with pytest.raises(kind):
            intake(box, vision).take_in(client, photograph(photos.astronaut_jpeg()), vision.import_gate, "t")
    assert box.store.head() == head
    assert box.store.verify().intact
    assert CaptureLibrary(box.store, box.vault, box.clients).latest(None, 10) == []
    taken = intake(box, vision).take_in(client, photograph(photos.astronaut_jpeg()), vision.import_gate, "t")
    assert taken.capture is not None


def test_every_look_at_a_photograph_is_on_record_before_its_bytes(box: BoxRecord, vision: Vision) -> None:
    client = box.new_client()
    taken = intake(box, vision).take_in(client, photograph(photos.astronaut_jpeg()), vision.import_gate, "t")
    assert taken.capture is not None
    CaptureLibrary(box.store, box.vault, box.clients).open_image(
        taken.capture, ImageKind.ORIGINAL, "comparison", "provider-7"
    )
    last = box.store.read(0, 99)[-1].fields
    assert (last.type, last.actor, last.purpose) == ("audit.photo_read", "provider-7", "comparison")
