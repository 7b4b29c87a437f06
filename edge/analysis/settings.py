"""What the analysis can be told: table `[edge.analysis]` of the configuration."""

from pathlib import Path

from pydantic import Field

from edge.analysis.providers import Accelerator
from shared.section import Section


class AnalysisSettings(Section):
    """Models and their share of the machine."""

    face_models: Path = Field(default=Path("models"), description="Folder of the face models fetched at set-up.")
    bundle: Path | None = Field(
        default=None, description="Folder of the model bundle to analyse with; the one that comes with the product."
    )
    shadow_bundle: Path | None = Field(
        default=None, description="Folder of a candidate bundle, run unseen on new captures whose clients allow it."
    )
    accelerator: Accelerator = Field(
        default=Accelerator.AUTO, description="What runs the models; `auto` takes the fastest that works."
    )
    threads: int = Field(default=1, ge=1, le=64, description="Threads of one inference.")
    budget_threads: int | None = Field(
        default=None, ge=1, le=256, description="Threads that analysis and schedule share; all there are by default."
    )
    engines_max_bytes: int = Field(
        default=1 << 30, ge=1 << 20, le=1 << 40, description="Most disk space for compiled engines, in bytes."
    )
