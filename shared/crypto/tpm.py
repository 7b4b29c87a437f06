"""A root in a TPM 2.0: each generation is a parent key made and kept inside it, driven by `tpm2-tools`.

A TPM holds little, so a secret is sealed under a fresh key, and that key is a sealed object under the parent.
Nothing secret is ever an argument or a file: it goes in and comes out through pipes.
"""

import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from shared.crypto.aead import CannotOpen, new_key, seal, unseal
from shared.crypto.root import RootUnavailable, generation_gone
from shared.errors import Rejected

# Persistent handles of the owner: 0x81450000 plus the generation.
_BASE: Final = 0x81450000
_LAST_GENERATION: Final = 0xFFFF
_SECONDS: Final = 60.0
_PARENT: Final = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|decrypt|noda"


class TpmRefused(Rejected):
    """The TPM answered and refused: altered bytes, another TPM, or a platform that has changed."""


class TpmKeyStore:
    """A root whose generations are persistent parent keys of the TPM."""

    def __init__(self, tcti: str = "device:/dev/tpmrm0", pcrs: str = "") -> None:
        """Find the tools.

        Args:
            tcti: how to reach the TPM, as `tpm2-tools` spell it.
            pcrs: platform registers that must be as they were when a secret was sealed, as `sha256:7`; none by
                default. A firmware update changes them: seal anew after one is impossible, so choose with care.

        Raises:
            Rejected: `tpm2-tools` are not installed.
        """
        if shutil.which("tpm2_unseal") is None:
            raise Rejected("tpm_tools_missing", "install the package tpm2-tools")
        self._tcti = tcti
        self._pcrs = pcrs
        self._lock = threading.Lock()

    @property
    def place(self) -> str:
        """Where the root lives, for people."""
        return f"TPM at {self._tcti}" + (f", bound to {self._pcrs}" if self._pcrs else "")

    def generations(self) -> list[int]:
        """Return the generations there are, oldest first.

        Raises:
            RootUnavailable: the TPM does not answer.
        """
        with self._at_work():
            return self._generations()

    def create(self, generation: int) -> None:
        """Make a parent key inside the TPM and keep it there."""
        if not 1 <= generation <= _LAST_GENERATION:
            raise Rejected("root_generations_used_up", "the TPM keeps no more generations of the root")
        with self._at_work() as folder:
            primary, public, private = folder / "primary", folder / "public", folder / "private"
            self._run("createprimary", "-C", "o", "-G", "ecc", "-c", str(primary))
            self._run("create", "-C", str(primary), "-G", "ecc", "-a", _PARENT, "-u", str(public), "-r", str(private))
            self._flush()
            loaded = str(folder / "loaded")
            self._run("load", "-C", str(primary), "-u", str(public), "-r", str(private), "-c", loaded)
            self._run("evictcontrol", "-C", "o", "-c", loaded, _handle(generation))

    def destroy(self, generation: int) -> None:
        """Take a parent key out of the TPM; nothing happens when there is none."""
        with self._at_work():
            if generation in self._generations():
                self._run("evictcontrol", "-C", "o", "-c", _handle(generation))

    def seal(self, generation: int, secret: bytes, context: bytes) -> bytes:
        """Seal a secret under a fresh key that only this generation opens.

        Raises:
            CannotOpen: there is no such generation.
            RootUnavailable: the TPM does not answer.
        """
        key = new_key()
        with self._at_work() as folder:
            self._require(generation)
            policy = self._policy(folder)
            public, private = folder / "public", folder / "private"
            paths = ["-u", str(public), "-r", str(private)]
            self._run("create", "-C", _handle(generation), *policy, *paths, "-i", "-", given=key)
            return _packed(public.read_bytes()) + _packed(private.read_bytes()) + seal(key, secret, context)

    def unseal(self, generation: int, sealed: bytes, context: bytes) -> bytes:
        """Open what `seal` made.

        Raises:
            CannotOpen: another generation, TPM, platform state or context, or the bytes were altered.
            RootUnavailable: the TPM does not answer.
        """
        public, rest = _unpacked(sealed)
        private, rest = _unpacked(rest)
        with self._at_work() as folder:
            self._require(generation)
            (folder / "public").write_bytes(public)
            (folder / "private").write_bytes(private)
            key = self._open(generation, folder)
        return unseal(key, rest, context)

    def _open(self, generation: int, folder: Path) -> bytes:
        paths = ["-u", str(folder / "public"), "-r", str(folder / "private")]
        loaded = str(folder / "loaded")
        try:
            self._run("load", "-C", _handle(generation), *paths, "-c", loaded)
            return self._run("unseal", "-c", loaded, *(["-p", f"pcr:{self._pcrs}"] if self._pcrs else []))
        except TpmRefused as error:
            raise CannotOpen("cannot_open", "the TPM does not open this: moved, changed or altered") from error

    def _policy(self, folder: Path) -> list[str]:
        """Return what binds a sealed object to the platform: with registers, nothing but their policy opens it."""
        if not self._pcrs:
            return []
        policy = str(folder / "policy")
        self._run("createpolicy", "--policy-pcr", "-l", self._pcrs, "-L", policy)
        return ["-L", policy, "-a", "fixedtpm|fixedparent"]

    def _require(self, generation: int) -> None:
        if generation not in self._generations():
            raise generation_gone(generation)

    def _generations(self) -> list[int]:
        lines = self._run("getcap", "handles-persistent", quiet=False).decode().split()
        handles = [int(word, 16) for word in lines if word.startswith("0x")]
        return sorted(handle - _BASE for handle in handles if 1 <= handle - _BASE <= _LAST_GENERATION)

    @contextmanager
    def _at_work(self) -> Iterator[Path]:
        """Lend a folder in memory, one caller at a time, and leave no object in the TPM's few places."""
        memory = Path("/dev/shm")  # noqa: S108 - a folder of a random name is made in it
        with self._lock, tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
            try:
                yield Path(folder)
            finally:
                self._flush()

    def _flush(self) -> None:
        self._run("flushcontext", "-t", quiet=False)

    def _run(self, tool: str, *arguments: str, given: bytes = b"", quiet: bool = True) -> bytes:
        command = [f"tpm2_{tool}", "-T", self._tcti, *(["-Q"] if quiet and tool != "unseal" else []), *arguments]
        try:
            done = subprocess.run(  # noqa: S603 - tools and arguments of our own
                command, input=given, capture_output=True, check=False, timeout=_SECONDS
            )
        except subprocess.TimeoutExpired:
            raise RootUnavailable("root_unavailable", f"the TPM at {self._tcti} does not answer; check it") from None
        if done.returncode == 0:
            return done.stdout
        if b"tcti" in done.stderr.lower():
            raise RootUnavailable("root_unavailable", f"no TPM at {self._tcti}; check its address and who may use it")
        raise TpmRefused("tpm_refused", f"the TPM refused tpm2_{tool}; see its manual")


def _handle(generation: int) -> str:
    return hex(_BASE + generation)


def _packed(data: bytes) -> bytes:
    return len(data).to_bytes(2) + data


def _unpacked(data: bytes) -> tuple[bytes, bytes]:
    length = int.from_bytes(data[:2])
    if len(data) < 2 + length:
        raise CannotOpen("cannot_open", "the sealed data is cut short")
    return data[2 : 2 + length], data[2 + length :]
