"""HTTP status of the application's own errors, beside those of their families."""

from collections.abc import Mapping
from typing import Final

from edge.clearances.rules import ClearanceOver, ClearanceUnknown
from edge.clients.erasure_desk import ErasureUnknown, NothingToErase
from edge.clients.register import ClientUnknown
from edge.consent.desk import ConsentMissing, TextOutdated
from edge.consent.texts import NoSuchText
from edge.keys.clients import DataKeyGone
from edge.progress.errors import NotAligned, NotComparable
from edge.review.errors import NotAnalysed, NotLicensed, ReviewMoved
from edge.schedule.errors import NotAllowed, UnknownName
from edge.store.errors import ImageMissing, StorageFull, VersionConflict
from edge.visits.library import CaptureUnknown
from shared.erasure.rules import AlreadyDecided, SamePerson
from shared.errors import MedSpaError

STATUSES: Final[Mapping[type[MedSpaError], int]] = {
    ClientUnknown: 404,
    ErasureUnknown: 404,
    NothingToErase: 404,
    SamePerson: 409,
    AlreadyDecided: 409,
    CaptureUnknown: 404,
    DataKeyGone: 404,
    ImageMissing: 404,
    NoSuchText: 404,
    UnknownName: 404,
    NotAllowed: 409,
    ClearanceUnknown: 404,
    ClearanceOver: 409,
    ConsentMissing: 403,
    NotLicensed: 403,
    NotAnalysed: 409,
    ReviewMoved: 409,
    NotComparable: 409,
    NotAligned: 409,
    TextOutdated: 409,
    VersionConflict: 409,
    StorageFull: 507,
}
