"""The consent texts: a version, a language, the words, and their hash that every answer names."""

import hashlib
import json
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from shared.errors import Rejected
from shared.vocabulary import ConsentPurpose


class NoSuchText(Rejected):
    """There is no consent text in this language."""


class PurposeText(BaseModel):
    """What is asked for one purpose."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    purpose: ConsentPurpose
    title: str = Field(min_length=1)
    text: str = Field(min_length=1)
    required: bool
    valid_days: int = Field(ge=1, le=3650, description="Days after which a grant expires.")


class ConsentWords(BaseModel):
    """The whole text in one language."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: str
    version: str
    title: str
    paragraphs: tuple[str, ...]
    purposes: tuple[PurposeText, ...]

    @property
    def sha256(self) -> str:
        """Hash of exactly what was shown."""
        return hashlib.sha256(json.dumps(self.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()

    def about(self, purpose: ConsentPurpose) -> PurposeText | None:
        """Return what is asked for one purpose, or None when this text does not ask for it."""
        return next((item for item in self.purposes if item.purpose == purpose), None)


@dataclass(frozen=True, slots=True)
class ConsentTexts:
    """The texts a clinic shows, by language."""

    by_language: dict[str, ConsentWords]

    def text(self, language: str) -> ConsentWords:
        """Return the text in a language.

        Raises:
            NoSuchText: the clinic has none; the message names those it has.
        """
        try:
            return self.by_language[language]
        except KeyError:
            known = ", ".join(sorted(self.by_language))
            raise NoSuchText("no_consent_text", f"no consent text in this language; there is {known}") from None


def load_consent_texts(path: Path | None = None) -> ConsentTexts:
    """Read the texts from a TOML file, or those that come with the product."""
    data = path.read_text("utf-8") if path else (resources.files(__package__) / "texts.toml").read_text("utf-8")
    words = [ConsentWords.model_validate(item) for item in tomllib.loads(data)["text"]]
    return ConsentTexts({item.language: item for item in words})
