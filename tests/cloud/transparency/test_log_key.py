from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cloud.cli import app
from cloud.transparency.log_key import LogKey
from shared.audit.heads import TreeHead
from shared.audit.keychain import keys_between
from shared.crypto.keyfile import SealedKeyFolder
from shared.durable import SystemDisk
from tests.support.promises import Tally

pytestmark = pytest.mark.req("I-14")
HEAD = TreeHead("lumen", "aa", 0, "00" * 32, 1)


def test_each_key_signs_the_next_and_only_the_newest_is_left(tmp_path: Path) -> None:
    key = LogKey(SealedKeyFolder(tmp_path))
    first = key.public
    key.rotate(1)
    key.rotate(2)
    signed = LogKey(SealedKeyFolder(tmp_path)).sign(HEAD)
    signed.check("lumen")
    assert signed.key == key.public != first
    assert len(keys_between(first, key.public, key.changes)) == 3
    assert [name for name in SealedKeyFolder(tmp_path).names() if name.startswith("log-key")] == [
        "log-key-chain",
        "log-key.3",
    ]
    assert key.report().generation == 3


def test_a_running_hub_signs_with_the_new_key_at_once(tmp_path: Path) -> None:
    running = LogKey(SealedKeyFolder(tmp_path))
    assert running.sign(HEAD).key == running.public
    LogKey(SealedKeyFolder(tmp_path)).rotate(1)
    assert len(running.changes) == 1
    assert running.sign(HEAD).key == running.changes[0].after


class Cut(Exception):
    """The power went."""


class CutDisk(SystemDisk):
    """Fails before the step with this number, and at every one after it."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def _step(self, do: Callable[..., Any], *arguments: Any) -> None:
        if self.left == 0:
            raise Cut
        self.left -= 1
        do(*arguments)

    def write(self, path: Path, data: bytes) -> None:
        self._step(super().write, path, data)

    def destroy(self, path: Path) -> None:
        self._step(super().destroy, path)


@pytest.mark.req("F-15")
@pytest.mark.parametrize("steps", range(4))
def test_a_rotation_cut_at_any_step_leaves_one_key_that_signs_and_a_chain_to_it(
    tmp_path: Path, steps: int, tally: Tally
) -> None:
    first = LogKey(SealedKeyFolder(tmp_path)).public
    disk = CutDisk(steps)
    try:
        LogKey(SealedKeyFolder(tmp_path, disk=disk)).rotate(1)
        assert steps == 3
    except Cut:
        tally.injected(1)
    again = LogKey(SealedKeyFolder(tmp_path))
    assert (again.public == first) == (steps < 2)
    assert again.sign(HEAD).key == again.public
    again.rotate(2)
    assert keys_between(first, again.public, again.changes)[-1] == again.public
    held = [name for name in SealedKeyFolder(tmp_path).names() if name.startswith("log-key")]
    assert len(held) == 2


def test_an_operator_rotates_by_a_command_that_names_both_fingerprints(tmp_path: Path) -> None:
    config = tmp_path / "hub.toml"
    config.write_text(
        f'[hub]\ndata_folder = "{tmp_path / "hub"}"\n'
        '[[hub.tenants]]\nid = "lumen"\nname = "Lumen"\n[[hub.tenants.locations]]\nid = "lumen-one"\nname = "One"\n'
    )
    folder = SealedKeyFolder(tmp_path / "hub" / "keys")
    before = LogKey(folder).id
    told = CliRunner().invoke(app, ["rotate-log-key", "-c", str(config)])
    assert told.exit_code == 0, told.output
    assert before in told.output
    assert LogKey(folder).id in told.output
