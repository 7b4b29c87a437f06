"""Errors of taking a photograph."""

from shared.errors import Rejected, Retryable


class CameraUnavailable(Retryable):
    """The camera gives no picture now: unplugged, busy or not powered."""


class CameraSourceRejected(Rejected):
    """The camera source named in the configuration can never give a picture."""
