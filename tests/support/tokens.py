"""A software token and a software TPM, each with a state of its own."""

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pkcs11

PIN = "731946"


@dataclass(frozen=True)
class Token:
    """An initialised SoftHSM token."""

    module: Path
    label: str
    pin_file: Path


def soft_token(folder: Path, label: str) -> Token:
    """Initialise a token; all of a process share SoftHSM's folder, since the library is loaded once."""
    if "SOFTHSM2_CONF" not in os.environ:
        os.environ["SOFTHSM2_CONF"] = str(_softhsm_configuration())
    command = ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", PIN]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    pin_file = folder / "pin"
    pin_file.touch(mode=0o600)
    pin_file.write_text(PIN)
    modules = [Path("/usr/lib/softhsm/libsofthsm2.so"), *Path("/usr/lib").glob("*/softhsm/libsofthsm2.so")]
    module = next(path for path in modules if path.exists())
    pkcs11.lib(str(module)).reinitialize()  # the library looks for tokens once, and this one is new
    return Token(module, label, pin_file)


def _softhsm_configuration() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="softhsm-"))
    (folder / "tokens").mkdir()
    path = folder / "softhsm2.conf"
    path.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n")
    return path


@contextlib.contextmanager
def soft_tpm(state: Path) -> Iterator[str]:
    """Run a software TPM over a state folder and yield how `tpm2-tools` reach it."""
    state.mkdir(parents=True, exist_ok=True)
    # A socket's path has a limit of about a hundred characters; temporary folders of tests are longer.
    with tempfile.TemporaryDirectory(prefix="tpm-") as sockets:
        path = Path(sockets) / "s"
        command = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}", "--flags", "startup-clear"]
        command += ["--server", f"type=unixio,path={path}", "--ctrl", f"type=unixio,path={path}.ctrl"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                _wait_for(path, process)
                yield f"swtpm:path={path}"
            finally:
                process.terminate()


def _wait_for(path: Path, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 30
    while not (path.exists() and Path(f"{path}.ctrl").exists()):
        assert process.poll() is None, "the software TPM ended"
        assert time.monotonic() < end, "the software TPM did not start"
        time.sleep(0.02)
