"""Engines are reused by their twins only, and never half made, damaged or without bound."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.analysis.engine_cache import ENGINE_FILE, LABEL_FILE, EngineCache, EngineKey

KEY = EngineKey("a" * 64, "onnxruntime 1.0", "CPUExecutionProvider", "int8", "device_id=0", "processor")


def writes(content: bytes) -> Callable[[Path], None]:
    def build(path: Path) -> None:
        path.write_bytes(content)

    return build


def home(cache_folder: Path, key: EngineKey = KEY) -> Path:
    return cache_folder / key.digest


def test_an_engine_is_found_again_as_it_was_stored(tmp_path: Path) -> None:
    cache = EngineCache(tmp_path / "engines")
    assert cache.find(KEY) is None
    assert cache.store(KEY, writes(b"engine")) == b"engine"
    assert EngineCache(tmp_path / "engines").find(KEY) == b"engine"


@pytest.mark.parametrize("field", ["model_sha256", "runtime", "provider", "precision", "options", "device"])
def test_an_engine_for_anything_else_is_not_found(tmp_path: Path, field: str) -> None:
    cache = EngineCache(tmp_path)
    cache.store(KEY, writes(b"engine"))
    assert cache.find(replace(KEY, **{field: "b" * 64})) is None
    assert cache.find(KEY) == b"engine"


def test_values_that_only_together_look_alike_have_keys_of_their_own() -> None:
    assert replace(KEY, precision="int8x", options="y").digest != replace(KEY, precision="int8", options="xy").digest


@pytest.mark.parametrize("damage", [b"", b"engina", b"engine and more"])
def test_a_damaged_engine_is_thrown_away_and_can_be_made_again(tmp_path: Path, damage: bytes) -> None:
    cache = EngineCache(tmp_path)
    cache.store(KEY, writes(b"engine"))
    (home(tmp_path) / ENGINE_FILE).write_bytes(damage)
    assert cache.find(KEY) is None
    assert not home(tmp_path).exists()
    assert cache.store(KEY, writes(b"engine")) == b"engine"
    assert cache.find(KEY) == b"engine"


def test_an_engine_moved_under_another_s_name_is_thrown_away(tmp_path: Path) -> None:
    cache, other = EngineCache(tmp_path), replace(KEY, device="another machine")
    cache.store(other, writes(b"foreign engine"))
    home(tmp_path, other).rename(home(tmp_path))
    assert cache.find(KEY) is None
    assert not home(tmp_path).exists()


@pytest.mark.parametrize("label", [b"", b"{}", b"null", b"\xff", json.dumps({"key": {}, "sha256": "x"}).encode()])
def test_a_damaged_label_is_as_good_as_none(tmp_path: Path, label: bytes) -> None:
    cache = EngineCache(tmp_path)
    cache.store(KEY, writes(b"engine"))
    (home(tmp_path) / LABEL_FILE).write_bytes(label)
    assert cache.find(KEY) is None


def test_what_a_power_cut_left_half_made_is_never_found_and_is_cleared_away(tmp_path: Path) -> None:
    cache = EngineCache(tmp_path)

    def cut(path: Path) -> None:
        path.write_bytes(b"half an eng")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.store(KEY, cut)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / ".building-left").mkdir()
    (tmp_path / ".building-left" / ENGINE_FILE).write_bytes(b"half")
    assert cache.total_bytes() == 0
    cache.discard_unfinished()
    assert list(tmp_path.iterdir()) == []


def test_a_failed_build_leaves_the_engine_before_it_in_place(tmp_path: Path) -> None:
    cache = EngineCache(tmp_path)
    cache.store(KEY, writes(b"old"))

    def fail(path: Path) -> None:
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        cache.store(KEY, fail)
    assert cache.find(KEY) == b"old"


def test_the_least_recently_used_engine_makes_room(tmp_path: Path) -> None:
    cache = EngineCache(tmp_path, max_bytes=2_800)
    keys = [replace(KEY, model_sha256=digit * 64) for digit in "123"]
    for age, key in enumerate(keys[:2]):
        cache.store(key, writes(b"x" * 800))
        os.utime(home(tmp_path, key) / LABEL_FILE, (1_000 + age, 1_000 + age))
    assert cache.find(keys[0]) is not None  # used just now
    cache.store(keys[2], writes(b"x" * 800))
    assert cache.find(keys[1]) is None
    assert cache.find(keys[0]) is not None
    assert cache.find(keys[2]) is not None


def test_an_engine_larger_than_the_cache_is_not_kept_and_pushes_nothing_out(tmp_path: Path) -> None:
    cache = EngineCache(tmp_path, max_bytes=1_500)
    cache.store(KEY, writes(b"small"))
    assert cache.store(replace(KEY, device="large"), writes(b"x" * 2_000)) is None
    assert cache.find(KEY) == b"small"


@settings(max_examples=40, deadline=None)
@given(sizes=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1_000)), max_size=12))
def test_the_cache_never_grows_beyond_its_bound(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[tuple[int, int]]
) -> None:
    cache = EngineCache(tmp_path_factory.mktemp("engines"), max_bytes=2_500)
    for number, size in sizes:
        cache.store(replace(KEY, device=str(number)), writes(b"x" * size))
        assert cache.total_bytes() <= 2_500
        assert cache.find(replace(KEY, device=str(number))) is not None
