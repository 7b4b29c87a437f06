"""The light a kiosk's photographs are recorded under, without which colours of two visits are not compared."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.api.kiosk_schemas import Begin
from edge.api.schemas import CaptureMetadata
from edge.capture.session import SessionRules
from edge.config import CaptureSettings
from edge.faces.visit import VisitDesk
from shared.ids import ClientId
from shared.vocabulary import LightProfile, View
from tests.support.records import BoxRecord, open_box_record


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


def recorded(box: BoxRecord, light: LightProfile, said: LightProfile) -> LightProfile:
    rules = SessionRules(views=(View.FRONT,))
    desk = VisitDesk(box.register, box.consent, rules, list, ClientId, light)
    return desk.begin(Begin(metadata=CaptureMetadata(light=said)), "tester", 0.0).metadata.light


@pytest.mark.parametrize("light", list(LightProfile))
def test_a_station_of_known_light_says_so_for_every_photograph(box: BoxRecord, light: LightProfile) -> None:
    assert recorded(box, light, LightProfile.UNCONTROLLED) is light


def test_what_the_page_states_counts_more_than_the_stations_usual_light(box: BoxRecord) -> None:
    assert recorded(box, LightProfile.STANDARD, LightProfile.CROSS_POLARISED) is LightProfile.CROSS_POLARISED


def test_a_station_that_says_nothing_about_its_light_has_none_that_is_controlled() -> None:
    assert CaptureSettings().light is LightProfile.UNCONTROLLED
