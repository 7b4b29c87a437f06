"""TLS 1.3 with certificates on both ends, for Python's `ssl`: the same two contexts wherever box and hub meet."""

import secrets
import ssl
import tempfile
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from shared.crypto.pki import HUB_HOST, read_key
from shared.errors import Corrupt


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """What one end proves itself with and whom it trusts, as PEM.

    Attributes:
        key: the private key, in memory only; whoever stores it seals it.
        chain: the certificate, then what signed it, up to but without a trusted root.
        trust: the roots.
    """

    key: bytes
    chain: bytes
    trust: bytes

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate itself.

        Raises:
            Corrupt: it cannot be read.
        """
        try:
            return x509.load_pem_x509_certificate(self.chain)
        except ValueError:
            raise Corrupt("certificate_damaged", "the stored certificate is damaged; enrol this box anew") from None


class _ClosedWhenRefused(ssl.SSLSocket):
    """Leaves no open connection behind when it fails on the way to being one: neither paho nor `ssl` closes it."""

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Receive, or close: `ssl` itself asks this of a connection that was reset before it was wrapped."""
        try:
            return super().recv(buflen, flags)
        except ConnectionError:
            self.close()
            raise

    def do_handshake(self, block: bool = False) -> None:
        """Shake hands, or close."""
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


class _ToTheHub(ssl.SSLContext):
    """Expects the hub's own name at whatever address it is reached."""

    def wrap_socket(self, *args: Any, **options: Any) -> ssl.SSLSocket:
        """Wrap a socket for the hub."""
        return super().wrap_socket(*args, **{**options, "server_hostname": HUB_HOST})

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        """Wrap buffers for the hub."""
        return super().wrap_bio(*args, **{**options, "server_hostname": HUB_HOST})


def hub_context(credentials: Credentials) -> ssl.SSLContext:
    """Return the context with which a member, or the hub itself, connects to the hub's servers."""
    context = trusting_context(credentials.trust)
    present(context, credentials)
    return context


def trusting_context(trust: bytes) -> ssl.SSLContext:
    """Return the context of somebody who knows the hub and has nothing to show yet."""
    context = _ToTheHub(ssl.PROTOCOL_TLS_CLIENT)
    context.sslsocket_class = _ClosedWhenRefused
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=trust.decode())
    return context


def stranger_context() -> ssl.SSLContext:
    """Return the context of somebody who believes nothing that is said yet: good for asking a fingerprint only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def server_context(credentials: Credentials, *, members_only: bool) -> ssl.SSLContext:
    """Return a server's context; with `members_only` whoever shows no certificate of ours is refused."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if members_only:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=credentials.trust.decode())
    present(context, credentials)
    return context


def present(context: ssl.SSLContext, credentials: Credentials) -> None:
    """Let a context show this certificate on connections made from now on.

    Python reads keys from files only: the key is on disk for that moment, under a password nobody else has.
    """
    password = secrets.token_bytes(32)
    key = read_key(credentials.key).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(password)
    )
    with tempfile.NamedTemporaryFile() as file:
        file.write(credentials.chain + key)
        file.flush()
        context.load_cert_chain(file.name, password=password)
