import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloud.config import HubSettings
from edge.config import EdgeSettings
from shared.cli import build_app, main
from shared.config import ConfigInvalid, load_settings, tables_of

GOOD = """
[edge]
log_level = "warning"

[edge.store]
folder = "record"
keys_folder = "/elsewhere/keys"

[edge.http]
port = 8310
"""
HUB = """
[hub]
data_folder = "hub"

[[hub.tenants]]
id = "lumen"
name = "Lumen"
[[hub.tenants.locations]]
id = "one"
name = "One"

[[hub.tenants]]
id = "aurora"
name = "Aurora"
[[hub.tenants.locations]]
id = "two"
name = "Two"
zone = "Europe/Vienna"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "clinic.toml"
    path.write_text(text)
    return path


def problems(path: Path) -> tuple[str, ...]:
    with pytest.raises(ConfigInvalid) as caught:
        load_settings(path, EdgeSettings)
    return caught.value.problems


def line_of(text: str, wanted: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if wanted in line)


def test_a_mistyped_key_names_file_line_and_the_key_that_was_meant(tmp_path: Path) -> None:
    text = GOOD.replace("keys_folder", "key_folder")
    path = write(tmp_path, text)
    (problem,) = problems(path)
    assert problem.startswith(f"{path}:{line_of(text, 'key_folder')}: edge.store.key_folder: ")
    assert problem.endswith("did you mean 'keys_folder'?")


def test_a_key_like_no_other_is_told_which_keys_there_are(tmp_path: Path) -> None:
    (problem,) = problems(write(tmp_path, "[edge.http]\nxyzzy = 1\n"))
    assert ":2: edge.http.xyzzy: " in problem
    assert problem.endswith("remove it; known keys: host, lan_names, port, tls, web_dist")


def test_every_wrong_key_is_named_at_once(tmp_path: Path) -> None:
    found = problems(write(tmp_path, '[edge]\nlog_level = "loud"\n[edge.http]\nport = 0\nhots = "x"\n'))
    assert [problem.split(": ")[0].rpartition(":")[2] for problem in found] == ["4", "5", "2"]


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ('[edge.http]\nport = "eighty"\n', 2, "edge.http.port"),
        ('[edge]\nhttp.port = "eighty"\n', 2, "edge.http.port"),
        ('\n\n[edge]\nhttp = "here"\n', 4, "edge.http"),
        ('[edge.capture]\nviews = ["front", "sideways"]\n', 2, "edge.capture.views.1"),
        ('[edge.clinic]\ntimezone = "Mars/Olympus"\n', 1, "edge.clinic"),
        ('[edge.http]\nhost = "0.0.0.0"\n', 1, "edge.http"),
    ],
)
def test_a_wrong_value_names_its_line(tmp_path: Path, text: str, line: int, key: str) -> None:
    path = write(tmp_path, text)
    (problem,) = problems(path)
    assert problem.startswith(f"{path}:{line}: {key}: ")
    assert problem.endswith("; change the value")


def test_a_wrong_key_deep_in_a_list_names_its_own_line_and_the_key_that_was_meant(tmp_path: Path) -> None:
    path = write(tmp_path, HUB)
    with pytest.raises(ConfigInvalid) as caught:
        load_settings(path, HubSettings)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{path}:{line_of(HUB, 'zone = ')}: hub.tenants.1.locations.0.zone: ")
    assert problem.endswith("did you mean 'timezone'?")


def test_a_missing_key_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, "[hub]\n")
    with pytest.raises(ConfigInvalid, match=r"clinic.toml:1: hub.tenants: .*; add this key"):
        load_settings(path, HubSettings)


def test_a_file_without_the_sides_table_says_which_to_add(tmp_path: Path) -> None:
    assert problems(write(tmp_path, HUB)) == (f"{tmp_path}/clinic.toml:1: has no table [edge]; add it",)


def test_a_value_where_the_sides_table_should_be_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "\nedge = 3\n")
    assert problems(path) == (f"{path}:2: edge is a value; make it a table, [edge]",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[edge\nport = 1", "mend the TOML"),
        (b'[edge]\nlog_level = "\xff"', "save it as UTF-8"),
        (b"[edge]\nlog_level = 'info'\nlog_level = 'info'", "mend the TOML"),
    ],
)
def test_what_is_no_toml_is_refused_by_file(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "clinic.toml"
    path.write_bytes(content)
    (problem,) = problems(path)
    assert problem.startswith(f"{path}: ")
    assert words in problem


def test_a_file_that_is_not_there_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.toml", tmp_path):
        with pytest.raises(ConfigInvalid, match=r"cannot be read .*; check the path"):
            tables_of(path)


def test_relative_paths_start_at_the_files_folder_and_absolute_ones_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "etc").mkdir()
    write(tmp_path / "etc", GOOD)
    monkeypatch.chdir(tmp_path)
    settings = load_settings(Path("etc/clinic.toml"), EdgeSettings)
    assert settings.store.folder == tmp_path / "etc" / "record"
    assert settings.store.keys_folder == Path("/elsewhere/keys")
    assert settings.analysis.face_models == tmp_path / "etc" / "models"
    assert settings.analysis.bundle is None


def test_the_environment_overrides_one_key_and_leaves_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDSPA_EDGE__HTTP__PORT", "9321")
    monkeypatch.setenv("MEDSPA_HUB__HTTP__PORT", "1")
    settings = load_settings(write(tmp_path, GOOD), EdgeSettings)
    assert (settings.http.port, settings.http.host, settings.log_level) == (9321, "127.0.0.1", "warning")


def test_a_wrong_value_in_the_environment_names_the_variable_not_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDSPA_EDGE__HTTP__PORT", "eighty")
    (problem,) = problems(write(tmp_path, GOOD))
    assert problem.startswith("environment MEDSPA_EDGE__HTTP__PORT: edge.http.port: ")


def test_a_list_in_the_environment_that_is_no_json_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSPA_EDGE__CAPTURE__VIEWS", "front")
    (problem,) = problems(write(tmp_path, GOOD))
    assert "MEDSPA_EDGE" in problem


def test_config_check_says_good_and_names_the_tables(tmp_path: Path) -> None:
    good = write(tmp_path, GOOD + HUB.replace('zone = "Europe/Vienna"\n', ""))
    answer = CliRunner().invoke(build_app(), ["config", "check", str(good)])
    assert (answer.exit_code, answer.output) == (0, f"{good}: good (edge, hub)\n")


def test_config_show_prints_what_is_in_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSPA_EDGE__HTTP__PORT", "9321")
    answer = CliRunner().invoke(build_app(), ["config", "show", str(write(tmp_path, GOOD))])
    shown = json.loads(answer.output)
    assert (shown["http"]["port"], shown["log_level"], shown["clinic"]["timezone"]) == (9321, "warning", "UTC")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[edge.store]\nfoldr = 'x'\n", ":2: edge.store.foldr: "),
        ("[egde]\n", ":1: holds [egde]; a configuration file has [edge], [hub]"),
        ("", ":1: holds nothing; a configuration file has [edge], [hub]"),
    ],
)
def test_the_command_prints_one_clear_line_and_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    path = write(tmp_path, text)
    monkeypatch.setattr("sys.argv", ["medspa", "config", "check", str(path)])
    with pytest.raises(SystemExit) as caught:
        main()
    shown = capsys.readouterr()
    assert (caught.value.code, shown.out) == (2, "")
    assert f"{path}{words}" in shown.err
    assert "Traceback" not in shown.err
    assert shown.err.count("\n") == 1
