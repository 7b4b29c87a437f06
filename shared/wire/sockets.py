"""How sockets of the link are set."""

import socket
from typing import Any


def send_at_once(_client: Any, _data: Any, connection: Any) -> None:
    """Let no small message wait for the confirmation of the one before it (TCP_NODELAY): that takes 40 ms a time."""
    if isinstance(connection, socket.socket) and connection.family in {socket.AF_INET, socket.AF_INET6}:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
