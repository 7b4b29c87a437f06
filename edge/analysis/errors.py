"""Errors of loading and running analysis models."""

from shared.errors import Corrupt, Rejected


class ModelMissing(Rejected):
    """The model or its sidecar is not where the configuration says."""


class ModelCorrupt(Corrupt):
    """The model is not the one its sidecar describes, or answers outside its contract."""
