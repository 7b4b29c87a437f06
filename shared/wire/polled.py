"""A broker connection carried by `poll`, however many files the process has open.

paho-mqtt's own loop asks `select`, which knows no descriptor from 1,024 on: a connection opened behind so many others
(each gRPC connection of a fleet is one) is lost the moment it is made, and so is each that follows.
"""

import contextlib
import select
import socket
import threading
import time
from typing import Any, Final

import paho.mqtt.client as paho
import structlog

_TICK_SECONDS: Final = 1.0
"""How often the connection is looked after when nothing happens: keepalives are due in seconds."""


class PolledLoop:
    """The thread of one client, from its `connect` until the connection has ended; in place of `loop_start`."""

    def __init__(self, client: paho.Client, name: str) -> None:
        """Take the client over; call before it connects."""
        self._client = client
        self._over = threading.Event()
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        client.on_socket_register_write = self._wake
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to carry it."""
        self._thread.start()

    def stop(self) -> None:
        """End, once what the client still has to say has gone; call after its `disconnect`, or without a start."""
        self._over.set()
        self._wake()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()
        self._woken.close()
        self._waker.close()

    def _wake(self, *_: Any) -> None:
        # A full buffer wakes as well as one byte more; a closed one has nobody to wake.
        with contextlib.suppress(OSError):
            self._waker.send(b"\0")

    def _run(self) -> None:
        try:
            self._carry_on()
        except Exception:  # noqa: BLE001 - a callback's defect must not leave a connection that nobody carries
            structlog.get_logger().error("broker_loop_failed", exc_info=True)
            self._client.disconnect()
            self._client.loop_write()

    def _carry_on(self) -> None:
        looked_after = time.monotonic()
        while self._carry():
            if self._over.is_set() and not self._client.want_write():
                return
            if time.monotonic() - looked_after >= _TICK_SECONDS:
                self._client.loop_misc()
                looked_after = time.monotonic()

    def _carry(self) -> bool:
        """Wait until something can be read or written, and do it; tell whether there is a connection."""
        client = self._client
        connection = client.socket()
        if connection is None or connection.fileno() < 0:
            return False
        poll = select.poll()
        poll.register(self._woken, select.POLLIN)
        poll.register(connection, select.POLLIN | (select.POLLOUT if client.want_write() else 0))
        # What TLS has decrypted already shows nowhere else.
        pending = getattr(connection, "pending", int)() > 0
        ready = dict(poll.poll(0 if pending else _TICK_SECONDS * 1000))
        with contextlib.suppress(BlockingIOError):
            self._woken.recv(4096)
        events = ready.get(connection.fileno(), 0)
        if pending or events & ~select.POLLOUT:
            client.loop_read()
        if client.want_write():
            client.loop_write()
        return True
