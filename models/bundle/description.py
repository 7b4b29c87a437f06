"""What a bundle says of itself beyond its files: a small TOML file in models/recipes."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from models.training.recipe_file import Section, read_recipe
from shared.vision.bundle import DataCredit, GraphRole, Sentence, Version


class GraphDescription(Section):
    """Precision and licence of one graph's weights; its name and version are those of its export's report."""

    precision: Annotated[str, StringConstraints(pattern=r"^(fp32|int8|int8-dynamic)$")]
    input_size: int = Field(ge=32)
    licence: Sentence


class BundleDescription(Section):
    """The whole description."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$")]
    version: Version
    licence: Sentence
    allowed_use: Sentence
    data: tuple[DataCredit, ...] = Field(min_length=1)
    graphs: dict[GraphRole, GraphDescription]


def read_description(path: Path) -> BundleDescription:
    """Read and check a description; raises as `read_recipe` does."""
    return read_recipe(path, BundleDescription)
