"""The main job, run as a person runs it: every promise of its summary is checked."""

import re
import subprocess
from pathlib import Path

import pytest

from shared.demo.processes import medspa


def number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    assert found is not None, f"{pattern} is not in:\n{text}"
    return int(found.group(1))


@pytest.mark.system
@pytest.mark.req("P-2", "I-03", "I-07", "I-12", "I-19")
@pytest.mark.timeout(600)
def test_demonstration_keeps_working_through_an_outage_and_loses_nothing(tmp_path: Path) -> None:
    command = medspa("demo", "--once", "--folder", str(tmp_path / "demo"))
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=580, check=False, env={"COLUMNS": "160", "PATH": ""}
    )
    text = done.stdout
    assert done.returncode == 0, text + done.stderr
    events = number(r"events (\d+), lost 0, doubled 0", text)
    assert number(r"images (\d+), missing at the hub 0", text) >= 40
    assert number(r"box box-\w+: (\d+) events, intact", text) == events
    assert len(re.findall(r"box box-\w+: \d+ events, intact", text)) == 2
    assert number(r"While cut off\s*│\s*(\d+) captures", text) >= 20
    assert number(r"captures, (\d+) schedule events", text) >= 100
    assert number(r"Photographs on record\s*│\s*(\d+)", text) >= 20
    if Path("../shared/data/images/us_official_portraits").exists():
        assert number(r"of them of real people (\d+)", text) >= 20
    assert number(r"clients moved (\d+)", text) >= 1
    for log in (tmp_path / "demo").glob("*.log"):
        written = log.read_text(errors="replace")
        assert "Traceback" not in written, written
        assert "Demo Client" not in written
        assert "[redacted]" not in written
