import contextlib
import errno
import os
import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from shared.demo.proxy import SeverableNetwork
from tests.support.hubs import eventually
from tests.support.servers import free_port


class Echo:
    """A server that sends back what it gets, and notes how each connection ended."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.ended: list[str] = []
        self.open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.open.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                while data := connection.recv(65536):
                    connection.sendall(data)
                self.ended.append("closed")
            except ConnectionResetError:
                self.ended.append("reset")
            except OSError as error:
                # Closed by `close` while this thread waited.
                if error.errno != errno.EBADF:
                    raise

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.open:
            connection.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def network(echo: Echo) -> Iterator[tuple[SeverableNetwork, int]]:
    port = free_port()
    relay = SeverableNetwork({port: echo.port})
    relay.start()
    yield relay, port
    relay.stop()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def exchange(connection: socket.socket, data: bytes) -> bytes:
    writer = threading.Thread(target=connection.sendall, args=(data,))
    writer.start()
    got = b""
    while len(got) < len(data):
        got += connection.recv(65536)
    writer.join()
    return got


def refused(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_bytes_pass_both_ways_unchanged_on_several_connections(network: tuple[SeverableNetwork, int]) -> None:
    _, port = network
    with connect(port) as one, connect(port) as other:
        for connection in (one, other):
            data = os.urandom(1_000_000)
            assert exchange(connection, data) == data


def test_the_end_of_one_side_reaches_the_other(network: tuple[SeverableNetwork, int], echo: Echo) -> None:
    _, port = network
    with connect(port) as connection:
        exchange(connection, b"x")
    eventually(lambda: echo.ended == ["closed"])


def test_a_cut_resets_both_sides_and_refuses_new_connections(network: tuple[SeverableNetwork, int], echo: Echo) -> None:
    relay, port = network
    with connect(port) as one, connect(port) as other:
        for connection in (one, other):
            exchange(connection, b"x")
        relay.sever()
        for connection in (one, other):
            with pytest.raises(ConnectionResetError):
                connection.recv(1)
    eventually(lambda: echo.ended == ["reset", "reset"])
    assert refused(port)
    assert relay.cuts == 1


def test_a_connection_being_made_when_the_cut_comes_does_not_survive_it(
    network: tuple[SeverableNetwork, int], echo: Echo
) -> None:
    relay, port = network
    for _ in range(20):
        with connect(port) as connection:
            relay.sever()
            with contextlib.suppress(OSError):
                connection.sendall(b"x")
                assert connection.recv(1) == b""
        relay.restore()
    assert not refused(port)


def test_a_server_that_breaks_off_resets_its_client(network: tuple[SeverableNetwork, int], echo: Echo) -> None:
    _, port = network
    with connect(port) as connection:
        exchange(connection, b"x")
        echo.open[0].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        echo.open[0].shutdown(socket.SHUT_RD)
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(1) == b""
    with connect(port) as connection:
        assert exchange(connection, b"again") == b"again"


def test_after_a_restore_connections_pass_again(network: tuple[SeverableNetwork, int]) -> None:
    relay, port = network
    for cut in range(1, 4):
        relay.sever()
        assert (refused(port), relay.cuts) == (True, cut)
        relay.restore()
        with connect(port) as connection:
            assert exchange(connection, b"again") == b"again"


def test_cutting_or_restoring_twice_is_harmless(network: tuple[SeverableNetwork, int]) -> None:
    relay, port = network
    relay.sever()
    relay.sever()
    assert refused(port)
    relay.restore()
    relay.restore()
    with connect(port) as connection:
        assert exchange(connection, b"x") == b"x"


def test_a_target_that_is_down_resets_the_connection_and_not_the_relay() -> None:
    port = free_port()
    relay = SeverableNetwork({port: free_port()})
    relay.start()
    try:
        for _ in range(2):
            # The reset may come before the connecting call has returned.
            with pytest.raises(ConnectionResetError), connect(port) as connection:
                connection.recv(1)
    finally:
        relay.stop()


def test_stopping_cuts_everything_and_leaves_no_thread(echo: Echo) -> None:
    port = free_port()
    relay = SeverableNetwork({port: echo.port})
    relay.start()
    with connect(port) as connection:
        exchange(connection, b"x")
        relay.stop()
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    assert refused(port)
    assert "network" not in {thread.name for thread in threading.enumerate()}
