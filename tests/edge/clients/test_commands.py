"""`medspa edge erase` on a stopped box; the next start carries out what was approved."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.clients.erasure_worker import ErasureWorker
from edge.clients.register import ClientErased
from shared.cli import build_app
from shared.erasure.rules import SamePerson
from shared.ids import ClientId
from shared.vocabulary import StaffRole
from tests.support.erasing import eraser_of
from tests.support.records import IDENTITY, open_box_record
from tests.support.staffed import PIN, staffed_clinic


@pytest.fixture
def clinic(tmp_path: Path) -> tuple[Path, ClientId]:
    record = open_box_record(tmp_path)
    client = record.new_client()
    record.store.close()
    identity = {"tenant": IDENTITY.tenant, "location": IDENTITY.location, "device": IDENTITY.device}
    (tmp_path / "data" / "identity.json").write_text(json.dumps(identity))
    config = tmp_path / "clinic.toml"
    config.write_text("[edge.store]\nreserve_bytes = 1048576\n")
    return config, client


@pytest.mark.req("P-8")
def test_request_approval_and_list_by_command_and_deletion_at_the_next_start(clinic: tuple[Path, ClientId]) -> None:
    config, client = clinic
    run = CliRunner()

    def erase(*words: str) -> str:
        answer = run.invoke(build_app("edge"), ["edge", "erase", *words, "-c", str(config)], env={"COLUMNS": "200"})
        if answer.exception is not None and not isinstance(answer.exception, SystemExit):
            raise answer.exception
        return answer.output

    request = erase("request", client, "--as", "anna").strip()
    with pytest.raises(SamePerson):
        erase("approve", request, "--as", "anna")
    assert "Approved" in erase("approve", request, "--as", "ben")
    assert "approved" in erase("list")

    box = open_box_record(config.parent)
    worker = ErasureWorker(eraser_of(box))
    worker.start()
    worker.stop()
    with pytest.raises(ClientErased):
        box.register.get(client)
    box.store.close()
    assert "erased" in erase("list")


def test_where_people_sign_in_a_command_takes_their_pin_for_their_name(tmp_path: Path) -> None:
    with staffed_clinic(tmp_path) as staffed:
        client = staffed.record.new_client()
        asker, desk = staffed.enter(StaffRole.PROVIDER, "Ida"), staffed.enter(StaffRole.FRONT_DESK, "Flo")
        decider = staffed.enter(StaffRole.MANAGER, "Mara")
    (tmp_path / "data" / "identity.json").write_text(json.dumps({"tenant": "t", "location": "l", "device": "d"}))
    config = tmp_path / "clinic.toml"
    config.write_text("[edge.store]\nreserve_bytes = 1048576\n[edge.sign_in]\nrequired = true\n")

    def erase(pin: str, *words: str) -> tuple[str, str]:
        answer = CliRunner().invoke(build_app("edge"), ["edge", "erase", *words, "-c", str(config)], input=f"{pin}\n")
        return answer.output, getattr(answer.exception, "code", "")

    assert erase("999998", "request", client, "--as", asker)[1] == "sign_in_failed"
    request = erase(PIN, "request", client, "--as", asker)[0].split()[-1]
    assert erase(PIN, "approve", request, "--as", "anna")[1] == "sign_in_failed"
    assert erase(PIN, "approve", request, "--as", desk)[1] == "not_permitted"
    assert "Approved" in erase(PIN, "approve", request, "--as", decider)[0]
