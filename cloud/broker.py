"""The MQTT broker inside the hub's process, for hubs without one of their own: amqtt, MQTT 3.1.1 over TLS 1.3.

Whoever connects shows a certificate of the fleet, the hub as well; the certificate decides the client id and the
topics: a box publishes on its own `up` and `presence`, subscribes to its own `down`, and uses no wildcard.
"""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any, Final

import structlog
from amqtt.adapters import StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import Action, BrokerConfig, ListenerConfig, ListenerType
from amqtt.errors import BrokerError, PluginError
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from cloud.broker_gate import HUB, Guest, Refused, Replayed, check_connect, guest_of, read_connect
from shared.crypto.pki import member_name
from shared.crypto.tls import Credentials, server_context
from shared.errors import Rejected, Retryable
from shared.wire.topics import DOWN, parse_topic

_START_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 20.0
_CONNECT_SECONDS: Final = 10.0
_MAX_CONNECTIONS: Final = 500
_LISTENER: Final = "members"


class BrokerFailed(Retryable):
    """The broker could not be started."""


class PassedTheGate(BaseAuthPlugin):  # type: ignore[misc]  # amqtt publishes no types
    """Lets in whom the gate let through; nobody reaches the broker any other way."""

    async def authenticate(self, *, session: Session) -> bool:
        """Accept a session on a connection with a certificate."""
        return session.ssl_object is not None


class BoxTopics(BaseTopicPlugin):  # type: ignore[misc]  # amqtt publishes no types
    """Holds each client to its own topics, by the client id that the gate has compared with the certificate."""

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool:
        """Allow the hub everything, a box what is its own."""
        client = str(session.client_id) if session is not None else ""
        if _is_hub(client):
            return True
        if topic is None or "+" in topic or "#" in topic:
            return False
        try:
            tenant, device, channel = parse_topic(topic)
        except Rejected:
            return False
        if member_name(tenant, device) != client:
            return False
        return channel != DOWN if action is Action.PUBLISH else channel == DOWN


def _is_hub(client: str) -> bool:
    """Tell the hub's sessions, `hub-...`, from members', `TENANT/DEVICE`."""
    return client.startswith(f"{HUB}-") and "/" not in client


class EmbeddedBroker:
    """A broker on its own thread and event loop."""

    def __init__(
        self, host: str, port: int, credentials: Callable[[], Credentials], admits: Callable[[Guest], bool]
    ) -> None:
        """Make a broker; nothing listens yet.

        Args:
            host: address to listen on.
            port: TCP port.
            credentials: returns the hub's present certificate.
            admits: tells whether somebody of the fleet may connect now.
        """
        self._address = (host, port)
        self._credentials = credentials
        self._admits = admits
        self._config = BrokerConfig(
            listeners={
                "default": ListenerConfig(type=ListenerType.EXTERNAL),
                _LISTENER: ListenerConfig(type=ListenerType.EXTERNAL),
            },
            timeout_disconnect_delay=2,
            plugins={f"{__name__}.{PassedTheGate.__name__}": {}, f"{__name__}.{BoxTopics.__name__}": {}},
        )
        self._connections: dict[asyncio.StreamWriter, str] = {}
        self._server: asyncio.Server | None = None
        self._door: socket.socket | None = None
        self._one_at_a_time = asyncio.Lock()
        self._ending = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._broker: Any = None
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="broker", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the broker is running."""
        return self._thread.is_alive() and self._failure is None

    def start(self) -> None:
        """Start and return once clients can connect.

        Raises:
            BrokerFailed: the port is taken or the broker did not come up.
        """
        logging.getLogger("amqtt").setLevel(logging.CRITICAL)
        logging.getLogger("transitions").setLevel(logging.CRITICAL)
        self._thread.start()
        if not self._started.wait(_START_SECONDS) or self._failure is not None:
            raise BrokerFailed("broker_failed", "the broker did not start; is its port taken by another program?")

    def renew(self) -> None:
        """Show the hub's present certificate, and trust its present roots, on connections made from now on."""
        if self._loop is not None and self.alive:
            asyncio.run_coroutine_threadsafe(self._listen(), self._loop)

    def disconnect(self, member: str) -> None:
        """Close a member's connections; whether it may come back is for `admits` to say."""
        if self._loop is not None and self.alive:
            self._loop.call_soon_threadsafe(self._disconnect, member)

    def stop(self) -> None:
        """Disconnect everybody and stop."""
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        loop = asyncio.new_event_loop()
        loop.set_exception_handler(_client_failed)
        asyncio.set_event_loop(loop)
        try:
            try:
                # The broker asks for the running loop while it is made.
                self._broker = loop.run_until_complete(self._begin())
            except (BrokerError, PluginError, OSError) as error:
                self._failure = error
                return
            finally:
                self._loop = loop
                self._started.set()
            loop.run_forever()
            loop.run_until_complete(self._end())
        finally:
            loop.close()

    async def _begin(self) -> Any:
        broker = Broker(self._config)
        await broker.start()
        await self._listen()
        return broker

    async def _listen(self) -> None:
        """Listen anew: a context cannot forget a root. Those who are connected stay, those at the door wait."""
        async with self._one_at_a_time:
            if self._ending:
                return
            await self._stop_listening()
            if self._door is None:
                family = socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET
                self._door = socket.create_server(self._address, family=family)
            context = server_context(self._credentials(), members_only=True)
            self._server = await asyncio.start_server(self._arrived, sock=self._door.dup(), ssl=context)

    async def _stop_listening(self) -> None:
        """Let nobody in any more but those on their way in, whom asyncio would leave unserved on an open line."""
        if self._server is None:
            return
        for listening in self._server.sockets:
            asyncio.get_running_loop().remove_reader(listening.fileno())
        await asyncio.sleep(0)  # in this turn of the loop, those accepted in the last one are taken over
        self._server.close()
        self._server = None

    async def _arrived(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Check who connects, then let the broker talk to it; whatever happens, the connection ends with this."""
        self._connections[writer] = ""  # nobody's yet; held here, since nothing else holds it while it is silent
        try:
            await self._admit(reader, writer)
        except (Refused, asyncio.IncompleteReadError, TimeoutError, OSError) as error:
            code = error.code if isinstance(error, Refused) else type(error).__name__
            structlog.get_logger().info("broker_client_refused", reason_code=code)
        finally:
            self._connections.pop(writer, None)
            writer.transport.abort()  # the broker leaves a connection that was reset open

    async def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        guest = guest_of(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
        self._check_admitted(guest)
        packet = await asyncio.wait_for(read_connect(reader), _CONNECT_SECONDS)
        await check_connect(packet, guest)
        self._connections[writer] = guest.name
        await self._broker.external_connected(Replayed(packet, reader), StreamWriterAdapter(writer), _LISTENER)

    def _check_admitted(self, guest: Guest) -> None:
        if len(self._connections) > _MAX_CONNECTIONS or not self._admits(guest):
            raise Refused("not_admitted", "the member was revoked, or too many are connected")

    def _disconnect(self, member: str) -> None:
        for writer in [writer for writer, name in self._connections.items() if name == member]:
            writer.transport.abort()

    async def _end(self) -> None:
        async with self._one_at_a_time:
            self._ending = True
            await self._stop_listening()
            if self._door is not None:
                self._door.close()
        await self._broker.shutdown()
        mine = asyncio.current_task()
        rest = [task for task in asyncio.all_tasks() if task is not mine]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await _close_connections()


async def _close_connections() -> None:
    """Close what the broker left open: a client that goes while the broker stops is nobody's any more.

    Before Python 3.13 asyncio has no public way to reach a server's open connections.
    """
    for transport in list(getattr(asyncio.get_running_loop(), "_transports", {}).values()):
        transport.abort()
    for _ in range(3):  # a transport ends in the loop's next turn, its stream in the one after
        await asyncio.sleep(0)


def _client_failed(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Note a connection that ended badly, such as one that spoke MQTT 5; the broker serves on."""
    structlog.get_logger().info("broker_client_failed", reason_code=type(context.get("exception")).__name__)
