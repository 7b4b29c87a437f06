"""The core reads and writes only what is its own, also where a problem is strange."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

CORE = Path("edge/schedule/core/api.cpp")
COMPILER = shutil.which("g++")


@pytest.mark.skipif(COMPILER is None, reason="needs g++ with its sanitizers")
def test_no_access_out_of_bounds_and_no_undefined_behaviour(tmp_path: Path) -> None:
    library = tmp_path / "core.so"
    flags = ["-std=c++20", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-shared", "-fPIC"]
    include = sysconfig.get_paths()["include"]
    subprocess.run([str(COMPILER), *flags, f"-I{include}", str(CORE), "-o", str(library)], check=True, timeout=110)
    done = subprocess.run(
        [sys.executable, "-m", "tests.edge.schedule.engine.sanitized", str(library), "150"],
        env={**os.environ, "LD_PRELOAD": " ".join(map(runtime, ("asan", "ubsan", "stdc++"))), "ASAN_OPTIONS": OPTIONS},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "clean"), done.stderr[-3000:]


# The interpreter itself leaks on purpose.
OPTIONS = "detect_leaks=0"


def runtime(name: str) -> str:
    asked = [str(COMPILER), f"-print-file-name=lib{name}.so"]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
