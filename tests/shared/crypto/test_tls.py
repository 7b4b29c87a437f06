import gc
import select
import socket
import struct
import warnings
from datetime import UTC, datetime, timedelta

import pytest

from shared.crypto import authority
from shared.crypto.pki import certificate_pem
from shared.crypto.tls import trusting_context


def reset_connection() -> socket.socket:
    """Return a connection that the other end has reset."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        mine = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        theirs.close()
    select.select([mine], [], [], 5)
    return mine


def test_a_connection_that_was_reset_before_the_handshake_is_closed() -> None:
    root = authority.make_root("test root", datetime.now(UTC), timedelta(days=1))
    context, plain = trusting_context(certificate_pem(root.certificate)), reset_connection()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with pytest.raises(ConnectionError):
            context.wrap_socket(plain, do_handshake_on_connect=False)
        gc.collect()
    assert [one.message for one in told if issubclass(one.category, ResourceWarning)] == []
