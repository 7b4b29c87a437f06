"""Opens the box's keys with the root that the configuration names."""

from typing import assert_never

from edge.config import KeystoreKind, StoreSettings
from edge.keys.box import BoxKeys
from shared.crypto.pkcs11 import Pkcs11KeyStore
from shared.crypto.root import FileKeyStore, KeyStore
from shared.crypto.tpm import TpmKeyStore


def open_keys(settings: StoreSettings) -> BoxKeys:
    """Return the box's keys.

    Raises:
        Rejected: what the chosen root needs is not installed.
        RootUnavailable: the token or TPM does not answer.
        Corrupt: there are keys and their root is gone.
    """
    return BoxKeys(settings.keys_folder, open_root(settings))


def open_root(settings: StoreSettings) -> KeyStore:
    """Return the root that the configuration names."""
    match settings.keystore:
        case KeystoreKind.FILE:
            return FileKeyStore(settings.keys_folder)
        case KeystoreKind.PKCS11:
            token = settings.pkcs11
            return Pkcs11KeyStore(token.module, token.token, token.pin_file)
        case KeystoreKind.TPM:
            return TpmKeyStore(settings.tpm.tcti, settings.tpm.pcrs)
        case kind:
            assert_never(kind)
