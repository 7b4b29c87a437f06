"""Which settings of the hub changed is in the clinics' logs, by name; what they are is nowhere."""

from pydantic import SecretStr

from cloud.audit.configuration import ConfigurationTrail
from cloud.ingest.down_writer import DownWriter
from cloud.storage.down import DownLog
from edge.audit.hub import HUB_ENTRIES
from shared.events.envelope import Event
from shared.ids import TenantId, Uuid7Source
from tests.cloud.conftest import HubParts

LUMEN, AURORA = TenantId("lumen"), TenantId("aurora")
KEY = bytes(32)


def told(hub: HubParts, tenant: TenantId) -> list[Event]:
    with hub.database.read(tenant) as connection:
        down = DownLog(connection, tenant)
        return [
            Event.from_body(body)
            for location in down.locations()
            for end in down.ends(location)
            for body in down.bodies(location, end.epoch, 1, 100)
        ]


def test_a_changed_setting_is_named_once_to_each_clinic_and_its_value_is_told_to_nobody(hub: HubParts) -> None:
    trail = ConfigurationTrail(hub.database, DownWriter(hub.clock, Uuid7Source(hub.clock)))
    settings = {"rpc": {"port": 7443}, "database_url": SecretStr("postgresql://canary@before/hub")}
    assert trail.note(LUMEN, settings, KEY) == ()
    assert told(hub, LUMEN) == []
    changed = settings | {"database_url": SecretStr("postgresql://canary@after/hub")}
    for _ in range(2):  # a hub that starts again with the same settings has nothing more to say
        names = trail.note(LUMEN, changed, KEY)
    assert names == ()
    events = told(hub, LUMEN)
    assert {event.fields.payload["settings"][0] for event in events} == {"database_url"}
    assert len({event.fields.location for event in events}) == len(events) > 0
    assert b"canary" not in b"".join(event.body for event in events)
    assert told(hub, AURORA) == []
    assert trail.note(LUMEN, changed | {"rpc": {"port": 7444}}, KEY) == ("rpc.port",)
    payloads = [event.fields.payload for event in told(hub, LUMEN)]
    assert payloads[-1]["before"] in {payload["after"] for payload in payloads[:-1]}


def test_a_box_keeps_what_the_hub_tells_of_its_settings(hub: HubParts) -> None:
    trail = ConfigurationTrail(hub.database, DownWriter(hub.clock, Uuid7Source(hub.clock)))
    trail.note(LUMEN, {"a": 1}, KEY)
    assert trail.note(LUMEN, {"a": 2}, KEY) == ("a",)
    event = told(hub, LUMEN)[0]
    assert HUB_ENTRIES[event.fields.type](event) == ()
