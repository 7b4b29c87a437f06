"""Captures, their images and refusals as tables."""

import json

from edge.store.database import Connection
from edge.store.projection import Projection
from shared.events.catalogue.capture import (
    AnalysisCompleted,
    CaptureRejected,
    CaptureStored,
    ImageConfirmedDurable,
    ImageRetried,
    ImageSetAside,
    read_analysis,
)
from shared.events.catalogue.erasure import ClientErased, ImageRefused
from shared.events.catalogue.images import ImagePruned
from shared.events.envelope import Event


def _apply(connection: Connection, event: Event) -> None:
    match event.fields.type:
        case CaptureStored.event_type:
            _stored(connection, event)
        case CaptureRejected.event_type:
            fields = event.fields
            codes = json.dumps(fields.payload["codes"])
            connection.execute(
                "INSERT INTO refusals VALUES (?, ?, ?, ?)",
                (fields.id, fields.client, fields.wall_time.isoformat(), codes),
            )
        case AnalysisCompleted.event_type:
            fields = event.fields
            analysis = read_analysis(fields.payload, fields.schema_version)
            connection.execute(
                "UPDATE captures SET findings = ?, analysis = ?, analysed_at = ? WHERE capture = ?",
                (
                    len(analysis.findings),
                    analysis.model_dump_json(),
                    fields.wall_time.isoformat(),
                    _capture_of(event),
                ),
            )
        case ImageConfirmedDurable.event_type:
            payload = event.fields.payload
            connection.execute(
                "UPDATE images SET confirmed = 1, confirmed_by = ? WHERE name = ?",
                (payload.get("hub_epoch", ""), payload["name"]),
            )
        case ImagePruned.event_type:
            connection.execute("UPDATE images SET pruned = 1 WHERE name = ?", (event.fields.payload["name"],))
        case ImageSetAside.event_type:
            aside = (event.fields.payload["reason"], event.fields.payload["name"])
            connection.execute("UPDATE images SET aside = ? WHERE name = ?", aside)
        case ImageRetried.event_type:
            connection.execute("UPDATE images SET aside = NULL WHERE name = ?", (event.fields.payload["name"],))
        case ImageRefused.event_type:
            connection.execute("UPDATE images SET refused = 1 WHERE name = ?", (event.fields.payload["name"],))
        case ClientErased.event_type:
            _erased(connection, event.fields.payload["client"])


def _stored(connection: Connection, event: Event) -> None:
    fields, capture = event.fields, _capture_of(event)
    connection.execute(
        "INSERT INTO captures VALUES (?, ?, ?, ?, NULL, NULL, NULL)",
        (capture, fields.client, fields.wall_time.isoformat(), json.dumps(fields.payload)),
    )
    for image in fields.payload["images"]:
        connection.execute(
            "INSERT INTO images VALUES (?, ?, ?, ?, 0, 0, '', 0, NULL)",
            (image["name"], capture, image["kind"], image["size"]),
        )


def _erased(connection: Connection, client: str) -> None:
    connection.execute("DELETE FROM images WHERE capture IN (SELECT capture FROM captures WHERE client = ?)", (client,))
    connection.execute("INSERT INTO erased_captures SELECT capture FROM captures WHERE client = ?", (client,))
    connection.execute("DELETE FROM captures WHERE client = ?", (client,))
    connection.execute("DELETE FROM refusals WHERE client = ?", (client,))


def _capture_of(event: Event) -> str:
    return event.fields.aggregate.removeprefix("capture/")


CAPTURES = Projection(
    "captures",
    5,
    (
        (
            "captures",
            "CREATE TABLE captures (capture TEXT PRIMARY KEY, client TEXT NOT NULL, taken_at TEXT NOT NULL,"
            " payload TEXT NOT NULL, findings INTEGER, analysis TEXT, analysed_at TEXT)",
        ),
        (
            "images",
            "CREATE TABLE images (name TEXT PRIMARY KEY, capture TEXT NOT NULL, kind TEXT NOT NULL,"
            " size INTEGER NOT NULL, confirmed INTEGER NOT NULL, refused INTEGER NOT NULL, confirmed_by TEXT NOT NULL,"
            " pruned INTEGER NOT NULL, aside TEXT)",
        ),
        (
            "refusals",
            "CREATE TABLE refusals (id TEXT PRIMARY KEY, client TEXT, refused_at TEXT NOT NULL, codes TEXT NOT NULL)",
        ),
        ("erased_captures", "CREATE TABLE erased_captures (capture TEXT PRIMARY KEY)"),
    ),
    _apply,
)
