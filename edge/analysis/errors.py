"""Errors of loading and running analysis models.

MedSpaError
├── ModelMissing     the model is not where the configuration says
├── ProviderFailed   this execution provider cannot run the graph now; another one may
└── ModelCorrupt     the model is not the one described, or answers outside its contract
"""

from shared.errors import Corrupt, Rejected, Retryable


class ModelMissing(Rejected):
    """The model or its description is not where the configuration says."""


class ProviderFailed(Retryable):
    """This execution provider cannot open or run the graph; the next one of the chain may."""


class ModelCorrupt(Corrupt):
    """The model is not the one its description names, or answers outside its contract."""
