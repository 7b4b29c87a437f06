"""A crash at any step of the client keystore: the old generation or the new one, whole, and nobody comes back."""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.keys.clients import ClientKeystore
from shared.crypto.keyfile import SealedKeyFolder
from shared.ids import ClientId
from tests.support.disks import MOMENTS, FailingDisk, PowerCut
from tests.support.keystores import held, only_one_generation_is_left, open_keystore
from tests.support.promises import Tally

CLIENTS = [ClientId(f"client-{number}") for number in range(4)]
GONE, *SURVIVORS = CLIENTS


def filled(folder: Path) -> dict[ClientId, bytes]:
    keystore = open_keystore(folder)
    for client in CLIENTS:
        keystore.create(client)
    keys = held(keystore, CLIENTS)
    keystore.close()
    return keys


def in_first_form(folder: Path) -> dict[ClientId, bytes]:
    old = SealedKeyFolder(folder / "clients")
    return {client: old.get_or_create(client) for client in CLIENTS}


def cut_at_each_step(
    folder: Path,
    fill: Callable[[Path], dict[ClientId, bytes]],
    action: Callable[[ClientKeystore], object],
    check: Callable[[ClientKeystore, dict[ClientId, bytes], bool], None],
) -> int:
    """Repeat `action` cut before and after each of its steps on the disk; return how often it was cut."""
    cuts = 0
    for after, half in MOMENTS:
        step, failed = 1, True
        while failed:
            case = folder / f"{step}-{after}-{half}"
            case.mkdir()
            keys = fill(case)
            disk = FailingDisk(step, after=after, half=half)
            try:
                action(open_keystore(case, disk))
            except PowerCut:
                cuts += 1
            failed = disk.failed
            again = open_keystore(case)
            check(again, keys, failed)
            assert only_one_generation_is_left(case, again)
            again.create(ClientId("later"))
            assert again.key_of(ClientId("later"))
            step += 1
    return cuts


@pytest.mark.req("F-15", "I-01", "I-02", "P-8")
def test_destroying_a_key_cut_at_any_step_is_done_or_not_done_and_never_undone(tmp_path: Path, tally: Tally) -> None:
    outcomes: set[bool] = set()

    def check(keystore: ClientKeystore, keys: dict[ClientId, bytes], failed: bool) -> None:
        found = held(keystore, CLIENTS)
        destroyed = GONE not in found
        outcomes.add(destroyed)
        assert destroyed or failed  # what was acknowledged is done
        assert found == {client: keys[client] for client in (SURVIVORS if destroyed else CLIENTS)}
        keystore.destroy(GONE)
        assert set(held(keystore, CLIENTS)) == set(SURVIVORS)

    cuts = cut_at_each_step(tmp_path, filled, lambda keystore: keystore.destroy(GONE), check)
    assert outcomes == {True, False}
    assert cuts >= 10
    tally.injected(cuts)


@pytest.mark.req("F-15", "I-01", "I-02")
def test_rotation_cut_at_any_step_leaves_every_key_readable(tmp_path: Path, tally: Tally) -> None:
    def check(keystore: ClientKeystore, keys: dict[ClientId, bytes], failed: bool) -> None:
        assert held(keystore, CLIENTS) == keys
        assert failed or keystore.generation == 2

    cuts = cut_at_each_step(tmp_path, filled, lambda keystore: keystore.rotate(), check)
    assert cuts >= 10
    tally.injected(cuts)


@pytest.mark.req("F-15", "F-18")
def test_taking_over_the_first_form_cut_at_any_step_loses_no_key(tmp_path: Path, tally: Tally) -> None:
    def check(keystore: ClientKeystore, keys: dict[ClientId, bytes], failed: bool) -> None:
        assert held(keystore, CLIENTS) == keys

    cuts = cut_at_each_step(tmp_path, in_first_form, lambda keystore: keystore.count(), check)
    assert cuts >= 10
    tally.injected(cuts)


@pytest.mark.req("F-15")
def test_the_very_first_start_cut_at_any_step_begins_again(tmp_path: Path, tally: Tally) -> None:
    def check(keystore: ClientKeystore, keys: dict[ClientId, bytes], failed: bool) -> None:
        assert keystore.count() == 0

    tally.injected(cut_at_each_step(tmp_path, lambda _: {}, lambda keystore: keystore.count(), check))


def test_a_disk_that_fails_in_the_middle_leaves_the_keystore_usable_without_a_restart(tmp_path: Path) -> None:
    keys = filled(tmp_path)

    def refuse() -> None:
        raise OSError(28, "No space left on device")

    keystore = open_keystore(tmp_path)
    for step in range(1, 4):
        keystore._disk = keystore._sealed._disk = FailingDisk(step, fail=refuse)
        with pytest.raises(OSError, match="No space"):
            keystore.destroy(GONE)
        assert held(keystore, CLIENTS) == keys
    keystore.destroy(GONE)
    assert set(held(keystore, CLIENTS)) == set(SURVIVORS)
    assert only_one_generation_is_left(tmp_path, keystore)


_CHILD = """
import sys
from pathlib import Path
from tests.support.keystores import open_keystore
keystore, number = open_keystore(Path(sys.argv[1])), int(sys.argv[2])
print("ready", flush=True)
while True:
    number += 1
    keystore.create(f"kept-{number}")
    print("created", f"kept-{number}", keystore.key_of(f"kept-{number}").hex(), flush=True)
    keystore.create(f"gone-{number}")
    keystore.destroy(f"gone-{number}")
    print("destroyed", f"gone-{number}", flush=True)
    keystore.rotate()
"""


@pytest.mark.req("F-15", "F-02", "P-1", "I-02")
def test_kill_9_at_random_instants_loses_no_key_and_brings_none_back(tmp_path: Path, tally: Tally) -> None:
    kept: dict[str, str] = {}
    gone: set[str] = set()
    for kill in range(8):
        for words in _lines_until_killed(tmp_path, kill * 1000, random.uniform(0.0, 0.4)):
            if words[0] == "created":
                kept[words[1]] = words[2]
            elif words[0] == "destroyed":
                gone.add(words[1])
        keystore = open_keystore(tmp_path)
        assert {client: keystore.key_of(ClientId(client)).hex() for client in kept} == kept
        assert held(keystore, [ClientId(client) for client in gone]) == {}
        assert only_one_generation_is_left(tmp_path, keystore)
        keystore.close()
    assert kept
    assert gone
    tally.injected(8)


def _lines_until_killed(folder: Path, number: int, seconds: float) -> list[list[str]]:
    """Run the child until it works, kill it some time later, and return what it had acknowledged."""
    command = [sys.executable, "-c", _CHILD, str(folder), str(number)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(seconds)
        child.kill()
        lines = child.stdout.read().splitlines(keepends=True)
    return [line.split() for line in lines if line.endswith("\n")]
