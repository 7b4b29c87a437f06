"""The words both sides use for the same things.

A value is part of the wire format: add values freely, never rename or reuse one.
"""

from enum import StrEnum


class StaffRole(StrEnum):
    """What somebody works as at a clinic; decides what they may do at a box."""

    FRONT_DESK = "front_desk"
    PROVIDER = "provider"
    MANAGER = "manager"


class View(StrEnum):
    """Direction a face is photographed from, named for the side of the client's face shown."""

    FRONT = "front"
    LEFT = "left"
    RIGHT = "right"


class FaceRegion(StrEnum):
    """Facial region a finding or a measure belongs to; left and right are the client's."""

    FOREHEAD = "forehead"
    NOSE = "nose"
    LEFT_CHEEK = "left_cheek"
    RIGHT_CHEEK = "right_cheek"
    CHIN = "chin"
    LEFT_PERIORBITAL = "left_periorbital"
    RIGHT_PERIORBITAL = "right_periorbital"


class BodyRegion(StrEnum):
    """Part of the body a photograph shows."""

    FACE = "face"
    NECK = "neck"
    DECOLLETE = "decollete"
    HAND = "hand"
    OTHER = "other"


class FindingType(StrEnum):
    """Visible skin features the detector outlines, named by appearance."""

    BLEMISH = "blemish"
    PUSTULE = "pustule"
    SPOT = "spot"


class Concern(StrEnum):
    """What the client would like looked at, in the client's terms."""

    BLEMISHES = "blemishes"
    REDNESS = "redness"
    PIGMENT = "pigment"
    TEXTURE = "texture"
    FINE_LINES = "fine_lines"
    GENERAL = "general"


class TreatmentCategory(StrEnum):
    """Family of treatment a photograph documents."""

    CONSULTATION = "consultation"
    LASER = "laser"
    INJECTABLE = "injectable"
    PEEL = "peel"
    MICRONEEDLING = "microneedling"
    FACIAL = "facial"


class SkinState(StrEnum):
    """How the skin was when photographed."""

    CLEANSED = "cleansed"
    AS_ARRIVED = "as_arrived"
    MAKE_UP = "make_up"
    NUMBED = "numbed"
    POST_TREATMENT = "post_treatment"
    UNKNOWN = "unknown"


class LightProfile(StrEnum):
    """Illumination the photograph was taken under."""

    STANDARD = "standard"
    CROSS_POLARISED = "cross_polarised"
    PARALLEL_POLARISED = "parallel_polarised"
    UNCONTROLLED = "uncontrolled"


class GateProfileName(StrEnum):
    """Named set of quality limits a photograph is held to."""

    KIOSK = "kiosk"
    IMPORT = "import"


class ConsentPurpose(StrEnum):
    """What a client allows their photographs to be used for."""

    TREATMENT_RECORD = "treatment_record"
    MODEL_TRAINING = "model_training"
    MARKETING = "marketing"
    SIMILAR_CASES = "similar_cases"


class ConsentDecision(StrEnum):
    """Answer recorded for one purpose; deny wins over a concurrent grant."""

    GRANTED = "granted"
    DENIED = "denied"


class ImageKind(StrEnum):
    """Whether a stored image came from a camera or was computed from one."""

    ORIGINAL = "original"
    DERIVED = "derived"


class Sensitivity(StrEnum):
    """How an event may be shown and kept."""

    OPERATIONAL = "operational"
    PERSONAL = "personal"
    HEALTH = "health"


class ClockQuality(StrEnum):
    """Whether wall time may be believed; order never depends on it."""

    SYNCHRONISED = "synchronised"
    FREE_RUNNING = "free_running"
    SUSPECT = "suspect"


class Route(StrEnum):
    """What may be done with a finding, decided from bounds on the error and never from a raw score."""

    ACT = "act"
    SUGGEST = "suggest"
    REVIEW_REQUIRED = "review_required"
    NOT_ASSESSED = "not_assessed"


class AppearanceGrade(StrEnum):
    """How many features are visible, in the words shown to clients."""

    CLEAR = "clear"
    FEW = "few"
    SOME = "some"
    MANY = "many"
    VERY_MANY = "very_many"


class ReviewAction(StrEnum):
    """What a reviewer does to an analysis."""

    ADD = "add"
    REMOVE = "remove"
    REDRAW = "redraw"
    RETYPE = "retype"
    REGRADE = "regrade"
    CONFIRM = "confirm"


class ReviewReason(StrEnum):
    """Why a reviewer did it; a label for training as much as a note for people."""

    AGREED = "agreed"
    MISSED = "missed"
    SEVERAL_IN_ONE = "several_in_one"
    NOTHING_THERE = "nothing_there"
    HAIR = "hair"
    MAKE_UP = "make_up"
    SHADOW = "shadow"
    REFLECTION = "reflection"
    NOT_SKIN = "not_skin"
    DUPLICATE = "duplicate"
    GROWTH = "growth"
    OUTLINE_TOO_LARGE = "outline_too_large"
    OUTLINE_TOO_SMALL = "outline_too_small"
    OUTLINE_MISPLACED = "outline_misplaced"
    WRONG_TYPE = "wrong_type"
    WRONG_GRADE = "wrong_grade"
    COUNT_CHANGED = "count_changed"
    OTHER = "other"


class ClearanceWithdrawal(StrEnum):
    """Why a clearance no longer holds; a word, since free text would tell of the client's health."""

    NO_LONGER_TRUE = "no_longer_true"
    TO_BE_CHECKED_AGAIN = "to_be_checked_again"
    GIVEN_BY_MISTAKE = "given_by_mistake"
    CLIENT_ASKED = "client_asked"


class ErasureReason(StrEnum):
    """Why a client is to be deleted; a word, since free text would outlive the client."""

    CLIENT_ASKED = "client_asked"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    RETENTION_ENDED = "retention_ended"
    REGISTERED_TWICE = "registered_twice"
    AUTHORITY_ORDERED = "authority_ordered"


class LegalBasis(StrEnum):
    """On what ground a client is deleted."""

    GDPR_ARTICLE_17 = "gdpr_article_17"
    CCPA_RIGHT_TO_DELETE = "ccpa_right_to_delete"
    STATE_PRIVACY_LAW = "state_privacy_law"
    RETENTION_POLICY = "retention_policy"
    COURT_ORDER = "court_order"


class RefusalReason(StrEnum):
    """Why a request to delete a client was refused."""

    IDENTITY_NOT_PROVEN = "identity_not_proven"
    RECORD_MUST_BE_KEPT = "record_must_be_kept"
    LEGAL_HOLD = "legal_hold"
    ASKED_BY_MISTAKE = "asked_by_mistake"
