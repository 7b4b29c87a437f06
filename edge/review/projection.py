"""What waits for a reviewer and what is signed, as a table; the steps themselves stay in the log.

Also which captures a candidate has analysed, so that what it still has to do follows from the log.
"""

from typing import Final

from edge.review.reading import STEPS
from edge.store.database import Connection
from edge.store.projection import Projection
from shared.events.catalogue.capture import AnalysisCompleted, CaptureStored, read_analysis
from shared.events.catalogue.erasure import ClientErased
from shared.events.catalogue.review import ReviewReopened, ReviewSigned, ShadowCompleted, ShadowSwitched
from shared.events.envelope import Event
from shared.vocabulary import Route

# What asks for a person first comes first.
RANKS: Final = (Route.REVIEW_REQUIRED, Route.SUGGEST, Route.ACT, Route.NOT_ASSESSED)


def _apply(connection: Connection, event: Event) -> None:
    fields = event.fields
    match fields.type:
        case CaptureStored.event_type:
            connection.execute(
                "INSERT INTO reviews (capture, client, taken_at, revision) VALUES (?, ?, ?, 0)",
                (_capture(event), fields.client, fields.wall_time.isoformat()),
            )
        case AnalysisCompleted.event_type:
            analysis = read_analysis(fields.payload, fields.schema_version)
            waiting = sum(item.route is Route.REVIEW_REQUIRED for item in analysis.findings)
            connection.execute(
                "UPDATE reviews SET analysis = ?, rank = ?, to_decide = ?, findings = ?, revision = 0,"
                " signer = NULL, signed_at = NULL WHERE capture = ?",
                (fields.id, _rank(analysis), waiting, len(analysis.findings), _capture(event)),
            )
        case kind if kind in STEPS:
            _step(connection, event)
        case ShadowSwitched.event_type:
            bundle = fields.payload["bundle"]
            connection.execute(
                "INSERT INTO shadow_switches (sha256, after) SELECT ?, coalesce(max(rowid), 0) FROM reviews",
                (bundle["sha256"] if bundle else None,),
            )
        case ShadowCompleted.event_type:
            connection.execute(
                "INSERT OR IGNORE INTO shadow_runs VALUES (?, ?, ?)",
                (fields.payload["capture"], fields.payload["bundle"]["sha256"], fields.id),
            )
        case ClientErased.event_type:
            # The rows stay, emptied: what a candidate has still to do is told by their order.
            connection.execute(
                "UPDATE reviews SET analysis = NULL, rank = NULL, to_decide = NULL, findings = NULL,"
                " signer = NULL, signed_at = NULL WHERE client = ?",
                (fields.payload["client"],),
            )


def _step(connection: Connection, event: Event) -> None:
    fields = event.fields
    signer, at = None, None
    if fields.type == ReviewSigned.event_type:
        signer, at = fields.payload["signer"], fields.wall_time.isoformat()
    connection.execute(
        "UPDATE reviews SET revision = revision + 1, signer = CASE WHEN ?1 THEN ?2 ELSE signer END,"
        " signed_at = CASE WHEN ?1 THEN ?3 ELSE signed_at END WHERE capture = ?4 AND analysis = ?5",
        (
            fields.type in {ReviewSigned.event_type, ReviewReopened.event_type},
            signer,
            at,
            _capture(event),
            fields.payload["analysis"],
        ),
    )


def _rank(analysis: AnalysisCompleted) -> int:
    return min(RANKS.index(route) for route in (analysis.route, *(item.route for item in analysis.findings)))


def _capture(event: Event) -> str:
    return event.fields.aggregate.removeprefix("capture/")


REVIEWS = Projection(
    "reviews",
    2,
    (
        (
            "reviews",
            "CREATE TABLE reviews (capture TEXT PRIMARY KEY, client TEXT NOT NULL, taken_at TEXT NOT NULL,"
            " analysis TEXT, rank INTEGER, to_decide INTEGER, findings INTEGER, revision INTEGER NOT NULL,"
            " signer TEXT, signed_at TEXT)",
        ),
        ("shadow_switches", "CREATE TABLE shadow_switches (sha256 TEXT, after INTEGER NOT NULL)"),
        (
            "shadow_runs",
            "CREATE TABLE shadow_runs (capture TEXT NOT NULL, sha256 TEXT NOT NULL, event TEXT NOT NULL,"
            " PRIMARY KEY (capture, sha256))",
        ),
    ),
    _apply,
)
