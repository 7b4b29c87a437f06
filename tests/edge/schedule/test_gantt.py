from dataclasses import replace
from xml.etree import ElementTree as ET

from edge.schedule.domain import Plan
from edge.schedule.gantt import gantt_svg
from edge.schedule.registry import Registry
from shared.ids import ClientId


def test_the_picture_is_well_formed_and_names_lanes_but_no_client(clinic: Registry, day: Plan) -> None:
    secret = day.with_appointments(*(replace(a, client=ClientId("planted-name")) for a in day.placed))
    svg = gantt_svg(clinic, secret)
    ET.fromstring(svg)
    assert "planted-name" not in svg
    assert all(provider.name in svg for provider in clinic.providers)


def test_the_picture_shows_what_moved(clinic: Registry, day: Plan) -> None:
    old = day.placed[10]
    stages = tuple(replace(s, start=s.start + 5, end=s.end + 5) for s in old.stages)
    svg = gantt_svg(clinic, day.with_appointments(replace(old, stages=stages)), before=day)
    assert "1 moved" in svg


def test_a_name_that_no_xml_may_hold_is_shown_without_what_it_may_not(clinic: Registry, day: Plan) -> None:
    odd = clinic.providers[0].model_copy(update={"name": "a\x00<b>\x1bc"})
    svg = gantt_svg(clinic.model_copy(update={"providers": (odd, *clinic.providers[1:])}), day)
    assert "a<b>c" in [element.text for element in ET.fromstring(svg).iter()]
