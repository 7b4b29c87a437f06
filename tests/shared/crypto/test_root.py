"""One contract for every place where the device root may live: a file, a PKCS#11 token, a TPM."""

import secrets
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pkcs11
import pytest

from shared.crypto.aead import CannotOpen
from shared.crypto.pkcs11 import Pkcs11KeyStore
from shared.crypto.root import FileKeyStore, KeyFileUnsafe, KeyStore, RootUnavailable
from shared.crypto.tpm import TpmKeyStore
from tests.support.tokens import Token, soft_token, soft_tpm

CONTEXT = b"database"


class KeyStoreContract(ABC):
    """What every root keeps."""

    @pytest.fixture
    @abstractmethod
    def opener(self) -> Callable[[], KeyStore]:
        """Return what opens the same root again, as after a restart."""

    @pytest.fixture
    def store(self, opener: Callable[[], KeyStore]) -> KeyStore:
        store = opener()
        assert store.generations() == []
        store.create(1)
        return store

    @pytest.mark.req("P-5")
    def test_a_secret_opens_after_a_restart(self, store: KeyStore, opener: Callable[[], KeyStore]) -> None:
        for secret in (b"", b"x", secrets.token_bytes(32), secrets.token_bytes(4096)):
            assert opener().unseal(1, store.seal(1, secret, CONTEXT), CONTEXT) == secret
        assert opener().generations() == [1]

    @pytest.mark.req("P-5", "I-12")
    def test_altered_cut_or_moved_it_never_opens_and_shows_nothing(self, store: KeyStore) -> None:
        secret = secrets.token_bytes(32)
        sealed = store.seal(1, secret, CONTEXT)
        assert secret not in sealed
        assert store.seal(1, secret, CONTEXT) != sealed
        middle = len(sealed) // 2
        altered = [
            bytes([*sealed[:where], sealed[where] ^ 1, *sealed[where + 1 :]]) for where in (0, middle, len(sealed) - 1)
        ]
        for attempt in (*altered, sealed[:-1], sealed[:middle], b""):
            with pytest.raises(CannotOpen):
                store.unseal(1, attempt, CONTEXT)
        with pytest.raises(CannotOpen):
            store.unseal(1, sealed, b"else")
        assert store.unseal(1, sealed, CONTEXT) == secret

    @pytest.mark.req("F-15")
    def test_generations_live_side_by_side_and_a_destroyed_one_opens_nothing(
        self, store: KeyStore, opener: Callable[[], KeyStore]
    ) -> None:
        old = store.seal(1, b"secret", CONTEXT)
        store.create(2)
        new = store.seal(2, b"secret", CONTEXT)
        assert store.generations() == [1, 2]
        assert (store.unseal(1, old, CONTEXT), store.unseal(2, new, CONTEXT)) == (b"secret", b"secret")
        with pytest.raises(CannotOpen):
            store.unseal(2, old, CONTEXT)
        store.destroy(1)
        store.destroy(1)
        again = opener()
        assert again.generations() == [2]
        assert again.unseal(2, new, CONTEXT) == b"secret"
        for attempt in (lambda: again.unseal(1, old, CONTEXT), lambda: again.seal(1, b"x", CONTEXT)):
            with pytest.raises(CannotOpen):
                attempt()

    def test_threads_share_it(self, store: KeyStore) -> None:
        wrong: list[str] = []

        def work(number: int) -> None:
            secret = bytes([number]) * 32
            try:
                if store.unseal(1, store.seal(1, secret, CONTEXT), CONTEXT) != secret:
                    wrong.append("another secret")
            except Exception as error:  # noqa: BLE001 - whatever a thread meets is the finding
                wrong.append(repr(error))

        threads = [Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert wrong == []

    def test_it_says_where_it_lives(self, store: KeyStore) -> None:
        assert store.place


class TestFile(KeyStoreContract):
    """A sealed file."""

    @pytest.fixture
    def opener(self, tmp_path: Path) -> Callable[[], KeyStore]:
        return lambda: FileKeyStore(tmp_path)

    def test_a_file_that_others_can_read_is_refused(self, tmp_path: Path, store: KeyStore) -> None:
        (tmp_path / "root.key").chmod(0o640)
        with pytest.raises(KeyFileUnsafe):
            store.seal(1, b"x", CONTEXT)


class TestPkcs11(KeyStoreContract):
    """A key in a SoftHSM token."""

    @pytest.fixture
    def token(self, tmp_path: Path) -> Token:
        return soft_token(tmp_path, f"token-{secrets.token_hex(4)}")

    @pytest.fixture
    def opener(self, token: Token) -> Callable[[], KeyStore]:
        return lambda: Pkcs11KeyStore(token.module, token.label, token.pin_file)

    def test_the_key_cannot_be_read_out_of_the_token(self, token: Token, store: KeyStore) -> None:
        with pkcs11.lib(str(token.module)).get_token(token_label=token.label).open(user_pin="731946") as session:
            (key,) = session.get_objects({pkcs11.Attribute.LABEL: "medspa-root.1"})
            assert key[pkcs11.Attribute.EXTRACTABLE] is False
            with pytest.raises(pkcs11.AttributeSensitive):
                _ = key[pkcs11.Attribute.VALUE]

    def test_a_wrong_pin_an_open_pin_file_and_a_missing_token_are_named(self, token: Token, store: KeyStore) -> None:
        token.pin_file.write_text("999999")
        with pytest.raises(RootUnavailable, match="root_pin_wrong"):
            store.generations()
        token.pin_file.write_text("731946")
        assert store.generations() == [1]
        token.pin_file.chmod(0o644)
        with pytest.raises(RootUnavailable, match="root_pin_unsafe"):
            store.generations()
        token.pin_file.unlink()
        with pytest.raises(RootUnavailable, match="root_pin_missing"):
            store.generations()
        with pytest.raises(RootUnavailable, match="root_unavailable"):
            Pkcs11KeyStore(token.module, "no such token", token.pin_file).generations()
        with pytest.raises(RootUnavailable, match="root_unavailable"):
            Pkcs11KeyStore(token.pin_file, token.label, token.pin_file)


class TestTpm(KeyStoreContract):
    """A parent key in a software TPM."""

    @pytest.fixture
    def tcti(self, tmp_path: Path) -> Iterator[str]:
        with soft_tpm(tmp_path / "tpm") as tcti:
            yield tcti

    @pytest.fixture
    def opener(self, tcti: str) -> Callable[[], KeyStore]:
        return lambda: TpmKeyStore(tcti)

    @pytest.mark.req("P-5", "F-17")
    def test_another_tpm_opens_nothing(self, tmp_path: Path, store: KeyStore) -> None:
        sealed = store.seal(1, b"secret", CONTEXT)
        with soft_tpm(tmp_path / "other") as elsewhere:
            other = TpmKeyStore(elsewhere)
            other.create(1)
            with pytest.raises(CannotOpen):
                other.unseal(1, sealed, CONTEXT)

    @pytest.mark.req("P-5", "F-17")
    def test_bound_to_the_platform_it_opens_only_while_that_is_the_same(self, tcti: str, store: KeyStore) -> None:
        bound = TpmKeyStore(tcti, "sha256:16")
        sealed = bound.seal(1, b"secret", CONTEXT)
        assert bound.unseal(1, sealed, CONTEXT) == b"secret"
        with pytest.raises(CannotOpen):
            store.unseal(1, sealed, CONTEXT)  # without naming the registers
        subprocess.run(["tpm2_pcrextend", "-T", tcti, f"16:sha256={'01' * 32}"], check=True, timeout=60)
        with pytest.raises(CannotOpen):
            bound.unseal(1, sealed, CONTEXT)

    def test_a_tpm_that_is_not_there_is_named(self) -> None:
        with pytest.raises(RootUnavailable, match="root_unavailable"):
            TpmKeyStore("swtpm:path=/nonexistent").generations()
