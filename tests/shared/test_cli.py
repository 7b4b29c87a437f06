import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer
from PIL import Image
from skimage import data
from sqlcipher3 import dbapi2 as sqlcipher
from typer.testing import CliRunner

from edge.keys.box import BoxKeys
from shared.cli import build_app, main
from shared.events.catalogue.client import ClientRegistered
from shared.vocabulary import FaceRegion, FindingType
from tests.support import photos
from tests.support.faces import face_models, portrait, portrait_face
from tests.support.records import IDENTITY, open_box_record
from tests.support.test_bundle import write_test_bundle

RUNNER = CliRunner()


def leaves(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield words, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from leaves(inner, (*words, name))


COMMANDS = dict(leaves(typer.main.get_command(build_app())))


def test_one_side_s_command_is_found_alone_and_any_other_word_finds_them_all() -> None:
    def offered(only: str | None) -> set[str]:
        return set(getattr(typer.main.get_command(build_app(only)), "commands", {}))

    assert "analyze" in offered("analyze")
    assert "hub" not in offered("analyze")
    assert {"analyze", "hub"} <= offered("--help") & offered("verify") & offered(None)


def run(*arguments: str) -> tuple[int, str]:
    answer = RUNNER.invoke(build_app(), list(arguments))
    return answer.exit_code, answer.output


def fail(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run `medspa` as a person does and return its exit code."""
    monkeypatch.setattr("sys.argv", ["medspa", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    return int(str(caught.value.code))


@pytest.fixture
def clinic(tmp_path: Path) -> Path:
    """A configuration file of an enrolled box with three events."""
    record = open_box_record(tmp_path)
    for name in ("Ada Canary", "Ben Canary", "Cleo Canary"):
        record.register.add(ClientRegistered(name=name), "tester")
    record.store.close()
    identity = {"tenant": IDENTITY.tenant, "location": IDENTITY.location, "device": IDENTITY.device}
    (tmp_path / "data" / "identity.json").write_text(json.dumps(identity))
    config = tmp_path / "clinic.toml"
    config.write_text("[edge.store]\nreserve_bytes = 1048576\n")
    return config


def sql(config: Path, statement: str) -> None:
    keys = BoxKeys(config.parent / "keys")
    connection = sqlcipher.connect(str(config.parent / "data" / "record.db"), isolation_level=None)
    connection.execute(f"PRAGMA key = \"x'{keys.database().hex()}'\"")
    for trigger in ("events_are_never_changed", "events_are_never_removed"):
        connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
    connection.execute(statement)
    connection.close()


def test_every_command_that_was_promised_is_there() -> None:
    promised = {"edge", "hub", "demo", "verify", "verify-receipt", "compare-heads", "rebuild", "config", "keys"}
    promised |= {"analyze", "schedule"}
    assert {words[0] for words in COMMANDS if words} == promised


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words) or "medspa")
def test_help_says_what_a_command_does_and_what_each_option_means(words: tuple[str, ...]) -> None:
    code, shown = run(*words, "--help")
    command = COMMANDS[words]
    assert code == 0
    assert "Usage:" in shown
    assert len((command.help or "").split()) >= 3
    told = [getattr(parameter, "help", None) for parameter in command.params]
    assert all(told), [parameter.name for parameter in command.params]


def test_no_command_shows_the_help_instead_of_nothing() -> None:
    assert "Usage:" in run()[1]


def test_verify_says_how_long_the_log_is_and_that_it_is_intact(clinic: Path) -> None:
    code, shown = run("verify", "-c", str(clinic))
    assert code == 0
    assert re.fullmatch(r"box box-1: 3 events, intact, digest [0-9a-f]{16}\n", shown)


def test_verify_of_a_changed_log_names_the_event_and_fails(clinic: Path) -> None:
    sql(clinic, "UPDATE events SET body = replace(body, 'tester', 'nobody') WHERE seq = 2")
    code, shown = run("verify", "-c", str(clinic))
    assert code == 1
    assert "DAMAGED: " in shown
    assert "event 2" in shown


def test_rebuild_finds_the_same_rows_and_mends_those_that_are_not(clinic: Path) -> None:
    code, shown = run("rebuild", "-c", str(clinic))
    assert (code, "clients: 3 rows, same rows" in shown) == (0, True)
    sql(clinic, "DELETE FROM clients WHERE rowid = 2")
    code, shown = run("rebuild", "-c", str(clinic))
    assert (code, "clients: 3 rows, ROWS DIFFERED and now follow the log" in shown) == (1, True)
    assert run("rebuild", "-c", str(clinic))[0] == 0


def test_a_log_key_is_trusted_by_its_fingerprint_on_record_with_the_reason(clinic: Path) -> None:
    words = ("edge", "hub-log", "trust-key", "-c", str(clinic), "--why", "told by telephone")
    code, shown = run(*words, "0123456789abcdef")
    assert (code, "0123456789abcdef" in shown) == (0, True)
    assert run(*words, "0123456789ABCDEF")[0] != 0
    record = open_box_record(clinic.parent)
    last = record.store.last()
    record.store.close()
    assert last is not None
    assert (last.fields.type, last.fields.actor) == ("log.key_trusted", "operator")
    assert last.fields.payload == {"key_id": "0123456789abcdef", "why": "told by telephone"}


def test_one_file_of_heads_is_nothing_to_compare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one.heads.json").write_text("{}")
    assert fail(monkeypatch, "compare-heads", str(tmp_path / "one.heads.json")) == 2


def test_keys_are_listed_by_name_and_fingerprint_and_never_shown(clinic: Path) -> None:
    code, shown = run("keys", "-c", str(clinic))
    secrets = BoxKeys(clinic.parent / "keys").secrets()
    assert code == 0
    assert [line.split()[0] for line in shown.splitlines()] == ["client-wrapping", "database", "log-head", "root"]
    assert all("generation 1, 0 days" in line for line in shown.splitlines())
    assert f"seals every other key, file in {clinic.parent / 'keys'}" in shown
    for secret in secrets.values():
        assert secret.hex() not in shown
        assert hashlib.sha256(secret).hexdigest()[:16] not in shown


@pytest.mark.parametrize("command", ["verify", "rebuild"])
def test_a_box_that_is_not_enrolled_is_told_how_to_enrol(
    tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "clinic.toml"
    config.write_text("[edge]\n")
    assert fail(monkeypatch, command, "-c", str(config)) == 2
    shown = capsys.readouterr().err
    assert "medspa edge enrol" in shown
    assert shown.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_a_wrong_database_key_is_one_clear_line(
    clinic: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (clinic.parent / "keys" / "database.sealed").unlink()
    assert fail(monkeypatch, "verify", "-c", str(clinic)) == 2
    shown = capsys.readouterr().err
    assert "key" in shown
    assert (shown.count("\n"), "Traceback" in shown) == (1, False)


def analyze(*paths: Path, arguments: tuple[str, ...] = ("--json",)) -> tuple[int, list[str]]:
    models = face_models().detector.parent
    code, shown = run("analyze", *map(str, paths), "--models", str(models), *arguments)
    return code, shown.splitlines()


def test_analyze_prints_one_object_a_photo_with_gate_findings_measures_and_models(tmp_path: Path) -> None:
    portrait, bad = tmp_path / "portrait.jpg", tmp_path / "renamed.jpg"
    portrait.write_bytes(photos.astronaut_jpeg())
    bad.write_text("This is no photograph at all.")
    code, lines = analyze(bad, portrait)
    refused, report = map(json.loads, lines)
    assert code == 1
    assert set(refused) == {"photo", "error"}
    assert refused["photo"] == "renamed.jpg"
    assert refused["error"]["code"] == "image_not_an_image"
    assert refused["error"]["sentence"]
    assert (report["photo"], report["width"], report["height"]) == ("portrait.jpg", 400, 400)
    assert report["gate"]["profile"] == "import"
    assert report["gate"]["passed"] is (report["gate"]["failures"] == [])
    assert report["gate"]["measures"]["sharpness"] > 0
    assert {measure["region"] for measure in report["measures"]} <= {region.value for region in FaceRegion}
    assert report["measures"]
    for finding in report["findings"]:
        assert finding["type"] in {kind.value for kind in FindingType}
        box = finding["box"]
        assert min(box["x"], box["y"]) >= 0
        assert (box["x"] + box["w"] <= 400.5, box["y"] + box["h"] <= 400.5) == (True, True)
    assert all(model["sha256"] and model["version"] for model in report["models"])


def test_analyze_of_many_photos_says_of_each_what_it_says_of_it_alone_and_in_their_order(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.jpg" for number in range(7)]
    for number, path in enumerate(paths):
        picture = data.astronaut()[: 400 - 20 * number, 30:430]
        path.write_bytes(b"no photograph" if number == 2 else photos.jpeg(picture))
    code, lines = analyze(*paths)
    assert code == 1
    assert [json.loads(line)["photo"] for line in lines] == [path.name for path in paths]
    for path, line in zip(paths, lines, strict=True):
        assert analyze(path)[1] == [line]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that boxes pure red and calls it a blemish."""
    folder = tmp_path_factory.mktemp("bundles") / "drawn"
    write_test_bundle(folder)
    return folder


def painted(folder: Path) -> Path:
    """A real face with a red patch on a cheek, without loss."""
    image, point = portrait().copy(), portrait_face().points[425].astype(int)
    image[point[1] - 4 : point[1] + 4, point[0] - 4 : point[0] + 4] = (255, 0, 0)
    path = folder / "painted.png"
    Image.fromarray(image).save(path)
    return path


def test_analyze_with_a_bundle_prints_routes_contours_grades_and_what_the_licence_allows(
    tmp_path: Path, bundle: Path
) -> None:
    code, (line,) = analyze(painted(tmp_path), arguments=("--json", "--bundle", str(bundle)))
    report = json.loads(line)
    assert code == 0
    assert report["bundle"] == {
        "name": "evaluation",
        "version": "0.1.0",
        "licence": "none: for tests",
        "allowed_use": "Tests only.",
    }
    (finding,) = report["findings"]
    assert (finding["type"], finding["route"], finding["region"]) == ("blemish", "act", "left_cheek")
    assert len(finding["contour"]) >= 4
    assert finding["area_mm2"] == pytest.approx(finding["area_px"] * report["scale"]["mm_per_pixel"] ** 2)
    assert "embedding" not in finding
    assert report["grades"][0]["grade"] == "few"
    assert (report["route"], report["scale"]["source"]) == ("suggest", "inter_eye")


def test_analyze_with_a_bundle_shows_people_type_confidence_route_region_and_area(tmp_path: Path, bundle: Path) -> None:
    arguments = ("--bundle", str(bundle), "--card-mm", "50", "--card-pixels", "100")
    code, lines = analyze(painted(tmp_path), arguments=arguments)
    shown = "\n".join(lines)
    assert code == 0
    for words in ("blemish", "0.95", "act", "left cheek", "mm²", "Face: few (1 counted, 0 to 1 likely)", "Tests only."):
        assert words in shown


def test_analyze_takes_a_card_s_two_lengths_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = painted(tmp_path)
    for lengths in (("--card-mm", "50"), ("--card-mm", "50", "--card-pixels", "0")):
        assert fail(monkeypatch, "analyze", str(path), *lengths) == 2
        assert "--card-pixels" in capsys.readouterr().err


def test_analyze_says_so_when_there_is_no_face(tmp_path: Path) -> None:
    coffee = tmp_path / "coffee.jpg"
    coffee.write_bytes(photos.jpeg(data.coffee()))
    code, (line,) = analyze(coffee)
    report = json.loads(line)
    assert code == 0
    assert report["gate"]["passed"] is False
    assert report["gate"]["failures"][0]["code"] == "no_face"
    assert report["measures"] == []


def test_analyze_for_people_shows_a_sentence_and_that_it_is_no_diagnosis(tmp_path: Path) -> None:
    portrait, bad = tmp_path / "portrait.jpg", tmp_path / "bomb.png"
    portrait.write_bytes(photos.astronaut_jpeg())
    bad.write_bytes(photos.bomb_png())
    code, lines = analyze(portrait, bad, arguments=("--profile", "kiosk"))
    shown = "\n".join(lines)
    assert code == 1
    assert "gate kiosk" in shown
    assert "not a diagnosis" in shown
    assert "bomb.png: " in shown


def test_analyze_without_its_models_says_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = tmp_path / "portrait.jpg"
    photo.write_bytes(photos.astronaut_jpeg())
    assert fail(monkeypatch, "analyze", str(photo), "--models", str(tmp_path / "nowhere")) == 2
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert "Traceback" not in shown
