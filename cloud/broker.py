"""The MQTT broker inside the hub's process, for hubs without one of their own: amqtt, MQTT 3.1.1.

Boxes connect without a password, and what they send is sealed; the broker only holds them to their topics:
a box publishes on `up` and `presence`, subscribes to its own `down`, and uses no wildcard. The hub alone has
a password, made at each start.
"""

import asyncio
import hmac
import logging
import threading
from dataclasses import dataclass
from typing import Any, Final

import structlog
from amqtt.broker import Broker
from amqtt.contexts import Action, BrokerConfig, ListenerConfig
from amqtt.errors import BrokerError, PluginError
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from shared.errors import Rejected, Retryable
from shared.wire.topics import DOWN, parse_topic

HUB_USER: Final = "hub"
_START_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 5.0


class BrokerFailed(Retryable):
    """The broker could not be started."""


class HubPassword(BaseAuthPlugin):  # type: ignore[misc]  # amqtt publishes no types
    """Lets boxes in by name of none, and the hub by its password."""

    @dataclass
    class Config:
        """The hub's password of this start."""

        password: str = ""

    async def authenticate(self, *, session: Session) -> bool:
        """Accept whoever does not claim to be the hub, or proves it."""
        if session.username != HUB_USER:
            return True
        password = str(self._get_config_option("password", ""))
        return hmac.compare_digest((session.password or "").encode(), password.encode())


class BoxTopics(BaseTopicPlugin):  # type: ignore[misc]  # amqtt publishes no types
    """Holds each client to the topics it may use."""

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool:
        """Allow the hub everything, a box what is a box's."""
        if session is not None and session.username == HUB_USER:
            return True
        if topic is None or "+" in topic or "#" in topic:
            return False
        try:
            channel = parse_topic(topic)[2]
        except Rejected:
            return False
        return channel != DOWN if action is Action.PUBLISH else channel == DOWN


class EmbeddedBroker:
    """A broker on its own thread and event loop."""

    def __init__(self, host: str, port: int, password: str) -> None:
        self._config = BrokerConfig(
            listeners={"default": ListenerConfig(bind=f"{host}:{port}", max_connections=500)},
            timeout_disconnect_delay=2,
            plugins={
                f"{__name__}.{HubPassword.__name__}": {"password": password},
                f"{__name__}.{BoxTopics.__name__}": {},
            },
        )
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
        return broker

    async def _end(self) -> None:
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
