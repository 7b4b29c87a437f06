"""The network and the broker between boxes and hub: it loses, doubles, delays, reorders and alters messages."""

import heapq
import queue
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from edge.sync.mqtt import Incoming, NotConnected, Signal
from shared.ids import DeviceId, TenantId
from shared.wire.topics import PRESENCE, UP, topic
from tests.faults.sim.clocks import TrueTime
from tests.faults.sim.fuses import Fuse, Place
from tests.support.damage import flipped

HEALTHY_SECONDS = (0.01, 0.2)
_RECONNECT_SECONDS = (0.25, 30.0)


@dataclass
class Weather:
    """What one device's messages in one direction meet; shares between 0 and 1."""

    drop: float = 0.0
    duplicate: float = 0.0
    corrupt: float = 0.0
    delay_seconds: tuple[float, float] = HEALTHY_SECONDS
    cut: bool = False


@dataclass(order=True)
class _UnderWay:
    at: float
    number: int
    deliver: Callable[[], None] = field(compare=False)
    is_message: bool = field(compare=False)


class SimTransport:
    """A box's broker connection, as `edge.sync.mqtt.Transport` describes it; nothing moves but by the network."""

    def __init__(self, network: "Network", tenant: TenantId, device: DeviceId, fuse: Fuse) -> None:
        self.inbox: queue.Queue[Incoming] = queue.Queue()
        self.tenant, self.device = tenant, device
        self.connected = self.gone = False
        self.confirmed = True
        self._network, self._fuse = network, fuse

    def start(self) -> None:
        """Begin to connect."""
        self._network.join(self)

    def publish(self, data: bytes) -> None:
        """Hand a message to the network."""
        if not self.connected:
            raise NotConnected
        self._fuse.burn(Place.PUBLISH)
        self._network.up(self, data)

    def waiting(self) -> int:
        """Tell whether the broker owes a confirmation."""
        return 0 if self.confirmed else 1

    def stop(self) -> None:
        """Leave the network."""
        self._network.leave(self)


class Network:
    """The broker and every path to it."""

    def __init__(self, time: TrueTime, chance: random.Random, to_hub: Callable[[str, bytes], None]) -> None:
        self._time, self._chance, self._to_hub = time, chance, to_hub
        self.injected: Counter[str] = Counter()
        self.up_weather: dict[str, Weather] = {}
        self.down_weather: dict[str, Weather] = {}
        self._heap: list[_UnderWay] = []
        self._number = 0
        self._holders: dict[str, SimTransport] = {}
        self._unplugged: set[str] = set()
        self._waiting: list[SimTransport] = []

    def join(self, transport: SimTransport) -> None:
        """Let a box connect after a while; a second box with the same identity puts the first off the broker."""
        pause = self._chance.uniform(*_RECONNECT_SECONDS)
        self._later(pause, lambda: self._connect(transport), is_message=False)

    def leave(self, transport: SimTransport) -> None:
        """Take a box off the broker for good."""
        transport.connected, transport.gone = False, True
        if self._holders.get(transport.device) is transport:
            del self._holders[transport.device]

    def unplug(self, device: str) -> None:
        """Pull the plug: the box notices, and cannot connect until the network is well."""
        self._unplugged.add(device)
        holder = self._holders.pop(device, None)
        if holder is not None:
            self._drop(holder)

    def restart_broker(self) -> None:
        """Lose everything under way and every connection."""
        kept = [item for item in self._heap if not item.is_message]
        self.injected["lost in a broker restart"] += len(self._heap) - len(kept)
        self._heap = kept
        heapq.heapify(self._heap)
        for holder in list(self._holders.values()):
            self._drop(holder)
        self._holders.clear()

    def calm(self) -> None:
        """End every fault of the network; what is under way stays under way, however late."""
        self.up_weather.clear()
        self.down_weather.clear()
        self._unplugged.clear()
        for transport in self._waiting:
            self.join(transport)
        self._waiting.clear()

    def up(self, sender: SimTransport, data: bytes) -> None:
        """Carry a message from a box to the hub."""
        name = topic(sender.tenant, sender.device, UP)
        self._carry(self.up_weather.get(sender.device), data, lambda data: lambda: self._to_hub(name, data))

    def plant(self, name: str, data: bytes) -> None:
        """Carry a message that no link of ours sent."""
        self._later(self._chance.uniform(*HEALTHY_SECONDS), lambda: self._to_hub(name, data))

    def down(self, device: str, data: bytes) -> None:
        """Carry a message from the hub to whoever is connected as this device when it arrives."""
        self._carry(self.down_weather.get(device), data, lambda data: lambda: self._arrive(device, data))

    def next_at(self) -> float | None:
        """Return when the next thing under way arrives."""
        return self._heap[0].at if self._heap else None

    def last_at(self) -> float:
        """Return when the last thing under way arrives."""
        return max((item.at for item in self._heap if item.is_message), default=self._time.now)

    def deliver_due(self) -> int:
        """Deliver what has arrived by now and return how much that was."""
        count = 0
        while self._heap and self._heap[0].at <= self._time.now:
            heapq.heappop(self._heap).deliver()
            count += 1
        return count

    def _carry(self, weather: Weather | None, data: bytes, delivery: Callable[[bytes], Callable[[], None]]) -> None:
        if weather is None:
            self._later(self._chance.uniform(*HEALTHY_SECONDS), delivery(data))
            return
        if weather.cut or self._chance.random() < weather.drop:
            self.injected["cut off" if weather.cut else "dropped"] += 1
            return
        copies = 1
        if self._chance.random() < weather.duplicate:
            copies = 2
            self.injected["doubled"] += 1
        for _ in range(copies):
            altered = self._chance.random() < weather.corrupt
            self.injected["altered"] += altered
            self.injected["delayed or reordered"] += weather.delay_seconds[1] > HEALTHY_SECONDS[1]
            self._later(self._chance.uniform(*weather.delay_seconds), delivery(flipped(data) if altered else data))

    def _arrive(self, device: str, data: bytes) -> None:
        holder = self._holders.get(device)
        if holder is not None:
            holder.inbox.put(Incoming(Signal.MESSAGE, data))

    def _connect(self, transport: SimTransport) -> None:
        if transport.connected or transport.gone:
            return
        if transport.device in self._unplugged:
            self._waiting.append(transport)
            return
        other = self._holders.get(transport.device)
        if other is not None and other is not transport:
            self._drop(other)
        transport.connected = True
        self._holders[transport.device] = transport
        self._to_hub(topic(transport.tenant, transport.device, PRESENCE), b"online")
        transport.inbox.put(Incoming(Signal.CONNECTED))

    def _drop(self, transport: SimTransport) -> None:
        transport.connected, transport.confirmed = False, True
        transport.inbox.put(Incoming(Signal.DISCONNECTED))
        self.join(transport)

    def _later(self, seconds: float, deliver: Callable[[], None], *, is_message: bool = True) -> None:
        self._number += 1
        heapq.heappush(self._heap, _UnderWay(self._time.now + seconds, self._number, deliver, is_message))
