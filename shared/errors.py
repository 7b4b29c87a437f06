"""The families of errors a caller can act on.

MedSpaError
├── Retryable   the same call may succeed later
├── Rejected    the input is wrong; the same call never succeeds
└── Corrupt     stored or received data contradicts itself; stop and repair
"""


class MedSpaError(Exception):
    """Base of every error this product raises on purpose.

    Attributes:
        code: stable snake_case name for programs.
        sentence: what a person should know and do; never holds personal data.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence


class Retryable(MedSpaError):
    """The same call may succeed later."""


class Rejected(MedSpaError):
    """The input is wrong; the same call never succeeds."""


class Corrupt(MedSpaError):
    """Stored or received data contradicts itself; stop and repair."""
