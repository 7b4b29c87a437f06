"""What a review refuses; nothing is recorded when one of these is raised."""

from shared.errors import Rejected


class CorrectionRefused(Rejected):
    """The correction does not fit the photograph, the finding or itself."""


class ReviewMoved(Rejected):
    """The review is not in the state this step needs; read it again."""


class NotLicensed(Rejected):
    """The person named has not the licence for this."""


class NotAnalysed(Rejected):
    """The photograph has no analysis to review."""
