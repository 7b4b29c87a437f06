import re
from pathlib import Path

from typer.testing import CliRunner

from edge.cli import app
from edge.staff.opening import open_sign_in
from shared.clock import SystemClock
from shared.vocabulary import StaffRole
from tests.edge.staff.test_sign_in import PIN, SETTINGS
from tests.support.records import open_box_record


def test_the_command_prints_a_code_that_the_running_box_takes(tmp_path: Path) -> None:
    record = open_box_record(tmp_path, SystemClock())
    try:
        sign_in, _ = open_sign_in(SETTINGS, record, record.ids, record.clock)  # type: ignore[arg-type]
        config = tmp_path / "box.toml"
        config.write_text(f'[edge.store]\nfolder = "{tmp_path}/data"\nkeys_folder = "{tmp_path}/keys"\n')
        answer = CliRunner().invoke(app, ["staff", "add", "--config", str(config), "--role", "manager"])
        assert answer.exit_code == 0, answer.output
        found = re.search(r"([0-9a-f]{4}-){3}[0-9a-f]{4}", answer.output)
        assert found is not None
        assert found[0].encode() not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        _, person = sign_in.set_up(found[0], "Mara", PIN)
        assert person.role is StaffRole.MANAGER
    finally:
        record.store.close()
