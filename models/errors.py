"""Errors of the models package.

ModelsError
├── DataMissingError         a data set or checkpoint is not there
├── DataCorruptError         a file of a data set does not say what it should
├── RecipeRejectedError      a recipe cannot be used
├── CheckpointForeignError   a folder holds another run
├── LossDivergedError        training left the finite numbers
├── ReadingsRejectedError    a file of people's readings cannot be used
└── ArtifactCorruptError     an exported model, its sidecar and its card disagree
"""

from shared.errors import Corrupt, MedSpaError, Rejected


class ModelsError(MedSpaError):
    """Base of every error of this package."""


class DataMissingError(ModelsError, Rejected):
    """A data set, a file its split names, or a checkpoint is not there."""

    def __init__(self, sentence: str) -> None:
        super().__init__("data_missing", sentence)


class DataCorruptError(ModelsError, Corrupt):
    """A file of a data set does not say what it should."""

    def __init__(self, sentence: str) -> None:
        super().__init__("data_corrupt", sentence)


class RecipeRejectedError(ModelsError, Rejected):
    """The recipe file cannot be used; the sentence names the field and the fault."""

    def __init__(self, sentence: str) -> None:
        super().__init__("recipe_rejected", sentence)


class CheckpointForeignError(ModelsError, Rejected):
    """The folder holds a checkpoint of another run."""

    def __init__(self, sentence: str) -> None:
        super().__init__("checkpoint_foreign", sentence)


class LossDivergedError(ModelsError, Rejected):
    """The loss is no longer finite."""

    def __init__(self, sentence: str) -> None:
        super().__init__("loss_diverged", sentence)


class ReadingsRejectedError(ModelsError, Rejected):
    """A file of people's readings cannot be used; the sentence names row, field and what to write there."""

    def __init__(self, sentence: str) -> None:
        super().__init__("readings_rejected", sentence)


class ArtifactCorruptError(ModelsError, Corrupt):
    """An exported model, its sidecar and its card do not belong together."""

    def __init__(self, sentence: str) -> None:
        super().__init__("artifact_corrupt", sentence)
