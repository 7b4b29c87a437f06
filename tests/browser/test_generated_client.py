import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.browser
@pytest.mark.parametrize("side", ["edge", "cloud"])
def test_the_committed_client_is_what_the_interface_generates(side: str, tmp_path: Path) -> None:
    fresh = tmp_path / "schema.d.ts"
    subprocess.run(
        [
            ROOT / "node_modules/.bin/openapi-typescript", "openapi.json", "--output", fresh, "--alphabetize",
            "--empty-objects-unknown",
        ],
        cwd=ROOT / side / "web", check=True, capture_output=True, timeout=50,
    )  # fmt: skip
    committed = ROOT / side / "web/src/api/schema.d.ts"
    assert committed.read_text() == fresh.read_text(), "run `make client` and commit what it writes"
